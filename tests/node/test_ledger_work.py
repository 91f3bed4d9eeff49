"""`rochdale ledger` on what a real, stopped node has written, and on copies of it."""

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import pytest

from did.jcs import canonicalize
from governance.state_keys import FEDERATION, Collection, is_derived, state_key
from ledger.disk import META, CommitRecord, encode_record
from ledger.store import Store, create_store
from node import exit_codes
from tests.node.small_federation import Member, wait_until
from tests.node.terminal import Terminal


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
        said = member_terminal.refuse("ledger", *command)
        assert member_terminal.code == exit_codes.INTERNAL
        assert "is damaged" in said, command
        assert "a defect of Rochdale" not in said
    assert not output.exists()


def test_whose_turn_it_is_follows_from_the_exit_code(
    copy: Path, member_terminal: Terminal, tmp_path: Path
) -> None:
    """A state in use is free later, a damaged one never, and one state is not two."""
    busy = Store.open(copy)
    said = member_terminal.refuse("ledger", "scrub", copy)
    assert member_terminal.code == exit_codes.UNAVAILABLE
    assert "stop the process that has it open" in said
    busy.close()
    (tmp_path / "link").symlink_to(copy)

    said = member_terminal.refuse("ledger", "diff", copy, tmp_path / "link")
    assert member_terminal.code == exit_codes.MISCONFIGURED
    assert f"both are {copy}: name two" in said

    blocked = copy.rename(tmp_path / "IO error: lock")
    [manifest] = blocked.glob("MANIFEST-*")
    manifest.write_bytes(manifest.read_bytes()[:-1])
    said = member_terminal.refuse("ledger", "scrub", blocked)
    assert member_terminal.code == exit_codes.INTERNAL
    assert "it is damaged: stop the node; `rochdale ledger scrub` says" in said


def test_a_running_node_is_left_alone(stopped: Member, member_terminal: Terminal) -> None:
    """Each command says to stop it first."""
    stopped.start()
    wait_until(lambda: stopped.height() > 1)
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
        assert ("or work on a copy of" in said) == (command[0] not in {"replay", "reset"})
