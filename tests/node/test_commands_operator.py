"""`rochdale member`, `insight` and `trust` at a node that does not run."""

import secrets
import time

import pytest

from config.errors import MisconfiguredError, RefusedError
from config.settings import Settings
from did.applications import sign_application
from did.wallets import Wallet, create_wallet
from node import exit_codes
from node.drafting import get_budget_account
from node.home import Home, open_home
from node.own_cooperative import load_own_cooperative
from node.registrar import list_applicants, open_register
from node.settings import load_settings
from node.web.applications import ApplicationStatus
from tests.node.terminal import Terminal, free_ports

_COMPUTE = ["insight", "compute", "--site", "x", "--records", "n.csv"]
_PUBLIC = ["--basis", "public-dataset"]


@pytest.fixture
def home(member_terminal: Terminal) -> Home:
    """A node alone, not running."""
    member_terminal.do("init", "--home", member_terminal.root / "home", *free_ports())
    return open_home(member_terminal.root / "home")


@pytest.fixture
def settings(home: Home) -> Settings:
    """The home's own."""
    return load_settings(home.settings_path, environ={})


def _apply(home: Home, settings: Settings, wallet: Wallet, *, account: bytes | None = None) -> str:
    """Put an application into the register as the web process does; its id in hex."""
    jws = sign_application(
        key=wallet.device_key,
        inception=wallet.inception,
        cooperative_id=load_own_cooperative(home, settings).id,
        name="A Person",
        contact="by post",
        iat_s=int(time.time()),
        nonce=secrets.token_bytes(16),
    )
    with open_register(home) as store:
        application_id = store.applications.put(
            jws,
            did=wallet.login_did,
            account=account or wallet.account_id,
            now_ms=int(time.time() * 1_000),
        )
    return application_id.hex()


def test_the_registrar_reads_who_applied(
    member_terminal: Terminal, home: Home, settings: Settings
) -> None:
    """Name and contact, decrypted; in the file they are not."""
    wallet = create_wallet(random=secrets.token_bytes)
    application = _apply(home, settings, wallet)

    listed = member_terminal.ask("member", "list", "--home", home.root)
    said = member_terminal.do("member", "list", "--home", home.root)

    assert [item["application"] for item in listed] == [application]
    assert listed[0]["account"] == wallet.account_id.hex()
    assert listed[0]["contact"] == "by post"
    assert "A Person" in said
    assert b"by post" not in home.private_path.read_bytes()


def test_refused_applications_are_no_longer_listed(
    member_terminal: Terminal, home: Home, settings: Settings
) -> None:
    """But kept, for the applicant who asks."""
    application = _apply(home, settings, create_wallet(random=secrets.token_bytes))

    member_terminal.do("member", "refuse", application[:8], "--home", home.root)

    assert "No application is pending" in member_terminal.do("member", "list", "--home", home.root)
    refused = member_terminal.ask("member", "list", "--status", "refused", "--home", home.root)
    assert [item["application"] for item in refused] == [application]


def test_a_member_is_not_refused_afterwards(
    member_terminal: Terminal, home: Home, settings: Settings
) -> None:
    """The roll is on the ledger, not in the register."""
    application = _apply(home, settings, create_wallet(random=secrets.token_bytes))
    with open_register(home) as store:
        store.applications.decide(bytes.fromhex(application), ApplicationStatus.ADMITTED)

    assert "a member already" in member_terminal.type(
        "member", "refuse", application, "--home", home.root
    )
    assert member_terminal.code == exit_codes.FAILED


def test_nobody_is_admitted_while_the_node_is_down(
    member_terminal: Terminal, home: Home, settings: Settings
) -> None:
    """Exit code 3; the application waits on."""
    _apply(home, settings, create_wallet(random=secrets.token_bytes))

    assert "is the node running?" in member_terminal.type(
        "member", "admit", "--all", "--home", home.root
    )
    assert member_terminal.code == exit_codes.UNAVAILABLE
    assert len(list_applicants(home, settings)) == 1


def test_an_application_for_another_account_is_noticed(home: Home, settings: Settings) -> None:
    """The column beside the sealed statement was changed."""
    _apply(home, settings, create_wallet(random=secrets.token_bytes), account=bytes(32))

    with pytest.raises(MisconfiguredError, match="was changed"):
        list_applicants(home, settings)


def test_an_application_for_another_cooperative_does_not_hold(
    home: Home, settings: Settings
) -> None:
    """Checked again when it is read."""
    wallet = create_wallet(random=secrets.token_bytes)
    jws = sign_application(
        key=wallet.device_key,
        inception=wallet.inception,
        cooperative_id=bytes(32),
        name="",
        contact="",
        iat_s=1_000,
        nonce=bytes(16),
    )
    with open_register(home) as store:
        store.applications.put(
            jws, did=wallet.login_did, account=wallet.account_id, now_ms=1_000_000
        )

    with pytest.raises(RefusedError, match="does not hold"):
        list_applicants(home, settings)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["member", "admit"], 2, "or say `--all`"),
        (["member", "admit", "--all", "00000000"], 2, "or say `--all`"),
        (["member", "admit", "zz"], 2, "is no application's id"),
        (["member", "admit", "00000000"], 1, "no pending one begins with 00000000"),
        (["member", "admit", "00" * 32], 1, "there is no application"),
        (["member", "refuse", "00" * 32], 1, "there is no such application"),
        (["member", "list", "--status", "lost"], 2, "--status is one of"),
        ([*_COMPUTE, *_PUBLIC], 1, "cannot be opened"),
        ([*_COMPUTE, *_PUBLIC, "--epsilon", "2"], 1, "ε of one release lies between"),
        ([*_COMPUTE, "--basis", "hope"], 1, "--basis is consents or public-dataset"),
        ([*_COMPUTE, "--purpose", "odrl:sell"], 1, "purposes are DUO:0000042"),
        (_COMPUTE, 3, "start the node"),
        (["consent", "record-key", "did:key:z6Mk"], 1, "nobody with this DID"),
    ],
)
def test_every_mistake_has_a_sentence_and_a_code(
    member_terminal: Terminal, home: Home, arguments: list[str], code: int, sentence: str
) -> None:
    """Never a traceback."""
    assert sentence in member_terminal.type(*arguments, "--home", home.root)
    assert member_terminal.code == code


def test_a_draft_names_the_digest_to_propose(member_terminal: Terminal, home: Home) -> None:
    """And what it has cost; a refused one costs nothing."""
    rows = [f"{number},55,Male,Site,{number % 2}" for number in range(200)]
    (home.records / "r.csv").write_text("\n".join(["id,age,sex,dataset,num", *rows, ""]))
    order = ["insight", "compute", "--site", "Site", "--home", home.root, *_PUBLIC]

    member_terminal.type(*order, "--records", "missing.csv")
    said = member_terminal.do(*order, "--records", "r.csv", "--title", "Hearts [b]here[/b]")
    drafts = member_terminal.ask("insight", "drafts", "--home", home.root)
    budget = member_terminal.ask("insight", "budget", "--home", home.root)

    assert drafts[0]["digest"] in said
    assert "Hearts [b]here[/b]" in said
    assert "nobody's consent was asked" in " ".join(said.split())
    assert drafts[0]["published"] is False
    assert (budget["spent"], budget["total"]) == ("0.5", "1")
    assert len(budget["charges"]) == 1
    assert "prevalence by age band and sex" in member_terminal.do(
        "insight", "budget", "--home", home.root
    )


def test_a_new_year_has_a_new_budget() -> None:
    """In UTC, whatever the machine's clock shows."""
    assert get_budget_account(now_ms=1_798_761_599_999).period == "2026"
    assert get_budget_account(now_ms=1_798_761_600_000).period == "2027"


def test_a_trust_bundle_needs_the_running_node(member_terminal: Terminal, home: Home) -> None:
    """Only it knows the newest block."""
    said = member_terminal.type("trust", "export", "--home", home.root)

    assert "is the node running?" in said
    assert member_terminal.code == exit_codes.UNAVAILABLE


def test_an_onlooker_has_no_registrar(member_terminal: Terminal, home: Home) -> None:
    """Its cooperative is no part of the chain."""
    other = member_terminal.root / "onlooker"
    flags = ["--node.origin=https://e.test", *free_ports()]
    member_terminal.do("init", "--join", home.genesis_path, "--home", other, *flags)

    assert "only follows its chain" in member_terminal.type("member", "list", "--home", other)
    assert member_terminal.code == exit_codes.MISCONFIGURED
