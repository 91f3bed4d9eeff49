"""What keeps a newcomer from joining, in sentences that say what to do."""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from config.errors import MisconfiguredError, UnavailableError
from config.settings import Settings
from ledger.engine import StateSource
from ledger.state_sync import SyncProgress
from ledger.trust import TrustBundle, read_trust_bundle
from node import exit_codes, joining
from node.home import Home, open_home
from node.joining_sources import find_state_source
from node.settings import load_settings
from tests.node.full_nodes import get_height, running, wait_until
from tests.node.terminal import Terminal, free_ports

DAY_NS = 86_400 * 1_000_000_000


@pytest.fixture
def founder(member_terminal: Terminal) -> Iterator[Path]:
    """A running node, whose `.test` name leads to nobody until a flag says otherwise."""
    home = member_terminal.root / "ash"
    member_terminal.do("init", "--home", home, "--node.origin=https://ash.test", *free_ports())
    with running(member_terminal, home):
        wait_until(lambda: get_height(member_terminal, home) > 1)
        yield home


def hosts_flag(founder: Path) -> str:
    settings = load_settings(founder / "rochdale.toml", environ={})
    return f"--network.hosts=ash.test={settings.web.listen}"


def export(terminal: Terminal, founder: Path) -> tuple[Path, TrustBundle]:
    path = terminal.root / "trust.json"
    terminal.do("trust", "export", "-o", path, "--home", founder)
    return path, read_trust_bundle(path.read_bytes())


def test_a_bundle_is_refused_before_anything_is_made(
    member_terminal: Terminal, founder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its nodes cannot be reached, the genesis file is another, it is none, or it is too old."""
    terminal, new = member_terminal, member_terminal.root / "new"
    path, trust = export(terminal, founder)
    other = terminal.root / "other"
    terminal.do("init", "--home", other, "--node.name=Other", *free_ports())
    init = ("init", "--home", new, "--node.origin=https://new.test", *free_ports())

    unreachable = terminal.type(*init, "--join", path)
    assert terminal.code == exit_codes.UNAVAILABLE
    assert "https://ash.test: ash.test is a test name that is not known here" in unreachable
    assert "name the file with `--genesis`" in unreachable

    wrong = terminal.type(*init, "--join", path, "--genesis", other / "genesis.json")
    assert terminal.code == exit_codes.FAILED
    assert "is not the one that the trust bundle" in wrong

    twice = terminal.type(
        *(*init, "--join", founder / "genesis.json", "--genesis", other / "genesis.json")
    )
    assert terminal.code == exit_codes.MISCONFIGURED
    assert "is a genesis file: name it alone" in twice

    with monkeypatch.context() as later:
        later.setattr("time.time_ns", lambda: trust.time_ns + 91 * DAY_NS)
        old = terminal.type(*init, "--join", path, "--genesis", founder / "genesis.json")
    assert terminal.code == exit_codes.MISCONFIGURED
    assert "more than 90 days old" in old
    assert "`rochdale trust export` on a partner's node" in old
    assert not new.exists()

    terminal.do(*init, "--join", path, "--genesis", founder / "genesis.json")
    assert (new / "trust.json").stat().st_mode & 0o777 == 0o600


def test_the_engine_is_given_only_nodes_that_have_the_believed_header(
    member_terminal: Terminal, founder: Path
) -> None:
    """And where there is none, why is written down for `rochdale status`."""
    terminal, new = member_terminal, member_terminal.root / "new"
    path, trust = export(terminal, founder)
    terminal.do(
        *("init", "--home", new, "--node.origin=https://new.test", *free_ports()),
        *("--join", path, hosts_flag(founder)),
    )
    home, settings = open_home(new), load_settings(new / "rochdale.toml", environ={})
    home.run.mkdir()

    assert find(home, settings, lacks_state=False) is None
    source = find(home, settings)
    assert source is not None
    assert source.rpc_servers == (f"http://{settings.network.hosts['ash.test']}/ledger",) * 2
    assert (source.trust_height, source.trust_hash) == (trust.height, trust.header_hash)
    assert f"{trust.peers[0].node_id}@{trust.peers[0].p2p_address}" in (
        settings.engine.persistent_peers
    )

    bundle = json.loads(path.read_bytes())
    bundle["header"]["app_hash"] = "AB" * 32
    home.trust_path.write_text(json.dumps(bundle))
    with pytest.raises(MisconfiguredError, match=r"is another than .* Compare its fingerprint"):
        find(home, settings)
    assert "is another than" in told(home)["problem"]

    home.trust_path.write_bytes(path.read_bytes())
    gone = replace(settings, network=replace(settings.network, hosts={"ash.test": "127.0.0.1:9"}))
    with pytest.raises(UnavailableError, match=r"https://ash.test does not answer.*are they"):
        find(home, gone)
    assert joining.describe(told(home)).startswith("cannot join yet: no node of")

    bundle = json.loads(path.read_bytes()) | {"genesis_hash": "ab" * 32}
    home.trust_path.write_text(json.dumps(bundle))
    with pytest.raises(MisconfiguredError, match="is of another chain"):
        find(home, settings)

    home.trust_path.unlink()
    assert find(home, settings) is None
    assert joining.read_progress(home) is None


def find(home: Home, settings: Settings, *, lacks_state: bool = True) -> StateSource | None:
    """What the ledger's process does at a start, then the engine's."""
    joining.begin(home, lacks_state=lacks_state)
    return find_state_source(home, settings)


def told(home: Home) -> dict[str, object]:
    return dict(joining.read_progress(home) or {})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.run.mkdir()
    return made


def test_a_node_that_gets_nothing_begins_anew(home: Home) -> None:
    """Its engine may have given up for good; a node that has a state waits for nothing."""
    asyncio.run(joining.watch(home, get_height=lambda: 1))
    joining.report(home, SyncProgress())
    long_ago_s = time.time() - joining.IDLE_S_MAX - 1
    os.utime(home.joining_path, (long_ago_s, long_ago_s))

    with pytest.raises(UnavailableError, match="waiting for a snapshot"):
        asyncio.run(joining.watch(home, get_height=lambda: 1))

    heights = iter((1, 11))
    asyncio.run(joining.watch(home, get_height=lambda: next(heights)))


def test_a_node_that_has_joined_and_is_up_to_date_says_no_more_of_it(
    founder: Path, member_terminal: Terminal
) -> None:
    """It stood in the status for as long as the node ran."""
    home, progress = open_home(founder), SyncProgress(height=1, chunks_total=1)
    joining.report(home, progress)
    before = member_terminal.do("status", "--home", founder)

    joining.report(home, replace(progress, chunks_count=1, is_done=True))

    assert "joining: taking over the state of block 1: 0 of 1 chunk\n" in before
    assert "joining:" not in member_terminal.do("status", "--home", founder)


@pytest.mark.parametrize(
    ("progress", "sentence"),
    [
        (SyncProgress(), "waiting for a snapshot that can be taken over"),
        (
            SyncProgress(height=20, chunks_count=3, chunks_total=8),
            "taking over the state of block 20: 3 of 8 chunks",
        ),
        (
            SyncProgress(height=20, chunks_total=8, refused_count=2, refused_last="it lies"),
            "what others sent was refused 2 times, last because it lies",
        ),
        (SyncProgress(height=20, is_done=True), "the state of block 20 was taken over"),
    ],
)
def test_progress_is_one_sentence(progress: SyncProgress, sentence: str) -> None:
    """Chunks done of all, and what was refused."""
    assert sentence in joining.describe({**asdict(progress), "problem": None})
