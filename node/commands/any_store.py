"""A node's state for commands that read it record by record, or a copy of it.

A stopped node's own; a running node's store belongs to its ledger process, which makes a copy.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ledger.store import Store

StoreArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PATH]", help="A copy of a `ledger` directory; else this node's, running or not."
    ),
]


@contextmanager
def open_store(path: Path | None, home: Path) -> "Iterator[Store]":
    """Open the state that is meant; nothing in it is changed.

    Raises:
        MisconfiguredError: There is no node.
        UnavailableError: It is running, and cannot make a copy now.
    """
    from ledger.disk import explained  # noqa: PLC0415
    from ledger.store import Store  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415
    from node.lock import is_locked  # noqa: PLC0415
    from node.state_copies import copy_running  # noqa: PLC0415

    if path is not None and not (path / "rochdale.toml").exists():
        place = path
    else:
        opened = open_home(path or home)
        if is_locked(opened.lock_path):
            with copy_running(opened) as copied:
                yield copied
            return
        place = opened.ledger
    with closing(Store.open(place)) as store, explained(place):
        yield store
