"""The engine's binary and home: checked before anything is started."""

import dataclasses
import json
import subprocess
import tomllib
from pathlib import Path

import pytest

from config.errors import MisconfiguredError
from config.settings import EngineSection
from did.keys import KeyPair
from ledger.engine import (
    ENGINE_VERSION,
    EngineHome,
    check_engine,
    compute_node_id,
    engine_argv,
    get_default_engine_path,
    get_engine_environment,
    render_engine_config,
    write_engine_home,
)

NODE_KEY = KeyPair(bytes([8]) * 32)
CONSENSUS_KEY = KeyPair(bytes([7]) * 32)


def _home(directory: Path, **changes: object) -> EngineHome:
    home = EngineHome(
        path=directory / "engine",
        chain_id="test-one-1",
        moniker='Zoë "1"\n',
        abci_socket=directory / "abci.sock",
        rpc_socket=directory / "rpc.sock",
        settings=EngineSection(),
    )
    return dataclasses.replace(home, **changes)  # type: ignore[arg-type]


def _write(
    home: EngineHome, *, consensus_key: KeyPair = CONSENSUS_KEY, genesis: bytes = b"{}"
) -> None:
    write_engine_home(home, node_key=NODE_KEY, consensus_key=consensus_key, genesis=genesis)


def test_accepts_the_engine_that_set_up_built() -> None:
    """Version, build record and self-check agree."""
    assert check_engine().version == ENGINE_VERSION


def test_refuses_a_missing_engine_and_names_the_command(short_directory: Path) -> None:
    """The operator reads what to do next."""
    with pytest.raises(MisconfiguredError, match="make setup"):
        check_engine(short_directory / "cometbft")


def test_refuses_an_engine_that_is_not_executable(short_directory: Path) -> None:
    """A copied file often lost its mode."""
    path = short_directory / "cometbft"
    path.write_text("#!/bin/sh\n")

    with pytest.raises(MisconfiguredError, match="chmod"):
        check_engine(path)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 0.38.25", "must run 0.38.26"),
        ("exit 3", "does not run"),
        ("echo 0.38.26 # github.com/cometbft/cometbft\tv0.38.25\n", "must run 0.38.26"),
        ("echo 0.38.26", "self-check"),
    ],
)
def test_refuses_an_engine_that_is_not_what_it_says(
    short_directory: Path, script: str, message: str
) -> None:
    """Version texts are known to lie: the build record and a computed id decide."""
    path = short_directory / "cometbft"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)

    with pytest.raises(MisconfiguredError, match=message):
        check_engine(path)


def test_the_engine_reads_our_node_key_as_we_do(short_directory: Path) -> None:
    """Partners dial the id that we compute."""
    home = _home(short_directory)
    _write(home)

    result = subprocess.run(
        [str(get_default_engine_path()), "show-node-id", "--home", str(home.path)],
        capture_output=True,
        check=True,
        text=True,
    )

    assert result.stdout.strip() == compute_node_id(NODE_KEY.public_key)


def test_secrets_are_readable_by_their_owner_alone(short_directory: Path) -> None:
    """The consensus key signs blocks in the cooperative's name."""
    home = _home(short_directory)
    _write(home)

    for path in home.path.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_writing_again_keeps_what_was_signed_and_takes_new_settings(
    short_directory: Path,
) -> None:
    """The record of the last signature prevents signing twice; settings follow the TOML file."""
    home = _home(short_directory)
    _write(home)
    state = home.path / "data" / "priv_validator_state.json"
    state.write_text('{"height": "7"}')

    _write(dataclasses.replace(home, settings=EngineSection(heartbeat_ms=777)))

    assert json.loads(state.read_text()) == {"height": "7"}
    assert "777ms" in (home.path / "config" / "config.toml").read_text()


def test_refuses_a_home_of_another_chain_or_key(short_directory: Path) -> None:
    """A validator's history belongs to one key on one chain."""
    home = _home(short_directory)
    _write(home)

    with pytest.raises(MisconfiguredError, match="genesis"):
        _write(home, genesis=b"{ }")
    with pytest.raises(MisconfiguredError, match="consensus key"):
        _write(home, consensus_key=NODE_KEY)


def test_refuses_a_socket_path_that_is_too_long(short_directory: Path) -> None:
    """Unix sockets cannot have long paths, and the engine says so only obscurely."""
    with pytest.raises(MisconfiguredError, match="shorter directory"):
        _write(_home(short_directory, rpc_socket=short_directory / ("x" * 100)))


def test_the_configuration_is_toml_that_says_what_the_settings_say(short_directory: Path) -> None:
    """Names may hold anything; only plain ASCII reaches the engine."""
    settings = EngineSection(persistent_peers=("a@h:1", "b@h:2"), heartbeat_ms=60_000)
    home = _home(short_directory, settings=settings)

    config = tomllib.loads(render_engine_config(home))

    assert config["moniker"] == 'Zo "1"'
    assert config["p2p"]["persistent_peers"] == "a@h:1,b@h:2"
    assert config["p2p"]["pex"] is False
    assert config["consensus"]["create_empty_blocks"] is False
    assert config["consensus"]["create_empty_blocks_interval"] == "60000ms"
    assert config["proxy_app"] == f"unix://{home.abci_socket}"
    assert config["rpc"]["laddr"] == f"unix://{home.rpc_socket}"


def test_only_test_chains_relax_the_peer_rules(short_directory: Path) -> None:
    """Many engines on one address are for tests."""
    real = tomllib.loads(render_engine_config(_home(short_directory, chain_id="heart-1")))
    test = tomllib.loads(render_engine_config(_home(short_directory)))

    assert (real["p2p"]["addr_book_strict"], real["p2p"]["allow_duplicate_ip"]) == (True, False)
    assert (test["p2p"]["addr_book_strict"], test["p2p"]["allow_duplicate_ip"]) == (False, True)


def test_the_environment_cannot_move_the_engines_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """CometBFT reads CMT… and TMHOME before its own flags."""
    monkeypatch.setenv("CMTHOME", "/elsewhere")
    monkeypatch.setenv("CMT_MONIKER", "x")
    monkeypatch.setenv("TMHOME", "/elsewhere")
    monkeypatch.setenv("TMPDIR", "/tmp")

    environment = get_engine_environment()

    assert not {"CMTHOME", "CMT_MONIKER", "TMHOME"} & environment.keys()
    assert environment["TMPDIR"] == "/tmp"


def test_the_command_runs_the_engine_in_the_foreground() -> None:
    """The supervisor watches the process itself."""
    assert engine_argv(Path("/bin/engine"), Path("/home/x")) == [
        "/bin/engine",
        "start",
        "--home",
        "/home/x",
    ]
