"""`rochdale wallet consents`: what you permit, and what was done with it.

The wallet signs each statement, logs in for as long as the command runs and hands it to its
own cooperative's node. Nothing is permitted that was not signed.
"""

import asyncio
import secrets
import time
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import JsonOption, say, say_json, say_plain
from node.commands.wallet import WalletArgument
from node.commands.wallet_options import (
    NodeOption,
    PassphraseFileOption,
    log_in,
    open_wallet,
)

if TYPE_CHECKING:
    from did.consent.policies import Act, ConsentClaims, Grant
    from did.consent.terms import Purpose, Resource
    from did.wallets import Wallet
    from node.answer_shapes import Consents, Standing
    from node.answer_shapes import Grant as PermittedUse

_DAY_S = 86_400
_ID_BYTES = 16
_PATH = "/api/v1/consents"

PurposesOption = Annotated[
    list[str], typer.Option("--purpose", help="Such as DUO:0000006; may be repeated.")
]
ResourcesOption = Annotated[
    list[str] | None,
    typer.Option("--resource", help="records (default), statements or register-entry."),
]
GranteeOption = Annotated[
    str, typer.Option("--to", help="A DID, class:own-cooperative or class:federation.")
]
DaysOption = Annotated[int, typer.Option("--days", min=1, max=1_825, help="How long.")]
ChangeOption = Annotated[
    str | None, typer.Option("--change", metavar="ID", help="Change this grant instead.")
]

consents_app = typer.Typer(
    no_args_is_help=True, help="What may be used of yours, by whom and what for."
)


@consents_app.command("list")
def list_consents(
    *,
    path: WalletArgument,
    after: Annotated[
        int, typer.Option("--after", min=0, max=999_999_999, help="History after this entry.")
    ] = 0,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what you permit now, and what happened: at most 100 entries of the history."""
    wallet = open_wallet(path, passphrase_file)
    found = asyncio.run(_fetch(wallet, node=node, after=after))
    if as_json:
        say_json(found)
        return
    _show(found)
    for entry in found["history"]:
        day = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(entry["at_ms"] // 1_000))
        say_plain(f"{entry['number']:>4}  {day}  {entry['kind']}")


@consents_app.command()
def grant(
    *,
    path: WalletArgument,
    purposes: PurposesOption,
    resources: ResourcesOption = None,
    grantee: GranteeOption = "class:own-cooperative",
    days: DaysOption = 365,
    change: ChangeOption = None,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Permit a use; it holds at once, until its end or until you revoke it."""
    act = make_grant(
        grantee=grantee, purposes=purposes, resources=resources, days=days, change=change
    )
    send_act(open_wallet(path, passphrase_file), act, node=node, as_json=as_json)


@consents_app.command()
def mandate(
    *,
    path: WalletArgument,
    steward: Annotated[
        str, typer.Option("--steward", metavar="DID", help="Who may grant in your place.")
    ],
    purposes: PurposesOption,
    resources: ResourcesOption = None,
    days: DaysOption = 365,
    change: ChangeOption = None,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a steward grant in your place; give them the handle that this prints.

    You are told of each decision (`rochdale wallet notices`), and revoke it, or the mandate.
    """
    from did.consent.policies import Mandate  # noqa: PLC0415

    now_s = int(time.time())
    act = Mandate(
        id=change or secrets.token_hex(_ID_BYTES),
        steward=steward,
        purposes=read_purposes(purposes),
        resources=read_resources(resources),
        from_s=now_s,
        until_s=now_s + days * _DAY_S,
    )
    send_act(open_wallet(path, passphrase_file), act, node=node, as_json=as_json)


@consents_app.command()
def revoke(
    *,
    path: WalletArgument,
    consent: Annotated[str, typer.Argument(metavar="ID", help="Of a grant or mandate.")],
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a grant or mandate at once."""
    from did.consent.policies import Revocation  # noqa: PLC0415

    wallet = open_wallet(path, passphrase_file)
    send_act(wallet, Revocation(id=consent), node=node, as_json=as_json)


def make_grant(
    *,
    grantee: str,
    purposes: "list[str]",
    resources: "list[str] | None",
    days: int,
    change: str | None = None,
) -> "Grant":
    """A grant from now on.

    Raises:
        RefusedError: A purpose or resource is none.
    """
    from did.consent.policies import Grant  # noqa: PLC0415

    now_s = int(time.time())
    return Grant(
        id=change or secrets.token_hex(_ID_BYTES),
        grantee=grantee,
        purposes=read_purposes(purposes),
        resources=read_resources(resources),
        from_s=now_s,
        until_s=now_s + days * _DAY_S,
    )


def send_act(wallet: "Wallet", act: "Act", *, node: str | None, as_json: bool) -> None:
    """Sign a statement, hand it in and show what holds then."""
    told = asyncio.run(_sign_and_send(wallet, act, node=node))
    if as_json:
        say_json(told)
        return
    _show(told)


def _show(found: "Standing") -> None:
    say_grants(found["grants"], none="You permit nothing.")
    for item in found["mandates"]:
        say_plain(f"{item['id']}  mandate of {item['steward']}")
        say_plain(f"  their handle: {item['handle']}")
    say_plain(found["note"])


def say_grants(grants: "list[PermittedUse]", *, none: str) -> None:
    """Show what is permitted, and until when; `none` if nothing is."""
    for item in grants:
        terms = ", ".join([*item["purposes"], *item["resources"]])
        until = time.strftime("%Y-%m-%d", time.gmtime(item["until_s"]))
        say_plain(f"{item['id']}  {item['grantee']} until {until}")
        say_plain(f"  {terms}")
    if not grants:
        say(none)


async def _fetch(wallet: "Wallet", *, node: str | None, after: int) -> "Consents":
    from node.answer_shapes import Consents  # noqa: PLC0415

    async with log_in(wallet, node=node, scopes=["consents"]) as client:
        return await client.call("GET", f"{_PATH}?after={after}" if after else _PATH, Consents)


async def _sign_and_send(wallet: "Wallet", act: "Act", *, node: str | None) -> "Standing":
    from did.consent.policies import ConsentClaims  # noqa: PLC0415
    from node.answer_shapes import Standing  # noqa: PLC0415

    home = wallet.get_home()
    async with log_in(wallet, node=node, scopes=["consents", "consents.write"]) as client:
        standing = await client.call("GET", _PATH, Standing)
        claims = ConsentClaims(
            cooperative=home.cooperative_id.hex(),
            seq=standing["seq"] + 1,
            iat=int(time.time()),
            act=act,
        )
        statement = sign_consent(wallet, claims)
        return await client.call("POST", _PATH, Standing, statement.encode())


def sign_consent(wallet: "Wallet", claims: "ConsentClaims", *, did: str = "") -> str:
    """Sign a statement with the wallet's key in use; a compact JWS.

    Args:
        wallet: Bound to its cooperative.
        claims: What is said.
        did: Under which of the wallet's DIDs; by default the one that it logs in with.
    """
    from did.consent.policies import CONSENT_TYPE, render_consent  # noqa: PLC0415
    from did.jws import sign_jws  # noqa: PLC0415
    from did.keys import encode_multikey  # noqa: PLC0415

    key, kid = wallet.device_key, wallet.login_method
    if did == wallet.account_did:
        kid = f"{did}#{encode_multikey(key.public_key)}"
    return sign_jws(render_consent(claims), key=key, kid=kid, typ=CONSENT_TYPE)


def read_purposes(texts: "list[str]") -> "tuple[Purpose, ...]":
    """Purposes as they were typed.

    Raises:
        RefusedError: One is none.
    """
    from config.errors import RefusedError  # noqa: PLC0415
    from did.consent.terms import Purpose  # noqa: PLC0415

    try:
        return tuple(Purpose(text) for text in texts)
    except ValueError:
        raise RefusedError(f"purposes are {', '.join(Purpose)}") from None


def read_resources(texts: "list[str] | None") -> "tuple[Resource, ...]":
    """Resources as they were typed; the records if none was.

    Raises:
        RefusedError: One is none.
    """
    from config.errors import RefusedError  # noqa: PLC0415
    from did.consent.terms import Resource  # noqa: PLC0415

    try:
        return tuple(Resource(text) for text in texts or ["records"])
    except ValueError:
        raise RefusedError(f"resources are {', '.join(Resource)}") from None
