"""The page of notices in Debian's Chromium, on a phone, opened by a wallet."""

import os
from pathlib import Path

import aiohttp
from playwright.async_api import BrowserContext, expect

from did.login.challenge import Purpose
from node.web.register_log import LogEvent
from tests.node.web.browser.test_passkeys import answer, open_browser, profile, pytestmark
from tests.node.web.conftest import Pair
from tests.node.web.logins import ORIGIN, Attempt, enrol

__all__ = ["profile", "pytestmark"]
DETAIL = f"did:key:z6Mk{'A' * 44} granted class:own-cooperative, under your mandate {'5f' * 16}"


async def test_a_person_reads_and_puts_away_their_notices(
    pair: Pair, profile: BrowserContext
) -> None:
    """Nothing is wider than the phone, though a DID has no gaps."""
    wallet = enrol(pair[0])
    private = pair[0].context.private
    holder = private.holders.find_by_did(wallet.login_did)
    assert holder is not None
    private.log.add(LogEvent.INSPECTED, at_ms=1, detail="the yearly check")
    private.log.add(LogEvent.STEWARD, at_ms=1, detail=DETAIL, holder_id=holder.id)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        page = await open_browser(profile, pair[0])
        await page.set_viewport_size({"width": 320, "height": 640})
        await page.goto(f"{ORIGIN}/notices")
        await answer(page, Attempt(pair[0], http, wallet), Purpose.LOGIN)
        await expect(page.get_by_text("A steward decided in your place")).to_be_visible()
        if directory := os.environ.get("ROCHDALE_SHOTS"):
            await page.screenshot(path=Path(directory) / "notices-320.png", full_page=True)
        fits = await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

        await page.get_by_role("button", name="I have seen these").click()
        await page.goto(f"{ORIGIN}/oauth/continue")

        assert fits
        await expect(page.get_by_text("Nothing is new.")).to_be_visible()
        await expect(page.get_by_role("heading", name="Seen before")).to_be_visible()
