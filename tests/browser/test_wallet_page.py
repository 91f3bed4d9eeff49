"""The page of the web wallet: for everybody, on every browser, and under its policy."""

import hashlib
import re
import subprocess
import sys

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.looking import fits, list_faults, shoot
from tests.browser.owner import Owner
from tests.browser.site import Site

pytestmark = pytest.mark.timeout(400)

TARGET_PX_MIN = 24
LOGIN_SCRIPT = "wallet-login.mjs"
"""Signs with the wallet's key too, on the page of a login."""
RUN = "from testnet.cli import main; main()"
WITHOUT_ED25519 = """
const real = crypto.subtle.generateKey.bind(crypto.subtle);
crypto.subtle.generateKey = (way, ...rest) =>
  way === "Ed25519"
    ? Promise.reject(new DOMException("unknown", "NotSupportedError"))
    : real(way, ...rest);
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, site: Site, width: int, scheme: str) -> None:
    """Before and after a wallet is made, in both colour schemes."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    owner = Owner(page, site)
    assert list_faults(page) == []
    shoot(page, f"wallet none {scheme}")
    owner.make()
    for summary in page.locator("summary").all():
        summary.click()

    assert list_faults(page) == []
    shoot(page, f"wallet own {scheme}")
    assert fits(page)
    context.close()


def test_the_keyboard_makes_a_wallet(context: BrowserContext, site: Site) -> None:
    """Enter and Tab alone; each stop is outlined and big enough."""
    page = context.new_page()
    Owner(page, site)
    page.get_by_role("button", name="Make a wallet").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#keep")).to_be_focused()
    key = page.locator("#recovery-shown").inner_text()

    for stop in ("wallet-sealed.json", "The last two groups, from your paper", "I have saved"):
        page.keyboard.press("Tab")
        style, height, named = page.evaluate(
            "(() => { const e = document.activeElement;"
            " return [getComputedStyle(e).outlineStyle, e.getBoundingClientRect().height,"
            " e.labels?.[0]?.textContent || e.textContent]; })()"
        )
        assert style == "solid"
        assert height >= TARGET_PX_MIN
        assert named.startswith(stop)
        if stop.startswith("The last"):
            page.keyboard.type(key[-11:])
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Your wallet is ready")).to_be_visible()
    expect(page.locator("#said")).to_be_focused()


def test_without_scripts_or_ed25519_it_says_how_to_go_on(browser: Browser, site: Site) -> None:
    """And shows no button that would do nothing."""
    for javascript in (False, True):
        context = browser.new_context(java_script_enabled=javascript)
        page = context.new_page()
        if javascript:
            page.add_init_script(WITHOUT_ED25519)
        page.goto(f"{site.origin}/wallet", wait_until="networkidle")

        expect(page.get_by_text("does not work in this browser")).to_be_visible()
        expect(page.get_by_role("link", name="on the command line").first).to_be_visible()
        expect(page.get_by_role("button")).to_have_count(0)
        shoot(page, f"wallet unable {'old' if javascript else 'scriptless'}")
        context.close()


def test_its_policy_lets_nothing_out_and_names_what_it_runs(
    context: BrowserContext, site: Site
) -> None:
    """Scripts and requests of this origin alone; the hashes are those of what is served."""
    page = context.new_page()
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    answer = page.goto(f"{site.origin}/wallet")
    expect(page.get_by_role("button", name="Make a wallet")).to_be_visible()

    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'; connect-src 'self'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    scripts = {url.rpartition("/")[2] for url in loaded if url.endswith(".mjs")}
    links = page.get_by_role("link", name=re.compile(r"\.mjs$")).all()
    assert scripts | {LOGIN_SCRIPT} == {link.inner_text() for link in links}
    assert LOGIN_SCRIPT not in scripts
    command = [sys.executable, "-c", RUN, "wallet", "web-hashes", "--node", site.origin]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "The node serves the same" in said
    for link in links:
        served = page.request.get(f"{site.origin}/{link.inner_text()}").body()
        expect(page.get_by_text(hashlib.sha256(served).hexdigest())).to_be_visible()
