"""What commands that only show something share: which node is asked, of which cooperative."""

import asyncio
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from node.commands.wallet_options import get_node_url, open_wallet
from node.plain_text import make_plain

T = TypeVar("T")
ReaderWalletOption = Annotated[
    Path | None,
    typer.Option(
        "--wallet", "-w", envvar="ROCHDALE_WALLET", help="Ask the node that this wallet remembers."
    ),
]


def ask_node(
    node: str | None, wallet: Path | None, passphrase_file: Path | None, path: str, shape: type[T]
) -> T:
    """What a node's API says under a path; errors as `choose_node` and `NodeClient.read`.

    Args:
        node: Its address, if it was named.
        wallet: Whose node is asked otherwise.
        passphrase_file: Of the wallet.
        path: Below `/api/`; `{cooperative}` in it is the id of the node's own cooperative.
        shape: What the answer must have, as a `TypedDict`.
    """
    url = choose_node(node, wallet, passphrase_file)
    return asyncio.run(_ask(url, path, shape))


def choose_node(node: str | None, wallet: Path | None, passphrase_file: Path | None) -> str:
    """The node that was named, else the one that a wallet remembers.

    Raises:
        MisconfiguredError: Neither was given, or the wallet cannot be opened.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415

    if node is not None:
        return node
    if wallet is None:
        raise MisconfiguredError(
            "whose? Name a node with `--node URL`, or your wallet with `--wallet FILE`"
        )
    return get_node_url(None, open_wallet(wallet, passphrase_file))


def describe_moment(time_ms: int | None) -> str:
    """Unix milliseconds for people; a dash for none."""
    from node.web.clock import describe_time  # noqa: PLC0415

    return describe_time(int(time_ms)) if time_ms else "–"


def spell(name: object) -> str:
    """A name from a node's answer as people read it, without what would steer a terminal."""
    return make_plain(str(name)).replace("_", " ")


async def _ask(url: str, path: str, shape: type[T]) -> T:
    from node.member_client import NodeClient  # noqa: PLC0415

    async with NodeClient(url) as client:
        if "{cooperative}" in path:
            status = await client.get_status()
            path = path.replace("{cooperative}", status["cooperative"])
        return await client.read(path, shape)
