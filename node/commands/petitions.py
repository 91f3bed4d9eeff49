"""`rochdale petition`: members ask for an officer's recall, which no officer can stop."""

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
    from node.public_answers import Petition

petition_app = typer.Typer(
    no_args_is_help=True, help="Recall an officer: enough signatures bring it to a vote."
)


@petition_app.command("open")
def open_petition(
    *,
    body: Annotated[str, typer.Argument(help="The body, as `rochdale governance bodies` has it.")],
    office: Annotated[str, typer.Argument(help="The office account that holds the seat.")],
    text: TextArgument = None,
    file: TextFileOption = None,
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for an officer's recall, with reasons, and sign that. Show members the reasons."""
    from governance.body_records import BodyKind  # noqa: PLC0415
    from governance.body_transactions import StartPetition  # noqa: PLC0415

    kind, text_hash = parse_name(body, BodyKind, what="BODY"), hash_given_text(text, file)
    opened = open_wallet(wallet, passphrase_file)
    payload = StartPetition(
        cooperative=opened.get_home().cooperative_id,
        body=kind,
        office=parse_id(office),
        text_hash=text_hash,
    )
    send_and_say(
        opened, node, payload, "The petition is open, and you have signed", as_json=as_json
    )


@petition_app.command("sign")
def sign_petition(
    *,
    petition: Annotated[str, typer.Argument(metavar="PETITION", help="The petition's id.")],
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign a petition; a signature cannot be taken back."""
    from governance.body_transactions import SignPetition  # noqa: PLC0415

    opened = open_wallet(wallet, passphrase_file)
    payload = SignPetition(
        cooperative=opened.get_home().cooperative_id, petition=parse_id(petition)
    )
    send_and_say(opened, node, payload, "You have signed", as_json=as_json)


@petition_app.command("show")
def show_petitions(
    *,
    petition: Annotated[
        str | None, typer.Argument(metavar="[PETITION]", help="Its id; without it all are shown.")
    ] = None,
    node: NodeOption = None,
    wallet: ReaderWalletOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show petitions: whom they would recall, how many have signed, until when."""
    from node.public_answers import Petition, Petitions  # noqa: PLC0415

    path = "cooperatives/{cooperative}/petitions"
    found: Petition | Petitions
    if petition is None:
        found = ask_node(node, wallet, passphrase_file, path, Petitions)
        shown = found["petitions"]
    else:
        path += f"/{parse_id(petition).hex()}"
        found = ask_node(node, wallet, passphrase_file, path, Petition)
        shown = [found]
    if as_json:
        say_json(found)
        return
    for item in shown:
        _show(item)
    if not shown:
        say("There has been no petition.")


def _show(petition: "Petition") -> None:
    from governance.body_transactions import compute_recall_id  # noqa: PLC0415

    say(f"[bold]{petition['id']}[/]")
    say_plain(f"  recall    {petition['office']} from {spell(petition['body'])}")
    say_plain(f"  reasons   SHA-256 {petition['text_hash']}")
    signed = f"{petition['signatures_count']} of {petition['needed_count']}"
    say(f"  signed    {signed}, until {describe_moment(petition['lapses_at_ms'])}")
    if petition["has_succeeded"]:
        recall = compute_recall_id(parse_id(petition["id"]))
        say(f"  proposal  {recall.hex()}: members vote on it")
