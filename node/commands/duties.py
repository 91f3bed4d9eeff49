"""`rochdale duty`: what elected bodies owe members, and saying that it was done."""

from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.given import TextArgument, TextFileOption, hash_given_text, parse_name
from node.commands.office_motions import move
from node.commands.options import JsonOption, say, say_json, say_plain
from node.commands.reading import ReaderWalletOption, ask_node, describe_moment, spell
from node.commands.wallet_options import NodeOption, PassphraseFileOption, WalletOption

if TYPE_CHECKING:
    from node.public_answers import Duty

duty_app = typer.Typer(
    no_args_is_help=True, help="What elected bodies owe members again and again."
)


@duty_app.command("list")
def list_duties(
    *,
    node: NodeOption = None,
    wallet: ReaderWalletOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is owed, by whom and until when, and what was missed."""
    from node.public_answers import Duties  # noqa: PLC0415

    found = ask_node(node, wallet, passphrase_file, "cooperatives/{cooperative}/duties", Duties)
    if as_json:
        say_json(found["duties"])
        return
    for duty in found["duties"]:
        _show(duty)


@duty_app.command("report")
def report_duty(
    *,
    duty: Annotated[str, typer.Argument(help="As `rochdale duty list` names it.")],
    text: TextArgument = None,
    file: TextFileOption = None,
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask your body to say that it has done a duty: with the report, the minutes or the audit.

    It is done when most of the body support that (`rochdale office support`). Only the hash of
    the text goes to the ledger: publish the text itself for members.
    """
    from governance.body_acts import FulfilDuty  # noqa: PLC0415
    from governance.duties import DUTIES  # noqa: PLC0415
    from governance.duty_records import DutyKind  # noqa: PLC0415

    kind = parse_name(duty, DutyKind, what="the duty")
    act = FulfilDuty(duty=kind, text_hash=hash_given_text(text, file))
    move(wallet, node, passphrase_file, body=DUTIES[kind].body, act=act, as_json=as_json)


def _show(duty: "Duty") -> None:
    name = duty["duty"].replace("_", "-")
    state = spell(duty["state"])
    if duty["misses"] > 1:
        state += f" {duty['misses']} times in a row"
    say(f"[bold]{name}[/], {spell(duty['body'])}: {state}")  # words: see `Duty`
    if duty["due_ms"]:
        grace = describe_moment(duty["grace_ends_ms"])
        say(f"  due {describe_moment(duty['due_ms'])}, grace until {grace}")
    if duty["fulfilled_ms"]:
        done = describe_moment(duty["fulfilled_ms"])
        say_plain(f"  done {done}, SHA-256 {spell(duty['text_hash'])}")
