"""`rochdale ledger list`: whom it asks for which page, and whether that is what comes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node import exit_codes
from tests.ledger import receipt_samples as samples
from tests.node.answering import serve
from tests.node.terminal import Terminal

pytestmark = pytest.mark.usefixtures("samples_clock")


@pytest.fixture
def lying_node() -> Iterator[str]:
    """A node that answers every question with a true receipt of something else."""
    pages = {"/api/receipts/page/roll/": 120, "/": 7}
    answers = {
        path: samples.render(samples.make_page_receipt(samples.ROLL, first=first, count=9))
        for path, first in pages.items()
    }
    with serve(answers) as url:
        yield url


@pytest.mark.parametrize(
    "asked",
    [
        ("roll", samples.COOPERATIVE.hex(), "--from", "119"),
        ("roll", samples.COOPERATIVE.hex(), "--from", "120", "--limit", "8"),
        ("roll", samples.PROPOSAL.hex(), "--from", "120"),
        ("decisions", "--from", "7"),
    ],
)
def test_a_true_page_of_something_else_is_told_apart(
    member_terminal: Terminal, trust: Path, lying_node: str, asked: tuple[str, ...]
) -> None:
    """Of another list, from another place on, or longer than was asked for."""
    said = member_terminal.type("ledger", "list", *asked, "--node", lying_node, "--trust", trust)

    assert "another page than was asked for" in said
    assert member_terminal.code == exit_codes.FAILED


def test_a_home_that_was_typed_wins_over_the_environment(
    member_terminal: Terminal, lying_node: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And another node named beside it is no matter of chance."""
    monkeypatch.setenv("ROCHDALE_NODE", lying_node)
    monkeypatch.setenv("ROCHDALE_WALLET", "/nowhere/a.wallet")
    asked = ("ledger", "list", "decisions", "--home", "/nowhere")

    assert "there is no node at /nowhere" in member_terminal.type(*asked)
    said = member_terminal.type(*asked, "--node", lying_node)

    assert "name one" in said
    assert member_terminal.code == exit_codes.MISCONFIGURED
    monkeypatch.setenv("ROCHDALE_HOME", "/nowhere")
    assert "whom you believe" in member_terminal.type("ledger", "list", "decisions")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["lists"], "there is no list 'lists'"),
        (["roll"], "the list roll is named by a cooperative's id: ids have all of their 64 digits"),
        (["roll", "ab" * 8], "as `rochdale federation list --json`"),
        (["roll", "Birch"], "an id is hexadecimal"),
    ],
)
def test_a_list_is_named_by_whole_ids(
    member_terminal: Terminal, words: list[str], says: str
) -> None:
    """Tables show the first digits; the command says where the others are."""
    assert says in member_terminal.refuse("ledger", "list", *words)
    assert member_terminal.code == exit_codes.MISCONFIGURED


def test_a_place_that_no_list_has_is_refused(member_terminal: Terminal, lying_node: str) -> None:
    """Beyond what a whole number of the ledger can be."""
    asked = ("ledger", "list", "decisions", "--node", lying_node, "--from", str(1 << 63))

    member_terminal.type(*asked)

    assert member_terminal.code == exit_codes.MISCONFIGURED
    assert "--from" in member_terminal.error
