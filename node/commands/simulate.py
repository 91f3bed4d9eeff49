"""`rochdale governance simulate`: what bylaws would do, before anybody adopts them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.commands.options import DEFAULT_BYLAWS, BylawsOption, JsonOption, say, say_json

if TYPE_CHECKING:
    from governance.sim.scenario import Scenario


def simulate(
    *,
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A TOML file, or the name of an example.")
    ],
    bylaws: BylawsOption = DEFAULT_BYLAWS,
    versus: Annotated[
        str | None,
        typer.Option("--versus", metavar="NAME|FILE", help="Other bylaws for the same members."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="REPORT", help="Write a page for people.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Simulate years of a cooperative's decisions under its bylaws, or under two to compare.

    Members, their turnout, a bloc, made-up members, silent bodies and a ledger that stands
    still are as the scenario says; the rules are those of the ledger. Needs no node.
    """
    from governance.sim.report import compare_bylaws  # noqa: PLC0415
    from governance.sim.report import simulate as simulate_one  # noqa: PLC0415
    from node.chain import load_bylaws  # noqa: PLC0415
    from node.simulation_files import check_writable, load_scenario  # noqa: PLC0415

    checked = load_scenario(scenario)
    first = load_bylaws(bylaws)
    if html is not None:
        check_writable(html)
    if versus is None:
        result = simulate_one(checked, first, name=bylaws)
    else:
        names = (bylaws, versus)
        result = compare_bylaws(checked, first, load_bylaws(versus), names=names)
    if html is not None:
        _write_page(html, checked, result)
    if as_json:
        say_json(result)
        return
    from node.simulation_words import list_sentences  # noqa: PLC0415

    for sentence in list_sentences(result):
        say(sentence)
    if html is not None:
        say(f"The report with tables and plots: {html}")


def _write_page(path: Path, scenario: "Scenario", result: dict[str, Any]) -> None:
    from node.simulation_files import write_page  # noqa: PLC0415
    from node.simulation_page import render_page  # noqa: PLC0415

    write_page(path, render_page(scenario, result))
