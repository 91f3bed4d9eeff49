"""What an entry of a history of consent says, in words for the person whose it is.

Apart from `ledger.receipt_meaning`, whose sentence is about the ledger. Says of each statement
whether who it names has signed it: the receipt alone shows what the cooperative kept, and that
may be made up. It may even be unreadable, which is told of that entry alone: what the receipt
proves holds all the same. Pure.
"""

import datetime

from config.errors import RefusedError
from did.consent.chain import Entry, EntryKind
from did.consent.policies import Mandate, Revocation, read_stored_consent
from did.consent.signers import Signature, check_signer
from did.jcs import JsonObject

_GRANTED = {
    EntryKind.GRANT: "granted",
    EntryKind.CHANGE: "changed",
    EntryKind.STEWARD_DECISION: "granted by a steward",
}
_USED = {EntryKind.USE: "used", EntryKind.REFUSAL: "use refused"}
_SIGNED = {
    Signature.VALID: "signed by {kid}",
    Signature.OF_NAMED_KEY: "signed by {kid}; that this was its key then, the ledger says",
    Signature.UNCHECKED: "signature not checked: the key of {kid} has to be looked up",
    Signature.INVALID: "NOT SIGNED by {kid}: somebody else wrote this",
}
_UNREADABLE = "unreadable"


def render_consent_entry(entry: Entry) -> str:
    """Say what happened, and when by the node's clock."""
    return f"{_render_time(entry.at_ms // 1_000)} UTC: {_read(entry)[0]}"


def describe_consent_entry(entry: Entry) -> JsonObject:
    """The same for programs."""
    return {
        "number": entry.number,
        "kind": entry.kind.value,
        "at_ms": entry.at_ms,
        "content": entry.content,
        "signature": _read(entry)[1],
        "meaning": render_consent_entry(entry),
    }


def _read(entry: Entry) -> tuple[str, str | None]:
    """What happened, and what is known of the signature; None of what nobody signs."""
    if entry.kind in _USED:
        return _describe(entry), None
    try:
        said = _describe(entry)
        kid, signature = check_signer(_get_statement(entry))
    except RefusedError as error:
        said = (
            f"{entry.kind.value}, by a STATEMENT THAT CANNOT BE READ ({error.reason}): nobody can "
            "tell from it what was decided, nor who signed; ask the cooperative that kept it"
        )
        return said, _UNREADABLE
    return f"{said} ({_SIGNED[signature].format(kid=kid)})", str(signature)


def _describe(entry: Entry) -> str:
    if entry.kind in _USED:
        facts = ", ".join(f"{name} {entry.content[name]}" for name in sorted(entry.content))
        return f"{_USED[entry.kind]}: {facts}"
    act = read_stored_consent(_get_statement(entry)).act
    if isinstance(act, Revocation):
        return f"revoked {act.id}"
    terms = f"{', '.join(act.resources)} for {', '.join(act.purposes)}"
    times = f"from {_render_time(act.from_s)} until {_render_time(act.until_s)} UTC"
    if isinstance(act, Mandate):
        return f"mandated {act.id}: {act.steward} may grant {terms}, {times}"
    return f"{_GRANTED.get(entry.kind, 'granted')} {act.id}: {act.grantee} may use {terms}, {times}"


def _get_statement(entry: Entry) -> str:
    return str(entry.content.get("statement"))


def _render_time(seconds: int) -> str:
    try:
        moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    except (OverflowError, ValueError, OSError):
        return f"second {seconds}"
    return f"{moment:%Y-%m-%d %H:%M:%S}"
