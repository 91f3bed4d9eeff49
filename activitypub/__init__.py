"""ActivityPub between cooperatives: vocabulary, actors, signatures, inbox and deliveries.

Sans-I/O: it reads and writes bytes and decides; fetching, storing and waiting belong to
`node`. Knows nothing of the ledger.
"""
