"""How a chain begins in state: from nothing but its genesis file, or from another chain's state.

Called by InitChain, before anything is written. What does not fit ends the process: starting
on it would fork from those who read it otherwise.
"""

from dataclasses import dataclass

from tendermint.abci import types_pb2 as abci

from config.errors import InvariantError, RefusedError
from config.limits import GENESIS_BYTES_MAX
from did.jcs import parse_json_object
from governance.context import BlockContext
from governance.federal_view import FederalView
from governance.genesis import parse_genesis
from governance.recovery import (
    RecoveryError,
    SignedRecovery,
    check_recovery,
    recover_state,
)
from governance.rules import Rules
from governance.view import Savepoint
from ledger.disk import CommitRecord
from ledger.recovery import parse_app_state
from ledger.store import Store
from ledger.upgrades import RulesTable
from ledger.validator_messages import check_initial, render_updates, to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a chain begins with."""

    rules: Rules
    """Of its first block."""
    block: BlockContext
    """Its first height and its beginning."""
    changes: Savepoint
    """To the store's state; they become part of the first block's batch."""
    validators: list[abci.ValidatorUpdate]
    """Who signs the first block."""


def begin_chain(store: Store, request: abci.RequestInitChain, *, table: RulesTable) -> Beginning:
    """Make what a chain begins with, and write nothing.

    Raises:
        InvariantError: The chain has begun, the genesis file breaks the rules, or its recovery
            is not this state's.
        OutdatedError: It begins with rules that this software does not know.
    """
    try:
        state = parse_json_object(request.app_state_bytes, bytes_max=GENESIS_BYTES_MAX)
        signed = parse_app_state(state)
        if signed is None:
            beginning = _begin(store, request, state, table=table)
        else:
            beginning = _go_on(store, request, signed, table=table)
    except RefusedError as refused:
        raise InvariantError(f"the genesis file breaks the rules: {refused}") from refused
    check_initial(request, beginning.validators)
    return beginning


def _begin(
    store: Store, request: abci.RequestInitChain, state: object, *, table: RulesTable
) -> Beginning:
    if store.record.height:
        raise InvariantError("the engine begins a chain that this state already has")
    if request.initial_height > 1:
        raise InvariantError("a chain begins at height 1")
    rules = table.get_first(request.consensus_params.version.app)
    block = BlockContext(height=1, time_ms=to_ms(request.time), chain_id=request.chain_id)
    changes = Savepoint(store)
    events = rules.init_state(changes, parse_genesis(state), block, rules_version=rules.version)
    return Beginning(rules=rules, block=block, changes=changes, validators=render_updates(events))


def _go_on(
    store: Store, request: abci.RequestInitChain, signed: SignedRecovery, *, table: RulesTable
) -> Beginning:
    recovery = signed.recovery
    block = BlockContext(
        height=recovery.first_height, time_ms=to_ms(request.time), chain_id=request.chain_id
    )
    if (request.chain_id, request.initial_height, block.time_ms) != (
        recovery.chain_id,
        recovery.first_height,
        recovery.begins_ms,
    ):
        raise InvariantError("the genesis file's chain, height or time is not the recovery's")
    check_former(store.record, signed)
    view = FederalView(Savepoint(store))
    check_recovery(view, signed)
    rules = table.get(view.get_parameters(), height=block.height)
    if request.consensus_params.version.app != rules.version:
        raise InvariantError("the genesis file names other rules than the state")
    changes = Savepoint(store)
    events = recover_state(FederalView(changes), recovery, block=block)
    return Beginning(rules=rules, block=block, changes=changes, validators=render_updates(events))


def check_former(record: CommitRecord, signed: SignedRecovery) -> None:
    """Check that a state is the one that a recovery goes on from.

    Args:
        record: Of the state's last commit; its app hash was checked against the state.
        signed: The recovery.

    Raises:
        RecoveryError: It is another.
    """
    recovery = signed.recovery
    if not record.height:
        raise RecoveryError(
            f"{recovery.chain_id} goes on from the state of {recovery.former_chain_id} at block "
            f"{recovery.height}, which this node does not have: make its home with `rochdale "
            "genesis recover adopt`, or by a trust bundle with `rochdale init --join`"
        )
    for is_wrong, what in (
        (record.chain_id != recovery.former_chain_id, f"of chain {record.chain_id}"),
        (record.height != recovery.height, f"that of block {record.height}"),
        (record.app_hash != recovery.app_hash, f"with app hash {record.app_hash.hex()}"),
    ):
        if is_wrong:
            raise RecoveryError(
                f"{recovery.chain_id} goes on from the state of {recovery.former_chain_id} at "
                f"block {recovery.height} with app hash {recovery.app_hash.hex()}, and this "
                f"node's is {what}"
            )
    if recovery.begins_ms <= record.time_ms:
        raise RecoveryError("the recovery begins before the former chain's last block")
