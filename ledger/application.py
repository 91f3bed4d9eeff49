"""The ABCI 2.0 application: one method per engine call, protobuf in and out.

FinalizeBlock runs a block on a savepoint and keeps it in memory; Commit writes it in one
synced batch. A crash between the two makes the engine send the same block again, with the
same result. Calls never overlap. Errors other than refusals are not caught: they end the
process before anything is written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tendermint.abci import types_pb2 as abci

from config.errors import InvariantError, OutdatedError, RefusedError
from config.limits import BLOCK_BYTES_MAX
from governance.context import BlockContext
from governance.rules import RULES, Rules
from governance.upgrades import compute_rules_version
from governance.view import KeyValue, Savepoint, StateView
from ledger.answers import render_block, render_check, render_proofs, render_version
from ledger.app_hash import compute_parts
from ledger.beginning import begin_chain
from ledger.disk import MENDING, CommitRecord
from ledger.headers import FLAG_COMMIT, FLAG_NIL
from ledger.mempool import Mempool, is_sound
from ledger.peer_filter import NO_PEERS, PEER_FILTER_PREFIX, KnownPeers, is_peer_admitted
from ledger.queries import answer_query
from ledger.signatures import Checked, SignatureChecker
from ledger.snapshot_calls import SnapshotCalls
from ledger.snapshot_writer import SnapshotWriter
from ledger.state_sync import StateSync
from ledger.store import Staged, Store
from ledger.transition import TxOutcome, execute_block
from ledger.upgrades import RulesTable
from ledger.validator_messages import read_facts, to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    """A finalized block that is not committed yet."""

    transactions: tuple[bytes, ...]
    staged: Staged
    record: CommitRecord


class Application(SnapshotCalls):
    """Answers the engine for one store."""

    def __init__(
        self,
        store: Store,
        *,
        software_version: str,
        chain_id: str = "",
        rules: Sequence[Rules] = RULES,
        watch: Callable[[bytes, int], None] | None = None,
        peers: KnownPeers = NO_PEERS,
        snapshots: SnapshotWriter | None = None,
        sync: StateSync | None = None,
    ) -> None:
        """Take up where the last commit left off.

        Args:
            store: Open; the application writes to it.
            software_version: From the package's metadata.
            chain_id: Of the node's chain; another one's state is what a recovery goes on from.
                Empty: the store's own.
            rules: Every version that this software knows.
            watch: Told the address and height of every signature in a block; ends the process
                by raising.
            peers: Engines that may connect whatever the chain says.
            snapshots: Makes them for others; None to make none.
            sync: Takes one over from others; None for a node that never does.

        Raises:
            InvariantError: The recorded app hash does not follow from the state.
            OutdatedError: The store's next block needs other software.
        """
        super().__init__(snapshots, sync)
        self._own_chain_id = chain_id
        self._watch = watch
        self._peers = peers
        self._table = RulesTable(rules, software_version=software_version)
        self.outdated: OutdatedError | None = None
        """Why the next block is not for this software; the process ends soon then."""
        self._retain_height = 0
        self.checker = SignatureChecker()
        """Reads transactions; the socket starts it before their turn."""
        self._take_up(store)

    def _take_up(self, store: Store) -> None:
        check_app_hash(store)
        self._store = store
        self._rules = self._find_rules()
        """Of the next block."""
        self._genesis: Savepoint | None = None
        """What InitChain made; it becomes part of the first block's batch."""
        self._genesis_app_hash = b""
        self._chain_id = store.record.chain_id
        self._genesis_time_ms = store.record.time_ms
        self._pending: _Pending | None = None
        self._mempool = Mempool(
            self.checker, state=store, block=self._next_block(), rules=self._rules
        )

    def close(self) -> None:
        """End what runs beside, then close the store."""
        self.checker.close()
        super().close()

    @property
    def _is_begun(self) -> bool:
        """Whether a block of this chain was committed: the state may be a former chain's."""
        record = self._store.record
        return bool(record.height) and record.chain_id == (self._own_chain_id or record.chain_id)

    @property
    def next_height(self) -> int:
        """Height of the block that follows the last committed one."""
        return self._store.record.height + 1

    @property
    def app_hash(self) -> bytes:
        """Of the last committed block; empty before the first."""
        return self._store.record.app_hash

    def retain_from(self, height: int) -> None:
        """Let the engine drop the blocks below a committed height at the next commit.

        May be called from any thread. Nothing here needs them, nor does any proof.
        """
        self._retain_height = height

    def echo(self, request: abci.RequestEcho) -> abci.ResponseEcho:
        """Say the same."""
        return abci.ResponseEcho(message=request.message)

    def flush(self, request: abci.RequestFlush) -> abci.ResponseFlush:  # noqa: ARG002
        """Nothing: the socket writes what it holds."""
        return abci.ResponseFlush()

    def info(self, request: abci.RequestInfo) -> abci.ResponseInfo:  # noqa: ARG002
        """Where the last commit left the state."""
        record, is_begun = self._store.record, self._is_begun
        return abci.ResponseInfo(
            data="rochdale",
            version=self._table.software_version,
            app_version=self._find_version(),
            last_block_height=record.height if is_begun else 0,
            last_block_app_hash=record.app_hash if is_begun else b"",
        )

    def init_chain(self, request: abci.RequestInitChain) -> abci.ResponseInitChain:
        """Begin the chain from the genesis file; asked again after a crash before its first block.

        Raises:
            InvariantError: As `ledger.beginning.begin_chain`.
            OutdatedError: Likewise.
        """
        beginning = begin_chain(self._store, request, table=self._table)
        self._rules, self._genesis = beginning.rules, beginning.changes
        self._pending = None
        self._chain_id = request.chain_id
        self._genesis_time_ms = beginning.block.time_ms
        root = self._store.stage(self._genesis.changes()).root
        self._genesis_app_hash = _compute_app_hash(self._genesis, root)
        self._mempool.begin(self._genesis, self._next_block(), rules=self._rules)
        return abci.ResponseInitChain(
            app_hash=self._genesis_app_hash,
            validators=beginning.validators,
            consensus_params=render_version(self._rules.version),
        )

    def query(self, request: abci.RequestQuery) -> abci.ResponseQuery:
        """Answer about a committed state (`ledger.queries`): the last, or one shortly before."""
        if request.path.startswith(PEER_FILTER_PREFIX):
            return self._filter_peer(request.path)
        if not self._is_begun:
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
            proof_ops=render_proofs(answer.proofs),
            # The same state since this height, so that the header after it exists already.
            height=state.record.since_height,
        )

    def check_tx(self, request: abci.RequestCheckTx) -> abci.ResponseCheckTx:
        """Say whether a transaction may wait for a block."""
        if request.type == abci.RECHECK:
            return render_check(self.recheck(request.tx))
        return render_check(self.check(self.checker.check([request.tx])[0]))

    def check(self, checked: Checked) -> TxOutcome:
        """The same for a new transaction whose signatures were checked beforehand."""
        return self._mempool.check(checked)

    def recheck(self, data: bytes) -> TxOutcome:
        """The same for one that waits already, after a block."""
        return self._mempool.recheck(data)

    def prepare_proposal(
        self, request: abci.RequestPrepareProposal
    ) -> abci.ResponsePrepareProposal:
        """Choose transactions for a block, fairly among cooperatives, as many as fit.

        Raises:
            OutdatedError: The block needs other software.
        """
        self._check_current()
        chosen = self._mempool.choose(request.txs, bytes_max=request.max_tx_bytes)
        return abci.ResponsePrepareProposal(txs=chosen)

    def process_proposal(
        self, request: abci.RequestProcessProposal
    ) -> abci.ResponseProcessProposal:
        """Refuse a block only for what every node sees alike in its bytes.

        Raises:
            OutdatedError: The block needs other software.
        """
        self._check_current()
        sound = is_sound(self.checker, request.txs, bytes_max=BLOCK_BYTES_MAX, rules=self._rules)
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
            OutdatedError: It needs other software.
        """
        self._check_current()
        self._watch_signatures(request)
        last = self._store.record
        if request.height != last.height + 1:
            raise InvariantError(f"block {request.height} does not follow block {last.height}")
        block = BlockContext(
            height=request.height, time_ms=to_ms(request.time), chain_id=self._chain_id
        )
        overlay = Savepoint(self._store)
        if self._genesis is not None:
            for key, value in self._genesis.changes():
                if value is None:
                    overlay.delete(key)
                else:
                    overlay.put(key, value)
        outcome = execute_block(
            overlay,
            self.checker.check(request.txs),
            block=block,
            facts=read_facts(request),
            rules=self._rules,
        )
        self._pending = self._stage(overlay, block, transactions=tuple(request.txs))
        response = render_block(outcome, app_hash=self._pending.record.app_hash)
        parameters = StateView(overlay).get_parameters()
        version = compute_rules_version(parameters, height=block.height + 1)
        if version != self._rules.version:
            # The next block's header names the version that executes it.
            response.consensus_param_updates.CopyFrom(render_version(version))
        return response

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
        try:
            self._rules = self._find_rules()
        except OutdatedError as outdated:
            # Not now: the engine has to hear that this block is committed.
            self.outdated = outdated
        self._mempool.begin(self._store, self._next_block(), rules=self._rules)
        self._note_commit()
        return abci.ResponseCommit(retain_height=self._retain_height)

    def _filter_peer(self, path: str) -> abci.ResponseQuery:
        """Say whether an engine may connect; no text, as the engine logs it."""
        is_begun = self._store.record.height or self._genesis is not None
        is_admitted = is_peer_admitted(
            (self._genesis or self._store) if is_begun else None,
            path,
            peers=self._peers,
            time_ms=self._next_block().time_ms,
        )
        return abci.ResponseQuery(code=0 if is_admitted else 1)

    def _stage(
        self, overlay: Savepoint, block: BlockContext, *, transactions: tuple[bytes, ...]
    ) -> _Pending:
        last = self._store.record
        staged = self._store.stage(overlay.changes())
        app_hash = _compute_app_hash(overlay, staged.root)
        before, since_height = last.app_hash, last.since_height
        if self._genesis is not None:
            before, since_height = self._genesis_app_hash, block.height - 1
        record = CommitRecord(
            chain_id=self._chain_id,
            height=block.height,
            time_ms=block.time_ms,
            app_hash=app_hash,
            state_root=staged.root,
            since_height=since_height if app_hash == before else block.height,
        )
        return _Pending(transactions=transactions, staged=staged, record=record)

    def _find_rules(self) -> Rules:
        """Of the next block, as far as state tells: a new chain's genesis file may say other."""
        record = self._store.record
        if not record.height:
            return self._table.newest
        parameters = StateView(self._store).get_parameters()
        return self._table.get(parameters, height=record.height + 1)

    def _find_version(self) -> int:
        """What the next block's header names, whether this software knows it or not."""
        record = self._store.record
        if not record.height:
            return self._table.newest.version
        parameters = StateView(self._store).get_parameters()
        return compute_rules_version(parameters, height=record.height + 1)

    def _watch_signatures(self, request: abci.RequestFinalizeBlock) -> None:
        if self._watch is not None:
            for vote in request.decided_last_commit.votes:
                if vote.block_id_flag in _SIGNED:
                    self._watch(vote.validator.address, request.height - 1)

    def _check_current(self) -> None:
        if self.outdated is not None:
            raise self.outdated

    def _next_block(self) -> BlockContext:
        record = self._store.record
        return BlockContext(
            height=record.height + 1,
            time_ms=record.time_ms if self._is_begun else self._genesis_time_ms,
            chain_id=self._chain_id,
        )


_SIGNED = frozenset({FLAG_COMMIT, FLAG_NIL})
_REJECT = abci.ResponseProcessProposal.REJECT


def check_app_hash(store: Store) -> None:
    """Check that the recorded app hash follows from the state.

    Raises:
        InvariantError: It does not.
    """
    record = store.record
    if record.height and _compute_app_hash(store, store.tree.root) != record.app_hash:
        raise InvariantError(
            f"the app hash recorded at height {record.height} is not that of the state: {MENDING}"
        )


def _compute_app_hash(kv: KeyValue, state_root: bytes) -> bytes:
    return compute_parts(kv, state_root=state_root).compute()
