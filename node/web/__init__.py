"""The web process: pages, API, ActivityPub, and the read model behind them.

It joins the two towers: what the ledger says arrives over the engine's RPC, what partners say
arrives over HTTP, and neither folder below knows of the other. Never opens LevelDB, never
holds a rule, never signs with the cooperative's root or registrar's key.
"""
