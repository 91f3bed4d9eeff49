"""Where the papers of a count lie: a pile for each candidate.

The counting code sees only the protocol, so that memory and state are counted by the same
rules. Here is the one in memory; `governance.count.ledger_piles` has the other.
"""

from typing import Protocol, TypeAlias

from config.errors import InvariantError
from governance.count.papers import Papers
from governance.count.stv_records import Row, StvCount

Parcel: TypeAlias = tuple[int, Papers]
"""A value in 10^-5 vote, and papers that each have it."""


class Piles(Protocol):
    """The papers of one count, its record and its trace."""

    def get_count(self) -> StvCount:
        """Where the count stands.

        Raises:
            InvariantError: It has not begun.
        """

    def put_count(self, count: StvCount) -> None:
        """Keep where the count stands, and write what was put until now."""

    def put_papers(self, candidate: int, *, value: int, papers: dict[bytes, int]) -> None:
        """Lay papers on a candidate's pile; the dictionary is given away."""

    def take_papers(self, candidate: int, *, papers_max: int) -> list[Parcel]:
        """Take papers off a pile, in whatever order: empty if there are none.

        Args:
            candidate: Whose pile; nothing was put on it since the count was last kept.
            papers_max: At most so many; equal papers that lie together count as one.
        """

    def put_row(self, index: int, row: Row) -> None:
        """Add a row to the trace."""

    def get_row(self, index: int) -> Row:
        """A row of the trace."""

    def clear(self, items_max: int) -> bool:
        """Forget papers, trace and record, at most so many items at a time.

        Returns:
            Whether nothing is left.
        """


class MemoryPiles:
    """Piles in memory: for the command line, audits and simulators."""

    def __init__(self) -> None:
        self._count: StvCount | None = None
        self._piles: dict[int, dict[int, dict[bytes, int]]] = {}
        self._rows: list[Row] = []

    def get_count(self) -> StvCount:
        """As `Piles.get_count`."""
        if self._count is None:
            raise InvariantError("a count goes on that has not begun")
        return self._count

    def put_count(self, count: StvCount) -> None:
        """As `Piles.put_count`."""
        self._count = count

    def put_papers(self, candidate: int, *, value: int, papers: dict[bytes, int]) -> None:
        """As `Piles.put_papers`."""
        pile = self._piles.setdefault(candidate, {})
        lying = pile.setdefault(value, papers)
        if lying is not papers:
            for choice, papers_count in papers.items():
                lying[choice] = lying.get(choice, 0) + papers_count

    def take_papers(self, candidate: int, *, papers_max: int) -> list[Parcel]:
        """As `Piles.take_papers`."""
        pile = self._piles.get(candidate, {})
        taken: list[Parcel] = []
        while pile and papers_max > 0:
            value = next(iter(pile))
            papers = pile[value]
            if len(papers) <= papers_max:
                del pile[value]
            else:
                papers = dict(pile[value].popitem() for _ in range(papers_max))
            papers_max -= len(papers)
            taken.append((value, papers))
        return taken

    def put_row(self, index: int, row: Row) -> None:
        """As `Piles.put_row`."""
        if index != len(self._rows):
            raise InvariantError("a row of the trace is out of turn")
        self._rows.append(row)

    def get_row(self, index: int) -> Row:
        """As `Piles.get_row`."""
        return self._rows[index]

    def clear(self, items_max: int) -> bool:  # noqa: ARG002 - a bound that memory needs not
        """As `Piles.clear`; memory is forgotten at once."""
        self._piles.clear()
        self._rows.clear()
        self._count = None
        return True
