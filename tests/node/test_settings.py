"""Settings: file, environment and flags."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import MisconfiguredError
from config.settings import NetworkSection, NodeSection, Settings
from node.settings import (
    build_settings,
    environment_name,
    extract_flags,
    iterate_keys,
    load_settings,
    read_environment,
    read_file,
)
from node.settings_check import check_settings
from node.settings_file import render_settings

SETTINGS = Settings(
    node=NodeSection(name='Die „Ältere" \\ Höhe 𝄞', origin="https://a.test"),
    network=NetworkSection(
        chain_id="test-heart-1", network="test-heart", hosts={"b.test": "127.0.0.1:8081"}
    ),
)
SETTINGS = replace(SETTINGS, engine=replace(SETTINGS.engine, heartbeat_ms=1_000))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rochdale.toml"
    path.write_text(render_settings(SETTINGS), encoding="utf-8")
    return path


def test_reads_back_what_it_writes(file: Path) -> None:
    """The file that `init` writes holds every key and means what was meant."""
    document = tomllib.loads(file.read_text(encoding="utf-8"))

    assert load_settings(file, environ={}) == SETTINGS
    for dotted, _, _ in iterate_keys():
        section, _, key = dotted.partition(".")
        assert key in document[section]


def test_the_environment_wins_over_the_file_and_flags_over_both(file: Path) -> None:
    """Later wins: file, environment, flags."""
    environ = {"ROCHDALE_WEB__LISTEN": "127.0.0.1:1", "ROCHDALE_LOG__LEVEL": "debug"}
    rest, flags = extract_flags(["start", "--web.listen", "127.0.0.1:2", "--home", "/x"])

    settings = load_settings(file, environ=environ | flags)

    assert rest == ["start", "--home", "/x"]
    assert settings.web.listen == "127.0.0.1:2"
    assert settings.log.level == "debug"


def test_every_key_can_be_given_as_a_flag() -> None:
    """No setting is out of reach of the command line."""
    texts = {str: "x", bool: "true", int: "7", tuple: "a, b", dict: "a.test=1,b.test=2"}
    wanted = {
        str: "x",
        bool: True,
        int: 7,
        tuple: ("a", "b"),
        dict: {"a.test": "1", "b.test": "2"},
    }
    for dotted, kind, _ in iterate_keys():
        rest, flags = extract_flags([f"--{dotted.replace('_', '-')}={texts[kind]}", "rest"])

        assert rest == ["rest"]
        assert read_environment(flags) == {dotted: wanted[kind]}
        assert environment_name(dotted) in flags


def test_what_follows_two_hyphens_is_no_flag() -> None:
    """An argument may begin like a flag."""
    assert extract_flags(["--", "--web.listen"]) == (["--", "--web.listen"], {})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[web]\nlistn = 'x'", "there is no setting web.listn: did you mean web.listen?"),
        ("[wep]\nlisten = 'x'", r"there is no setting \[wep\]: did you mean \[web\]?"),
        ("[web]\nlisten = 80", "web.listen must be a text"),
        ("[engine]\nheartbeat_ms = true", "engine.heartbeat_ms must be a whole number"),
        ("[engine]\npersistent_peers = 'x'", "persistent_peers must be a list of texts"),
        ("[network]\nhosts = 'x'", "network.hosts must be a table of texts"),
        ("[web]\nfollow_partners = 'yes'", "web.follow_partners must be true or false"),
        ("web = 3", r"write `\[web\]` as a section"),
        ("[web\n", "is not valid TOML"),
        ("[web]\norigin = " + "[" * 9_000 + "]" * 9_000, "too deep in each other"),
        ("[web]\nport = " + "9" * 5_000, "line 2: a number has too many digits"),
    ],
)
def test_names_the_key_that_is_wrong(file: Path, text: str, sentence: str) -> None:
    """One sentence: file, key, and what it must be or was probably meant to be."""
    file.write_text(text, encoding="utf-8")

    with pytest.raises(MisconfiguredError, match=sentence):
        read_file(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Nor one that is not UTF-8."""
    with pytest.raises(MisconfiguredError, match="cannot be read"):
        read_file(tmp_path / "no.toml")

    (tmp_path / "no.toml").write_bytes(b"\xff")
    with pytest.raises(MisconfiguredError, match="not UTF-8 text"):
        read_file(tmp_path / "no.toml")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--web.listn", "x"], "--web.listn: there is no setting web.listn"),
        (["--listen.web=x"], "there is no setting"),
        (["--web.listen"], "--web.listen needs a value"),
        (["--engine.heartbeat_ms=soon"], "must be a whole number"),
        (["--web.follow_partners=1"], "must be true or false"),
    ],
)
def test_names_the_flag_that_is_wrong(arguments: list[str], sentence: str) -> None:
    """A flag is as strict as the file."""
    with pytest.raises(MisconfiguredError, match=sentence):
        extract_flags(arguments)


def test_an_unknown_variable_is_an_error() -> None:
    """A typing mistake must not pass in silence; other programs' variables do."""
    assert read_environment({"ROCHDALE_HOME": "/x", "PATH": "/bin"}) == {}
    with pytest.raises(MisconfiguredError, match=r"ROCHDALE_WEB__LISTN.*web\.listen"):
        read_environment({"ROCHDALE_WEB__LISTN": "x"})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"node.name": " "}, "node.name"),
        ({"node.name": "a\nb"}, "node.name"),
        ({"node.origin": "http://a.example"}, "node.origin must read https://"),
        ({"node.origin": "https://a.example/path"}, "node.origin must read https://"),
        ({"node.origin": "https://A.example"}, "node.origin must read https://"),
        ({"node.origin": "https://a.example:x"}, "node.origin must read https://"),
        ({"network.chain_id": "heart-1", "network.hosts": {}}, "node.origin .* test chain"),
        ({"network.chain_id": "Heart"}, "network.chain_id must be"),
        ({"network.chain_id": "heart-1"}, "network.hosts is only for test chains"),
        ({"network.network": "a_b"}, "network.network must be"),
        ({"network.hosts": {"a.example": "127.0.0.1:1"}}, "hosts that end in .test"),
        ({"network.hosts": {"a.test": "127.0.0.1"}}, r"network.hosts \(a.test\) must read"),
        ({"web.listen": "8080"}, "web.listen must read address:port"),
        ({"engine.p2p_listen": "127.0.0.1:0"}, "engine.p2p_listen must read"),
        ({"engine.persistent_peers": ("x@y:1",)}, "persistent_peers must each read"),
        ({"discovery.listen": "127.0.0.1:4001"}, "discovery.listen must read"),
        ({"discovery.bootstrap": ("/ip4/127.0.0.1/tcp/1",)}, "end in /p2p/"),
        ({"web.tls_key": "x"}, "go together"),
        ({"engine.heartbeat_ms": 60_000}, "heartbeat_ms must be 100 to 1000"),
        ({"engine.timeout_commit_ms": -1}, "timeout_commit_ms must be"),
        ({"web.catch_up_interval_s": 0}, "catch_up_interval_s must be"),
        ({"log.level": "loud"}, "log.level must be one of debug"),
    ],
)
def test_refuses_settings_that_cannot_mean_anything(
    file: Path, changes: dict[str, str], sentence: str
) -> None:
    """What a type cannot say is checked before anything starts."""
    settings = build_settings(read_file(file) | changes)

    with pytest.raises(MisconfiguredError, match=sentence):
        check_settings(settings, where="here")


def test_a_real_chain_needs_a_public_origin() -> None:
    """And then takes the long heartbeat."""
    values = {
        "node.origin": "https://coop.example:8443",
        "network.chain_id": "heart-1",
        "network.network": "heart",
    }

    check_settings(build_settings(values), where="here")
