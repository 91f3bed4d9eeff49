"""Emergency acts of the committee: a closed list, at once, and only until members have voted.

Two thirds of the committee may pause a data use, suspend the exchange with a peer or a
licence, or give the registrar's office other keys (specification §4.2.2). A vote on it opens
by itself; what members do not ratify is undone, but for keys: the old ones may be a thief's.
"""

from msgspec.structs import replace

from governance.body_acts import (
    BodyAct,
    EmergencyAct,
    PauseDataUse,
    RotateRegistrarKeys,
    SuspendLicence,
    SuspendPeer,
    get_number,
    get_subject,
)
from governance.body_events import EmergencyBegan, EmergencyRatified, EmergencyReverted
from governance.body_records import Emergency
from governance.body_view import BodyView
from governance.context import BlockContext
from governance.events import Events
from governance.keys import replace_registrar_keys
from governance.proposal_records import Enactment, Licence, Proposal, ProposalKind
from governance.refusals import RefusalCode, TxRefusedError


def begin_emergency(
    view: BodyView,
    act: EmergencyAct,
    *,
    cooperative: bytes,
    motion: bytes,
    ratification: bytes,
    block: BlockContext,
) -> Events:
    """Do an emergency act, and note which vote decides whether it stands.

    Raises:
        TxRefusedError: By act: DATA_USE_UNKNOWN; PEER_UNFIT; LICENCE_UNKNOWN,
            LICENCE_REVOKED, LICENCE_SUSPENDED; as `replace_registrar_keys`.
    """
    events = _do(view, act, cooperative, block=block)
    view.put_emergency(
        cooperative,
        ratification,
        Emergency(act=act, body_motion=motion, acted_height=block.height),
    )
    began = EmergencyBegan(
        cooperative=cooperative,
        ratification=ratification,
        act=get_number(act),
        subject=get_subject(act),
        reasons_hash=act.reasons_hash,
    )
    return (began, *events)


def end_emergency(
    view: BodyView, cooperative: bytes, ratification: bytes, *, is_ratified: bool
) -> Events:
    """Let an emergency act stand, or undo it, when members have voted or could not."""
    emergency = view.get_emergency(cooperative, ratification)
    if emergency is None or emergency.is_over:
        return ()
    view.put_emergency(cooperative, ratification, replace(emergency, is_over=True))
    if is_ratified:
        return (EmergencyRatified(cooperative=cooperative, ratification=ratification),)
    _undo(view, emergency.act, cooperative)
    return (EmergencyReverted(cooperative=cooperative, ratification=ratification),)


def _do(view: BodyView, act: EmergencyAct, cooperative: bytes, *, block: BlockContext) -> Events:
    match act:
        case PauseDataUse():
            proposal = _find_data_use(view, cooperative, act.proposal)
            if proposal.enactment is not Enactment.DONE:
                raise TxRefusedError(RefusalCode.DATA_USE_UNKNOWN)
            view.put_proposal(replace(proposal, enactment=Enactment.PAUSED))
        case SuspendPeer():
            peer = view.get_cooperative(act.peer)
            is_fit = peer is not None and act.peer != cooperative
            if not is_fit or view.is_peer_suspended(cooperative, act.peer):
                raise TxRefusedError(RefusalCode.PEER_UNFIT)
            view.put_peer_suspended(cooperative, act.peer, is_suspended=True)
        case SuspendLicence():
            licence = _find_licence(view, cooperative, act.licence)
            view.put_licence(cooperative, act.licence, replace(licence, is_suspended=True))
        case RotateRegistrarKeys():
            return replace_registrar_keys(
                view,
                cooperative,
                public_keys=act.public_keys,
                signatures_required=act.signatures_required,
                block=block,
            )
    return ()


def _undo(view: BodyView, act: BodyAct, cooperative: bytes) -> None:
    match act:
        case PauseDataUse():
            proposal = _find_data_use(view, cooperative, act.proposal)
            if proposal.enactment is Enactment.PAUSED:
                view.put_proposal(replace(proposal, enactment=Enactment.DONE))
        case SuspendPeer():
            view.put_peer_suspended(cooperative, act.peer, is_suspended=False)
        case SuspendLicence():
            licence = view.get_licence(cooperative, act.licence)
            if licence is not None:
                view.put_licence(cooperative, act.licence, replace(licence, is_suspended=False))
        case _:
            pass  # new keys stay: the old ones may be a thief's


def _find_data_use(view: BodyView, cooperative: bytes, proposal_id: bytes) -> Proposal:
    proposal = view.get_proposal(cooperative, proposal_id)
    if proposal is None or proposal.kind is not ProposalKind.DATA_USE:
        raise TxRefusedError(RefusalCode.DATA_USE_UNKNOWN)
    return proposal


def _find_licence(view: BodyView, cooperative: bytes, licence_id: bytes) -> Licence:
    licence = view.get_licence(cooperative, licence_id)
    if licence is None:
        raise TxRefusedError(RefusalCode.LICENCE_UNKNOWN)
    if licence.is_revoked:
        raise TxRefusedError(RefusalCode.LICENCE_REVOKED)
    if licence.is_suspended:
        raise TxRefusedError(RefusalCode.LICENCE_SUSPENDED)
    return licence
