"""What an entry of a history of consent says, in words for the person whose it is.

Apart from `ledger.receipt_meaning`, whose sentence is about the ledger. Says of each statement
whether who it names has signed it: the receipt alone shows what the cooperative kept, and that
may be made up. Pure.
"""

import datetime

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


def render_consent_entry(entry: Entry) -> str:
    """Say what happened, and when by the node's clock.

    Raises:
        RefusedError: The entry holds a statement that cannot be read.
    """
    said = f"{_render_time(entry.at_ms // 1_000)} UTC: {_describe(entry)}"
    if entry.kind in _USED:
        return said
    kid, signature = check_signer(_get_statement(entry))
    return f"{said} ({_SIGNED[signature].format(kid=kid)})"


def describe_consent_entry(entry: Entry) -> JsonObject:
    """The same for programs.

    Raises:
        RefusedError: As `render_consent_entry`.
    """
    return {
        "number": entry.number,
        "kind": entry.kind.value,
        "at_ms": entry.at_ms,
        "content": entry.content,
        "signature": None if entry.kind in _USED else str(check_signer(_get_statement(entry))[1]),
        "meaning": render_consent_entry(entry),
    }


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
