"""The simulator's command and page: what a committee types, and what it reads."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from config.errors import MisconfiguredError
from governance.sim.report import compare_bylaws, simulate
from node.simulation_files import check_writable, load_scenario, write_page
from node.simulation_page import render_page
from node.simulation_words import list_sentences, render_setting
from tests.bylaws import load_preset
from tests.node.terminal import Terminal

SCENARIO = """
version = 1
title = "<b>A & B</b>"
seed = "page"
years = 1
[members]
count = 60
turnout_bps = 3_500
[proposals]
per_year = 6
[bloc]
share_bps = 2_000
own_bps = 5_000
candidates = 3
[sybils]
per_year = 4
[elections]
candidates = 8
[dividends]
surplus_minor = 100_000
"""
AFFAIRS = """
[recalls]
per_year = 2
signing_bps = 4_000
[departures]
leaving_per_year = 8
returning_bps = 5_000
[budgets]
per_year = 1
[emergencies]
per_year = 2
"""
VOID = ("meta", "link", "br", "img", "input", "path", "rect", "circle")


class Outline(HTMLParser):
    """Checks that every element that begins also ends, in the right order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    return Terminal(capsys, tmp_path)


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO)
    return path


def read_outline(page: str) -> Outline:
    outline = Outline()
    outline.feed(page)
    outline.close()
    return outline


def test_the_page_is_whole_and_needs_nothing_else(scenario: Path) -> None:
    """Well-formed, escaped, without scripts or anything from elsewhere."""
    checked = load_scenario(str(scenario))
    result = compare_bylaws(
        checked, load_preset(), load_preset("national"), names=("a<b", "national")
    )

    page = render_page(checked, result)

    outline = read_outline(page)
    assert outline.open == []
    assert len(set(outline.ids)) == len(outline.ids)
    assert outline.seen.count("h1") == outline.seen.count("main") == 1
    assert not {"script", "link", "img", "iframe", "object"} & set(outline.seen)
    assert not [name for name, _ in outline.attributes if name in ("src", "style", "onclick")]
    assert all(value and value[0] == "#" for name, value in outline.attributes if name == "href")
    assert "://" not in page
    assert re.findall(r"url\((?!#)", page) == []
    assert "<b>A" not in page
    assert "&lt;b&gt;A &amp; B" in page
    assert "a<b" not in page
    assert outline.seen.count("svg") == 1 + 2 * 4
    for name, value in outline.attributes:
        if name == "aria-label":
            assert value


def test_a_single_report_has_a_page_too(scenario: Path) -> None:
    checked = load_scenario(str(scenario))

    page = render_page(checked, simulate(checked, load_preset(), name="patient-group"))

    assert read_outline(page).open == []
    assert "Where the bylaws differ" not in page


def test_recalls_vetoes_and_departures_have_a_section_where_there_are_any(
    scenario: Path, tmp_path: Path
) -> None:
    """In words, as a table and as plots that say in words what they show."""
    asked = tmp_path / "asked.toml"
    asked.write_text(SCENARIO.replace("years = 1", "years = 2") + AFFAIRS)
    with_them, without = load_scenario(str(asked)), load_scenario(str(scenario))
    report = simulate(with_them, load_preset(), name="patient-group")

    page = render_page(with_them, report)
    plain = render_page(without, simulate(without, load_preset(), name="patient-group"))

    outline = read_outline(page)
    assert outline.open == []
    assert outline.seen.count("svg") == 1 + 4 + 2
    assert read_outline(plain).seen.count("svg") == 1 + 4
    assert '<section aria-labelledby="affairs">' in page
    assert '<section aria-labelledby="affairs">' not in plain
    assert f"year 2: {sum(report['by_year'][1]['roll'].values())}, 8 left or were excluded" in page
    assert re.search(r"Budgets: \d accepted, \d rejected, \d no quorum", page)
    said = " ".join(list_sentences(report))
    assert "asked for an officer's recall: " in said
    assert "16 members left, and " in said
    assert "the bloc's item got " in said


def test_the_command_says_what_comes_of_it(terminal: Terminal, scenario: Path) -> None:
    report = scenario.parent / "report.html"

    said = terminal.do("governance", "simulate", scenario, "--versus", "national", "--html", report)

    assert "Of 6 proposals" in said
    assert "Under patient-group:" in said
    assert "The bloc is" in said
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_command_prints_json(terminal: Terminal, scenario: Path) -> None:
    told = terminal.ask("governance", "simulate", scenario)

    assert told["proposals"]["count"] == 6
    assert told["bylaws"] == "patient-group"
    checked = load_scenario(str(scenario))
    again = simulate(checked, load_preset(), name="patient-group")
    assert json.loads(json.dumps(again)) == told


def test_equal_bylaws_are_said_to_be_equal(scenario: Path) -> None:
    checked = load_scenario(str(scenario))
    bylaws = load_preset()

    result = compare_bylaws(checked, bylaws, bylaws, names=("one", "other"))

    assert list_sentences(result)[0] == "Both bylaws say the same, so nothing changes."
    assert "They say the same." in render_page(checked, result)


@pytest.mark.parametrize("name", ["small-patient-group", "capture", "ten-years"])
def test_examples_are_shipped_and_hold(name: str) -> None:
    assert load_scenario(name).seed


def test_a_scenario_that_is_not_there_names_the_examples() -> None:
    with pytest.raises(MisconfiguredError, match="capture, small-patient-group, ten-years"):
        load_scenario("nowhere")


def test_a_page_that_cannot_be_written_is_found_early(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="cannot be written"):
        check_writable(tmp_path)
    with pytest.raises(MisconfiguredError, match="cannot be written"):
        write_page(tmp_path, "")


def test_a_page_takes_an_older_pages_place_alone(tmp_path: Path) -> None:
    """A mistyped name must not cost somebody the scenario, or a wallet."""
    page, other = tmp_path / "a.html", tmp_path / "a.wallet"
    write_page(page, "<!doctype html>\n<html>")
    other.write_text("keys")

    check_writable(page)
    with pytest.raises(MisconfiguredError, match="is there already and no page"):
        check_writable(other)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("quorum.ordinary_bps", 3_050, "30.5 %"),
        ("stages.voting_s", 259_200, "3 days"),
        ("roll.batch_s", 3_600, "1 hour"),
        ("roll.batch_s", 3_601, "3,601"),
        ("bodies.committee_seats", 7, "7"),
    ],
)
def test_settings_are_said_in_their_units(name: str, value: int, said: str) -> None:
    assert render_setting(name, value) == said
