"""The rules alone, over state in memory: how fast ballots apply, what open deadlines cost.

No signatures, no disk, no engine: what is left is what `governance` does, as a simulator or
an auditor runs it.
"""

import gc
import hashlib
import time
import tomllib
from dataclasses import dataclass
from importlib.resources import files

from config.errors import InvariantError
from config.limits import ADMISSIONS_PER_TX_MAX
from governance import machine
from governance.context import BlockContext, Sender
from governance.genesis import GenesisCooperative, GenesisState
from governance.queues import put_due
from governance.records import Choice, ProposalKind, Role, Stage, compute_office_account_id
from governance.transactions import (
    AdmitMembers,
    CastBallot,
    Payload,
    SubmitProposal,
    compute_proposal_id,
)
from governance.view import MemoryKeyValue, Savepoint, StateView
from testnet.bench.electorate import derive_key, make_inception
from testnet.bench.spread import Spread, compute_ratio

DEADLINES_MANY = 100_000
DEADLINES_FEW = 10
_CHAIN_ID = "test-bench-rules"
_GENESIS_MS = 1_700_000_000_000
_HOUR_MS = 3_600_000
_MEMBERS = 2_000
_MOTIONS = 10
_BLOCKS = 400
"""In one measurement of empty blocks."""
_HOURS_MAX = 24 * 60
"""Longer than any discussion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesFigures:
    """What the rules alone take."""

    applied_per_s: Spread
    ballots_count: int
    """In each measurement."""
    block_many_us: Spread
    """Begin and end of a block with `DEADLINES_MANY` open deadlines."""
    block_few_us: Spread
    """With `DEADLINES_FEW`."""

    @property
    def growth(self) -> Spread:
        """The one divided by the other, round by round."""
        return compute_ratio(self.block_many_us, self.block_few_us)


def measure_rules(*, rounds: int) -> RulesFigures:
    """Measure, each so many times; many and few deadlines take turns.

    Raises:
        InvariantError: A transaction was refused.
    """
    chain = _Chain()
    chain.open_voting()
    applied = tuple(chain.measure_ballots() for _ in range(rounds))
    many, few = _make_waiting(DEADLINES_MANY), _make_waiting(DEADLINES_FEW)
    turns = [(many.measure_blocks_us(), few.measure_blocks_us()) for _ in range(rounds)]
    return RulesFigures(
        applied_per_s=Spread(applied),
        ballots_count=_MEMBERS * _MOTIONS,
        block_many_us=Spread(tuple(turn[0] for turn in turns)),
        block_few_us=Spread(tuple(turn[1] for turn in turns)),
    )


class _Chain:
    """One cooperative whose members vote, block by block."""

    def __init__(self) -> None:
        self.kv = MemoryKeyValue()
        self._height = 0
        self._time_ms = _GENESIS_MS
        founder = _make_founder()
        self._cooperative = founder.id
        genesis = GenesisState(
            network="test-bench",
            time_scale=1,
            bylaws=tomllib.loads(
                (files("config") / "presets" / "standard.toml").read_text(encoding="utf-8")
            ),
            cooperatives=(founder,),
        )
        machine.init_state(self.kv, genesis, self._block(), rules_version=1)
        self._members: list[bytes] = []
        self._motions: list[bytes] = []

    def open_voting(self) -> None:
        """Admit the members, let some of them propose, and wait until all may vote."""
        inceptions = [make_inception(derive_key(f"voter {place}")) for place in range(_MEMBERS)]
        registrar = compute_office_account_id(cooperative=self._cooperative, role=Role.REGISTRAR)
        for start in range(0, _MEMBERS, ADMISSIONS_PER_TX_MAX):
            batch = tuple(inceptions[start : start + ADMISSIONS_PER_TX_MAX])
            self._run(AdmitMembers(cooperative=self._cooperative, inceptions=batch), registrar)
        self._members = [inception.compute_id() for inception in inceptions]
        motion = SubmitProposal(
            cooperative=self._cooperative,
            kind=ProposalKind.ORDINARY,
            text_hash=hashlib.sha256(b"motion").digest(),
            subject=b"",
            voting_days=0,
        )
        for author in self._members[:_MOTIONS]:
            self._run(motion, author)
            proposal_id = compute_proposal_id(account=author, nonce=self._height, payload=motion)
            self._motions.append(proposal_id)
        hours = 0
        while not all(self._takes_ballots(motion) for motion in self._motions):
            if hours == _HOURS_MAX:
                raise InvariantError("the benchmark's motions never came to a vote")
            self._run(None, b"", after_ms=_HOUR_MS)
            hours += 1

    def measure_ballots(self) -> float:
        """Apply a ballot of every member on every motion; how many a second.

        Each is applied in a savepoint of its own on that of the block, as the ledger does.
        The block is dropped, so that the next measurement begins from the same state.
        """
        ballots = [
            (
                Sender(account=member, keys=(bytes(32),), nonce=1),
                CastBallot(cooperative=self._cooperative, proposal_id=motion, choice=Choice.YES),
            )
            for motion in self._motions
            for member in self._members
        ]
        block, staged = self._block(), Savepoint(self.kv)
        gc.collect()
        began_s = time.perf_counter()
        for sender, ballot in ballots:
            savepoint = Savepoint(staged)
            machine.apply(savepoint, sender=sender, payload=ballot, block=block)
            savepoint.commit()
        return len(ballots) / (time.perf_counter() - began_s)

    def measure_blocks_us(self) -> float:
        """Begin and end empty blocks; the mean of one."""
        gc.collect()
        began_s = time.perf_counter()
        for _ in range(_BLOCKS):
            self._height += 1
            self._time_ms += 1_000
            block, staged = self._block(), Savepoint(self.kv)
            machine.begin_block(staged, block)
            machine.end_block(staged, block)
            staged.commit()
        return (time.perf_counter() - began_s) / _BLOCKS * 1_000_000

    def put_deadlines(self, count: int) -> None:
        """Let so many deadlines wait, all of them later than any block that is measured."""
        view = StateView(self.kv)
        for place in range(count):
            proposal_id = hashlib.sha256(place.to_bytes(8, "big")).digest()
            due_ms = self._time_ms + 365 * 24 * _HOUR_MS + 1_000 * place
            put_due(view, due_ms=due_ms, cooperative=self._cooperative, proposal_id=proposal_id)

    def _run(self, payload: Payload | None, account: bytes, *, after_ms: int = 1_000) -> None:
        self._height += 1
        self._time_ms += after_ms
        block = self._block()
        machine.begin_block(self.kv, block)
        if payload is not None:
            sender = Sender(account=account, keys=(bytes(32),), nonce=self._height)
            machine.apply(self.kv, sender=sender, payload=payload, block=block)
        machine.end_block(self.kv, block)

    def _takes_ballots(self, motion: bytes) -> bool:
        proposal = StateView(self.kv).get_proposal(self._cooperative, motion)
        return proposal is not None and proposal.stage is Stage.VOTING

    def _block(self) -> BlockContext:
        return BlockContext(height=max(self._height, 1), time_ms=self._time_ms, chain_id=_CHAIN_ID)


def _make_waiting(deadlines_count: int) -> _Chain:
    chain = _Chain()
    chain.put_deadlines(deadlines_count)
    chain.measure_blocks_us()  # the first block settles what genesis left to do
    return chain


def _make_founder() -> GenesisCooperative:
    return GenesisCooperative(
        inception=make_inception(derive_key("rules root")),
        did="did:web:bench.test",
        registrar_key=derive_key("rules registrar").public_key,
        assertion_key=derive_key("rules assertion").public_key,
        consensus_key=derive_key("rules consensus").public_key,
        node_id=bytes(20),
    )
