"""The web wallet in Debian's Chromium: made, kept, brought back, and used at a real node."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from did.applications import check_application
from did.login.challenge import Challenge, Purpose, parse_statement
from did.sealed_exports import open_export, seal_export
from did.statements import check_statement
from did.verification_keys import KeyKind, VerificationKey
from did.wallets import ColdKeys, Home, bind_wallet
from governance.key_transactions import RotateKeys
from governance.proposal_records import Choice, compute_ballot_id
from governance.transactions import CastBallot
from ledger.envelope import sign_transaction
from tests.browser.acting import propose
from tests.browser.looking import fits, list_faults, shoot
from tests.browser.owner import BLOCK_MS, Owner, choose
from tests.browser.site import Site

pytestmark = pytest.mark.timeout(400)

COLD = ColdKeys(master=bytes(range(32)))
CHALLENGE = Challenge(audience="https://x", nonce="n1", client_id="app", purpose=Purpose.LOGIN)
NOW_MS = 1_700_000_000_123
READ_STORE = """async () => {
  const { loadWallet } = await import("/wallet-node.mjs");
  const wallet = await loadWallet();
  const formats = ["pkcs8", "jwk", "raw", "spki"];
  const ask = (format) => crypto.subtle.exportKey(format, wallet.key).then(
    () => "given", (error) => error.name);
  return {
    extractable: wallet.key.extractable,
    usages: wallet.key.usages,
    exports: await Promise.all(formats.map(ask)),
    fields: Object.keys(wallet).sort(),
    bytes: Object.values(wallet).filter((value) => value instanceof Uint8Array)
      .map((value) => Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")),
    local: Object.keys(localStorage).length + Object.keys(sessionStorage).length,
    cookies: document.cookie,
  };
}"""


@pytest.fixture
def owner(context: BrowserContext, site: Site) -> Owner:
    """Somebody with a wallet, member of nothing."""
    owner = Owner(context.new_page(), site)
    owner.make()
    return owner


def test_a_member_votes_with_a_wallet_made_here(
    owner: Owner, site: Site, browser: Browser, width: int
) -> None:
    """Apply, be admitted, vote, check the receipt; in another profile; with another key."""
    page = owner.page
    owner.join(site)
    title = f"Open reading room {width} on Sundays"
    proposal = propose(site, title)
    page.get_by_role("button", name="Ask again").click()

    page.get_by_role("group", name=title).get_by_role("button", name="Vote yes").click()

    expect(page.locator("#said")).to_contain_text("You voted yes", timeout=BLOCK_MS)
    choose(page, "Whom you trust", site.files["genesis"])
    expect(page.locator("#said")).to_contain_text("are checked with this from now on")
    page.get_by_role("button", name=f"Check: {title}").click()
    expect(page.locator("#said")).to_contain_text("The receipt holds")
    expect(page.locator("#said")).to_contain_text("says yes")
    shoot(page, "wallet after a vote")
    assert fits(page)
    assert list_faults(page) == []

    fresh = browser.new_context()
    other = Owner(fresh.new_page(), site)
    other.sealed, other.recovery_key = owner.sealed, owner.recovery_key
    other.restore()
    assert other.did == owner.did
    other.change_key()
    assert other.did != owner.did
    other.page.get_by_role("group", name=title).get_by_role("button", name="Vote no").click()
    expect(other.page.locator("#said")).to_contain_text("You voted no", timeout=BLOCK_MS)
    ballot = other.page.request.get(f"{site.origin}/api/proposals/{proposal}").json()["tally"]
    assert (ballot["yes"], ballot["no"]) in {(0, 1), (0, 0)}  # counted at the close

    page.reload()
    expect(page.locator("#standing")).to_contain_text("Your account has another key now")
    third = Owner(browser.new_context().new_page(), site)
    third.sealed, third.recovery_key = owner.sealed, owner.recovery_key
    third.restore()
    assert third.did == other.did
    expect(third.page.locator("#standing")).to_contain_text("You are a member of")
    third.page.context.close()
    fresh.close()


def test_the_key_cannot_be_read_and_no_secret_is_kept(owner: Owner) -> None:
    """Not even by the page's own code; the next key is nowhere."""
    found = owner.page.evaluate(READ_STORE)

    cold = open_export(owner.sealed, owner.recovery_key)
    secrets = {cold.master.hex(), cold.derive_key(0).seed.hex(), cold.derive_key(1).seed.hex()}
    assert found["extractable"] is False
    assert found["usages"] == ["sign"]
    assert found["exports"] == ["InvalidAccessError"] * 4
    assert secrets.isdisjoint(found["bytes"])
    assert (found["local"], found["cookies"]) == (0, "")
    assert owner.recovery_key not in owner.page.content()
    assert cold.make_wallet().login_did == owner.did


def test_no_secret_leaves_the_browser(context: BrowserContext, site: Site) -> None:
    """Every request of a whole life, its address and body; and only to this origin."""
    page = context.new_page()
    asked: list[tuple[str, bytes]] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append((request.url, request.post_data_buffer or b"")))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    owner = Owner(page, site)
    owner.make()
    owner.join(site)
    choose(page, "The file", b"I agree.", name="letter.txt")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_text("You signed letter.txt")).to_be_visible()

    cold = open_export(owner.sealed, owner.recovery_key)
    secrets = [cold.master, *(cold.derive_key(number).seed for number in range(3))]
    everything = b"\n".join(url.encode() + b" " + body for url, body in asked)
    for secret in secrets:
        assert secret not in everything
        assert secret.hex().encode() not in everything
    assert owner.recovery_key.encode() not in everything
    assert owner.recovery_key.replace("-", "").encode() not in everything
    schemes = (f"{site.origin}/", f"blob:{site.origin}/")
    assert [url for url, _ in asked if not url.startswith(schemes)] == []
    assert said == []


def test_a_signed_file_is_checked_by_the_command_line(owner: Owner, site: Site) -> None:
    """The same statement that `rochdale wallet sign` makes."""
    page = owner.page
    choose(page, "The file", b"I agree.", name="letter.txt")
    page.get_by_role("button", name="Sign", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save letter.txt.sig").click()

    jws = Path(download.value.path()).read_text().strip()

    assert check_statement(jws, b"I agree.").did == owner.did


def test_the_wallet_is_made_only_once_its_owner_kept_it(
    context: BrowserContext, site: Site
) -> None:
    """A wrong group, a reload before: nothing is stored, and the secret is not shown again."""
    page = context.new_page()
    owner = Owner(page, site)
    page.get_by_role("button", name="Make a wallet").click()
    expect(page.locator("#keep")).to_be_focused()
    key = page.locator("#recovery-shown").inner_text()
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{5}-){7}[0-9A-HJKMNP-TV-Z]{5}", key)
    shoot(page, "wallet to be kept")
    assert fits(page)
    assert list_faults(page) == []
    page.get_by_label("The last two groups").fill("AAAAA-AAAAA")
    page.get_by_label("I have saved the file").check()
    page.get_by_role("button", name="Begin to use").click()
    expect(page.locator("#said")).to_contain_text("These are not the last two groups")

    page.reload()

    expect(page.get_by_role("button", name="Make a wallet")).to_be_visible()
    assert key not in page.content()
    owner.make()
    assert owner.recovery_key != key


def test_mistakes_at_bringing_back_are_said(owner: Owner, site: Site) -> None:
    """A slip in the key, another's key, another file."""
    page = owner.page
    owner.remove()
    other = seal_export(COLD, random=bytes)
    last = "0" if owner.recovery_key[-1] != "0" else "1"

    for sealed, key, words in (
        (owner.sealed, owner.recovery_key[:-1] + last, "mistyped"),
        (owner.sealed, other.recovery_key, "another file’s"),
        (b"{}", owner.recovery_key, "not a wallet’s sealed file"),
        (b"no JSON", owner.recovery_key, "not well-formed JSON"),
    ):
        choose(page, "Your sealed file", sealed)
        page.locator("#recovery").fill(key)
        page.get_by_role("button", name="Bring it back").click()
        expect(page.locator("#said")).to_contain_text(words)
    owner.restore()


def test_bytes_are_those_of_the_command_line(context: BrowserContext, site: Site) -> None:
    """Keys, accounts, transactions, applications and exports, for the same input."""
    page = context.new_page()
    Owner(page, site)
    wallet = bind_wallet(
        COLD.make_wallet(), Home(network="n", cooperative_id=b"\x05" * 32, origin="https://x")
    )
    proposal = b"\x06" * 32
    export = seal_export(COLD, random=lambda count: bytes(range(count)))
    given = [COLD.master.hex(), proposal.hex(), NOW_MS, export.file.decode(), export.recovery_key]

    found: dict[str, Any] = page.evaluate(SAME_INPUT, given)

    common = {
        "chain_id": "test-ü-1",
        "account": wallet.account_id,
        "nonce": NOW_MS,
        "valid_until_ms": NOW_MS + 600_000,
        "keys": [wallet.device_key],
    }
    for choice in Choice:
        ballot = CastBallot(cooperative=b"\x05" * 32, proposal_id=proposal, choice=choice)
        signed = sign_transaction(payload=ballot, **common)  # type: ignore[arg-type]
        assert found["ballots"][choice] == signed.hex()
    rotation = RotateKeys(next_key_commitment=wallet.next_key_commitment)
    signed = sign_transaction(payload=rotation, **common)  # type: ignore[arg-type]
    assert found["rotation"] == signed.hex()
    assert found["account"] == wallet.account_id.hex()
    assert found["names"] == [wallet.login_did, wallet.account_did]
    assert (
        found["ballotId"]
        == compute_ballot_id(proposal_id=proposal, account=wallet.account_id).hex()
    )
    assert found["opened"] == COLD.master.hex()
    assert open_export(found["sealed"]["text"].encode(), found["sealed"]["recoveryKey"]) == COLD
    application = check_application(
        found["application"], cooperative_id=b"\x05" * 32, now_s=NOW_MS // 1_000
    )
    assert application.inception == wallet.inception
    login = parse_statement(found["login"], expected=CHALLENGE, now_s=NOW_MS // 1_000)
    assert login.token.is_signed_by(VerificationKey(KeyKind.ED25519, wallet.device_key.public_key))
    assert login.did == wallet.login_did
    assert application.name == "Zoë \N{GRINNING FACE}"


SAME_INPUT = """async ([master, proposal, nowMs, file, recoveryKey]) => {
  const keys = await import("/wallet-keys.mjs");
  const messages = await import("/wallet-messages.mjs");
  const { fromHex, toHex, utf8 } = await import("/encoding.mjs");
  const wallet = await keys.makeWallet(fromHex(master));
  const cooperative = new Uint8Array(32).fill(5);
  const sign = async (said) => toHex(await messages.signTransaction(
    { chainId: "test-ü-1", account: wallet.account, nowMs, said, signer: wallet }));
  const ballot = (choice) =>
    sign(messages.castBallot({ cooperative, proposal: fromHex(proposal), choice }));
  return {
    ballots: await Promise.all([0, 1, 2].map(ballot)),
    rotation: await sign(messages.rotateKeys(wallet)),
    account: toHex(wallet.account),
    names: [messages.didKey(wallet.publicKey), messages.accountDid("n", wallet.account)],
    ballotId: toHex(await messages.computeBallotId(fromHex(proposal), wallet.account)),
    opened: toHex(await keys.openExport(utf8(file), recoveryKey)),
    sealed: await keys.sealExport(fromHex(master)),
    login: await messages.signLogin({ aud: "https://x", nonce: "n1", client: "app",
      purpose: "login", signer: wallet, nowMs }),
    application: await messages.signApplication(
      { cooperative, wallet, name: "Zoë \\u{1F600}", contact: "", nowMs }),
  };
}"""


def test_the_export_is_what_docs_say(owner: Owner) -> None:
    """Four fields, so that other software can read it."""
    assert set(json.loads(owner.sealed)) == {"cipher", "nonce", "rochdale_wallet_export", "sealed"}
