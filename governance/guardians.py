"""Recovery of an account by its guardians, behind a time-lock; and an account's end.

Guardians are keys made for one account alone, of which the ledger knows a salted commitment
until they are needed. Their request waits a week. Meanwhile the keys that the account had
committed to, which lie apart from the current ones, may veto it: the current keys may not, or
whoever stole them would veto every recovery. More guardians, as many as the commitment says,
cannot be vetoed at all: then the thief has the cold keys as well.
"""

from msgspec.structs import replace

from governance.bylaws import compute_window_ms
from governance.charter import RECOVERY_LOCK_S
from governance.context import BlockContext, Sender
from governance.departures import announce_leaving
from governance.events import Events
from governance.key_events import AccountDeactivated, AccountRecovered, RecoveryRequested
from governance.key_records import Recovery
from governance.key_transactions import RecoverAccount, VetoRecovery
from governance.key_versions import keep_keys
from governance.key_view import KeyView
from governance.keys import change_keys, end_recovery
from governance.queues import Turn, delete_due, put_due
from governance.records import Role
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import require_account


def apply_recover_account(
    view: KeyView, tx: RecoverAccount, *, sender: Sender, block: BlockContext
) -> Events:
    """Begin the time-lock of a recovery; who signed it was checked (`keys.check_signers`)."""
    cooperative = sender.record.cooperative
    last = view.get_key_recovery(cooperative, sender.account)
    if last is not None and last.is_pending:  # a larger quorum takes its place
        delete_due(
            view,
            Turn.RECOVERY,
            due_ms=last.due_ms,
            cooperative=cooperative,
            subject=sender.account,
        )
    scale = view.get_parameters().time_scale
    due_ms = block.time_ms + compute_window_ms(RECOVERY_LOCK_S, time_scale=scale)
    is_final = sum(key in tx.guardians for key in sender.keys) >= tx.override
    view.put_key_recovery(
        cooperative,
        sender.account,
        Recovery(
            attempt=tx.attempt,
            due_ms=due_ms,
            is_final=is_final,
            keys=tx.public_keys,
            signatures_required=tx.signatures_required,
            next_key_commitment=tx.next_key_commitment,
            guardians_commitment=tx.guardians_commitment,
            nonce=sender.nonce,
        ),
    )
    put_due(view, Turn.RECOVERY, due_ms=due_ms, cooperative=cooperative, subject=sender.account)
    return (
        RecoveryRequested(
            cooperative=cooperative,
            account=sender.account,
            attempt=tx.attempt,
            due_ms=due_ms,
            is_final=is_final,
        ),
    )


def apply_veto_recovery(view: KeyView, tx: VetoRecovery, *, sender: Sender) -> Events:
    """Stop a recovery; who signed was checked, and that there is one that can be stopped."""
    cooperative = sender.record.cooperative
    recovery = view.get_key_recovery(cooperative, sender.account)
    if recovery is None or recovery.attempt != tx.attempt:
        raise TxRefusedError(RefusalCode.RECOVERY_UNFIT)
    return end_recovery(view, sender.account, cooperative, recovery)


def complete_recovery(
    view: KeyView, cooperative: bytes, account_id: bytes, *, block: BlockContext
) -> Events:
    """Let the keys take over that guardians asked for; nothing if the account has ended."""
    recovery = view.get_key_recovery(cooperative, account_id)
    account = require_account(view, account_id)
    if recovery is None or not recovery.is_pending:
        return ()
    view.put_key_recovery(cooperative, account_id, replace(recovery, due_ms=0))
    if account.is_deactivated:
        return ()
    change_keys(
        view,
        account_id,
        replace(
            account,
            next_key_commitment=recovery.next_key_commitment,
            guardians_commitment=recovery.guardians_commitment,
            signatures_required=recovery.signatures_required,
        ),
        keys=recovery.keys,
        nonce=recovery.nonce,
        block=block,
    )
    return (
        AccountRecovered(
            cooperative=cooperative,
            account=account_id,
            attempt=recovery.attempt,
            public_keys=recovery.keys,
            signatures_required=recovery.signatures_required,
        ),
    )


def apply_deactivate_account(view: KeyView, *, sender: Sender, block: BlockContext) -> Events:
    """End an account for good; a member's leaves the roll with the next batch.

    Its keys become a version that is over: what they said before can still be checked.

    Raises:
        TxRefusedError: NOT_A_MEMBER.
    """
    account = sender.record
    if account.role is not Role.MEMBER:
        raise TxRefusedError(RefusalCode.NOT_A_MEMBER)
    keep_keys(view, sender.account, account, block=block)
    view.put_account(
        sender.account,
        replace(
            account,
            is_deactivated=True,
            keys_version=account.keys_version + 1,
            keys_since_ms=block.time_ms,
        ),
    )
    ended = AccountDeactivated(cooperative=account.cooperative, account=sender.account)
    is_going = view.is_leaving(account.cooperative, sender.account)
    if is_going or account.left_height is not None:
        return (ended,)
    return (ended, *announce_leaving(view, account.cooperative, sender.account, block=block))
