"""`rochdale genesis`: several cooperatives begin one chain together.

Each runs `offer` and sends the file to all; anybody runs `assemble`, which gives everybody
the same bytes for the same offers and time; each runs `adopt`, which checks that the file
says of it exactly what it signed.
"""

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from node.commands.options import (
    DEFAULT_BYLAWS,
    DEFAULT_HOME,
    BylawsOption,
    HomeOption,
    TimeScaleOption,
    say,
)
from node.commands.output_files import write_file

genesis_app = typer.Typer(
    no_args_is_help=True, help="Begin a chain together: offer, assemble, adopt."
)


@genesis_app.command()
def offer(
    home: HomeOption = DEFAULT_HOME,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; else printed.")
    ] = None,
    member_only: Annotated[
        bool, typer.Option("--member-only", help="Be a member that does not validate.")
    ] = False,
) -> None:
    """Sign what this cooperative brings to the chain, for the other founders."""
    from node.chain import make_offer  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    opened = open_home(home)
    settings = load_settings(opened.settings_path, environ=os.environ)
    signed = make_offer(opened, settings, is_validating=not member_only)
    if output is None:
        sys.stdout.write(f"{signed}\n")
        return
    write_file(output, f"{signed}\n".encode())
    say(f"Wrote {output}: send it to the other founders.")


@genesis_app.command()
def assemble(
    offers: Annotated[list[Path], typer.Argument(help="Every founder's offer.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")] = Path(
        "genesis.json"
    ),
    bylaws: BylawsOption = DEFAULT_BYLAWS,
    time_scale: TimeScaleOption = 1,
    begins: Annotated[
        str | None, typer.Option("--begins", help="When, such as 2027-01-31T12:00:00Z; else now.")
    ] = None,
) -> None:
    """Make the genesis file from all founders' offers."""
    from ledger.genesis import assemble_genesis, check_founder, check_genesis  # noqa: PLC0415
    from node.chain import load_bylaws, read_given_file  # noqa: PLC0415
    from node.commands.wallet_options import explain_refusal  # noqa: PLC0415

    texts = []
    for path in offers:
        texts.append(read_given_file(path).decode("ascii", "replace"))
        with explain_refusal(f"{path} is no offer of a founder"):
            first = check_founder(texts[-1])
    data = assemble_genesis(
        texts,
        chain_id=first.chain_id,
        network=first.network,
        bylaws=load_bylaws(bylaws),
        time_scale=time_scale,
        genesis_time_ms=parse_time_ms(begins),
    )
    write_file(output, data)
    say(f"Wrote {output} for {len(texts)} founders of {first.chain_id}.")
    say(f"  SHA-256  {check_genesis(data).genesis_hash.hex()}")
    say(f"Each founder runs: [bold]rochdale genesis adopt {output}[/]")


@genesis_app.command()
def adopt(
    genesis: Annotated[Path, typer.Argument(help="The assembled file.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Check the genesis file and make it this node's own."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from ledger.genesis import check_genesis  # noqa: PLC0415
    from node.chain import adopt_genesis, read_genesis_file  # noqa: PLC0415
    from node.commands.wallet_options import explain_refusal  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    opened = open_home(home)
    settings = load_settings(opened.settings_path, environ=os.environ)
    data = read_genesis_file(genesis)
    with explain_refusal(f"{genesis} does not hold"):
        checked = check_genesis(data)
    if checked.recovery is not None:
        raise MisconfiguredError(
            "this chain goes on from another one's state: make its home from the old one with "
            "`rochdale genesis recover adopt`"
        )
    adopted = adopt_genesis(opened, settings, data)
    say(f"Adopted {adopted.chain_id}, begun by:")
    for founder in adopted.founders:
        say(f"  {founder.name} ({founder.did})")
    say(f"  SHA-256  {adopted.genesis_hash.hex()}")
    say("Compare that number with the other founders, then run: [bold]rochdale start[/]")


def parse_time_ms(text: str | None) -> int:
    """A moment as people write it, UTC if they do not say; now for none. Unix milliseconds.

    Raises:
        MisconfiguredError: It cannot be read.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415

    if text is None:
        return int(time.time() * 1000)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise MisconfiguredError("--begins must read like 2027-01-31T12:00:00Z") from error
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
