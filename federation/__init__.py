"""Cooperative records, the DHT, the directory, partners and the exchange of insights.

Knows nothing of the ledger: what it needs to know of it, it declares as a Protocol, and
`node` supplies it. Only the modules named `dht*` import libp2p and trio.
"""
