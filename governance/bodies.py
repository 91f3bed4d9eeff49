"""What elected bodies do: an officer proposes an act, others support it, enough do it.

Open and recorded, with office accounts (specification §4.1.2). A motion lapses by itself.
"""

from msgspec.structs import replace

from governance.accountability_view import AccountabilityView
from governance.admissions import audit_roll, decide_challenge, let_roll_grow
from governance.body_acts import (
    RULES,
    AdviseOnComplaint,
    AnswerComplaint,
    AuditRoll,
    BodyAct,
    ChargeOfficer,
    DecideChallenge,
    EmergencyAct,
    ExcludeMember,
    FulfilDuty,
    LetRollGrow,
    Recommend,
    RecordAward,
    Review,
    TakeOverComplaint,
    Veto,
    compute_needed,
    get_number,
    get_subject,
)
from governance.body_events import BodyActDone, BodyActProposed, BodyActSupported
from governance.body_records import BodyKind, BodyMotion
from governance.body_transactions import (
    ProposeBodyAct,
    SupportBodyAct,
    compute_body_motion_id,
    compute_ratification_id,
)
from governance.bylaws import compute_window_ms
from governance.charges import charge_officer
from governance.charter import BODY_MOTION_S
from governance.context import BlockContext, Sender
from governance.departures import exclude
from governance.duties import fulfil_duty
from governance.emergencies import begin_emergency
from governance.events import Events
from governance.hearing import do_on_complaint, list_deciding
from governance.logs import Log, LogName, append
from governance.offices import require_office
from governance.opinions import (
    give_opinion,
    is_recommendation_awaited,
    is_review_awaited,
)
from governance.proposal_records import ProposalKind, Stage
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll_view import RollView
from governance.submitting import submit
from governance.transactions import (
    SubmitProposal,
)
from governance.vetoes import veto
from governance.view import Savepoint
from governance.windows import end_window_early


def apply_propose_body_act(
    view: RollView, tx: ProposeBodyAct, *, sender: Sender, block: BlockContext
) -> Events:
    """Ask a body to do something; whoever asks supports it.

    Raises:
        TxRefusedError: As `require_office`; then NOT_IN_BODY, ACT_NOT_OF_BODY, CONCERNED, why the
            act cannot be done now, MOTION_EXISTS; in this order.
    """
    require_office(view, tx.cooperative, sender=sender)
    if sender.account not in view.get_body(tx.cooperative, tx.body).offices:
        raise TxRefusedError(RefusalCode.NOT_IN_BODY)
    if tx.body not in RULES[type(tx.act)].bodies:
        raise TxRefusedError(RefusalCode.ACT_NOT_OF_BODY)
    if sender.account not in _list_deciding(view, tx.act, tx.body, tx.cooperative):
        raise TxRefusedError(RefusalCode.CONCERNED)
    motion_id = compute_body_motion_id(account=sender.account, nonce=sender.nonce, payload=tx)
    scale = view.get_parameters().time_scale
    motion = BodyMotion(
        id=motion_id,
        body=tx.body,
        act=tx.act,
        supporters=(sender.account,),
        proposed_height=block.height,
        lapses_at_ms=block.time_ms + compute_window_ms(BODY_MOTION_S, time_scale=scale),
    )
    _do(RollView(Savepoint(view.kv)), motion, cooperative=tx.cooperative, block=block)
    if view.get_body_motion(tx.cooperative, motion_id) is not None:
        raise TxRefusedError(RefusalCode.MOTION_EXISTS)
    view.put_body_motion(tx.cooperative, motion)
    append(view, Log(LogName.BODY_MOTIONS, namespace=tx.cooperative), [motion_id])
    proposed = BodyActProposed(
        cooperative=tx.cooperative,
        motion=motion_id,
        body=tx.body,
        office=sender.account,
        act=get_number(tx.act),
        subject=get_subject(tx.act),
        lapses_at_ms=motion.lapses_at_ms,
    )
    return (proposed, *_settle(view, motion, cooperative=tx.cooperative, block=block))


def apply_support_body_act(
    view: RollView, tx: SupportBodyAct, *, sender: Sender, block: BlockContext
) -> Events:
    """Support a motion of a body; the support that makes enough does it.

    Who supported it before may say so again once others have left, as in the federation.

    Raises:
        TxRefusedError: As `require_office`; then MOTION_UNKNOWN, NOT_IN_BODY, CONCERNED,
            MOTION_CLOSED, MOTION_APPROVED; in this order; then, if it makes enough, why it cannot
            be done.
    """
    require_office(view, tx.cooperative, sender=sender)
    motion = view.get_body_motion(tx.cooperative, tx.motion)
    if motion is None:
        raise TxRefusedError(RefusalCode.MOTION_UNKNOWN)
    if sender.account not in view.get_body(tx.cooperative, motion.body).offices:
        raise TxRefusedError(RefusalCode.NOT_IN_BODY)
    if sender.account not in _list_deciding(view, motion.act, motion.body, tx.cooperative):
        raise TxRefusedError(RefusalCode.CONCERNED)
    if motion.is_done or block.time_ms >= motion.lapses_at_ms:
        raise TxRefusedError(RefusalCode.MOTION_CLOSED)
    if sender.account in motion.supporters:
        if not _is_enough(view, motion, tx.cooperative):
            raise TxRefusedError(RefusalCode.MOTION_APPROVED)
    else:
        # Who sits no more is forgotten: seats may change hands for as long as a motion is open.
        offices = view.get_body(tx.cooperative, motion.body).offices
        staying = tuple(office for office in motion.supporters if office in offices)
        motion = replace(motion, supporters=(*staying, sender.account))
        view.put_body_motion(tx.cooperative, motion)
    supported = BodyActSupported(
        cooperative=tx.cooperative,
        motion=motion.id,
        office=sender.account,
        supporters_count=_count_supporters(view, motion, tx.cooperative),
        needed_count=_count_needed(view, motion, tx.cooperative),
    )
    return (supported, *_settle(view, motion, cooperative=tx.cooperative, block=block))


def _settle(
    view: RollView, motion: BodyMotion, *, cooperative: bytes, block: BlockContext
) -> Events:
    if not _is_enough(view, motion, cooperative):
        return ()
    view.put_body_motion(cooperative, replace(motion, is_done=True))
    done = BodyActDone(
        cooperative=cooperative,
        motion=motion.id,
        body=motion.body,
        act=get_number(motion.act),
        subject=get_subject(motion.act),
    )
    return (done, *_do(view, motion, cooperative=cooperative, block=block))


def _do(view: RollView, motion: BodyMotion, *, cooperative: bytes, block: BlockContext) -> Events:
    act: BodyAct = motion.act
    match act:
        case Review() | Recommend():
            return _advise(view, act, cooperative, motion.body, block=block)
        case Veto():
            return veto(view, act, cooperative=cooperative)
        case ExcludeMember():
            return exclude(view, act, cooperative=cooperative, block=block)
        case DecideChallenge():
            return decide_challenge(view, act, cooperative=cooperative, block=block)
        case AuditRoll():
            return audit_roll(view, act, cooperative=cooperative)
        case LetRollGrow():
            return let_roll_grow(view, act, cooperative=cooperative, block=block)
        case ChargeOfficer():
            return charge_officer(view, act, cooperative=cooperative)
        case FulfilDuty():
            return fulfil_duty(
                AccountabilityView(view.kv),
                act,
                cooperative=cooperative,
                body=motion.body,
                block=block,
            )
        case AnswerComplaint() | TakeOverComplaint() | AdviseOnComplaint() | RecordAward():
            return do_on_complaint(
                AccountabilityView(view.kv),
                act,
                cooperative=cooperative,
                body=motion.body,
                block=block,
            )
        case _:
            return _begin_emergency(view, act, cooperative, motion.id, block=block)


def _begin_emergency(
    view: RollView, act: EmergencyAct, cooperative: bytes, motion: bytes, *, block: BlockContext
) -> Events:
    """It begins at once, and members are asked whether it holds."""
    ratification = compute_ratification_id(motion)
    events = begin_emergency(
        view,
        act,
        cooperative=cooperative,
        motion=motion,
        ratification=ratification,
        block=block,
    )
    asked = SubmitProposal(
        cooperative=cooperative,
        kind=ProposalKind.RATIFICATION,
        text_hash=act.reasons_hash,
        subject=motion,
    )
    return events + submit(
        view,
        asked,
        cooperative=view.require_cooperative(cooperative),
        proposal_id=ratification,
        proposer=cooperative,
        block=block,
    )


def _advise(
    view: RollView,
    act: Review | Recommend,
    cooperative: bytes,
    body: BodyKind,
    *,
    block: BlockContext,
) -> Events:
    """Keep an opinion; a window in which nobody is awaited any more ends early."""
    proposal, events = give_opinion(view, act, cooperative=cooperative, body=body, block=block)
    if proposal.stage is Stage.REVIEW and not is_review_awaited(view, proposal):
        end_window_early(view, proposal)
    if proposal.stage is Stage.RECOMMENDATION and not is_recommendation_awaited(view, proposal):
        end_window_early(view, proposal)
    return events


def _is_enough(view: RollView, motion: BodyMotion, cooperative: bytes) -> bool:
    return _count_supporters(view, motion, cooperative) >= _count_needed(view, motion, cooperative)


def _count_supporters(view: RollView, motion: BodyMotion, cooperative: bytes) -> int:
    """Who has a seat now; who has lost it counts no more."""
    offices = _list_deciding(view, motion.act, motion.body, cooperative)
    return sum(1 for office in motion.supporters if office in offices)


def _count_needed(view: RollView, motion: BodyMotion, cooperative: bytes) -> int:
    seats_count = len(_list_deciding(view, motion.act, motion.body, cooperative))
    return compute_needed(seats_count, RULES[type(motion.act)].needed)


def _list_deciding(
    view: RollView, act: BodyAct, body: BodyKind, cooperative: bytes
) -> tuple[bytes, ...]:
    return list_deciding(AccountabilityView(view.kv), act, cooperative=cooperative, body=body)
