"""Plots of a simulation as SVG for the page that holds them: drawn, not scripted.

Each says in words what it shows, for those who cannot see it, and tells things apart by shape
or hatching as well as by colour.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from markupsafe import Markup, escape

from node.simulation_words import render_days, render_permille

Report: TypeAlias = dict[str, Any]
_WIDTH = 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 8, 10, 30
_PLOT_HEIGHT = 150
_OUTCOMES = ("accepted", "rejected", "too_few_yes", "no_quorum")
_HOURS_PER_DAY = 24
_TIME_BARS = 12
_WHOLE_PERMILLE = 1_000


def draw_outcomes(report: Report, _: Sequence[Report]) -> Markup:
    """How proposals ended, as one bar."""
    proposals = report["proposals"]
    other = proposals["void"] + proposals["refused"]
    parts = [(name, proposals[name]) for name in _OUTCOMES] + [("other", other)]
    total = max(1, sum(count for _, count in parts))
    label = "; ".join(f"{name.replace('_', ' ')}: {count}" for name, count in parts)
    body, begin, row = "", 0, 0
    for name, count in parts:
        if count == 0:
            continue
        end = begin + count
        left, right = (_WIDTH * edge // total for edge in (begin, end))
        body += _rect(name, x=left, y=4, width=right - left, height=34)
        y = 60 + 20 * row
        body += _rect(name, x=0, y=y - 11, width=14, height=14)
        body += _text(20, y, f"{name.replace('_', ' ')}: {count:,}")
        begin, row = end, row + 1
    return _svg(f"How proposals ended. {label}.", body, height=60 + 20 * row)


def draw_times(report: Report, reports: Sequence[Report]) -> Markup:
    """How long decisions took, as bars of equal width; on one scale for all reports."""
    most = max((row["hours"] for item in reports for row in item["decisions"]), default=0)
    days = max(1, most // (_TIME_BARS * _HOURS_PER_DAY) + 1)
    bars = [_count_times(item, days=days) for item in reports]
    counts = _count_times(report, days=days)
    spread = report["hours_to_decide"]
    label = (
        f"Days from submission to decision. The usual one took {render_days(spread['median'])}, "
        f"nine of ten at most {render_days(spread['ninety_percent'])}, the longest "
        f"{render_days(spread['most'])}."
    )
    highest = max(1, *(max(item) for item in bars))
    body = _axes(highest, "decisions")
    step = (_WIDTH - _LEFT - _RIGHT) // _TIME_BARS
    for place, count in enumerate(counts):
        height = _PLOT_HEIGHT * count // highest
        x = _LEFT + place * step
        y = _TOP + _PLOT_HEIGHT - height
        body += _rect("accepted", x=x + 1, y=y, width=step - 2, height=height)
        if place % 3 == 0:
            body += _text(x, _TOP + _PLOT_HEIGHT + 14, f"{place * days}")
    body += _text(_WIDTH - _RIGHT, _TOP + _PLOT_HEIGHT + 28, "days", anchor="end")
    return _svg(label, body, height=_TOP + _PLOT_HEIGHT + _BOTTOM + 4)


def draw_turnout(report: Report, _: Sequence[Report]) -> Markup:
    """Turnout of each proposal in the order of submission."""
    rows = [row for row in report["decisions"] if row["electorate"]]
    spread = report["turnout_permille"]
    label = (
        "Turnout of each proposal, first to last. Dots reached the quorum, crosses did not. It "
        f"lies between {render_permille(spread['least'])} and {render_permille(spread['most'])}; "
        f"the usual one is {render_permille(spread['median'])}."
    )
    body = _axes(100, "% of the roll")
    width = _WIDTH - _LEFT - _RIGHT - 8
    for place, row in enumerate(rows):
        turnout = (row["yes"] + row["no"] + row["abstain"]) * _WHOLE_PERMILLE // row["electorate"]
        x = _LEFT + 4 + width * place // max(1, len(rows) - 1)
        y = _TOP + _PLOT_HEIGHT - _PLOT_HEIGHT * turnout // _WHOLE_PERMILLE
        if row["has_quorum"]:
            body += f'<circle class="mark" cx="{x}" cy="{y}" r="2.5"/>'
        else:
            body += f'<path class="cross" d="M{x - 4} {y - 4}l8 8m0 -8l-8 8"/>'
    body += _text(_WIDTH - _RIGHT, _TOP + _PLOT_HEIGHT + 16, "proposals", anchor="end")
    return _svg(label, body, height=_TOP + _PLOT_HEIGHT + _BOTTOM)


def draw_seats(report: Report, reports: Sequence[Report]) -> Markup:
    """Seats won in each year, the bloc's hatched."""
    years = report["by_year"]
    highest = max(
        1, *(sum(year["seats_won"].values()) for item in reports for year in item["by_year"])
    )
    told = ", ".join(
        f"year {year['year']}: {year['seats_won']['bloc']} of {sum(year['seats_won'].values())}"
        for year in years
    )
    body = _axes(highest, "seats")
    step = (_WIDTH - _LEFT - _RIGHT) // len(years)
    for place, year in enumerate(years):
        bloc, others = year["seats_won"]["bloc"], year["seats_won"]["member"]
        x, y = _LEFT + place * step, _TOP + _PLOT_HEIGHT
        for name, count in (("accepted", others), ("no_quorum", bloc)):
            height = _PLOT_HEIGHT * count // highest
            y -= height
            body += _rect(name, x=x + 2, y=y, width=max(2, step - 4), height=height)
        body += _text(x + step // 2, _TOP + _PLOT_HEIGHT + 14, f"{year['year']}", anchor="middle")
    body += _text(_WIDTH - _RIGHT, _TOP + _PLOT_HEIGHT + 28, "year", anchor="end")
    label = f"Seats won in each year, hatched those of the bloc: {told}."
    return _svg(label, body, height=_TOP + _PLOT_HEIGHT + _BOTTOM + 4)


def _count_times(report: Report, *, days: int) -> list[int]:
    counts = [0] * _TIME_BARS
    for row in report["decisions"]:
        if row["hours"]:
            counts[row["hours"] // (days * _HOURS_PER_DAY)] += 1
    return counts


def _axes(highest: int, what: str) -> str:
    bottom = _TOP + _PLOT_HEIGHT
    body = f'<path class="axis" d="M{_LEFT} {_TOP}V{bottom}H{_WIDTH - _RIGHT}"/>'
    for part in (0, 1, 2):
        value = highest * part // 2
        if part == 1 and value in (0, highest):
            continue
        y = bottom - _PLOT_HEIGHT * value // highest
        body += f'<path class="grid" d="M{_LEFT} {y}H{_WIDTH - _RIGHT}"/>'
        body += _text(_LEFT - 4, y + 4, f"{value}", anchor="end")
    return body + _text(_LEFT, bottom + 28, what)


def _rect(name: str, *, x: int, y: int, width: int, height: int) -> str:
    return f'<rect class="{name}" x="{x}" y="{y}" width="{width}" height="{height}"/>'


def _text(x: int, y: int, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(label: str, body: str, *, height: int) -> Markup:
    # Everything in the body is numbers, names of our own and escaped text.
    return Markup(  # noqa: S704
        f'<svg role="img" viewBox="0 0 {_WIDTH} {height}" aria-label="{escape(label)}">{body}</svg>'
    )


PLOTS: Sequence[tuple[str, Callable[[Report, Sequence[Report]], Markup]]] = (
    ("How proposals ended", draw_outcomes),
    ("Days from submission to decision", draw_times),
    ("Turnout: dots reached the quorum, crosses did not", draw_turnout),
    ("Seats won in each year; hatched: the bloc's", draw_seats),
)
"""Caption and plot, in the order of the page."""
