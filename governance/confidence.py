"""What follows where a body does not do what it owes: members are asked whether it goes.

Each miss is told (`DutyOverdue`) and counted. After three in a row the rules submit a motion: if
members accept it, the body loses all its seats and an election of it is submitted by the rules.
Nobody in the body can stop either (specification §4.1.2, §4.4.1).
"""

import hashlib

from msgspec.structs import replace

from governance.accountability_events import BodyDismissed, ConfidenceAsked, DutyOverdue
from governance.accountability_view import AccountabilityView
from governance.body_records import BodyKind
from governance.charter import DUTY_MISSES
from governance.context import BlockContext
from governance.duties import DUTIES, note_entry, pause_duties, schedule
from governance.duty_records import Confidence, Duty, DutyKind
from governance.election_calls import call_election
from governance.events import Events
from governance.member_acts import DismissBody
from governance.proposal_records import Proposal, ProposalKind
from governance.records import Cooperative
from governance.refusals import RefusalCode, TxRefusedError
from governance.submitting import submit
from governance.transactions import SubmitProposal

_CONFIDENCE_DOMAIN = b"rochdale/confidence/v1"
_RENEWAL_DOMAIN = b"rochdale/renewal/v1"
_NO_TEXT = bytes(32)
"""What the rules ask has no text: the act says it all."""


def miss_duty(
    view: AccountabilityView, cooperative: bytes, kind: DutyKind, *, block: BlockContext
) -> Events:
    """Tell that a duty was not fulfilled when grace ended, and what follows."""
    rule = DUTIES[kind]
    owner = view.require_cooperative(cooperative)
    if not owner.is_member or not view.get_body(cooperative, rule.body).seats:
        return pause_duties(view, cooperative, rule.body)
    duty = view.get_duty(cooperative, kind)
    duty = replace(duty, misses_count=duty.misses_count + 1)
    overdue = DutyOverdue(
        cooperative=cooperative,
        duty=kind,
        body=rule.body,
        due_ms=duty.due_ms,
        misses_count=duty.misses_count,
    )
    note_entry(view, cooperative, duty, block=block)
    asked: Events = ()
    if duty.misses_count >= DUTY_MISSES:
        asked = _ask_confidence(view, owner, duty, block=block)
    # Not from when it was due: after a standstill all that was missed would fall due at once.
    schedule(view, cooperative, duty, from_ms=block.time_ms)
    return (overdue, *asked)


def dismiss(view: AccountabilityView, act: DismissBody, cooperative: Cooperative) -> Events:
    """Take all its seats from a body.

    Raises:
        TxRefusedError: SEAT_UNKNOWN: nobody sits in it.
    """
    body = view.get_body(cooperative.id, act.body)
    if not body.seats:
        raise TxRefusedError(RefusalCode.SEAT_UNKNOWN)
    view.put_body(cooperative.id, replace(body, seats=()))
    dismissed = BodyDismissed(cooperative=cooperative.id, body=act.body, offices=body.offices)
    return (dismissed, *pause_duties(view, cooperative.id, act.body))


def renew(
    view: AccountabilityView,
    body: BodyKind,
    cooperative: Cooperative,
    *,
    proposal_id: bytes,
    block: BlockContext,
) -> Events:
    """Submit the election of a body that was dismissed, unless one is under way."""
    renewal_id = compute_renewal_id(proposal_id)
    return call_election(view, cooperative, body, proposal_id=renewal_id, block=block)


def end_confidence(view: AccountabilityView, proposal: Proposal) -> None:
    """Let members be asked about a body again, once they have answered or could not."""
    act = view.require_act(proposal.cooperative, proposal.id)
    if isinstance(act, DismissBody):
        view.delete_confidence(proposal.cooperative, act.body)


def compute_confidence_id(cooperative: bytes, kind: DutyKind, *, due_ms: int) -> bytes:
    """The id of the proposal that follows when a duty was missed too often.

    Args:
        cooperative: Whose.
        kind: What was missed.
        due_ms: When it was due the last time.
    """
    return hashlib.sha256(
        _CONFIDENCE_DOMAIN + cooperative + bytes([kind]) + due_ms.to_bytes(8, "big")
    ).digest()


def compute_renewal_id(proposal_id: bytes) -> bytes:
    """The id of the election that follows a body's dismissal."""
    return hashlib.sha256(_RENEWAL_DOMAIN + proposal_id).digest()


def _ask_confidence(
    view: AccountabilityView, cooperative: Cooperative, duty: Duty, *, block: BlockContext
) -> Events:
    body = DUTIES[duty.kind].body
    if view.get_confidence(cooperative.id, body) is not None:
        return ()
    proposal_id = compute_confidence_id(cooperative.id, duty.kind, due_ms=duty.due_ms)
    view.put_confidence(cooperative.id, body, Confidence(proposal=proposal_id))
    asked = ConfidenceAsked(
        cooperative=cooperative.id, proposal=proposal_id, duty=duty.kind, body=body
    )
    motion = SubmitProposal(
        cooperative=cooperative.id,
        kind=ProposalKind.CONFIDENCE,
        text_hash=_NO_TEXT,
        subject=b"",
        act=DismissBody(body=body),
    )
    return (
        asked,
        *submit(
            view,
            motion,
            cooperative=cooperative,
            proposal_id=proposal_id,
            proposer=cooperative.id,
            block=block,
        ),
    )
