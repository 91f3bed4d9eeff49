"""How a dispute between cooperatives goes from step to step.

Mediation, a panel of three uninvolved cooperatives, the federation's assembly, arbitration. Each
step has a time; when it is over a party may go on, and when none does the rules do. Without
uninvolved cooperatives mediation is followed by arbitration. What was decided stands when both
parties have let a time pass. Leaving the federation ends no dispute.
"""

from msgspec.structs import replace

from config.errors import InvariantError
from governance.acts import DecideDispute
from governance.bylaws import compute_window_ms
from governance.charter import AWARD_S, DISPUTE_STEP_S, DISPUTE_WAIT_S
from governance.context import BlockContext
from governance.dispute_panels import draw_panel, list_uninvolved
from governance.dispute_records import Dispute, DisputeStep, DisputeVerdict
from governance.events import Events
from governance.federal_events import (
    DisputeAdvanced,
    DisputeClosed,
    DisputeDecided,
    DisputeOverdue,
)
from governance.federal_view import DueKind, FederalView
from governance.open_matters import MatterKind, close_matter
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import require_account


def advance(view: FederalView, dispute: Dispute, *, to: DisputeStep, block: BlockContext) -> Events:
    """Bring a dispute to a step, or to arbitration where nobody is uninvolved."""
    uninvolved = list_uninvolved(view, dispute)
    step, panel = to, dispute.panel
    if not uninvolved and to in (DisputeStep.PANEL, DisputeStep.ASSEMBLY):
        step = DisputeStep.ARBITRATION
    if step is DisputeStep.PANEL:
        panel = draw_panel(dispute.id, uninvolved)
    leave_queue(view, dispute)
    dispute = replace(
        dispute,
        step=step,
        panel=panel,
        answers=(),
        escalates_from_ms=0,
        ends_ms=0,
        verdict=DisputeVerdict.NONE,
        answer_hash=b"",
    )
    if step is DisputeStep.ARBITRATION:
        dispute = call_up(view, dispute, ends_ms=block.time_ms + _window(view, AWARD_S))
    else:
        dispute = wait(view, dispute, from_ms=block.time_ms + _window(view, DISPUTE_STEP_S))
    return (
        DisputeAdvanced(
            cooperative=dispute.claimant,
            dispute=dispute.id,
            step=step,
            panel=panel if step is DisputeStep.PANEL else (),
            ends_ms=dispute.ends_ms,
        ),
    )


def wait(view: FederalView, dispute: Dispute, *, from_ms: int) -> Dispute:
    """Let parties go on from a time, until the rules do what follows."""
    dispute = replace(dispute, escalates_from_ms=from_ms)
    return call_up(view, dispute, ends_ms=from_ms + _window(view, DISPUTE_WAIT_S))


def call_up(view: FederalView, dispute: Dispute, *, ends_ms: int) -> Dispute:
    """Let the rules look at a dispute at a time, and at no other."""
    leave_queue(view, dispute)
    dispute = replace(dispute, ends_ms=ends_ms)
    view.put_dispute(dispute)
    view.put_due(DueKind.DISPUTE, due_ms=ends_ms, subject=dispute.id)
    return dispute


def leave_queue(view: FederalView, dispute: Dispute) -> None:
    """Let no time run for a dispute."""
    if dispute.ends_ms:
        view.delete_due(DueKind.DISPUTE, due_ms=dispute.ends_ms, subject=dispute.id)


def decide(
    view: FederalView,
    dispute: Dispute,
    verdict: DisputeVerdict,
    answer_hash: bytes,
    *,
    block: BlockContext,
) -> Events:
    """Note what a panel or the assembly decided; it stands if no party goes on."""
    dispute = replace(dispute, verdict=verdict, answer_hash=answer_hash)
    dispute = wait(view, dispute, from_ms=block.time_ms)
    return (
        DisputeDecided(
            cooperative=dispute.claimant,
            dispute=dispute.id,
            verdict=verdict,
            answer_hash=answer_hash,
            ends_ms=dispute.ends_ms,
        ),
    )


def close(
    view: FederalView, dispute: Dispute, verdict: DisputeVerdict, answer_hash: bytes
) -> Events:
    """End a dispute."""
    leave_queue(view, dispute)
    dispute = replace(
        dispute,
        step=DisputeStep.CLOSED,
        verdict=verdict,
        answer_hash=answer_hash,
        escalates_from_ms=0,
        ends_ms=0,
    )
    view.put_dispute(dispute)
    for party in dispute.parties:
        close_matter(view, MatterKind.DISPUTE, dispute.id, cooperative=party)
    root = require_account(view, dispute.claimant)
    open_count = root.open_proposals_count - 1
    view.put_account(dispute.claimant, replace(root, open_proposals_count=open_count))
    return (
        DisputeClosed(
            cooperative=dispute.claimant,
            dispute=dispute.id,
            verdict=verdict,
            answer_hash=answer_hash,
        ),
    )


def end_dispute_step(view: FederalView, dispute_id: bytes, *, block: BlockContext) -> Events:
    """Do what follows when a step's whole time is over."""
    dispute = view.get_dispute(dispute_id)
    if dispute is None:
        raise InvariantError("a queue names a dispute that is not there")
    if dispute.verdict is not DisputeVerdict.NONE:
        return close(view, dispute, dispute.verdict, dispute.answer_hash)
    if dispute.step is not DisputeStep.ARBITRATION:
        return advance(view, dispute, to=get_next(dispute), block=block)
    said = {answer.text_hash: None for answer in dispute.answers}
    if len(said) == 1:  # the other party had time to say that the award is another
        return close(view, dispute, DisputeVerdict.AWARDED, next(iter(said)))
    view.put_dispute(replace(dispute, ends_ms=0))
    return (DisputeOverdue(cooperative=dispute.claimant, dispute=dispute_id),)


def decide_by_motion(view: FederalView, act: DecideDispute, *, block: BlockContext) -> Events:
    """Take the assembly's decision, or the award that it confirms.

    Raises:
        TxRefusedError: DISPUTE_UNKNOWN, DISPUTE_CLOSED, STEP_OTHER; in this order.
    """
    dispute = view.get_dispute(act.dispute)
    if dispute is None:
        raise TxRefusedError(RefusalCode.DISPUTE_UNKNOWN)
    if dispute.verdict is not DisputeVerdict.NONE:
        raise TxRefusedError(RefusalCode.DISPUTE_CLOSED)
    if dispute.step is DisputeStep.ARBITRATION:
        return close(view, dispute, DisputeVerdict.AWARDED, act.text_hash)
    if dispute.step is not DisputeStep.ASSEMBLY:
        raise TxRefusedError(RefusalCode.STEP_OTHER)
    return decide(view, dispute, DisputeVerdict.BY_ASSEMBLY, act.text_hash, block=block)


def get_next(dispute: Dispute) -> DisputeStep:
    """The step after the one at which a dispute is."""
    return DisputeStep(dispute.step + 1)


def _window(view: FederalView, duration_s: int) -> int:
    return compute_window_ms(duration_s, time_scale=view.get_parameters().time_scale)
