"""Sealing the register anew, when a registrar comes, goes or has another key.

Names and contacts are sealed anew by any registrar to whom they are sealed; a link needs two,
as it does to be opened. What they open for it stays in the process and is shown to nobody.
Every entry is changed by itself: interrupted, some are sealed to the registrars of now and
some as before, and running it again does the rest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from config.errors import RefusedError
from config.limits import SEALED_BYTES_MAX
from config.register_limits import (
    RESEAL_ENTRIES_PER_WRITE,
    RESEAL_FILE_BYTES_MAX,
    RESEAL_LINKS_MAX,
)
from did.sealing import SealError, compute_box_key
from node.register_office import check_reason, render_fingerprint
from node.web.private import PrivateStore
from node.web.register_log import LogEvent

_HEX_16 = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
_HEX_32 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
_BOXES = Annotated[str, Meta(pattern="^([0-9a-f]{2})*$", max_length=2 * SEALED_BYTES_MAX)]


class ResealRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the first registrar hands to a second one; names nobody."""

    act: Literal["reseal"] = "reseal"
    reason: str
    first: _HEX_32
    """Public key of the first registrar."""
    links: Annotated[dict[_HEX_16, _BOXES], Meta(max_length=RESEAL_LINKS_MAX)]
    """Entry to boxes for each possible second registrar, in hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resealed:
    """How far the register is."""

    done_count: int
    """Names, or links, that were sealed anew just now."""
    left_count: int
    """Entries of which a part is still sealed to other registrars than now."""


def begin_reseal(
    store: PrivateStore, secret: bytes, *, reason: str, now_ms: int
) -> tuple[Resealed, bytes]:
    """The first registrar's part: names and contacts at once, and a file for the links.

    Returns:
        What was done, and the request's file; empty if no link is left that this registrar
        has a part in.

    Raises:
        RefusedError: No reason, or too long a one.
        MisconfiguredError: Nobody is named, or an entry was changed.
    """
    check_reason(reason)
    own = compute_box_key(secret)
    names = store.names.list_outdated("name", reader=own)
    detail = f"by {render_fingerprint(own)}, names and contacts: {reason}"
    done_count = _change(
        store,
        names,
        lambda entry: store.names.reseal_name(entry, secret),
        detail=detail,
        now_ms=now_ms,
    )
    links = store.names.list_outdated("link", reader=own)[:RESEAL_LINKS_MAX]
    request = ResealRequest(
        reason=reason,
        first=own.hex(),
        links={entry.hex(): store.names.open_link(entry, secret).hex() for entry in links},
    )
    resealed = Resealed(done_count=done_count, left_count=store.names.count_outdated())
    return resealed, msgspec.json.encode(request) if links else b""


def parse_reseal(data: bytes) -> ResealRequest | None:
    """Read what a first registrar has written; None if it is a request for something else."""
    if len(data) > RESEAL_FILE_BYTES_MAX:
        return None
    try:
        return msgspec.json.decode(data, type=ResealRequest)
    except msgspec.MsgspecError:
        return None


def complete_reseal(
    store: PrivateStore, secret: bytes, request: ResealRequest, *, now_ms: int
) -> Resealed:
    """The second registrar's part: the links.

    Raises:
        RefusedError: None of them is for this registrar.
        MisconfiguredError: Nobody is named, or an entry was changed.
    """
    check_reason(request.reason)
    second = compute_box_key(secret)
    opened: dict[bytes, bytes] = {}
    for entry, boxes in request.links.items():
        try:
            opened[bytes.fromhex(entry)] = store.names.complete_link(
                bytes.fromhex(entry), bytes.fromhex(boxes), secret
            )
        except SealError:
            continue  # this entry is of another pair
    if not opened:
        raise RefusedError(
            "this request is for another registrar: the second one is somebody else than the first"
        )
    by = f"{request.first[:16]} and {render_fingerprint(second)}"
    outdated = set(store.names.list_outdated("link", reader=second)) & opened.keys()
    done_count = _change(
        store,
        sorted(outdated),
        lambda entry: store.names.reseal_link(entry, opened[entry]),
        detail=f"by {by}, links: {request.reason}",
        now_ms=now_ms,
    )
    return Resealed(done_count=done_count, left_count=store.names.count_outdated())


def _change(
    store: PrivateStore,
    entries: Sequence[bytes],
    change: Callable[[bytes], None],
    *,
    detail: str,
    now_ms: int,
) -> int:
    """Change entries some at a time, the first together with the log; how many are still here."""
    count = 0
    for start in range(0, len(entries), RESEAL_ENTRIES_PER_WRITE):
        with store.write():
            if not start:
                store.log.add(LogEvent.RESEALED, at_ms=now_ms, detail=detail)
            for entry in entries[start : start + RESEAL_ENTRIES_PER_WRITE]:
                if store.names.has_name(entry):  # else it was erased in the meantime
                    change(entry)
                    count += 1
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # old boxes leave the log, too
    return count
