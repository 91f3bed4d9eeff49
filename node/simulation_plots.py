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
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 8, 28, 30
_PLOT_HEIGHT = 150
_OUTCOMES = ("accepted", "rejected", "too_few_yes", "no_quorum")
_AFFAIR_OUTCOMES = ("accepted", "rejected", "no_quorum")
_AFFAIR_KINDS = (
    ("recall", "Recalls"),
    ("veto_override", "Overrides of a veto"),
    ("appeal", "Exclusions on appeal"),
    ("ratification", "Emergency acts"),
    ("budget", "Budgets"),
)
_ROW = 44
_YEARS_NAMED_MAX = 12
_HOURS_PER_DAY = 24
_TIME_BARS = 12
_WHOLE_PERMILLE = 1_000


def draw_outcomes(report: Report, _: Sequence[Report]) -> Markup:
    """How proposals ended, as one bar."""
    proposals = report["proposals"]
    other = proposals["void"] + proposals["refused"]
    parts = [(name, proposals[name]) for name in _OUTCOMES] + [("other", other)]
    total = max(1, sum(count for _, count in parts))
    label = "; ".join(f"{_say(name)}: {count}" for name, count in parts)
    body, begin, row = "", 0, 0
    for name, count in parts:
        if count == 0:
            continue
        end = begin + count
        left, right = (_WIDTH * edge // total for edge in (begin, end))
        body += _rect(name, x=left, y=4, width=right - left, height=34)
        y = 60 + 20 * row
        body += _rect(name, x=0, y=y - 11, width=14, height=14)
        body += _text(20, y, f"{_say(name)}: {count:,}")
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
        body += _year(year["year"], x=x + step // 2, years_count=len(years))
    body += _text(_WIDTH - _RIGHT, _TOP + _PLOT_HEIGHT + 28, "year", anchor="end")
    label = f"Seats won in each year, hatched those of the bloc: {told}."
    return _svg(label, body, height=_TOP + _PLOT_HEIGHT + _BOTTOM + 4)


def draw_affairs(report: Report, _: Sequence[Report]) -> Markup:
    """How votes beside the planned proposals ended, one bar for each kind."""
    counted = [
        (name, counts)
        for kind, name in _AFFAIR_KINDS
        if any(counts := [_count_ends(report, kind, outcome) for outcome in _AFFAIR_OUTCOMES])
    ]
    most = max((sum(counts) for _, counts in counted), default=1)
    told = []
    body = ""
    for row, (name, counts) in enumerate(counted):
        y, begin = 14 + _ROW * row, 0
        parts = [
            f"{count} {_say(end)}" for end, count in zip(_AFFAIR_OUTCOMES, counts, strict=True)
        ]
        told.append(f"{name}: " + ", ".join(parts))
        body += _text(0, y, f"{name}: {sum(counts)}")
        for outcome, count in zip(_AFFAIR_OUTCOMES, counts, strict=True):
            if count:
                left, right = (_WIDTH * edge // most for edge in (begin, begin + count))
                body += _rect(outcome, x=left, y=y + 6, width=right - left, height=14)
                begin += count
    y = 14 + _ROW * len(counted) + 4
    for place, outcome in enumerate(_AFFAIR_OUTCOMES):
        body += _rect(outcome, x=place * 90, y=y - 11, width=14, height=14)
        body += _text(place * 90 + 18, y, _say(outcome))
    return _svg(f"How votes ended. {'; '.join(told) or 'there were none'}.", body, height=y + 10)


def draw_roll(report: Report, reports: Sequence[Report]) -> Markup:
    """Members on the roll in each year; on one scale for all reports."""
    years = report["by_year"]
    highest = max(1, *(sum(year["roll"].values()) for item in reports for year in item["by_year"]))
    body = _axes(highest, "members")
    step = (_WIDTH - _LEFT - _RIGHT) // len(years)
    told = []
    for place, year in enumerate(years):
        count = sum(year["roll"].values())
        departures = year["departures"]
        gone = departures["left"] + departures["excluded"]
        told.append(f"year {year['year']}: {count:,}, {gone:,} left or were excluded")
        height = _PLOT_HEIGHT * count // highest
        x, y = _LEFT + place * step, _TOP + _PLOT_HEIGHT - height
        body += _rect("accepted", x=x + 2, y=y, width=max(2, step - 4), height=height)
        body += _year(year["year"], x=x + step // 2, years_count=len(years))
    body += _text(_WIDTH - _RIGHT, _TOP + _PLOT_HEIGHT + 28, "year", anchor="end")
    label = f"Members on the roll when a year's last proposal was submitted: {'; '.join(told)}."
    return _svg(label, body, height=_TOP + _PLOT_HEIGHT + _BOTTOM + 4)


def _count_ends(report: Report, kind: str, outcome: str) -> int:
    """Votes of a kind that ended so; too few yes is a no here, all else counts as no quorum."""
    ends = [row["outcome"] for row in report["affairs"] if row["kind"] == kind]
    if outcome == "accepted":
        return ends.count("accepted")
    if outcome == "rejected":
        return ends.count("rejected") + ends.count("too_few_yes")
    return len(ends) - sum(ends.count(name) for name in ("accepted", "rejected", "too_few_yes"))


def _say(outcome: str) -> str:
    return outcome.replace("_", " ")


def _count_times(report: Report, *, days: int) -> list[int]:
    counts = [0] * _TIME_BARS
    for row in report["decisions"]:
        if row["hours"]:
            counts[row["hours"] // (days * _HOURS_PER_DAY)] += 1
    return counts


def _year(year: int, *, x: int, years_count: int) -> str:
    """A year below its bar; of many years only some, so that none runs into the next."""
    if (year - 1) % -(-years_count // _YEARS_NAMED_MAX):
        return ""
    return _text(x, _TOP + _PLOT_HEIGHT + 14, f"{year}", anchor="middle")


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
    # Above the axis that it names: below, it would read as the other axis's.
    return body + _text(0, 12, what)


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
AFFAIR_PLOTS: Sequence[tuple[str, Callable[[Report, Sequence[Report]], Markup]]] = (
    ("How votes on them ended", draw_affairs),
    ("Members on the roll in each year", draw_roll),
)
"""As `PLOTS`, of recalls, vetoes, departures, budgets and emergencies."""
