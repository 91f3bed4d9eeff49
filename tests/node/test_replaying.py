"""`rochdale ledger replay` and `verify-snapshot` on what a real node has written."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest

from governance.context import NO_FACTS, BlockContext, BlockFacts
from governance.events import Events
from governance.rules import RULES
from governance.state_keys import FEDERATION
from governance.view import KeyValue
from ledger.application import Application
from ledger.signing_state import load_signed_point
from ledger.snapshots import SnapshotInfo, parse_info
from ledger.store import Store
from node import exit_codes
from tests.node.small_federation import Member, copy_home, wait_until
from tests.node.terminal import Terminal


def test_a_replay_comes_to_the_same_app_hash(stopped: Member, member_terminal: Terminal) -> None:
    """The engine compares each on the way; nothing of the node changes."""
    home = stopped.home
    before = load_signed_point(home.engine_data / "priv_validator_state.json")

    said = member_terminal.do("ledger", "replay", "--home", home.root)

    store = Store.open(home.ledger)
    record = store.record
    store.close()
    assert f"Replayed to height {record.height}" in said
    assert record.app_hash.hex() in said
    assert "Every app hash on the way" in said
    assert "abci_" not in said  # what a running node's processes log
    assert not (home.root / "replay").exists()
    assert load_signed_point(home.engine_data / "priv_validator_state.json") == before


def test_a_replay_may_begin_from_a_snapshot(
    stopped: Member, member_terminal: Terminal, tmp_path: Path
) -> None:
    """And its state may be kept."""
    snapshot = min(stopped.home.snapshots.iterdir(), key=lambda path: int(path.name))

    said = member_terminal.do(
        *("ledger", "replay", "--home", stopped.home.root),
        *("--from", snapshot, "--output", tmp_path / "out"),
    )

    assert "Every app hash on the way" in said
    assert f"The state is in {tmp_path / 'out' / 'ledger'}." in "".join(said.splitlines())
    compared = member_terminal.do("ledger", "diff", tmp_path / "out" / "ledger", stopped.home.root)
    assert "All values are the same" in compared
    again = member_terminal.refuse(
        *("ledger", "replay", "--home", stopped.home.root, "--output", tmp_path / "out"),
    )
    assert "name a new directory with `--output`" in again


def test_a_replay_begins_from_no_other_chains_snapshot(
    stopped: Member, member_terminal: Terminal, tmp_path: Path
) -> None:
    """What a snapshot says of its chain nothing in it proves; the blocks are of one."""
    snapshot = min(stopped.home.snapshots.iterdir(), key=lambda path: int(path.name))
    other = shutil.copytree(snapshot, tmp_path / "other")
    rewrite_metadata(other, lambda _: {"chain_id": "test-other-1"})

    refused = member_terminal.refuse(
        *("ledger", "replay", "--home", stopped.home.root),
        *("--from", other, "--output", tmp_path / "out"),
    )

    assert "is of chain test-other-1, and this node's blocks are of test-four-1" in refused
    assert not (tmp_path / "out").exists()


def test_a_snapshot_that_is_newer_than_the_blocks_is_told(
    stopped: Member, member_terminal: Terminal, tmp_path: Path
) -> None:
    """A backup of an hour ago, and a snapshot of today."""
    behind = copy_home(stopped, tmp_path / "behind").home

    def list_heights() -> list[int]:
        names = [path.name for path in stopped.home.snapshots.iterdir()]
        return sorted(int(name) for name in names if name.isdecimal())

    before = list_heights()[-1]
    stopped.start()
    wait_until(lambda: list_heights()[-1] > before + 5)
    stopped.stop()
    snapshot = stopped.home.snapshots / str(list_heights()[-1])

    refused = member_terminal.refuse(
        *("ledger", "replay", "--home", behind.root, "--from", snapshot),
        *("--output", tmp_path / "out"),
    )

    assert f"snapshot of block {snapshot.name} is newer than this node's blocks" in refused
    assert not (tmp_path / "out").exists()


def test_a_replay_that_cannot_begin_leaves_nothing(
    stopped: Member, member_terminal: Terminal, tmp_path: Path
) -> None:
    """So that the same command works once what was wrong is mended."""
    command = ("ledger", "replay", "--output", tmp_path / "out", "--home")
    for beginning in (tmp_path / "nowhere", tmp_path):
        for _ in range(2):
            refused = member_terminal.refuse(*command, stopped.home.root, "--from", beginning)
            assert member_terminal.code == exit_codes.FAILED, refused
            assert "cannot be made" not in refused
    bare = copy_home(stopped, tmp_path / "bare").home
    bare.genesis_path.unlink()
    refused = member_terminal.refuse(*command, bare.root)

    assert member_terminal.code == exit_codes.MISCONFIGURED
    assert "has no chain yet" in refused
    assert not (tmp_path / "out").exists()


def test_a_replay_removes_an_earlier_replay_alone(
    stopped: Member, member_terminal: Terminal, tmp_path: Path
) -> None:
    """A directory of that name in the home may be somebody's copy of the ledger."""
    home = copy_home(stopped, tmp_path / "copied").home
    kept = home.root / "replay" / "ledger"
    shutil.copytree(home.ledger, kept)

    refused = member_terminal.refuse("ledger", "replay", "--home", home.root)

    assert member_terminal.code == exit_codes.MISCONFIGURED
    assert "no earlier replay's: move it away" in refused
    Store.open(kept).close()
    (kept.parent / "engine.log").touch()
    member_terminal.do("ledger", "replay", "--home", home.root)
    assert not kept.parent.exists()


def test_a_replay_stops_at_the_first_wrong_app_hash(
    stopped: Member, member_terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Software that executes a block otherwise is found out, and its state is kept."""

    def otherwise(kv: KeyValue, block: BlockContext, facts: BlockFacts = NO_FACTS) -> Events:
        if block.height == 7:
            kv.put(FEDERATION + b"\x7f", b"x")
        return RULES[0].begin_block(kv, block, facts)

    odd = (dataclasses.replace(RULES[0], begin_block=otherwise),)
    monkeypatch.setattr("node.replaying.Application", partial(Application, rules=odd))

    said = member_terminal.type(
        "ledger", "replay", "--home", stopped.home.root, "--output", tmp_path / "out"
    )

    assert member_terminal.code == exit_codes.FAILED
    assert "block 7 leads to another app hash" in said
    assert (tmp_path / "out" / "ledger").is_dir()


def rewrite_metadata(
    snapshot: Path, change: Callable[[SnapshotInfo], dict[str, object]]
) -> SnapshotInfo:
    """Let a snapshot say something else of itself than it is."""
    metadata = snapshot / "metadata"
    info = parse_info(metadata.read_bytes())
    changed = msgspec.structs.replace(info, **change(info))
    metadata.write_bytes(changed.encode())
    return changed


def test_a_snapshot_is_checked_against_a_header_of_the_running_node(
    stopped: Member, member_terminal: Terminal, tmp_path: Path
) -> None:
    """Or against an app hash that a person knows; a turned bit and another state are refused."""
    paths = sorted(stopped.home.snapshots.iterdir(), key=lambda path: int(path.name))
    oldest = shutil.copytree(paths[0], tmp_path / paths[0].name)
    command = ("ledger", "verify-snapshot", oldest)
    home = ("--home", stopped.home.root)
    refused = member_terminal.refuse(*command, *home)
    assert "cannot tell the header of block" in refused

    stopped.start()
    wait_until(lambda: stopped.height() > int(oldest.name))
    header = stopped.call("header", height=str(int(oldest.name) + 1))["header"]
    said = member_terminal.do(*command, *home)
    told = json.loads(member_terminal.do(*command, *home, "--json"))
    late = shutil.copytree(oldest, tmp_path / "late")
    later_ms = rewrite_metadata(late, lambda info: {"time_ms": info.time_ms + 1}).time_ms
    refused = member_terminal.refuse("ledger", "verify-snapshot", late, *home)
    assert f"another time of block {oldest.name} than its header: {later_ms}, not" in refused
    stopped.stop()

    assert f"is the state of test-four-1 at height {oldest.name}" in said
    assert told["app_hash"] == header["app_hash"].lower()
    assert told["height"] == int(oldest.name)
    member_terminal.do(*command, "--app-hash", header["app_hash"])
    refused = member_terminal.refuse(*command, "--app-hash", "00" * 32)
    assert "is another state than the chain's" in refused
    refused = member_terminal.refuse(*command, "--app-hash", header["app_hash"][:-1])
    assert "an app hash has 64 hexadecimal digits" in refused
    chunk = oldest / "00000"
    chunk.write_bytes(chunk.read_bytes()[:-1] + bytes([chunk.read_bytes()[-1] ^ 1]))
    refused = member_terminal.refuse(*command, "--app-hash", header["app_hash"])
    assert "chunk 0 has another hash than it should" in refused
    chunk.unlink()
    refused = member_terminal.refuse(*command, "--app-hash", header["app_hash"])
    assert "00000 is missing: copy the whole snapshot again" in refused
