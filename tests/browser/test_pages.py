"""The node's pages in Debian's Chromium, wide and on a phone; `make browser` runs this.

Not part of `make test`: the browser is installed only where it is needed. `ROCHDALE_SHOTS`
names a directory to leave screenshots in, because no check sees what eyes see.
"""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import fits, list_faults, shoot, walk_by_keyboard
from tests.browser.site import Site

pytestmark = pytest.mark.timeout(400)

NOT_HERE = "/proposals/0000"
STANDS_STILL = "The ledger stands still"
STANDSTILL_TIMEOUT_S = 90.0


def test_every_page_fits_and_loads_nothing_foreign(page: Page, site: Site) -> None:
    """Reflow; no word in the console, so no breach of the policy; one origin; no script."""
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))

    for name, path in site.paths.items():
        answer = page.goto(site.origin + path)
        shoot(page, name)

        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert page.locator("script, [style], [onclick]").count() == 0
        assert fits(page), path

    assert said == []
    assert [url for url in asked if not url.startswith(f"{site.origin}/")] == []


def test_every_page_is_told_apart_and_has_a_plan(page: Page, site: Site) -> None:
    """One heading of the first level, landmarks, a language, a title like no other's."""
    titles = []
    for path in [*site.paths.values(), NOT_HERE]:
        page.goto(site.origin + path)
        titles.append(page.title())

        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        for landmark in ("banner", "main", "contentinfo"):
            expect(page.get_by_role(landmark)).to_have_count(1)
        expect(page.locator("html")).to_have_attribute("lang", "en")

    assert len(set(titles)) == len(titles)
    assert all(title.endswith(f" – {site.name}") for title in titles)


def test_tables_stay_tables_when_their_rows_are_stacked(page: Page, site: Site) -> None:
    """A name, column and row headers for every table, as assistive software sees it."""
    for path in site.paths.values():
        page.goto(site.origin + path)
        for table in page.get_by_role("table").all():
            columns = table.get_by_role("columnheader").count()
            rows = table.get_by_role("rowheader").count()

            assert table.locator("caption").inner_text()
            assert columns >= 2
            assert rows >= 1
            assert table.get_by_role("cell").count() == rows * (columns - 1)
        assert page.get_by_role("table").count() == page.locator("table").count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, site: Site, width: int, scheme: str) -> None:
    """WCAG 2.2 AA as far as software can tell, contrast in both colour schemes included."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()

    for name, path in {**site.paths, "missing": NOT_HERE}.items():
        page.goto(site.origin + path)
        shoot(page, f"{name} {scheme}")

        assert list_faults(page) == [], path

    context.close()


def test_the_keyboard_reaches_everything(page: Page, site: Site) -> None:
    """The first stop skips to the content; each stop is in view, outlined and big enough."""
    for path in site.paths.values():
        page.goto(site.origin + path)
        walk_by_keyboard(page)

        page.goto(site.origin + path)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_everything_works_without_scripts(browser: Browser, site: Site, width: int) -> None:
    """From the overview to a proposal, to an insight, and back."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(site.origin)

    page.get_by_role("link", name="Rename the newsletter").click()
    expect(page.get_by_text("Not decided: too few members voted")).to_be_visible()
    page.get_by_role("link", name=site.name, exact=True).click()
    insight = page.get_by_role("link", name=f"Heart disease by age and sex, {site.partner_name}")
    insight.first.click()
    expect(page.get_by_role("columnheader", name="With the condition")).to_have_count(1)
    page.get_by_role("link", name="the members' decision").click()
    expect(page.get_by_text("Accepted")).to_be_visible()

    context.close()


def test_a_vote_on_a_complaint_says_what_it_asks_and_nothing_of_the_complaint(
    page: Page, site: Site
) -> None:
    """The rules submit it: it has a title, and no text that anybody could be asked for."""
    page.goto(site.origin)
    page.get_by_role("link", name="Is a complaint justified?").click()

    expect(page.get_by_text("It asks to agree with a complaint")).to_be_visible()
    expect(page.get_by_text("the rules submitted it")).to_be_visible()
    expect(page.get_by_text("The text is not on this node")).to_have_count(0)


def test_the_menu_leads_everywhere_and_says_where_one_is(page: Page, site: Site) -> None:
    """From the start page to each, and from each to the next."""
    page.goto(site.origin)
    menu = page.get_by_role("navigation", name="Main")
    expect(menu.locator("[aria-current]")).to_have_count(0)
    names = menu.get_by_role("link").all_inner_texts()
    assert names[0] == "Your wallet"

    for name in names:
        menu.get_by_role("link", name=name, exact=True).click()
        expect(menu.locator("[aria-current=page]")).to_have_text(name)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)


def test_a_page_prints_dark_on_white(browser: Browser, site: Site) -> None:
    """Even from a dark screen, and without what only a screen needs."""
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(site.origin)
    page.emulate_media(media="print", color_scheme="dark")

    colours = page.evaluate(
        "(() => { const s = getComputedStyle(document.body);"
        " return [s.color, s.backgroundColor]; })()"
    )

    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    expect(page.get_by_role("navigation")).to_have_count(0)
    context.close()


@pytest.fixture
def still_site(site: Site, browser: Browser) -> Iterator[Site]:
    """The site while its partner's node is down; it goes on afterwards."""
    page = browser.new_page()
    site.partner.kill_all()
    try:
        wait_for(page, site, stands_still=True)
        yield site
    finally:
        site.partner.start()
        wait_for(page, site, stands_still=False)
        page.close()


def wait_for(page: Page, site: Site, *, stands_still: bool) -> None:
    """Reload until the page says so, as a member would."""
    deadline_s = time.monotonic() + STANDSTILL_TIMEOUT_S
    while True:
        page.goto(site.origin)
        named = page.get_by_text(f"{STANDS_STILL}: it waits for {site.partner_name}").count() == 1
        if named if stands_still else not page.title().startswith(STANDS_STILL):
            return
        assert time.monotonic() < deadline_s, page.title()
        page.wait_for_timeout(500)


def test_a_ledger_that_stands_still_is_the_first_thing_seen(
    browser: Browser, still_site: Site, width: int
) -> None:
    """On every page, above the heading and in the title, with the name of who is missing."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()

    for name, path in still_site.paths.items():
        page.goto(still_site.origin + path)
        notice = page.get_by_text(f"{STANDS_STILL}: it waits for {still_site.partner_name}")
        heading = page.get_by_role("heading", level=1)
        expect(notice).to_be_in_viewport()
        seen, below = notice.bounding_box(), heading.bounding_box()
        shoot(page, f"standing still {name}")

        assert seen is not None
        assert below is not None
        assert seen["y"] < below["y"]
        assert page.title().startswith(STANDS_STILL)
        assert list_faults(page) == []
        assert fits(page)

    page.goto(still_site.origin)
    expect(page.get_by_text("no, the ledger waits for it")).to_be_visible()
    context.close()
