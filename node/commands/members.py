"""`rochdale member`: the registrar's desk."""

import asyncio
import os
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json

if TYPE_CHECKING:
    from pathlib import Path

    from config.settings import Settings
    from node.home import Home
    from node.registrar import Admission, Applicant

_PREFIX_DIGITS_MIN = 8
_ID_DIGITS = 64

member_app = typer.Typer(
    no_args_is_help=True, help="Who applied for membership, and admitting them (registrar)."
)


@member_app.command("list")
def list_members(
    home: HomeOption = DEFAULT_HOME,
    status: Annotated[
        str, typer.Option("--status", help="pending, admitted or refused.")
    ] = "pending",
    as_json: JsonOption = False,
) -> None:
    """List applications, oldest first; those that wait are decrypted on this machine alone.

    Decided ones hold no name any more: `rochdale register inspect` lists names.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node.registrar import list_applicants  # noqa: PLC0415
    from node.web.applications import ApplicationStatus  # noqa: PLC0415

    if status not in list(ApplicationStatus):
        raise MisconfiguredError("--status is one of pending, admitted and refused")
    opened, settings = _open(home)
    found = list_applicants(opened, settings, status=ApplicationStatus(status))
    if as_json:
        say_json([_describe(item) for item in found])
    elif not found:
        say(f"No application is {status}.")
    else:
        _show(found)


@member_app.command()
def admit(
    applications: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="From `member list`; the first digits will do."),
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody who waits.")] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Put applicants on the roll: each gets an account on the ledger.

    The node must be running. Running the command again is harmless.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node.registrar import admit_members  # noqa: PLC0415

    if bool(applications) == everybody:
        raise MisconfiguredError("name whom to admit, or say `--all`: see `rochdale member list`")
    opened, settings = _open(home)
    chosen = None if everybody else _find_ids(opened, applications or [])
    admitted = asyncio.run(
        admit_members(opened, settings, chosen, now_ms=lambda: int(time.time() * 1_000))
    )
    if as_json:
        say_json(
            [
                {
                    "application": item.application_id.hex(),
                    "account": item.account.hex(),
                    "height": item.height,
                    "lands_at_ms": item.lands_at_ms,
                }
                for item in admitted
            ]
        )
        return
    for item in admitted:
        when = _describe_when(item)
        say(f"{item.application_id.hex()[:16]}  account {item.account.hex()[:16]}…  {when}")
    if not admitted:
        say("Nobody waits.")
    elif there := sum(1 for item in admitted if item.lands_at_ms is None):
        say(f"{there} on the roll.")


@member_app.command("open-office")
def open_office(
    requests: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="From `rochdale office request`.")
    ],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Give members office accounts, with which they act in elected bodies.

    You attest that each belongs to somebody on the roll who has no other: see the person, and
    keep no list of who has which.
    """
    from pathlib import Path  # noqa: PLC0415

    from node.chain import read_given_file  # noqa: PLC0415
    from node.offices import open_offices  # noqa: PLC0415

    opened, settings = _open(home)
    found = [read_given_file(Path(item)).decode("utf-8", "replace").strip() for item in requests]
    offices = asyncio.run(
        open_offices(opened, settings, found, now_ms=lambda: int(time.time() * 1_000))
    )
    if as_json:
        say_json([office.hex() for office in offices])
        return
    for office in offices:
        say(f"office {office.hex()} is open")


@member_app.command()
def refuse(
    applications: Annotated[list[str], typer.Argument(metavar="ID...", help="From `member list`.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Refuse applications; an applicant whose wallet asks is told so."""
    from node.registrar import refuse_applicant  # noqa: PLC0415

    opened, _ = _open(home)
    for application_id in _find_ids(opened, applications):
        refuse_applicant(opened, application_id)
        say(f"{application_id.hex()[:16]}  refused")


def _describe_when(item: "Admission") -> str:
    """Since when somebody is on the roll, or with which batch they will be."""
    from node.web.clock import describe_time  # noqa: PLC0415

    if item.height is None:
        return "was admitted already"
    if item.lands_at_ms is None:
        return f"in block {item.height}"
    until = describe_time(item.lands_at_ms)
    needed = "nobody objects"
    if item.is_to_be_attested:
        needed += " and an auditor has attested it"
    when = f"admitted in block {item.height}; will be on the roll with the batch at {until}"
    return f"{when}, if {needed}"


def _open(path: "Path") -> "tuple[Home, Settings]":
    from node.home import open_home  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    home = open_home(path)
    return home, load_settings(home.settings_path, environ=os.environ)


def _find_ids(home: "Home", texts: list[str]) -> list[bytes]:
    """Full ids as given; shorter ones by the pending application that begins so."""
    from config.errors import MisconfiguredError, RefusedError  # noqa: PLC0415
    from node.registrar import list_pending_ids  # noqa: PLC0415

    pending = [item.hex() for item in list_pending_ids(home)]
    found = []
    for text in texts:
        digits = text.lower()
        if not _PREFIX_DIGITS_MIN <= len(digits) <= _ID_DIGITS or set(digits) - set(
            "0123456789abcdef"
        ):
            raise MisconfiguredError(
                f"{text} is no application's id: give at least its first "
                f"{_PREFIX_DIGITS_MIN} digits from `rochdale member list`"
            )
        matches = [item for item in pending if item.startswith(digits)]
        if len(digits) == _ID_DIGITS:
            matches = [digits]
        if len(matches) != 1:
            many = "more than one application begins" if matches else "no pending one begins"
            raise RefusedError(f"{many} with {text}: see `rochdale member list`")
        found.append(bytes.fromhex(matches[0]))
    return found


def _describe(item: "Applicant") -> dict[str, Any]:
    return {
        "application": item.application_id.hex(),
        "status": str(item.status),
        "received_at_ms": item.received_at_ms,
        "name": item.application.name if item.application else "",
        "contact": item.application.contact if item.application else "",
        "did": item.application.did if item.application else "",
        "account": item.account.hex(),
    }


def _show(found: "list[Applicant]") -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    for column in ("application", "received (UTC)", "name", "contact"):
        table.add_column(column)
    for item in found:
        moment = datetime.fromtimestamp(item.received_at_ms // 1_000, tz=UTC)
        table.add_row(
            item.application_id.hex()[:16],
            f"{moment:%Y-%m-%d %H:%M}",
            escape(item.application.name if item.application else "") or "–",
            escape(item.application.contact if item.application else "") or "–",
        )
    Console(highlight=False, emoji=False).print(table)
    say("Admit with: [bold]rochdale member admit ID…[/] or [bold]--all[/]")
