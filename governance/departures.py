"""Leaving and exclusion: freely at any time, against one's will after an appeal.

The committee excludes by two thirds, with reasons. Who is to go may appeal, stays and votes
until the assembly has decided, and cannot be touched while a petition runs that they have
signed. What was voted stays counted.
"""

from msgspec.structs import replace

from governance.body_acts import ExcludeMember
from governance.bylaws import compute_window_ms
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.proposal_records import Proposal, ProposalKind
from governance.queues import Turn, put_due
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import is_member, require_account
from governance.roll_batches import schedule_batch
from governance.roll_events import (
    ExclusionAppealed,
    ExclusionDecided,
    ExclusionEnded,
    LeavingAnnounced,
)
from governance.roll_records import Exclusion
from governance.roll_transactions import AppealExclusion, LeaveRoll, compute_appeal_id
from governance.roll_view import RollView
from governance.submitting import submit
from governance.transactions import SubmitProposal


def apply_leave_roll(
    view: RollView, tx: LeaveRoll, *, sender: Sender, block: BlockContext
) -> Events:
    """Leave the cooperative with the next batch; nobody can refuse it.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, NOT_A_MEMBER, LEAVING_ALREADY; in this order.
    """
    _require_member(view, tx.cooperative, sender=sender)
    if view.is_leaving(tx.cooperative, sender.account):
        raise TxRefusedError(RefusalCode.LEAVING_ALREADY)
    return announce_leaving(view, tx.cooperative, sender.account, block=block)


def exclude(
    view: RollView, act: ExcludeMember, *, cooperative: bytes, block: BlockContext
) -> Events:
    """Decide to exclude a member, who may appeal.

    Raises:
        TxRefusedError: FOUNDING_UNFINISHED, MEMBER_UNKNOWN, EXCLUSION_OPEN, SIGNER_PROTECTED;
            in this order.
    """
    found = view.require_cooperative(cooperative)
    if block.time_ms < found.founding_ends_ms:
        raise TxRefusedError(RefusalCode.FOUNDING_UNFINISHED)
    account = view.get_account(act.account)
    if account is None or account.left_height is not None or not is_member(account, cooperative):
        raise TxRefusedError(RefusalCode.MEMBER_UNKNOWN)
    if view.get_exclusion(cooperative, act.account) is not None:
        raise TxRefusedError(RefusalCode.EXCLUSION_OPEN)
    if block.time_ms < view.get_signer_until_ms(cooperative, act.account):
        raise TxRefusedError(RefusalCode.SIGNER_PROTECTED)
    bylaws = view.get_bylaws(found.bylaws_hash)
    scale = view.get_parameters().time_scale
    ends_ms = block.time_ms + compute_window_ms(bylaws.roll.appeal_s, time_scale=scale)
    exclusion = Exclusion(reasons_hash=act.reasons_hash, appeal_ends_ms=ends_ms)
    view.put_exclusion(cooperative, act.account, exclusion)
    put_due(view, Turn.EXCLUSION, due_ms=ends_ms, cooperative=cooperative, subject=act.account)
    return (
        ExclusionDecided(
            cooperative=cooperative,
            account=act.account,
            reasons_hash=act.reasons_hash,
            appeal_ends_ms=ends_ms,
        ),
    )


def apply_appeal_exclusion(
    view: RollView, tx: AppealExclusion, *, sender: Sender, block: BlockContext
) -> Events:
    """Ask the assembly whether an exclusion stands; it waits until then.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, NOT_A_MEMBER, EXCLUSION_UNKNOWN, APPEAL_CLOSED; in
            this order.
    """
    _require_member(view, tx.cooperative, sender=sender)
    exclusion = view.get_exclusion(tx.cooperative, sender.account)
    if exclusion is None:
        raise TxRefusedError(RefusalCode.EXCLUSION_UNKNOWN)
    if exclusion.appeal or block.time_ms >= exclusion.appeal_ends_ms:
        raise TxRefusedError(RefusalCode.APPEAL_CLOSED)
    appeal_id = compute_appeal_id(account=sender.account, nonce=sender.nonce, payload=tx)
    view.put_exclusion(tx.cooperative, sender.account, replace(exclusion, appeal=appeal_id))
    asked = SubmitProposal(
        cooperative=tx.cooperative,
        kind=ProposalKind.APPEAL,
        text_hash=tx.text_hash,
        subject=sender.account,
    )
    appealed = ExclusionAppealed(
        cooperative=tx.cooperative, account=sender.account, proposal=appeal_id
    )
    return (
        appealed,
        *submit(
            view,
            asked,
            cooperative=view.require_cooperative(tx.cooperative),
            proposal_id=appeal_id,
            proposer=tx.cooperative,
            block=block,
        ),
    )


def end_appeal_window(
    view: RollView, cooperative: bytes, account: bytes, *, block: BlockContext
) -> Events:
    """Let an exclusion take effect against which nobody has appealed."""
    exclusion = view.get_exclusion(cooperative, account)
    if exclusion is None or exclusion.appeal:
        return ()
    return _end(view, cooperative, account, is_excluded=True, block=block)


def decide_appeal(
    view: RollView, appeal: Proposal, *, is_excluded: bool, block: BlockContext
) -> Events:
    """Do what members have decided on an appeal; without a decision the member stays."""
    return _end(view, appeal.cooperative, appeal.subject, is_excluded=is_excluded, block=block)


def _end(
    view: RollView, cooperative: bytes, account: bytes, *, is_excluded: bool, block: BlockContext
) -> Events:
    view.delete_exclusion(cooperative, account)
    ended = ExclusionEnded(cooperative=cooperative, account=account, is_excluded=is_excluded)
    is_gone = view.is_leaving(cooperative, account) or (
        require_account(view, account).left_height is not None
    )
    if not is_excluded or is_gone:
        return (ended,)
    return (ended, *announce_leaving(view, cooperative, account, block=block))


def announce_leaving(
    view: RollView, cooperative: bytes, account: bytes, *, block: BlockContext
) -> Events:
    """Let a member leave with the next batch."""
    view.put_leaving(cooperative, account)
    schedule_batch(view, cooperative, block=block)
    return (LeavingAnnounced(cooperative=cooperative, account=account),)


def _require_member(view: RollView, cooperative: bytes, *, sender: Sender) -> None:
    if view.get_cooperative(cooperative) is None:
        raise TxRefusedError(RefusalCode.COOPERATIVE_UNKNOWN)
    account = sender.record
    # Whoever has left would be counted out of the roll twice.
    if account.left_height is not None or not is_member(account, cooperative):
        raise TxRefusedError(RefusalCode.NOT_A_MEMBER)
