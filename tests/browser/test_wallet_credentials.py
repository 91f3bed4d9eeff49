"""The membership credential in the web wallet: taken from the node, kept, and shown to log in."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.application import Application
from tests.browser.looking import fits, list_faults, shoot
from tests.browser.owner import Owner
from tests.browser.site import Site

pytestmark = pytest.mark.timeout(400)

SHOW = "Show my membership credential instead"
READ_KEPT = """async () => {
  const { loadWallet } = await import("/wallet-node.mjs");
  const { membership } = await loadWallet();
  const ask = (format) => crypto.subtle.exportKey(format, membership.key).then(
    () => "given", (error) => error.name);
  return {
    credential: membership.credential,
    exports: await Promise.all(["pkcs8", "jwk", "raw"].map(ask)),
    usages: membership.key.usages,
  };
}"""


@pytest.fixture
def holder(member: Owner) -> Owner:
    """A member who has taken the credential."""
    page = member.page
    expect(page.locator("#credential")).to_have_text("None is in this browser yet.")
    page.get_by_role("button", name="Get my credential").click()
    expect(page.locator("#said")).to_contain_text("Your credential is here")
    return member


def test_the_credential_is_kept_with_a_key_that_nothing_reads(holder: Owner) -> None:
    """It says whose member its holder is, also after the page was closed."""
    page = holder.page
    expect(page.locator("#credential")).to_contain_text("a member of did:web:cleveland.test")
    shoot(page, "wallet credential")
    assert list_faults(page) == []
    assert fits(page)

    page.reload()

    expect(page.locator("#credential")).to_contain_text("and nothing else. Issued on 20")
    kept: dict[str, Any] = page.evaluate(READ_KEPT)
    assert kept["exports"] == ["InvalidAccessError"] * 3
    assert kept["usages"] == ["sign"]
    assert kept["credential"].endswith("~")


def test_the_credential_logs_in(holder: Owner, site: Site) -> None:
    """Shown on the login's page (OpenID4VP); the application learns how it was proved."""
    application = Application(site, "Reading room", scope="sessions")
    page = holder.page
    application.wait_at(page)
    page.goto(application.begin())
    shoot(page, "login with a credential here")
    assert list_faults(page) == []

    page.get_by_role("button", name=SHOW).click()
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_text("Welcome back")).to_be_visible()

    sessions = application.call("/api/sessions", application.redeem())["sessions"]
    [session] = [each for each in sessions if each["is_this"]]
    assert session["logged_in_by"] == "credential"


def test_it_is_shown_to_nobody_else(holder: Owner, context: BrowserContext, site: Site) -> None:
    """A request of another verifier's at the same path is refused by the wallet itself."""
    sent: list[str] = []

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request.url)
            route.abort()
            return
        asked = "eyJjbGllbnRfaWQiOiJkZWNlbnRyYWxpemVkX2lkZW50aWZpZXI6ZGlkOndlYjpldmlsLnRlc3QifQ"
        route.fulfill(status=200, content_type="text/plain", body=f"e30.{asked}.AA")

    context.route("**/openid4vp/*", answer)
    page = holder.page
    page.goto(Application(site, "Reading room", scope="sessions").begin())

    page.get_by_role("button", name=SHOW).click()

    expect(page.locator("#wallet-use [role]")).to_contain_text(
        "Somebody else than your cooperative"
    )
    assert sent == []
