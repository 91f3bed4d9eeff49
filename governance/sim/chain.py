"""A cooperative's chain in memory, block by block, as a ledger would drive it.

Between blocks it says when the next one is due at the latest. Nothing is signed and nothing
is written to disk.
"""

from config.errors import InvariantError
from governance import machine
from governance.body_view import BodyView
from governance.charter import OUTAGE_BUCKET_S, OUTAGE_BUCKETS
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.genesis import GenesisCooperative, GenesisState
from governance.queues import is_waiting, list_due, list_openings
from governance.records import Role, compute_office_account_id
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import require_account
from governance.sim.chance import Chance
from governance.sim.people import make_inception
from governance.transactions import Payload
from governance.view import MemoryKeyValue, Savepoint, StateView

GENESIS_MS = 1_767_225_600_000
"""1 January 2026, 0:00 UTC."""
CHAIN_ID = "test-simulation"
HEARTBEAT_MS = OUTAGE_BUCKETS * OUTAGE_BUCKET_S * 1_000
"""The longest wait between blocks that is no outage of the chain."""
_SOON_MS = 1_000
_FOR_EVER_MS = 1 << 62


class SimulatedChain:
    """State, and the block that is being executed."""

    def __init__(self, bylaws: dict[str, object], chance: Chance) -> None:
        """A cooperative that was just founded, without members.

        Args:
            bylaws: A parsed bylaws file.
            chance: Its keys follow from it.

        Raises:
            RefusedError: The bylaws go below the charter's floors.
        """
        self.kv = MemoryKeyValue()
        self.view = BodyView(self.kv)
        self.height = 1
        self.time_ms = GENESIS_MS
        self.refusals: dict[RefusalCode, int] = {}
        """How often a rule has forbidden what somebody wanted."""
        founder = GenesisCooperative(
            inception=make_inception(chance, "root", 0),
            did="did:web:simulation.test",
            registrar_key=chance.digest("registrar"),
            assertion_key=chance.digest("assertion"),
            consensus_key=chance.digest("consensus"),
            node_id=chance.digest("node")[:20],
        )
        self.cooperative = founder.id
        self.registrar = compute_office_account_id(cooperative=founder.id, role=Role.REGISTRAR)
        genesis = GenesisState(
            network="test-simulation", time_scale=1, bylaws=bylaws, cooperatives=(founder,)
        )
        machine.init_state(self.kv, genesis, self.block)
        self._staged = Savepoint(self.kv)
        self._nonce = 0

    @property
    def block(self) -> BlockContext:
        """The block that is being executed."""
        return BlockContext(height=self.height, time_ms=self.time_ms, chain_id=CHAIN_ID)

    @property
    def next_nonce(self) -> int:
        """Of the next transaction."""
        return self._nonce + 1

    @property
    def is_waiting(self) -> bool:
        """Whether any window of a proposal is to start or open."""
        return is_waiting(self.view)

    def begin(self, time_ms: int) -> Events:
        """Begin the next block: what time brings by itself."""
        self.height += 1
        self.time_ms = time_ms
        return machine.begin_block(self.kv, self.block)

    def apply(self, account: bytes, payload: Payload) -> Events | None:
        """Apply a transaction on a savepoint of its own; None if a rule forbids it."""
        self._nonce += 1
        savepoint = Savepoint(self._staged)
        record = require_account(StateView(savepoint), account)
        if record.left_height is not None:  # as the ledger does before it asks the rules
            raise InvariantError("the simulation lets somebody act who has left")
        sender = Sender(account=account, record=record, keys=(bytes(32),), nonce=self._nonce)
        try:
            events = machine.apply(savepoint, sender=sender, payload=payload, block=self.block)
        except TxRefusedError as error:
            self.refusals[error.refusal] = self.refusals.get(error.refusal, 0) + 1
            return None
        savepoint.commit()
        return events

    def end(self) -> Events:
        """End the block."""
        self._staged.commit()
        return machine.end_block(self.kv, self.block)

    def compute_next_ms(self) -> int:
        """When the rules themselves want the next block, and no later than a heartbeat."""
        if list_openings(self.view, entries_max=1):
            return self.time_ms + _SOON_MS
        due = list_due(self.view, time_ms=_FOR_EVER_MS, entries_max=1)
        next_ms = due[0].due_ms if due else _FOR_EVER_MS
        if self.is_waiting:
            next_ms = min(next_ms, self.time_ms + HEARTBEAT_MS)
        return max(next_ms, self.time_ms + _SOON_MS)
