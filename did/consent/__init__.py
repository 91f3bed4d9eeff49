"""Consent: what people sign about the use of what is theirs, and how it is read.

Sans-I/O: now, keys and earlier statements are passed in. Default is denial everywhere.
"""
