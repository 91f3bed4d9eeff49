"""`rochdale office propose` and the like: what an officer asks a body to do, and what is asked."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.acting import send_and_say
from node.commands.given import TextArgument, TextFileOption, hash_given_text, parse_id, parse_name
from node.commands.office import office_app
from node.commands.options import JsonOption, say, say_json, say_plain
from node.commands.reading import ReaderWalletOption, ask_node, describe_moment, spell
from node.commands.wallet_options import (
    NodeOption,
    PassphraseFileOption,
    WalletOption,
    open_wallet,
)

if TYPE_CHECKING:
    from governance.body_acts import BodyAct, Stance
    from governance.body_records import BodyKind
    from node.public_answers import Motion

__all__ = ["office_app"]

_ProposalArgument = Annotated[str, typer.Argument(metavar="PROPOSAL", help="The proposal's id.")]
_StanceArgument = Annotated[str, typer.Argument(metavar="for|against|none")]


@office_app.command("propose")
def propose_motion(
    *,
    body: Annotated[str, typer.Argument(help="The body that you sit in.")],
    act: Annotated[Path, typer.Argument(metavar="ACT.toml", help="What it is asked to do.")],
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a body that you sit in to do something; the file has the act's `name` and its fields."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from governance.body_records import BodyKind  # noqa: PLC0415
    from node.chain import read_given_file  # noqa: PLC0415
    from node.payload_files import PayloadFileError, read_body_act  # noqa: PLC0415
    from node.toml_files import parse_toml  # noqa: PLC0415

    kind = parse_name(body, BodyKind, what="BODY")
    try:
        asked = read_body_act(parse_toml(read_given_file(act), named=str(act)))
    except PayloadFileError as error:
        raise MisconfiguredError(f"{act}: {error}") from error
    move(wallet, node, passphrase_file, body=kind, act=asked, as_json=as_json)


@office_app.command("motions")
def show_motions(
    *,
    node: NodeOption = None,
    wallet: ReaderWalletOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what bodies were asked to do, newest first, and who supports it."""
    from node.public_answers import Motions  # noqa: PLC0415

    path = "cooperatives/{cooperative}/body-motions"
    found = ask_node(node, wallet, passphrase_file, path, Motions)
    if as_json:
        say_json(found)
        return
    for motion in found["body-motions"]:
        _show(motion)
    if not found["body-motions"]:
        say("No body has been asked to do anything.")


@office_app.command("review")
def review(
    *,
    proposal: _ProposalArgument,
    stance: _StanceArgument,
    text: TextArgument = None,
    file: TextFileOption = None,
    body: Annotated[str, typer.Option("--body", help="The working group that you sit in.")],
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask your working group to say what it thinks of a proposal, with reasons."""
    from governance.body_acts import Review  # noqa: PLC0415
    from governance.body_records import WORKING_GROUPS, BodyKind  # noqa: PLC0415

    act = Review(
        proposal=parse_id(proposal),
        stance=_read_stance(stance),
        text_hash=hash_given_text(text, file),
    )
    kind = parse_name(body, BodyKind, what="--body", among=WORKING_GROUPS)
    move(wallet, node, passphrase_file, body=kind, act=act, as_json=as_json)


@office_app.command("recommend")
def recommend(
    *,
    proposal: _ProposalArgument,
    stance: _StanceArgument,
    text: TextArgument = None,
    file: TextFileOption = None,
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the committee to recommend to members how to vote, with reasons."""
    from governance.body_acts import Recommend  # noqa: PLC0415
    from governance.body_records import BodyKind  # noqa: PLC0415

    act = Recommend(
        proposal=parse_id(proposal),
        stance=_read_stance(stance),
        text_hash=hash_given_text(text, file),
    )
    move(wallet, node, passphrase_file, body=BodyKind.COMMITTEE, act=act, as_json=as_json)


@office_app.command("veto")
def veto(
    *,
    proposal: _ProposalArgument,
    text: TextArgument = None,
    file: TextFileOption = None,
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the privacy group to stop an accepted use of data; members may override it."""
    from governance.body_acts import Veto  # noqa: PLC0415
    from governance.body_records import BodyKind  # noqa: PLC0415

    act = Veto(proposal=parse_id(proposal), reasons_hash=hash_given_text(text, file))
    move(wallet, node, passphrase_file, body=BodyKind.PRIVACY, act=act, as_json=as_json)


def move(
    wallet: Path,
    node: str | None,
    passphrase_file: Path | None,
    *,
    body: "BodyKind",
    act: "BodyAct",
    as_json: bool,
) -> None:
    """Ask a body to do something, and say what came of it; the asking officer supports it."""
    from governance.body_transactions import ProposeBodyAct  # noqa: PLC0415

    opened = open_wallet(wallet, passphrase_file)
    payload = ProposeBodyAct(cooperative=opened.get_home().cooperative_id, body=body, act=act)
    send_and_say(opened, node, payload, "Your body is asked, and you support it", as_json=as_json)


def _read_stance(text: str) -> "Stance":
    from governance.body_acts import Stance  # noqa: PLC0415

    return parse_name(text, Stance, what="the stance")


def _show(motion: "Motion") -> None:
    act = motion["act"]
    done = "done" if motion["is_done"] else f"until {describe_moment(motion['lapses_at_ms'])}"
    say(f"[bold]{motion['id']}[/]")
    say_plain(f"  {spell(motion['body'])}: {spell(act['name'])}, {done}")
    for name, value in act.items():
        if name != "name":
            say_plain(f"    {spell(name)}  {spell(value)}")
    say(f"  supported by {len(motion['supporters'])}; takes {_NEEDED[motion['needed']]}")


_NEEDED = {
    "majority": "more than half of its seats",
    "two_thirds": "two thirds of its seats",
}
