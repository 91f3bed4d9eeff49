"""`rochdale wallet recover`: an account back, with the help of its guardians."""

import asyncio
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import say
from node.commands.output_files import check_target, write_private
from node.commands.wallet_options import (
    NodeOption,
    OldTrustOption,
    PassphraseFileOption,
    TrustOption,
    check_with_trust,
    choose_wallet_trust,
    explain_refusal,
    get_node_url,
    open_wallet,
    read_passphrase,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from did.guardians import Guardians
    from did.ledger_method import LedgerDid
    from did.wallets import Home
    from ledger.receipts import Receipt
    from node.account_recovery import RecoveryRequest
    from node.member_client import NodeClient

_COMMIT_WAIT_S = 30.0
_FILE_BYTES_MAX = 300_000

recover_app = typer.Typer(
    no_args_is_help=True, help="Get an account back with its guardians' help, step by step."
)

RequestArgument = Annotated[Path, typer.Argument(metavar="REQUEST", help="The request's file.")]


@recover_app.callback()
def recover() -> None:
    """Get an account back with its guardians' help, step by step."""


@recover_app.command()
def begin(
    *,
    did: Annotated[str, typer.Argument(metavar="DID", help="Of the account that was lost.")],
    guardians: Annotated[
        Path, typer.Option("--guardians", help="The guardians' file, from any of them.")
    ],
    wallet: Annotated[
        Path, typer.Option("--wallet", "-w", help="A new wallet, from `rochdale wallet new`.")
    ],
    node: Annotated[
        str, typer.Option("--node", envvar="ROCHDALE_NODE", help="Your cooperative's node.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to make, for the guardians to sign.")
    ],
    signing: Annotated[
        list[int] | None,
        typer.Option("--guardian", help="Number of one who will sign; once each. Else the first."),
    ] = None,
    cold: Annotated[Path | None, typer.Option("--cold", help="Else WALLET.cold.")] = None,
    trust: TrustOption = None,
    old_trust: OldTrustOption = False,
    passphrase_file: PassphraseFileOption = None,
) -> None:
    """Write a request that gives the account to the new wallet, and bind that wallet to it.

    The request holds for a day. The guardians sign it one after another. The node says whose the
    account is and which attempt this is: with --trust that is checked.
    """
    check_target(output)
    bundle = choose_wallet_trust(trust, wallet)

    def check(receipt: "Receipt") -> None:
        if bundle is not None:
            with explain_refusal("what the node says of the account does not hold"):
                check_with_trust(receipt, bundle, wallet=wallet, accepts_old_trust=old_trust)

    request = asyncio.run(
        _begin(
            did,
            _read_bytes(guardians),
            (wallet, cold, passphrase_file),
            node=node,
            signing=tuple(signing or ()),
            check=check,
        )
    )
    write_private(output, request.render() + b"\n")
    _say_begun(output, request, is_checked=bundle is not None)


@recover_app.command("sign")
def sign_request(
    *,
    request: RequestArgument,
    key: Annotated[Path, typer.Option("--key", help="Your guardian's key, for this person.")],
    passphrase_file: PassphraseFileOption = None,
) -> None:
    """Sign a request as a guardian: only once you have seen the person, or heard their voice."""
    from did.guardians import load_guardian_key  # noqa: PLC0415
    from node.account_recovery import parse_recovery  # noqa: PLC0415

    opened = _read(request)
    signed = opened.sign(load_guardian_key(key, read_passphrase(passphrase_file)))
    write_private(request, signed.render() + b"\n", replaces=parse_recovery)
    if signed.missing:
        say(f"Signed. {len(signed.missing)} guardians have still to sign {request}.")
    else:
        say(f"Signed, and complete: [bold]rochdale wallet recover send {request} --node URL[/]")


@recover_app.command()
def send(
    *,
    request: RequestArgument,
    wallet: Annotated[
        Path | None, typer.Option("--wallet", "-w", help="The new wallet, to find the node.")
    ] = None,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
) -> None:
    """Send a complete request; anybody can. The new wallet takes over a week later."""
    from config.errors import MisconfiguredError  # noqa: PLC0415

    if node is None and wallet is None:
        raise MisconfiguredError("name a node with `--node`, or the new wallet with `--wallet`")
    url = node or (
        get_node_url(None, open_wallet(wallet, passphrase_file)) if wallet is not None else ""
    )
    height = asyncio.run(_send(url, _read(request)))
    say(f"The recovery waits since block {height}. After the time-lock, a week but on a test")
    say("chain, the new wallet is the account's: `rochdale wallet status` shows it.")


def _say_begun(output: Path, request: "RecoveryRequest", *, is_checked: bool) -> None:
    say(f"Wrote {output}: within a day, hand it to {len(request.missing)} guardians in turn.")
    say(f"  each runs  [bold]rochdale wallet recover sign {output} --key KEYFILE[/]")
    if not is_checked:
        say(f"That this is attempt {request.payload.attempt} is the node's word, and the ledger")
        say("refuses another number: `--trust FILE`, a trust bundle or genesis file, checks it.")


def _read(path: Path) -> "RecoveryRequest":
    from node.account_recovery import parse_recovery  # noqa: PLC0415

    return parse_recovery(_read_bytes(path))


def _read_bytes(path: Path) -> bytes:
    from config.errors import MisconfiguredError  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            return file.read(_FILE_BYTES_MAX + 1).strip()
    except OSError as error:
        raise MisconfiguredError(f"{path} cannot be read: {error.strerror}") from error


async def _begin(
    did: str,
    guardians: bytes,
    new: tuple[Path, Path | None, Path | None],
    *,
    node: str,
    signing: tuple[int, ...],
    check: "Callable[[Receipt], None]",
) -> "RecoveryRequest":
    from dataclasses import replace  # noqa: PLC0415

    from did.guardians import parse_guardians  # noqa: PLC0415
    from did.ledger_method import parse_ledger_did  # noqa: PLC0415
    from did.resolution.syntax import parse_did  # noqa: PLC0415
    from did.wallets import bind_wallet, load_cold_keys, read_strength, save_wallet  # noqa: PLC0415
    from node.account_recovery import begin_recovery  # noqa: PLC0415
    from node.member import read_home  # noqa: PLC0415
    from node.member_client import NodeClient  # noqa: PLC0415

    path, cold, passphrase_file = new
    named = parse_ledger_did(parse_did(did))
    chosen = parse_guardians(guardians)
    passphrase = read_passphrase(passphrase_file)
    wallet = open_wallet(path, passphrase_file)
    keys = load_cold_keys(path.with_name(f"{path.name}.cold") if cold is None else cold, passphrase)
    async with NodeClient(node) as client:
        status = await client.get_status()
        home = read_home(status)
        chain_id = str(status["chain_id"])
        attempt = 1 + await _find_last_attempt(client, named, home, chain_id=chain_id, check=check)
    bound = replace(bind_wallet(wallet, home), recovered_account=named.account)
    request = begin_recovery(
        named.account,
        chosen,
        keys,
        chain_id=chain_id,
        attempt=attempt,
        signing=_choose_signing(chosen, signing),
        now_ms=int(time.time() * 1_000),
    )
    save_wallet(
        path,
        bound,
        passphrase,
        random=secrets.token_bytes,
        strength=read_strength(path.read_bytes()),
        may_replace=True,
    )
    return request


async def _find_last_attempt(
    client: "NodeClient",
    named: "LedgerDid",
    home: "Home",
    *,
    chain_id: str,
    check: "Callable[[Receipt], None]",
) -> int:
    """The number of the account's last recovery; 0 before any."""
    from config.errors import RefusedError  # noqa: PLC0415
    from governance.key_records import Recovery  # noqa: PLC0415
    from governance.state_keys import Collection, state_key  # noqa: PLC0415
    from ledger.receipts import parse_receipt_object  # noqa: PLC0415
    from node.ledger_dids import home_key  # noqa: PLC0415

    async def fetch(key: bytes) -> bytes | None:
        found = await client.fetch_receipt(f"state/{key.hex()}", timeout_s=_COMMIT_WAIT_S)
        receipt = parse_receipt_object(found)
        if (receipt.chain_id, receipt.key) != (chain_id, key):
            raise RefusedError("the node answers something else than was asked: ask another")
        check(receipt)
        return receipt.value

    found = await fetch(home_key(named.account))
    if (named.network, found) != (home.network, home.cooperative_id):
        raise RefusedError(
            "the account is not of this node's cooperative: compare the DID with what you wrote "
            "down, and name a node of its own cooperative with `--node`"
        )
    last = await fetch(state_key(home.cooperative_id, Collection.KEY_RECOVERY, named.account))
    return 0 if last is None else Recovery.parse(last).attempt


def _choose_signing(guardians: "Guardians", numbers: tuple[int, ...]) -> tuple[bytes, ...]:
    from config.errors import RefusedError  # noqa: PLC0415

    chosen = numbers or tuple(range(1, guardians.threshold + 1))
    if not all(1 <= number <= len(guardians.keys) for number in chosen):
        raise RefusedError(f"guardians are numbered from 1 to {len(guardians.keys)}")
    return tuple(guardians.keys[number - 1] for number in chosen)


async def _send(url: str, request: "RecoveryRequest") -> int:
    from config.errors import RefusedError  # noqa: PLC0415
    from node.member_client import NodeClient  # noqa: PLC0415

    async with NodeClient(url) as client:
        sent = await client.submit(request.finish())
        committed = await client.wait_committed(sent, timeout_s=_COMMIT_WAIT_S)
    if committed.code:
        raise RefusedError(committed.reason, code=committed.code)
    return committed.height
