"""The store on a real disk: commits survive, earlier states stay, nothing is half done."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import plyvel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvariantError, MisconfiguredError, RefusedError, UnavailableError
from config.limits import STATE_KEY_BYTES_MAX, STATE_UNDO_HEIGHTS, STATE_VIEW_HEIGHTS
from governance.fields import STATE_VALUE_BYTES_MAX
from ledger import store as store_module
from ledger.ics23 import EMPTY
from ledger.store import Store, create_store
from ledger.undo import undo_key
from tests.ledger.plain_tree import find_crowded_keys
from tests.ledger.store_samples import (
    change,
    check_state,
    commit,
    compute_state_root,
    make_block_changes,
    make_key,
    replay,
)

COMMITTER = """
import sys
from pathlib import Path
from ledger.store import Store
from tests.ledger.store_samples import commit, make_block_changes

store = Store.open(Path(sys.argv[1]))
while True:
    commit(store, make_block_changes(store.record.height + 1))
    print(store.record.height, flush=True)
"""
KEYS = [
    *find_crowded_keys(1 << 14)[:6],
    *(make_key(bytes([number])) for number in range(6)),
    *(make_key(bytes([number]), is_aside=True) for number in range(3)),
]
BLOCKS = st.lists(
    st.dictionaries(st.sampled_from(KEYS), st.none() | st.binary(min_size=1, max_size=3)),
    min_size=1,
    max_size=2 * STATE_VIEW_HEIGHTS,
)


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
    assert (store.record.height, store.record.chain_id, store.tree.root) == (0, "", EMPTY)


def test_a_commit_is_what_the_next_start_finds(path: Path) -> None:
    """Values, root and record are one batch."""
    store = Store.open(path)
    for height in range(1, 6):
        commit(store, make_block_changes(height))
    record = store.record
    store.close()
    again = Store.open(path)

    assert again.record == record
    check_state(again, replay(5), [make_key(b"last"), make_key(b"gone" + bytes(7) + b"\x04")])
    again.close()


@settings(max_examples=40)
@given(blocks=BLOCKS, data=st.data())
def test_each_of_the_last_states_holds_and_proves_what_it_held(
    tmp_path_factory: pytest.TempPathFactory,
    blocks: list[dict[bytes, bytes | None]],
    *,
    data: st.DataObject,
) -> None:
    """Whatever was put, replaced and deleted since, and wherever the process was restarted."""
    path = tmp_path_factory.mktemp("store") / "ledger"
    create_store(path)
    store = Store.open(path)
    values: dict[bytes, bytes] = {}
    history = [dict(values)]
    at_hand = 0
    for number, block in enumerate(blocks, 1):
        store.stage(sorted(block.items())[::2])  # decided, and never committed
        commit(store, sorted(block.items()))
        change(values, [*block.items()])
        history.append(dict(values))
        if data.draw(st.integers(0, 5), label="restart") == 0:
            store.close()
            store = Store.open(path)
            at_hand = number
    for height in range(at_hand + 1, len(history)):
        if height >= len(history) - STATE_VIEW_HEIGHTS:
            state = store.at(height)
            check_state(state, history[state.record.height], KEYS)
            assert compute_state_root(history[height]) == state.record.state_root

    check_state(store, values, KEYS)
    store.close()


def test_a_state_too_old_is_refused_with_the_way_to_it(store: Store) -> None:
    """Only what the last blocks replaced is in memory."""
    for height in range(1, 9):
        commit(store, make_block_changes(height))

    for height in range(8 - STATE_VIEW_HEIGHTS, 9):
        check_state(store.at(height), replay(height), [make_key(b"last")])
    with pytest.raises(RefusedError, match="rochdale ledger rollback"):
        store.at(8 - STATE_VIEW_HEIGHTS - 1)
    for height in (9, -1):
        with pytest.raises(RefusedError, match="no block"):
            store.at(height)
    assert store.prove(make_key(b"last"), 6) == store.at(6).prove(make_key(b"last"))


def test_blocks_that_change_nothing_push_no_state_out(store: Store) -> None:
    """On an idle chain the states before the last change stay at hand."""
    for height in range(1, 4):
        commit(store, make_block_changes(height))
    for _ in range(3 * STATE_VIEW_HEIGHTS):
        commit(store, [])

    assert store.at(2 + 2 * STATE_VIEW_HEIGHTS).record.height == store.record.height
    check_state(store.at(2), replay(2), [make_key(b"last")])


def test_earlier_states_have_a_limit_in_memory(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood of changes leaves less of the past, not less memory."""
    monkeypatch.setattr(store_module, "STATE_VIEW_KEYS_MAX", 30)
    for height in range(1, 5):
        commit(store, make_block_changes(height))

    check_state(store.at(3), replay(3), [])
    with pytest.raises(RefusedError):
        store.at(2)


def test_state_changes_by_commits_only(store: Store) -> None:
    """A rule that forgot its savepoint would write past the block."""
    for view in (store, store.at(0)):
        with pytest.raises(InvariantError):
            view.put(b"key", b"value")
        with pytest.raises(InvariantError):
            view.delete(b"key")


def test_a_block_is_committed_on_the_state_that_it_ran_on(store: Store) -> None:
    """Anything else would write changes of one state over another."""
    first, second = store.stage([(b"a", b"1")]), store.stage([(b"b", b"2")])
    record = replace(store.record, height=1, state_root=first.root)
    with pytest.raises(InvariantError):
        store.commit(second, record)
    store.commit(first, record)

    with pytest.raises(InvariantError):
        store.commit(second, replace(record, height=2, state_root=second.root))
    assert dict(store.scan(b"")) == {b"a": b"1"}


def test_no_state_holds_what_no_proof_could_show(store: Store) -> None:
    """Foreign verifiers refuse an empty value, and each length has a limit."""
    for key, value in (
        (b"key", b""),
        (b"key", bytes(STATE_VALUE_BYTES_MAX + 1)),
        (b"", b"value"),
        (bytes(STATE_KEY_BYTES_MAX + 1), b"value"),
    ):
        with pytest.raises(InvariantError):
            store.stage([(key, value)])
    commit(store, [(bytes(STATE_KEY_BYTES_MAX), bytes(STATE_VALUE_BYTES_MAX))])
    check_state(store, dict(store.scan(b"")), [bytes(STATE_KEY_BYTES_MAX), b"absent"])


def test_a_scan_is_ordered_bounded_and_may_go_on_after_a_key(store: Store) -> None:
    """As `KeyValue.scan` promises, with neighbours on both sides of the prefix."""
    keys = [b"a", b"b", b"b\x00", b"b\xff", b"c"]
    commit(store, [(key, b"1") for key in keys])
    commit(store, [(key, None) for key in keys] + [(b"b\x01", b"2")])

    for state, expected in ((store.at(1), keys), (store, [b"b\x01"])):
        assert [key for key, _ in state.scan(b"b")] == [k for k in expected if k[:1] == b"b"]
        assert [key for key, _ in state.scan(b"b", after=b"b\x00")] == [
            key for key in expected if b"b\x00" < key < b"c"
        ]
        assert [key for key, _ in state.scan(b"", after=b"b\xfe")] == [
            key for key in expected if key > b"b\xfe"
        ]


def test_what_was_read_is_remembered_within_a_limit(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And never outlives a commit that changes it."""
    monkeypatch.setattr(store_module, "STATE_CACHE_BYTES_MAX", 2_000)
    for height in range(1, 9):
        commit(store, make_block_changes(height))
        values = replay(height)
        for key in [*replay(8), b"absent"]:
            assert store.get(key) == store.get(key) == values.get(key)
            assert store._cache_bytes <= 2_000
    weighed = sum(len(k) + len(v or b"") + 200 for k, v in store._cache.items())
    assert store._cache_bytes == weighed > 0


def test_a_value_that_was_replaced_stays_in_memory(store: Store) -> None:
    """An account that acted acts again; a ballot that is new is read by nobody before the count."""
    commit(store, [(b"account", b"1")])
    assert (store.get(b"account"), store.get(b"ballot")) == (b"1", None)
    commit(store, [(b"account", b"2"), (b"ballot", b"yes")])

    assert store._cache == {b"account": b"2"}
    assert (store.get(b"account"), store.get(b"ballot")) == (b"2", b"yes")


def test_a_snapshot_stays_as_it_is_while_blocks_are_committed(store: Store) -> None:
    """State sync reads it beside the running ledger, derived values too."""
    for height in range(1, 4):
        commit(store, make_block_changes(height))
    snapshot = store.snapshot()
    for height in range(4, 6):
        commit(store, make_block_changes(height))
    items = list(snapshot.scan())

    assert snapshot.record.height == 3
    assert items == sorted(replay(3).items())
    assert list(snapshot.scan(after=items[9][0])) == items[10:]
    snapshot.close()


def test_what_blocks_replaced_is_kept_for_a_window(store: Store) -> None:
    """And no longer."""
    blocks = STATE_UNDO_HEIGHTS + 3
    for height in range(1, blocks + 1):
        commit(store, [(b"key", b"%d" % height)])
    kept = [height for height in range(blocks + 1) if store.database.get(undo_key(height))]

    assert kept == list(range(4, blocks + 1))


def test_a_failed_commit_leaves_what_was_committed_before(store: Store) -> None:
    """All of a block or nothing of it."""
    commit(store, make_block_changes(1))
    record = store.record
    staged = store.stage(make_block_changes(2))
    staged.after[b"last"] = 5  # type: ignore[assignment]

    with pytest.raises(TypeError):
        store.commit(staged, replace(record, height=2, state_root=staged.root))

    assert store.record == record
    check_state(store, replay(1), [make_key(b"last")])


def test_a_missing_store_is_not_made_by_opening_it(tmp_path: Path) -> None:
    """A wrong path must not quietly begin an empty ledger."""
    with pytest.raises(MisconfiguredError, match="there is no ledger's state"):
        Store.open(tmp_path / "ledger")
    assert not (tmp_path / "ledger").exists()


def test_what_is_no_store_is_left_as_it_is(tmp_path: Path) -> None:
    """LevelDB would move a file away that is named as its own."""
    (tmp_path / "LOG").write_text("somebody's")
    for path in (tmp_path, tmp_path / "LOG"):
        with pytest.raises(MisconfiguredError, match="name a home or a copy"):
            Store.open(path)
    assert [item.name for item in tmp_path.iterdir()] == ["LOG"]
    assert (tmp_path / "LOG").read_text() == "somebody's"


def test_a_second_opener_is_told_what_to_do(path: Path, store: Store) -> None:
    """Two processes that write one state would corrupt it."""
    with pytest.raises(UnavailableError, match="stop the process that has it open") as refused:
        Store.open(path)

    assert "b'" not in str(refused.value)


def test_a_store_is_made_once(path: Path) -> None:
    """Making a node again must not erase one."""
    with pytest.raises(MisconfiguredError, match="new directory"):
        create_store(path)


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (None, InvariantError, "commit record is damaged"),
        (b"", InvariantError, "commit record is damaged"),
        (b"\xff", InvariantError, "commit record is damaged"),
        (b"\x91\x04", InvariantError, "commit record is damaged"),
        (
            b"\x97\x7f\xa0\x00\x00\xc4\x00\xc4\x00\x00",
            MisconfiguredError,
            "format 127.*reset --keep-blocks",
        ),
    ],
)
def test_a_record_that_cannot_be_read_ends_the_start(
    path: Path, value: bytes | None, kind: type[Exception], said: str
) -> None:
    """Missing, cut off, malformed, or of a later version: none of them is guessed at."""
    database = plyvel.DB(str(path))
    if value is None:
        database.delete(b"m")
    else:
        database.put(b"m", value)
    database.close()

    with pytest.raises(kind, match=said):
        Store.open(path)


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
    check_state(store, replay(store.record.height), [make_key(b"last")])
    store.close()
