"""What a store's LevelDB holds: its options, its keys and the encoding of its commit record.

    m                commit record: what the last commit left
    f ‖ key          value
    k ‖ key hash     key, for keys of the tree: a proof of absence names its neighbours
    p ‖ place        page of the tree (`ledger.pages`)
    u ‖ height (8)   undo record: what that block's commit replaced (`ledger.undo`)

Apart from `ledger.store` so that commands that mend a closed store share its formats.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plyvel

from config.errors import (
    InvariantError,
    MisconfiguredError,
    RochdaleError,
    UnavailableError,
)
from did.codec import CodecError, Value, decode, encode
from ledger.ics23 import EMPTY

META, FLAT, KEY, PAGE, UNDO = b"m", b"f", b"k", b"p", b"u"

MENDING = (
    "stop the node; `rochdale ledger scrub` says what is sound, `rochdale ledger reset "
    "--keep-blocks` makes the state anew from this node's own blocks, `rochdale ledger reset` "
    "from the other nodes, or put back your backup"
)
"""What to do about a damaged state."""
_MENDING_DISK = (
    "free space on its disk or mend it; nothing that was acknowledged is lost, and the node goes "
    "on by itself then"
)
_DISK_FAILS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)
_LOCKED = "IO error: lock "
"""How LevelDB begins to say that a process has it open."""
_FORMAT = 4
_RECORD_BYTES_MAX = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRecord:
    """What a commit left."""

    chain_id: str
    """Empty before the chain has begun."""
    height: int
    """Of the committed block; 0 before the first."""
    time_ms: int
    """Header time of that block."""
    app_hash: bytes
    """Empty before the first block."""
    state_root: bytes
    since_height: int
    """First height since which the app hash has been this one."""


FIRST = CommitRecord(
    chain_id="", height=0, time_ms=0, app_hash=b"", state_root=EMPTY, since_height=0
)


def open_database(path: Path, *, is_new: bool) -> Any:
    """Open LevelDB.

    Raises:
        MisconfiguredError: There is none, or one already, or this user may not open it.
        UnavailableError: A process has it open, or its disk is full or fails.
        InvariantError: It is damaged.
    """
    if not is_new and not _has_database(path):
        # LevelDB would make the directory, and move files away that are named as its own.
        raise MisconfiguredError(
            f"there is no ledger's state in {path}: name a home or a copy of its `ledger` "
            "directory; a home that has lost it gets an empty one by `rochdale ledger reset`"
        )
    try:
        return plyvel.DB(
            str(path),
            create_if_missing=is_new,
            error_if_exists=is_new,
            paranoid_checks=True,
            # Bytes written decide what a commit costs: few and large flushes, hashes as they are,
            # few blocks. Larger buffers, or files above 2 MB, take the process beyond 300 MiB.
            write_buffer_size=48 << 20,
            block_size=16 << 10,
            compression=None,
            bloom_filter_bits=10,
            # Tables count as the process's memory once they are mapped.
            max_open_files=64,
        )
    except (plyvel.Error, OSError) as error:
        raise _explain(path, describe(error), is_new=is_new) from error


def _has_database(path: Path) -> bool:
    try:
        return any(item.name.startswith(("CURRENT", "MANIFEST-")) for item in path.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError as error:
        raise MisconfiguredError(
            f"the ledger's state in {path} cannot be read ({error.strerror}): run this as the "
            "user who owns it"
        ) from error
    except OSError:
        return True  # a disk that fails: LevelDB says how


@contextmanager
def explained(*paths: Path) -> Iterator[None]:
    """Say of every error in reading stores what it means and what mends it.

    Raises:
        InvariantError: The state is damaged.
        UnavailableError: Its disk fails.
    """
    try:
        yield
    except plyvel.Error as error:
        raise explain_unread(" or ".join(map(str, paths)), error) from error


def explain_unread(path: Path | str, error: plyvel.Error) -> RochdaleError:
    """What to say of an error in reading: a disk that fails is no damaged state."""
    said = describe(error)
    if _is_of_disk(said):
        return UnavailableError(f"the state in {path} cannot be read ({said}): {_MENDING_DISK}")
    return InvariantError(f"the state in {path} is damaged ({said}): {MENDING}")


def _is_of_disk(said: str) -> bool:
    return any(os.strerror(number) in said for number in _DISK_FAILS)


def _explain(path: Path, said: str, *, is_new: bool) -> RochdaleError:
    doing = "made" if is_new else "opened"
    what = f"the ledger's state at {path} cannot be {doing} ({said})"
    if _is_of_disk(said):
        return UnavailableError(f"{what}: {_MENDING_DISK}")
    if is_new:
        return MisconfiguredError(f"{what}: make the node in a new directory")
    if said.startswith(_LOCKED):  # a directory may be called so, too
        return UnavailableError(f"{what}: stop the process that has it open")
    if os.strerror(errno.EACCES) in said:
        return MisconfiguredError(f"{what}: run this as the user who owns it")
    return InvariantError(f"{what}, it is damaged: {MENDING}")


def describe(error: BaseException) -> str:
    """LevelDB's own words: plyvel passes them on as bytes."""
    return b" ".join(part for part in error.args if isinstance(part, bytes)).decode() or str(error)


def encode_record(record: CommitRecord) -> bytes:
    """The commit record's bytes."""
    return encode(
        [
            _FORMAT,
            record.chain_id,
            record.height,
            record.time_ms,
            record.app_hash,
            record.state_root,
            record.since_height,
        ]
    )


def decode_record(data: bytes | None) -> CommitRecord:
    """Read a commit record.

    Raises:
        InvariantError: Missing or damaged.
        MisconfiguredError: Written by a version with another format of the state.
    """
    try:
        value: Value = decode(data or b"", bytes_max=_RECORD_BYTES_MAX)
    except CodecError as error:
        raise InvariantError(f"the ledger's commit record is damaged: {MENDING}") from error
    match value:
        case [int(form), *_] if form != _FORMAT:
            raise MisconfiguredError(
                f"the ledger's state is of format {form}, and this version of Rochdale reads "
                f"{_FORMAT}: stop the node and let `rochdale ledger reset --keep-blocks` make the "
                "state anew from the node's own blocks, or run the version that wrote it"
            )
        case [int(), str(chain_id), int(height), int(time_ms), bytes(app), bytes(root), int(s)]:
            return CommitRecord(
                chain_id=chain_id,
                height=height,
                time_ms=time_ms,
                app_hash=app,
                state_root=root,
                since_height=s,
            )
    raise InvariantError(f"the ledger's commit record is damaged: {MENDING}")
