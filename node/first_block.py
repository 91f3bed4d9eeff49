"""The first block of a chain that goes on from another's state, if it was interrupted.

The engine cannot execute again a first block above height 1: it ends at each start, and says
so. What it has recorded of that block is then taken back: its databases, the mark at the end of
its log of consensus that says that the block is done, and the ledger's state of it, if it got
so far. All proposals and votes stay in that log, so the engine comes to the very same block
again, whether others run or not, and nothing is signed a second time.

Source: CometBFT v0.38 `consensus/replay.go` (ReplayBlocks, catchupReplay), `consensus/wal.go`.
"""

import os
import shutil
import struct
from contextlib import closing
from pathlib import Path

import structlog

from ledger.maintenance import rollback
from ledger.store import Store
from node.chain import is_recovered, load_genesis
from node.home import Home
from node.process_group import read_last_words

_DATABASES = ("blockstore.db", "state.db")
_MESSAGE_HEAD = struct.Struct(">II")
"""In the log: checksum and length of the message that follows."""

log = structlog.get_logger(__name__)


def take_back_first_block(home: Home) -> None:
    """Take back the first block of a chain that goes on, if the engine said that it is stuck.

    Neither ledger nor engine run. Interrupted, it is done again at the next start.

    Raises:
        MisconfiguredError: The genesis file or the state cannot be used.
        InvariantError: The state is damaged.
        OSError: The engine's files cannot be read or written.
    """
    if not is_recovered(home):
        return
    recovery = load_genesis(home).recovery
    assert recovery is not None  # noqa: S101 - narrows the type
    first = recovery.first_height
    stuck = f"panic: StoreBlockHeight ({first}) > StateBlockHeight + 1 (1)"
    if read_last_words(home.logs / "engine.log") != stuck:
        return
    with closing(Store.open(home.ledger)) as store:
        height = store.record.height
    if height > first:
        return
    if height == first:
        rollback(home.ledger, recovery.height)
    _take_back_end(home.engine_data / "cs.wal" / "wal", first)
    for name in _DATABASES:
        if (home.engine_data / name).exists():
            shutil.rmtree(home.engine_data / name)
    log.warning("first_block_taken_back", height=first)


def _take_back_end(path: Path, height: int) -> None:
    """Cut the log of consensus off before the mark that a height is done, if it has it."""
    mark = _encode_end(height)
    with path.open("r+b") as file:
        place = 0
        while len(head := file.read(_MESSAGE_HEAD.size)) == _MESSAGE_HEAD.size:
            message = file.read(_MESSAGE_HEAD.unpack(head)[1])
            if message.endswith(mark):
                file.truncate(place)
                os.fsync(file.fileno())
                return
            place = file.tell()


def _encode_end(height: int) -> bytes:
    """How such a message ends: what was timed (2) is an end (4) of a height (1)."""
    varint = bytearray()
    while height > 0x7F:
        varint.append(height & 0x7F | 0x80)
        height >>= 7
    end = bytes([0x08, *varint, height])
    end = bytes([0x22, len(end)]) + end
    return bytes([0x12, len(end)]) + end
