"""Ballots with options in the web wallet: ranked, approving, quadratic; by the keyboard alone."""

import hashlib

import pytest
from playwright.sync_api import Locator, Page, expect

from did.wallets import Wallet
from governance.body_records import BodyKind
from tests.browser.looking import fits, list_faults, shoot
from tests.browser.owner import BLOCK_MS, Owner, choose
from tests.browser.site import Site
from tests.browser.voting import call_budget, call_election, open_office_wallets

pytestmark = pytest.mark.timeout(400)

RANKED = {1280: BodyKind.ETHICS_PANEL, 320: BodyKind.AUDITORS}
"""One for each width of the window: no body is elected twice at once."""
APPROVED = {1280: BodyKind.OUTREACH, 320: BodyKind.TECHNICAL}


@pytest.fixture(scope="module")
def officers(site: Site) -> list[Wallet]:
    """Three who stand for whatever there is."""
    return open_office_wallets(site, 3)


@pytest.fixture
def page(member: Owner, site: Site) -> Page:
    """A member's wallet, which trusts the genesis file."""
    page = member.page
    choose(page, "Whom you trust", site.files["genesis"])
    expect(page.locator("#said")).to_contain_text("are checked with this from now on")
    return page


def open_ballot(page: Page, title: str) -> Locator:
    """The form of one vote, once the wallet shows it."""
    page.get_by_role("button", name="Ask again").click()
    form = page.get_by_role("form", name=f"Your ballot: {title}")
    expect(form).to_be_visible()
    return form


def fill_by_keyboard(page: Page, form: Locator, keys: list[str]) -> None:
    """From the first field on: type into each, or tick it with a space; then cast the ballot."""
    form.locator("input").first.focus()
    for key in keys:
        page.keyboard.press("Space") if key == " " else page.keyboard.type(key)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def check_receipt(page: Page, title: str, *, said: str, marks: str) -> None:
    """The ledger has what was chosen, as words and as marks."""
    expect(page.locator("#said")).to_contain_text(f"You voted {said}", timeout=BLOCK_MS)
    page.get_by_role("button", name=f"Check: {title}").click()
    expect(page.locator("#said")).to_contain_text("The receipt holds")
    expect(page.locator("#said")).to_contain_text(f"says {said} ({marks}).")


def test_a_panel_is_elected_by_order(
    page: Page, site: Site, officers: list[Wallet], width: int
) -> None:
    """A gap is said at once and sends nothing; a new ballot replaces the first."""
    title = f"Elect the panel {width}"
    call_election(site, title, RANKED[width], officers)
    form = open_ballot(page, title)
    names = form.locator("label").all_inner_texts()

    fill_by_keyboard(page, form, ["2", "", "3"])
    expect(form.get_by_role("status")).to_contain_text("give each place once")
    assert list_faults(page) == []
    for field in form.locator("input").all():
        field.fill("")
    fill_by_keyboard(page, form, ["2", "", "1"])
    check_receipt(page, title, said=f"1. {names[2]}, 2. {names[0]}", marks="marks 2 0")
    shoot(page, "wallet ranked ballot")
    assert fits(page)

    form = open_ballot(page, title)
    form.get_by_role("button", name="Abstain").click()
    expect(page.locator("#said")).to_contain_text("You voted abstain", timeout=BLOCK_MS)


def test_a_working_group_is_elected_by_approval(
    page: Page, site: Site, officers: list[Wallet], width: int
) -> None:
    """Each box is ticked with the space bar."""
    title = f"Elect the group {width}"
    call_election(site, title, APPROVED[width], officers)
    form = open_ballot(page, title)
    names = form.locator("label").all_inner_texts()

    form.get_by_role("button", name="Cast this ballot").click()
    expect(form.get_by_role("status")).to_contain_text("mark something, or abstain")
    fill_by_keyboard(page, form, [" ", "", " "])

    check_receipt(page, title, said=f"{names[0]}, {names[2]}", marks="marks 0 2")
    shoot(page, "wallet approving ballot")
    assert list_faults(page) == []
    assert fits(page)


def test_a_budget_is_shared_by_votes_that_cost_their_square(
    page: Page, site: Site, width: int
) -> None:
    """What they cost is told as they are typed; too many are not sent; items have names."""
    title = f"Share the budget {width}"
    items = ["A ramp at the door", "Two bicycles", "Translations"]
    call_budget(site, title, items)
    ordered = sorted(items, key=lambda item: hashlib.sha256(item.encode()).digest())
    form = open_ballot(page, title)
    assert form.locator("label").all_inner_texts() == ordered

    fill_by_keyboard(page, form, ["9", "6", ""])
    expect(form.get_by_role("status")).to_contain_text("cost 117 credits, and you have 100")
    fields = form.locator("input").all()
    fields[1].fill("4")
    expect(form.get_by_role("status")).to_have_text("These votes cost 97 of your 100 credits.")
    shoot(page, "wallet quadratic ballot")
    assert list_faults(page) == []
    assert fits(page)
    form.get_by_role("button", name="Cast this ballot").click()

    said = f"{ordered[0]}: 9, {ordered[1]}: 4"
    check_receipt(page, title, said=said, marks="marks 9 4 0")
