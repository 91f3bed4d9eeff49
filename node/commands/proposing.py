"""`rochdale wallet propose`: what a member puts before the cooperative, from their own machine."""

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import JsonOption, say, say_json
from node.commands.wallet_options import (
    NodeOption,
    PassphraseFileOption,
    WalletOption,
    get_node_url,
    make_actor,
    open_wallet,
)

if TYPE_CHECKING:
    from did.wallets import Wallet
    from node.member import Asked, SentProposal


_TextArgument = Annotated[
    str | None, typer.Argument(help="What is proposed; the first line is the title.")
]
_FileOption = Annotated[
    Path | None, typer.Option("--file", help="Read the text from a file instead.")
]
_InsightOption = Annotated[
    str | None,
    typer.Option("--insight", metavar="DIGEST", help="Release this draft of an insight."),
]
_KindOption = Annotated[
    str | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help="ordinary, data-use, constitutional, licence, budget, election, veto-override, "
        "distribution, federal, exit, ending, validation or withdrawal.",
    ),
]
_SubjectOption = Annotated[
    str | None,
    typer.Option("--subject", metavar="DIGEST", help="What it is about, for kinds that ask."),
]
_ActOption = Annotated[
    Path | None,
    typer.Option("--act", metavar="FILE.toml", help="What the rules do if it is accepted."),
]
_DaysOption = Annotated[
    int,
    typer.Option("--voting-days", min=0, max=366, help="Vote longer than the bylaws ask for."),
]
_TextOnlyOption = Annotated[
    bool, typer.Option("--text-only", help="Only send the text of a proposal that lacks it.")
]


def propose(
    *,
    wallet: WalletOption,
    text: _TextArgument = None,
    file: _FileOption = None,
    insight: _InsightOption = None,
    kind: _KindOption = None,
    subject: _SubjectOption = None,
    act: _ActOption = None,
    voting_days: _DaysOption = 0,
    text_only: _TextOnlyOption = False,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a motion before your cooperative; discussion opens, then voting."""
    motion = _read_text(text, file)
    asked = _ask(insight=insight, kind=kind, subject=subject, act=act)
    opened = open_wallet(wallet, passphrase_file)
    url = get_node_url(node, opened)
    if text_only:
        asyncio.run(_send_text(url, motion))
        say("The node has the text.")
        return
    sent = asyncio.run(_propose(opened, url, motion, asked, voting_days=voting_days))
    proposal_id = sent.proposal_id.hex()
    if as_json:
        say_json({"proposal": proposal_id, "height": sent.committed.height})
        return
    say(f"Your proposal is on the ledger, in block {sent.committed.height}.")
    say(f"  proposal  {proposal_id}")
    say("Members vote when its discussion has ended: [bold]rochdale wallet vote yes[/]")


def _ask(
    *, insight: str | None, kind: str | None, subject: str | None, act: Path | None
) -> "Asked":
    """What is asked for beside the text."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from governance.proposal_records import ProposalKind  # noqa: PLC0415
    from node.chain import read_given_file  # noqa: PLC0415
    from node.member import Asked  # noqa: PLC0415
    from node.payload_files import PayloadFileError, read_act  # noqa: PLC0415
    from node.toml_files import parse_toml  # noqa: PLC0415

    if insight is not None:
        if (kind, subject, act) != (None, None, None):
            raise MisconfiguredError("`--insight` says all: leave --kind, --subject, --act out")
        return Asked(kind=ProposalKind.INSIGHT, subject=_parse_digest(insight))
    names = {item.name.lower().replace("_", "-"): item for item in ProposalKind}
    if kind is not None and kind not in names:
        raise MisconfiguredError(f"--kind is one of {', '.join(names)}")
    try:
        found = None if act is None else read_act(parse_toml(read_given_file(act), named=str(act)))
    except PayloadFileError as error:
        raise MisconfiguredError(f"{act}: {error}") from error
    return Asked(
        kind=ProposalKind.ORDINARY if kind is None else names[kind],
        subject=b"" if subject is None else _parse_digest(subject),
        act=found,
    )


async def _propose(
    wallet: "Wallet", url: str, text: str, asked: "Asked", *, voting_days: int
) -> "SentProposal":
    from node.member_client import NodeClient  # noqa: PLC0415

    async with NodeClient(url) as client:
        actor = await make_actor(wallet, client)
        return await actor.propose(text, asked, voting_days=voting_days)


async def _send_text(url: str, text: str) -> None:
    from node.member_client import NodeClient  # noqa: PLC0415

    data = text.encode()
    async with NodeClient(url) as client:
        await client.put_text(hashlib.sha256(data).hexdigest(), data)


def _read_text(text: str | None, file: Path | None) -> str:
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node.chain import read_given_file  # noqa: PLC0415

    if text is not None and file is None:
        return text
    if text is not None or file is None:
        raise MisconfiguredError("give the proposal's text, or `--file` with a file that holds it")
    try:
        return read_given_file(file).decode()
    except UnicodeDecodeError as error:
        raise MisconfiguredError(f"{file} is not UTF-8 text: save it as such") from error


def _parse_digest(text: str) -> bytes:
    from config.errors import MisconfiguredError  # noqa: PLC0415

    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise MisconfiguredError(
            "--insight takes the 64 hex digits that `rochdale insight drafts` shows"
        )
    return digest
