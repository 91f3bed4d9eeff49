"""Roots over histories of consent: one for each cooperative and period, and nothing of a person.

What a root stands for is the node's matter: the ledger keeps 32 bytes, for whoever holds a path
to them. A root is never replaced, and no period is left out.
"""

from did.codec import Record
from governance.context import Sender
from governance.events import ConsentsAnchored, Events
from governance.fields import Count, Hash
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import require_registrar
from governance.state_keys import Collection, state_key
from governance.transactions import AnchorConsents
from governance.view import StateView

_PERIOD_BYTES = 8


class ConsentRoot(Record, frozen=True, kw_only=True):
    """A period's root, in state for good."""

    root: Hash


class ConsentPeriod(Record, frozen=True, kw_only=True):
    """The latest period of which there is a root."""

    number: Count


def consent_root_key(cooperative: bytes, period: int) -> bytes:
    """The state key of a period's root."""
    return state_key(cooperative, Collection.CONSENT_ROOT, period.to_bytes(_PERIOD_BYTES))


def consent_period_key(cooperative: bytes) -> bytes:
    """The state key of the latest period's number; without a value before the first."""
    return state_key(cooperative, Collection.CONSENT_PERIOD, b"")


def read_consent_root_key(key: bytes) -> tuple[bytes, int] | None:
    """Whose root a state key is of, and of which period; None for any other key."""
    prefix = len(state_key(bytes(32), Collection.CONSENT_ROOT, b""))
    if len(key) != prefix + _PERIOD_BYTES or key[prefix - 1] != Collection.CONSENT_ROOT:
        return None
    return key[: prefix - 1], int.from_bytes(key[prefix:])


def apply_anchor_consents(view: StateView, tx: AnchorConsents, *, sender: Sender) -> Events:
    """Keep a period's root, once.

    Raises:
        TxRefusedError: As `require_registrar`; then CONSENT_PERIOD_OTHER.
    """
    require_registrar(view, tx.cooperative, sender=sender)
    key = consent_period_key(tx.cooperative)
    latest = view.kv.get(key)
    due = 1 if latest is None else ConsentPeriod.decode(latest).number + 1
    if tx.period != due:
        raise TxRefusedError(RefusalCode.CONSENT_PERIOD_OTHER, f"{due} is next")
    view.kv.put(key, ConsentPeriod(number=tx.period).encode())
    view.kv.put(consent_root_key(tx.cooperative, tx.period), ConsentRoot(root=tx.root).encode())
    return (ConsentsAnchored(cooperative=tx.cooperative, period=tx.period, root=tx.root),)
