"""The state of a stopped node, or a copy of it, for commands that read it record by record.

A running node's would mix blocks; and its store belongs to its ledger process.
"""

from pathlib import Path
from typing import Annotated

import typer

StoreArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PATH]", help="A copy of a `ledger` directory; else this node's, stopped."
    ),
]


def find_store(path: Path | None, home: Path) -> Path:
    """The `ledger` directory that is meant.

    Raises:
        MisconfiguredError: There is no node.
        UnavailableError: It is running.
    """
    from config.errors import UnavailableError  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415
    from node.lock import is_locked  # noqa: PLC0415

    if path is not None and not (path / "rochdale.toml").exists():
        return path
    opened = open_home(path or home)
    if is_locked(opened.lock_path):
        raise UnavailableError(
            f"the node at {opened.root} is running: stop it with `rochdale stop --home "
            f"{opened.root}`, or name a copy of its ledger directory instead: copy it while the "
            "node is stopped, or restore a backup"
        )
    return opened.ledger
