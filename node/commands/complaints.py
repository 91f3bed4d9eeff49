"""`rochdale complaint`: a member complains, goes on, takes it back; bodies answer."""

from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.acting import send_and_say
from node.commands.given import TextArgument, TextFileOption, hash_given_text, parse_id, parse_name
from node.commands.options import JsonOption, say, say_json, say_plain
from node.commands.reading import ReaderWalletOption, ask_node, describe_moment, spell
from node.commands.wallet_options import (
    NodeOption,
    PassphraseFileOption,
    WalletOption,
    open_wallet,
)

if TYPE_CHECKING:
    from governance.complaint_records import About
    from node.public_answers import Complaint

_SUBJECT_BYTES = 32

complaint_app = typer.Typer(
    no_args_is_help=True,
    help="Complain: ombudsperson, mediation, assembly, arbitration; nobody can stop you.",
)
ComplaintArgument = Annotated[str, typer.Argument(metavar="COMPLAINT", help="The complaint's id.")]


@complaint_app.command("open")
def open_complaint(
    *,
    text: TextArgument = None,
    file: TextFileOption = None,
    officer: Annotated[
        str | None, typer.Option("--officer", metavar="OFFICE", help="Of an officer: the account.")
    ] = None,
    body: Annotated[str | None, typer.Option("--body", help="Of a body: its name.")] = None,
    data_use: Annotated[
        str | None,
        typer.Option("--data-use", metavar="PROPOSAL", help="Of a use of data: its proposal."),
    ] = None,
    serious: Annotated[
        bool, typer.Option("--serious", help="The ethics panel hears it before members do.")
    ] = False,
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Complain. Hand the text itself to the ombudsperson: the ledger gets its hash alone."""
    from governance.accountability_transactions import OpenComplaint  # noqa: PLC0415

    about, subject = _read_subject(officer=officer, body=body, data_use=data_use)
    text_hash = hash_given_text(text, file)
    opened = open_wallet(wallet, passphrase_file)
    payload = OpenComplaint(
        cooperative=opened.get_home().cooperative_id,
        about=about,
        subject=subject,
        text_hash=text_hash,
        is_serious=serious,
    )
    send_and_say(opened, node, payload, "Your complaint is on the ledger", as_json=as_json)


@complaint_app.command("step")
def escalate_complaint(
    *,
    complaint: ComplaintArgument,
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on to the next who hears it: when a step's time is over, or its answer is not enough."""
    from governance.accountability_transactions import EscalateComplaint  # noqa: PLC0415

    opened = open_wallet(wallet, passphrase_file)
    payload = EscalateComplaint(
        cooperative=opened.get_home().cooperative_id, complaint=parse_id(complaint)
    )
    send_and_say(opened, node, payload, "The next one hears it", as_json=as_json)


@complaint_app.command("withdraw")
def withdraw_complaint(
    *,
    complaint: ComplaintArgument,
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take your complaint back; possible until members vote on it."""
    from governance.accountability_transactions import WithdrawComplaint  # noqa: PLC0415

    opened = open_wallet(wallet, passphrase_file)
    payload = WithdrawComplaint(
        cooperative=opened.get_home().cooperative_id, complaint=parse_id(complaint)
    )
    send_and_say(opened, node, payload, "Your complaint is taken back", as_json=as_json)


@complaint_app.command("show")
def show_complaints(
    *,
    complaint: Annotated[
        str | None, typer.Argument(metavar="[COMPLAINT]", help="Its id; without it all are shown.")
    ] = None,
    node: NodeOption = None,
    wallet: ReaderWalletOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who hears a complaint, until when, and what came of it; never whose it is."""
    from node.public_answers import Complaint, Complaints  # noqa: PLC0415

    path = "cooperatives/{cooperative}/complaints"
    found: Complaint | Complaints
    if complaint is None:
        found = ask_node(node, wallet, passphrase_file, path, Complaints)
        shown = found["complaints"]
    else:
        path += f"/{parse_id(complaint).hex()}"
        found = ask_node(node, wallet, passphrase_file, path, Complaint)
        shown = [found]
    if as_json:
        say_json(found)
        return
    for item in shown:
        _show(item)
    if not shown:
        say("There has been no complaint.")


def _show(complaint: "Complaint") -> None:
    say(f"[bold]{complaint['id']}[/]")
    serious = ", serious" if complaint["is_serious"] else ""
    say_plain(f"  about   {spell(complaint['about'])}{serious}, SHA-256 {complaint['text_hash']}")
    say_plain(f"  step    {spell(complaint['step'])}")
    if complaint["verdict"] != "none":
        say_plain(f"  so far  {spell(complaint['verdict'])}, SHA-256 {complaint['answer_hash']}")
    if complaint["escalates_from_ms"]:
        say(f"  you may go on from {describe_moment(complaint['escalates_from_ms'])}")
    if complaint["ends_ms"]:
        say(f"  the rules go on at {describe_moment(complaint['ends_ms'])}")


def _read_subject(
    *, officer: str | None, body: str | None, data_use: str | None
) -> "tuple[About, bytes]":
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from governance.body_records import BodyKind  # noqa: PLC0415
    from governance.complaint_records import About  # noqa: PLC0415

    if sum(item is not None for item in (officer, body, data_use)) > 1:
        raise MisconfiguredError("a complaint is about one thing: use one of the three options")
    if officer is not None:
        return About.OFFICER, parse_id(officer)
    if data_use is not None:
        return About.DATA_USE, parse_id(data_use)
    if body is not None:
        kind = parse_name(body, BodyKind, what="--body")
        return About.BODY, kind.to_bytes(_SUBJECT_BYTES, "big")
    return About.OTHER, b""
