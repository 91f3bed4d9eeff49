"""What the application answers, as the engine's messages.

Only spelling: code, data and gas of a transaction's result are hashed into the next header,
its log and events are not.
"""

from collections.abc import Callable, Iterable, Sequence

from tendermint.abci import types_pb2 as abci
from tendermint.crypto import proof_pb2 as crypto
from tendermint.types.params_pb2 import ConsensusParams, VersionParams

from governance.event_codec import encode_event
from governance.events import Event
from governance.refusals import RefusalCode
from ledger.queries import ProofOp
from ledger.snapshots import SNAPSHOT_FORMAT, SnapshotInfo
from ledger.transition import APPLIED, BlockOutcome, TxOutcome
from ledger.validator_messages import render_updates


def render_check(outcome: TxOutcome) -> abci.ResponseCheckTx:
    """Of a transaction that wants to wait."""
    return abci.ResponseCheckTx(
        code=outcome.code,
        log=outcome.log,
        codespace=_codespace(outcome),
        gas_wanted=outcome.gas,
    )


def render_block(outcome: BlockOutcome, *, app_hash: bytes) -> abci.ResponseFinalizeBlock:
    """Of a block."""
    response = abci.ResponseFinalizeBlock(
        validator_updates=render_updates(outcome.events), app_hash=app_hash
    )
    _add_events(response.events.add, outcome.events)
    for tx in outcome.transactions:
        result = response.tx_results.add(
            code=tx.code,
            log=tx.log,
            codespace=_codespace(tx),
            gas_wanted=tx.gas,
            gas_used=tx.gas,
        )
        _add_events(result.events.add, tx.events)
    return response


def render_proofs(proofs: Sequence[ProofOp]) -> crypto.ProofOps | None:
    """Of a question; none if it was not asked for."""
    if not proofs:
        return None
    return crypto.ProofOps(
        ops=[crypto.ProofOp(type=op.type, key=op.key, data=op.data) for op in proofs]
    )


def render_snapshot(info: SnapshotInfo) -> abci.Snapshot:
    """Of the list of snapshots."""
    return abci.Snapshot(
        height=info.height,
        format=SNAPSHOT_FORMAT,
        chunks=len(info.chunks),
        hash=info.hash,
        metadata=info.encode(),
    )


def render_version(rules_version: int) -> ConsensusParams:
    """What later headers name as their app version; nothing else changes."""
    return ConsensusParams(version=VersionParams(app=rules_version))


def _add_events(add: Callable[..., abci.Event], events: Iterable[Event]) -> None:
    """Made in their place: protobuf copies a message that is handed to another's constructor."""
    for event in events:
        kind, attributes = encode_event(event)
        add_attribute = add(type=kind).attributes.add
        for key, value in attributes:
            add_attribute(key=key, value=value, index=False)


def _codespace(outcome: TxOutcome) -> str:
    return "" if outcome.code == APPLIED else RefusalCode(outcome.code).name
