"""Changes of the federation's charter: who adopts them, and whom they bind.

A change takes a double majority: more than half of the member cooperatives, and more than half
of all memberships, counted where the assembly of a cooperative has accepted it. It binds the
members of a cooperative only when their own assembly has ratified it, or has let a window lapse
in which it may opt out. Accepting a motion ratifies it.

Memberships are counted, not persons: whoever belongs to two cooperatives counts in both, and
nothing on the ledger says that they do.
"""

from msgspec.structs import replace

from governance.bylaws import compute_window_ms
from governance.charter import OPT_OUT_S
from governance.charter_records import CharterAnswer, CharterChange
from governance.context import BlockContext
from governance.events import Events
from governance.federal_events import CharterAdopted, CharterAnswered, CharterBound
from governance.federal_records import Motion
from governance.federal_view import DueKind, FederalView
from governance.member_acts import AnswerCharter
from governance.records import Cooperative
from governance.refusals import RefusalCode, TxRefusedError


def has_double_majority(view: FederalView, motion: Motion) -> bool:
    """Check if more than half of cooperatives and of memberships are for a change."""
    members = [item.id for item in view.scan_cooperatives() if item.is_member]
    approving = sum(1 for item in motion.approvals if item in members)
    supporting_count, all_count = count_memberships(view, motion)
    return 2 * approving > len(members) and 2 * supporting_count > all_count


def count_memberships(view: FederalView, motion: Motion) -> tuple[int, int]:
    """Memberships that are for a change, and all.

    A cooperative that approved counts with the members that it had when its vote closed.
    """
    at_close = dict(zip(motion.approvals, motion.memberships, strict=True))
    supporting_count = all_count = 0
    for item in view.scan_cooperatives():
        if item.is_member:
            supporting_count += at_close.get(item.id, 0)
            all_count += at_close.get(item.id, view.get_roll(item.id).active_count)
    return supporting_count, all_count


def add_approval(view: FederalView, motion: Motion, cooperative: bytes) -> Motion:
    """Count a cooperative's assembly among those that are for a change."""
    return replace(
        motion,
        approvals=(*motion.approvals, cooperative),
        memberships=(*motion.memberships, view.get_roll(cooperative).active_count),
    )


def adopt(view: FederalView, motion: Motion, text_hash: bytes, *, block: BlockContext) -> Events:
    """Adopt a change; it binds who has approved it, and others when they do or say nothing."""
    scale = view.get_parameters().time_scale
    ends_ms = block.time_ms + compute_window_ms(OPT_OUT_S, time_scale=scale)
    view.put_charter(
        CharterChange(
            motion=motion.id,
            text_hash=text_hash,
            adopted_height=block.height,
            opt_out_ends_ms=ends_ms,
        )
    )
    for cooperative in motion.approvals:
        answer = CharterAnswer(is_bound=True, height=block.height)
        view.put_charter_answer(motion.id, cooperative, answer)
    view.put_due(DueKind.CHARTER, due_ms=ends_ms, subject=motion.id)
    return (
        CharterAdopted(
            cooperative=motion.proposer,
            motion=motion.id,
            text_hash=text_hash,
            opt_out_ends_ms=ends_ms,
        ),
    )


def answer_charter(
    view: FederalView, act: AnswerCharter, cooperative: Cooperative, *, block: BlockContext
) -> Events:
    """Ratify a change for a cooperative's members, or opt out for them.

    Raises:
        TxRefusedError: CHARTER_UNKNOWN, CHARTER_BINDS; in this order.
    """
    charter = view.get_charter(act.motion)
    if charter is None:
        raise TxRefusedError(RefusalCode.CHARTER_UNKNOWN)
    if is_bound(view, charter, cooperative, time_ms=block.time_ms):
        raise TxRefusedError(RefusalCode.CHARTER_BINDS)
    answer = CharterAnswer(is_bound=act.is_bound, height=block.height)
    view.put_charter_answer(act.motion, cooperative.id, answer)
    return (CharterAnswered(cooperative=cooperative.id, motion=act.motion, is_bound=act.is_bound),)


def end_opt_out(view: FederalView, motion_id: bytes) -> Events:
    """Tell which cooperatives a change binds because they have said nothing."""
    return tuple(
        CharterBound(cooperative=item.id, motion=motion_id)
        for item in view.scan_cooperatives()
        if item.is_member and view.get_charter_answer(motion_id, item.id) is None
    )


def is_bound(
    view: FederalView, charter: CharterChange, cooperative: Cooperative, *, time_ms: int
) -> bool:
    """Check if a change of the charter binds a cooperative's members at a time.

    Who enters the federation later, enters under the charter as it is then.
    """
    answer = view.get_charter_answer(charter.motion, cooperative.id)
    if answer is not None:
        return answer.is_bound
    is_newer = cooperative.admitted_height > charter.adopted_height
    return is_newer or time_ms >= charter.opt_out_ends_ms
