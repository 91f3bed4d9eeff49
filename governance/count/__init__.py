"""Counting: who is elected, what is ranked first, what gets how much.

One module per method, all pure and in whole numbers, so that validators, an auditor and the
command line agree bit for bit. Choices come in with how many ballots say the same: identities,
which are opaque, end before (`governance.option_counts`). Nothing here knows who voted, what a
vote is about or what follows from it.
"""
