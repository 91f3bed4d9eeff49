"""A simulation's report as one page that needs nothing else: no scripts, files or network.

For a committee that is to decide about bylaws; the page says in words what its tables and
plots show. Templates escape everything that a scenario says.
"""

from importlib.resources import files
from typing import Any

import jinja2

from governance.bylaws_tables import list_settings, list_tables
from governance.sim.scenario import Scenario
from governance.sim.world import COUNTED
from node.simulation_plots import AFFAIR_PLOTS, PLOTS
from node.simulation_words import (
    compare,
    describe,
    read,
    render_days,
    render_number,
    render_permille,
    render_setting,
)

_FOLDER = files("node.web") / "templates"
_DECIDED = (
    ("Proposals", "proposals.count", render_number),
    ("Accepted", "proposals.accepted", render_number),
    ("Rejected", "proposals.rejected", render_number),
    ("More yes than no, but too few of the roll", "proposals.too_few_yes", render_number),
    ("Failed without quorum", "proposals.no_quorum", render_number),
    ("Second calls", "proposals.second_calls", render_number),
    ("Second calls with quorum", "proposals.second_calls_with_quorum", render_number),
    ("A rule ended or forbade it", "proposals.void", render_number),
    ("Time to the usual decision", "hours_to_decide.median", render_days),
    ("Nine of ten decisions within", "hours_to_decide.ninety_percent", render_days),
    ("Longest time to a decision", "hours_to_decide.most", render_days),
    ("Turnout of the usual proposal", "turnout_permille.median", render_permille),
    ("Elections", "elections.count", render_number),
    ("Elections without quorum", "elections.no_quorum", render_number),
    ("Ballots", "chain.ballots", render_number),
    ("Times that the ledger stood still", "chain.outages", render_number),
    ("Windows that lasted longer for it", "chain.windows_extended", render_number),
    ("Times that a body kept silent", "chain.body_silences", render_number),
)
_INEQUALITY = (
    ("Gini of seats, per mille", "gini_permille.seats", render_number),
    ("Gini of dividend shares, per mille", "gini_permille.dividends", render_number),
)
_POWER = (
    ("Seats that the bloc won", "power.bloc_seats_permille", render_permille),
    ("The bloc's share of the roll", "power.bloc_roll_permille", render_permille),
    ("Made-up members' share of the roll", "power.sybil_roll_permille", render_permille),
    ("The bloc's own proposals", "power.bloc_proposals", render_number),
    ("Of them accepted", "power.bloc_proposals_accepted", render_number),
    ("Decisions in which the bloc took a side", "power.bloc_took_side", render_number),
    ("Of them as the bloc wanted", "power.bloc_had_its_way", render_number),
    ("Turned by the bloc's discipline alone", "power.turned_by_bloc", render_number),
    ("Turned by made-up members alone", "power.turned_by_sybils", render_number),
    ("Turned by either or both", "power.turned_by_both", render_number),
    ("Committee seats that others would hold without them", "power.seats_turned", render_number),
    *_INEQUALITY,
)
_AFFAIRS = (
    ("Petitions for a recall", "recalls.petitions", render_number),
    ("Petitions that a rule refused", "recalls.refused", render_number),
    ("Petitions with too few signatures", "recalls.lapsed", render_number),
    ("Officers recalled", "recalls.recalled", render_number),
    ("Officers who kept the seat in a vote", "recalls.kept", render_number),
    ("Seats vacant by recall or departure", "vacancies.seats", render_number),
    ("Of them filled by a countback", "vacancies.followed", render_number),
    ("Of them by the bloc", "vacancies.followed_by_bloc", render_number),
    ("Data uses that members accepted", "vetoes.data_uses", render_number),
    ("Stopped by the privacy group", "vetoes.vetoed", render_number),
    ("Overrides that members were asked for", "vetoes.overrides", render_number),
    ("Overrides that they granted", "vetoes.overridden", render_number),
    ("Data uses paused in an emergency", "emergencies.acts", render_number),
    ("Emergencies with nothing to pause", "emergencies.impossible", render_number),
    ("Pauses that members ratified", "emergencies.ratified", render_number),
    ("Pauses that were undone", "emergencies.reverted", render_number),
    ("Members who left", "departures.left", render_number),
    ("Members who came back", "departures.came_back", render_number),
    ("Members whom the committee wanted to exclude", "departures.exclusions", render_number),
    ("Exclusions that a rule refused", "departures.refused", render_number),
    ("Appeals against an exclusion", "departures.appeals", render_number),
    ("Members excluded", "departures.excluded", render_number),
    ("Members who were to go and stayed", "departures.stayed", render_number),
    ("Budgets that were shared", "budgets.decided", render_number),
    ("What they had, in the smallest unit", "budgets.pool_minor", render_number),
    ("What items got of it", "budgets.funded_minor", render_number),
    ("What the bloc's item got", "budgets.bloc_item_minor", render_number),
)


def render_page(scenario: Scenario, result: dict[str, Any]) -> str:
    """The page.

    Args:
        scenario: What was simulated.
        result: Of `governance.sim.report.simulate` or `compare_bylaws`.
    """
    reports = result.get("reports", [result])
    return _ENVIRONMENT.get_template("simulation.html").render(
        style=_read("style.css"),
        scenario=scenario,
        settings=_list_settings(scenario),
        result=result,
        reports=reports,
        names=[report["bylaws"] for report in reports],
        sentences=compare(result) if "reports" in result else [],
        described=[describe(report) for report in reports],
        decided=_tabulate(_DECIDED, reports),
        power=_tabulate(_POWER if _has_capture(scenario) else _INEQUALITY, reports),
        plots=[
            (caption, [(report["bylaws"], draw(report, reports)) for report in reports])
            for caption, draw in PLOTS
        ],
        affairs=_tabulate_affairs(reports),
        affair_plots=[
            (caption, [(report["bylaws"], draw(report, reports)) for report in reports])
            for caption, draw in AFFAIR_PLOTS
        ],
    )


def _has_capture(scenario: Scenario) -> bool:
    return bool(scenario.bloc.share_bps or scenario.sybils.per_year)


def _tabulate_affairs(reports: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    """Only what there is any of; nothing if a scenario asks for none of it."""
    if not any(_has_affairs(report) for report in reports):
        return []
    there = tuple(
        measure for measure in _AFFAIRS if any(read(report, measure[1]) for report in reports)
    )
    return _tabulate(there, reports)


def _has_affairs(report: dict[str, Any]) -> bool:
    return any(
        number
        for table in COUNTED
        for name, number in report[table].items()
        if (table, name) != ("vetoes", "data_uses")
    )


def _tabulate(
    measures: tuple[tuple[str, str, Any], ...], reports: list[dict[str, Any]]
) -> list[tuple[str, list[str]]]:
    return [
        (what, [render(read(report, path)) for report in reports])
        for what, path, render in measures
    ]


def _list_settings(scenario: Scenario) -> list[tuple[str, str, str]]:
    return [
        (
            f"{table}.{name}",
            render_setting(name, getattr(getattr(scenario, table), name)),
            setting.meaning,
        )
        for table, kind in list_tables(Scenario).items()
        for name, setting in list_settings(kind).items()
    ]


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _spell(name: str) -> str:
    return name.replace("_", " ")


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FunctionLoader(_read),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["spell"] = _spell
_ENVIRONMENT.filters["days"] = render_days
_ENVIRONMENT.filters["number"] = render_number
_ENVIRONMENT.filters["setting"] = render_setting
_ENVIRONMENT.filters["permille"] = render_permille
