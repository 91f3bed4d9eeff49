"""What follows from a proposal's end, by its kind and outcome.

What the rules cannot do themselves, people carry out. What a rule forbids when the time has
come is noted, and stops nothing.
"""

from collections.abc import Callable

from msgspec.structs import replace

from config.errors import InvariantError
from governance.accountability_view import AccountabilityView
from governance.bylaws import compute_window_ms
from governance.charter import SECOND_VOTE_S
from governance.complaint_steps import conclude_hearing
from governance.confidence import end_confidence
from governance.context import BlockContext
from governance.departures import decide_appeal
from governance.duties import begin_duties
from governance.election_calls import call_again
from governance.elections import note_election, require_election, seat_winners
from governance.emergencies import end_emergency
from governance.events import (
    EnactmentFailed,
    Events,
    ProposalEnacted,
    SecondVoteAnnounced,
)
from governance.insights import EFFECTS, decide_insight
from governance.kinds import KINDS
from governance.member_acts import (
    EndCooperative,
    get_number,
)
from governance.member_enactment import enact_member_act
from governance.proposal_records import Enactment, Proposal, ProposalKind
from governance.queues import Turn, put_due
from governance.refusals import TxRefusedError
from governance.roll_view import RollView
from governance.vetoes import open_veto_window, override
from governance.view import Savepoint


def conclude(
    view: RollView, proposal: Proposal, *, is_accepted: bool, block: BlockContext
) -> Events:
    """Do what follows from a proposal's end.

    Args:
        view: State.
        proposal: Closed or void, as it is in state.
        is_accepted: Whether members have accepted it.
        block: The block in which it happens.
    """
    cooperative, subject = proposal.cooperative, proposal.subject
    if proposal.kind is ProposalKind.RATIFICATION:
        return end_emergency(view, cooperative, proposal.id, is_ratified=is_accepted)
    if proposal.kind is ProposalKind.APPEAL:
        return decide_appeal(view, proposal, is_excluded=is_accepted, block=block)
    if proposal.kind is ProposalKind.COMPLAINT:
        return conclude_hearing(AccountabilityView(view.kv), proposal, block=block)
    if proposal.kind is ProposalKind.CONFIDENCE:
        end_confidence(AccountabilityView(view.kv), proposal)
    if not is_accepted:
        note_election(view, proposal, is_open=False)
        return call_again(AccountabilityView(view.kv), proposal, block=block)
    if KINDS[proposal.kind].has_options:
        return _use_result(view, proposal, block=block)
    if proposal.kind is ProposalKind.DATA_USE:
        return open_veto_window(view, proposal, block=block)
    if proposal.kind is ProposalKind.VETO_OVERRIDE:
        return _try(view, proposal, lambda tried: override(tried, cooperative, subject))
    if proposal.kind in EFFECTS:
        return _try(
            view,
            proposal,
            lambda tried: decide_insight(
                tried,
                proposal.kind,
                cooperative=cooperative,
                insight=subject,
                proposal=proposal.id,
            ),
        )
    return _implement(view, proposal, block=block)


def _use_result(view: RollView, proposal: Proposal, *, block: BlockContext) -> Events:
    """Seat who was elected; what a budget found is for people to carry out."""
    if proposal.kind is not ProposalKind.ELECTION:
        return ()
    result = view.get_count_result(proposal.cooperative, proposal.id)
    if result is None:
        raise InvariantError("an election has closed without a count")
    view.put_proposal(replace(proposal, enactment=Enactment.DONE))
    seated = seat_winners(view, proposal, result, block=block)
    body = require_election(view, proposal).body
    tracked = AccountabilityView(view.kv)
    return seated + begin_duties(tracked, proposal.cooperative, body, block=block)


def _implement(view: RollView, proposal: Proposal, *, block: BlockContext) -> Events:
    act = view.get_act(proposal.cooperative, proposal.id)
    if act is None:
        return ()
    is_first_vote = proposal.proposer != proposal.cooperative
    if isinstance(act, EndCooperative) and is_first_vote:
        return _announce_second_vote(view, proposal, block=block)
    cooperative = view.require_cooperative(proposal.cooperative)
    events = _try(
        view,
        proposal,
        lambda tried: enact_member_act(
            tried, act, cooperative=cooperative, proposal_id=proposal.id, block=block
        ),
    )
    done = view.get_proposal(proposal.cooperative, proposal.id)
    if done is None or done.enactment is not Enactment.DONE:
        return events
    enacted = ProposalEnacted(
        cooperative=proposal.cooperative, proposal=proposal.id, act=get_number(act)
    )
    return (enacted, *events)


def _try(view: RollView, proposal: Proposal, do: Callable[[RollView], Events]) -> Events:
    """Do something with a savepoint; what a rule forbids is noted and changes nothing else."""
    savepoint = Savepoint(view.kv)
    try:
        events = do(RollView(savepoint))
    except TxRefusedError as error:
        view.put_proposal(replace(proposal, enactment=Enactment.FAILED))
        return (
            EnactmentFailed(
                cooperative=proposal.cooperative, proposal=proposal.id, refusal=error.refusal
            ),
        )
    savepoint.commit()
    view.put_proposal(replace(proposal, enactment=Enactment.DONE))
    return events


def _announce_second_vote(view: RollView, proposal: Proposal, *, block: BlockContext) -> Events:
    scale = view.get_parameters().time_scale
    begins_ms = block.time_ms + compute_window_ms(SECOND_VOTE_S, time_scale=scale)
    put_due(
        view,
        Turn.SECOND_VOTE,
        due_ms=begins_ms,
        cooperative=proposal.cooperative,
        subject=proposal.id,
    )
    view.put_proposal(replace(proposal, enactment=Enactment.SECOND_VOTE))
    return (
        SecondVoteAnnounced(
            cooperative=proposal.cooperative, proposal=proposal.id, begins_ms=begins_ms
        ),
    )
