"""Rotation of accounts' keys: to those that the account had committed to, and by nobody else.

The next keys are committed to before they are shown and kept apart from the current ones. They
sign the rotation themselves, so a stolen current key can neither rotate nor stop its owner
from doing so. A registrar's office commits to none: its cooperative's root replaces its keys.
Old keys stop at once.
"""

from collections.abc import Sequence
from itertools import pairwise

from msgspec.structs import replace

from config.limits import NONCE_WINDOW
from did.accounts import compute_keys_commitment
from governance.context import Sender
from governance.events import Events
from governance.federal_events import KeysRotated, RegistrarReplaced
from governance.federal_view import FederalView
from governance.records import Account, AccountKey, Role, compute_office_account_id
from governance.refusals import RefusalCode, TxRefusedError
from governance.registry import require_root
from governance.roll import require_account
from governance.transactions import ReplaceRegistrar, RotateKeys

_ALL_USED = ((1 << NONCE_WINDOW) - 1).to_bytes(NONCE_WINDOW // 8, "big")


def check_revealed(account: Account, tx: RotateKeys, *, public_keys: Sequence[bytes]) -> None:
    """Check that keys are the ones that an account had committed to.

    The ledger asks this instead of looking for the signing keys among the account's.

    Args:
        account: Whose keys rotate.
        tx: The rotation.
        public_keys: Those that signed it: all of the new ones.

    Raises:
        TxRefusedError: KEYS_NOT_COMMITTED, KEYS_NOT_NEW; in this order.
    """
    commitment = compute_keys_commitment(public_keys, signatures_required=tx.signatures_required)
    if commitment != account.next_key_commitment or tx.signatures_required > len(public_keys):
        raise TxRefusedError(RefusalCode.KEYS_NOT_COMMITTED)
    current = [key.public_key for key in account.keys]
    back = compute_keys_commitment(current, signatures_required=account.signatures_required)
    if any(key in current for key in public_keys) or (
        # These keys once more, or those that are given up now: what they signed before could
        # be sent again.
        tx.next_key_commitment in (commitment, back)
    ):
        raise TxRefusedError(RefusalCode.KEYS_NOT_NEW)


def apply_rotate_keys(view: FederalView, tx: RotateKeys, *, sender: Sender) -> Events:
    """Let the committed keys take over; each one's nonces begin with this transaction's.

    Raises:
        TxRefusedError: As `check_revealed`.
    """
    account = sender.record
    check_revealed(account, tx, public_keys=sender.keys)
    keys = tuple(
        AccountKey(public_key=key, nonce_highest=sender.nonce, nonce_window=_ALL_USED)
        for key in sender.keys
    )
    view.put_account(
        sender.account,
        replace(
            account,
            keys=keys,
            next_key_commitment=tx.next_key_commitment,
            signatures_required=tx.signatures_required,
        ),
    )
    return (
        KeysRotated(
            cooperative=account.cooperative,
            account=sender.account,
            public_keys=sender.keys,
            signatures_required=tx.signatures_required,
        ),
    )


def apply_replace_registrar(view: FederalView, tx: ReplaceRegistrar, *, sender: Sender) -> Events:
    """Give a registrar's office other keys; their nonces begin anew.

    Raises:
        TxRefusedError: NOT_ROOT, COOPERATIVE_LEFT, PAYLOAD_MALFORMED, KEYS_NOT_NEW; in this
            order.
    """
    return replace_registrar_keys(
        view,
        require_root(view, sender).id,
        public_keys=tx.public_keys,
        signatures_required=tx.signatures_required,
    )


def replace_registrar_keys(
    view: FederalView,
    cooperative: bytes,
    *,
    public_keys: tuple[bytes, ...],
    signatures_required: int,
) -> Events:
    """Give the registrar's office of a member cooperative other keys.

    Raises:
        TxRefusedError: PAYLOAD_MALFORMED, KEYS_NOT_NEW; in this order.
    """
    if any(first >= second for first, second in pairwise(public_keys)):
        raise TxRefusedError(RefusalCode.PAYLOAD_MALFORMED, "public_keys ascend, each once")
    if signatures_required > len(public_keys):
        raise TxRefusedError(RefusalCode.PAYLOAD_MALFORMED, "more signatures than keys")
    office = compute_office_account_id(cooperative=cooperative, role=Role.REGISTRAR)
    account = require_account(view, office)
    if any(key.public_key in public_keys for key in account.keys):
        raise TxRefusedError(RefusalCode.KEYS_NOT_NEW)
    keys = tuple(AccountKey(public_key=key) for key in public_keys)
    view.put_account(office, replace(account, keys=keys, signatures_required=signatures_required))
    return (
        RegistrarReplaced(
            cooperative=cooperative,
            public_keys=public_keys,
            signatures_required=signatures_required,
        ),
    )
