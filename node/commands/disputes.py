"""`rochdale dispute`: what a cooperative has against another one, with its root key."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.acting import say_applied
from node.commands.federation_node import now_ms, open_node
from node.commands.given import TextArgument, TextFileOption, hash_given_text, parse_id
from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json, say_plain
from node.commands.reading import describe_moment

if TYPE_CHECKING:
    from pathlib import Path

    from governance.dispute_records import Dispute
    from governance.transactions import Payload
    from node.federation_office import FederationView

_SHOWN_MAX = 100

dispute_app = typer.Typer(
    no_args_is_help=True,
    help="Disputes between cooperatives: mediation, a panel of others, assembly, arbitration.",
)
_DisputeArgument = Annotated[str, typer.Argument(metavar="DISPUTE", help="The dispute's id.")]


@dispute_app.command("open")
def open_dispute(
    *,
    cooperative: Annotated[str, typer.Argument(help="Name, DID or the first digits of its id.")],
    text: TextArgument = None,
    file: TextFileOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Bring what you have against another cooperative to mediation; send it the text yourself."""
    height, dispute = asyncio.run(_open(home, cooperative, hash_given_text(text, file)))
    say_applied("The dispute is with the mediators", height=height, begun=dispute, as_json=as_json)


@dispute_app.command("answer")
def answer_dispute(
    *,
    dispute: _DisputeArgument,
    text: TextArgument = None,
    file: TextFileOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Record a settlement, as a panel your decision, or an award; what most say the same holds."""
    from governance.accountability_transactions import AnswerDispute  # noqa: PLC0415

    payload = AnswerDispute(dispute=parse_id(dispute), text_hash=hash_given_text(text, file))
    _send(home, payload, "It is recorded", as_json=as_json)


@dispute_app.command("step")
def escalate_dispute(
    *, dispute: _DisputeArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False
) -> None:
    """Go on to the next who hears it: when a step's time is over, or its decision not enough."""
    from governance.accountability_transactions import EscalateDispute  # noqa: PLC0415

    payload = EscalateDispute(dispute=parse_id(dispute))
    _send(home, payload, "The next ones hear it", as_json=as_json)


@dispute_app.command("withdraw")
def withdraw_dispute(
    *, dispute: _DisputeArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False
) -> None:
    """Take your dispute back."""
    from governance.accountability_transactions import WithdrawDispute  # noqa: PLC0415

    payload = WithdrawDispute(dispute=parse_id(dispute))
    _send(home, payload, "The dispute is taken back", as_json=as_json)


@dispute_app.command("show")
def show_disputes(
    *,
    dispute: Annotated[
        str | None, typer.Argument(metavar="[DISPUTE]", help="Its id; without it all are shown.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show who hears which dispute, until when, and what was decided."""
    from ledger.lists import render_record  # noqa: PLC0415

    found, view = asyncio.run(_read(home, None if dispute is None else parse_id(dispute)))
    if as_json:
        say_json([render_record(item) for item in found])
        return
    names = {item.id: item.name for item in view.cooperatives}
    for item in found:
        _show(item, names)
    if not found:
        say("There has been no dispute.")


def _send(home: "Path", payload: "Payload", what: str, *, as_json: bool) -> None:
    height = asyncio.run(_send_as_root(home, payload))
    say_applied(what, height=height, begun=b"", as_json=as_json)


async def _send_as_root(home: "Path", payload: "Payload") -> int:
    from node.federation_office import open_office  # noqa: PLC0415

    opened, settings = open_node(home)
    async with open_office(opened, settings, now_ms=now_ms) as office:
        return (await office.send(payload)).height


async def _open(home: "Path", named: str, text_hash: bytes) -> tuple[int, bytes]:
    from governance.accountability_transactions import (  # noqa: PLC0415
        OpenDispute,
        compute_dispute_id,
    )
    from node.federation_office import fetch_federation, open_office  # noqa: PLC0415

    opened, settings = open_node(home)
    async with open_office(opened, settings, now_ms=now_ms) as office:
        other = (await fetch_federation(office.engine)).find_cooperative(named)
        payload = OpenDispute(respondent=other.id, text_hash=text_hash)
        result = await office.send(payload)
        nonce = office.nonce
    dispute = compute_dispute_id(account=office.cooperative, nonce=nonce, payload=payload)
    return result.height, dispute


async def _read(home: "Path", wanted: bytes | None) -> "tuple[list[Dispute], FederationView]":
    from config.errors import RefusedError  # noqa: PLC0415
    from governance.dispute_records import Dispute  # noqa: PLC0415
    from governance.logs import Log, LogName  # noqa: PLC0415
    from ledger.rpc import EngineClient  # noqa: PLC0415
    from node.federation_office import fetch_federation  # noqa: PLC0415
    from node.listing import read_listed, read_listed_record  # noqa: PLC0415

    opened, _ = open_node(home)
    log = Log(LogName.DISPUTES)
    async with EngineClient(opened.rpc_socket) as engine:
        view = await fetch_federation(engine)
        if wanted is None:
            page = await read_listed(engine, log, limit=_SHOWN_MAX)
            return [Dispute.decode(item) for item in page.records], view
        record = await read_listed_record(engine, log, wanted)
    if not record:
        raise RefusedError("the ledger knows no such dispute: see `rochdale dispute show`")
    return [Dispute.decode(record)], view


def _show(dispute: "Dispute", names: dict[bytes, str]) -> None:
    from governance.dispute_records import DisputeVerdict  # noqa: PLC0415

    claimant, respondent = (names.get(item, item.hex()) for item in dispute.parties)
    say(f"[bold]{dispute.id.hex()}[/]")
    say_plain(f"  {claimant} against {respondent}, SHA-256 {dispute.text_hash.hex()}")
    say(f"  step    {dispute.step.name.lower()}")
    for item in dispute.panel:
        say_plain(f"  panel   {names.get(item, item.hex())}")
    for answer in dispute.answers:
        name = names.get(answer.cooperative, answer.cooperative.hex())
        say_plain(f"  answer  {name}: SHA-256 {answer.text_hash.hex()}")
    if dispute.verdict is not DisputeVerdict.NONE:
        verdict = dispute.verdict.name.lower().replace("_", " ")
        say(f"  so far  {verdict}, SHA-256 {dispute.answer_hash.hex()}")
    if dispute.escalates_from_ms:
        say(f"  a party may go on from {describe_moment(dispute.escalates_from_ms)}")
    if dispute.ends_ms:
        say(f"  the rules go on at {describe_moment(dispute.ends_ms)}")
