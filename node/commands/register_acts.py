"""`rochdale register open`, `erase`, `rebind`, `correct`: what two registrars do together."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json
from node.commands.register_options import (
    KeyOption,
    NameArgument,
    OutOption,
    ReasonOption,
    load_key,
    now_ms,
    open_node,
    show_plain,
)

if TYPE_CHECKING:
    from node.register_office import Act, Request


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


def correct(
    *,
    person: NameArgument,
    name: Annotated[str | None, typer.Option("--name", help="As it should be.")] = None,
    contact: Annotated[
        str | None, typer.Option("--contact", help='As it should be; "" for none.')
    ] = None,
    reason: ReasonOption,
    out: OutOption,
    key: KeyOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Ask to correct a name or contact; a second registrar completes it, the person is told."""
    from node.register_office import Act  # noqa: PLC0415

    _begin(
        *(home, key, Act.CORRECT),
        name=person,
        reason=reason,
        out=out,
        new_name=name,
        new_contact=contact,
    )


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

    opened, settings = open_node(home)
    asked = parse_request(read_given_file(request))
    if not yes:
        show_plain(_describe(asked))
        typer.confirm("Go on?", abort=True)
    with open_register(opened) as store:
        done = complete_request(
            store,
            ErasureList(opened.erasures_path),
            load_key(opened, key),
            asked,
            has_left=left,
            is_test_chain=settings.network.is_test_chain,
            now_ms=now_ms(),
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
    show_plain([f"{term}: {value}" for term, value in told.items() if value])


def _describe(asked: "Request") -> list[str]:
    new = {
        "new name": asked.new_name,
        "new contact": asked.new_contact,
        "new DID": asked.did or None,
    }
    return [
        f"{asked.act}: {asked.name}",
        *(f"{term}: {value}" for term, value in new.items() if value is not None),
        f"because: {asked.reason}",
    ]


def _begin(
    home: Path,
    key: Path | None,
    act: "Act",
    *,
    name: str,
    reason: str,
    out: Path,
    did: str = "",
    new_name: str | None = None,
    new_contact: str | None = None,
) -> None:
    from node.commands.wallet_options import write_private  # noqa: PLC0415
    from node.register_office import begin_request  # noqa: PLC0415
    from node.registrar import open_register  # noqa: PLC0415

    opened, _ = open_node(home)
    with open_register(opened) as store:
        data = begin_request(
            store,
            load_key(opened, key),
            act=act,
            name=name,
            reason=reason,
            did=did,
            new_name=new_name,
            new_contact=new_contact,
            now_ms=now_ms(),
        )
    write_private(out, data)
    say(f"Wrote {out}. A second registrar goes on: rochdale register complete {out} --key …")
