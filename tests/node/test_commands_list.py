"""`rochdale ledger list`: whom it asks for which page, and whether that is what comes."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ledger.trust import write_trust_bundle
from node import exit_codes
from tests.ledger import receipt_samples as samples
from tests.node.terminal import Terminal


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment after the samples were made."""
    monkeypatch.setattr(time, "time", lambda: samples.NOW_MS / 1_000)


@pytest.fixture
def trust(member_terminal: Terminal) -> Path:
    """The bundle of the validators that signed the samples."""
    path = member_terminal.root / "trust.json"
    path.write_bytes(write_trust_bundle(samples.TRUST))
    return path


@pytest.fixture
def lying_node() -> Iterator[str]:
    """A node that answers every question with a true receipt of something else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            first = 120 if "/roll/" in self.path else 7
            page = samples.make_page_receipt(samples.ROLL, first=first, count=9)
            body = samples.render(page)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


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
