"""What every browser test looks at, whatever the page."""

import os
import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TARGET_PX_MIN = 24
_LOOK_AT_STOP = (
    "(() => { const e = document.activeElement, s = getComputedStyle(e),"
    " b = e.getBoundingClientRect(); return [s.outlineStyle, b.top,"
    " innerHeight - b.bottom, b.height, s.display === 'inline']; })()"
)
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


def walk_by_keyboard(page: Page) -> None:
    """The first stop skips to the content; each stop is in view, outlined and big enough."""
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"

    stops = page.get_by_role("link").or_(page.get_by_role("button"))
    for _ in range(stops.or_(page.get_by_role("textbox")).count()):
        style, top, bottom, height, is_inline = page.evaluate(_LOOK_AT_STOP)
        assert style == "solid"
        assert top > -1  # scrolling stops at whole pixels
        assert bottom > -1
        # WCAG 2.5.8 spares links within a sentence.
        assert is_inline or height >= TARGET_PX_MIN
        page.keyboard.press("Tab")
