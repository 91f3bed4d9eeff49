"""`rochdale ledger verify`: a receipt on paper, a file of trust, and no network."""

import json
import secrets
from pathlib import Path

import pytest

from did.wallets import STRENGTH_TEST, create_wallet, save_wallet
from ledger.light import render_trust_bundle
from node import exit_codes
from tests.ledger import test_receipts as samples
from tests.node.terminal import PASSPHRASE, Terminal, free_ports


@pytest.fixture
def trust(member_terminal: Terminal) -> Path:
    """The bundle of the validators that signed the samples."""
    path = member_terminal.root / "trust.json"
    path.write_bytes(render_trust_bundle(samples.TRUST))
    return path


@pytest.fixture
def ballot(member_terminal: Terminal) -> Path:
    """A receipt of a ballot."""
    path = member_terminal.root / "ballot.json"
    path.write_bytes(samples._render(samples._ballot_receipt()))
    return path


@pytest.fixture
def counted(member_terminal: Terminal) -> Path:
    """A receipt of a counted ballot."""
    path = member_terminal.root / "counted.json"
    path.write_bytes(samples._render(samples._counted_receipt(0)))
    return path


def test_says_in_words_what_a_receipt_shows(
    member_terminal: Terminal, trust: Path, counted: Path
) -> None:
    """Who vouches for it, when, and for what."""
    said = member_terminal.do("ledger", "verify", counted, "--trust", trust)

    assert "The receipt holds." in said
    assert "More than two thirds of the validators of test-four-1 signed" in said
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
        (("proof", 0), "0a00"),
        (("proof",), []),
        (("extra",), {}),
    ],
)
def test_a_changed_receipt_does_not_hold(
    member_terminal: Terminal,
    trust: Path,
    ballot: Path,
    place: tuple[str | int, ...],
    value: object,
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


def test_a_true_receipt_of_somebody_else_is_told_apart(
    member_terminal: Terminal, trust: Path, ballot: Path
) -> None:
    """A node could hand out another member's."""
    wallet = member_terminal.root / "a.wallet"
    save_wallet(
        wallet,
        create_wallet(random=secrets.token_bytes),
        PASSPHRASE,
        random=secrets.token_bytes,
        strength=STRENGTH_TEST,
    )

    said = member_terminal.type("ledger", "verify", ballot, "--trust", trust, "--wallet", wallet)

    assert "the ballot is not this wallet's" in said
    assert member_terminal.code == exit_codes.FAILED


def test_a_genesis_file_is_trust_as_well(member_terminal: Terminal, ballot: Path) -> None:
    """This one is of another chain, and says so."""
    home = member_terminal.root / "home"
    member_terminal.do("init", "--home", home, *free_ports())

    said = member_terminal.type("ledger", "verify", ballot, "--trust", home / "genesis.json")

    assert "of another chain than 'test-my-cooperative-1'" in said
    assert member_terminal.code == exit_codes.FAILED


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        ("{}", 1, "neither a genesis file nor a trust bundle"),
        ("not JSON", 1, "not well-formed JSON"),
        (None, 2, "cannot be read"),
    ],
)
def test_trust_that_is_none_is_named_so(
    member_terminal: Terminal, ballot: Path, text: str | None, code: int, sentence: str
) -> None:
    """It is not the receipt's fault."""
    path = member_terminal.root / "other.json"
    if text is not None:
        path.write_text(text)

    said = member_terminal.type("ledger", "verify", ballot, "--trust", path)

    assert sentence in said
    assert str(path) in said
    assert "does not hold" not in said
    assert member_terminal.code == code
