"""`rochdale register`: the cooperative's book of people, and who may open it."""

import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json

if TYPE_CHECKING:
    from config.settings import Settings
    from node.home import Home
    from node.register_office import Act

_DAY_MS = 86_400_000
_INVITATION_BYTES = 16

register_app = typer.Typer(
    no_args_is_help=True, help="Who the people are; opened by two registrars together."
)
KeyOption = Annotated[
    Path | None,
    typer.Option("--key", help="Your own key file; without it the node's registrar key."),
]
ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why, in one line; the people concerned read it.")
]
OutOption = Annotated[
    Path, typer.Option("-o", "--out", help="File for the second registrar; it holds the name.")
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Exactly as in the register.")]


@register_app.command("key")
def make_key(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="To make; keep it to yourself.")],
) -> None:
    """Make a registrar's own key, in a file that stays with that person."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from did.sealing import KEY_BYTES, compute_box_key  # noqa: PLC0415
    from node.keystore import write_secret  # noqa: PLC0415

    secret = secrets.token_bytes(KEY_BYTES)
    try:
        write_secret(path, secret.hex() + "\n")
    except OSError as error:
        raise MisconfiguredError(
            f"{path} cannot be made ({error.strerror}): choose a new file"
        ) from error
    say(compute_box_key(secret).hex())


@register_app.command("registrars")
def name_them(
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY]...", help="Public keys from `register key`."),
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="One registrar opens everything alone.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show who opens the register, or name them anew; what was sealed before stays as it is.

    With `--alone` and no key it is the node's own registrar key.
    """
    from did.sealing import compute_box_key  # noqa: PLC0415
    from node.register_office import name_registrars  # noqa: PLC0415
    from node.registrar import load_registrar_secret, open_register  # noqa: PLC0415

    opened, _ = _open(home)
    wanted = [_parse_key(item) for item in keys or []]
    if alone and not wanted:
        wanted = [compute_box_key(load_registrar_secret(opened))]
    with open_register(opened) as store:
        if wanted:
            name_registrars(store, wanted, is_alone=alone, now_ms=_now_ms())
        found = [item.hex() for item in store.names.list_registrars()]
    if as_json:
        say_json(found)
        return
    for item in found:
        say(item)
    if len(found) == 1:
        say("One registrar opens names and links alone: nobody else has to agree.")
    elif not found:
        say("No registrar is named: `rochdale register registrars KEY KEY`")


@register_app.command()
def invite(
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="How long it is good.")] = 14,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make an invitation: a code with which one person may open an account."""
    from did.base64url import encode_base64url  # noqa: PLC0415
    from node.registrar import open_register  # noqa: PLC0415
    from node.web.sign_ups import put_invitation  # noqa: PLC0415

    opened, _ = _open(home)
    code = encode_base64url(secrets.token_bytes(_INVITATION_BYTES))
    now_ms = _now_ms()
    with open_register(opened) as store:
        put_invitation(store.connection, code, until_ms=now_ms + days * _DAY_MS, now_ms=now_ms)
    say(code)


@register_app.command()
def inspect(
    reason: ReasonOption,
    key: KeyOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show members' names and nothing else, as the law lets people ask; everybody is told."""
    from node.register_office import inspect_names  # noqa: PLC0415
    from node.registrar import open_register  # noqa: PLC0415

    opened, settings = _open(home)
    with open_register(opened) as store:
        names = inspect_names(
            store,
            _load_key(opened, key),
            reason=reason,
            now_ms=_now_ms(),
            book_years=settings.register.book_years,
        )
    if as_json:
        say_json(names)
        return
    _show_plain(names or ["Nobody is in the book."])


@register_app.command("open")
def open_link(
    name: NameArgument,
    reason: ReasonOption,
    out: OutOption,
    key: KeyOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Ask to open the link from a name to an account; a second registrar completes it."""
    from node.register_office import Act  # noqa: PLC0415

    _begin(home, key, Act.OPEN, name=name, reason=reason, out=out)


@register_app.command()
def erase(
    name: NameArgument,
    reason: ReasonOption,
    out: OutOption,
    key: KeyOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Ask to erase a person; a second registrar completes it. Nothing brings them back."""
    from node.register_office import Act  # noqa: PLC0415

    _begin(home, key, Act.ERASE, name=name, reason=reason, out=out)


@register_app.command()
def rebind(
    *,
    name: NameArgument,
    did: Annotated[str, typer.Option("--did", help="By which the person will log in.")],
    reason: ReasonOption,
    out: OutOption,
    key: KeyOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Ask to give somebody who lost their keys another login; see the person first.

    For people without a ledger account. It waits seven days, in which the old login may object.
    """
    from node.register_office import Act  # noqa: PLC0415

    _begin(home, key, Act.REBIND, name=name, reason=reason, out=out, did=did)


@register_app.command()
def complete(
    *,
    request: Annotated[Path, typer.Argument(metavar="FILE", help="From the first registrar.")],
    key: KeyOption = None,
    left: Annotated[
        bool, typer.Option("--left", help="For an erasure: the ledger shows that they left.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Complete what a first registrar has asked; the person is told."""
    from node.chain import read_given_file  # noqa: PLC0415
    from node.register_office import complete_request, parse_request  # noqa: PLC0415
    from node.registrar import open_register  # noqa: PLC0415
    from node.web.clock import render_time  # noqa: PLC0415
    from node.web.erasure import ErasureList  # noqa: PLC0415

    opened, settings = _open(home)
    asked = parse_request(read_given_file(request))
    if not yes:
        _show_plain([f"{asked.act}: {asked.name}", f"because: {asked.reason}"])
        typer.confirm("Go on?", abort=True)
    with open_register(opened) as store:
        done = complete_request(
            store,
            ErasureList(opened.erasures_path),
            _load_key(opened, key),
            asked,
            has_left=left,
            is_test_chain=settings.network.is_test_chain,
            now_ms=_now_ms(),
        )
    account = "" if done.holder.account is None else done.holder.account.hex()
    told = {
        "act": str(done.act),
        "name": done.name,
        "contact": done.contact,
        "account": account,
        "did": done.holder.did,
        "from": render_time(done.from_ms) if done.from_ms else "",
    }
    if as_json:
        say_json(told)
        return
    _show_plain([f"{term}: {value}" for term, value in told.items() if value])


@register_app.command("log")
def show_log(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Check the register's log and show it; why a person was looked up is theirs to read."""
    from node.registrar import open_register  # noqa: PLC0415
    from node.web.clock import render_time  # noqa: PLC0415

    opened, _ = _open(home)
    with open_register(opened) as store:
        store.log.check()
        entries = [
            {
                "number": item.seq,
                "at": render_time(item.at_ms),
                "what": str(item.what),
                "detail": item.detail if item.holder_id is None else "",
                "hash": item.hash.hex(),
            }
            for item in store.log.list_entries()
        ]
    if as_json:
        say_json(entries)
        return
    _show_plain(["  ".join(str(value) for value in item.values()) for item in entries])


@register_app.command("rotate-key")
def rotate_key(home: HomeOption = DEFAULT_HOME) -> None:
    """Give the register another key; the node must stand still."""
    from node.register_upkeep import rotate_register_key  # noqa: PLC0415

    opened, _ = _open(home)
    old = rotate_register_key(opened, now_ms=_now_ms())
    say(f"The register has a new key; the old one is {old}")
    say("Destroy it when no backup needs it any more: then what was erased is gone from them too.")


@register_app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="To make.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Copy the encrypted register while the node runs; its key is not in the copy."""
    from node.register_upkeep import back_up_register  # noqa: PLC0415

    opened, _ = _open(home)
    back_up_register(opened, target)
    say(f"Wrote {target}. It opens with keys/register.key alone: keep that apart from it.")


@register_app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="From `register backup`.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Put a copy back and erase again who was erased since; the node must stand still."""
    from node.register_upkeep import restore_register  # noqa: PLC0415

    opened, _ = _open(home)
    count = restore_register(opened, source, now_ms=_now_ms())
    say(f"The register is back; {count} erased entries were erased from it again.")


def _begin(
    home: Path, key: Path | None, act: "Act", *, name: str, reason: str, out: Path, did: str = ""
) -> None:
    from node.commands.wallet_options import write_private  # noqa: PLC0415
    from node.register_office import begin_request  # noqa: PLC0415
    from node.registrar import open_register  # noqa: PLC0415

    opened, _ = _open(home)
    with open_register(opened) as store:
        data = begin_request(
            store,
            _load_key(opened, key),
            act=act,
            name=name,
            reason=reason,
            did=did,
            now_ms=_now_ms(),
        )
    write_private(out, data)
    say(f"Wrote {out}. A second registrar goes on: rochdale register complete {out} --key …")


def _open(path: Path) -> "tuple[Home, Settings]":
    from node.home import open_home  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    home = open_home(path)
    return home, load_settings(home.settings_path, environ=os.environ)


def _load_key(home: "Home", path: Path | None) -> bytes:
    from node.register_office import load_registrar_key  # noqa: PLC0415
    from node.registrar import load_registrar_secret  # noqa: PLC0415

    return load_registrar_secret(home) if path is None else load_registrar_key(path)


def _parse_key(text: str) -> bytes:
    from node.web.requests import parse_hash  # noqa: PLC0415

    return parse_hash(text, name="a registrar's public key")


def _show_plain(lines: list[str]) -> None:
    from rich.markup import escape  # noqa: PLC0415

    for line in lines:
        say(escape(line))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
