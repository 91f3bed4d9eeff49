"""A person at the web wallet's page, with the file and the paper that they keep."""

from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect

from tests.browser.acting import admit
from tests.browser.site import Site


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

    def restore(self) -> None:
        """Bring it back in a browser that has none."""
        choose(self.page, "Your sealed file", self.sealed)
        self.page.locator("#recovery").fill(self.recovery_key.lower())
        self.page.get_by_role("button", name="Bring it back").click()
        expect(self.page.get_by_text("Your wallet is back")).to_be_visible()

    def join(self, site: Site) -> None:
        """Apply, and be admitted."""
        page = self.page
        page.get_by_label("Your name").fill("Ada")
        page.get_by_role("button", name="Apply for membership").click()
        expect(page.locator("#said")).to_contain_text("with the registrar")
        admit(site)
        page.get_by_role("button", name="Ask again").click()
        expect(page.locator("#standing")).to_contain_text("You are a member of")

    @property
    def did(self) -> str:
        """As the page shows it."""
        return self.page.locator("#names code").first.inner_text()


def choose(page: Page, label: str, data: bytes, *, name: str = "file.json") -> None:
    """A file from the owner's disk."""
    file: FilePayload = {"name": name, "mimeType": "application/json", "buffer": data}
    page.get_by_label(label, exact=True).first.set_input_files(file)
