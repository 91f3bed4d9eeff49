"""The registrars' office over names: inspecting them, and opening a link two together.

The first registrar writes a request that only a second one can complete; what it is for stands
in it from the start, and the person is told. Runs in commands: registrars' keys are in no
process that talks to others. Never prints a name together with an account by one key alone,
unless the cooperative has named one registrar only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from config.errors import MisconfiguredError, RefusedError
from config.limits import (
    REBINDING_DELAY_MS,
    REBINDING_DELAY_TEST_MS,
    REGISTER_REASON_CHARACTERS_MAX,
    REGISTRARS_MAX,
    SEALED_BYTES_MAX,
)
from config.register_limits import PERSON_TEXT_CHARACTERS_MAX
from did.resolution.syntax import parse_did
from did.sealing import SealError, compute_box_key
from node.keystore import load_secret_file
from node.web.erasure import ErasureList, erase_person
from node.web.holders import Holder
from node.web.names import Name, compute_day
from node.web.private import PrivateStore
from node.web.register_log import LogEvent

_REQUEST_BYTES_MAX = 2 * SEALED_BYTES_MAX + 4_096
_FINGERPRINT_DIGITS = 16
_HEX_16 = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
_HEX_32 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Act(StrEnum):
    """What a link is opened for."""

    OPEN = "open"
    CORRECT = "correct"
    ERASE = "erase"
    REBIND = "rebind"


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the first registrar hands to a second one."""

    act: Act
    entry: _HEX_16
    name: str
    reason: str
    did: str = ""
    """The new login, for `rebind`."""
    new_name: str | None = None
    """For `correct`; None to keep the name."""
    new_contact: str | None = None
    """For `correct`; None to keep the contact."""
    first: _HEX_32
    """Public key of the first registrar."""
    boxes: Annotated[str, Meta(pattern="^([0-9a-f]{2})*$", max_length=2 * SEALED_BYTES_MAX)]
    """For each possible second registrar a sealed box; in hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What two registrars have done."""

    act: Act
    name: str
    """As it is now, and so the contact."""
    contact: str
    holder: Holder
    """As it was before."""
    from_ms: int = 0
    """From when a new login holds."""


def load_registrar_key(path: Path) -> bytes:
    """A registrar's own secret key, from a file of theirs.

    Raises:
        MisconfiguredError: Missing, malformed, or others may read it.
    """
    return load_secret_file(path)


def name_registrars(
    store: PrivateStore, public_keys: Sequence[bytes], *, is_alone: bool, now_ms: int
) -> None:
    """Say who opens the register from now on.

    Raises:
        MisconfiguredError: Too many, or one alone without saying so.
    """
    wanted = sorted(set(public_keys))
    if not 1 <= len(wanted) <= REGISTRARS_MAX:
        raise MisconfiguredError(f"name one to {REGISTRARS_MAX} registrars")
    if len(wanted) == 1 and not is_alone:
        raise MisconfiguredError(
            "with one registrar nobody else has to agree when a name is opened: name two, or say"
            " `--alone`"
        )
    with store.write():
        store.names.set_registrars(wanted)
        store.log.add(
            LogEvent.REGISTRARS,
            at_ms=now_ms,
            detail=" ".join(render_fingerprint(item) for item in wanted),
        )


def inspect_names(
    store: PrivateStore, secret: bytes, *, reason: str, now_ms: int, book_years: int
) -> list[str]:
    """Read the names of members and former members, and nothing else; everybody is told.

    Raises:
        RefusedError: No reason, or too long a one.
        MisconfiguredError: The key is not that of a registrar of every entry.
    """
    check_reason(reason)
    with store.write():
        store.names.purge(today=compute_day(now_ms), book_years=book_years)
        found = [item.name for item in store.names.list_names(secret) if item.is_book]
        store.log.add(
            LogEvent.INSPECTED,
            at_ms=now_ms,
            detail=f"by {render_fingerprint(compute_box_key(secret))}: {reason}",
        )
    return found


def begin_request(
    store: PrivateStore,
    secret: bytes,
    *,
    act: Act,
    name: str,
    reason: str,
    did: str = "",
    new_name: str | None = None,
    new_contact: str | None = None,
    now_ms: int,
) -> bytes:
    """The first registrar's part; the request's file, which names the person.

    Raises:
        RefusedError: No such name or more than one, no reason, no DID for a new login, or
            nothing to correct.
        MisconfiguredError: The key is not that of a registrar.
    """
    check_reason(reason)
    if act is Act.REBIND:
        parse_did(did)
    if act is Act.CORRECT:
        _check_correction(new_name, new_contact)
    found = _find_name(store, secret, name)
    first = compute_box_key(secret)
    request = Request(
        act=act,
        entry=found.entry.hex(),
        name=found.name,
        reason=reason,
        did=did,
        new_name=new_name,
        new_contact=new_contact,
        first=first.hex(),
        boxes=store.names.open_link(found.entry, secret).hex(),
    )
    store.log.add(
        LogEvent.ASKED, at_ms=now_ms, detail=f"by {render_fingerprint(first)}, to {act}: {reason}"
    )
    return msgspec.json.encode(request)


def parse_request(data: bytes) -> Request:
    """Read what a first registrar has written.

    Raises:
        RefusedError: It is malformed.
    """
    if len(data) > _REQUEST_BYTES_MAX:
        raise RefusedError(f"a request has at most {_REQUEST_BYTES_MAX} bytes")
    try:
        return msgspec.json.decode(data, type=Request)
    except msgspec.MsgspecError as error:
        raise RefusedError(f"this is no request of a registrar: {error}") from error


def complete_request(
    store: PrivateStore,
    erasures: ErasureList,
    secret: bytes,
    request: Request,
    *,
    has_left: bool,
    is_test_chain: bool,
    now_ms: int,
) -> Completed:
    """The second registrar's part: opens the link, does what was asked, and tells the person.

    Args:
        store: private.db.
        erasures: The list beside it.
        secret: The second registrar's key.
        request: What the first has written.
        has_left: For an erasure: that the ledger shows the member as gone.
        is_test_chain: Whether a new login waits for seconds only.
        now_ms: Wall clock.

    Raises:
        RefusedError: Not for this registrar, changed, or not possible for this person.
    """
    check_reason(request.reason)
    entry = bytes.fromhex(request.entry)
    holder_id = _open_link(store, secret, request)
    with store.write():
        holder = store.holders.get(holder_id)
        if holder is None or not store.names.has(entry):
            raise RefusedError("this person was erased: there is nothing left to open")
        if store.names.get_name(entry, secret) != request.name:
            raise RefusedError("this request opens another person than it says")
        if request.act is Act.ERASE and holder.account is not None and not has_left:
            raise RefusedError("a ledger account: once it shows that they left, say `--left`")
        contact = store.names.open_contact(entry, secret)
        _log_opening(store, holder, request, secret, now_ms=now_ms)
        from_ms = 0
        if request.act is Act.REBIND:
            from_ms = now_ms + (REBINDING_DELAY_TEST_MS if is_test_chain else REBINDING_DELAY_MS)
            _rebind(store, holder, request.did, from_ms=from_ms, now_ms=now_ms)
        elif request.act is Act.CORRECT:
            _correct(store, holder, request, secret, now_ms=now_ms)
        store.names.renew(entry, holder.id, secret)
    if request.act is Act.ERASE:
        erase_person(store, erasures, holder_id=holder.id, entry=entry, now_ms=now_ms)
    name = request.name if request.new_name is None else request.new_name
    contact = contact if request.new_contact is None else request.new_contact
    return Completed(act=request.act, name=name, contact=contact, holder=holder, from_ms=from_ms)


def _log_opening(
    store: PrivateStore, holder: Holder, request: Request, secret: bytes, *, now_ms: int
) -> None:
    first, second = request.first[:_FINGERPRINT_DIGITS], render_fingerprint(compute_box_key(secret))
    detail = f"by {first} and {second}, to {request.act}: {request.reason}"
    store.log.add(LogEvent.OPENED, at_ms=now_ms, detail=detail, holder_id=holder.id)


def _open_link(store: PrivateStore, secret: bytes, request: Request) -> bytes:
    boxes = bytes.fromhex(request.boxes)
    try:
        return store.names.complete_link(bytes.fromhex(request.entry), boxes, secret)
    except SealError as error:
        raise RefusedError(
            "this request is for another registrar: the second one is somebody else than the first"
        ) from error


def _rebind(store: PrivateStore, holder: Holder, did: str, *, from_ms: int, now_ms: int) -> None:
    if holder.account is not None:
        raise RefusedError(
            "this person has a ledger account: its guardians recover it, and the login with it"
        )
    store.holders.bind_did(holder.id, did, from_ms=from_ms)
    store.log.add(
        LogEvent.BOUND,
        at_ms=now_ms,
        detail="another DID will log in; object with the present one before",
        holder_id=holder.id,
    )


def _correct(
    store: PrivateStore, holder: Holder, request: Request, secret: bytes, *, now_ms: int
) -> None:
    _check_correction(request.new_name, request.new_contact)
    box = store.names.correct(
        bytes.fromhex(request.entry),
        secret,
        did=holder.did,
        name=request.new_name,
        contact=request.new_contact,
    )
    store.holders.set_name_box(holder.id, box)
    changed = (("name", request.new_name), ("contact", request.new_contact))
    store.log.add(
        LogEvent.CORRECTED,
        at_ms=now_ms,
        detail=" and ".join(term for term, value in changed if value is not None),
        holder_id=holder.id,
    )


def _find_name(store: PrivateStore, secret: bytes, name: str) -> Name:
    matches = [item for item in store.names.list_names(secret) if item.name == name]
    if len(matches) != 1:
        many = "more than one person has" if matches else "nobody has"
        raise RefusedError(f"{many} exactly this name in the register")
    return matches[0]


def _check_correction(name: str | None, contact: str | None) -> None:
    if name is None and contact is None:
        raise RefusedError("say what is to be corrected: `--name NEW`, `--contact NEW`, or both")
    for term, text in (("name", name), ("contact", contact)):
        if text is not None and (len(text) > PERSON_TEXT_CHARACTERS_MAX or not text.isprintable()):
            raise RefusedError(
                f"a {term} is one line of at most {PERSON_TEXT_CHARACTERS_MAX} characters"
            )
    if name is not None and not name.strip():
        raise RefusedError("a name is corrected, not taken away: erasing is another request")


def check_reason(reason: str) -> None:
    """Check what people will read.

    Raises:
        RefusedError: None, more than a line, or too long.
    """
    if not reason.strip() or not reason.isprintable():
        raise RefusedError("say why, in one line: the people concerned will read it")
    if len(reason) > REGISTER_REASON_CHARACTERS_MAX:
        raise RefusedError(f"a reason has at most {REGISTER_REASON_CHARACTERS_MAX} characters")


def render_fingerprint(public_key: bytes) -> str:
    """A registrar's key as it stands in the log."""
    return public_key.hex()[:_FINGERPRINT_DIGITS]
