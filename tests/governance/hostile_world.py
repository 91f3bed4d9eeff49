"""A federation whose members and officers try everything, and whose state is watched.

Every record that is put must be one that a node can read again: a number out of bounds would
stop the chain wherever it is met next. Reads and writes are counted, of a block's own work.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from did.codec import Record
from governance import machine
from governance.body_records import Body, BodyKind, BodyMotion, Emergency, Petition
from governance.charter_records import CharterAnswer, CharterChange
from governance.context import BlockContext
from governance.dispute_records import Dispute
from governance.election_records import (
    BallotPaper,
    Candidate,
    Countback,
    CountProgress,
    CountResult,
)
from governance.events import Event
from governance.federal_records import Motion
from governance.fields import STATE_VALUE_BYTES_MAX
from governance.proposal_records import Ballot, DecidedInsight, Decision, Licence, Proposal, Tally
from governance.queues import Turn, put_due
from governance.records import Account, Cooperative, Roll
from governance.roll_records import Admission, Exclusion, Landing, RollClock
from governance.state_keys import COLLECTION_AT, Collection
from governance.value.books import Entry
from governance.value.chart import BookAccount
from governance.value.records import (
    Books,
    Netting,
    Period,
    Settlement,
    SignedAgreement,
    Usage,
)
from governance.view import MemoryKeyValue
from tests.governance.world import (
    BLOCK_MS,
    CHAIN_ID,
    COOPERATIVE,
    OTHER_COOPERATIVE,
    Act,
    World,
)

PARTNERS_INSIGHT = bytes([10]) * 32
RECORDS: dict[Collection, type[Record]] = {
    Collection.COOPERATIVE: Cooperative,
    Collection.ACCOUNT: Account,
    Collection.ROLL: Roll,
    Collection.PROPOSAL: Proposal,
    Collection.BALLOT: Ballot,
    Collection.TALLY: Tally,
    Collection.DECISION: Decision,
    Collection.LICENCE: Licence,
    Collection.INSIGHT: DecidedInsight,
    Collection.BODY: Body,
    Collection.BODY_MOTION: BodyMotion,
    Collection.EMERGENCY: Emergency,
    Collection.BALLOT_PAPER: BallotPaper,
    Collection.CANDIDATE: Candidate,
    Collection.COUNT_PROGRESS: CountProgress,
    Collection.COUNT_RESULT: CountResult,
    Collection.PETITION: Petition,
    Collection.ADMISSION: Admission,
    Collection.LANDING: Landing,
    Collection.ROLL_CLOCK: RollClock,
    Collection.EXCLUSION: Exclusion,
    Collection.COUNTBACK: Countback,
    Collection.MOTION: Motion,
    Collection.DISPUTE: Dispute,
    Collection.CHARTER: CharterChange,
    Collection.CHARTER_ANSWER: CharterAnswer,
    Collection.BOOKS: Books,
    Collection.BOOK_ACCOUNT: BookAccount,
    Collection.BOOK_ENTRY: Entry,
    Collection.PERIOD: Period,
    Collection.SETTLEMENT: Settlement,
    Collection.AGREEMENT: SignedAgreement,
    Collection.USAGE: Usage,
    Collection.NETTING: Netting,
}


class WatchedKeyValue(MemoryKeyValue):
    """Counts what is read and written, and refuses records that nobody could read."""

    def __init__(self) -> None:
        super().__init__()
        self.operations_count = 0
        """Gets, puts, deletes, and items of scans."""

    def get(self, key: bytes) -> bytes | None:
        self.operations_count += 1
        return super().get(key)

    def put(self, key: bytes, value: bytes) -> None:
        self.operations_count += 1
        assert 0 < len(value) <= STATE_VALUE_BYTES_MAX
        record = RECORDS.get(Collection(key[COLLECTION_AT]))
        if record is not None:
            record.decode(value)
        super().put(key, value)

    def delete(self, key: bytes) -> None:
        self.operations_count += 1
        super().delete(key)

    def scan(self, prefix: bytes, *, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        self.operations_count += 1
        for item in super().scan(prefix, after=after):
            self.operations_count += 1
            yield item


@dataclass
class HostileWorld(World):
    """A world that says how much its last block did by itself."""

    kv: WatchedKeyValue = field(default_factory=WatchedKeyValue)
    own_operations_count: int = 0
    """Of the last block's beginning and end."""

    def run(self, *acts: Act, after_ms: int = BLOCK_MS) -> list[Event]:
        self.height += 1
        self.time_ms += after_ms
        block = BlockContext(height=self.height, time_ms=self.time_ms, chain_id=CHAIN_ID)
        self.kv.operations_count = 0
        self.events = list(machine.begin_block(self.kv, block))
        begun_count = self.kv.operations_count
        self.refusals = []
        for act in acts:
            self._apply(act, block)
        self.kv.operations_count = 0
        self.events += machine.end_block(self.kv, block)
        self.own_operations_count = begun_count + self.kv.operations_count
        return self.events


def watch(world: World) -> HostileWorld:
    """Go on with a world, watched."""
    kv = WatchedKeyValue()
    for key, value in world.dump():
        kv.put(key, value)
    return HostileWorld(kv=kv, height=world.height, time_ms=world.time_ms)


def prepare(world: World) -> None:
    """Let a partner have released an insight, and the rules be about to submit an election."""
    released = DecidedInsight(released_by=bytes(32))
    world.view.put_insight(OTHER_COOPERATIVE, PARTNERS_INSIGHT, released)
    put_due(
        world.view,
        Turn.ELECTION,
        due_ms=world.time_ms + 1,
        cooperative=COOPERATIVE,
        subject=BodyKind.OUTREACH.to_bytes(32, "big"),
    )
