"""At a real node: keys rotate, guardians bring an account back, and its DID tells all of it."""

import json
import stat
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from did.resolution.syntax import parse_did
from node import exit_codes
from tests.bylaws import make_bylaws, render_toml
from tests.node.full_nodes import get_height, get_url, running, wait_until
from tests.node.terminal import Terminal, free_ports

TIME_SCALE = "100800"
"""A week takes six seconds."""


def start(terminal: Terminal, home: Path) -> None:
    bylaws = terminal.root / "bylaws.toml"
    bylaws.write_text(render_toml(make_bylaws()))
    terminal.do(
        *("init", "--home", home, "--bylaws", bylaws, "--time-scale", TIME_SCALE, *free_ports()),
        "--engine.timeout_commit_ms=300",
    )


def join(terminal: Terminal, home: Path, url: str) -> Path:
    wallet = terminal.root / "ada.wallet"
    terminal.do("wallet", "new", wallet, "--test-chain")
    terminal.do("wallet", "apply", wallet, "--node", url, "--name", "Ada")
    terminal.do("member", "admit", "--all", "--home", home)
    return wallet


@pytest.mark.timeout(240)
def test_an_account_is_rotated_lost_and_recovered(
    member_terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every version of its document is checked against the ledger, offline."""
    terminal, home = member_terminal, member_terminal.root / "home"
    start(terminal, home)
    with running(terminal, home):
        wait_until(lambda: get_height(terminal, home) > 0)
        url = get_url(home)
        monkeypatch.setenv("ROCHDALE_NODE", url)
        trust = ("--trust", home / "genesis.json")
        wallet = join(terminal, home, url)
        did = str(terminal.ask("wallet", "show", wallet)["account_did"])
        first = terminal.ask("did", "resolve", did, *trust)
        assert first["didDocumentMetadata"]["versionId"] == "0"

        assert log_in(terminal, wallet)
        terminal.do("wallet", "rotate", wallet)
        assert log_in(terminal, wallet), "by the account's DID, as the did:key is a stranger's now"
        second = terminal.ask("did", "resolve", did, *trust)
        assert second["didDocumentMetadata"]["versionId"] == "1"
        assert second["didDocument"] != first["didDocument"]
        former = terminal.ask("did", "resolve", did, "--version-id", "0", *trust)
        assert former["didDocument"] == first["didDocument"]
        created = str(first["didDocumentMetadata"]["created"])
        times_agree(created, second=second, former=former)
        names_agree(terminal, url, trust)
        at_first = terminal.ask("did", "resolve", did, "--version-time", created, *trust)
        assert at_first["didDocumentMetadata"]["versionId"] in {"0", "1"}  # same second

        file = choose_guardians(terminal, wallet)
        vetoed(terminal, did, file, wallet)
        recovered = recover(terminal, did, file, attempt=2)
        wait_until(lambda: version_of(terminal, did) == "3")
        assert terminal.ask("wallet", "status", recovered, *trust)["is_member"]
        assert log_in(terminal, recovered)
        terminal.type("wallet", "sessions", wallet)
        assert terminal.code == exit_codes.FAILED
        terminal.type("wallet", "rotate", wallet)
        assert terminal.code == exit_codes.FAILED

        terminal.type("wallet", "end", recovered)
        assert "--yes" in terminal.error
        terminal.do("wallet", "end", recovered, "--yes")
        ended = terminal.ask("did", "resolve", did, *trust)
        assert ended["didDocument"] is None
        assert ended["didDocumentMetadata"]["deactivated"] is True
        refused(terminal, did, trust)


def times_agree(created: str, *, second: Any, former: Any) -> None:
    """`created` is the DID's, in each version's metadata."""
    later, earlier = second["didDocumentMetadata"], former["didDocumentMetadata"]
    assert (later["created"], earlier["created"]) == (created, created)
    assert "updated" not in earlier
    assert earlier["nextUpdate"] == later["updated"]


def names_agree(terminal: Terminal, url: str, trust: tuple[object, ...]) -> None:
    """The cooperative's two DIDs name each other, the ledger's with a proof; a person's none."""
    with urllib.request.urlopen(f"{url}/.well-known/did.json") as answer:  # noqa: S310 - ours
        web = json.load(answer)
    root = web["alsoKnownAs"][-1]
    told = terminal.ask("did", "resolve", root, *trust)["didDocument"]
    assert (told["id"], told["alsoKnownAs"]) == (root, [web["id"]])


def log_in(terminal: Terminal, wallet: Path) -> bool:
    return "sessions" in terminal.ask("wallet", "sessions", wallet)


def choose_guardians(terminal: Terminal, wallet: Path) -> Path:
    keys = []
    for number in range(3):
        said = terminal.do("wallet", "guard", terminal.root / f"guardian{number}", "--test-chain")
        keys += ["--key", said.split("guard  ")[1].split()[0]]
    file = terminal.root / "guardians.json"
    terminal.do(
        *("wallet", "guardians", wallet, *keys, "--threshold", "2", "--override", "3"),
        *("-o", file),
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    return file


def recover(terminal: Terminal, did: str, guardians: Path, *, attempt: int) -> Path:
    """Two guardians sign, in any order; which key has which number is in the file."""
    new = terminal.root / f"new{attempt}.wallet"
    request = terminal.root / f"request{attempt}.json"
    terminal.do("wallet", "new", new, "--test-chain")
    chosen = json.loads(guardians.read_bytes())["guardians"]
    numbers = [chosen.index(key) + 1 for key in (key_of(terminal, 0), key_of(terminal, 2))]
    options = [item for number in numbers for item in ("--guardian", str(number))]
    terminal.do(
        *("wallet", "recover", "begin", did, "--guardians", guardians, "-w", new),
        *(*options, "-o", request, "--trust", terminal.root / "home" / "genesis.json"),
    )
    terminal.type("wallet", "recover", "send", request)
    assert "have not signed yet" in terminal.error
    terminal.type("wallet", "recover", "sign", request, "--key", terminal.root / "guardian1")
    assert "does not wait for this key" in terminal.error
    terminal.do("wallet", "recover", "sign", request, "--key", terminal.root / "guardian0")
    terminal.do("wallet", "recover", "sign", request, "--key", terminal.root / "guardian2")
    terminal.do("wallet", "recover", "send", request)
    return new


def key_of(terminal: Terminal, number: int) -> str:
    from did.guardians import load_guardian_key
    from did.keys import encode_multikey
    from tests.node.terminal import PASSPHRASE

    key = load_guardian_key(terminal.root / f"guardian{number}", PASSPHRASE)
    return encode_multikey(key.public_key)


def vetoed(terminal: Terminal, did: str, guardians: Path, wallet: Path) -> None:
    """The owner is still there."""
    recover(terminal, did, guardians, attempt=1)
    terminal.do("wallet", "veto", wallet, "--attempt", "1")
    terminal.type("wallet", "veto", wallet, "--attempt", "1")
    assert "look at the account's last one" in terminal.error
    assert version_of(terminal, did) == "2"


def version_of(terminal: Terminal, did: str) -> str:
    return str(terminal.ask("did", "resolve", did)["didDocumentMetadata"]["versionId"])


def refused(terminal: Terminal, did: str, trust: tuple[object, ...]) -> None:
    """Another network, a version that is not there, a DID that is none, one without proof."""
    network = parse_did(did).rest.partition(":")[0]
    for text, options, said in (
        (did.replace(network, "other", 1), (), "notFound"),
        (did, ("--version-id", "9"), "notFound"),
        (did, ("--version-id", "1", "--version-time", "2026-01-01T00:00:00Z"), "not for both"),
        (did, ("--version-time", "2020-01-01T00:00:00Z"), "did not exist"),
        (did + "0", (), "invalidDid"),
        ("nonsense", (), "a DID reads"),
        ("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", trust, "comes with a proof"),
    ):
        terminal.type("did", "resolve", text, *options)
        assert terminal.code != exit_codes.OK
        assert said in terminal.error
