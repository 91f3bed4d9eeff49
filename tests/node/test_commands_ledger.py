"""`rochdale ledger verify`: a receipt on paper, a file of trust, and no network."""

import dataclasses
import json
import time
from pathlib import Path

import pytest

from config.errors import RefusedError
from ledger.receipts import parse_receipt
from node import exit_codes
from node.commands.voting import _name_receipt
from node.commands.wallet_options import check_with_trust
from node.wallet_trust import choose_trust, get_trust_path, keep_trust, load_wallet_trust
from tests.ledger import receipt_samples as samples
from tests.node.terminal import Terminal, free_ports

pytestmark = pytest.mark.usefixtures("samples_clock")
DAYS_90_S = 90 * 86_400


@pytest.fixture
def ballot(member_terminal: Terminal) -> Path:
    """A receipt of a ballot."""
    path = member_terminal.root / "ballot.json"
    path.write_bytes(samples.render(samples.make_ballot_receipt()))
    return path


@pytest.fixture
def counted(member_terminal: Terminal) -> Path:
    """A receipt of a counted ballot."""
    path = member_terminal.root / "counted.json"
    path.write_bytes(samples.render(samples.make_counted_receipt(0)))
    return path


def test_says_in_words_what_a_receipt_shows(
    member_terminal: Terminal, trust: Path, counted: Path
) -> None:
    """Who vouches for it, when, and for what."""
    said = member_terminal.do("ledger", "verify", counted, "--trust", trust)

    assert "The receipt holds." in said
    assert "More than two thirds of the validators of test-signed-1 signed" in said
    assert "3 yes, 1 no, 1 abstained, of 9 entitled; outcome: accepted" in said


def test_says_it_to_scripts_too(member_terminal: Terminal, trust: Path, counted: Path) -> None:
    """The same facts, as JSON."""
    told = member_terminal.ask("ledger", "verify", counted, "--trust", trust)

    assert told["kind"] == "counted"
    assert told["ballot"]["ballot"] == samples.BALLOTS[0][0].hex()
    assert told["decision"] == {
        "outcome": "accepted",
        "yes": 3,
        "no": 1,
        "abstain": 1,
        "electorate": 9,
    }


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("value",), "9100"),
        (("key",), "00" * 97),
        (("chain_id",), "test-five-1"),
        (("kind",), "counted"),
        (("header", "height"), "7"),
        (("header", "app_hash"), "00" * 32),
        (("commit", "round"), 1),
        (("proof",), ["", ""]),
        (("proof",), []),
        (("validators",), []),
        (("bridge",), {}),
        (("extra",), {}),
    ],
)
def test_a_changed_receipt_does_not_hold(
    member_terminal: Terminal, trust: Path, ballot: Path, place: tuple[str, ...], value: object
) -> None:
    """Exit code 1, and the reason."""
    document = json.loads(ballot.read_bytes())
    parent = document
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = value
    ballot.write_text(json.dumps(document))

    said = member_terminal.type("ledger", "verify", ballot, "--trust", trust)

    assert said.startswith("rochdale: the receipt does not hold: ")
    assert member_terminal.code == exit_codes.FAILED


def test_a_history_with_unreadable_statements_holds(member_terminal: Terminal, trust: Path) -> None:
    """Each such entry is told as such, as it is written and without a word of markup."""
    path = member_terminal.root / "consents.json"
    path.write_bytes(samples.render(samples.make_consent_receipt(samples.make_history())))

    said = member_terminal.do("ledger", "verify", path, "--trust", trust)
    told = member_terminal.ask("ledger", "verify", path, "--trust", trust)

    assert "The receipt holds." in said
    assert said.count("STATEMENT THAT CANNOT BE READ") == 2
    signatures = [entry["signature"] for entry in told["consents"]["entries"]]
    assert signatures == ["unreadable", None, "unreadable"]


def test_what_a_history_says_is_no_markup(
    member_terminal: Terminal, trust: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever kept it could make the command fail else, or write in its name."""
    path = member_terminal.root / "consents.json"
    path.write_bytes(samples.render(samples.make_consent_receipt(samples.make_history())))
    monkeypatch.setattr("ledger.consent_words.render_consent_entry", lambda _: "[/green][red]yes")

    said = member_terminal.do("ledger", "verify", path, "--trust", trust)

    assert said.count("[/green][red]yes") == 3


def test_the_value_of_a_state_key_is_told(member_terminal: Terminal, trust: Path) -> None:
    """It is what the receipt is about."""
    path = member_terminal.root / "state.json"
    path.write_bytes(samples.render(samples.make_receipt(samples.PARAMETERS_KEY)))

    said = member_terminal.do("ledger", "verify", path, "--trust", trust)

    assert f"The value: {b'parameters'.hex()}" in said


def test_a_true_receipt_of_somebody_else_is_told_apart(
    member_terminal: Terminal, trust: Path, ballot: Path, wallet: Path
) -> None:
    """A node could hand out another member's."""
    said = member_terminal.type("ledger", "verify", ballot, "--trust", trust, "--wallet", wallet)

    assert "the ballot is not this wallet's" in said
    assert member_terminal.code == exit_codes.FAILED
    assert not get_trust_path(wallet).exists()


def test_what_a_wallet_remembers_is_trust_as_well(
    member_terminal: Terminal, ballot: Path, wallet: Path
) -> None:
    """Once it has checked something, no file need be named."""
    assert "name whom you believe with `--trust`" in member_terminal.type(
        "ledger", "verify", ballot, "--wallet", wallet
    )
    assert member_terminal.code == exit_codes.MISCONFIGURED
    keep_trust(wallet, samples.TRUST)

    said = member_terminal.type("ledger", "verify", ballot, "--wallet", wallet)

    assert "the ballot is not this wallet's" in said
    assert get_trust_path(wallet).stat().st_mode & 0o077 == 0
    get_trust_path(wallet).write_text("{}")
    assert "is damaged" in member_terminal.type("ledger", "verify", ballot, "--wallet", wallet)


def test_old_trust_is_believed_only_by_who_says_so(
    member_terminal: Terminal,
    trust: Path,
    ballot: Path,
    wallet: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After ninety days, in words that say what to do."""
    monkeypatch.setattr(time, "time", lambda: samples.NOW_MS / 1_000 + DAYS_90_S)

    said = member_terminal.type("ledger", "verify", ballot, "--trust", trust)
    assert "does not hold: what you trust is of 2026-09-21, more than 90 days old" in said
    assert "`rochdale trust export`" in said
    assert member_terminal.code == exit_codes.FAILED

    assert "The receipt holds." in member_terminal.do(
        "ledger", "verify", ballot, "--trust", trust, "--old-trust"
    )
    receipt = parse_receipt(ballot.read_bytes())
    check_with_trust(receipt, samples.TRUST, wallet=wallet, accepts_old_trust=True)
    assert not get_trust_path(wallet).exists(), "a wallet takes old trust for young from then on"


def test_a_ballot_whose_receipt_does_not_hold_was_sent_all_the_same() -> None:
    """Nobody should vote again, or think that they did not, because of a receipt."""
    with (
        pytest.raises(RefusedError, match=r"your ballot was sent.*in a\.json.*: too old") as caught,
        _name_receipt(Path("a.json")),
    ):
        raise RefusedError("too old", code=7)

    assert caught.value.code == 7


def test_a_wallet_believes_the_later_of_two() -> None:
    """What was named and what is remembered; of another chain, what was named."""
    early, late = samples.TRUST, samples.CHAIN.get_trust(9)
    other = dataclasses.replace(early, genesis_hash=bytes(32))
    genesis = samples.CHAIN.genesis_trust

    for given, kept, chosen in (
        (None, None, None),
        (early, None, early),
        (None, early, early),
        (early, late, late),
        (late, early, late),
        (genesis, early, early),
        (other, late, other),
    ):
        assert choose_trust(given, kept) == chosen
    header = late.header
    assert header is not None
    forged = dataclasses.replace(late, header=dataclasses.replace(header, data_hash=bytes(32)))
    with pytest.raises(RefusedError, match="something else than what this wallet"):
        choose_trust(forged, late)


def test_a_file_that_was_named_in_vain_is_said_to_be(
    member_terminal: Terminal, trust: Path, ballot: Path, wallet: Path
) -> None:
    """On stderr, with what the wallet believes and how to begin anew; else nothing is said.

    Of a genesis file neither, which people name each time.
    """
    checking = ("ledger", "verify", ballot, "--wallet", wallet, "--trust", trust)
    member_terminal.type(*checking)
    assert "is believed" not in member_terminal.error
    kept = samples.CHAIN.get_trust(samples.TRUST.height + 1)
    keep_trust(wallet, kept)

    member_terminal.type(*checking)

    said = member_terminal.error
    assert f"{trust} is older than block {kept.height}, which the wallet remembers" in said
    assert f"rm {get_trust_path(wallet)}" in said
    keep_trust(wallet, samples.TRUST)
    member_terminal.type(*checking)
    assert "is believed" not in member_terminal.error


def test_a_wallets_trust_survives_its_file(tmp_path: Path) -> None:
    """Replaced whole; a genesis needs no second file."""
    wallet = tmp_path / "a.wallet"

    for trust in (samples.CHAIN.genesis_trust, samples.TRUST, samples.CHAIN.get_trust(9)):
        keep_trust(wallet, trust)
        assert load_wallet_trust(wallet) == (None if trust.header is None else trust)
    assert [path.name for path in tmp_path.iterdir()] == ["a.wallet.trust"]


def test_a_genesis_file_is_trust_as_well(member_terminal: Terminal, ballot: Path) -> None:
    """This one is of another chain, and says so."""
    home = member_terminal.root / "home"
    member_terminal.do("init", "--home", home, *free_ports())

    said = member_terminal.type("ledger", "verify", ballot, "--trust", home / "genesis.json")

    assert "of another chain than 'test-my-cooperative-1'" in said
    assert member_terminal.code == exit_codes.FAILED


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", "neither a genesis file nor a trust bundle"),
        ("not JSON", "not well-formed JSON"),
        (None, "cannot be read"),
    ],
)
def test_trust_that_is_none_is_named_so(
    member_terminal: Terminal, ballot: Path, text: str | None, sentence: str
) -> None:
    """It is not the receipt's fault: another file mends it, whatever is wrong with this one."""
    path = member_terminal.root / "other.json"
    if text is not None:
        path.write_text(text)

    said = member_terminal.type("ledger", "verify", ballot, "--trust", path)

    assert sentence in said
    assert str(path) in said
    assert "does not hold" not in said
    assert member_terminal.code == exit_codes.MISCONFIGURED
