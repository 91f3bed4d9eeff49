"""Limits of snapshots of the ledger's state, and of joining by one.

Like `config.limits`, of which it is a part, kept apart for length alone. None of these matters
to consensus.
"""

from config.limits import CLOCK_SKEW_S_MAX, DISK_FREE_BYTES_MIN

SNAPSHOT_CHUNK_BYTES = 2_097_152
"""A chunk ends with the record that brings it to this; part of the format."""
SNAPSHOT_CHUNK_BYTES_MAX = SNAPSHOT_CHUNK_BYTES + 66_048
"""One record longer."""
SNAPSHOT_CHUNKS_MAX = 65_536
"""128 GiB of state; the engine takes messages of 4 MB, and each chunk's hash is in one."""
SNAPSHOT_ROOM_FACTOR = 4
"""Room on disk that a node wants before it takes a snapshot over, in sizes of that snapshot: as a
store and while its tree is made it is three times as large, and LevelDB writes parts again."""
SNAPSHOT_FREE_BYTES_MIN = 4 * DISK_FREE_BYTES_MIN
"""Room that taking one over leaves in any case, whatever the snapshot grows to."""
STATE_LEAF_BYTES_MAX = 128
"""What a leaf of the state's tree takes of a page, alone in one with its key."""
SNAPSHOTS_KEPT = 2
SNAPSHOT_WANTED_WAIT_S = 600.0
"""How long a command waits for a copy of a running node's state: the next block, and writing."""
STATE_SOURCES_MAX = 4
"""Nodes that a joining engine asks for headers; each checks what the others say."""
SNAPSHOT_AHEAD_MS_MAX = 1_000 * CLOCK_SKEW_S_MAX
"""How far the time of a snapshot's block may lie ahead of this machine's clock."""
SNAPSHOT_PEERS_BANNED_MAX = 64
"""Senders of wrong chunks that one attempt to join names to the engine."""
