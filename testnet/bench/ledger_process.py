"""A node's ledger process, driven as the engine drives it, in blocks of our choosing.

The process is the real one (`node.processes ledger HOME`) with its store on disk; what is
asked and in which order is the engine's: CheckTx, PrepareProposal, ProcessProposal,
FinalizeBlock, Commit, then CheckTx again for what still waits.
"""

import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tendermint.abci import types_pb2 as abci

from config.errors import InvariantError
from config.limits import BLOCK_BYTES_MAX
from node.home import Home, clear_run
from testnet.bench.abci_client import AbciClient
from testnet.bench.children import Child
from testnet.bench.electorate import DISCUSSION_MS, Electorate
from testnet.bench.network import get_ledger_argv

_START_TIMEOUT_S = 300.0
_STEP_MS = 10
"""Between the times of two blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockTimes:
    """Seconds that the process took to answer, for one block."""

    check_s: float
    propose_s: float
    """PrepareProposal and ProcessProposal."""
    finalize_s: float
    commit_s: float
    cpu_s: float
    """Of the whole process, in ticks of 10 ms."""

    @property
    def all_s(self) -> float:
        """From the first CheckTx to the end of Commit."""
        return self.check_s + self.propose_s + self.finalize_s + self.commit_s


class LedgerProcess:
    """A running ledger process and the engine's side of its chain."""

    def __init__(self, child: Child, client: AbciClient, *, started_s: float) -> None:
        self.child = child
        self.client = client
        self.started_s = started_s
        """From starting the program to its answer to Info."""
        info = client.ask(abci.Request(info=abci.RequestInfo())).info
        self._height: int = info.last_block_height
        self._time_ms = 0

    def begin_chain(self, genesis: bytes, *, time_ms: int) -> None:
        """Say InitChain, and decide the first block."""
        document = json.loads(genesis)
        request = abci.RequestInitChain(
            chain_id=document["chain_id"],
            app_state_bytes=json.dumps(document["app_state"]).encode(),
            initial_height=1,
        )
        version = document["consensus_params"]["version"]["app"]
        request.consensus_params.version.app = int(version)
        request.time.FromMilliseconds(time_ms)
        self._time_ms = time_ms
        self.client.ask(abci.Request(init_chain=request))
        self.run_block([])

    def go_on(self, *, time_ms: int) -> None:
        """Let the next block come after a time."""
        self._time_ms = max(self._time_ms, time_ms)

    @property
    def time_ms(self) -> int:
        """Header time of the last block."""
        return self._time_ms

    def open_voting(self, electorate: Electorate) -> None:
        """Admit everybody, make the motion, let its discussion pass."""
        admissions = electorate.sign_admissions()
        self.run_block([admission for batches in admissions for admission in batches])
        self.run_block(electorate.sign_motions())
        self.run_block([])
        self.run_block([], after_ms=DISCUSSION_MS + _STEP_MS)
        self.run_block([])

    def check(self, transactions: Sequence[bytes], *, is_recheck: bool = False) -> float:
        """Ask CheckTx for each; seconds.

        Raises:
            InvariantError: One was refused.
        """
        kind = abci.RECHECK if is_recheck else abci.NEW
        requests = [
            abci.Request(check_tx=abci.RequestCheckTx(tx=item, type=kind)) for item in transactions
        ]
        began_s = time.monotonic()
        answers = self.client.ask_all(requests)
        taken_s = time.monotonic() - began_s
        for answer in answers:
            if answer.check_tx.code:
                raise InvariantError(f"CheckTx refused: {answer.check_tx.log}")
        return taken_s

    def run_block(self, transactions: Sequence[bytes], *, after_ms: int = _STEP_MS) -> BlockTimes:
        """Check transactions, decide a block of them, commit it.

        Raises:
            InvariantError: One was refused.
        """
        used_s = self.child.measure_cpu_s()
        check_s = self.check(transactions)
        self._height += 1
        self._time_ms += after_ms
        propose_s = self._propose(transactions)
        finalize = abci.RequestFinalizeBlock(height=self._height, txs=transactions)
        finalize.time.FromMilliseconds(self._time_ms)
        began_s = time.monotonic()
        answer = self.client.ask(abci.Request(finalize_block=finalize)).finalize_block
        finalized_s = time.monotonic()
        self.client.ask(abci.Request(commit=abci.RequestCommit()))
        committed_s = time.monotonic()
        for result in answer.tx_results:
            if result.code:
                raise InvariantError(f"a block refused a transaction: {result.log}")
        return BlockTimes(
            check_s=check_s,
            propose_s=propose_s,
            finalize_s=finalized_s - began_s,
            commit_s=committed_s - finalized_s,
            cpu_s=self.child.measure_cpu_s() - used_s,
        )

    def _propose(self, transactions: Sequence[bytes]) -> float:
        prepare = abci.RequestPrepareProposal(
            max_tx_bytes=BLOCK_BYTES_MAX, txs=transactions, height=self._height
        )
        prepare.time.FromMilliseconds(self._time_ms)
        process = abci.RequestProcessProposal(txs=transactions, height=self._height)
        process.time.FromMilliseconds(self._time_ms)
        began_s = time.monotonic()
        chosen = self.client.ask(abci.Request(prepare_proposal=prepare)).prepare_proposal.txs
        answer = self.client.ask(abci.Request(process_proposal=process)).process_proposal
        taken_s = time.monotonic() - began_s
        if len(chosen) != len(transactions):
            raise InvariantError(f"PrepareProposal chose {len(chosen)} of {len(transactions)}")
        if answer.status != abci.ResponseProcessProposal.ACCEPT:
            raise InvariantError("ProcessProposal rejects a block of valid ballots")
        return taken_s


@asynccontextmanager
async def run_ledger_process(home: Home) -> AsyncIterator[LedgerProcess]:
    """Start a ledger process and wait until it answers; ends it afterwards.

    Raises:
        UnavailableError: It does not start.
    """
    clear_run(home)
    with Child(get_ledger_argv(home), name="ledger", log_path=home.logs / "ledger.log") as child:
        await child.wait_for_socket(home.abci_socket, timeout_s=_START_TIMEOUT_S)
        with AbciClient(home.abci_socket) as client:
            client.ask(abci.Request(info=abci.RequestInfo()))
            started_s = time.monotonic() - child.began_s
            yield LedgerProcess(child, client, started_s=started_s)
