"""Counting: who is elected, what is ranked first, what gets how much.

One module per method, all pure and in whole numbers, so that validators, an auditor and the
command line agree bit for bit. A ballot comes in as an opaque identity and a choice; from
then on only equal choices and how many they are exist. Nothing here knows who voted, what a
vote is about or what follows from it.
"""
