"""Who was on a cooperative's roll at a height, from the lists of who came, left and came back.

The accounts' own records say only how things are now; they are used for nothing but to tell
a roll that was brought over from another chain, whose heights do not compare with this one's.
"""

from bisect import bisect_right

from governance.audit.findings import Place, expect
from governance.audit.lists import read_entries
from governance.merkle_log import EMPTY_FRONTIER, Frontier
from governance.records import RollChange, RollEntry
from governance.roll import changes_log, roll_log
from governance.view import StateView


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
        changed = {change.account: None for change in self._changes}
        self.is_imported = any(
            _is_other(view, entry) for entry in self._entries if entry.account not in changed
        )
        """Whether it came from another chain: then nobody here knows who was on it when."""
        if not self.is_imported:
            self._heights = [entry.height for entry in self._entries]
            expect(
                place,
                "active_count",
                expected=len(self.list_members(height=1 << 62)),
                found=view.get_roll(cooperative).active_count,
            )

    def list_members(self, *, height: int) -> dict[bytes, None]:
        """Accounts that had come by a height and had not left; of an imported roll, all."""
        if self.is_imported:
            return {entry.account: None for entry in self._entries}
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
        """The root of the list of who came, as it was after a block; not of an imported one."""
        return self._frontiers[bisect_right(self._heights, height)].compute_root()


def _grow(entries: list[RollEntry]) -> list[Frontier]:
    frontiers = [EMPTY_FRONTIER]
    for entry in entries:
        frontiers.append(frontiers[-1].append(entry.encode()))
    return frontiers


def _is_other(view: StateView, entry: RollEntry) -> bool:
    account = view.get_account(entry.account)
    return account is None or account.joined_height != entry.height
