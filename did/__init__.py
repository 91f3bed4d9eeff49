"""Keys, signed envelopes, DIDs and documents, proofs and wallet files.

Decides what a signature or a document says; never who is a member.
"""
