"""`rochdale register`, typed."""

import io
import secrets
import sys
import time
from pathlib import Path

import pytest

from did.sealing import compute_box_key
from node import exit_codes
from node.home import Home, open_home
from node.register_office import load_registrar_key
from node.registrar import open_register
from node.web.names import Person
from tests.node.terminal import Terminal, free_ports

DID = "did:web:ann.example"


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    tmp_path.chmod(0o700)
    return Terminal(capsys, tmp_path)


@pytest.fixture
def home(terminal: Terminal) -> Home:
    terminal.do("init", "--home", terminal.root / "home", *free_ports())
    return open_home(terminal.root / "home")


def make_keys(terminal: Terminal, home: Home) -> list[Path]:
    """Two registrars' key files, named."""
    paths = [terminal.root / "ruth.key", terminal.root / "omar.key"]
    public = [terminal.do("register", "key", path).strip() for path in paths]
    named = terminal.ask("register", "registrars", *public, "--home", home.root)
    assert named == sorted(public)
    return paths


def enter(home: Home) -> None:
    """Ann, a member."""
    with open_register(home) as store:
        holder = store.holders.create(DID, account=secrets.token_bytes(32))
        store.names.put(
            Person(
                name="Ann [b]Example",
                contact="by post",
                holder_id=holder.id,
                did=DID,
                since_day=int(time.time()) // 86_400,
                is_book=True,
            )
        )


def test_two_registrars_open_a_name_in_two_steps(terminal: Terminal, home: Home) -> None:
    """Each with their own file; the log shows it."""
    ruth, omar = make_keys(terminal, home)
    enter(home)
    request = terminal.root / "request.json"
    why = ["--reason", "a court asks", "--home", home.root]

    said = terminal.do("register", "open", "Ann [b]Example", "--key", ruth, "-o", request, *why)
    refused = terminal.type(
        "register", "complete", request, "--key", ruth, "--yes", "--home", home.root
    )
    opened = terminal.ask(
        "register", "complete", request, "--key", omar, "--yes", "--home", home.root
    )

    assert "Ann" not in said
    assert "another registrar" in refused
    assert (opened["name"], opened["did"]) == ("Ann [b]Example", DID)
    assert len(opened["account"]) == 64
    assert request.stat().st_mode & 0o077 == 0
    log = terminal.ask("register", "log", "--home", home.root)
    assert [item["what"] for item in log] == ["opened", "opening-asked", "registrars-named"]
    assert log[0]["detail"] == ""


def test_two_registrars_correct_a_name_in_two_steps(
    terminal: Terminal, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second sees what will be changed before they say yes."""
    ruth, omar = make_keys(terminal, home)
    enter(home)
    request = terminal.root / "request.json"
    why = ["--reason", "she married", "--home", home.root]
    terminal.type("register", "correct", "Ann [b]Example", "--key", ruth, *why, "-o", request)
    assert "say what is to be corrected" in terminal.error
    new = ["--name", "Ann [i]Other", "--contact", ""]
    terminal.do("register", "correct", "Ann [b]Example", *new, "--key", ruth, *why, "-o", request)

    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    asked = terminal.type("register", "complete", request, "--key", omar, "--home", home.root)
    done = terminal.ask(
        "register", "complete", request, "--key", omar, "--yes", "--home", home.root
    )

    assert "new name: Ann [i]Other" in asked
    assert "new contact: " in asked
    assert (done["name"], done["contact"]) == ("Ann [i]Other", "")
    assert terminal.ask("register", "inspect", "--key", ruth, *why) == ["Ann [i]Other"]
    log = terminal.ask("register", "log", "--home", home.root)
    assert [item["what"] for item in log[1:3]] == ["corrected", "opened"]


def test_a_register_is_sealed_to_its_next_registrar(terminal: Terminal, home: Home) -> None:
    """Ruth and Omar hand over to Ruth and Nele; then Omar's key opens nothing."""
    ruth, omar = make_keys(terminal, home)
    enter(home)
    nele, request = terminal.root / "nele.key", terminal.root / "reseal.json"
    public = terminal.do("register", "key", nele).strip()
    own = compute_box_key(load_registrar_key(ruth)).hex()
    named = terminal.do("register", "registrars", own, public, "--home", home.root)
    assert "rochdale register reseal" in named
    why = ["--reason", "Omar has left", "--home", home.root]

    said = terminal.do("register", "reseal", "--key", ruth, *why, "-o", request)
    done = terminal.ask("register", "complete", request, "--key", omar, "--home", home.root)

    assert "1 names are sealed" in said
    assert "1 entries are still sealed, in part, to others" in said
    assert request.stat().st_mode & 0o777 == 0o600
    assert done == {"done": 1, "left": 0}
    assert terminal.ask("register", "inspect", "--key", nele, *why) == ["Ann [b]Example"]
    terminal.type("register", "inspect", "--key", omar, *why)
    assert "does not open with the key" in terminal.error
    other = request.with_name("other.json")
    assert terminal.ask("register", "reseal", "--key", ruth, *why, "-o", other) == {
        "done": 0,
        "left": 0,
    }


def test_an_inspection_shows_names_only(terminal: Terminal, home: Home) -> None:
    """Neither contact nor account."""
    ruth, _ = make_keys(terminal, home)
    enter(home)

    names = terminal.ask(
        "register", "inspect", "--reason", "the law", "--key", ruth, "--home", home.root
    )
    said = terminal.do(
        "register", "inspect", "--reason", "the law", "--key", ruth, "--home", home.root
    )

    assert names == ["Ann [b]Example"]
    assert said.strip() == "Ann [b]Example"
    told = terminal.do("register", "log", "--home", home.root)
    assert told.count("the law") == 2


def test_two_registrars_erase_and_a_backup_brings_nobody_back(
    terminal: Terminal, home: Home
) -> None:
    """Backup, erase, restore: gone."""
    ruth, omar = make_keys(terminal, home)
    enter(home)
    request, copy = terminal.root / "request.json", terminal.root / "copy.db"
    terminal.do("register", "backup", copy, "--home", home.root)
    terminal.do(
        "register", "erase", "Ann [b]Example", "--reason", "she asks", "--key", ruth,
        "-o", request, "--home", home.root,
    )  # fmt: skip
    terminal.do(
        "register", "complete", request, "--key", omar, "--yes", "--left", "--home", home.root
    )

    said = terminal.do("register", "restore", copy, "--home", home.root)

    assert "2 erased entries" in said
    with open_register(home) as store:
        assert store.holders.find_by_did(DID) is None


def test_one_registrar_alone_has_to_be_said(terminal: Terminal, home: Home) -> None:
    """And is said again whenever it is shown."""
    key = terminal.do("register", "key", terminal.root / "ruth.key").strip()
    refused = terminal.type("register", "registrars", key, "--home", home.root)
    assert terminal.code == exit_codes.MISCONFIGURED

    said = terminal.do("register", "registrars", "--alone", "--home", home.root)

    assert "--alone" in refused
    assert "nobody else has to agree" in said


def test_a_key_file_is_never_overwritten(terminal: Terminal) -> None:
    """It may be the only one that opens the book."""
    path = terminal.root / "ruth.key"
    terminal.do("register", "key", path)

    assert "choose a new file" in terminal.type("register", "key", path)
    assert path.stat().st_mode & 0o077 == 0


def test_the_key_is_rotated_and_an_invitation_made(terminal: Terminal, home: Home) -> None:
    """By command."""
    enter_key = make_keys(terminal, home)[0]
    enter(home)
    said = terminal.do("register", "rotate-key", "--home", home.root)
    code = terminal.do("register", "invite", "--home", home.root).strip()

    assert "register-retired-1.key" in said.replace("\n", "")
    assert len(code) == 22
    assert code.encode() not in home.private_path.read_bytes()
    names = terminal.ask(
        "register", "inspect", "--reason", "the law", "--key", enter_key, "--home", home.root
    )
    assert names == ["Ann [b]Example"]


@pytest.mark.parametrize("key", ["", "xyz", "AB" * 32])
def test_a_public_key_is_hex(terminal: Terminal, home: Home, key: str) -> None:
    """Said in one line."""
    assert "64 lowercase" in terminal.type(
        "register", "registrars", key, "--alone", "--home", home.root
    )
