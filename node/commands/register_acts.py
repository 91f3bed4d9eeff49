"""`rochdale register open`, `erase`, `rebind`, `correct`, `reseal`: acts of two registrars."""

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
    from node.register_office import Act, Completed, Request
    from node.register_reseal import Resealed


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


def reseal(
    *,
    reason: ReasonOption,
    out: Annotated[Path, typer.Option("-o", "--out", help="File for the second registrar.")],
    key: KeyOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Seal what is in the register to the registrars who are named now; everybody is told.

    Names and contacts at once; for the links somebody goes on who could open them before.
    """
    from node.commands.output_files import check_target, write_private  # noqa: PLC0415
    from node.register_reseal import begin_reseal  # noqa: PLC0415
    from node.registrar import open_register  # noqa: PLC0415

    check_target(out)
    opened, _ = open_node(home)
    with open_register(opened) as store:
        done, data = begin_reseal(store, load_key(opened, key), reason=reason, now_ms=now_ms())
    if data:
        write_private(out, data)
    _show_resealed(done, "names", as_json=as_json)
    if data and not as_json:
        say(f"Wrote {out}. A second registrar goes on: rochdale register complete {out} --key …")


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
    from node.register_reseal import complete_reseal, parse_reseal  # noqa: PLC0415
    from node.registrar import open_register  # noqa: PLC0415
    from node.web.erasure import ErasureList  # noqa: PLC0415

    opened, settings = open_node(home)
    data = read_given_file(request)
    if resealing := parse_reseal(data):
        with open_register(opened) as store:
            sealed = complete_reseal(store, load_key(opened, key), resealing, now_ms=now_ms())
        _show_resealed(sealed, "links", as_json=as_json)
        return
    asked = parse_request(data)
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
    told = _render(done)
    if as_json:
        say_json(told)
        return
    show_plain([f"{term}: {value}" for term, value in told.items() if value])


def _render(done: "Completed") -> dict[str, str]:
    from did.times import render_time  # noqa: PLC0415

    return {
        "act": str(done.act),
        "name": done.name,
        "contact": done.contact,
        "account": "" if done.holder.account is None else done.holder.account.hex(),
        "did": done.holder.did,
        "from": render_time(done.from_ms) if done.from_ms else "",
    }


def _show_resealed(done: "Resealed", what: str, *, as_json: bool) -> None:
    if as_json:
        say_json({"done": done.done_count, "left": done.left_count})
        return
    say(f"{done.done_count} {what} are sealed to the registrars of now.")
    if done.left_count:
        say(
            f"{done.left_count} entries are still sealed, in part, to others: let those who could"
            " open them go on."
        )


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
    from node.commands.output_files import check_target, write_private  # noqa: PLC0415
    from node.register_office import begin_request  # noqa: PLC0415
    from node.registrar import open_register  # noqa: PLC0415

    check_target(out)
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
