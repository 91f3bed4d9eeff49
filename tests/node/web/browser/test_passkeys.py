"""Passkeys in Debian's Chromium, with its own virtual authenticator and the node's own pages.

The browser believes to be at the node's origin; what it asks is taken to the node on loopback.
"""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from playwright.async_api import BrowserContext, Page, Route, async_playwright, expect

from did.login.challenge import Purpose
from tests.node.web.conftest import Pair, WebNode
from tests.node.web.logins import ORIGIN, Attempt, enrol

pytestmark = pytest.mark.timeout(120)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
async def profile() -> AsyncIterator[BrowserContext]:
    """A fresh browser profile."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=ARGUMENTS
        )
        yield await chromium.new_context()
        await chromium.close()


async def open_browser(profile: BrowserContext, node: WebNode, **changes: Any) -> Page:
    """A page whose requests for the node's origin reach the node."""

    async def take(route: Route) -> None:
        parts = urlsplit(route.request.url)
        answer = await route.fetch(url=f"{node.url}{parts.path}?{parts.query}")
        await route.fulfill(response=answer)

    await profile.route(f"{ORIGIN}/**", take)
    page = await profile.new_page()
    devtools = await profile.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    options = {"options": {**AUTHENTICATOR, **changes}}
    await devtools.send("WebAuthn.addVirtualAuthenticator", options)
    return page


async def answer(page: Page, attempt: Attempt, purpose: Purpose) -> None:
    """What the wallet beside the browser does, and its holder types."""
    text = await page.locator("pre code").inner_text()
    attempt.address = urlsplit(text.rpartition(" ")[2]).path
    proved = (await attempt.prove(await attempt.sign(purpose=purpose))).body
    await page.get_by_label("Code", exact=True).fill(proved["response_code"])
    await page.get_by_role("button", name="Continue").click()


@pytest.mark.parametrize("is_resident", [True, False], ids=["resident", "not resident"])
async def test_a_passkey_is_added_and_logs_in(
    pair: Pair, profile: BrowserContext, is_resident: bool
) -> None:
    """By the pages' own script; also one that the authenticator does not list."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        attempt = Attempt(pair[0], http, enrol(pair[0]))
        page = await open_browser(profile, pair[0], hasResidentKey=is_resident)
        await page.goto(f"{ORIGIN}/passkeys")
        await expect(page.get_by_role("button", name="Use a passkey")).to_have_count(0)
        await answer(page, attempt, Purpose.ADD_PASSKEY)
        await page.get_by_label("Name of this device").fill("Phone")
        await page.get_by_role("button", name="Add a passkey").click()
        await expect(page.get_by_role("status")).to_contain_text("Your passkey was added")

        request_uri = (await attempt.push()).body["request_uri"]
        query = f"client_id=rochdale-wallet&request_uri={request_uri}"
        await page.goto(f"{ORIGIN}/oauth/authorize?{query}")
        await page.get_by_role("button", name="Use a passkey").click()

        await expect(page.get_by_role("button", name="Allow", exact=True)).to_be_visible()
        await expect(page.get_by_role("region", name="New passkeys")).to_contain_text("Phone")
        await page.goto(f"{ORIGIN}/passkeys")
        await answer(page, attempt, Purpose.ADD_PASSKEY)
        await expect(page.get_by_text("Phone").first).to_be_visible()


async def test_a_device_without_a_passkey_leaves_the_other_ways(
    pair: Pair, profile: BrowserContext
) -> None:
    """It says so, and the page goes on to work."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        attempt = Attempt(pair[0], http, enrol(pair[0]))
        page = await open_browser(profile, pair[0])
        request_uri = (await attempt.push()).body["request_uri"]
        query = f"client_id=rochdale-wallet&request_uri={request_uri}"
        await page.goto(f"{ORIGIN}/oauth/authorize?{query}")
        await page.get_by_role("button", name="Use a passkey").click()
        await expect(page.get_by_role("status")).to_contain_text("Nothing was done")

        await answer(page, attempt, Purpose.LOGIN)

        await expect(page.get_by_role("button", name="Allow", exact=True)).to_be_visible()
