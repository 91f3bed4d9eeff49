"""At a real node: the cooperative's did:webvh is begun, served, gone on with, and checked."""

import json
from pathlib import Path
from typing import Any

import pytest

from did.resolution.webvh import read_log, resolve_log
from did.resolution.webvh_writing import get_last_entry, get_log_did, is_committed
from node import exit_codes
from node.home import Home, open_home
from node.keystore import begin_key, load_key
from tests.bylaws import make_bylaws, render_toml
from tests.node.full_nodes import fetch, get_height, running, wait_until
from tests.node.terminal import Terminal, free_ports

FAR_S = 4_000_000_000


def start(terminal: Terminal, home: Path) -> None:
    bylaws = terminal.root / "bylaws.toml"
    bylaws.write_text(render_toml(make_bylaws()))
    terminal.do(
        *("init", "--home", home, "--bylaws", bylaws, *free_ports()),
        *("--engine.timeout_commit_ms=300", "--node.origin=https://ash.test"),
    )


def publish(terminal: Terminal, home: Path) -> Any:
    return terminal.ask("did", "publish-webvh", "--home", home)


def read_served(home: Path) -> tuple[bytes, Any, Any]:
    """The log as it is served, the document that it leads to, and the did:web's."""
    kind, text = fetch(home, "/.well-known/did.jsonl")
    assert kind == "text/jsonl"
    data = text.encode()
    resolution = resolve_log(read_log(get_log_did(data), data, now_s=FAR_S))
    return data, resolution.document, json.loads(fetch(home, "/.well-known/did.json")[1])


@pytest.mark.timeout(240)
def test_a_cooperatives_history_is_published_and_goes_on(member_terminal: Terminal) -> None:
    """Two names for one document; each entry by the key that the one before committed to."""
    terminal, path = member_terminal, member_terminal.root / "home"
    start(terminal, path)
    home = open_home(path)
    with running(terminal, path):
        wait_until(lambda: get_height(terminal, path) > 0)
        assert "publishes no did:webvh" in fetch(path, "/.well-known/did.jsonl")[1]
        first = publish(terminal, path)
        again = publish(terminal, path)
        _, document, web = read_served(path)
        assert (first["is_new"], again["is_new"]) == (True, False)
        assert first["version"] == again["version"]
        assert web["id"] in document["alsoKnownAs"]
        assert document["id"] == first["did"]
        assert first["did"] in web["alsoKnownAs"]
        assert keys_of(document) == keys_of(web)

        terminal.do("federation", "rotate-root", "--home", path)
        interrupt(home)
        second = publish(terminal, path)
        data, later, web = read_served(path)
        assert (second["did"], second["is_new"]) == (first["did"], True)
        assert second["version"].startswith("2-")
        assert keys_of(later) == keys_of(web) != keys_of(document)
        assert is_committed(
            get_last_entry(data, now_s=FAR_S), load_key(home.keys, "webvh").public_key
        )
        refuses_what_is_damaged(terminal, home)
        refuses_to_move(terminal, home)


def keys_of(document: Any) -> list[str]:
    return [method["publicKeyMultibase"] for method in document["verificationMethod"]]


def interrupt(home: Home) -> None:
    """As if a former command had ended after making the next key: the same one is taken."""
    begin_key(home.keys, "webvh", random=lambda count: bytes([7]) * count)


def refuses_what_is_damaged(terminal: Terminal, home: Home) -> None:
    """A log or key from another backup is not gone on with."""
    log, key = home.webvh_path.read_bytes(), (home.keys / "webvh.key").read_bytes()
    home.webvh_path.write_bytes(log.replace(b"ActivityPubActor", b"ActivityPubActer"))
    terminal.type("did", "publish-webvh", "--home", home.root)
    assert terminal.code == exit_codes.MISCONFIGURED
    assert "is damaged" in terminal.error
    home.webvh_path.write_bytes(log)
    (home.keys / "webvh.key").write_bytes(b"00" * 32)
    terminal.do("federation", "rotate-root", "--home", home.root)
    terminal.type("did", "publish-webvh", "--home", home.root)
    assert "same backup" in " ".join(terminal.error.split())
    (home.keys / "webvh.key").write_bytes(key)


def refuses_to_move(terminal: Terminal, home: Home) -> None:
    """Readers of the old address would not find it."""
    terminal.do("federation", "update", "--home", home.root, "--node.origin=https://elm.test")
    terminal.type("did", "publish-webvh", "--home", home.root)
    assert terminal.code == exit_codes.FAILED
    assert "does not move" in " ".join(terminal.error.split())
