"""The command line: what an operator types and reads."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from node import exit_codes
from node.home import Home, open_home, prepare_run
from node.lock import take_lock
from node.preflight import PROCESS_KEYS
from tests.node.terminal import Terminal, free_ports


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Terminal]:
    with mock.patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith("ROCHDALE_")]:
            del os.environ[name]
        yield Terminal(capsys, tmp_path)


@pytest.fixture
def home(terminal: Terminal) -> Home:
    """A node alone."""
    terminal.type("init", "--home", terminal.root / "home", *free_ports())
    assert terminal.code == exit_codes.OK, terminal.error
    return open_home(terminal.root / "home")


def test_a_node_alone_is_made_with_one_command(terminal: Terminal, home: Home) -> None:
    """Keys, settings, genesis and an empty ledger; on a test chain, as nobody can reach it."""
    genesis = json.loads(home.genesis_path.read_bytes())

    assert genesis["chain_id"] == "test-my-cooperative-1"
    assert len(genesis["validators"]) == 1
    assert 'chain_id = "test-my-cooperative-1"' in home.settings_path.read_text()
    assert all((home.keys / f"{name}.key").is_file() for name in PROCESS_KEYS)


def test_a_public_origin_begins_a_real_chain(terminal: Terminal) -> None:
    """With the charter's windows and the long heartbeat."""
    flags = ["--node.origin=https://coop.example", "--node.name=St. Ödön, Nord", *free_ports()]

    terminal.type("init", "--home", terminal.root / "h", *flags)

    assert terminal.code == exit_codes.OK
    text = (terminal.root / "h" / "rochdale.toml").read_text(encoding="utf-8")
    assert 'chain_id = "st-odon-nord-1"' in text
    assert "heartbeat_ms = 60000" in text


def test_never_makes_a_node_over_another(terminal: Terminal, home: Home) -> None:
    """Its keys are there."""
    assert "is not empty" in terminal.type("init", "--home", home.root)
    assert terminal.code == exit_codes.MISCONFIGURED
    assert home.genesis_path.exists()


def test_a_failed_init_leaves_nothing(terminal: Terminal) -> None:
    """So that the corrected command can be run at once."""
    bylaws = terminal.root / "bylaws.toml"
    bylaws.write_text("version = 1\n")

    terminal.type("init", "--home", terminal.root / "h", "--bylaws", bylaws, *free_ports())

    assert terminal.code == exit_codes.MISCONFIGURED
    assert "bylaws.toml: bylaws: quorum is missing" in terminal.error
    assert not (terminal.root / "h").exists()


def test_a_real_chain_refuses_scaled_windows(terminal: Terminal) -> None:
    """Seven days are seven days."""
    flags = ["--node.origin=https://coop.example", "--time-scale=60", *free_ports()]

    terminal.type("init", "--home", terminal.root / "h", *flags)

    assert terminal.code == exit_codes.FAILED
    assert not (terminal.root / "h").exists()


def test_four_founders_begin_a_chain(terminal: Terminal) -> None:
    """Init, offer, assemble, adopt; and a fifth node follows."""
    homes = [terminal.root / name for name in ("a", "b", "c", "d")]
    offers = [terminal.root / f"{home.name}.jws" for home in homes]
    for home, offer in zip(homes, offers, strict=True):
        flags = [
            "--network.chain_id=test-four-1",
            f"--node.origin=https://{home.name}.test",
            *free_ports(),
        ]
        terminal.type("init", "--founding", "--home", home, *flags)
        terminal.type("genesis", "offer", "--home", home, "-o", offer)
        assert terminal.code == exit_codes.OK, terminal.error
    genesis, again = terminal.root / "genesis.json", terminal.root / "again.json"
    begins = ["--begins", "2026-01-31T12:00:00Z"]

    terminal.type("genesis", "assemble", *offers, "-o", genesis, *begins)
    terminal.type("genesis", "assemble", *reversed(offers), "-o", again, *begins)
    for home in homes:
        terminal.type("genesis", "adopt", genesis, "--home", home)
        assert terminal.code == exit_codes.OK, terminal.error
    flags = ["--node.origin=https://e.test", *free_ports()]
    terminal.type("init", "--join", genesis, "--home", terminal.root / "e", *flags)

    assert terminal.code == exit_codes.OK, terminal.error
    assert genesis.read_bytes() == again.read_bytes()
    assert open_home(terminal.root / "e").genesis_path.read_bytes() == genesis.read_bytes()
    assert json.loads(genesis.read_bytes())["genesis_time"] == "2026-01-31T12:00:00Z"


def test_a_file_that_is_none_of_a_founding_is_named(terminal: Terminal) -> None:
    """Founders exchange files by hand: which of them is the wrong one?"""
    home, offer, notes = (terminal.root / name for name in ("a", "a.jws", "notes.txt"))
    flags = ["--network.chain_id=test-two-1", "--node.origin=https://a.test", *free_ports()]
    terminal.do("init", "--founding", "--home", home, *flags)
    terminal.do("genesis", "offer", "--home", home, "-o", offer)
    notes.write_text("to do")

    said = terminal.refuse("genesis", "assemble", offer, notes, "-o", terminal.root / "out")
    assert f"{notes} is no offer of a founder:" in said
    assert not (terminal.root / "out").exists()
    assert f"{offer} does not hold:" in terminal.refuse("genesis", "adopt", offer, "--home", home)


def test_refuses_a_genesis_that_was_changed(terminal: Terminal, home: Home) -> None:
    """A founder adopts only what says exactly what was signed."""
    changed = terminal.root / "changed.json"
    changed.write_bytes(home.genesis_path.read_bytes().replace(b'"100"', b'"900"'))

    terminal.type("init", "--join", changed, "--home", terminal.root / "j", *free_ports())

    assert terminal.code == exit_codes.FAILED
    assert not (terminal.root / "j").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["status", "--home", "/nowhere"], 2, "make one with `rochdale init --home /nowhere`"),
        (["start", "--home", "/nowhere"], 2, "there is no node at /nowhere"),
        (["stop", "--home", "/nowhere"], 2, "there is no node at /nowhere"),
        (["start", "--web.listn", "x"], 2, "did you mean web.listen?"),
        (["init", "--founding"], 2, "--network.chain_id"),
        (["init", "--founding", "--join", "x"], 2, "choose one of"),
        (["init", "--join", "/nowhere"], 2, "/nowhere cannot be read"),
        (
            ["init", "--bylaws", "x", "--home", "/nowhere/h"],
            2,
            "bylaws x cannot be read (No such file or directory): give a TOML file",
        ),
        (["genesis", "assemble", "/nowhere"], 2, "/nowhere cannot be read"),
        (["statsu"], 2, "No such command"),
    ],
)
def test_every_mistake_has_a_sentence_and_a_code(
    terminal: Terminal, arguments: list[str], code: int, sentence: str
) -> None:
    """Never a traceback."""
    said = terminal.type(*arguments)

    assert sentence in said
    assert terminal.code == code


def test_status_of_a_node_that_is_not_running(terminal: Terminal, home: Home) -> None:
    """Exit code 3, so that scripts can ask; the sentence holds the command."""
    assert f"rochdale start --home {home.root}" in terminal.type("status", "--home", home.root)
    assert terminal.code == exit_codes.UNAVAILABLE

    terminal.type("status", "--json", "--home", home.root)

    assert terminal.code == exit_codes.UNAVAILABLE
    assert json.loads(terminal.out)["running"] is False


def test_stopping_what_does_not_run_is_no_failure(terminal: Terminal, home: Home) -> None:
    """What was wanted holds."""
    assert "is not running" in terminal.type("stop", "--home", home.root)
    assert terminal.code == exit_codes.OK


def test_settings_show_where_each_comes_from(terminal: Terminal, home: Home) -> None:
    """File, environment or flag."""
    terminal.type("settings", "--json", "--home", home.root, "--log.level=debug")
    rows = {row["key"]: row for row in json.loads(terminal.out)}

    assert rows["log.level"]["value"] == "debug"
    assert rows["log.level"]["source"] == "environment or flag"
    assert rows["node.name"]["source"] == "file"
    assert "log.level" in terminal.type("settings", "--home", home.root)


def test_a_start_names_the_port_that_is_taken(terminal: Terminal, home: Home) -> None:
    """And the setting that changes it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        flag = f"--web.listen=127.0.0.1:{taken.getsockname()[1]}"
        said = terminal.type("start", "--home", home.root, flag)

    assert "web.listen: 127.0.0.1 port" in said
    assert "set another port" in said
    assert terminal.code == exit_codes.MISCONFIGURED


def test_a_start_refuses_two_servers_on_one_port(terminal: Terminal, home: Home) -> None:
    """Before one of them fails on the other."""
    flags = ["--web.listen=127.0.0.1:5001", "--engine.p2p_listen=127.0.0.1:5001"]

    assert "give each its own" in terminal.type("start", "--home", home.root, *flags)
    assert terminal.code == exit_codes.MISCONFIGURED


def test_a_start_names_a_missing_engine(terminal: Terminal, home: Home) -> None:
    """And how to get one."""
    said = terminal.type("start", "--home", home.root, "--engine.binary=/nowhere/engine")

    assert "run `make setup`" in said
    assert terminal.code == exit_codes.MISCONFIGURED


def test_a_start_refuses_keys_that_others_may_read(terminal: Terminal, home: Home) -> None:
    """And says the command that mends it."""
    key = home.keys / "consensus.key"
    key.chmod(0o644)

    assert f"chmod 600 {key}" in terminal.type("start", "--home", home.root)
    assert terminal.code == exit_codes.MISCONFIGURED


def test_a_start_names_invalid_toml(terminal: Terminal, home: Home) -> None:
    """The file, and where."""
    home.settings_path.write_text("[node\n")

    assert "is not valid TOML" in terminal.type("start", "--home", home.root)
    assert terminal.code == exit_codes.MISCONFIGURED


def test_a_start_without_a_chain_says_what_is_missing(terminal: Terminal) -> None:
    """A founder's node waits for its genesis."""
    home = terminal.root / "f"
    flags = ["--network.chain_id=test-x-1", *free_ports()]
    terminal.type("init", "--founding", "--home", home, *flags)

    assert "rochdale genesis adopt" in terminal.type("start", "--home", home)
    assert terminal.code == exit_codes.MISCONFIGURED


def test_a_start_refuses_a_second_chain(terminal: Terminal, home: Home) -> None:
    """A home belongs to one chain."""
    other = terminal.root / "other"
    terminal.type("init", "--home", other, "--node.name=Other", *free_ports())

    said = terminal.type("genesis", "adopt", other / "genesis.json", "--home", home.root)

    assert "is on another chain already" in said
    assert terminal.code == exit_codes.MISCONFIGURED


def test_a_start_sees_that_the_node_runs(terminal: Terminal, home: Home) -> None:
    """The lock tells, not a file that may be left over."""
    code = "import sys; from pathlib import Path; from node.lock import take_lock; "
    code += "take_lock(Path(sys.argv[1]) / 'node.lock', wait_s=0); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(home.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        said = terminal.type("start", "--home", home.root)
        other.kill()

    assert f"is running already (process {other.pid})" in said
    assert terminal.code == exit_codes.UNAVAILABLE
    os.close(take_lock(home.lock_path, wait_s=0))


def test_a_damaged_genesis_is_named(terminal: Terminal, home: Home) -> None:
    """The node never starts on a chain that its founders did not sign."""
    home.genesis_path.write_bytes(home.genesis_path.read_bytes() + b" ")

    assert "was changed" in terminal.type("start", "--home", home.root)
    assert terminal.code == exit_codes.MISCONFIGURED
    shutil.rmtree(home.root)


@pytest.mark.parametrize(
    ("last_exit", "code"), [(4, exit_codes.OUTDATED), (1, exit_codes.INTERNAL)]
)
def test_whoever_asks_the_engine_of_a_node_that_halted_is_told_why(
    terminal: Terminal, home: Home, last_exit: int, code: int
) -> None:
    """The node runs, and its engine will not answer before a person acted."""
    prepare_run(home)
    rows = [{"name": "ledger", "last_exit": last_exit}]
    halted = {"pid": os.getpid(), "halted": ["block 6 needs Rochdale 2"], "processes": rows}
    for command in (["federation", "list"], ["trust", "export"]):
        silent = terminal.refuse(*command, "--home", home.root)
        assert terminal.code == exit_codes.UNAVAILABLE
        assert "the engine does not answer; is the node running?" in silent
        home.status_path.write_text(json.dumps(halted))

        said = terminal.refuse(*command, "--home", home.root)

        assert said == "rochdale: this node has halted: block 6 needs Rochdale 2"
        assert terminal.code == code
        home.status_path.unlink()
