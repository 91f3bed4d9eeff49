"""`rochdale governance participation`: how members and officers took part lately."""

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.federation_node import now_ms, open_node
from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json

if TYPE_CHECKING:
    from config.settings import Settings
    from governance.participation import Participation
    from node.home import Home

_QUARTER_DAYS = 92


def show_participation(
    home: HomeOption = DEFAULT_HOME,
    days: Annotated[
        int, typer.Option("--days", min=1, max=3_660, help="How long the period is.")
    ] = _QUARTER_DAYS,
    as_json: JsonOption = False,
) -> None:
    """Show how members and officers of this cooperative took part in the last days.

    All of it follows from the ledger, which says how many did something and never who.
    """
    found = asyncio.run(_fetch(*open_node(home), days=days))
    if as_json:
        say_json({"days": days, **asdict(found)})
        return
    say(f"In the last {days} days:")
    say(f"{_render(found.voting_rate_permille)} of ballots were cast in {found.votes_count} votes")
    say(
        f"{found.proposals_count} proposals came from members,"
        f" {found.proposals_per_member_permille} of a thousand"
    )
    say(f"{_render(found.group_participation_permille)} of working groups' seats took part")
    say(
        f"{found.assemblies_count} assemblies, with {_render(found.attendance_permille)} of members"
    )
    say(
        f"{found.officers_count} different offices held seats, one for"
        f" {found.longest_stay_days} days so far"
    )


def _render(permille: int) -> str:
    return f"{permille // 10}.{permille % 10} %"


async def _fetch(home: "Home", settings: "Settings", *, days: int) -> "Participation":
    from ledger.rpc import EngineClient  # noqa: PLC0415
    from node.own_cooperative import load_own_cooperative  # noqa: PLC0415
    from node.participation import fetch_participation  # noqa: PLC0415

    cooperative = load_own_cooperative(home, settings).id
    async with EngineClient(home.rpc_socket) as engine:
        return await fetch_participation(engine, cooperative, days=days, now_ms=now_ms())
