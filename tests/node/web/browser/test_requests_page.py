"""The page of who asks for what is one's own, in Debian's Chromium: on a phone, by keyboard."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Route, async_playwright, expect

from did.login.challenge import Purpose
from tests.browser.looking import RULES
from tests.node.web.browser.test_passkeys import ARGUMENTS, answer
from tests.node.web.conftest import Pair
from tests.node.web.logins import ORIGIN, Attempt
from tests.node.web.test_routes_consents import Person
from tests.node.web.uma_apps import ASKER_DID, App, count_kinds, find_own, issue, show_sd_jwt

pytestmark = pytest.mark.timeout(120)
PHONE = {"width": 375, "height": 700}


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
async def page(request: pytest.FixtureRequest, pair: Pair) -> AsyncIterator[Page]:
    """A phone's browser whose requests for the node's origin reach the node."""

    async def take(route: Route) -> None:
        parts = urlsplit(route.request.url)
        reached = await route.fetch(url=f"{pair[0].url}{parts.path}?{parts.query}")
        await route.fulfill(response=reached)

    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=ARGUMENTS
        )
        profile = await chromium.new_context(
            viewport=PHONE,
            java_script_enabled=request.param,  # type: ignore[arg-type]
        )
        await profile.route(f"{ORIGIN}/**", take)
        yield await profile.new_page()
        await chromium.close()


@pytest.mark.parametrize("has_role", [True, False], ids=["for a clinic", "for themselves"])
async def test_a_person_sees_who_asks_and_refuses(
    page: Page, pair: Pair, *, has_role: bool, request: pytest.FixtureRequest
) -> None:
    """By a wallet's login; what is left afterwards is nothing."""
    person = Person(pair[0])
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        attempt = Attempt(pair[0], http, person.wallet)
        app = App(attempt)
        ticket = await app.knock(find_own(person))
        credential = issue(pair[1], role_until=None) if has_role else issue(pair[0])
        claims = show_sd_jwt(pair[0], ticket, credential=credential)
        await app.seek(ticket, scope="DUO:0000043 ActReason:HPAYMT", **claims)

        await page.goto(f"{ORIGIN}/requests")
        await answer(page, attempt, Purpose.LOGIN)
        await expect(page.get_by_text(ASKER_DID)).to_be_visible()
        await expect(page.get_by_text("for the care of patients, paying for care")).to_be_visible()
        await expect(page.get_by_text("did:web:birch.test")).to_have_count(int(has_role))
        if "with scripts" in request.node.callspec.id:
            await look(page)
        await page.get_by_role("button", name="Refuse number 1").press("Enter")
        await expect(page.get_by_text("Nobody waits for your answer.")).to_be_visible()

    assert count_kinds(person) == ["refusal"]


async def look(page: Page) -> None:
    """Nothing is wider than the phone, and axe-core finds nothing in either colour scheme."""
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
        assert found.response["violations"] == []
        if directory := os.environ.get("ROCHDALE_SHOTS"):
            await page.screenshot(path=Path(directory) / f"requests-{scheme}.png", full_page=True)
