"""`rochdale ledger` on what a real, stopped node has written, and on copies of it."""

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from did.jcs import canonicalize
from governance.context import NO_FACTS, BlockContext, BlockFacts
from governance.events import Events
from governance.rules import RULES
from governance.state_keys import FEDERATION, Collection, is_derived, state_key
from governance.view import KeyValue
from ledger.application import Application
from ledger.disk import META, CommitRecord, encode_record
from ledger.signing_state import load_signed_point
from ledger.snapshots import SnapshotInfo, parse_info
from ledger.store import Store, create_store
from node import exit_codes
from tests.node.small_federation import Member, copy_home, found_members, wait_until
from tests.node.terminal import Terminal

HEIGHT = 12


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    """A chain of one validator that has run for a while."""
    [member] = found_members(tmp_path_factory.mktemp("nodes"), 1)
    settings = member.home.settings_path
    settings.write_text(
        settings.read_text().replace(
            "snapshot_interval_blocks = 1000", "snapshot_interval_blocks = 5"
        )
    )
    member.start()
    wait_until(lambda: member.height() > HEIGHT)
    member.stop()
    yield member
    member.stop()


@pytest.fixture
def copy(stopped: Member, tmp_path: Path) -> Path:
    """Of its ledger."""
    return shutil.copytree(stopped.home.ledger, tmp_path / "copy")


def change(path: Path, changes: dict[bytes, bytes | None]) -> None:
    """Commit a block that no chain has."""
    store = Store.open(path)
    staged = store.stage(sorted(changes.items()))
    record = CommitRecord(
        chain_id=store.record.chain_id,
        height=store.record.height + 1,
        time_ms=store.record.time_ms,
        app_hash=bytes(32),
        state_root=staged.root,
        since_height=store.record.height + 1,
    )
    store.commit(staged, record)
    store.close()


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
    compared = member_terminal.do("ledger", "diff", tmp_path / "out" / "ledger", stopped.home.root)
    assert "All values are the same" in compared
    again = type_refused(
        member_terminal,
        *("ledger", "replay", "--home", stopped.home.root, "--output", tmp_path / "out"),
    )
    assert "name a new directory with `--output`" in again


def rewrite_metadata(
    snapshot: Path, change: Callable[[SnapshotInfo], dict[str, object]]
) -> SnapshotInfo:
    """Let a snapshot say something else of itself than it is."""
    metadata = snapshot / "metadata"
    info = parse_info(metadata.read_bytes())
    changed = msgspec.structs.replace(info, **change(info))
    metadata.write_bytes(changed.encode())
    return changed


def test_a_replay_begins_from_no_other_chains_snapshot(
    stopped: Member, member_terminal: Terminal, tmp_path: Path
) -> None:
    """What a snapshot says of its chain nothing in it proves; the blocks are of one."""
    snapshot = min(stopped.home.snapshots.iterdir(), key=lambda path: int(path.name))
    other = shutil.copytree(snapshot, tmp_path / "other")
    rewrite_metadata(other, lambda _: {"chain_id": "test-other-1"})

    refused = type_refused(
        member_terminal,
        *("ledger", "replay", "--home", stopped.home.root),
        *("--from", other, "--output", tmp_path / "out"),
    )

    assert "is of chain test-other-1, and this node's blocks are of test-four-1" in refused
    assert not (tmp_path / "out").exists()


def test_a_replay_that_cannot_begin_leaves_nothing(
    stopped: Member, member_terminal: Terminal, tmp_path: Path
) -> None:
    """So that the same command works once what was wrong is mended."""
    command = ("ledger", "replay", "--output", tmp_path / "out", "--home")
    for beginning in (tmp_path / "nowhere", tmp_path):
        for _ in range(2):
            refused = type_refused(
                member_terminal, *command, stopped.home.root, "--from", beginning
            )
            assert member_terminal.code == exit_codes.FAILED, refused
            assert "cannot be made" not in refused
    bare = copy_home(stopped, tmp_path / "bare").home
    bare.genesis_path.unlink()
    refused = type_refused(member_terminal, *command, bare.root)

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

    refused = type_refused(member_terminal, "ledger", "replay", "--home", home.root)

    assert member_terminal.code == exit_codes.MISCONFIGURED
    assert "no earlier replay's: move it away" in refused
    Store.open(kept).close()
    (kept.parent / "engine.log").touch()
    member_terminal.do("ledger", "replay", "--home", home.root)
    assert not kept.parent.exists()


def type_refused(terminal: Terminal, *arguments: str | Path) -> str:
    """What is said, on one line."""
    said = terminal.type(*arguments)
    assert terminal.code != exit_codes.OK
    return " ".join(said.split())


def test_a_snapshot_is_checked_against_a_header_of_the_running_node(
    stopped: Member, member_terminal: Terminal, tmp_path: Path
) -> None:
    """Or against an app hash that a person knows; a turned bit and another state are refused."""
    paths = sorted(stopped.home.snapshots.iterdir(), key=lambda path: int(path.name))
    oldest = shutil.copytree(paths[0], tmp_path / paths[0].name)
    command = ("ledger", "verify-snapshot", oldest)
    home = ("--home", stopped.home.root)
    refused = type_refused(member_terminal, *command, *home)
    assert "cannot tell the header of block" in refused

    stopped.start()
    wait_until(lambda: stopped.height() > int(oldest.name))
    header = stopped.call("header", height=str(int(oldest.name) + 1))["header"]
    said = member_terminal.do(*command, *home)
    told = json.loads(member_terminal.do(*command, *home, "--json"))
    late = shutil.copytree(oldest, tmp_path / "late")
    later_ms = rewrite_metadata(late, lambda info: {"time_ms": info.time_ms + 1}).time_ms
    refused = type_refused(member_terminal, "ledger", "verify-snapshot", late, *home)
    assert f"another time of block {oldest.name} than its header: {later_ms}, not" in refused
    stopped.stop()

    assert f"is the state of test-four-1 at height {oldest.name}" in said
    assert told["app_hash"] == header["app_hash"].lower()
    assert told["height"] == int(oldest.name)
    member_terminal.do(*command, "--app-hash", header["app_hash"])
    refused = type_refused(member_terminal, *command, "--app-hash", "00" * 32)
    assert "is another state than the chain's" in refused
    refused = type_refused(member_terminal, *command, "--app-hash", header["app_hash"][:-1])
    assert "an app hash has 64 hexadecimal digits" in refused
    chunk = oldest / "00000"
    chunk.write_bytes(chunk.read_bytes()[:-1] + bytes([chunk.read_bytes()[-1] ^ 1]))
    refused = type_refused(member_terminal, *command, "--app-hash", header["app_hash"])
    assert "chunk 0 has another hash than it should" in refused
    chunk.unlink()
    refused = type_refused(member_terminal, *command, "--app-hash", header["app_hash"])
    assert "00000 is missing: copy the whole snapshot again" in refused


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


def test_an_export_is_one_spelling_of_the_state(
    stopped: Member, copy: Path, member_terminal: Terminal, tmp_path: Path
) -> None:
    """Whoever exports that height gets the same bytes."""
    first, second = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    said = member_terminal.do("ledger", "export", stopped.home.root, "-o", first)
    member_terminal.do("ledger", "export", copy, "-o", second)

    data = first.read_bytes()
    assert data == second.read_bytes()
    assert hashlib.sha256(data).hexdigest() in said
    header, *lines = [json.loads(line) for line in data.splitlines()]
    assert header["format"] == "rochdale-state-1"
    assert header["records"] + header["derived_records"] == len(lines)
    assert all(canonicalize(json.loads(line)) == line for line in data.splitlines())
    parameters = next(line for line in lines if line["collection"] == "PARAMETERS")
    assert (parameters["namespace"], parameters["id"]) == ("federation", "")
    again = member_terminal.type("ledger", "export", copy, "-o", first)
    assert member_terminal.code == exit_codes.MISCONFIGURED
    assert "name a new file" in again


def test_a_difference_is_told_in_words(
    stopped: Member, copy: Path, member_terminal: Terminal
) -> None:
    """The first record that differs, which part of the app hash does, and how many keys."""
    assert "All values are the same" in member_terminal.do(
        "ledger", "diff", stopped.home.root, copy
    )
    changed = state_key(FEDERATION, Collection.PARAMETERS, b"")
    added = state_key(bytes([9]) * 32, Collection.BALLOT, b"\xab")
    change(copy, {changed: b"\x90", added: b"x"})

    said = member_terminal.type("ledger", "diff", stopped.home.root, copy)

    assert member_terminal.code == exit_codes.FAILED
    assert "First difference: PARAMETERS (the only one) of the federation" in said
    assert "Keys that differ: BALLOT 1, PARAMETERS 1" in said
    member_terminal.type("ledger", "diff", copy, stopped.home.root, "--json")
    told = json.loads(member_terminal.out)
    assert told["differing_keys"] == {"BALLOT": 1, "PARAMETERS": 1}
    assert told["stores"][0]["params_root"] != told["stores"][1]["params_root"]
    assert told["stores"][0]["log_root"] == told["stores"][1]["log_root"]
    assert told["first_difference"]["values"][0] == "90"


def test_states_of_different_chains_are_not_the_same(
    stopped: Member, copy: Path, member_terminal: Terminal
) -> None:
    """However alike their values are."""
    store = Store.open(copy)
    other = dataclasses.replace(store.record, chain_id="test-other-1")
    store.database.put(META, encode_record(other))
    store.close()

    said = member_terminal.type("ledger", "diff", stopped.home.root, copy)

    assert member_terminal.code == exit_codes.FAILED
    assert "The states are of different chains." in said
    member_terminal.type("ledger", "diff", stopped.home.root, copy, "--json")
    assert not json.loads(member_terminal.out)["equal"]


def test_a_copy_is_taken_back_and_the_nodes_own_only_on_demand(
    stopped: Member, copy: Path, member_terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says afterwards is what the chain said then."""
    said = member_terminal.do("ledger", "rollback", "5", copy)

    assert "is at height 5" in said
    assert "All values" in member_terminal.do("ledger", "diff", copy, stopped.home.root)
    home = str(stopped.home.root)
    monkeypatch.setattr("typer.confirm", lambda _: False)
    for named in (["--home", home], [home], [str(stopped.home.ledger)]):
        refused = member_terminal.type("ledger", "rollback", "5", *named)
        assert member_terminal.code == exit_codes.FAILED, named
        assert "copy the ledger directory first" in refused


def test_a_scrub_finds_what_no_start_looks_at(
    stopped: Member, copy: Path, member_terminal: Terminal
) -> None:
    """Derived records are outside the tree: their logs vouch for them."""
    assert "Sound" in member_terminal.do("ledger", "scrub", "--home", stopped.home.root)
    told = member_terminal.ask("ledger", "scrub", copy)
    assert told["derived"] > 0
    store = Store.open(copy)
    derived = next(key for key, _ in store.scan(b"") if is_derived(key))
    store.database.put(b"f" + derived, b"another")
    store.close()

    said = member_terminal.type("ledger", "scrub", copy)

    assert member_terminal.code == exit_codes.INTERNAL
    assert "is not the one whose root is in state" in said


def test_an_empty_state_is_sound(member_terminal: Terminal, tmp_path: Path) -> None:
    """Before the first block there is no app hash to compare with."""
    create_store(tmp_path / "ledger")

    assert "Sound" in member_terminal.do("ledger", "scrub", tmp_path / "ledger")


def test_damage_is_told_whoever_meets_it(
    stopped: Member, copy: Path, member_terminal: Terminal, tmp_path: Path
) -> None:
    """Not as a defect of the software; and a file that is written holds all or is none."""
    output = tmp_path / "one.jsonl"
    # So many that a block of LevelDB holds nothing else: a start does not read it.
    keys = [state_key(FEDERATION, Collection.BALLOT, bytes([number])) for number in range(16)]
    change(copy, dict.fromkeys(keys, b"x" * 4_000))
    store = Store.open(copy)
    store.database.compact_range()
    store.close()
    [(table, data)] = [
        (path, bytearray(path.read_bytes()))
        for path in copy.glob("*.ldb")
        if b"x" * 64 in path.read_bytes()
    ]
    data[len(data) // 2] ^= 1
    table.write_bytes(data)
    Store.open(copy).close()

    for command in (
        ("scrub", copy),
        ("export", copy, "-o", output),
        ("export", copy, "-o", output),
        ("diff", stopped.home.root, copy),
    ):
        said = type_refused(member_terminal, "ledger", *command)
        assert member_terminal.code == exit_codes.INTERNAL
        assert "is damaged" in said, command
        assert "a defect of Rochdale" not in said
    assert not output.exists()


def test_whose_turn_it_is_follows_from_the_exit_code(
    copy: Path, member_terminal: Terminal, tmp_path: Path
) -> None:
    """A state in use is free later, a damaged one never, and one state is not two."""
    busy = Store.open(copy)
    said = type_refused(member_terminal, "ledger", "scrub", copy)
    assert member_terminal.code == exit_codes.UNAVAILABLE
    assert "stop the process that has it open" in said
    busy.close()
    (tmp_path / "link").symlink_to(copy)

    said = type_refused(member_terminal, "ledger", "diff", copy, tmp_path / "link")
    assert member_terminal.code == exit_codes.MISCONFIGURED
    assert f"both are {copy}: name two" in said

    blocked = copy.rename(tmp_path / "IO error: lock")
    [manifest] = blocked.glob("MANIFEST-*")
    manifest.write_bytes(manifest.read_bytes()[:-1])
    said = type_refused(member_terminal, "ledger", "scrub", blocked)
    assert member_terminal.code == exit_codes.INTERNAL
    assert "it is damaged: stop the node; `rochdale ledger scrub` says" in said


def test_a_running_node_is_left_alone(stopped: Member, member_terminal: Terminal) -> None:
    """Each command says to stop it first."""
    stopped.start()
    wait_until(lambda: stopped.height() > HEIGHT)
    try:
        check_is_left_alone(stopped, member_terminal)
    finally:
        stopped.stop()


def check_is_left_alone(running: Member, member_terminal: Terminal) -> None:
    home = str(running.home.root)
    for command in (
        ("scrub", "--home", home),
        ("rollback", "5", "--yes", "--home", home),
        ("export", "-o", "/nowhere/x", "--home", home),
        ("diff", home, home),
        ("replay", "--home", home),
        ("reset", "--yes", "--home", home),
        ("rollback", "5", "--yes", str(running.home.ledger)),
    ):
        said = member_terminal.type("ledger", *command)
        assert member_terminal.code == exit_codes.UNAVAILABLE, command
        assert "stop it with `rochdale stop" in said
