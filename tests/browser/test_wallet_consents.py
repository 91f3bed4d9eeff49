"""What its owner permits, in the web wallet: shown, granted and revoked, as the node then says."""

import pytest
from playwright.sync_api import expect

from did.consent.terms import GranteeClass, Purpose, Resource
from did.sealed_exports import open_export
from did.wallets import Wallet, bind_wallet
from node.answer_shapes import Consents, Sessions
from node.login_client import LoginClient
from node.web.consent_words import GRANTEES, PURPOSES, RESOURCES
from tests.browser.acting import run_beside
from tests.browser.looking import fits, list_faults, shoot
from tests.browser.owner import Owner
from tests.browser.site import Site

pytestmark = pytest.mark.timeout(400)


async def ask(site: Site, wallet: Wallet) -> dict[str, object]:
    """What the node says to the same wallet on the command line."""
    origin = wallet.get_home().origin
    async with LoginClient(site.origin, origin=origin) as client:
        await client.login(wallet, scopes=["consents", "sessions"])
        found = await client.call("GET", "/api/v1/consents", Consents)
        sessions = await client.call("GET", "/api/sessions", Sessions)
        await client.logout()
    return {**found, "sessions": sessions["sessions"]}


def test_a_use_is_permitted_and_revoked_in_words(member: Owner, site: Site) -> None:
    """Both hold at once, stand in the history, and leave no access behind."""
    page = member.page
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    home = site.members[0].wallet.get_home()
    wallet = bind_wallet(open_export(member.sealed, member.recovery_key).make_wallet(), home)
    page.get_by_role("button", name="Show what I permit").click()
    expect(page.get_by_text("You permit nothing.")).to_be_visible()

    page.locator("summary", has_text="Permit a use").click()
    page.get_by_role("button", name="Look at it once more").click()
    expect(page.locator("#said")).to_contain_text("Choose what it may be used for")
    page.get_by_label(PURPOSES[Purpose.HEALTH_RESEARCH]).check()
    page.get_by_label(PURPOSES[Purpose.CLINICAL_CARE]).check()
    page.get_by_label(GRANTEES[GranteeClass.FEDERATION]).check()
    assert list_faults(page) == []
    page.get_by_role("button", name="Look at it once more").click()
    asked = page.get_by_role("group", name="What you would permit")
    expect(asked).to_be_focused()
    expect(asked).to_contain_text(RESOURCES[Resource.RECORDS])
    expect(asked).to_contain_text(GRANTEES[GranteeClass.FEDERATION])
    shoot(page, "wallet consent asked")
    assert list_faults(page) == []
    assert fits(page)
    page.get_by_role("button", name="Sign and permit it").click()
    expect(page.locator("#said")).to_contain_text("You have permitted it")
    expect(page.locator("#consents")).to_contain_text(PURPOSES[Purpose.CLINICAL_CARE])

    held = run_beside(ask(site, wallet))
    [grant] = held["grants"]
    assert grant["purposes"] == [Purpose.HEALTH_RESEARCH, Purpose.CLINICAL_CARE]
    assert (grant["grantee"], grant["resources"]) == (GranteeClass.FEDERATION, [Resource.RECORDS])
    assert "rochdale-web" not in [each["client_id"] for each in held["sessions"]]

    page.get_by_role("button", name="Revoke").click()
    expect(page.locator("#said")).to_contain_text("You have revoked it")
    assert run_beside(ask(site, wallet))["grants"] == []
    expect(page.get_by_text("You permit nothing.")).to_be_visible()
    page.locator("summary", has_text="What has happened").click()
    history = page.locator("#consent-history li").all_inner_texts()
    assert [line.partition("UTC: ")[2] for line in history[-2:]] == [
        "You permitted a use",
        "You revoked",
    ]
    shoot(page, "wallet consents")
    assert list_faults(page) == []
    assert fits(page)
    assert said == []


def test_who_may_use_it_can_be_one_by_their_did(member: Owner, site: Site) -> None:
    """By the keyboard alone; a DID that is none is said before anything is signed."""
    page = member.page
    page.locator("summary", has_text="Permit a use").focus()
    page.keyboard.press("Enter")
    page.get_by_label(PURPOSES[Purpose.OPERATIONS]).focus()
    page.keyboard.press("Space")
    page.get_by_label(GRANTEES[GranteeClass.COOPERATIVE]).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("everybody")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("Write the DID of who may use it")

    page.get_by_label("Their DID").fill(site.members[0].wallet.login_did)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#said")).to_contain_text("You have permitted it")
    expect(page.locator("#consents")).to_contain_text(site.members[0].wallet.login_did)
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("You permit nothing.")).to_be_visible()
