"""A person at the web wallet's page, with the file and the paper that they keep."""

from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect

from tests.browser.acting import admit
from tests.browser.site import Site

BLOCK_MS = 30_000
"""Until a loaded machine has a block."""

ASKED_EVERY_MS = 500
ASKED_TIMES_MAX = 120


class Owner:
    """A person at the page, with the file and the paper that they keep."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page = page
        self.sealed = b""
        self.recovery_key = ""
        page.goto(f"{site.origin}/wallet")
        expect(page.get_by_text("does not work in this browser")).to_be_hidden()

    def make(self) -> None:
        """Make a wallet, and keep what is to be kept."""
        page = self.page
        page.get_by_role("button", name="Make a wallet").click()
        expect(page.locator("#keep")).to_be_focused()
        with page.expect_download() as download:
            page.get_by_role("link", name="wallet-sealed.json").click()
        self.sealed = Path(download.value.path()).read_bytes()
        self.recovery_key = page.locator("#recovery-shown").inner_text()
        page.get_by_label("The last two groups").fill(self.recovery_key[-11:])
        page.get_by_label("I have saved the file").check()
        page.get_by_role("button", name="Begin to use").click()
        expect(page.get_by_text("Your wallet is ready")).to_be_visible()

    def restore(self, *, account_did: str = "") -> None:
        """Bring it back in a browser that has none."""
        choose(self.page, "Your sealed file", self.sealed)
        self.page.locator("#recovery").fill(self.recovery_key.lower())
        self.page.locator("#recovered").fill(account_did)
        self.page.get_by_role("button", name="Bring it back").click()
        expect(self.page.get_by_text("Your wallet is back")).to_be_visible()

    def join(self, site: Site) -> None:
        """Apply, and be admitted."""
        page = self.page
        page.get_by_label("Your name").fill("Ada")
        page.get_by_role("button", name="Apply for membership").click()
        expect(page.locator("#said")).to_contain_text("with the registrar")
        admit(site)
        self.wait_for_standing("You are a member of")

    def wait_for_standing(self, words: str) -> None:
        """Ask again until the page says so: changes of a roll land together."""
        standing = self.page.locator("#standing")
        for _ in range(ASKED_TIMES_MAX):
            self.page.get_by_role("button", name="Ask again").click()
            expect(self.page.locator("body")).not_to_have_attribute("aria-busy", "true")
            if words in standing.inner_text():
                return
            self.page.wait_for_timeout(ASKED_EVERY_MS)
        expect(standing).to_contain_text(words)

    def change_key(self) -> None:
        """Rotate, with the file and the paper."""
        page = self.page
        page.locator("summary", has_text="Change the key").click()
        page.locator("#rotate-sealed").set_input_files(
            {"name": "s.json", "mimeType": "application/json", "buffer": self.sealed}
        )
        page.locator("#rotate-recovery").fill(self.recovery_key)
        page.get_by_role("button", name="Change the key").click()
        expect(page.locator("#said")).to_contain_text("Your key is changed", timeout=BLOCK_MS)

    def remove(self) -> None:
        """Take it out of this browser."""
        page = self.page
        page.locator("summary", has_text="Remove the wallet").click()
        page.get_by_label("I have the sealed file and the recovery key").check()
        page.get_by_role("button", name="Remove the wallet", exact=True).click()
        expect(page.locator("#said")).to_contain_text("no longer in this browser")

    @property
    def account_did(self) -> str:
        """As the page shows it."""
        return self.page.locator("#names code").nth(1).inner_text()

    @property
    def did(self) -> str:
        """As the page shows it."""
        return self.page.locator("#names code").first.inner_text()


def choose(page: Page, label: str, data: bytes, *, name: str = "file.json") -> None:
    """A file from the owner's disk."""
    file: FilePayload = {"name": name, "mimeType": "application/json", "buffer": data}
    page.get_by_label(label, exact=True).first.set_input_files(file)


def come_back(page: Page, site: Site, owner: Owner) -> Owner:
    """The same person in another browser."""
    other = Owner(page, site)
    other.sealed, other.recovery_key = owner.sealed, owner.recovery_key
    other.restore()
    return other
