"""`rochdale ledger list`: the ledger's lists, page by page, each proved by a signed header."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.limits import LIST_PAGE_ENTRIES_MAX
from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, is_typed, say, say_json
from node.commands.output_files import write_receipt
from node.commands.receipts import describe_verified, fetch_receipt, say_meaning
from node.commands.wallet_options import (
    NodeOption,
    OldTrustOption,
    PassphraseFileOption,
    TrustOption,
    check_with_trust,
    choose_wallet_trust,
    get_node_url,
    open_wallet,
    require_trust,
)

if TYPE_CHECKING:
    from governance.logs import Log
    from ledger.receipts import Receipt
    from ledger.trust import TrustBundle
    from node.home import Home

_PLACE_MAX = (1 << 63) - 1
_ListArgument = Annotated[
    str,
    typer.Argument(
        metavar="LIST",
        help="decisions, cooperatives, roll, proposals, ballots, motions, cases, "
        "sealed-accounts, second-ballots, roll-changes, duties, complaints, disputes, "
        "body-motions, petitions, countbacks, journal, agreements or commitments.",
    ),
]
_IdsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[COOPERATIVE] [PROPOSAL]",
        help="Whose, for all but the federation's; the proposal for ballots, the pool for "
        "commitments.",
        show_default=False,
    ),
]
_FromOption = Annotated[
    int, typer.Option("--from", min=0, max=_PLACE_MAX, help="Place of the first entry.")
]
_LimitOption = Annotated[
    int, typer.Option("--limit", min=1, max=LIST_PAGE_ENTRIES_MAX, help="Most entries.")
]
_ReceiptOption = Annotated[
    Path | None, typer.Option("--receipt", help="Write the page's receipt, for others.")
]
_WalletOption = Annotated[
    Path | None,
    typer.Option(
        "--wallet",
        "-w",
        envvar="ROCHDALE_WALLET",
        help="Ask its node, and check with what it remembers.",
    ),
]


def list_entries(
    *,
    context: typer.Context,
    name: _ListArgument,
    ids: _IdsArgument = None,
    first: _FromOption = 0,
    limit: _LimitOption = LIST_PAGE_ENTRIES_MAX,
    receipt: _ReceiptOption = None,
    node: NodeOption = None,
    wallet: _WalletOption = None,
    trust: TrustOption = None,
    old_trust: OldTrustOption = False,
    passphrase_file: PassphraseFileOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show a page of a list that the ledger keeps, complete and proved.

    Asks the running node of this machine; or, with `--node` or `--wallet`, any other one. That
    one need not be believed: its page is checked against `--trust`, or what the wallet remembers.
    """
    from config.errors import RefusedError  # noqa: PLC0415

    log = _find_log(name, ids or [])
    if is_typed(context, "home"):
        _check_home_alone(context)
        node = wallet = None
    bundle = choose_wallet_trust(trust, wallet)
    if node is None and wallet is not None:
        node = get_node_url(None, open_wallet(wallet, passphrase_file))
    if node is None:
        answer, believed = _ask_own(home, log, bundle, first=first, limit=limit)
    else:
        believed = require_trust(bundle)
        answer = asyncio.run(_ask(node, log, first=first, limit=limit))
    verified = check_with_trust(answer, believed, wallet=wallet, accepts_old_trust=old_trust)
    page = verified.page
    if page is None or (page.log, page.first) != (log, first) or len(page.entries) > limit:
        raise RefusedError("the node answered with another page than was asked for")
    if receipt is not None:
        data = json.dumps(answer.to_json(), separators=(",", ":")) + "\n"
        write_receipt(receipt, data.encode())
    if as_json:
        say_json(describe_verified(verified))
        return
    say_meaning(verified)
    if (end := first + len(page.entries)) < page.size:
        say(f"More follow: `--from {end}`")


def _check_home_alone(context: typer.Context) -> None:
    """Whoever names a home asks its node, whatever the environment says."""
    from config.errors import MisconfiguredError  # noqa: PLC0415

    if is_typed(context, "node") or is_typed(context, "wallet"):
        raise MisconfiguredError(
            "`--home` asks the node of this machine, `--node` and `--wallet` ask another: name one"
        )


def _find_log(name: str, ids: list[str]) -> "Log":
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from ledger.lists import ListError, find_log  # noqa: PLC0415

    try:
        return find_log(name, tuple(bytes.fromhex(text) for text in ids))
    except ListError as error:
        reason = error.reason
    except ValueError:
        reason = "an id is hexadecimal"
    raise MisconfiguredError(
        f"{reason}: ids have all of their 64 digits here, as `rochdale federation list --json` and "
        "`rochdale ledger list proposals COOPERATIVE` print them"
    )


async def _ask(url: str, log: "Log", *, first: int, limit: int) -> "Receipt":
    """A page from a node that is not believed."""
    from governance.state_keys import FEDERATION  # noqa: PLC0415
    from ledger.lists import get_list_name  # noqa: PLC0415
    from ledger.receipts import parse_receipt_object  # noqa: PLC0415

    ids = [item.hex() for item in (log.namespace, log.subject) if item not in {FEDERATION, b""}]
    path = "/".join(["page", get_list_name(log), *ids])
    return parse_receipt_object(await fetch_receipt(url, f"{path}?from={first}&limit={limit}"))


def _ask_own(
    home: Path, log: "Log", trust: "TrustBundle | None", *, first: int, limit: int
) -> "tuple[Receipt, TrustBundle]":
    from node.home import open_home  # noqa: PLC0415

    return asyncio.run(_ask_engine(open_home(home), log, trust, first=first, limit=limit))


async def _ask_engine(
    home: "Home", log: "Log", trust: "TrustBundle | None", *, first: int, limit: int
) -> "tuple[Receipt, TrustBundle]":
    """A page from this machine's own engine, whose newest header is believed by default."""
    from ledger.light_source import LightSource  # noqa: PLC0415
    from ledger.receipt_builder import build_page_receipt  # noqa: PLC0415
    from ledger.rpc import EngineClient  # noqa: PLC0415
    from node.chain import load_genesis  # noqa: PLC0415

    async with EngineClient(home.rpc_socket) as client:
        source = LightSource(client, load_genesis(home).trust)
        receipt = await build_page_receipt(source, log, first=first, count=limit)
        return receipt, trust or await source.fetch_newest_trust()
