"""`rochdale client`: which applications may ask people to log in.

Works on private.db beside the running node; what is added holds at once.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json

if TYPE_CHECKING:
    from node.web.login_store import LoginStore

_JWKS_BYTES_MAX = 16_384

client_app = typer.Typer(
    no_args_is_help=True, help="Applications that may ask people to log in: add, list, remove."
)


@client_app.command()
def add(
    *,
    name: Annotated[str, typer.Argument(help="As people read it when they decide.")],
    redirect: Annotated[
        list[str], typer.Option("--redirect", metavar="URL", help="Where answers go; repeatable.")
    ] = [],  # noqa: B006 - typer copies it
    scope: Annotated[
        str | None, typer.Option("--scope", help="What it may ask for; by default everything.")
    ] = None,
    jwks: Annotated[
        Path | None,
        typer.Option("--jwks", help="Its public keys, for a server that authenticates itself."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Register an application; prints the client id to give to its makers."""
    from did.jcs import parse_json_object  # noqa: PLC0415
    from did.login.clients import (  # noqa: PLC0415
        AUTH_METHODS,
        parse_registration,
        render_registration,
    )

    metadata: dict[str, Any] = {"client_name": name, "redirect_uris": redirect}
    if not redirect:
        metadata["response_types"] = []
    if scope is not None:
        metadata["scope"] = scope
    if jwks is not None:
        metadata["jwks"] = parse_json_object(_read(jwks), bytes_max=_JWKS_BYTES_MAX)
        metadata["token_endpoint_auth_method"] = AUTH_METHODS[1]
    client = parse_registration(metadata, client_id=secrets.token_hex(16))
    with _open_store(home) as store:
        store.put_client(client, now_s=int(time.time()))
    if as_json:
        say_json(render_registration(client))
        return
    say(f"Registered {client.name}")
    say(f"  client id  {client.id}")


@client_app.command("list")
def list_clients(*, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List registered applications."""
    from did.login.clients import render_registration  # noqa: PLC0415

    with _open_store(home) as store:
        clients = store.list_clients()
    if as_json:
        say_json([render_registration(client) for client in clients])
        return
    for client in clients:
        say(f"{client.id}  {client.name}  {' '.join(client.redirect_uris)}")


@client_app.command()
def remove(
    *,
    client_id: Annotated[str, typer.Argument(metavar="CLIENT_ID")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Forget an application; whatever people allowed it ends at once."""
    from config.errors import RefusedError  # noqa: PLC0415

    with _open_store(home) as store:
        if not store.delete_client(client_id, now_s=int(time.time())):
            raise RefusedError("there is no such client: `rochdale client list` shows all")
    say("Removed, and its access has ended.")


@contextmanager
def _open_store(home: Path) -> "Iterator[LoginStore]":
    from node.home import open_home  # noqa: PLC0415
    from node.registrar import open_register  # noqa: PLC0415
    from node.web.login_store import LoginStore  # noqa: PLC0415

    with open_register(open_home(home)) as private:
        yield LoginStore(private.connection)


def _read(path: Path) -> bytes:
    from config.errors import MisconfiguredError  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            return file.read(_JWKS_BYTES_MAX + 1)
    except OSError as error:
        raise MisconfiguredError(f"{path} cannot be read ({error.strerror})") from error
