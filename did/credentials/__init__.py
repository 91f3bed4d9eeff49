"""Verifiable credentials: what one party states about another, signed, shown and checked.

Sans-I/O: resolved documents, status lists, time and randomness are passed in, and nothing
here fetches. Everything fails closed: a proof, context, term or status that is not understood
is a refusal. Decides whether a statement is genuine and in force, never what it is good for.
"""
