"""What members' acts do, and when they cannot be done.

An act is tried when it is proposed, so that nobody votes on what cannot be, and again when it
is accepted, since much may have changed meanwhile.
"""

from itertools import pairwise

from msgspec.structs import replace

from governance.accountability_view import AccountabilityView
from governance.body_events import OfficerRecalled
from governance.bylaws import compute_window_ms, is_within_charter
from governance.charters import answer_charter
from governance.confidence import dismiss, renew
from governance.context import BlockContext
from governance.elections import check_election
from governance.events import (
    BylawsChanged,
    Events,
    LicenceGranted,
    LicenceRevoked,
)
from governance.federal import approve
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
)
from governance.proposal_records import Licence
from governance.records import Cooperative, CooperativeStatus
from governance.refusals import RefusalCode, TxRefusedError
from governance.registry import part
from governance.roll_view import RollView
from governance.vacancies import vacate
from governance.view import Savepoint

_DAY_S = 86_400


def check_member_act(
    view: RollView, act: MemberAct, *, cooperative: Cooperative, block: BlockContext
) -> None:
    """Check that an act could be done now.

    Raises:
        TxRefusedError: Why not; docs/transactions.md has the precedence by act.
    """
    tried = RollView(Savepoint(view.kv))
    enact_member_act(tried, act, cooperative=cooperative, proposal_id=bytes(32), block=block)


def enact_member_act(
    view: RollView,
    act: MemberAct,
    *,
    cooperative: Cooperative,
    proposal_id: bytes,
    block: BlockContext,
) -> Events:
    """Do what a proposal asks for.

    Args:
        view: State; what a refused act changed is dropped by the caller.
        act: Accepted, or to be tried.
        cooperative: Whose members decided.
        proposal_id: The proposal's.
        block: The block in which it happens.

    Raises:
        TxRefusedError: As `check_member_act`.
    """
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
            return _recall(view, act, cooperative, block=block)
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
    view: RollView,
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


def _change_bylaws(view: RollView, act: ChangeBylaws, cooperative: Cooperative) -> Events:
    bylaws_hash = act.bylaws.compute_hash()
    if not is_within_charter(act.bylaws) or bylaws_hash == cooperative.bylaws_hash:
        raise TxRefusedError(RefusalCode.BYLAWS_UNFIT)
    view.put_bylaws(act.bylaws)
    view.put_cooperative(replace(cooperative, bylaws_hash=bylaws_hash))
    return (BylawsChanged(cooperative=cooperative.id, bylaws_hash=bylaws_hash),)


def _grant_licence(
    view: RollView,
    act: GrantLicence,
    cooperative: Cooperative,
    *,
    proposal_id: bytes,
    block: BlockContext,
) -> Events:
    if view.get_insight(cooperative.id, act.insight).withdrawn_by:
        raise TxRefusedError(RefusalCode.INSIGHT_WITHDRAWN)
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


def _revoke_licence(view: RollView, act: RevokeLicence, cooperative: Cooperative) -> Events:
    licence = view.get_licence(cooperative.id, act.licence)
    if licence is None:
        raise TxRefusedError(RefusalCode.LICENCE_UNKNOWN)
    if licence.is_revoked:
        raise TxRefusedError(RefusalCode.LICENCE_REVOKED)
    view.put_licence(cooperative.id, act.licence, replace(licence, is_revoked=True))
    return (LicenceRevoked(cooperative=cooperative.id, licence=act.licence),)


def _end(
    view: RollView, act: EndCooperative, cooperative: Cooperative, *, block: BlockContext
) -> Events:
    successor = view.get_cooperative(act.successor)
    if successor is None or not successor.is_member or act.successor == cooperative.id:
        raise TxRefusedError(RefusalCode.SUCCESSOR_UNFIT)
    cooperative = replace(cooperative, successor=act.successor)
    view.put_cooperative(cooperative)
    return part(view, cooperative, CooperativeStatus.ENDED, block=block)


def _recall(
    view: RollView, act: RecallOfficer, cooperative: Cooperative, *, block: BlockContext
) -> Events:
    if act.office not in view.get_body(cooperative.id, act.body).offices:
        raise TxRefusedError(RefusalCode.SEAT_UNKNOWN)
    recalled = OfficerRecalled(cooperative=cooperative.id, body=act.body, office=act.office)
    return (recalled, *vacate(view, cooperative.id, act.body, act.office, block=block))
