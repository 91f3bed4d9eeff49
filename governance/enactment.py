"""What each act of the federation does, and when it cannot be done.

An act is tried when it is proposed, so that nobody approves what cannot be, and again when it
is enacted, since the federation may have changed meanwhile.
"""

from governance.acts import (
    AdmitCooperative,
    AdmitNode,
    AppointValidator,
    ChangeCharter,
    DecideDispute,
    ExpelCooperative,
    FederalAct,
    LiftSuspension,
    ScheduleUpgrade,
    StopValidator,
    WithdrawUpgrade,
)
from governance.bylaws import compute_window_ms
from governance.charter import GUEST_WINDOW_S
from governance.context import BlockContext
from governance.dispute_steps import decide_by_motion
from governance.events import Events
from governance.federal_events import NodeAdmitted
from governance.federal_records import Node
from governance.federal_view import FederalView
from governance.importing import begin_import, check_sealed
from governance.records import Cooperative, CooperativeStatus
from governance.refusals import RefusalCode, TxRefusedError
from governance.registry import check_entry, part, register, require_member
from governance.upgrades import schedule_upgrade, withdraw_upgrade
from governance.validators import appoint, restore, stop
from governance.view import Savepoint


def check_act(view: FederalView, act: FederalAct, *, proposer: bytes, block: BlockContext) -> None:
    """Check that an act could be enacted now.

    Raises:
        TxRefusedError: As `enact`.
    """
    enact(FederalView(Savepoint(view.kv)), act, proposer=proposer, block=block)


def enact(view: FederalView, act: FederalAct, *, proposer: bytes, block: BlockContext) -> Events:
    """Do what a motion asks for.

    Args:
        view: State; what a refused act changed is dropped with its transaction.
        act: Approved, or to be tried.
        proposer: Cooperative.
        block: The block in which it happens.

    Raises:
        TxRefusedError: It cannot be done; docs/transactions.md has the precedence by act.
    """
    match act:
        case AdmitCooperative():
            return _admit(view, act, block=block)
        case AppointValidator():
            member = require_member(view.require_cooperative(proposer))
            return appoint(view, member, act.consensus_key, block=block)
        case StopValidator():
            return stop(view, _find_member(view, act.cooperative), block=block)
        case ExpelCooperative():
            member = _find_member(view, act.cooperative)
            return part(view, member, CooperativeStatus.EXPELLED, block=block)
        case LiftSuspension():
            return restore(view, _find_member(view, act.cooperative), block=block)
        case ScheduleUpgrade():
            return schedule_upgrade(view, act.upgrade, block=block)
        case WithdrawUpgrade():
            return withdraw_upgrade(view)
        case DecideDispute():
            return decide_by_motion(view, act, block=block)
        case ChangeCharter():
            return ()  # it is the motion that is adopted (`governance.charters`)
        case AdmitNode():
            return _admit_node(view, act, proposer=proposer, block=block)


def _admit(view: FederalView, act: AdmitCooperative, *, block: BlockContext) -> Events:
    parameters = view.get_parameters()
    if not act.is_requested(network=parameters.network):
        raise TxRefusedError(RefusalCode.REQUEST_INVALID)
    check_entry(view, act.request)
    if act.sealed is not None:
        check_sealed(view, act.sealed, cooperative=act.request.id, chain_id=block.chain_id)
    events = register(view, act.request, bylaws_hash=parameters.bylaws_hash, block=block)
    if act.sealed is not None:
        begin_import(view, act.sealed)
    return events


def _admit_node(
    view: FederalView, act: AdmitNode, *, proposer: bytes, block: BlockContext
) -> Events:
    node = view.get_node(act.node_id)
    if node is not None and node.until_ms == 0:
        raise TxRefusedError(RefusalCode.NODE_TAKEN)
    scale = view.get_parameters().time_scale
    until_ms = block.time_ms + compute_window_ms(GUEST_WINDOW_S, time_scale=scale)
    view.put_node(act.node_id, Node(cooperative=proposer, until_ms=until_ms))
    return (NodeAdmitted(cooperative=proposer, node_id=act.node_id, until_ms=until_ms),)


def _find_member(view: FederalView, cooperative: bytes) -> Cooperative:
    found = view.get_cooperative(cooperative)
    if found is None:
        raise TxRefusedError(RefusalCode.COOPERATIVE_UNKNOWN)
    return require_member(found)
