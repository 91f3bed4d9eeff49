"""What must hold after every fault of one node.

- The same height has the same block and app hash as before, and a replay of all blocks from
  genesis leads to the same state.
- Every transaction that a client was told is committed is there, once, in the block told.
- The node came back by itself, and goes on.
"""

import shutil
import time
from contextlib import closing
from pathlib import Path

from config.errors import UnavailableError
from did.jcs import JsonObject
from governance.logs import get_entry, get_frontier
from governance.records import RollEntry
from governance.roll import roll_log
from governance.view import StateView
from ledger.comparison import compare_stores
from ledger.store import Store
from node.replaying import replay
from node.settings import load_settings
from tests.faults.load import Load
from tests.node.small_federation import Member, wait_until

_PAGE_BLOCKS = 20
PROGRESS_BLOCKS = 2
RECOVERY_S = 60
"""Generous: the machine may be busy with other tests."""


class Oracle:
    """Remembers a chain's blocks, and compares whatever a node shows with them."""

    def __init__(self) -> None:
        self.blocks: dict[int, tuple[str, str]] = {}
        """Block id, and the app hash in its header, by height."""

    def look(self, member: Member) -> int:
        """Compare every block that a running node has with those seen before; its height."""
        height = int(_ask(member, "status")["sync_info"]["latest_block_height"])
        for first in range(1, height + 1, _PAGE_BLOCKS):
            last = min(first + _PAGE_BLOCKS - 1, height)
            answer = _ask(member, "blockchain", minHeight=str(first), maxHeight=str(last))
            for meta in answer["block_metas"]:
                self._compare(meta)
        return height

    def check_progress(self, member: Member, blocks: int = PROGRESS_BLOCKS) -> int:
        """Check that a node makes blocks, on those seen before; the height it has then."""
        height = max(self.look(member), *self.blocks, 0)
        wait_until(lambda: member.height() >= height + blocks, timeout_s=RECOVERY_S)
        return self.look(member)

    def check_whole(self, member: Member, load: Load, *, work: Path) -> None:
        """Check a stopped node's state: transactions, and a replay of its blocks.

        Args:
            member: The node, stopped.
            load: What it was sent.
            work: A directory that does not exist.
        """
        check_roll(member.home.ledger, load)
        settings = load_settings(member.home.settings_path, environ={})
        done = replay(member.home, settings, snapshot=None, output=work, tell=lambda _: None)
        assert done.height >= max(self.blocks)
        found = compare_stores(work / "ledger", member.home.ledger)
        assert found.is_equal, found.first_difference
        assert found.first.record.app_hash == found.second.record.app_hash
        shutil.rmtree(work)

    def _compare(self, meta: JsonObject) -> None:
        height = int(meta["header"]["height"])
        seen = meta["block_id"]["hash"], meta["header"]["app_hash"]
        assert self.blocks.setdefault(height, seen) == seen, height


def _ask(member: Member, method: str, **params: object) -> JsonObject:
    """An answer of an engine that may end meanwhile and come back."""
    deadline_s = time.monotonic() + RECOVERY_S
    while True:
        try:
            return member.call(method, **params)
        except UnavailableError:
            assert time.monotonic() < deadline_s, member.said[-2_000:]
            time.sleep(0.1)


def check_roll(store_path: Path, load: Load) -> None:
    """Check that every admission that anybody was told of is on the roll, once, as told."""
    with closing(Store.open(store_path)) as store:
        view, log = StateView(store), roll_log(load.cooperative)
        size = get_frontier(view, log).size
        entries = [RollEntry.decode(get_entry(view, log, index)) for index in range(size)]
        assert view.get_roll(load.cooperative).active_count == len(entries)
    heights = {entry.account: entry.height for entry in entries}
    numbers = {load.member(number): number for number in range(1, load.sent + 1)}
    assert len(heights) == len(entries)
    assert {numbers[account] for account in heights} == load.known
    assert load.committed
    for number, height in load.committed.items():
        assert heights[load.member(number)] == height
