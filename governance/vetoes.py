"""The privacy group's veto on data uses, and nothing else (specification §4.2.2).

An accepted data use begins when a window has passed in which the group may stop it, with
reasons. Members may override that by the constitution's quorum and two thirds. Where no group
sits, a data use begins at once.
"""

from msgspec.structs import replace

from governance.body_acts import Veto
from governance.body_events import DataUseBegan, DataUseVetoed, VetoWindowOpened
from governance.body_records import BodyKind
from governance.body_view import BodyView
from governance.bylaws import compute_window_ms
from governance.context import BlockContext
from governance.events import Events
from governance.proposal_records import Enactment, Proposal, ProposalKind
from governance.queues import Turn, put_due
from governance.refusals import RefusalCode, TxRefusedError


def open_veto_window(view: BodyView, proposal: Proposal, *, block: BlockContext) -> Events:
    """Let an accepted data use wait for the privacy group, if one sits; else it begins."""
    if not view.get_body(proposal.cooperative, BodyKind.PRIVACY).seats:
        return _begin(view, proposal)
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    scale = view.get_parameters().time_scale
    ends_ms = block.time_ms + compute_window_ms(bylaws.veto.window_s, time_scale=scale)
    put_due(
        view,
        Turn.VETO_WINDOW,
        due_ms=ends_ms,
        cooperative=proposal.cooperative,
        subject=proposal.id,
    )
    view.put_proposal(replace(proposal, enactment=Enactment.VETO_WINDOW))
    return (
        VetoWindowOpened(cooperative=proposal.cooperative, proposal=proposal.id, ends_ms=ends_ms),
    )


def end_veto_window(view: BodyView, cooperative: bytes, proposal_id: bytes) -> Events:
    """Let a data use begin that nobody has stopped."""
    proposal = view.get_proposal(cooperative, proposal_id)
    if proposal is None or proposal.enactment is not Enactment.VETO_WINDOW:
        return ()
    return _begin(view, proposal)


def veto(view: BodyView, act: Veto, *, cooperative: bytes) -> Events:
    """Stop an accepted data use that has not begun.

    Raises:
        TxRefusedError: DATA_USE_UNKNOWN.
    """
    proposal = _find(view, cooperative, act.proposal, Enactment.VETO_WINDOW)
    view.put_proposal(replace(proposal, enactment=Enactment.VETOED))
    return (
        DataUseVetoed(cooperative=cooperative, proposal=proposal.id, reasons_hash=act.reasons_hash),
    )


def check_vetoed(view: BodyView, cooperative: bytes, proposal_id: bytes) -> None:
    """Check that there is a veto to override.

    Raises:
        TxRefusedError: DATA_USE_UNKNOWN.
    """
    _find(view, cooperative, proposal_id, Enactment.VETOED)


def override(view: BodyView, cooperative: bytes, proposal_id: bytes) -> Events:
    """Let a data use begin against a veto.

    Raises:
        TxRefusedError: DATA_USE_UNKNOWN.
    """
    return _begin(view, _find(view, cooperative, proposal_id, Enactment.VETOED))


def _begin(view: BodyView, proposal: Proposal) -> Events:
    view.put_proposal(replace(proposal, enactment=Enactment.DONE))
    return (DataUseBegan(cooperative=proposal.cooperative, proposal=proposal.id),)


def _find(view: BodyView, cooperative: bytes, proposal_id: bytes, enactment: Enactment) -> Proposal:
    proposal = view.get_proposal(cooperative, proposal_id)
    if (
        proposal is None
        or proposal.kind is not ProposalKind.DATA_USE
        or proposal.enactment is not enactment
    ):
        raise TxRefusedError(RefusalCode.DATA_USE_UNKNOWN)
    return proposal
