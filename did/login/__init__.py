"""The protocol cores of login: OAuth 2.1, proofs of a DID, credentials shown and handed out.

Everything here is given its clock, its randomness and what was stored, and says what follows.
`node.web` speaks HTTP, keeps the state and finds the people. Never decides who is a holder.
"""
