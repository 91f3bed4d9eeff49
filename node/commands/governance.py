"""`rochdale governance`: who is elected by a file of ballots, and how members take part."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import JsonOption, say_json
from node.commands.participation import show_participation

if TYPE_CHECKING:
    from governance.count.blt import BltElection
    from node.counting import Counted

governance_app = typer.Typer(
    no_args_is_help=True,
    help="Count ballots and simulate decisions, as the ledger does; see how members take part.",
)


@governance_app.callback()
def governance() -> None:
    """Count ballots and simulate decisions, as the ledger does; see how members take part."""


governance_app.command("participation")(show_participation)


@governance_app.command("count")
def count_file(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE.blt", help="Ballots, in the BLT format.")],
    method: Annotated[
        str,
        typer.Option(
            "--method", "-m", metavar="scottish-stv|schulze|approval", help="How to count."
        ),
    ] = "scottish-stv",
    seats: Annotated[
        int | None, typer.Option("--seats", help="How many are elected; else as the file says.")
    ] = None,
    lot: Annotated[
        str | None,
        typer.Option(
            "--lot",
            metavar="NAME,NAME|FILE",
            help="Who wins ties, in this order: names, or a file with one name a line.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Count a file of ballots, and show every stage of the count.

    The same code counts on the ledger. A file has no salts that a lot could be drawn from, so
    a tie that no earlier stage settles needs the order of a lot that you have drawn.
    """
    from node.counting import count_election, describe  # noqa: PLC0415

    election = _read_ballots(file)
    counted = count_election(
        election, method=method, seats_count=seats, lot=_read_lot(lot, election)
    )
    if as_json:
        say_json(describe(counted))
        return
    _show(counted)


def _show(counted: "Counted") -> None:
    from node.commands.count_table import show_counted  # noqa: PLC0415

    show_counted(counted)


def _read_ballots(path: Path) -> "BltElection":
    """Read a file of ballots.

    Raises:
        MisconfiguredError: It cannot be read.
        RefusedError: It is not a file of ballots; the message names the line.
    """
    from config.errors import RefusedError  # noqa: PLC0415
    from config.limits import GIVEN_FILE_BYTES_MAX  # noqa: PLC0415
    from governance.count.blt import BltError, parse_blt  # noqa: PLC0415

    data = _read_bytes(path, bytes_max=GIVEN_FILE_BYTES_MAX)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RefusedError(
            f"{path}, line {line}: not UTF-8 text; save the file as UTF-8"
        ) from error
    try:
        return parse_blt(text)
    except BltError as error:
        raise RefusedError(f"{path}, {error.reason}") from error


def _read_lot(given: str | None, election: "BltElection") -> bytes:
    """The order of a lot, as candidates' places on the ballot paper."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from config.limits import LOT_BYTES_MAX  # noqa: PLC0415

    if given is None:
        return b""
    known = [name.strip() for name in election.names]
    names = given.split(",")
    if given not in known and _is_file(Path(given)):
        data = _read_bytes(Path(given), bytes_max=LOT_BYTES_MAX)
        names = data.decode("utf-8", errors="replace").splitlines()
    order: list[int] = []
    for written in names:
        name = " ".join(written.split())
        if not name:
            continue
        if name not in known:
            raise MisconfiguredError(
                f"--lot names {name!r}, who is no candidate: give names as the file of ballots "
                "has them, with commas between them, or a file with one name a line"
            )
        order.append(known.index(name))
    if len(set(order)) != len(order):
        raise MisconfiguredError("--lot names a candidate twice: name each once")
    return bytes(order)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a list of names can be too long for a path
        return False


def _read_bytes(path: Path, *, bytes_max: int) -> bytes:
    from config.errors import MisconfiguredError  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            data = file.read(bytes_max + 1)
    except OSError as error:
        raise MisconfiguredError(
            f"{path} cannot be read ({error.strerror}): name a file that you may read"
        ) from error
    if len(data) > bytes_max:
        raise MisconfiguredError(f"{path} is longer than the {bytes_max} bytes that are read")
    return data
