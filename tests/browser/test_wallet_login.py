"""Logging in to an application with the wallet of the same browser, from its link to its token."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from did.login.scopes import SCOPES
from tests.browser.application import Application
from tests.browser.looking import fits, list_faults, shoot, walk_by_keyboard
from tests.browser.owner import Owner
from tests.browser.site import Site

pytestmark = pytest.mark.timeout(400)

NAME = "<b>Reading & Co</b>"
PRESS = "Log in with my wallet"


@pytest.fixture
def application(site: Site) -> Application:
    """Registered by the operator, with a name that wants to be markup."""
    return Application(site, NAME, scope="profile sessions")


def test_one_press_logs_in_and_another_allows(member: Owner, application: Application) -> None:
    """The application then reads what was allowed, with a token bound to its own key."""
    page = member.page
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    application.wait_at(page)

    page.goto(application.begin())
    expect(page.locator("strong", has_text=NAME)).to_be_visible()
    expect(page.get_by_text("https://reading.example")).to_be_visible()
    expect(page.get_by_role("button", name=PRESS)).to_be_visible()
    shoot(page, "login with the wallet here")
    assert list_faults(page) == []
    assert fits(page)
    walk_by_keyboard(page)
    page.get_by_role("button", name=PRESS).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Allow “{NAME}”?")).to_be_visible()
    for scope in ("profile", "sessions"):
        expect(page.get_by_text(SCOPES[scope], exact=True)).to_be_visible()
    expect(page.get_by_text("https://reading.example")).to_be_visible()
    shoot(page, "login with the wallet here allowed")
    assert list_faults(page) == []
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_text("Welcome back")).to_be_visible()

    token = application.redeem()
    sessions = application.call("/api/sessions", token)["sessions"]
    [session] = [each for each in sessions if each["client_id"] == application.client_id]
    assert (session["is_this"], session["logged_in_by"]) == (True, "did")
    assert said == []


def test_one_press_opens_the_page_of_passkeys(member: Owner, site: Site) -> None:
    """The statement is for adding a passkey, and the login's page says so before it is signed."""
    page = member.page
    page.goto(f"{site.origin}/passkeys")
    expect(page.get_by_text("Add a passkey that logs you in")).to_be_visible()
    assert list_faults(page) == []

    page.get_by_role("button", name=PRESS).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Your passkeys")
    expect(page.get_by_role("button", name="Add a passkey")).to_be_visible()
    shoot(page, "passkeys by the wallet here")
    assert list_faults(page) == []
    assert fits(page)
    walk_by_keyboard(page)


def test_a_wallet_without_an_account_is_told(
    context: BrowserContext, site: Site, application: Application
) -> None:
    """The node's reason stands beside the button, and the other ways stay."""
    page = context.new_page()
    Owner(page, site).make()
    page.goto(application.begin())

    page.get_by_role("button", name=PRESS).click()

    expect(page.locator("#wallet-use [role]")).to_have_text(
        re.compile("^Nobody logs in here with this DID")
    )
    expect(page.get_by_role("button", name=PRESS)).to_be_enabled()
    shoot(page, "login with the wallet here refused")
    assert list_faults(page) == []


def test_a_browser_without_a_wallet_is_offered_none(
    browser: Browser, site: Site, application: Application
) -> None:
    """With and without scripts."""
    for javascript in (True, False):
        context = browser.new_context(java_script_enabled=javascript)
        page = context.new_page()
        page.goto(application.begin(), wait_until="networkidle")
        expect(page.get_by_role("button", name=PRESS)).to_have_count(0)
        expect(page.get_by_text("rochdale wallet login WALLET")).to_be_visible()
        context.close()


def test_another_tab_says_for_whom_the_login_is(
    member: Owner, context: BrowserContext, application: Application
) -> None:
    """As the login's own page does, before anything is signed."""
    page = member.page
    asking = context.new_page()
    application.wait_at(asking)
    asking.goto(application.begin())
    shown = re.search(r"https://\S+/login/[0-9a-f]{32}", asking.get_by_role("main").inner_text())
    assert shown is not None

    page.get_by_label("The login’s address").fill(shown[0])
    page.get_by_role("button", name="Look at the login").click()

    asked = page.locator("#login-asked")
    expect(asked).to_contain_text(f"{NAME} asks you to log in")
    expect(asked).to_contain_text("https://reading.example")
    expect(asked.get_by_text(SCOPES["sessions"], exact=True)).to_be_visible()
    assert list_faults(page) == []
    asked.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Go on to the application").click()
    expect(page.get_by_role("button", name="Allow", exact=True)).to_be_visible()
