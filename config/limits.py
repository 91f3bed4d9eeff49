"""Every limit that bounds input, memory or time, in one place.

Units are the last word of each name. Limits that consensus depends on are marked: changing
one is a change of the rules and needs every node at once.
"""

# Consensus: bytes, items and depth of what a block may carry.
TX_BYTES_MAX = 65_536
"""One signed transaction."""
TX_SIGNATURES_MAX = 16
TX_VALIDITY_MS_MAX = 86_400_000
"""How far ahead of block time `valid_until_ms` may lie: one day."""
BLOCK_BYTES_MAX = 1_048_576
CODEC_DEPTH_MAX = 8
"""Nesting of canonical msgpack; an envelope's body nests four deep."""
NONCE_WINDOW = 128
"""Nonces behind the highest used one that may still be used, once each (per key)."""
ADMISSIONS_PER_TX_MAX = 64
COOPERATIVES_MAX = 64
NETWORK_NAME_MAX = 32
"""Characters of a network's name, `[a-z0-9-]`, as in `did:rochdale:<network>:…`."""

# Documents that come from outside.
JSON_BYTES_MAX = 262_144
JSON_DEPTH_MAX = 32
INSIGHT_BYTES_MAX = 65_536
RECORD_BYTES_MAX = 4_096
"""A cooperative record, as a compact JWS."""
RECORD_LIFETIME_S_MAX = 259_200
"""72 hours between a record's `iat` and `exp`."""
CLOCK_SKEW_S_MAX = 300

# HTTP, inbound.
HTTP_BODY_BYTES_MAX = 262_144
HTTP_BODY_DEADLINE_S = 10
HTTP_HEADERS_BYTES_MAX = 8_190
SIGNATURE_AGE_S_MAX = 300
PAGE_ITEMS_MAX = 100

# HTTP, outbound.
FETCH_BYTES_MAX = 1_048_576
FETCH_CONNECT_TIMEOUT_S = 5
FETCH_TIMEOUT_S = 10
FETCH_REDIRECTS_MAX = 3

# Sockets between a node's own processes.
FRAME_BYTES_MAX = 4_194_304
"""One message between two processes of a node; ABCI's included."""
SOCKET_PATH_BYTES_MAX = 100
"""Linux allows 107; the engine adds a suffix of its own."""

# Supervision.
STOP_TIMEOUT_S = 8
"""From SIGTERM until what is left is killed; the whole stop takes at most 10 s."""
RESTART_BACKOFF_S_MIN = 0.2
RESTART_BACKOFF_S_MAX = 30.0
RESTART_HEALTHY_AFTER_S = 30.0
"""A process that lived this long starts its next back-off from the minimum."""
