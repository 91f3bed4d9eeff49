"""Motions of the federation: proposed, approved cooperative by cooperative, enacted.

One cooperative, one vote, cast by its root account; membership votes, not validating. A motion
is enacted in the block in which enough have approved and lapses if they do not in time. What
an act does is `governance.enactment`'s matter.
"""

from msgspec.structs import replace

from config.limits import DEADLINES_PER_BLOCK_MAX, MOTIONS_OPEN_MAX
from governance.acts import ChangeCharter, DecideDispute, get_kind, get_subject
from governance.bylaws import compute_window_ms
from governance.charter import CHARTER_WINDOW_S, FEDERAL_WINDOW_S, compute_approvals_needed
from governance.charters import (
    add_approval,
    adopt,
    count_memberships,
    end_opt_out,
    has_double_majority,
)
from governance.context import BlockContext, Sender
from governance.dispute_panels import list_uninvolved
from governance.dispute_steps import end_dispute_step
from governance.enactment import check_act, enact
from governance.events import Event, Events
from governance.federal_events import (
    MembershipsCounted,
    MotionApproved,
    MotionEnacted,
    MotionLapsed,
    MotionProposed,
)
from governance.federal_records import Motion, MotionStatus
from governance.federal_view import DueKind, FederalView
from governance.leaving import end_notice
from governance.logs import MOTIONS, append
from governance.records import Cooperative
from governance.refusals import RefusalCode, TxRefusedError
from governance.registry import count_members, require_root
from governance.roll import require_account
from governance.transactions import ApproveFederalAct, ProposeFederalAct, compute_motion_id
from governance.validators import count_validators


def apply_propose_federal_act(
    view: FederalView, tx: ProposeFederalAct, *, sender: Sender, block: BlockContext
) -> Events:
    """Put a motion before the federation; its proposer has approved it.

    Raises:
        TxRefusedError: NOT_ROOT, COOPERATIVE_LEFT, MOTIONS_OPEN_TOO_MANY, MOTION_EXISTS, as
            `check_act`; in this order.
    """
    proposer = require_root(view, sender)
    root = sender.record
    if root.open_proposals_count >= MOTIONS_OPEN_MAX:
        raise TxRefusedError(RefusalCode.MOTIONS_OPEN_TOO_MANY)
    motion_id = compute_motion_id(account=sender.account, nonce=sender.nonce, payload=tx)
    if view.get_motion(motion_id) is not None:
        raise TxRefusedError(RefusalCode.MOTION_EXISTS)
    check_act(view, tx.act, proposer=proposer.id, block=block)
    is_charter = isinstance(tx.act, ChangeCharter)
    scale = view.get_parameters().time_scale
    window_s = CHARTER_WINDOW_S if is_charter else FEDERAL_WINDOW_S
    motion = Motion(
        id=motion_id,
        proposer=proposer.id,
        act=tx.act,
        approvals=() if is_charter else (proposer.id,),
        status=MotionStatus.OPEN,
        proposed_height=block.height,
        lapses_at_ms=block.time_ms + compute_window_ms(window_s, time_scale=scale),
    )
    view.put_motion(motion)
    append(view, MOTIONS, [motion_id])
    view.put_due(DueKind.MOTION, due_ms=motion.lapses_at_ms, subject=motion_id)
    _count_open(view, motion, 1)
    proposed = MotionProposed(
        cooperative=proposer.id,
        motion=motion_id,
        act=get_kind(tx.act),
        subject=get_subject(tx.act, proposer=proposer.id),
        lapses_at_ms=motion.lapses_at_ms,
    )
    return (proposed, *_settle(view, motion, block=block))


def apply_approve_federal_act(
    view: FederalView, tx: ApproveFederalAct, *, sender: Sender, block: BlockContext
) -> Events:
    """Approve a motion; the approval that makes enough enacts it.

    A cooperative that approved before may say so again once: when others have left meanwhile,
    those who remain may be enough.

    Raises:
        TxRefusedError: NOT_ROOT, COOPERATIVE_LEFT, ASSEMBLY_DECIDES, MOTION_UNKNOWN,
            MOTION_CLOSED, MOTION_APPROVED; in this order; then, if it makes enough, as `check_act`.
    """
    cooperative = require_root(view, sender)
    motion = view.get_motion(tx.motion)
    if motion is not None and isinstance(motion.act, ChangeCharter):
        raise TxRefusedError(RefusalCode.ASSEMBLY_DECIDES)
    return approve(view, cooperative, tx.motion, block=block)


def approve(
    view: FederalView, cooperative: Cooperative, motion_id: bytes, *, block: BlockContext
) -> Events:
    """Approve a motion in the name of a member cooperative.

    Raises:
        TxRefusedError: MOTION_UNKNOWN, MOTION_CLOSED, MOTION_APPROVED; in this order; then, if
            it makes enough, as `check_act`.
    """
    motion = view.get_motion(motion_id)
    if motion is None:
        raise TxRefusedError(RefusalCode.MOTION_UNKNOWN)
    if motion.status is not MotionStatus.OPEN or block.time_ms >= motion.lapses_at_ms:
        raise TxRefusedError(RefusalCode.MOTION_CLOSED)
    if cooperative.id in motion.approvals:
        if not is_enough(view, motion):
            raise TxRefusedError(RefusalCode.MOTION_APPROVED)
    else:
        motion = _add_approval(view, motion, cooperative.id)
        view.put_motion(motion)
    approved: Event = MotionApproved(
        cooperative=cooperative.id,
        motion=motion.id,
        approvals_count=_count_approvals(view, motion),
        needed_count=_count_needed(view, motion),
    )
    told = (approved, *_tell_memberships(view, motion, cooperative.id))
    return (*told, *_settle(view, motion, block=block))


def apply_federal_deadlines(view: FederalView, *, block: BlockContext) -> Events:
    """Let motions lapse and cooperatives go whose time has come, earliest first."""
    events: Events = ()
    for due in view.list_due(time_ms=block.time_ms, entries_max=DEADLINES_PER_BLOCK_MAX):
        view.kv.delete(due.key)
        match due.kind:
            case DueKind.MOTION:
                events += _lapse(view, due.subject)
            case DueKind.NOTICE:
                events += end_notice(view, due.subject, block=block)
            case DueKind.CHARTER:
                events += end_opt_out(view, due.subject)
            case DueKind.DISPUTE:
                events += end_dispute_step(view, due.subject, block=block)
    return events


def is_enough(view: FederalView, motion: Motion) -> bool:
    """Check if as many members have approved as it takes now."""
    if isinstance(motion.act, ChangeCharter):
        return has_double_majority(view, motion)
    return _count_approvals(view, motion) >= _count_needed(view, motion)


def _settle(view: FederalView, motion: Motion, *, block: BlockContext) -> Events:
    if not is_enough(view, motion):
        return ()
    view.put_motion(replace(motion, status=MotionStatus.ENACTED, enacted_height=block.height))
    _count_open(view, motion, -1)
    enacted = MotionEnacted(
        cooperative=motion.proposer,
        motion=motion.id,
        act=get_kind(motion.act),
        subject=get_subject(motion.act, proposer=motion.proposer),
    )
    done = enact(view, motion.act, proposer=motion.proposer, block=block)
    if isinstance(motion.act, ChangeCharter):
        done += adopt(view, motion, motion.act.text_hash, block=block)
    return (enacted, *done)


def _lapse(view: FederalView, motion_id: bytes) -> Events:
    motion = view.get_motion(motion_id)
    if motion is None or motion.status is not MotionStatus.OPEN:
        return ()
    view.put_motion(replace(motion, status=MotionStatus.LAPSED))
    _count_open(view, motion, -1)
    return (MotionLapsed(cooperative=motion.proposer, motion=motion_id),)


def _count_approvals(view: FederalView, motion: Motion) -> int:
    entitled = _list_uninvolved(view, motion)
    return sum(
        1
        for item in motion.approvals
        if view.require_cooperative(item).is_member and (entitled is None or item in entitled)
    )


def _count_needed(view: FederalView, motion: Motion) -> int:
    if isinstance(motion.act, ChangeCharter):
        return count_members(view) // 2 + 1
    entitled = _list_uninvolved(view, motion)
    if entitled is not None:
        return len(entitled) // 2 + 1
    _, admitted_count = count_validators(view)
    return compute_approvals_needed(
        members_count=count_members(view), validators_count=admitted_count
    )


def _list_uninvolved(view: FederalView, motion: Motion) -> tuple[bytes, ...] | None:
    """Who decides on a dispute: members that are no party; None for all other motions."""
    if not isinstance(motion.act, DecideDispute):
        return None
    dispute = view.get_dispute(motion.act.dispute)
    return () if dispute is None else list_uninvolved(view, dispute)


def _add_approval(view: FederalView, motion: Motion, cooperative: bytes) -> Motion:
    if isinstance(motion.act, ChangeCharter):
        return add_approval(view, motion, cooperative)
    return replace(motion, approvals=(*motion.approvals, cooperative))


def _tell_memberships(view: FederalView, motion: Motion, cooperative: bytes) -> Events:
    if not isinstance(motion.act, ChangeCharter):
        return ()
    supporting_count, all_count = count_memberships(view, motion)
    return (
        MembershipsCounted(
            cooperative=cooperative,
            motion=motion.id,
            supporting_count=supporting_count,
            needed_count=all_count // 2 + 1,
        ),
    )


def _count_open(view: FederalView, motion: Motion, change: int) -> None:
    root = require_account(view, motion.proposer)
    open_count = root.open_proposals_count + change
    view.put_account(motion.proposer, replace(root, open_proposals_count=open_count))
