"""`rochdale wallet consents requests|answer|resources`: what others ask you for, and your answer.

A request is permitted by a consent that the wallet signs, like every other one, or refused.
"""

import asyncio
import re
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from node.commands.options import JsonOption, say, say_json, say_plain
from node.commands.wallet import WalletArgument
from node.commands.wallet_consents import make_grant, send_act
from node.commands.wallet_options import (
    NodeOption,
    PassphraseFileOption,
    log_in,
    open_wallet,
)

if TYPE_CHECKING:
    from did.wallets import Wallet
    from node.answer_shapes import ConsentRequest, ConsentRequests

T = TypeVar("T")
_PATH = "/api/v1/consents"


def requests(
    *,
    path: WalletArgument,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who asks you for what, and until when you can answer."""
    found = asyncio.run(_fetch_requests(open_wallet(path, passphrase_file), node=node))
    if as_json:
        say_json(found)
        return
    for item in found["requests"]:
        _show(item)
    if not found["requests"]:
        say("Nobody waits for your answer.")


def resources(
    *,
    path: WalletArgument,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show under which addresses others can ask for what is yours."""
    from node.answer_shapes import SharedResources  # noqa: PLC0415

    wallet = open_wallet(path, passphrase_file)
    found = asyncio.run(_call(wallet, "GET", "/resources", SharedResources, node=node))
    if as_json:
        say_json(found)
        return
    for item in found["resources"]:
        place = item["url"] or f"at {item['server']}: {item['id']} {item['name']}"
        say_plain(f"{item['resource']}  {place}")


def answer(
    *,
    path: WalletArgument,
    request: Annotated[str, typer.Argument(metavar="ID", help="Of a request.")],
    is_granted: Annotated[
        bool, typer.Option("--grant/--refuse", help="Permit what is asked, or refuse it.")
    ],
    days: Annotated[int, typer.Option("--days", min=1, max=1_825, help="How long.")] = 30,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Permit a request by a consent to whoever asks, or refuse it; both hold at once."""
    from config.errors import RefusedError  # noqa: PLC0415
    from node.answer_shapes import RefusedRequest  # noqa: PLC0415

    if not re.fullmatch("[0-9a-f]{32}", request):
        raise RefusedError("a request's id has 32 hexadecimal digits: see `… consents requests`")
    wallet = open_wallet(path, passphrase_file)
    if not is_granted:
        told = asyncio.run(
            _call(wallet, "DELETE", f"/requests/{request}", RefusedRequest, node=node)
        )
        if as_json:
            say_json(told)
            return
        say("Refused. The same request is denied for a fortnight.")
        return
    found = asyncio.run(_fetch_requests(wallet, node=node))
    asked = next((item for item in found["requests"] if item["id"] == request), None)
    if asked is None:
        raise RefusedError("nobody asks you for this: see `rochdale wallet consents requests`")
    if not as_json:
        _show(asked)
    _grant(wallet, asked, days=days, node=node, as_json=as_json)


def _grant(
    wallet: "Wallet", asked: "ConsentRequest", *, days: int, node: str | None, as_json: bool
) -> None:
    """Sign one consent for each set of purposes, so that no more is permitted than is asked."""
    wanted: dict[tuple[str, ...], set[str]] = {}
    for item in asked["asked"]:
        wanted.setdefault(tuple(item["purposes"]), set()).add(item["resource"])
    for purposes, kinds in wanted.items():
        act = make_grant(
            grantee=asked["did"], purposes=[*purposes], resources=sorted(kinds), days=days
        )
        send_act(wallet, act, node=node, as_json=as_json)


def _show(item: "ConsentRequest") -> None:
    """A request, as it is decided about; everything in it was said by somebody else."""
    say_plain(f"{item['id']}  {item['did']}")
    if item["acts_for"]:
        say_plain(f"  has a role in {item['acts_for']}")
    say_plain(f"  by the application {item['client_name']}, until {item['until']}")
    for asked in item["asked"]:
        terms = f"{asked['resource']} {asked['name']} for {', '.join(asked['purposes'])}"
        say_plain(f"  asks for {terms}")


async def _fetch_requests(wallet: "Wallet", *, node: str | None) -> "ConsentRequests":
    from node.answer_shapes import ConsentRequests  # noqa: PLC0415

    return await _call(wallet, "GET", "/requests", ConsentRequests, node=node)


async def _call(wallet: "Wallet", method: str, path: str, shape: type[T], *, node: str | None) -> T:
    scope = "consents" if method == "GET" else "consents.write"
    async with log_in(wallet, node=node, scopes=[scope]) as client:
        return await client.call(method, _PATH + path, shape)
