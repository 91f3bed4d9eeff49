"""Logging in at a node in Debian's Chromium: its pages, what goes wrong, and without scripts."""

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from did.login.scopes import SCOPES
from node.web.qr_codes import draw_qr_code
from tests.browser.acting import CALLBACK, answer_login, begin_login
from tests.browser.looking import fits, list_faults, shoot, walk_by_keyboard
from tests.browser.site import Site

pytestmark = pytest.mark.timeout(400)

READABLE_PX_MIN = 200
"""Three pixels and more for each module: cameras want no less."""
ADDRESS = re.compile(r"https://\S+/login/[0-9a-f]{32}")


def look(page: Page, name: str) -> None:
    """Everything that a page of a login must be, in both colour schemes."""
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    for landmark in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    assert page.locator("[style], [onclick]").count() == 0
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        shoot(page, f"{name} {scheme}")
        assert list_faults(page) == []
    assert fits(page)
    page.locator("body").evaluate("(body) => body.ownerDocument.activeElement.blur()")
    walk_by_keyboard(page)


def catch_callback(page: Page) -> list[str]:
    """Answer for the application; the addresses that browsers come back to."""
    came: list[str] = []

    def answer(route: Route) -> None:
        came.append(route.request.url)
        route.fulfill(status=200, content_type="text/plain", body="You can close this")

    page.route(f"{CALLBACK}**", answer)
    return came


def find_address(page: Page) -> str:
    """What the page tells people to give their wallet."""
    found = ADDRESS.search(page.get_by_role("main").inner_text())
    assert found is not None
    return found[0]


def type_code(page: Page, code: str) -> None:
    """As the hint says."""
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_role("button", name="Continue").click()


def test_a_member_logs_in_and_allows(page: Page, site: Site) -> None:
    """From the application's link to its callback; a wrong code on the way says what to do."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    came = catch_callback(page)
    start = begin_login(site)
    page.goto(start)
    expect(page.get_by_role("listitem").filter(has_text=SCOPES["erasure"])).to_be_visible()
    look(page, "login")

    page.goto(start)
    code = answer_login(site, find_address(page))
    type_code(page, "7KQ2-9XMA-44TD-P0RS")
    expect(page.get_by_role("heading", name="That did not work")).to_be_visible()
    expect(page.get_by_text("type the code that your own wallet shows")).to_be_visible()
    look(page, "login wrong code")
    page.goto(start)
    type_code(page, code.lower())
    expect(page.get_by_role("heading", name="Allow “")).to_be_visible()
    for allows in SCOPES.values():
        expect(page.get_by_text(allows, exact=True)).to_be_visible()
    look(page, "login consent")
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_text("You can close this")).to_be_visible()

    [address] = came
    assert "code=" in address
    assert "state=xyz" in address
    assert said == []
    page.goto(start)
    expect(page.get_by_text("This login is over")).to_be_visible()
    look(page, "login over")


def test_another_device_reads_the_same_request_as_a_drawing(page: Page, site: Site) -> None:
    """The QR code has the address that the link and the text beside it have."""
    page.goto(begin_login(site))
    address = page.get_by_role("link", name="Open my wallet").get_attribute("href") or ""
    drawing = page.get_by_role("img", name="QR code of the address below")

    assert address.startswith("openid4vp://?client_id=decentralized_identifier")
    expect(page.get_by_text(address, exact=True)).to_be_visible()
    drawn = drawing.locator("path").last.get_attribute("d") or ""
    assert f'd="{drawn}"' in draw_qr_code(address)
    assert f'd="{drawn}"' not in draw_qr_code(address[:-1])
    size = drawing.locator("svg").bounding_box()
    assert size is not None
    assert size["width"] >= READABLE_PX_MIN
    assert size["width"] == pytest.approx(size["height"], abs=1)


def test_a_code_that_came_to_another_device_is_shown_for_typing(page: Page, site: Site) -> None:
    """The wallet opened the link there: nothing is allowed by it, and the page warns."""
    page.goto(f"{site.origin}/oauth/continue?response_code=7KQ2-9XMA-44TD-P0RS")

    expect(page.get_by_text("7KQ2-9XMA-44TD-P0RS")).to_be_visible()
    expect(page.get_by_text("Whoever gets this code from you can act as you")).to_be_visible()
    look(page, "login code")


def test_a_page_opened_without_a_login_says_so(page: Page, site: Site) -> None:
    """No request, and an ended one."""
    page.goto(f"{site.origin}/oauth/authorize")
    expect(page.get_by_role("heading", name="That did not work")).to_be_visible()
    look(page, "login none")
    page.goto(f"{site.origin}/login/{'0' * 32}")
    expect(page.get_by_role("heading", name="Not here")).to_be_visible()


def test_denying_works_without_scripts(browser: Browser, site: Site) -> None:
    """The application hears that access was denied, and nothing else."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    came = catch_callback(page)
    page.goto(begin_login(site))

    type_code(page, answer_login(site, find_address(page)))
    page.get_by_role("button", name="Do not allow").click()
    expect(page.get_by_text("You can close this")).to_be_visible()

    [address] = came
    assert "error=access_denied" in address
    assert "code=" not in address
    context.close()
