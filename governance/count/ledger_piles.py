"""The papers of a count in the ledger's state.

A block may read and write only a little, so piles are chunks of papers, taken from the front
and laid at the back; a block touches only the chunks it takes from and adds to. What lies
where follows from the papers and the steps taken, and from nothing else. All of it is gone
when the count is cleared.

Keys: namespace ‖ `Collection.COUNT` ‖ subject ‖ kind (1 byte) ‖ place.
"""

from collections.abc import Iterator
from enum import IntEnum
from itertools import islice, repeat
from typing import Annotated, TypeAlias

from msgspec import Meta
from msgspec.structs import replace

from config.errors import InvariantError
from config.limits import COUNT_CHUNK_PAPERS_MAX
from did.codec import Record
from governance.count.papers import Candidates, PerCandidate
from governance.count.piles import Parcel
from governance.count.stv_records import Row, StvCount
from governance.fields import Count
from governance.state_keys import Collection, state_key
from governance.view import KeyValue

_NUMBER_BYTES = 4
_PerPaper = Meta(max_length=COUNT_CHUNK_PAPERS_MAX)
_Lying: TypeAlias = dict[tuple[int, bytes], int]
"""How many papers of a value say the same."""


class _Kind(IntEnum):
    """What a key holds; a number is never used for anything else."""

    COUNT = 1
    """No place."""
    INDEX = 2
    """No place."""
    CHUNK = 3
    """Place: candidate, 1 byte ‖ number, 4 bytes big-endian."""
    ROW = 4
    """Place: number, 4 bytes big-endian."""


class PilesIndex(Record, frozen=True, kw_only=True):
    """Which chunks and rows there are."""

    firsts: PerCandidate
    """Of each pile, the number of its first chunk."""
    ends: PerCandidate
    """Of each pile, the number after its last chunk; as the first if it is empty."""
    rows_count: Count = 0


class Chunk(Record, frozen=True, kw_only=True):
    """Some papers of a pile, ascending by value and choice, no two alike."""

    choices: Annotated[tuple[Candidates, ...], _PerPaper]
    values: Annotated[tuple[Count, ...], _PerPaper]
    """Of each, in 10^-5 vote."""
    counts: Annotated[tuple[Count, ...], _PerPaper]
    """How many papers there are of each."""


class LedgerPiles:
    """Piles in state, as `governance.count.piles.Piles`."""

    def __init__(self, kv: KeyValue, *, namespace: bytes, subject: bytes) -> None:
        """Look at the piles of one count.

        Args:
            kv: State, or a savepoint on it.
            namespace: The cooperative whose members vote; 32 bytes.
            subject: What the count is about, such as a proposal's id; 32 bytes.
        """
        self._kv = kv
        self._namespace = namespace
        self._subject = subject
        self._added: dict[int, _Lying] = {}

    def get_count(self) -> StvCount:
        """As `Piles.get_count`."""
        return StvCount.decode(self._require(_Kind.COUNT))

    def put_count(self, count: StvCount) -> None:
        """As `Piles.put_count`."""
        if self._kv.get(self._key(_Kind.INDEX)) is None:
            none = tuple(repeat(0, len(count.totals)))
            self._put_index(PilesIndex(firsts=none, ends=none))
        if self._added:
            self._write_added()
        self._kv.put(self._key(_Kind.COUNT), count.encode())

    def put_papers(self, candidate: int, *, value: int, papers: dict[bytes, int]) -> None:
        """As `Piles.put_papers`; written with the count."""
        lying = self._added.setdefault(candidate, {})
        for choice, papers_count in papers.items():
            lying[value, choice] = lying.get((value, choice), 0) + papers_count

    def take_papers(self, candidate: int, *, papers_max: int) -> list[Parcel]:
        """As `Piles.take_papers`."""
        index = self._get_index()
        number, end = index.firsts[candidate], index.ends[candidate]
        taken: list[Parcel] = []
        while number < end and papers_max > 0:
            key = self._chunk_key(candidate, number)
            lying = self._read_chunk(candidate, number)
            if len(lying) <= papers_max:
                self._kv.delete(key)
                number += 1
                now = lying
            else:
                items = iter(lying.items())
                now = dict(islice(items, papers_max))
                self._kv.put(key, _encode_chunk(list(items)))
            papers_max -= len(now)
            taken += _group(now)
        self._put_index(replace(index, firsts=_set(index.firsts, candidate, number)))
        return taken

    def put_row(self, index: int, row: Row) -> None:
        """As `Piles.put_row`."""
        found = self._get_index()
        if index != found.rows_count:
            raise InvariantError("a row of the trace is out of turn")
        self._kv.put(self._row_key(index), row.encode())
        self._put_index(replace(found, rows_count=index + 1))

    def get_row(self, index: int) -> Row:
        """As `Piles.get_row`."""
        data = self._kv.get(self._row_key(index))
        if data is None:
            raise InvariantError("state lacks a row of a count's trace")
        return Row.decode(data)

    def clear(self, items_max: int) -> bool:
        """As `Piles.clear`; chunks first, then rows, then the rest."""
        index, left = self._get_index(), items_max
        firsts, rows_count = list(index.firsts), index.rows_count
        for candidate, end in enumerate(index.ends):
            while left > 0 and firsts[candidate] < end:
                self._kv.delete(self._chunk_key(candidate, firsts[candidate]))
                firsts[candidate] += 1
                left -= 1
        while left > 0 and rows_count > 0:
            rows_count -= 1
            self._kv.delete(self._row_key(rows_count))
            left -= 1
        if left == 0:
            self._put_index(replace(index, firsts=tuple(firsts), rows_count=rows_count))
            return False
        self._kv.delete(self._key(_Kind.INDEX))
        self._kv.delete(self._key(_Kind.COUNT))
        return True

    def count_chunks(self) -> int:
        """How many chunks of papers lie on all piles."""
        index = self._get_index()
        return sum(index.ends) - sum(index.firsts)

    def clear_papers(self, items_max: int) -> bool:
        """Forget the papers of a count that has ended, some chunks at a time.

        Its trace stays: from it a vacancy can be filled, and anybody can follow the count.

        Returns:
            Whether no papers are left.
        """
        index, left = self._get_index(), items_max
        firsts = list(index.firsts)
        for candidate, end in enumerate(index.ends):
            while left > 0 and firsts[candidate] < end:
                self._kv.delete(self._chunk_key(candidate, firsts[candidate]))
                firsts[candidate] += 1
                left -= 1
        self._put_index(replace(index, firsts=tuple(firsts)))
        return left > 0

    def _write_added(self) -> None:
        index = self._get_index()
        ends = list(index.ends)
        for candidate, added in sorted(self._added.items()):
            number = ends[candidate]
            if number > index.firsts[candidate]:  # the last chunk may have room
                number -= 1
                for paper, papers_count in self._read_chunk(candidate, number).items():
                    added[paper] = added.get(paper, 0) + papers_count
            papers = sorted(added.items())
            for start in range(0, len(papers), COUNT_CHUNK_PAPERS_MAX):
                chunk = _encode_chunk(papers[start : start + COUNT_CHUNK_PAPERS_MAX])
                self._kv.put(self._chunk_key(candidate, number), chunk)
                number += 1
            ends[candidate] = number
        self._added.clear()
        self._put_index(replace(index, ends=tuple(ends)))

    def _read_chunk(self, candidate: int, number: int) -> _Lying:
        data = self._kv.get(self._chunk_key(candidate, number))
        if data is None:
            raise InvariantError("state lacks papers of a count")
        chunk = Chunk.decode(data)
        papers = zip(chunk.values, chunk.choices, strict=True)
        return dict(zip(papers, chunk.counts, strict=True))

    def _get_index(self) -> PilesIndex:
        return PilesIndex.decode(self._require(_Kind.INDEX))

    def _put_index(self, index: PilesIndex) -> None:
        self._kv.put(self._key(_Kind.INDEX), index.encode())

    def _require(self, kind: _Kind) -> bytes:
        data = self._kv.get(self._key(kind))
        if data is None:
            raise InvariantError("a count goes on that has not begun")
        return data

    def _chunk_key(self, candidate: int, number: int) -> bytes:
        place = bytes([candidate]) + number.to_bytes(_NUMBER_BYTES, "big")
        return self._key(_Kind.CHUNK, place)

    def _row_key(self, index: int) -> bytes:
        return self._key(_Kind.ROW, index.to_bytes(_NUMBER_BYTES, "big"))

    def _key(self, kind: _Kind, place: bytes = b"") -> bytes:
        record_id = self._subject + bytes([kind]) + place
        return state_key(self._namespace, Collection.COUNT, record_id)


def _encode_chunk(papers: list[tuple[tuple[int, bytes], int]]) -> bytes:
    return Chunk(
        choices=tuple(choice for (_, choice), _ in papers),
        values=tuple(value for (value, _), _ in papers),
        counts=tuple(papers_count for _, papers_count in papers),
    ).encode()


def _group(lying: _Lying) -> Iterator[Parcel]:
    """Papers by their value; a chunk's come ascending, so equal values are neighbours."""
    by_value: dict[int, dict[bytes, int]] = {}
    for (value, choice), papers_count in lying.items():
        by_value.setdefault(value, {})[choice] = papers_count
    yield from by_value.items()


def _set(numbers: tuple[int, ...], place: int, number: int) -> tuple[int, ...]:
    return (*numbers[:place], number, *numbers[place + 1 :])
