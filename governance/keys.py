"""Who signs for an account's own keys, and what happens when they change.

The next keys are committed to before they are shown and kept apart from the current ones. They
sign a rotation, a veto and the account's end themselves, so a stolen current key can do none of
these. A registrar's office commits to none: its cooperative's root replaces its keys. Old keys
stop at once; what they were stays in state.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from config.limits import NONCE_WINDOW, TX_VALIDITY_MS_MAX
from did.accounts import compute_guardians_commitment, compute_keys_commitment
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.federal_events import RegistrarReplaced
from governance.federal_view import FederalView
from governance.key_events import KeysRotated, RecoveryVetoed
from governance.key_records import Recovery
from governance.key_transactions import (
    DeactivateAccount,
    KeyPayload,
    RecoverAccount,
    RotateKeys,
    VetoRecovery,
)
from governance.key_versions import keep_keys
from governance.key_view import KeyView
from governance.queues import Turn, delete_due
from governance.records import Account, AccountKey, Role, compute_office_account_id
from governance.refusals import RefusalCode, TxRefusedError
from governance.registry import require_root
from governance.roll import require_account
from governance.transactions import ReplaceRegistrar

NO_GUARDIANS: Final = bytes(32)
_ALL_USED = ((1 << NONCE_WINDOW) - 1).to_bytes(NONCE_WINDOW // 8, "big")


def check_signers(
    view: KeyView, account_id: bytes, account: Account, tx: KeyPayload, *, keys: Sequence[bytes]
) -> None:
    """Check that those who signed may say this about an account's keys.

    The ledger asks this instead of looking for the signing keys among the account's; what is
    refused here costs the account nothing, so that nobody can spend its quota by repeating it.

    Args:
        view: State.
        account_id: Whose keys it is about.
        account: Its record.
        tx: What is asked.
        keys: Those that signed it, ascending.

    Raises:
        TxRefusedError: Of a rotation KEYS_NOT_COMMITTED, KEYS_NOT_NEW; of a recovery
            RECOVERY_UNFIT, GUARDIANS_UNFIT, KEYS_NOT_NEW, GUARDIANS_TOO_FEW; of a veto
            KEYS_NOT_COMMITTED, RECOVERY_UNFIT, RECOVERY_FINAL; of the account's end
            KEYS_NOT_COMMITTED; in these orders.
    """
    match tx:
        case RotateKeys():
            check_revealed(account, tx, public_keys=keys)
        case RecoverAccount():
            recovery = view.get_key_recovery(account.cooperative, account_id)
            _check_guardians(account, recovery, tx, keys=keys)
        case VetoRecovery():
            _check_committed(account, keys, signatures_required=tx.signatures_required)
            recovery = view.get_key_recovery(account.cooperative, account_id)
            if recovery is None or not recovery.is_pending or recovery.attempt != tx.attempt:
                raise TxRefusedError(RefusalCode.RECOVERY_UNFIT)
            if recovery.is_final:
                raise TxRefusedError(RefusalCode.RECOVERY_FINAL)
        case DeactivateAccount():
            _check_committed(account, keys, signatures_required=tx.signatures_required)


def check_revealed(account: Account, tx: RotateKeys, *, public_keys: Sequence[bytes]) -> None:
    """Check that keys are the ones that an account had committed to.

    Args:
        account: Whose keys rotate.
        tx: The rotation.
        public_keys: Those that signed it: all of the new ones.

    Raises:
        TxRefusedError: KEYS_NOT_COMMITTED, KEYS_NOT_NEW; in this order.
    """
    _check_committed(account, public_keys, signatures_required=tx.signatures_required)
    commitment = compute_keys_commitment(public_keys, signatures_required=tx.signatures_required)
    current = [key.public_key for key in account.keys]
    back = compute_keys_commitment(current, signatures_required=account.signatures_required)
    if any(key in current for key in public_keys) or (
        # These keys once more, or those that are given up now: what they signed before could
        # be sent again.
        tx.next_key_commitment in (commitment, back)
    ):
        raise TxRefusedError(RefusalCode.KEYS_NOT_NEW)


def apply_rotate_keys(
    view: KeyView, tx: RotateKeys, *, sender: Sender, block: BlockContext
) -> Events:
    """Let the committed keys take over; each one's nonces begin with this transaction's.

    Whoever has them shows that a recovery is not needed: one that waits is over, unless so many
    guardians signed that nobody can veto it.
    """
    account = sender.record
    change_keys(
        view,
        sender.account,
        replace(
            account,
            next_key_commitment=tx.next_key_commitment,
            guardians_commitment=tx.guardians_commitment or account.guardians_commitment,
            signatures_required=tx.signatures_required,
        ),
        keys=sender.keys,
        nonce=sender.nonce,
        block=block,
    )
    rotated = KeysRotated(
        cooperative=account.cooperative,
        account=sender.account,
        public_keys=sender.keys,
        signatures_required=tx.signatures_required,
    )
    recovery = view.get_key_recovery(account.cooperative, sender.account)
    if recovery is None or not recovery.is_pending or recovery.is_final:
        return (rotated,)
    return (rotated, *end_recovery(view, sender.account, account.cooperative, recovery))


def change_keys(
    view: KeyView,
    account_id: bytes,
    account: Account,
    *,
    keys: Sequence[bytes],
    nonce: int,
    block: BlockContext,
) -> None:
    """Give an account other keys, and keep what they were before.

    Args:
        view: State, which still has the former keys.
        account_id: Whose.
        account: Its record with all that changes beside the keys.
        keys: The new ones, ascending.
        nonce: The last one that they have signed with.
        block: From whose time on they speak for it.
    """
    before = require_account(view, account_id)
    keep_keys(view, account_id, before, block=block)
    view.put_account(
        account_id,
        replace(
            account,
            keys=tuple(
                AccountKey(public_key=key, nonce_highest=nonce, nonce_window=_ALL_USED)
                for key in keys
            ),
            keys_version=before.keys_version + 1,
            keys_since_ms=block.time_ms,
        ),
    )


def end_recovery(
    view: KeyView, account_id: bytes, cooperative: bytes, recovery: Recovery
) -> Events:
    """Stop a recovery that waits; its number stays used."""
    delete_due(
        view, Turn.RECOVERY, due_ms=recovery.due_ms, cooperative=cooperative, subject=account_id
    )
    view.put_key_recovery(cooperative, account_id, replace(recovery, due_ms=0))
    return (RecoveryVetoed(cooperative=cooperative, account=account_id, attempt=recovery.attempt),)


def _check_committed(account: Account, keys: Sequence[bytes], *, signatures_required: int) -> None:
    commitment = compute_keys_commitment(keys, signatures_required=signatures_required)
    if commitment != account.next_key_commitment or signatures_required > len(keys):
        raise TxRefusedError(RefusalCode.KEYS_NOT_COMMITTED)


def _check_guardians(
    account: Account, last: Recovery | None, tx: RecoverAccount, *, keys: Sequence[bytes]
) -> None:
    is_next = tx.attempt == (1 if last is None else last.attempt + 1)
    is_stronger = sum(key in tx.guardians for key in keys) >= tx.override
    if not is_next or (last is not None and last.is_pending and not is_stronger):
        raise TxRefusedError(RefusalCode.RECOVERY_UNFIT)
    opened = compute_guardians_commitment(
        tx.guardians, salt=tx.salt, threshold=tx.threshold, override=tx.override
    )
    ascend = all(first < second for first, second in pairwise(tx.guardians))
    if (
        opened != account.guardians_commitment
        or not ascend
        or not tx.threshold < tx.override <= len(tx.guardians)
    ):
        raise TxRefusedError(RefusalCode.GUARDIANS_UNFIT)
    _check_new_keys(account, tx)
    signing = [key for key in keys if key in tx.guardians]
    others = tuple(key for key in keys if key not in tx.guardians)
    if len(signing) < tx.threshold or others != tx.public_keys:
        raise TxRefusedError(RefusalCode.GUARDIANS_TOO_FEW)


def _check_new_keys(account: Account, tx: RecoverAccount) -> None:
    """Keys that the account never had, nor any guardian; with a successor and new guardians."""
    commitment = compute_keys_commitment(tx.public_keys, signatures_required=tx.signatures_required)
    current = [key.public_key for key in account.keys]
    if (
        any(first >= second for first, second in pairwise(tx.public_keys))
        or any(key in current or key in tx.guardians for key in tx.public_keys)
        or tx.signatures_required > len(tx.public_keys)
        or tx.next_key_commitment in (commitment, account.next_key_commitment)
        or tx.guardians_commitment == account.guardians_commitment
    ):
        raise TxRefusedError(RefusalCode.KEYS_NOT_NEW)


def apply_replace_registrar(
    view: FederalView, tx: ReplaceRegistrar, *, sender: Sender, block: BlockContext
) -> Events:
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
        block=block,
    )


def replace_registrar_keys(
    view: FederalView,
    cooperative: bytes,
    *,
    public_keys: tuple[bytes, ...],
    signatures_required: int,
    block: BlockContext,
) -> Events:
    """Give the registrar's office of a member cooperative other keys, and keep what they were.

    Their nonces begin anew. So a key comes back only once all that it signed before has expired:
    else it could be sent again.

    Raises:
        TxRefusedError: PAYLOAD_MALFORMED, KEYS_NOT_NEW; in this order.
    """
    if any(first >= second for first, second in pairwise(public_keys)):
        raise TxRefusedError(RefusalCode.PAYLOAD_MALFORMED, "public_keys ascend, each once")
    if signatures_required > len(public_keys):
        raise TxRefusedError(RefusalCode.PAYLOAD_MALFORMED, "more signatures than keys")
    office = compute_office_account_id(cooperative=cooperative, role=Role.REGISTRAR)
    account = require_account(view, office)
    former = KeyView(view.kv)
    if any(key.public_key in public_keys for key in account.keys) or _were_in_use(
        former, office, account, public_keys, after_ms=block.time_ms - TX_VALIDITY_MS_MAX
    ):
        raise TxRefusedError(RefusalCode.KEYS_NOT_NEW)
    keep_keys(former, office, account, block=block)
    view.put_account(
        office,
        replace(
            account,
            keys=tuple(AccountKey(public_key=key) for key in public_keys),
            signatures_required=signatures_required,
            keys_version=account.keys_version + 1,
            keys_since_ms=block.time_ms,
        ),
    )
    return (
        RegistrarReplaced(
            cooperative=cooperative,
            public_keys=public_keys,
            signatures_required=signatures_required,
        ),
    )


def _were_in_use(
    view: KeyView, account_id: bytes, account: Account, keys: Sequence[bytes], *, after_ms: int
) -> bool:
    """Whether one of some keys was an account's until after a block time, but is not now."""
    for version in range(account.keys_version - 1, -1, -1):
        state = view.get_key_state(account.cooperative, account_id, version)
        if state is None or state.until_ms <= after_ms:
            return False
        if any(key in state.keys for key in keys):
            return True
    return False
