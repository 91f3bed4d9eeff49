"""The rules alone, without a ledger: a cooperative in memory that benchmarks drive.

No signatures, no disk, no engine: what is left is what a rule costs.
"""

import hashlib
import tomllib
from importlib.resources import files

from did.accounts import Inception
from governance import machine
from governance.context import BlockContext, Sender
from governance.genesis import GenesisCooperative, GenesisState
from governance.proposal_records import ProposalKind
from governance.records import Role, compute_office_account_id
from governance.roll import require_account
from governance.transactions import AdmitMembers, Payload, SubmitProposal, compute_proposal_id
from governance.view import MemoryKeyValue, Savepoint, StateView

CHAIN_ID = "test-core"
_GENESIS_MS = 1_700_000_000_000
_HEARTBEAT_MS = 900_000
"""Blocks come often enough for the chain not to stand still, which would extend windows."""
_BLOCKS_TO_VOTE = 8 * 24 * 4
_BATCH = 64


class CoreChain:
    """State in memory, and the height and time of its last block."""

    def __init__(self, *, members_count: int) -> None:
        """A cooperative that was just founded, with members.

        Args:
            members_count: On its roll.
        """
        self.kv = MemoryKeyValue()
        self.height = 1
        self.time_ms = _GENESIS_MS
        founder = GenesisCooperative(
            inception=_make_inception("root"),
            did="did:web:core.test",
            registrar_key=_hash("registrar"),
            assertion_key=_hash("assertion"),
            consensus_key=_hash("consensus"),
            node_id=_hash("node")[:20],
        )
        self.cooperative = founder.id
        text = (files("config") / "presets" / "patient-group.toml").read_text(encoding="utf-8")
        genesis = GenesisState(
            network="test-core",
            time_scale=1,
            bylaws=tomllib.loads(text),
            cooperatives=(founder,),
        )
        machine.init_state(self.kv, genesis, self.block)
        members = [_make_inception(f"member {number}") for number in range(members_count)]
        self.members = tuple(inception.compute_id() for inception in members)
        registrar = compute_office_account_id(cooperative=self.cooperative, role=Role.REGISTRAR)
        for start in range(0, members_count, _BATCH):
            batch = AdmitMembers(
                cooperative=self.cooperative, inceptions=tuple(members[start : start + _BATCH])
            )
            self.run((registrar, batch), after_ms=1_000)

    @property
    def block(self) -> BlockContext:
        """The block that is being executed."""
        return BlockContext(height=self.height, time_ms=self.time_ms, chain_id=CHAIN_ID)

    def run(self, *transactions: tuple[bytes, Payload], after_ms: int) -> None:
        """Execute a block: who sends, and what.

        Raises:
            TxRefusedError: A rule forbids one.
        """
        self.height += 1
        self.time_ms += after_ms
        machine.begin_block(self.kv, self.block)
        self.apply(transactions)
        machine.end_block(self.kv, self.block)

    def apply(self, transactions: tuple[tuple[bytes, Payload], ...]) -> None:
        """Apply transactions to the block, each on a savepoint of its own, as the ledger does."""
        staged = Savepoint(self.kv)
        for account, payload in transactions:
            savepoint = Savepoint(staged)
            sender = Sender(
                account=account,
                record=require_account(StateView(savepoint), account),
                keys=(bytes(32),),
                nonce=self.height,
            )
            machine.apply(savepoint, sender=sender, payload=payload, block=self.block)
            savepoint.commit()
        staged.commit()

    def open_vote(self) -> bytes:
        """Bring an ordinary proposal to its vote; its id."""
        author = self.members[0]
        motion = SubmitProposal(
            cooperative=self.cooperative,
            kind=ProposalKind.ORDINARY,
            text_hash=_hash("text"),
            subject=b"",
            voting_days=366,
        )
        self.run((author, motion), after_ms=1_000)
        proposal_id = compute_proposal_id(account=author, nonce=self.height, payload=motion)
        for _ in range(_BLOCKS_TO_VOTE):
            self.run(after_ms=_HEARTBEAT_MS)
        return proposal_id


def _make_inception(name: str) -> Inception:
    return Inception(
        public_key=_hash(name),
        next_key_commitment=bytes(32),
        guardians_commitment=bytes(32),
    )


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
