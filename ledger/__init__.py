"""The ledger: transactions, authenticated state, the engine, and proofs that anyone can check.

Runs the rules of `governance` on every committed block and interprets none of them.
"""
