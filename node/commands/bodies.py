"""`rochdale governance bodies`: who sits in a cooperative's elected bodies."""

import asyncio
import os
from typing import TYPE_CHECKING, Any

from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json

if TYPE_CHECKING:
    from governance.body_records import Body
    from node.home import Home


def list_bodies(*, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show who sits in the elected bodies of your cooperative, and until when.

    Officers are known by their office accounts alone. The node must be running.
    """
    from node.home import open_home  # noqa: PLC0415
    from node.own_cooperative import load_own_cooperative  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    opened = open_home(home)
    settings = load_settings(opened.settings_path, environ=os.environ)
    cooperative = load_own_cooperative(opened, settings).id
    bodies = asyncio.run(_read(opened, cooperative))
    if as_json:
        say_json([_describe(body) for body in bodies])
        return
    for body in bodies:
        _show(body)


async def _read(home: "Home", cooperative: bytes) -> "list[Body]":
    from governance.body_records import Body, BodyKind  # noqa: PLC0415
    from governance.state_keys import Collection, state_key  # noqa: PLC0415
    from ledger.rpc import EngineClient  # noqa: PLC0415
    from node.sending import read_state  # noqa: PLC0415

    bodies = []
    async with EngineClient(home.rpc_socket) as engine:
        for kind in BodyKind:
            key = state_key(cooperative, Collection.BODY, bytes([kind]))
            data = await read_state(engine, key)
            bodies.append(Body.decode(data) if data else Body(kind=kind))
    return bodies


def _describe(body: "Body") -> dict[str, Any]:
    return {
        "body": _name(body),
        "election": body.election.hex() or None,
        "seats": [
            {"office": seat.office.hex(), "until_ms": seat.term_ends_ms} for seat in body.seats
        ],
    }


def _show(body: "Body") -> None:
    from node.web.clock import describe_time  # noqa: PLC0415

    name = _name(body).replace("_", " ")
    if not body.seats:
        say(f"[bold]{name}[/]: nobody")
        return
    say(f"[bold]{name}[/]: {len(body.seats)}")
    for seat in body.seats:
        say(f"  {seat.office.hex()[:16]}…  until {describe_time(seat.term_ends_ms)}")


def _name(body: "Body") -> str:
    return body.kind.name.lower()
