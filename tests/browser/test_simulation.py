"""The simulator's page in Chromium, wide and on a phone."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from governance.sim.report import compare_bylaws
from governance.sim.scenario import parse_scenario
from node.simulation_page import render_page
from tests.browser.looking import fits, list_faults, shoot
from tests.bylaws import load_preset


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = parse_scenario(
        {
            "version": 1,
            "title": "A bloc tries to capture the cooperative",
            "seed": "browser",
            "years": 2,
            "members": {"count": 100, "turnout_bps": 3_000},
            "bloc": {"share_bps": 2_000, "own_bps": 3_000, "candidates": 4},
            "elections": {"candidates": 8},
            "recalls": {"per_year": 2, "signing_bps": 2_500},
            "departures": {"leaving_per_year": 6, "exclusions_per_year": 1},
            "emergencies": {"per_year": 2},
            "budgets": {"per_year": 1},
        }
    )
    names = ("patient-group", "national")
    result = compare_bylaws(scenario, load_preset(), load_preset("national"), names=names)
    path = tmp_path_factory.mktemp("simulation") / "report.html"
    path.write_text(render_page(scenario, result), encoding="utf-8")
    return path


def test_the_page_fits_is_accessible_and_loads_nothing(page: Page, report: Path) -> None:
    """Reflow, axe-core's rules for WCAG 2.2 AA, and one file that is asked for."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(report.as_uri())
    page.get_by_text("All assumptions").click()
    shoot(page, "simulation")

    assert fits(page)
    assert list_faults(page) == []
    assert asked == [report.as_uri()]
