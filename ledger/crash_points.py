"""Dying on purpose: `ROCHDALE_CRASH_AT=<point>:<height>,…`, on test chains only.

A crash at a chosen moment is how recovery is tested: the process kills itself as a power cut
would, without unwinding. Each point is died at once in a run of the supervisor, the first time
that the ledger comes by while it works towards that height or a later one: what is tested is
what comes after. Apart from what it interrupts, which is wrapped here when it is asked for;
otherwise nothing of this is in the way.

    commit             before the call is looked at; so for every call of the engine
    commit.end         after its work was done, before the answer
    finalize_block.mid between two transactions of a block
    keep_snapshot      a snapshot's chunks are written, it is not on the shelf; `.end`: it is
    take_over          another's state is checked, not yet in the place of the node's; `.end`: it is
"""

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from config.errors import MisconfiguredError
from config.settings import TEST_CHAIN_PREFIX
from ledger import restoring, transition
from ledger.application import Application
from ledger.files import replace_file
from ledger.snapshot_shelf import SnapshotShelf

VARIABLE = "ROCHDALE_CRASH_AT"
MIDDLE = "finalize_block.mid"
_END = ".end"
_METHODS = (
    "info",
    "init_chain",
    "query",
    "check_tx",
    "prepare_proposal",
    "process_proposal",
    "finalize_block",
    "commit",
    "list_snapshots",
    "offer_snapshot",
    "load_snapshot_chunk",
    "apply_snapshot_chunk",
)
_ELSEWHERE: dict[str, tuple[Any, str]] = {
    "keep_snapshot": (SnapshotShelf, "finish"),
    "take_over": (restoring, "exchange"),
}
_CALLS = (*_METHODS, *_ELSEWHERE)
POINTS = (*_CALLS, *(name + _END for name in _CALLS), MIDDLE)


def install_crash_points(
    application: Application, text: str, *, chain_id: str, died_path: Path
) -> None:
    """Let an application's process die at points.

    Args:
        application: Not serving yet.
        text: The variable's value; a height is that of the block which the ledger works
            towards at that moment.
        chain_id: Of the node's chain.
        died_path: Remembers the points that were died at, from one start to the next.

    Raises:
        MisconfiguredError: Not a test chain, or no such point.
    """
    if not chain_id.startswith(TEST_CHAIN_PREFIX):
        raise MisconfiguredError(f"{VARIABLE} is for test chains only: unset it")
    crashes = _Crashes(application, died_path)
    for item in text.split(","):
        point, _, digits = item.partition(":")
        if point not in POINTS or not digits.isdecimal():
            raise MisconfiguredError(
                f"{VARIABLE} reads <point>:<height>,… with points of: {', '.join(POINTS)}"
            )
        if item not in crashes.died:
            crashes.install(item, point, height=int(digits))


class _Crashes:
    def __init__(self, application: Application, died_path: Path) -> None:
        self._application = application
        self._died_path = died_path
        self.died: list[str] = []
        with suppress(FileNotFoundError):
            self.died = json.loads(died_path.read_bytes())

    def install(self, item: str, point: str, *, height: int) -> None:
        if point == MIDDLE:
            self._wrap(item, transition, "execute_transaction", height=height, is_after=True)
            return
        call = point.removesuffix(_END)
        owner, name = _ELSEWHERE.get(call, (self._application, call))
        for method in ("check", "recheck") if call == "check_tx" else (name,):
            self._wrap(item, owner, method, height=height, is_after=point.endswith(_END))

    def _wrap(self, item: str, owner: Any, name: str, *, height: int, is_after: bool) -> None:
        call: Callable[..., Any] = getattr(owner, name)

        def wrapped(*arguments: Any, **options: Any) -> Any:
            is_due = self._application.next_height >= height
            if is_due and not is_after:
                self._die(item)
            answer = call(*arguments, **options)
            if is_due:
                self._die(item)
            return answer

        setattr(owner, name, wrapped)

    def _die(self, item: str) -> None:
        replace_file(self._died_path, json.dumps([*self.died, item]).encode())
        os.kill(os.getpid(), signal.SIGKILL)
