"""What an accepted proposal does, and when it cannot be done.

An act is tried when it is proposed, so that nobody votes on what cannot be, and again when it
is accepted, since much may have changed meanwhile. What the rules cannot do themselves, people
carry out.
"""

from collections.abc import Callable
from itertools import pairwise

from msgspec.structs import replace

from config.errors import InvariantError
from governance.accountability_view import AccountabilityView
from governance.body_events import OfficerRecalled
from governance.body_view import BodyView
from governance.bylaws import compute_window_ms, is_within_charter
from governance.charter import SECOND_VOTE_S
from governance.charters import answer_charter
from governance.complaint_steps import conclude_hearing
from governance.confidence import dismiss, end_confidence, renew
from governance.context import BlockContext
from governance.duties import begin_duties
from governance.elections import (
    check_election,
    note_election,
    require_election,
    seat_winners,
)
from governance.emergencies import end_emergency
from governance.events import (
    BylawsChanged,
    EnactmentFailed,
    Events,
    LicenceGranted,
    LicenceRevoked,
    ProposalEnacted,
    SecondVoteAnnounced,
)
from governance.federal import approve
from governance.kinds import KINDS
from governance.leaving import give_notice
from governance.member_acts import (
    AnswerCharter,
    ChangeBylaws,
    DismissBody,
    ElectBody,
    EndCooperative,
    FundItems,
    GrantLicence,
    LeaveFederation,
    MemberAct,
    RecallOfficer,
    RevokeLicence,
    SupportMotion,
    get_number,
)
from governance.proposal_records import Enactment, Licence, Proposal, ProposalKind
from governance.queues import Turn, put_due
from governance.records import Cooperative, CooperativeStatus
from governance.refusals import RefusalCode, TxRefusedError
from governance.registry import part
from governance.vetoes import open_veto_window, override
from governance.view import Savepoint

_DAY_S = 86_400


def check_member_act(
    view: BodyView, act: MemberAct, *, cooperative: Cooperative, block: BlockContext
) -> None:
    """Check that an act could be done now.

    Raises:
        TxRefusedError: Why not; docs/transactions.md has the precedence by act.
    """
    tried = BodyView(Savepoint(view.kv))
    _do(tried, act, cooperative=cooperative, proposal_id=bytes(32), block=block)


def conclude(
    view: BodyView, proposal: Proposal, *, is_accepted: bool, block: BlockContext
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
    if proposal.kind is ProposalKind.COMPLAINT:
        return conclude_hearing(AccountabilityView(view.kv), proposal, block=block)
    if proposal.kind is ProposalKind.CONFIDENCE:
        end_confidence(AccountabilityView(view.kv), proposal)
    if not is_accepted:
        note_election(view, proposal, is_open=False)
        return ()
    if KINDS[proposal.kind].has_options:
        return _use_result(view, proposal, block=block)
    if proposal.kind is ProposalKind.DATA_USE:
        return open_veto_window(view, proposal, block=block)
    if proposal.kind is ProposalKind.VETO_OVERRIDE:
        return _try(view, proposal, lambda tried: override(tried, cooperative, subject))
    return _implement(view, proposal, block=block)


def _use_result(view: BodyView, proposal: Proposal, *, block: BlockContext) -> Events:
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


def _implement(view: BodyView, proposal: Proposal, *, block: BlockContext) -> Events:
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
        lambda tried: _do(
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


def _try(view: BodyView, proposal: Proposal, do: Callable[[BodyView], Events]) -> Events:
    """Do something with a savepoint; what a rule forbids is noted and changes nothing else."""
    savepoint = Savepoint(view.kv)
    try:
        events = do(BodyView(savepoint))
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


def _do(
    view: BodyView,
    act: MemberAct,
    *,
    cooperative: Cooperative,
    proposal_id: bytes,
    block: BlockContext,
) -> Events:
    if not cooperative.is_member:
        raise TxRefusedError(RefusalCode.COOPERATIVE_LEFT)
    match act:
        case ChangeBylaws():
            return _change_bylaws(view, act, cooperative)
        case GrantLicence():
            return _grant_licence(view, act, cooperative, proposal_id=proposal_id, block=block)
        case RevokeLicence():
            return _revoke_licence(view, act, cooperative)
        case SupportMotion() | LeaveFederation() | AnswerCharter():
            return _say_to_federation(view, act, cooperative, block=block)
        case EndCooperative():
            return _end(view, act, cooperative, block=block)
        case RecallOfficer():
            return _recall(view, act, cooperative)
        case DismissBody():
            tracked = AccountabilityView(view.kv)
            return dismiss(tracked, act, cooperative) + renew(
                tracked, act.body, cooperative, proposal_id=proposal_id, block=block
            )
        case ElectBody():
            check_election(view, act, cooperative, block=block)
        case FundItems():
            if any(low >= high for low, high in pairwise(act.items)):
                raise TxRefusedError(RefusalCode.ITEMS_UNFIT)
    return ()


def _say_to_federation(
    view: BodyView,
    act: SupportMotion | LeaveFederation | AnswerCharter,
    cooperative: Cooperative,
    *,
    block: BlockContext,
) -> Events:
    match act:
        case SupportMotion():
            return approve(view, cooperative, act.motion, block=block)
        case LeaveFederation():
            return give_notice(view, cooperative, block=block)
        case AnswerCharter():
            return answer_charter(view, act, cooperative, block=block)


def _change_bylaws(view: BodyView, act: ChangeBylaws, cooperative: Cooperative) -> Events:
    bylaws_hash = act.bylaws.compute_hash()
    if not is_within_charter(act.bylaws) or bylaws_hash == cooperative.bylaws_hash:
        raise TxRefusedError(RefusalCode.BYLAWS_UNFIT)
    view.put_bylaws(act.bylaws)
    view.put_cooperative(replace(cooperative, bylaws_hash=bylaws_hash))
    return (BylawsChanged(cooperative=cooperative.id, bylaws_hash=bylaws_hash),)


def _grant_licence(
    view: BodyView,
    act: GrantLicence,
    cooperative: Cooperative,
    *,
    proposal_id: bytes,
    block: BlockContext,
) -> Events:
    scale = view.get_parameters().time_scale
    ends_ms = block.time_ms + compute_window_ms(act.days * _DAY_S, time_scale=scale)
    view.put_licence(
        cooperative.id,
        proposal_id,
        Licence(
            insight=act.insight,
            licensee=act.licensee,
            purpose=act.purpose,
            price_minor=act.price_minor,
            granted_ms=block.time_ms,
            ends_ms=ends_ms,
        ),
    )
    return (
        LicenceGranted(
            cooperative=cooperative.id, licence=proposal_id, insight=act.insight, ends_ms=ends_ms
        ),
    )


def _revoke_licence(view: BodyView, act: RevokeLicence, cooperative: Cooperative) -> Events:
    licence = view.get_licence(cooperative.id, act.licence)
    if licence is None:
        raise TxRefusedError(RefusalCode.LICENCE_UNKNOWN)
    if licence.is_revoked:
        raise TxRefusedError(RefusalCode.LICENCE_REVOKED)
    view.put_licence(cooperative.id, act.licence, replace(licence, is_revoked=True))
    return (LicenceRevoked(cooperative=cooperative.id, licence=act.licence),)


def _end(
    view: BodyView, act: EndCooperative, cooperative: Cooperative, *, block: BlockContext
) -> Events:
    successor = view.get_cooperative(act.successor)
    if successor is None or not successor.is_member or act.successor == cooperative.id:
        raise TxRefusedError(RefusalCode.SUCCESSOR_UNFIT)
    cooperative = replace(cooperative, successor=act.successor)
    view.put_cooperative(cooperative)
    return part(view, cooperative, CooperativeStatus.ENDED, block=block)


def _recall(view: BodyView, act: RecallOfficer, cooperative: Cooperative) -> Events:
    body = view.get_body(cooperative.id, act.body)
    seats = tuple(seat for seat in body.seats if seat.office != act.office)
    if len(seats) == len(body.seats):
        raise TxRefusedError(RefusalCode.SEAT_UNKNOWN)
    view.put_body(cooperative.id, replace(body, seats=seats))
    return (OfficerRecalled(cooperative=cooperative.id, body=act.body, office=act.office),)


def _announce_second_vote(view: BodyView, proposal: Proposal, *, block: BlockContext) -> Events:
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
