"""How a complaint goes from one who hears it to the next (specification §4.4.2).

Ombudsperson, mediation, ethics panel, assembly, arbitration. Each step has a time; when it is
over the complainant may go on to the next, and when they do not the rules do: silence never
blocks. A step that nobody can hear is left out: nobody sits in the body, or only those whom the
complaint is about. What was answered stands when the complainant has let a time pass.
"""

from typing import Final

from msgspec.structs import replace

from config.errors import InvariantError
from governance.accountability_events import (
    ComplaintAdvanced,
    ComplaintClosed,
    ComplaintOverdue,
)
from governance.accountability_transactions import compute_hearing_id
from governance.accountability_view import AccountabilityView
from governance.body_records import BodyKind
from governance.bylaws import compute_window_ms
from governance.complaint_records import About, Complaint, ComplaintStep, Verdict
from governance.context import BlockContext
from governance.events import Events
from governance.proposal_records import Outcome, Proposal, ProposalKind
from governance.queues import Turn, delete_due, put_due
from governance.submitting import submit
from governance.transactions import SubmitProposal

HEARD_BY: Final = {
    ComplaintStep.OMBUDSPERSON: BodyKind.OMBUDSPERSON,
    ComplaintStep.MEDIATION: BodyKind.MEDIATORS,
    ComplaintStep.ETHICS_PANEL: BodyKind.ETHICS_PANEL,
}
"""Which body hears a complaint at a step."""
_VERDICTS = {
    Outcome.ACCEPTED: Verdict.UPHELD,
    Outcome.REJECTED: Verdict.REJECTED,
    Outcome.TOO_FEW_YES: Verdict.REJECTED,
}
"""What members' vote says of a complaint; without a quorum nothing."""


def advance(
    view: AccountabilityView,
    cooperative: bytes,
    complaint: Complaint,
    *,
    to: ComplaintStep,
    block: BlockContext,
) -> Events:
    """Bring a complaint to a step, or to the first after it that somebody can hear."""
    step = next(
        step
        for step in ComplaintStep
        if step >= to and _is_heard(view, cooperative, complaint, step)
    )
    leave_queue(view, cooperative, complaint)
    complaint = replace(
        complaint, step=step, escalates_from_ms=0, ends_ms=0, verdict=Verdict.NONE, answer_hash=b""
    )
    asked: Events = ()
    if step is ComplaintStep.ASSEMBLY:
        view.put_complaint(cooperative, complaint)
        asked = _ask_assembly(view, cooperative, complaint, block=block)
    elif step is ComplaintStep.ARBITRATION:
        length_ms = _window(view, cooperative, "arbitration_s")
        complaint = call_up(view, cooperative, complaint, ends_ms=block.time_ms + length_ms)
    else:
        from_ms = block.time_ms + _window(view, cooperative, f"{step.name.lower()}_s")
        complaint = wait(view, cooperative, complaint, from_ms=from_ms)
    advanced = ComplaintAdvanced(
        cooperative=cooperative, complaint=complaint.id, step=step, ends_ms=complaint.ends_ms
    )
    return (advanced, *asked)


def wait(
    view: AccountabilityView, cooperative: bytes, complaint: Complaint, *, from_ms: int
) -> Complaint:
    """Let the complainant go on from a time, until the rules do what follows."""
    ends_ms = from_ms + _window(view, cooperative, "escalation_s")
    complaint = replace(complaint, escalates_from_ms=from_ms)
    return call_up(view, cooperative, complaint, ends_ms=ends_ms)


def call_up(
    view: AccountabilityView, cooperative: bytes, complaint: Complaint, *, ends_ms: int
) -> Complaint:
    """Let the rules look at a complaint at a time, and at no other."""
    leave_queue(view, cooperative, complaint)
    complaint = replace(complaint, ends_ms=ends_ms)
    view.put_complaint(cooperative, complaint)
    put_due(view, Turn.COMPLAINT, due_ms=ends_ms, cooperative=cooperative, subject=complaint.id)
    return complaint


def leave_queue(view: AccountabilityView, cooperative: bytes, complaint: Complaint) -> None:
    """Let no time run for a complaint."""
    if complaint.ends_ms:
        delete_due(
            view,
            Turn.COMPLAINT,
            due_ms=complaint.ends_ms,
            cooperative=cooperative,
            subject=complaint.id,
        )


def close(
    view: AccountabilityView, cooperative: bytes, complaint: Complaint, verdict: Verdict
) -> Events:
    """End a complaint."""
    leave_queue(view, cooperative, complaint)
    complaint = replace(
        complaint,
        step=ComplaintStep.CLOSED,
        verdict=verdict,
        escalates_from_ms=0,
        ends_ms=0,
    )
    view.put_complaint(cooperative, complaint)
    open_count = view.get_open_complaints(cooperative, complaint.complainant) - 1
    view.put_open_complaints(cooperative, complaint.complainant, open_count)
    return (
        ComplaintClosed(
            cooperative=cooperative,
            complaint=complaint.id,
            verdict=verdict,
            answer_hash=complaint.answer_hash,
        ),
    )


def end_step(
    view: AccountabilityView, cooperative: bytes, complaint_id: bytes, *, block: BlockContext
) -> Events:
    """Do what follows when a step's whole time is over."""
    complaint = view.get_complaint(cooperative, complaint_id)
    if complaint is None:
        raise InvariantError("a queue names a complaint that is not there")
    if not view.require_cooperative(cooperative).is_member:
        view.put_complaint(cooperative, replace(complaint, ends_ms=0))
        return ()
    if complaint.verdict is not Verdict.NONE:
        return close(view, cooperative, complaint, complaint.verdict)
    if complaint.step is ComplaintStep.ARBITRATION:
        # Whoever arbitrates is not ours to hurry: the award is taken whenever it comes.
        view.put_complaint(cooperative, replace(complaint, ends_ms=0))
        return (ComplaintOverdue(cooperative=cooperative, complaint=complaint_id),)
    return advance(view, cooperative, complaint, to=get_next(complaint), block=block)


def conclude_hearing(
    view: AccountabilityView, proposal: Proposal, *, block: BlockContext
) -> Events:
    """Take what members decided on a complaint, or go on where too few did."""
    cooperative = proposal.cooperative
    complaint = view.get_complaint(cooperative, proposal.subject)
    if complaint is None or complaint.step is not ComplaintStep.ASSEMBLY:
        return ()
    decision = view.get_decision(cooperative, proposal.id)
    verdict = Verdict.NONE if decision is None else _VERDICTS.get(decision.outcome, Verdict.NONE)
    if verdict is Verdict.NONE:
        return advance(view, cooperative, complaint, to=get_next(complaint), block=block)
    complaint = replace(complaint, verdict=verdict, answer_hash=proposal.id)
    wait(view, cooperative, complaint, from_ms=block.time_ms)
    return ()


def get_next(complaint: Complaint) -> ComplaintStep:
    """The step after the one at which a complaint is."""
    return ComplaintStep(complaint.step + 1)


def is_concerned(
    view: AccountabilityView, cooperative: bytes, complaint: Complaint, office: bytes
) -> bool:
    """Check if a complaint is about an office, or about a body in which it sits."""
    if complaint.about is About.OFFICER:
        return complaint.subject == office
    if complaint.about is About.BODY:
        body = BodyKind(int.from_bytes(complaint.subject, "big"))
        return office in view.get_body(cooperative, body).offices
    return False


def _is_heard(
    view: AccountabilityView, cooperative: bytes, complaint: Complaint, step: ComplaintStep
) -> bool:
    body = HEARD_BY.get(step)
    if body is None:
        return True
    if step is ComplaintStep.ETHICS_PANEL and not complaint.is_serious:
        return False
    offices = view.get_body(cooperative, body).offices
    return any(not is_concerned(view, cooperative, complaint, office) for office in offices)


def _ask_assembly(
    view: AccountabilityView, cooperative: bytes, complaint: Complaint, *, block: BlockContext
) -> Events:
    hearing = SubmitProposal(
        cooperative=cooperative,
        kind=ProposalKind.COMPLAINT,
        text_hash=complaint.text_hash,
        subject=complaint.id,
    )
    return submit(
        view,
        hearing,
        cooperative=view.require_cooperative(cooperative),
        proposal_id=compute_hearing_id(complaint.id),
        proposer=cooperative,
        block=block,
    )


def _window(view: AccountabilityView, cooperative: bytes, setting: str) -> int:
    bylaws = view.get_bylaws(view.require_cooperative(cooperative).bylaws_hash)
    scale = view.get_parameters().time_scale
    return compute_window_ms(getattr(bylaws.complaints, setting), time_scale=scale)
