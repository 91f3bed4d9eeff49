"""Who was on a cooperative's roll at a height, from the lists of who came, left and came back.

A roll that was brought over from another chain begins with that chain's entries, whose heights do
not compare with this one's: all of them came when the last of them was here, and whoever did not
count then is on the list of changes. The accounts' own records say only how things are now, and
are not used.
"""

from bisect import bisect_right
from itertools import pairwise

from governance.audit.findings import Place, expect
from governance.audit.lists import read_entries
from governance.federal_view import FederalView
from governance.merkle_log import EMPTY_FRONTIER, Frontier
from governance.records import RollChange, RollEntry
from governance.roll import changes_log, roll_log
from governance.view import StateView

_NEWEST = 1 << 62
"""A height above every block's."""


class Electorates:
    """A cooperative's roll through time."""

    def __init__(self, view: StateView, cooperative: bytes) -> None:
        """Read the roll's lists.

        Raises:
            AuditError: They are not those whose roots are in state, or their members are not as
                many as the roll says.
        """
        place = Place(cooperative=cooperative, what="roll", id=cooperative.hex())
        self._entries, _ = read_entries(view, roll_log(cooperative), place, RollEntry)
        self._changes, _ = read_entries(view, changes_log(cooperative), place, RollChange)
        self._frontiers = _grow(self._entries)
        self._heights = self._list_heights(FederalView(view.kv), cooperative, place=place)
        expect(
            place,
            "active_count",
            expected=len(self.list_members(height=_NEWEST)),
            found=view.get_roll(cooperative).active_count,
        )

    def list_members(self, *, height: int) -> dict[bytes, None]:
        """Accounts that had come by a height and had not left."""
        came = self._entries[: bisect_right(self._heights, height)]
        members = {entry.account: None for entry in came}
        for change in self._changes:
            if change.height > height:
                break
            if change.is_back:
                members[change.account] = None
            else:
                members.pop(change.account, None)
        return members

    def get_root(self, *, height: int) -> bytes:
        """The root of the list of who came, as it was after a block."""
        return self._frontiers[bisect_right(self._heights, height)].compute_root()

    def _list_heights(self, view: FederalView, cooperative: bytes, *, place: Place) -> list[int]:
        """When each entry came, on this chain."""
        heights = [entry.height for entry in self._entries]
        imported = view.get_imported_roll(cooperative)
        if imported is not None:
            is_there = imported.size <= len(self._entries)
            expect(place, "imported_roll.is_there", expected=True, found=is_there)
            root = self._frontiers[imported.size].compute_root()
            expect(place, "imported_roll.root", expected=root, found=imported.root)
            heights[: imported.size] = [imported.height] * imported.size
        is_ascending = all(first <= second for first, second in pairwise(heights))
        expect(place, "heights_ascend", expected=True, found=is_ascending)
        return heights


def _grow(entries: list[RollEntry]) -> list[Frontier]:
    frontiers = [EMPTY_FRONTIER]
    for entry in entries:
        frontiers.append(frontiers[-1].append(entry.encode()))
    return frontiers
