"""`rochdale federation seal`, `check-roll`, `bring-roll`: a chain of one's own joins a federation.

With members, bylaws and ids.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.federation import federation_app
from node.commands.federation_node import (
    OldTrustOption,
    SealedTrustOption,
    now_ms,
    open_node,
    read_sealed,
)
from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json

if TYPE_CHECKING:
    from ledger.receipts import Verified
    from ledger.sealed import SealedFile
    from node.sealing import BroughtRoll

__all__ = ["federation_app"]

_SealedArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="What `federation seal` wrote.")
]


@federation_app.command()
def seal(
    destination: Annotated[str, typer.Argument(help="Id of the chain to join.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    home: HomeOption = DEFAULT_HOME,
    sure: Annotated[bool, typer.Option("--yes", help="Yes, this chain ends.")] = False,
) -> None:
    """End this cooperative's own chain, and write what a federation takes over into one file.

    After that the chain takes no more transactions, for good. Run again it writes the same file.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from ledger.sealed import parse_sealed  # noqa: PLC0415
    from node.commands.output_files import check_target, write_file  # noqa: PLC0415
    from node.sealing import seal_chain  # noqa: PLC0415

    if not sure:
        raise MisconfiguredError(
            f"this chain takes no more transactions once it is sealed for {destination}, which "
            "cannot be taken back. Roll, bylaws and keys come along; books, bodies, offices, "
            "complaints and licences do not: docs/federation.md says what to end or export before. "
            "Say `--yes` if the cooperative has decided on it and that is done"
        )
    opened, settings = open_node(home)
    check_target(output, replaces=parse_sealed)
    file = asyncio.run(seal_chain(opened, settings, destination=destination, now_ms=now_ms))
    write_file(output, file.to_bytes(), replaces=parse_sealed)
    # Its own genesis file is whom this node believes, and it has followed the chain from there.
    checked, verified = read_sealed(output, trust=opened.genesis_path, accepts_old_trust=True)
    say(f"{verified.chain_id} is sealed for {destination}. Wrote {output}:")
    _describe(checked, verified)
    say("Read that header to the others by telephone. Next:")
    say("  [bold]rochdale stop[/]")
    say(f"  [bold]rochdale init --home NEW --join genesis.json --from {opened.root}[/]")


@federation_app.command("check-roll")
def check_roll(
    sealed: _SealedArgument,
    *,
    home: HomeOption = DEFAULT_HOME,
    trust: SealedTrustOption = None,
    old_trust: OldTrustOption = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Check the file only; ask no node.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check that a sealed chain is what its file says, and that this node's ledger has its roll.

    The light client follows the former chain from its beginning to its final header, in the
    file; then the node's own ledger is compared with it. Exit code 1 if anything differs.
    """
    from config.errors import RefusedError  # noqa: PLC0415
    from ledger.rpc import EngineClient  # noqa: PLC0415
    from node.sealing import compare_roll  # noqa: PLC0415

    file, verified = read_sealed(sealed, trust=trust, accepts_old_trust=old_trust)
    found: BroughtRoll | None = None
    if not offline:
        opened, _ = open_node(home)

        async def compare() -> "BroughtRoll":
            async with EngineClient(opened.rpc_socket) as engine:
                return await compare_roll(engine, file)

        found = asyncio.run(compare())
    if found is not None and not found.is_same:
        raise RefusedError("the roll on this node's ledger is not the sealed one")
    if as_json:
        say_json(_render(file, verified, found))
        return
    say(f"The seal of {verified.chain_id} holds:")
    _describe(file, verified)
    if found is not None:
        state = "complete" if found.is_complete else "not complete yet"
        say(
            f"On this node's ledger: {found.sealed_count} of {len(file.accounts)} entries, the "
            f"sealed ones in their order, {state}; {found.later_count} joined later."
        )


@federation_app.command("bring-roll")
def bring_roll(
    sealed: _SealedArgument,
    home: HomeOption = DEFAULT_HOME,
    trust: SealedTrustOption = None,
    old_trust: OldTrustOption = False,
) -> None:
    """Bring the roll of this cooperative's sealed chain to the federation that admitted it."""
    from node import sealing  # noqa: PLC0415

    file, _ = read_sealed(sealed, trust=trust, accepts_old_trust=old_trust)
    opened, settings = open_node(home)
    count = asyncio.run(
        sealing.bring_roll(
            opened,
            settings,
            file,
            now_ms=now_ms,
            tell=lambda done: say(f"[dim]{done} of {len(file.accounts)} …[/]"),
        )
    )
    if not count:
        say("Nothing is left to bring: the roll is complete.")
        return
    say(f"{count} entries were brought: the roll is complete, and members decide here from now on.")


def _describe(file: "SealedFile", verified: "Verified") -> None:
    from ledger.sealed import compute_genesis_hash  # noqa: PLC0415

    say(f"  cooperative   {file.seal.cooperative.hex()}")
    say(f"  members       {file.seal.active_count}, roll of {len(file.accounts)} entries")
    say(f"  final header  {verified.height}, {verified.header_hash.hex()}")
    say(f"  genesis       {compute_genesis_hash(file).hex()}")


def _render(
    file: "SealedFile", verified: "Verified", found: "BroughtRoll | None"
) -> dict[str, object]:
    from ledger.sealed import compute_genesis_hash  # noqa: PLC0415

    return {
        "cooperative": file.seal.cooperative.hex(),
        "chain_id": verified.chain_id,
        "destination": file.seal.destination,
        "members": file.seal.active_count,
        "roll_entries": len(file.accounts),
        "roll_root": file.seal.roll_root.hex(),
        "bylaws_hash": file.seal.bylaws_hash.hex(),
        "final_height": verified.height,
        "final_header": verified.header_hash.hex(),
        "genesis_hash": compute_genesis_hash(file).hex(),
        "brought": None
        if found is None
        else {
            "entries": found.sealed_count,
            "complete": found.is_complete,
            "joined_later": found.later_count,
        },
    }
