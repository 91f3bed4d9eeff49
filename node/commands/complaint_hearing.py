"""`rochdale complaint answer` and the like: what officers ask their body to say of a complaint."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.complaints import ComplaintArgument, complaint_app
from node.commands.given import TextArgument, TextFileOption, hash_given_text, parse_id, parse_name
from node.commands.office_motions import move
from node.commands.options import JsonOption
from node.commands.wallet_options import NodeOption, PassphraseFileOption, WalletOption

if TYPE_CHECKING:
    from governance.body_records import BodyKind

__all__ = ["complaint_app"]

BodyOption = Annotated[str, typer.Option("--body", help="The body that you sit in.")]


@complaint_app.command("answer")
def answer_complaint(
    *,
    complaint: ComplaintArgument,
    text: TextArgument = None,
    file: TextFileOption = None,
    body: BodyOption,
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask your body to answer: ombudsperson, mediators or ethics panel, whoever hears it now."""
    from governance.body_acts import AnswerComplaint  # noqa: PLC0415

    act = AnswerComplaint(complaint=parse_id(complaint), text_hash=hash_given_text(text, file))
    move(wallet, node, passphrase_file, body=_read(body), act=act, as_json=as_json)


@complaint_app.command("take-over")
def take_over(
    *,
    complaint: ComplaintArgument,
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the ethics panel to hear it now, because it is serious."""
    from governance.body_acts import TakeOverComplaint  # noqa: PLC0415

    act = TakeOverComplaint(complaint=parse_id(complaint))
    move(wallet, node, passphrase_file, body=_read("ethics-panel"), act=act, as_json=as_json)


@complaint_app.command("advise")
def advise(
    *,
    complaint: ComplaintArgument,
    text: TextArgument = None,
    file: TextFileOption = None,
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the ethics panel to say what it thinks of it, which binds nobody."""
    from governance.body_acts import AdviseOnComplaint  # noqa: PLC0415

    act = AdviseOnComplaint(complaint=parse_id(complaint), text_hash=hash_given_text(text, file))
    move(wallet, node, passphrase_file, body=_read("ethics-panel"), act=act, as_json=as_json)


@complaint_app.command("award")
def record_award(
    *,
    complaint: ComplaintArgument,
    file: Annotated[Path, typer.Option("--file", help="The award; only its hash is recorded.")],
    body: BodyOption,
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask ombudsperson or auditors to record what an arbitrator from outside has decided."""
    from governance.body_acts import RecordAward  # noqa: PLC0415

    act = RecordAward(complaint=parse_id(complaint), award_hash=hash_given_text(None, file))
    move(wallet, node, passphrase_file, body=_read(body), act=act, as_json=as_json)


def _read(body: str) -> "BodyKind":
    from governance.body_records import BodyKind  # noqa: PLC0415

    return parse_name(body, BodyKind, what="--body")
