"""Counting in state: the same as in memory, however it is cut, and nothing stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvariantError
from config.limits import COUNT_CANDIDATES_MAX, COUNT_CHUNK_PAPERS_MAX
from governance.count.ledger_piles import Chunk, LedgerPiles
from governance.count.piles import MemoryPiles, Piles
from governance.count.stv import (
    add_papers,
    advance,
    begin_count,
    clear,
    close_papers,
    count_stv,
    get_result,
)
from governance.count.stv_records import StvResult
from governance.fields import STATE_VALUE_BYTES_MAX
from governance.state_keys import COLLECTION_AT, Collection
from governance.view import MemoryKeyValue, Savepoint
from tests.governance.count.elections import Election, elections, load_ward

NAMESPACE, SUBJECT = bytes([1]) * 32, bytes([2]) * 32


class CountingKeyValue(MemoryKeyValue):
    """Notes the keys that a block touches."""

    def __init__(self) -> None:
        super().__init__()
        self.touched: dict[bytes, None] = {}

    def get(self, key: bytes) -> bytes | None:
        self.touched[key] = None
        return super().get(key)

    def put(self, key: bytes, value: bytes) -> None:
        assert len(value) <= STATE_VALUE_BYTES_MAX // 2
        self.touched[key] = None
        super().put(key, value)


def make_piles(kv: MemoryKeyValue) -> LedgerPiles:
    return LedgerPiles(kv, namespace=NAMESPACE, subject=SUBJECT)


def count_in_pieces(
    election: Election, make: "object", taken: list[int], steps: list[int]
) -> StvResult:
    """Take papers and count in pieces of these sizes, each on a fresh look at the store."""
    assert callable(make)
    begin_count(
        make(),
        candidates_count=election.candidates_count,
        seats_count=election.seats_count,
        withdrawn=election.withdrawn,
        lot=election.lot,
    )
    papers = list(election.papers.items())
    turn = 0
    while papers:
        size = taken[turn % len(taken)]
        add_papers(make(), dict(papers[:size]))
        papers, turn = papers[size:], turn + 1
    close_papers(make())
    turn = 0
    while not advance(make(), papers_max=steps[turn % len(steps)]):
        turn += 1
    return get_result(make())


sizes = st.lists(st.integers(1, 30), min_size=1, max_size=4)


@given(elections(), sizes, sizes, st.booleans())
def test_neither_store_nor_cutting_changes_the_trace(
    election: Election, taken: list[int], steps: list[int], is_small: bool
) -> None:
    """Every row and the hash over them are those of counting at once in memory."""
    kv = MemoryKeyValue()
    memory = MemoryPiles()

    with pytest.MonkeyPatch.context() as patch:
        if is_small:
            patch.setattr("governance.count.ledger_piles.COUNT_CHUNK_PAPERS_MAX", 3)
        in_state = count_in_pieces(election, lambda: make_piles(kv), taken, steps)
    in_memory = count_in_pieces(election, lambda: memory, taken, steps)

    assert in_state == in_memory == election.count()


@given(elections(), sizes, st.integers(1, 5))
def test_clearing_leaves_nothing(election: Election, steps: list[int], items_max: int) -> None:
    """In bounded steps; what lies beside the count stays."""
    kv = MemoryKeyValue()
    kv.put(b"other", b"value")
    count_in_pieces(election, lambda: make_piles(kv), [5], steps)
    items_count = len(list(kv.scan(b""))) - 3

    calls = 1
    while not clear(make_piles(kv), items_max=items_max):
        calls += 1

    assert list(kv.scan(b"")) == [(b"other", b"value")]
    assert calls == items_count // items_max + 1


def test_a_block_touches_only_what_it_needs() -> None:
    """A step of 512 papers reads and writes some chunks for each candidate, not all of them."""
    election = load_ward("Hillhead-2007")
    kv = CountingKeyValue()
    begin_count(
        make_piles(kv), candidates_count=len(election.names), seats_count=4, withdrawn=b"", lot=b""
    )
    add_papers(make_piles(kv), election.papers)
    close_papers(make_piles(kv))

    has_ended, touched = False, []
    while not has_ended:
        kv.touched.clear()
        has_ended = advance(make_piles(kv), papers_max=512)
        touched.append(len(kv.touched))

    assert len(touched) > 5
    assert max(touched) <= 40


def test_a_savepoint_that_is_dropped_undoes_a_step() -> None:
    """Nothing of a count lives outside state."""
    kv = MemoryKeyValue()
    begin_count(make_piles(kv), candidates_count=3, seats_count=1, withdrawn=b"", lot=b"")
    papers = {bytes([0]): 3, bytes([1, 0]): 1, bytes([2, 0]): 2}
    add_papers(make_piles(kv), papers)
    close_papers(make_piles(kv))
    before = list(kv.scan(b""))

    savepoint = Savepoint(kv)
    piles = LedgerPiles(savepoint, namespace=NAMESPACE, subject=SUBJECT)
    advance(piles, papers_max=2)
    assert list(kv.scan(b"")) == before
    savepoint.commit()

    while not advance(make_piles(kv), papers_max=1):
        pass
    assert get_result(make_piles(kv)) == count_stv(
        papers, candidates_count=3, seats_count=1, withdrawn=b"", lot=b""
    )


def test_the_longest_chunk_is_well_below_what_state_takes() -> None:
    """With the longest choices and the largest numbers."""
    chunk = Chunk(
        choices=(bytes(COUNT_CANDIDATES_MAX),) * COUNT_CHUNK_PAPERS_MAX,
        values=(100_000,) * COUNT_CHUNK_PAPERS_MAX,
        counts=(1_000_000_000,) * COUNT_CHUNK_PAPERS_MAX,
    )

    assert len(chunk.encode()) < STATE_VALUE_BYTES_MAX // 3


def test_keys_lie_in_the_counts_own_collection() -> None:
    kv = MemoryKeyValue()
    begin_count(make_piles(kv), candidates_count=2, seats_count=1, withdrawn=b"", lot=b"")
    add_papers(make_piles(kv), {bytes([0]): 1})
    close_papers(make_piles(kv))

    keys = [key for key, _ in kv.scan(b"")]
    assert {key[COLLECTION_AT] for key in keys} == {Collection.COUNT}
    assert all(key.startswith(NAMESPACE) and SUBJECT in key for key in keys)


def test_a_hole_in_state_is_never_counted_over() -> None:
    """Corrupt state ends the process, it does not change an outcome."""
    kv = MemoryKeyValue()
    piles: Piles = make_piles(kv)
    with pytest.raises(InvariantError, match="not begun"):
        piles.get_count()
    begin_count(piles, candidates_count=2, seats_count=1, withdrawn=b"", lot=b"")
    add_papers(piles, {bytes([0]): 1})
    close_papers(piles)
    row = piles.get_row(0)
    with pytest.raises(InvariantError, match="out of turn"):
        piles.put_row(5, row)
    with pytest.raises(InvariantError, match="lacks a row"):
        piles.get_row(1)
    chunks = [key for key, _ in kv.scan(b"") if key[65] == 3]
    kv.delete(chunks[0])
    with pytest.raises(InvariantError, match="lacks papers"):
        piles.take_papers(0, papers_max=1)
