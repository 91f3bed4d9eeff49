"""The node's pages in Debian's Chromium, wide and on a phone; `make browser` runs this.

Not part of `make test`: the browser is installed only where it is needed.
"""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, sync_playwright

PORT = 8760
ORIGIN = f"http://127.0.0.1:{PORT + 1}"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """A cooperative that has told its story; the paths of one page of each kind."""
    directory = tmp_path_factory.mktemp("federation") / "one"
    command = [
        Path(sys.executable).with_name("rochdale"),
        *f"testnet run --cooperatives 1 --keep --dir {directory} --port {PORT}".split(),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "Ctrl-C ends" in line:
            break
    insight = fetch("/api/insights")["insights"][0]["digest"]
    proposal = fetch("/api/proposals")["proposals"][-1]["id"]
    yield ["/", f"/proposals/{proposal}", f"/insights/{insight}"]
    process.terminate()
    process.communicate(timeout=60)


def fetch(path: str) -> dict[str, list[dict[str, str]]]:
    with urllib.request.urlopen(ORIGIN + path) as answer:  # noqa: S310 - our own address
        return dict(json.load(answer))


@pytest.fixture(params=[1280, 320])
def browser(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path="/usr/bin/chromium",
            args=ARGUMENTS,
            viewport={"width": request.param, "height": 800},
            java_script_enabled=True,
        )
        yield context
        context.close()


@pytest.mark.timeout(300)
def test_every_page_fits_and_is_told_apart(browser: BrowserContext, paths: list[str]) -> None:
    """WCAG 2.2: reflow at 320 px, one heading, landmarks, a title of its own, a language."""
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    titles = []
    for path in paths:
        page.goto(ORIGIN + path)
        titles.append(page.title())
        width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert width[0] <= width[1], path
        assert page.locator("h1").count() == 1
        assert page.locator("header, main, footer").count() == 3
        assert page.locator("html").get_attribute("lang")
        for table in page.locator("table").all():
            assert table.locator("caption").count() == 1

    assert len(set(titles)) == len(paths)
    assert said == []
    assert all(url.startswith(ORIGIN) for url in asked)


@pytest.mark.timeout(300)
def test_the_keyboard_reaches_the_content_first(browser: BrowserContext, paths: list[str]) -> None:
    """The first stop skips to the content, and can be seen."""
    page = browser.new_page()
    page.goto(ORIGIN + paths[0])
    page.keyboard.press("Tab")
    stop = page.evaluate(
        "(() => { const e = document.activeElement, b = e.getBoundingClientRect();"
        " return [e.getAttribute('href'), b.width > 0 && b.top >= 0]; })()"
    )

    assert stop == ["#main", True]
