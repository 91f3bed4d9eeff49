"""`rochdale credential`: issuing, checking and revoking the cooperative's credentials."""

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json

if TYPE_CHECKING:
    from config.settings import Settings
    from node.home import Home
    from node.issuing import IssuedRow

_ID_BYTES = 32

credential_app = typer.Typer(
    no_args_is_help=True, help="The cooperative's credentials: issue, check, revoke (operator)."
)


_HolderOption = Annotated[
    str, typer.Option("--holder", metavar="DID", help="did:key of whom it is bound to.")
]
_OutputOption = Annotated[Path, typer.Option("--output", "-o", help="File for the credential.")]
_AccountOption = Annotated[
    str | None, typer.Option("--account", help="The member's, or the office account of an officer.")
]
_FormOption = Annotated[str, typer.Option("--format", help="dc+sd-jwt, ldp_vc or jwt_vc_json.")]
_SinceOption = Annotated[bool, typer.Option("--since", help="State the month of joining.")]
_RoleOption = Annotated[
    list[str] | None,
    typer.Option("--role", help="A body, a charge or another; for portability repeatable."),
]
_FromOption = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="When a role began that is no seat.")
]
_UntilOption = Annotated[
    str | None,
    typer.Option("--until", metavar="DATE", help="When it ends, if the ledger does not know."),
]
_MonthsOption = Annotated[
    int | None,
    typer.Option(
        "--months", help="Of membership, for portability; with --account the ledger counts."
    ),
]


@credential_app.command()
def issue(
    *,
    kind: Annotated[str, typer.Argument(help="membership, role or portability.")],
    holder: _HolderOption,
    output: _OutputOption,
    account: _AccountOption = None,
    form: _FormOption = "dc+sd-jwt",
    since: _SinceOption = False,
    role: _RoleOption = None,
    begins: _FromOption = None,
    ends: _UntilOption = None,
    months: _MonthsOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Issue a credential; make sure first whose key it is.

    The ledger says who is a member or an officer, since when and until when; a role that it
    does not know, and how long somebody was a member elsewhere, are your word.
    """
    from node.commands.output_files import check_target, write_private  # noqa: PLC0415
    from node.issuing import Wanted, issue_credential, read_holder  # noqa: PLC0415

    check_target(output)
    opened, settings = _open(home)
    wanted = Wanted(
        kind=kind,
        account=_parse_account(account),
        is_dated=since,
        roles=tuple(role or ()),
        role_from=begins,
        role_until=ends,
        months=months,
    )
    issued = asyncio.run(
        issue_credential(opened, settings, wanted, holder=read_holder(holder), form=form)
    )
    write_private(output, issued.text.encode() + b"\n")
    if as_json:
        say_json({"id": issued.id, "file": str(output)})
        return
    say(f"The credential is in {output}: give it to its holder, and keep no copy.")
    say(f"  id  {issued.id}")


@credential_app.command("list")
def list_credentials(
    *,
    account: Annotated[str, typer.Argument(help="Ledger account.")],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """List what was issued to a ledger account, oldest first."""
    from node.issuing import list_issued  # noqa: PLC0415

    opened, _ = _open(home)
    parsed = _parse_account(account)
    rows = list_issued(opened, parsed) if parsed is not None else []
    if as_json:
        say_json([_describe(row) for row in rows])
        return
    for row in rows:
        say(f"{row.id}  {row.kind:11}  {row.state}")
    if not rows:
        say("Nothing was issued to that account.")


@credential_app.command()
def check(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON, JWT or SD-JWT.")],
    challenge: Annotated[
        str | None, typer.Option("--challenge", help="Of a presentation; the nonce of an SD-JWT.")
    ] = None,
    domain: Annotated[
        str | None, typer.Option("--domain", help="Of a presentation; the audience of an SD-JWT.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Check a credential or presentation of anybody; exit code 1 if it does not hold.

    Documents of DIDs and status lists are fetched. A presentation needs the challenge and the
    domain that its holder was given.
    """
    from node.chain import read_given_file  # noqa: PLC0415
    from node.issuing import check_file  # noqa: PLC0415

    _, settings = _open(home)
    text = read_given_file(file).decode("utf-8", "replace").strip()
    found = asyncio.run(check_file(settings, text, challenge=challenge, domain=domain))
    if as_json:
        say_json(found)
        return
    for item in found:
        say(f"holds: {', '.join(item['types'])} by {item['issuer']}")


@credential_app.command()
def revoke(
    *,
    credential: Annotated[str, typer.Argument(metavar="ID", help="urn:uuid:… of the credential.")],
    suspend: Annotated[bool, typer.Option("--suspend", help="For now only.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="End a suspension.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Revoke a credential for good, or suspend it; readers know within a quarter of an hour."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node.issuing import change_state  # noqa: PLC0415
    from node.web.credential_store import CredentialState  # noqa: PLC0415

    if suspend and resume:
        raise MisconfiguredError("say `--suspend` or `--resume`, not both")
    state = CredentialState.REVOKED
    if suspend or resume:
        state = CredentialState.SUSPENDED if suspend else CredentialState.ACTIVE
    opened, _ = _open(home)
    change_state(opened, credential, state, now_ms=int(time.time() * 1_000))
    say(f"The credential is {state}.")


def _open(path: Path) -> "tuple[Home, Settings]":
    from node.home import open_home  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    home = open_home(path)
    return home, load_settings(home.settings_path, environ=os.environ)


def _parse_account(text: str | None) -> bytes | None:
    from config.errors import MisconfiguredError  # noqa: PLC0415

    if text is None:
        return None
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != _ID_BYTES:
        raise MisconfiguredError("an account has 64 hexadecimal digits: copy all of them")
    return found


def _describe(row: "IssuedRow") -> dict[str, str]:
    return {"id": row.id, "kind": row.kind, "state": row.state}
