"""A federation in memory that tests drive block by block, as the ledger would."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from did.accounts import Inception, compute_key_commitment
from did.keys import KeyPair
from governance import machine
from governance.context import BlockContext, Sender
from governance.events import Event
from governance.genesis import GenesisCooperative, GenesisState
from governance.member_acts import MemberAct
from governance.proposal_records import BallotChoice, Choice, Proposal, ProposalKind
from governance.records import Role, compute_office_account_id
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import require_account
from governance.transactions import (
    AdmitMembers,
    AmendProposal,
    CastBallot,
    Payload,
    SubmitProposal,
    WithdrawProposal,
    compute_proposal_id,
)
from governance.view import MemoryKeyValue, Savepoint, StateView
from tests.bylaws import make_bylaws

CHAIN_ID = "test-heart-1"
GENESIS_MS = 1_700_000_000_000
BLOCK_MS = 1_000
TIME_SCALE = 60_480
"""Seven days of discussion take 10 s, three days of voting 4.285 s."""
DISCUSSION_MS = 604_800_000 // TIME_SCALE
VOTING_MS = 259_200_000 // TIME_SCALE
FOUNDING_MS = 365 * 86_400_000 // TIME_SCALE
TEXT_HASH = bytes([7]) * 32
INSIGHT = bytes([9]) * 32


@dataclass(frozen=True)
class Act:
    """A payload and who signs it with which nonce."""

    account: bytes
    payload: Payload
    nonce: int = 1
    keys: tuple[bytes, ...] = (bytes(32),)


@dataclass
class World:
    """State, the height and time of the last block, and what came of it."""

    kv: MemoryKeyValue = field(default_factory=MemoryKeyValue)
    height: int = 0
    time_ms: int = GENESIS_MS
    events: list[Event] = field(default_factory=list)
    """Of the last block, deadlines first."""
    refusals: list[RefusalCode | None] = field(default_factory=list)
    """Of the last block's transactions, None where applied."""

    @property
    def view(self) -> StateView:
        return StateView(self.kv)

    def run(self, *acts: Act, after_ms: int = BLOCK_MS) -> list[Event]:
        """Execute one block with these transactions; all its events."""
        self.height += 1
        self.time_ms += after_ms
        block = BlockContext(height=self.height, time_ms=self.time_ms, chain_id=CHAIN_ID)
        self.events = list(machine.begin_block(self.kv, block))
        self.refusals = []
        for act in acts:
            self._apply(act, block)
        self.events += machine.end_block(self.kv, block)
        return self.events

    def refuse(self, act: Act, *, after_ms: int = BLOCK_MS) -> RefusalCode | None:
        """Execute one block with one transaction; its refusal."""
        self.run(act, after_ms=after_ms)
        return self.refusals[0]

    def open_voting(self, *acts: Act) -> None:
        """Submit proposals and run blocks until they take ballots."""
        self.run(*acts)
        assert self.refusals == [None] * len(acts)
        self.run()
        self.run(after_ms=DISCUSSION_MS)
        self.run()

    def close_voting(self) -> None:
        """Let the windows that are open come to their end, and count."""
        self.run(after_ms=VOTING_MS)

    def get_proposal(self, act: Act) -> Proposal:
        """A proposal of the first cooperative's that was submitted."""
        found = self.view.get_proposal(COOPERATIVE, proposal_id_of(act))
        assert found is not None
        return found

    def decide(self, act: Act, *voters: int) -> list[Event]:
        """Bring a proposal to its decision, these members saying yes; events of the close."""
        self.open_voting(act)
        self.run(*(vote(number, proposal_id_of(act), Choice.YES) for number in voters))
        self.close_voting()
        return self.events

    def dump(self) -> list[tuple[bytes, bytes]]:
        """All of state."""
        return list(self.kv.scan(b""))

    def _apply(self, act: Act, block: BlockContext) -> None:
        savepoint = Savepoint(self.kv)
        record = require_account(StateView(savepoint), act.account)
        sender = Sender(account=act.account, record=record, keys=act.keys, nonce=act.nonce)
        try:
            told = machine.apply(savepoint, sender=sender, payload=act.payload, block=block)
        except TxRefusedError as error:
            self.refusals.append(error.refusal)
        else:
            assert told, "an applied transaction without an event is one that no reader sees"
            self.events += told
            self.refusals.append(None)
            savepoint.commit()


def make_key(number: int) -> KeyPair:
    return KeyPair(seed=number.to_bytes(32, "big"))


def make_inception(number: int) -> Inception:
    return Inception(
        public_key=make_key(number).public_key,
        next_key_commitment=compute_key_commitment(make_key(number + 1).public_key),
        guardians_commitment=bytes(32),
    )


def make_cooperative(number: int, *, is_validating: bool = True) -> GenesisCooperative:
    base = 10_000 + 10 * number
    return GenesisCooperative(
        inception=make_inception(base),
        did=f"did:web:c{number}.test",
        registrar_key=make_key(base + 2).public_key,
        assertion_key=make_key(base + 3).public_key,
        consensus_key=make_key(base + 4).public_key if is_validating else b"",
        node_id=(base + 5).to_bytes(20, "big"),
    )


def make_genesis(cooperatives_count: int = 2, **changes: Any) -> GenesisState:
    cooperatives = [make_cooperative(number) for number in range(cooperatives_count)]
    fields = {
        "network": "test-heart",
        "time_scale": TIME_SCALE,
        "bylaws": make_bylaws(),
        "cooperatives": tuple(sorted(cooperatives, key=lambda cooperative: cooperative.id)),
    }
    return GenesisState(**{**fields, **changes})


def make_world(cooperatives_count: int = 2, **changes: Any) -> World:
    """A federation after genesis, before its first block."""
    world = World()
    block = BlockContext(height=1, time_ms=GENESIS_MS, chain_id=CHAIN_ID)
    machine.init_state(
        world.kv, make_genesis(cooperatives_count, **changes), block, rules_version=1
    )
    return world


def make_world_with_members(
    members_count: int = 5, cooperatives_count: int = 2, **changes: Any
) -> World:
    """A federation whose first cooperative has members numbered from 1."""
    world = make_world(cooperatives_count, **changes)
    world.run(admit(range(1, members_count + 1)))
    assert world.refusals == [None]
    return world


COOPERATIVE = make_cooperative(0).id
OTHER_COOPERATIVE = make_cooperative(1).id


def member(number: int) -> bytes:
    """Account id of a member."""
    return make_inception(number).compute_id()


def registrar(cooperative: bytes = COOPERATIVE) -> bytes:
    return compute_office_account_id(cooperative=cooperative, role=Role.REGISTRAR)


def admit(numbers: Sequence[int], *, cooperative: bytes = COOPERATIVE) -> Act:
    inceptions = tuple(make_inception(number) for number in numbers)
    payload = AdmitMembers(cooperative=cooperative, inceptions=inceptions)
    return Act(registrar(cooperative), payload)


def propose(
    number: int,
    *,
    kind: ProposalKind = ProposalKind.ORDINARY,
    subject: bytes = b"",
    cooperative: bytes = COOPERATIVE,
    nonce: int = 1,
    voting_days: int = 0,
    act: MemberAct | None = None,
) -> Act:
    payload = SubmitProposal(
        cooperative=cooperative,
        kind=kind,
        text_hash=TEXT_HASH,
        subject=subject,
        voting_days=voting_days,
        act=act,
    )
    return Act(member(number), payload, nonce)


def amend(number: int, proposal_id: bytes, *, text_hash: bytes = bytes([8]) * 32) -> Act:
    payload = AmendProposal(cooperative=COOPERATIVE, proposal_id=proposal_id, text_hash=text_hash)
    return Act(member(number), payload)


def withdraw(number: int, proposal_id: bytes) -> Act:
    return Act(member(number), WithdrawProposal(cooperative=COOPERATIVE, proposal_id=proposal_id))


def proposal_id_of(act: Act) -> bytes:
    assert isinstance(act.payload, SubmitProposal)
    return compute_proposal_id(account=act.account, nonce=act.nonce, payload=act.payload)


def vote(
    number: int, proposal_id: bytes, choice: BallotChoice, *, cooperative: bytes = COOPERATIVE
) -> Act:
    payload = CastBallot(cooperative=cooperative, proposal_id=proposal_id, choice=choice)
    return Act(member(number), payload)
