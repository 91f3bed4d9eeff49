"""`rochdale register`: the cooperative's book of people, and who may open it."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json
from node.commands.register_options import (
    KeyOption,
    ReasonOption,
    load_key,
    now_ms,
    open_node,
    show_plain,
)

_DAY_MS = 86_400_000
_INVITATION_BYTES = 16

register_app = typer.Typer(
    no_args_is_help=True, help="Who the people are; opened by two registrars together."
)


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
    """Show who opens the register, or name them anew; `reseal` hands over what was there before.

    With `--alone` and no key it is the node's own registrar key.
    """
    from did.sealing import compute_box_key  # noqa: PLC0415
    from node.register_office import name_registrars  # noqa: PLC0415
    from node.registrar import load_registrar_secret, open_register  # noqa: PLC0415

    opened, _ = open_node(home)
    wanted = [_parse_key(item) for item in keys or []]
    if alone and not wanted:
        wanted = [compute_box_key(load_registrar_secret(opened))]
    with open_register(opened) as store:
        if wanted:
            name_registrars(store, wanted, is_alone=alone, now_ms=now_ms())
        found = [item.hex() for item in store.names.list_registrars()]
        outdated_count = store.names.count_outdated()
    if as_json:
        say_json(found)
        return
    for item in found:
        say(item)
    if len(found) == 1:
        say("One registrar opens names and links alone: nobody else has to agree.")
    elif not found:
        say("No registrar is named: `rochdale register registrars KEY KEY`")
    if found and outdated_count:
        say(
            f"{outdated_count} entries are sealed to others: two who could open them go on with"
            " `rochdale register reseal`"
        )


@register_app.command()
def invite(
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="How long it is good.")] = 14,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make an invitation: a code with which one person may open an account."""
    from did.base64url import encode_base64url  # noqa: PLC0415
    from node.registrar import open_register  # noqa: PLC0415
    from node.web.sign_ups import put_invitation  # noqa: PLC0415

    opened, _ = open_node(home)
    code = encode_base64url(secrets.token_bytes(_INVITATION_BYTES))
    now = now_ms()
    with open_register(opened) as store:
        put_invitation(store.connection, code, until_ms=now + days * _DAY_MS, now_ms=now)
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

    opened, settings = open_node(home)
    with open_register(opened) as store:
        names = inspect_names(
            store,
            load_key(opened, key),
            reason=reason,
            now_ms=now_ms(),
            book_years=settings.register.book_years,
        )
    if as_json:
        say_json(names)
        return
    show_plain(names or ["Nobody is in the book."])


@register_app.command("log")
def show_log(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Check the register's log and show it; why a person was looked up is theirs to read."""
    from did.times import render_time  # noqa: PLC0415
    from node.registrar import open_register  # noqa: PLC0415

    opened, _ = open_node(home)
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
    show_plain(["  ".join(str(value) for value in item.values()) for item in entries])


@register_app.command("rotate-key")
def rotate_key(home: HomeOption = DEFAULT_HOME) -> None:
    """Give the register another key; the node must stand still."""
    from node.register_upkeep import rotate_register_key  # noqa: PLC0415

    opened, _ = open_node(home)
    old = rotate_register_key(opened, now_ms=now_ms())
    say(f"The register has a new key; the old one is {old}")
    say("Destroy it when no backup needs it any more: then what was erased is gone from them too.")


@register_app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="To make.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Copy the encrypted register while the node runs; its key is not in the copy."""
    from node.register_upkeep import back_up_register  # noqa: PLC0415

    opened, _ = open_node(home)
    back_up_register(opened, target)
    say(f"Wrote {target}. It opens with keys/register.key alone: keep that apart from it.")


@register_app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="From `register backup`.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Put a copy back and erase again who was erased since; the node must stand still."""
    from node.register_upkeep import restore_register  # noqa: PLC0415

    opened, _ = open_node(home)
    count = restore_register(opened, source, now_ms=now_ms())
    say(f"The register is back; {count} erased entries were erased from it again.")


def _parse_key(text: str) -> bytes:
    from node.web.requests import parse_hash  # noqa: PLC0415

    return parse_hash(text, name="a registrar's public key")
