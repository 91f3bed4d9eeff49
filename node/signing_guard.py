"""Whether this node may sign blocks: not before that is known to be safe.

A validator that signs twice at one height is expelled, and a home that was restored from a
backup or copied does not know what was signed since. So the home holds a record of its own
starts, and the engine's data a file that a copy cannot be: where both do not fit together the
node follows the chain without its validator's key, until `rochdale validator resume` has
found out what is safe; a home whose federation goes on in another one never signs again.
docs/operations.md says what cannot be noticed here.
"""

import ctypes
import json
import os
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from config.errors import MisconfiguredError, RefusedError, UnavailableError
from ledger.files import replace_file
from ledger.signing_state import (
    NOTHING_SIGNED,
    SignedPoint,
    load_signed_point,
    save_signed_point,
)
from node.home import Home

_VERSION = 1
_AT_FDCWD = -100
_STATX_INO, _STATX_BTIME = 0x100, 0x800
_STATX_BYTES = 256

_RESTORED = (
    "this home was restored or copied: what its validator signed since then is not known here"
)
_MOVED = "the engine's data is a copy: another node may be signing with the same key"
_OLDER = "the record of the last signature is older than it was at the last stop"
_WAS_REMOTE = "a remote signer had the key until now: what that signed is not known here"
_OF_THE_HOME = frozenset({_RESTORED, _MOVED, _OLDER, _WAS_REMOTE})
"""Reasons that do not hold while a remote signer has the key and the record of its use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which file something is, as its file system tells: a copy is another one."""

    inode: int
    born_ns: int
    """0 where the file system does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What a home remembers."""

    place: Place | None = None
    """Of the file in the engine's data; none before the first start."""
    signed_height: int = 0
    """The highest that the engine's state file was seen with."""
    held: str = ""
    """Why the node does not sign; empty while it does."""
    address: str = ""
    """Of the validator's key, as commits name it; 40 hexadecimal digits."""
    is_remote: bool = False
    """Whether a remote signer had the key at the last start."""
    successor: str = ""
    """The home in which its federation goes on: this one is then held for good. Empty if none."""


def create_guard(home: Home) -> None:
    """Note that a home is new: whatever lacks this note was put together from parts."""
    _save(home, Guard())


def load_guard(home: Home) -> Guard:
    """What a home remembers; held if that was lost."""
    try:
        fields = json.loads(home.guard_path.read_bytes())
        place = fields["place"]
        return Guard(
            place=None if place is None else Place(**place),
            signed_height=int(fields["signed_height"]),
            held=str(fields["held"]),
            address=str(fields["address"]),
            is_remote=bool(fields.get("is_remote", False)),
            successor=str(fields.get("successor", "")),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return Guard(held=_RESTORED)


def review_start(home: Home, *, address: bytes, is_remote: bool) -> Guard:
    """Decide before the engine starts, and remember it.

    Args:
        home: The node's.
        address: Of its validator's key.
        is_remote: Whether a remote signer has that key: it keeps the record of what was
            signed, and only a person holds this node.

    Returns:
        What holds for this start: the engine gets the key, or the signer, only if `held` is
        empty.
    """
    guard = replace(load_guard(home), address=address.hex())
    if is_remote:
        held = "" if guard.held in _OF_THE_HOME else guard.held
        guard = replace(guard, is_remote=True, held=held)
        _save(home, guard)
        return guard
    signed = _read_signed(home)
    if not guard.held:
        guard = replace(guard, held=_find_reason(home, guard, signed))
    if not guard.held:
        signed = signed or _begin_signing(home)
        place = guard.place or _make_place(home)
        guard = replace(guard, place=place, signed_height=signed.height)
    _save(home, guard)
    return guard


def note_stop(home: Home) -> None:
    """Remember what was signed, after the engine has ended."""
    guard, signed = load_guard(home), _read_signed(home)
    if not guard.held and signed is not None and signed.height > guard.signed_height:
        _save(home, replace(guard, signed_height=signed.height))


def hold(home: Home, reason: str) -> None:
    """Let the node sign nothing from its next start on."""
    guard = load_guard(home)
    if not guard.successor:
        _save(home, replace(guard, held=reason))


def retire(home: Home, *, chain_id: str, successor: Home) -> None:
    """Let the node sign nothing any more, for good: its federation goes on in another home."""
    reason = f"its federation goes on as {chain_id}, in {successor.root}"
    _save(home, replace(load_guard(home), held=reason, successor=str(successor.root)))


def check_releasable(guard: Guard) -> None:
    """Check that a home may sign again at all.

    Raises:
        RefusedError: Its federation goes on in another home.
    """
    if guard.successor:
        raise RefusedError(
            f"{guard.held}: this home signs nothing any more. Start that one instead, with "
            f"`rochdale start --home {guard.successor}`"
        )


def release_remote(home: Home) -> None:
    """Let a remote signer sign for the node again from its next start on."""
    _save(home, replace(load_guard(home), held=""))


def release(home: Home, point: SignedPoint) -> None:
    """Let the node sign again from its next start on, above a point that is safe."""
    home.engine_data.mkdir(mode=0o700, parents=True, exist_ok=True)
    save_signed_point(_signed_path(home), point)
    guard = load_guard(home)
    guard = replace(guard, place=_make_place(home), signed_height=point.height)
    _save(home, replace(guard, held="", is_remote=False))


def read_margin(home: Home) -> int:
    """Up to which block a validator that may sign leaves all out since it was resumed.

    0 once it has signed, and for one that never had to leave any out.
    """
    signed = _read_signed(home)
    return signed.height if signed is not None and signed.is_margin else 0


def watch_signatures(home: Home) -> Callable[[bytes, int], None]:
    """What is told the address and height of every signature in a block.

    Raises (when called):
        UnavailableError: This validator's key signed what its state file does not know of: it
            signs elsewhere too, or this home went back in time. The node is held from now on.
    """
    guard = load_guard(home)

    def check(address: bytes, height: int) -> None:
        nonlocal guard
        guard = guard if guard.address else load_guard(home)
        if address.hex() != guard.address:
            return
        signed = _read_signed(home)
        if (signed is not None and signed.height >= height) or load_guard(home).held:
            return
        known = "nothing" if signed is None else f"height {signed.height}"
        reason = (
            f"this validator's key has signed block {height}, and this home remembers {known}: "
            "it went back in time, or another node signs with the same key"
        )
        hold(home, reason)
        raise UnavailableError(f"{reason}. It signs nothing until `rochdale validator resume`")

    return check


def _find_reason(home: Home, guard: Guard, signed: SignedPoint | None) -> str:
    if guard.is_remote:
        return _WAS_REMOTE
    if guard.place is None:
        # Before a first start nothing can have been signed.
        return _RESTORED if signed is not None and signed.height else ""
    place = _find_place(home)
    if place is None or signed is None:
        return _RESTORED
    if place != guard.place:
        return _MOVED
    return _OLDER if signed.height < guard.signed_height else ""


def _read_signed(home: Home) -> SignedPoint | None:
    try:
        return load_signed_point(_signed_path(home))
    except MisconfiguredError:
        return None  # as good as lost


def _signed_path(home: Home) -> Path:
    return home.engine_data / "priv_validator_state.json"


def _begin_signing(home: Home) -> SignedPoint:
    home.engine_data.mkdir(mode=0o700, parents=True, exist_ok=True)
    save_signed_point(_signed_path(home), NOTHING_SIGNED)
    return NOTHING_SIGNED


def _make_place(home: Home) -> Place:
    path = _place_path(home)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(path, b"Never copied: this file tells a copy of this directory from it.\n")
    place = _find_place(home)
    assert place is not None  # noqa: S101 - it was written a line above
    return place


def _find_place(home: Home) -> Place | None:
    buffer = ctypes.create_string_buffer(_STATX_BYTES)
    result = ctypes.CDLL(None, use_errno=True).statx(
        _AT_FDCWD, os.fsencode(_place_path(home)), 0, _STATX_INO | _STATX_BTIME, buffer
    )
    if result != 0:
        return None
    # struct statx (linux/stat.h): inode at 32; birth time at 80, seconds and nanoseconds.
    (mask,) = struct.unpack_from("=I", buffer, 0)
    (inode,) = struct.unpack_from("=Q", buffer, 32)
    seconds, nanoseconds = struct.unpack_from("=qI", buffer, 80)
    born_ns = seconds * 1_000_000_000 + nanoseconds if mask & _STATX_BTIME else 0
    return Place(inode=inode, born_ns=born_ns)


def _place_path(home: Home) -> Path:
    return home.engine_data / "place"


def _save(home: Home, guard: Guard) -> None:
    fields: dict[str, Any] = {"version": _VERSION, **asdict(guard)}
    replace_file(home.guard_path, json.dumps(fields, indent=1).encode() + b"\n")
