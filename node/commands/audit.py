"""`rochdale governance audit`: every outcome and distribution of a chain, recounted.

On a stopped node's state, on a copy of it, or on one that a running node makes: reading that
one's own record by record would mix blocks. Nothing in it is changed.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node import exit_codes
from node.commands.any_store import StoreArgument, open_store
from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json

if TYPE_CHECKING:
    from governance.audit.findings import Audited, Difference
    from governance.audit.sealed import Sealed

_SEALED_BYTES_MAX = 268_435_456

_FromChainOption = Annotated[
    bool,
    typer.Option("--from-chain", help="Recount from the chain's data; so far the only source."),
]
_SealedOption = Annotated[
    Path | None,
    typer.Option(
        "--sealed",
        metavar="FILE",
        help="What you were shown as an auditor (docs/governance.md): checks every amount.",
    ),
]


def audit(
    path: StoreArgument = None,
    *,
    from_chain: _FromChainOption = True,  # noqa: ARG001 - the only source there is
    sealed: _SealedOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Recount every vote, election and distribution from ballots, rolls, bylaws and journals.

    Names the first difference, with exit code 1, or says how much was recounted. Of a running node
    a copy is audited that it makes for that, as of its next block.
    """
    from governance.audit.chain import audit_chain  # noqa: PLC0415

    shown = None if sealed is None else _read_sealed(sealed)
    with open_store(path, home) as store:
        height, began_s = store.record.height, time.monotonic()
        audited = audit_chain(store, time_ms=store.record.time_ms, sealed=shown)
        took_s = time.monotonic() - began_s
    if as_json:
        say_json(_describe(audited, height=height, took_s=took_s))
    else:
        _show(audited, height=height, took_s=took_s)
    if audited.difference is not None:
        raise typer.Exit(exit_codes.FAILED)


def _read_sealed(path: Path) -> "Sealed":
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from governance.audit.sealed import parse_sealed  # noqa: PLC0415

    try:
        if path.stat().st_size > _SEALED_BYTES_MAX:
            raise MisconfiguredError(f"{path} is too large: name one cooperative's sealed file")
        data = path.read_bytes()
    except OSError as error:
        raise MisconfiguredError(
            f"{path} cannot be read ({error.strerror}): name the file that you were given"
        ) from error
    return parse_sealed(data)


def _describe(audited: "Audited", *, height: int, took_s: float) -> dict[str, object]:
    difference = audited.difference
    return {
        "height": height,
        "outcomes": audited.outcomes_count,
        "ballots": audited.ballots_count,
        "countbacks": audited.countbacks_count,
        "distributions": audited.distributions_count,
        "nettings": audited.nettings_count,
        "amounts": audited.amounts_count,
        "took_s": round(took_s, 3),
        "difference": None if difference is None else _describe_difference(difference),
    }


def _describe_difference(difference: "Difference") -> dict[str, object]:
    place = difference.place
    return {
        "cooperative": place.cooperative.hex() or None,
        "what": place.what,
        "id": place.id,
        "field": difference.field,
        "expected": difference.expected,
        "found": difference.found,
    }


def _show(audited: "Audited", *, height: int, took_s: float) -> None:
    difference = audited.difference
    if difference is not None:
        place = difference.place
        whose = place.cooperative.hex() or "the federation"
        say(f"[red]Another outcome[/] at height {height}: {place.what} {place.id} of {whose}")
        say(f"  {difference.field}")
        say(f"  expected  {difference.expected}")
        say(f"  found     {difference.found}")
        say("What comes after it was not looked at.")
        return
    say(f"All outcomes hold at height {height}; recounted in {took_s:.1f} s:")
    say(f"  {audited.outcomes_count} outcomes of {audited.ballots_count} ballots")
    if audited.countbacks_count:
        say(f"  {audited.countbacks_count} seats that fell vacant, from the ballots")
    say(f"  {audited.distributions_count} distributions")
    if audited.nettings_count:
        say(f"  {audited.nettings_count} nettings between cooperatives, in everybody's books")
    if audited.amounts_count:
        say(f"  {audited.amounts_count} members' amounts, against the sealed file")
