"""The ABCI 2.0 application: one method per engine call, protobuf in and out.

FinalizeBlock runs a block on a savepoint and keeps it in memory; Commit writes it in one
synced batch. A crash between the two makes the engine send the same block again, with the
same result. Calls never overlap. Errors other than refusals are not caught: they end the
process before anything is written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp
from tendermint.abci import types_pb2 as abci
from tendermint.crypto import proof_pb2 as crypto

from config.errors import InvariantError, RefusedError
from config.limits import BLOCK_BYTES_MAX
from governance import machine
from governance.context import BlockContext
from governance.events import Event, encode_event
from governance.genesis import decode_genesis
from governance.refusals import RefusalCode
from governance.view import KeyValue, Savepoint
from ledger.app_hash import compute_parts
from ledger.disk import CommitRecord
from ledger.mempool import Mempool, is_sound
from ledger.queries import ProofOp, answer_query
from ledger.signatures import Checked, SignatureChecker
from ledger.store import Staged, Store
from ledger.transition import APPLIED, BlockOutcome, TxOutcome, execute_block

APP_VERSION = 1
"""Version of the rules; a change is a coordinated upgrade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    """A finalized block that is not committed yet."""

    transactions: tuple[bytes, ...]
    staged: Staged
    record: CommitRecord


class Application:
    """Answers the engine for one store."""

    def __init__(self, store: Store, *, software_version: str) -> None:
        """Take up where the last commit left off.

        Raises:
            InvariantError: The recorded app hash does not follow from the state.
        """
        if (
            store.record.height
            and _compute_app_hash(store, store.tree.root) != store.record.app_hash
        ):
            raise InvariantError(
                f"the app hash recorded at height {store.record.height} is not that of the state: "
                "restore it from your backup"
            )
        self._store = store
        self._software_version = software_version
        self._genesis: Savepoint | None = None
        """What InitChain made; it becomes part of the first block's batch."""
        self._genesis_app_hash = b""
        self._chain_id = store.record.chain_id
        self._genesis_time_ms = store.record.time_ms
        self._pending: _Pending | None = None
        self.checker = SignatureChecker()
        """Reads transactions beside the main thread; the socket starts it early."""
        self._mempool = Mempool(self.checker, state=store, block=self._next_block())

    @property
    def next_height(self) -> int:
        """Height of the block that follows the last committed one."""
        return self._store.record.height + 1

    def echo(self, request: abci.RequestEcho) -> abci.ResponseEcho:
        """Say the same."""
        return abci.ResponseEcho(message=request.message)

    def flush(self, request: abci.RequestFlush) -> abci.ResponseFlush:  # noqa: ARG002
        """Nothing: the socket writes what it holds."""
        return abci.ResponseFlush()

    def info(self, request: abci.RequestInfo) -> abci.ResponseInfo:  # noqa: ARG002
        """Where the last commit left the state."""
        record = self._store.record
        return abci.ResponseInfo(
            data="rochdale",
            version=self._software_version,
            app_version=APP_VERSION,
            last_block_height=record.height,
            last_block_app_hash=record.app_hash if record.height else b"",
        )

    def init_chain(self, request: abci.RequestInitChain) -> abci.ResponseInitChain:
        """Begin the chain from the genesis file; asked again after a crash before block 1.

        Raises:
            InvariantError: The chain has begun, or the file breaks the rules: starting on it
                would fork from those who read it otherwise.
        """
        if self._store.record.height:
            raise InvariantError("the engine begins a chain that this state already has")
        if request.initial_height > 1:
            raise InvariantError("a chain begins at height 1")
        self._chain_id = request.chain_id
        self._genesis_time_ms = _to_ms(request.time)
        block = BlockContext(height=1, time_ms=self._genesis_time_ms, chain_id=self._chain_id)
        self._genesis, self._pending = Savepoint(self._store), None
        try:
            machine.init_state(self._genesis, decode_genesis(request.app_state_bytes), block)
        except RefusedError as refused:
            raise InvariantError(f"the genesis file breaks the rules: {refused}") from refused
        root = self._store.stage(self._genesis.changes()).root
        self._genesis_app_hash = _compute_app_hash(self._genesis, root)
        self._mempool.begin(self._genesis, self._next_block())
        return abci.ResponseInitChain(app_hash=self._genesis_app_hash)

    def query(self, request: abci.RequestQuery) -> abci.ResponseQuery:
        """Answer about a committed state (`ledger.queries`): the last, or one shortly before."""
        if not self._store.record.height:
            return abci.ResponseQuery(code=1, log="the chain has no block yet: ask again")
        try:
            state = self._store.at(request.height)
            answer = answer_query(
                state, path=request.path, data=request.data, is_proved=request.prove
            )
        except RefusedError as refused:
            return abci.ResponseQuery(code=refused.code, log=refused.reason)
        return abci.ResponseQuery(
            key=request.data,
            value=answer.value,
            proof_ops=_render_proofs(answer.proofs),
            # The same state since this height, so that the header after it exists already.
            height=state.record.since_height,
        )

    def check_tx(self, request: abci.RequestCheckTx) -> abci.ResponseCheckTx:
        """Say whether a transaction may wait for a block."""
        if request.type == abci.RECHECK:
            return _render_check(self._mempool.recheck(request.tx))
        return self.finish_check(self.checker.check([request.tx])[0])

    def finish_check(self, checked: Checked) -> abci.ResponseCheckTx:
        """The same for a new transaction whose signatures were checked beforehand."""
        return _render_check(self._mempool.check(checked))

    def prepare_proposal(
        self, request: abci.RequestPrepareProposal
    ) -> abci.ResponsePrepareProposal:
        """Choose transactions for a block, fairly among cooperatives, as many as fit."""
        chosen = self._mempool.choose(request.txs, bytes_max=request.max_tx_bytes)
        return abci.ResponsePrepareProposal(txs=chosen)

    def process_proposal(
        self, request: abci.RequestProcessProposal
    ) -> abci.ResponseProcessProposal:
        """Refuse a block only for what every node sees alike in its bytes."""
        sound = is_sound(self.checker, request.txs, bytes_max=BLOCK_BYTES_MAX)
        verdict = abci.ResponseProcessProposal.ACCEPT if sound else _REJECT
        return abci.ResponseProcessProposal(status=verdict)

    def extend_vote(self, request: abci.RequestExtendVote) -> abci.ResponseExtendVote:  # noqa: ARG002
        """Nothing: vote extensions are off."""
        return abci.ResponseExtendVote()

    def verify_vote_extension(
        self, request: abci.RequestVerifyVoteExtension
    ) -> abci.ResponseVerifyVoteExtension:
        """Accept only the empty extension."""
        accept = abci.ResponseVerifyVoteExtension.ACCEPT
        reject = abci.ResponseVerifyVoteExtension.REJECT
        return abci.ResponseVerifyVoteExtension(status=reject if request.vote_extension else accept)

    def finalize_block(self, request: abci.RequestFinalizeBlock) -> abci.ResponseFinalizeBlock:
        """Run a decided block in memory; the same request gives the same answer.

        Raises:
            InvariantError: The block does not follow the last committed one.
        """
        last = self._store.record
        if request.height != last.height + 1:
            raise InvariantError(f"block {request.height} does not follow block {last.height}")
        block = BlockContext(
            height=request.height, time_ms=_to_ms(request.time), chain_id=self._chain_id
        )
        overlay = Savepoint(self._store)
        if self._genesis is not None:
            for key, value in self._genesis.changes():
                if value is not None:
                    overlay.put(key, value)
        outcome = execute_block(overlay, self.checker.check(request.txs), block=block)
        self._pending = self._stage(overlay, block, transactions=tuple(request.txs))
        return _render_block(outcome, app_hash=self._pending.record.app_hash)

    def commit(self, request: abci.RequestCommit) -> abci.ResponseCommit:  # noqa: ARG002
        """Write the finalized block.

        Raises:
            InvariantError: No block is finalized.
        """
        if self._pending is None:
            raise InvariantError("there is no finalized block to commit")
        pending = self._pending
        self._store.commit(pending.staged, pending.record)
        self._pending = self._genesis = None
        self.checker.forget(pending.transactions)
        self._mempool.begin(self._store, self._next_block())
        return abci.ResponseCommit(retain_height=0)

    def list_snapshots(self, request: abci.RequestListSnapshots) -> abci.ResponseListSnapshots:  # noqa: ARG002
        """None are made."""
        return abci.ResponseListSnapshots()

    def offer_snapshot(self, request: abci.RequestOfferSnapshot) -> abci.ResponseOfferSnapshot:  # noqa: ARG002
        """Refuse: a new node replays the chain."""
        return abci.ResponseOfferSnapshot(result=abci.ResponseOfferSnapshot.REJECT_FORMAT)

    def load_snapshot_chunk(
        self,
        request: abci.RequestLoadSnapshotChunk,  # noqa: ARG002
    ) -> abci.ResponseLoadSnapshotChunk:
        """None is held; an empty answer says so."""
        return abci.ResponseLoadSnapshotChunk()

    def apply_snapshot_chunk(
        self,
        request: abci.RequestApplySnapshotChunk,  # noqa: ARG002
    ) -> abci.ResponseApplySnapshotChunk:
        """Refuse: no snapshot was accepted."""
        return abci.ResponseApplySnapshotChunk(result=abci.ResponseApplySnapshotChunk.ABORT)

    def _stage(
        self, overlay: Savepoint, block: BlockContext, *, transactions: tuple[bytes, ...]
    ) -> _Pending:
        last = self._store.record
        staged = self._store.stage(overlay.changes())
        app_hash = _compute_app_hash(overlay, staged.root)
        before = last.app_hash if self._genesis is None else self._genesis_app_hash
        record = CommitRecord(
            chain_id=self._chain_id,
            height=block.height,
            time_ms=block.time_ms,
            app_hash=app_hash,
            state_root=staged.root,
            since_height=last.since_height if app_hash == before else block.height,
        )
        return _Pending(transactions=transactions, staged=staged, record=record)

    def _next_block(self) -> BlockContext:
        record = self._store.record
        return BlockContext(
            height=record.height + 1,
            time_ms=record.time_ms if record.height else self._genesis_time_ms,
            chain_id=self._chain_id,
        )


_REJECT = abci.ResponseProcessProposal.REJECT


def _compute_app_hash(kv: KeyValue, state_root: bytes) -> bytes:
    return compute_parts(kv, state_root=state_root).compute()


def _render_check(outcome: TxOutcome) -> abci.ResponseCheckTx:
    return abci.ResponseCheckTx(
        code=outcome.code,
        log=outcome.log,
        codespace=_codespace(outcome),
        gas_wanted=outcome.gas,
    )


def _render_block(outcome: BlockOutcome, *, app_hash: bytes) -> abci.ResponseFinalizeBlock:
    return abci.ResponseFinalizeBlock(
        events=_render_events(outcome.events),
        tx_results=_render_results(outcome.transactions),
        app_hash=app_hash,
    )


def _render_results(outcomes: Sequence[TxOutcome]) -> list[abci.ExecTxResult]:
    return [
        abci.ExecTxResult(
            code=outcome.code,
            log=outcome.log,
            codespace=_codespace(outcome),
            gas_wanted=outcome.gas,
            gas_used=outcome.gas,
            events=_render_events(outcome.events),
        )
        for outcome in outcomes
    ]


def _render_events(events: Iterable[Event]) -> list[abci.Event]:
    rendered = []
    for event in events:
        kind, attributes = encode_event(event)
        rendered.append(
            abci.Event(
                type=kind,
                attributes=[
                    abci.EventAttribute(key=key, value=value, index=False)
                    for key, value in attributes
                ],
            )
        )
    return rendered


def _render_proofs(proofs: Sequence[ProofOp]) -> crypto.ProofOps | None:
    if not proofs:
        return None
    return crypto.ProofOps(
        ops=[crypto.ProofOp(type=op.type, key=op.key, data=op.data) for op in proofs]
    )


def _codespace(outcome: TxOutcome) -> str:
    return "" if outcome.code == APPLIED else RefusalCode(outcome.code).name


def _to_ms(time: Timestamp) -> int:
    return time.seconds * 1_000 + time.nanos // 1_000_000
