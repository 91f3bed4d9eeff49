"""`rochdale wallet web-hashes`: is the web wallet that a node serves the published one?"""

import asyncio
import hashlib
from typing import Annotated

import typer

from node.commands.options import JsonOption, say, say_json

_PAGE_SCRIPT = b'<script type="module" src="/wallet.mjs"></script>'


def web_hashes(
    node: Annotated[
        str | None,
        typer.Option("--node", metavar="URL", help="Fetch what this node serves and compare."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the hashes of the web wallet's scripts as installed here; exit code 1 if a node differs.

    A node could still serve something else to your browser than to this command: only a wallet
    on the command line does not depend on that.
    """
    from node.web.page_files import list_wallet_scripts  # noqa: PLC0415

    own = dict(list_wallet_scripts())
    served = own if node is None else asyncio.run(_fetch_hashes(node, list(own)))
    different = sorted(name for name in own if served.get(name) != own[name])
    page_differs = served.get("page") == "other"
    if as_json:
        say_json({"scripts": own, "different": different, "page_differs": page_differs})
    else:
        for name, digest in own.items():
            say(f"{digest}  {name}" + ("  [red]differs[/]" if name in different else ""))
        if page_differs:
            say("[red]The page runs other scripts too.[/]")
        if node is not None and not different and not page_differs:
            say("[green]The node serves the same.[/]")
    if different or page_differs:
        raise typer.Exit(1)


async def _fetch_hashes(url: str, names: list[str]) -> dict[str, str]:
    """Hashes of what a node serves; `page` is `other` if the page runs more than its own script."""
    from node.member_client import NodeClient  # noqa: PLC0415

    async with NodeClient(url) as client:
        found = {
            name: hashlib.sha256(await client.fetch_file(f"/{name}")).hexdigest() for name in names
        }
        page = (await client.fetch_file("/wallet")).lower()
    is_own = page.count(b"<script") == 1 and _PAGE_SCRIPT in page
    return {**found, "page": "own" if is_own else "other"}
