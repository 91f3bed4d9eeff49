"""What every browser test looks at, whatever the page."""

import os
import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def list_faults(page: Page) -> list[str]:
    """What axe-core finds, each with where it is."""
    results = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    return [
        f"{found['id']}: {node['html']}"
        for found in results.response["violations"]
        for node in found["nodes"]
    ]


def shoot(page: Page, name: str) -> None:
    """Leave a screenshot, if somebody asked for them."""
    if directory := os.environ.get("ROCHDALE_SHOTS"):
        assert page.viewport_size is not None
        file = f"{re.sub('[^a-z]+', '-', name)}-{page.viewport_size['width']}.png"
        page.screenshot(path=Path(directory) / file, full_page=True)


def fits(page: Page) -> bool:
    """Whether nothing is wider than the window (WCAG 1.4.10)."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
