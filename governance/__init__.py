"""The rules of a cooperative and its federation: roll, proposals, ballots, outcomes.

Pure, integer-only and deterministic: the ledger, a simulator and an auditor's replayer run
this same code over a key-value view and a block's height and time, and must agree bit for
bit. No clock, randomness, I/O, logging, float or unordered set. `governance.machine` is the
door; everything else is called through it.
"""
