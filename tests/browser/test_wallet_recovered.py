"""Accounts whose keys were replaced: changed by their owner, or given back by guardians."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from governance.key_records import Recovery
from governance.state_keys import Collection
from tests.browser.application import Application
from tests.browser.commands import run_command
from tests.browser.looking import fits, list_faults, shoot
from tests.browser.owner import Owner
from tests.browser.site import Site

pytestmark = pytest.mark.timeout(400)

PRESS = "Log in with my wallet"
DUE_MS = 1_900_000_000_000


class Desk:
    """A directory with what somebody has at home, and the commands that they type there."""

    def __init__(self, path: Path, site: Site) -> None:
        self.path = path
        self.node = ("--node", site.origin)
        (path / "passphrase").write_text("only for test chains")
        (path / "passphrase").chmod(0o600)
        self.phrase = ("--passphrase-file", path / "passphrase")

    def bring(self, owner: Owner, name: str) -> Path:
        """A web wallet, brought here with its file and its paper."""
        sealed, key = self.path / f"{name}.json", self.path / f"{name}.txt"
        for file, data in ((sealed, owner.sealed), (key, owner.recovery_key.encode())):
            file.write_bytes(data)
            file.chmod(0o600)
        wallet = self.path / f"{name}.wallet"
        words = ("--sealed", sealed, "--recovery-key-file", key, "--test-chain", *self.phrase)
        run_command("wallet", "restore", wallet, *words)
        return wallet

    def choose_guardians(self, wallet: Path) -> list[Path]:
        """Three, any two of whom give the account to new keys."""
        keys = [self.path / f"guardian-{number}.key" for number in (1, 2, 3)]
        told = [
            run_command("wallet", "guard", key, "--test-chain", *self.phrase).split()[-1]
            for key in keys
        ]
        run_command("wallet", "apply", wallet, "--name", "Ada", *self.node, *self.phrase)
        named = [word for key in told for word in ("--key", key)]
        words = ("--threshold", "2", "--override", "3", "-o", self.path / "guardians.json")
        run_command("wallet", "guardians", wallet, *named, *words, *self.node, *self.phrase)
        return keys

    def recover(self, account_did: str, keys: list[Path], wallet: Path) -> None:
        """All three ask, so that it does not matter whose key stands in which place."""
        file = ("--guardians", self.path / "guardians.json", "-w", wallet)
        request = self.path / "request.json"
        signing = [word for number in "123" for word in ("--guardian", number)]
        words = ("recover", "begin", account_did, *file, *signing, "-o", request)
        run_command("wallet", *words, *self.node, *self.phrase)
        for key in keys:
            run_command("wallet", "recover", "sign", request, "--key", key, *self.phrase)
        run_command("wallet", "recover", "send", request, *self.node)


def log_in(page: Page, application: Application) -> None:
    """With one press, up to the question what is allowed."""
    page.goto(application.begin())
    page.get_by_role("button", name=PRESS).click()
    expect(page.get_by_role("button", name="Allow", exact=True)).to_be_visible()


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile; one width alone, for each of its members makes the roll grow."""
    context = browser.new_context(viewport={"width": 320, "height": 800})
    yield context
    context.close()


def test_a_changed_key_logs_in_for_the_same_account(phone: BrowserContext, site: Site) -> None:
    """And reads and writes consents: as the account, for a did:key would be a stranger's."""
    owner = Owner(phone.new_page(), site)
    owner.make()
    owner.join(site)
    account, key = owner.account_did, owner.did

    owner.change_key()

    assert owner.account_did == account
    assert owner.did != key
    owner.page.get_by_role("button", name="Show what I permit").click()
    expect(owner.page.get_by_text("You permit nothing.")).to_be_visible()
    log_in(owner.page, Application(site, "Reading room", scope="profile"))


def test_guardians_give_an_account_to_a_wallet_made_here(
    phone: BrowserContext, browser: Browser, site: Site, tmp_path: Path
) -> None:
    """Chosen with the commands that the page shows; the lost browser is told what happened."""
    desk, owner = Desk(tmp_path, site), Owner(phone.new_page(), site)
    owner.make()
    owner.join(site)
    expect(owner.page.locator("#guardians")).to_contain_text("has no guardians")
    keys = desk.choose_guardians(desk.bring(owner, "old"))
    owner.wait_for_standing("this one is out of use")
    shoot(owner.page, "wallet replaced key")
    assert list_faults(owner.page) == []
    owner.remove()
    owner.restore()
    expect(owner.page.locator("#guardians")).to_contain_text("Your account has guardians")
    account = owner.account_did

    fresh = browser.new_context()
    other = Owner(fresh.new_page(), site)
    other.make()
    desk.recover(account, keys, desk.bring(other, "new"))
    owner.wait_for_standing("out of use")  # a week, of which this chain makes three seconds
    other.remove()
    other.restore(account_did=account)

    assert other.account_did == account
    expect(other.page.locator("#standing")).to_contain_text("You are a member of")
    other.change_key()
    assert other.account_did == account
    log_in(other.page, Application(site, "Reading room", scope="profile"))
    fresh.close()


def test_a_did_that_is_none_or_anothers_is_said(context: BrowserContext, site: Site) -> None:
    """At bringing a wallet back; nothing is kept then."""
    owner = Owner(context.new_page(), site)
    owner.make()
    owner.remove()
    page, others = owner.page, site.members[0].wallet.account_did
    stranger = others[:-4] + "2222"
    for did, why in (
        ("did:rochdale:other:z1", "An account’s DID looks like did:rochdale:"),
        (stranger, "has no account with this DID"),
        (others, "The account has none of this wallet’s keys"),
    ):
        page.locator("#sealed").set_input_files(
            {"name": "s.json", "mimeType": "application/json", "buffer": owner.sealed}
        )
        page.locator("#recovery").fill(owner.recovery_key)
        page.locator("#recovered").fill(did)
        page.get_by_role("button", name="Bring it back").click()
        expect(page.locator("#said")).to_contain_text(why)
    expect(page.get_by_role("button", name="Make a wallet")).to_be_visible()


def test_a_recovery_whose_time_runs_is_told(member: Owner) -> None:
    """Until when it can be vetoed, and with which command; as state would hold it for a week."""
    page = member.page
    recovery = Recovery(
        attempt=2,
        due_ms=DUE_MS,
        is_final=False,
        keys=(bytes(32),),
        signatures_required=1,
        next_key_commitment=bytes(32),
        guardians_commitment=bytes(32),
        nonce=1,
    )
    mark = f"{Collection.KEY_RECOVERY:02x}"

    def answer(route: Route) -> None:
        held = route.fetch()
        key = route.request.url.rpartition("/")[2]
        found = held.json()
        if key[64:66] == mark:
            found["value"] = recovery.encode().hex()
        route.fulfill(response=held, json=found)

    page.route("**/api/receipts/state/*", answer)
    page.get_by_role("button", name="Ask again").click()

    told = page.get_by_role("region", name="A recovery of your account")
    expect(told).to_contain_text("2030-03-17 17:46 UTC")
    expect(told).to_contain_text("rochdale wallet veto WALLET --attempt 2")
    shoot(page, "wallet recovery runs")
    assert list_faults(page) == []
    assert fits(page)
