"""The page that checks receipts, in Debian's Chromium: real receipts, and no network."""

import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from did.keys import KeyPair
from ledger.trust import write_trust_bundle
from tests.browser.looking import fits, list_faults, shoot
from tests.browser.site import Site
from tests.ledger import receipt_samples as samples

pytestmark = pytest.mark.timeout(400)

SPECCHECK = Path(__file__).parents[1] / "vectors" / "ed25519_speccheck.json"
TARGET_PX_MIN = 24
DAY_S = 86_400


def open_page(page: Page, site: Site) -> None:
    """The page, once its scripts run."""
    page.goto(f"{site.origin}/verify")
    expect(page.get_by_role("button", name="Check")).to_be_visible()
    expect(page.get_by_text("This needs JavaScript")).to_be_hidden()


def choose(page: Page, label: str, data: bytes) -> None:
    """A file from the member's disk."""
    file: FilePayload = {"name": "file.json", "mimeType": "application/json", "buffer": data}
    page.get_by_label(label).set_input_files(file)


def check(page: Page, *, receipt: bytes, trust: bytes) -> None:
    """Choose both files and press the button."""
    choose(page, "Your receipt", receipt)
    choose(page, "Whom you trust", trust)
    page.get_by_role("button", name="Check").click()


def change(receipt: bytes, **changes: Any) -> bytes:
    """A receipt that somebody has altered."""
    return json.dumps(json.loads(receipt) | changes).encode()


@pytest.mark.parametrize("trust", ["genesis", "trust"])
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("ballot", ["The ballot is on the ledger. The ballot says yes."]),
        ("counted", ["The ballot was counted.", "3 for, 2 against", "Outcome: accepted."]),
        ("block", ["Block 2 was agreed.", "App hash", "Fingerprint of the block"]),
    ],
)
def test_a_receipt_that_holds(
    page: Page, site: Site, kind: str, words: list[str], trust: str
) -> None:
    """By the genesis file, and by the bundle that the partner's node gave later."""
    open_page(page, site)

    check(page, receipt=site.files[kind], trust=site.files[trust])

    verdict = page.get_by_role("status")
    expect(verdict.get_by_role("heading", name="The receipt holds")).to_be_in_viewport()
    for each in words:
        expect(verdict).to_contain_text(each)
    shoot(page, f"verify {kind} by {trust}")
    assert fits(page)


def test_a_history_of_consent(page: Page, site: Site) -> None:
    """What happened and when, entry by entry, on a phone too."""
    page.clock.set_fixed_time(samples.NOW_MS / 1_000)
    open_page(page, site)
    receipt = samples.render(samples.make_consent_receipt(samples.make_history()))

    check(page, receipt=receipt, trust=write_trust_bundle(samples.TRUST))

    verdict = page.get_by_role("status")
    expect(verdict.get_by_role("heading", name="The receipt holds")).to_be_in_viewport()
    expect(verdict).to_contain_text("root of period 7. Here are its latest 3 entries")
    expect(verdict).to_contain_text("revocation, 2023-11-14 22:13:20 UTC")
    shoot(page, "verify consents")
    assert list_faults(page) == []
    assert fits(page)


def test_receipts_and_trust_that_do_not_hold(page: Page, site: Site) -> None:
    """Said first, with the reason and what to do; nothing of an earlier verdict stays."""
    open_page(page, site)
    verdict = page.get_by_role("status")
    ballot, trust = site.files["ballot"], site.files["trust"]
    other = json.loads(ballot)["header"] | {"app_hash": "00" * 32}

    for receipt in (change(ballot, value="9100"), change(ballot, header=other), b"", ballot[:-9]):
        check(page, receipt=ballot, trust=trust)
        expect(verdict.get_by_role("heading", name="The receipt holds")).to_be_visible()
        check(page, receipt=receipt, trust=trust)
        expect(verdict.get_by_role("heading", name="The receipt does not hold")).to_be_visible()
        expect(verdict).not_to_contain_text("The receipt holds")
        expect(verdict).to_contain_text("Ask another cooperative’s node")
    shoot(page, "verify refused")
    for given in (ballot, b"{}", b"no JSON"):
        check(page, receipt=ballot, trust=given)
        expect(verdict).to_contain_text("The trust file cannot be used")
    assert fits(page)


def test_old_trust_is_believed_only_by_who_ticks_the_box(page: Page, site: Site) -> None:
    """The box comes with the reason, and goes with the next file."""
    page.clock.set_fixed_time(time.time() + 91 * DAY_S)
    open_page(page, site)
    box, verdict = page.get_by_role("checkbox"), page.get_by_role("status")
    expect(box).to_be_hidden()

    check(page, receipt=site.files["ballot"], trust=site.files["genesis"])

    expect(verdict).to_contain_text("What you trust is too old")
    expect(verdict).to_contain_text("more than 90 days old")
    shoot(page, "verify old trust")
    assert list_faults(page) == []
    box.check()
    page.get_by_role("button", name="Check").click()
    expect(verdict).to_contain_text("The receipt holds")
    expect(verdict).to_contain_text("You accepted an old trust file")
    choose(page, "Whom you trust", site.files["genesis"])
    expect(box).to_be_hidden()
    expect(verdict).to_be_empty()


def test_nothing_leaves_the_browser(page: Page, site: Site) -> None:
    """Its scripts come from this origin, and after them nothing is asked for: not even online."""
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    answer = page.goto(f"{site.origin}/verify")
    expect(page.get_by_role("button", name="Check")).to_be_visible()
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("script-src 'self'")
    assert "unsafe" not in policy
    assert "connect-src" not in policy
    loaded = len(asked)
    assert all(url.startswith(f"{site.origin}/") for url in asked)

    page.context.set_offline(True)
    check(page, receipt=site.files["counted"], trust=site.files["genesis"])

    expect(page.get_by_role("status")).to_contain_text("The receipt holds")
    assert len(asked) == loaded
    assert said == []
    page.context.set_offline(False)


def test_takes_no_signature_that_consensus_refuses(page: Page, site: Site) -> None:
    """The published cases on which libraries disagree; browsers have another one than Node.js."""
    open_page(page, site)
    key, message = KeyPair(bytes(32)), b"message"
    honest = {
        "pub_key": key.public_key.hex(),
        "message": message.hex(),
        "signature": key.sign(message).hex(),
    }
    cases = [*json.loads(SPECCHECK.read_bytes()), honest]

    found = page.evaluate(
        """async (cases) => {
          const { isSignatureValid } = await import("/verifier.mjs");
          const { fromHex } = await import("/encoding.mjs");
          const names = ["pub_key", "message", "signature"];
          const ask = (each) => isSignatureValid(...names.map((name) => fromHex(each[name])));
          return Promise.all(cases.map(ask));
        }""",
        cases,
    )

    assert [place for place, is_valid in enumerate(found) if is_valid] == [3, 12]


def test_names_the_files_that_it_runs(page: Page, site: Site) -> None:
    """Their fingerprints are those of what is served, as scripts and for reading."""
    open_page(page, site)

    links = page.get_by_role("link", name=re.compile(r"\.mjs$")).all()
    for link in links:
        name = link.inner_text()
        answer = page.request.get(f"{site.origin}/{name}")
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        expect(page.get_by_text(hashlib.sha256(answer.body()).hexdigest())).to_be_visible()
    assert [link.inner_text() for link in links] == ["verify.mjs", "verifier.mjs", "encoding.mjs"]
    expect(page.get_by_text("Then do not trust this page either")).to_be_visible()


def test_the_keyboard_does_it_all(page: Page, site: Site) -> None:
    """Each stop outlined and big enough; Enter checks, and the verdict is where one goes on."""
    open_page(page, site)
    choose(page, "Your receipt", site.files["ballot"])
    choose(page, "Whom you trust", site.files["trust"])
    page.get_by_label("Your receipt").focus()

    for name in ("Whom you trust", "Check"):
        page.keyboard.press("Tab")
        style, height, focused = page.evaluate(
            "(() => { const e = document.activeElement;"
            " return [getComputedStyle(e).outlineStyle, e.getBoundingClientRect().height,"
            " e.labels?.[0]?.textContent || e.textContent]; })()"
        )
        assert (style, focused) == ("solid", name)
        assert height >= TARGET_PX_MIN
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="The receipt holds")).to_be_visible()
    expect(page.get_by_role("status")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, site: Site, width: int, scheme: str) -> None:
    """Before and after a verdict of either kind."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    open_page(page, site)
    assert list_faults(page) == []
    shoot(page, f"verify {scheme}")

    for receipt in (site.files["counted"], change(site.files["counted"], value="9100")):
        check(page, receipt=receipt, trust=site.files["trust"])
        expect(page.get_by_role("status").get_by_role("heading")).to_be_visible()
        assert list_faults(page) == []
        assert fits(page)
    shoot(page, f"verify refused {scheme}")
    context.close()


def test_without_scripts_it_says_what_to_do_instead(browser: Browser, site: Site) -> None:
    """And shows no form that would do nothing."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.origin)
    page.get_by_role("link", name="check the ledger yourself").click()

    expect(page.get_by_text("This needs JavaScript")).to_be_visible()
    expect(
        page.get_by_text("rochdale ledger verify ballot.json --trust trust.json")
    ).to_be_visible()
    expect(page.locator("form")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    context.close()
