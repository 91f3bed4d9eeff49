"""The store on a real disk: commits survive, damage is noticed, two processes never share one."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import plyvel
import pytest

from config.errors import InvariantError, MisconfiguredError
from ledger.store import Store, create_store
from ledger.tree import Tree
from tests.ledger.scenario import Chain, admit, make_member

Changes = Sequence[tuple[bytes, bytes | None]]
BLOCK_KEYS = 20
COMMITTER = """
import sys
from pathlib import Path
from ledger.store import Store
from tests.ledger.test_store import commit, make_block_changes

store = Store.open(Path(sys.argv[1]))
while True:
    commit(store, make_block_changes(store.record.height + 1))
    print(store.record.height, flush=True)
"""


def commit(store: Store, changes: Changes) -> None:
    """The next block, with these changes."""
    tree = store.tree.update(changes)
    height = store.record.height + 1
    record = replace(store.record, height=height, app_hash=tree.root, state_root=tree.root)
    store.commit(changes, tree=tree, record=record)


def make_block_changes(height: int) -> list[tuple[bytes, bytes | None]]:
    """Some keys new with each block, some overwritten by each, some deleted by the next."""
    value = height.to_bytes(8, "big")
    own: list[tuple[bytes, bytes | None]] = [
        (b"own" + value + bytes([number]), value * 8) for number in range(BLOCK_KEYS)
    ]
    return [*own, (b"last", value), (b"gone" + value, value), (b"gone" + _before(height), None)]


def replay(height: int) -> dict[bytes, bytes]:
    """What the state must hold after so many blocks."""
    values: dict[bytes, bytes] = {}
    for block in range(1, height + 1):
        for key, value in make_block_changes(block):
            if value is None:
                values.pop(key, None)
            else:
                values[key] = value
    return values


def _before(height: int) -> bytes:
    return (height - 1).to_bytes(8, "big")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create_store(tmp_path / "ledger")
    return tmp_path / "ledger"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store.open(path)
    yield opened
    opened.close()


def test_a_new_store_is_empty_and_at_height_zero(store: Store) -> None:
    """What a chain begins from."""
    assert list(store.scan(b"")) == []
    assert (store.record.height, store.record.chain_id, store.tree.root) == (0, "", Tree().root)


def test_a_commit_is_what_the_next_start_finds(path: Path) -> None:
    """Values, root and record are one batch."""
    store = Store.open(path)
    for height in range(1, 6):
        commit(store, make_block_changes(height))
    record = store.record
    store.close()
    again = Store.open(path)

    assert again.record == record
    assert again.tree.root == record.state_root
    assert dict(again.scan(b"")) == replay(5)
    assert again.get(b"last") == (5).to_bytes(8, "big")
    assert again.get(b"gone" + (4).to_bytes(8, "big")) is None
    again.close()


def test_state_changes_by_commits_only(store: Store) -> None:
    """A rule that forgot its savepoint would write past the block."""
    with pytest.raises(InvariantError):
        store.put(b"key", b"value")
    with pytest.raises(InvariantError):
        store.delete(b"key")


def test_a_scan_is_ordered_bounded_and_may_go_on_after_a_key(store: Store) -> None:
    """As `KeyValue.scan` promises, with neighbours on both sides of the prefix."""
    keys = [b"a", b"b", b"b\x00", b"b\xff", b"c"]
    commit(store, [(key, b"") for key in keys])

    assert [key for key, _ in store.scan(b"b")] == keys[1:4]
    assert [key for key, _ in store.scan(b"b", after=b"b\x00")] == [b"b\xff"]
    assert [key for key, _ in store.scan(b"", after=b"b\xfe")] == [b"b\xff", b"c"]


def test_a_failed_commit_leaves_what_was_committed_before(store: Store) -> None:
    """All of a block or nothing of it."""
    commit(store, make_block_changes(1))
    record = store.record
    broken = [*make_block_changes(2), (b"last", 5)]

    with pytest.raises(TypeError):
        store.commit(broken, tree=Tree(), record=record)  # type: ignore[arg-type]

    assert store.record == record
    assert dict(store.scan(b"")) == replay(1)


def test_a_missing_store_is_not_made_by_opening_it(tmp_path: Path) -> None:
    """A wrong path must not quietly begin an empty ledger."""
    with pytest.raises(MisconfiguredError, match="does not exist"):
        Store.open(tmp_path / "ledger")


def test_a_second_opener_is_told_what_to_do(path: Path, store: Store) -> None:
    """Two processes that write one state would corrupt it."""
    with pytest.raises(MisconfiguredError, match="stop the process that has it open") as refused:
        Store.open(path)

    assert "b'" not in str(refused.value)


def test_a_store_is_made_once(path: Path) -> None:
    """Making a node again must not erase one."""
    with pytest.raises(MisconfiguredError, match="new directory"):
        create_store(path)


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"\x97\x02\xa0\x00\x00\xc4\x00\xc4\x00\x00"])
def test_a_record_that_cannot_be_read_ends_the_start(path: Path, value: bytes | None) -> None:
    """Missing, cut off, malformed, or of a later version: none of them is guessed at."""
    database = plyvel.DB(str(path))
    if value is None:
        database.delete(b"m")
    else:
        database.put(b"m", value)
    database.close()

    with pytest.raises(InvariantError, match="commit record"):
        Store.open(path)


@pytest.mark.parametrize("key", [b"flast", b"fown" + (2).to_bytes(8, "big") + b"\x03", b"fnew"])
def test_a_value_changed_behind_the_ledger_is_noticed_at_start(path: Path, key: bytes) -> None:
    """The rebuilt root must be the one that the last commit recorded."""
    store = Store.open(path)
    for height in range(1, 4):
        commit(store, make_block_changes(height))
    store.close()
    database = plyvel.DB(str(path))
    database.put(key, b"forged")
    database.close()

    with pytest.raises(InvariantError, match="not the one last committed"):
        Store.open(path)


@pytest.mark.parametrize("is_compacted", [False, True])
def test_a_flipped_byte_never_becomes_another_state(tmp_path: Path, is_compacted: bool) -> None:
    """Damage ends the start, or loses the newest blocks whole, which the engine replays."""
    sound, bent = tmp_path / "sound", tmp_path / "bent"
    create_store(sound)
    store = Store.open(sound)
    for height in range(1, 9):
        commit(store, make_block_changes(height))
    if is_compacted:
        store._database.compact_range()
    store.close()
    files = sorted(file for file in sound.iterdir() if file.suffix in {".log", ".ldb"})
    places = [(file, place) for file in files for place in range(0, file.stat().st_size, 61)]
    refused = 0

    for file, place in places:
        shutil.copytree(sound, bent)
        content = bytearray(file.read_bytes())
        content[place] ^= 0x10
        (bent / file.name).write_bytes(content)
        try:
            opened = Store.open(bent)
        except (InvariantError, MisconfiguredError):
            refused += 1
        else:
            assert dict(opened.scan(b"")) == replay(opened.record.height)
            opened.close()
        shutil.rmtree(bent)

    assert len(places) > 20
    assert refused > len(places) // 2


def test_a_damaged_chain_refuses_to_start(tmp_path: Path) -> None:
    """The same for what the application really writes."""
    chain = Chain.start(tmp_path / "ledger")
    chain.run(admit(*(make_member(number) for number in range(20))))
    chain.store._database.compact_range()
    chain.store.close()
    table = max(chain.path.glob("*.ldb"), key=lambda file: file.stat().st_size)
    content = bytearray(table.read_bytes())
    content[len(content) // 3] ^= 1
    table.write_bytes(content)

    with pytest.raises(InvariantError, match="damaged"):
        Store.open(chain.path)


@pytest.mark.parametrize("blocks", [1, 40, 90])
def test_a_killed_process_loses_nothing_that_it_acknowledged(path: Path, blocks: int) -> None:
    """SIGKILL while it commits: the state is that of a whole block, no older than the last ack."""
    process = subprocess.Popen(
        [sys.executable, "-c", COMMITTER, str(path)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for _ in range(blocks):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    acknowledged = blocks + sum(line.endswith("\n") for line in process.stdout)
    process.stdout.close()
    assert process.wait(10) == -signal.SIGKILL
    store = Store.open(path)

    assert acknowledged <= store.record.height <= acknowledged + 1
    assert dict(store.scan(b"")) == replay(store.record.height)
    store.close()
