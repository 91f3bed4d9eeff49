"""Going back, scrubbing and building anew: exactly what a height left, or nothing."""

import tracemalloc
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import plyvel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvariantError, MisconfiguredError, UnavailableError
from config.limits import STATE_UNDO_HEIGHTS
from ledger.disk import FIRST, FLAT, KEY, PAGE, UNDO
from ledger.maintenance import StoreBuilder, rollback, scrub
from ledger.store import Store, create_store
from ledger.undo import decode_undo, encode_undo, undo_key
from tests.ledger.plain_tree import encode_number, find_crowded_keys
from tests.ledger.scenario import Chain, admit, make_member
from tests.ledger.store_samples import (
    BLOCK_KEYS,
    change,
    check_state,
    commit,
    compute_state_root,
    make_block_changes,
    make_key,
    make_store,
)

BLOCKS_COUNT = 8
LAST = make_key(b"last")
KEYS = [
    *find_crowded_keys(1 << 14)[:6],
    *(make_key(bytes([number])) for number in range(6)),
    *(make_key(bytes([number]), is_aside=True) for number in range(3)),
]
VALUES = [b"aaa", b"aab", b"abb", b"bbb", b"a"]
"""Alike in part: an undo record has the other part alone."""
BLOCKS = st.lists(
    st.dictionaries(st.sampled_from(KEYS), st.none() | st.sampled_from(VALUES)),
    min_size=1,
    max_size=8,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed store with some blocks."""
    make_store(tmp_path / "ledger", BLOCKS_COUNT)
    return tmp_path / "ledger"


def read_all(path: Path) -> dict[bytes, bytes]:
    """Every record, the pages apart: how leaves lie in them may differ."""
    with closing(plyvel.DB(str(path))) as database:
        return {key: value for key, value in database if key[:1] != PAGE}


@settings(max_examples=25)
@given(blocks=BLOCKS, data=st.data())
def test_going_back_gives_exactly_the_state_of_that_height(
    tmp_path_factory: pytest.TempPathFactory,
    blocks: list[dict[bytes, bytes | None]],
    *,
    data: st.DataObject,
) -> None:
    """Values, derived ones, index, root, record and what is left of the past; then it goes on."""
    directory = tmp_path_factory.mktemp("stores")
    height = data.draw(st.integers(0, len(blocks)), label="height")
    for name, last in (("back", len(blocks)), ("sound", height)):
        create_store(directory / name)
        with closing(Store.open(directory / name)) as store:
            for block in blocks[:last]:
                commit(store, sorted(block.items()))
    values: dict[bytes, bytes] = {}
    for block in blocks[:height]:
        change(values, [*block.items()])

    record = rollback(directory / "back", height)

    assert record.height == height
    assert read_all(directory / "back") == read_all(directory / "sound")
    assert scrub(directory / "back") == scrub(directory / "sound")
    with closing(Store.open(directory / "back")) as store:
        assert store.record == record
        check_state(store, values, KEYS)
        for block in blocks[height:]:
            commit(store, sorted(block.items()))
            change(values, [*block.items()])
        check_state(store, values, KEYS)


def test_going_back_over_changes_of_the_same_value(tmp_path: Path) -> None:
    """Each undo record is about what its own block left, not about what stands there now."""
    create_store(tmp_path / "ledger")
    with closing(Store.open(tmp_path / "ledger")) as store:
        for value in (b"aaaa", b"aaba", b"bbba"):
            commit(store, [(LAST, value)])

    rollback(tmp_path / "ledger", 1)

    with closing(Store.open(tmp_path / "ledger")) as store:
        assert store.get(LAST) == b"aaaa"


def test_going_back_ends_where_the_past_is_no_longer_kept(tmp_path: Path) -> None:
    """The error names how far it goes; nothing has changed."""
    blocks = STATE_UNDO_HEIGHTS + 5
    create_store(tmp_path / "ledger")
    with closing(Store.open(tmp_path / "ledger")) as store:
        for height in range(1, blocks + 1):
            commit(store, [(LAST, b"%d" % height)])
    for height in (4, 0):
        with pytest.raises(MisconfiguredError, match="earliest height to go back to is 5"):
            rollback(tmp_path / "ledger", height)
    for height in (blocks + 1, -1):
        with pytest.raises(MisconfiguredError, match=f"at height {blocks}"):
            rollback(tmp_path / "ledger", height)
    assert scrub(tmp_path / "ledger").undo_from_height == 5

    assert rollback(tmp_path / "ledger", 5).height == 5
    with closing(Store.open(tmp_path / "ledger")) as store:
        assert store.get(LAST) == b"5"


def test_a_store_in_use_is_not_taken_back(path: Path) -> None:
    """The running node would go on with what is no longer there."""
    with closing(Store.open(path)), pytest.raises(UnavailableError, match="stop the process"):
        rollback(path, 1)


def test_a_forged_past_is_not_taken_for_true(path: Path) -> None:
    """An undo record that does not lead to the root of its height changes nothing."""
    before = read_all(path)
    with closing(plyvel.DB(str(path))) as database:
        record, _ = decode_undo(before[undo_key(BLOCKS_COUNT)])
        forged = encode_undo(record, {LAST: b"other"}, {LAST: before[FLAT + LAST]})
        database.put(undo_key(BLOCKS_COUNT), forged)
    with pytest.raises(InvariantError, match="do not lead back"):
        rollback(path, BLOCKS_COUNT - 1)
    with closing(plyvel.DB(str(path))) as database:
        database.put(undo_key(BLOCKS_COUNT), before[undo_key(BLOCKS_COUNT)])

    assert read_all(path) == before


@pytest.mark.parametrize("cut", [0, 1, 3, 40, -1, -9])
def test_a_damaged_undo_record_is_refused(path: Path, cut: int) -> None:
    """Cut anywhere."""
    with closing(plyvel.DB(str(path))) as database:
        database.put(undo_key(3), database.get(undo_key(3))[:cut])

    with pytest.raises(InvariantError, match="damaged"):
        rollback(path, 1)
    with pytest.raises(InvariantError, match="damaged"):
        scrub(path)


def test_a_chain_that_was_taken_back_replays_to_the_same_hashes(tmp_path: Path) -> None:
    """The engine sends the later blocks again."""
    chain = Chain.start(tmp_path / "ledger")
    chain.open_voting(3)
    for number in range(5, 9):
        chain.run(admit(make_member(number), nonce=number))
    record, height = chain.store.record, chain.height
    chain.store.close()

    rollback(chain.path, height - 6)
    chain.restart()
    for block in chain.blocks[height - 6 :]:
        chain.application.finalize_block(block)
        chain.application.commit(None)  # type: ignore[arg-type]

    assert chain.store.record == record
    chain.store.close()
    assert scrub(chain.path).record == record


def test_a_scrub_counts_what_it_found_sound(path: Path) -> None:
    """Keys in the tree and beside it, and how far back the past reaches."""
    scrubbed = scrub(path)

    assert scrubbed.record.height == BLOCKS_COUNT
    assert scrubbed.keys_count == BLOCKS_COUNT * BLOCK_KEYS + 2
    assert scrubbed.derived_count == BLOCKS_COUNT + 1
    assert scrubbed.undo_from_height == 0


def _forge(kind: bytes, place: int) -> Callable[[plyvel.DB], None]:
    def forge(database: plyvel.DB) -> None:
        [*items] = database.iterator(prefix=kind)
        key, value = items[place]
        database.put(key, value[:-1] + bytes([value[-1] ^ 1]))

    return forge


def _delete(kind: bytes, place: int) -> Callable[[plyvel.DB], None]:
    def delete(database: plyvel.DB) -> None:
        database.delete([*database.iterator(prefix=kind, include_value=False)][place])

    return delete


@pytest.mark.parametrize(
    "forge",
    [
        *(_forge(kind, place) for kind in (FLAT, KEY, PAGE) for place in (0, 40, 160)),
        *(_delete(kind, place) for kind in (FLAT, KEY, PAGE) for place in (0, 40, 160)),
        _delete(UNDO, 3),
        lambda database: database.put(FLAT + make_key(b"new"), b"value"),
        lambda database: database.put(KEY + bytes(32), make_key(b"new")),
        lambda database: database.put(PAGE + bytes(4), b"\x01" + bytes(96)),
        lambda database: database.put(b"x", b"unknown"),
        lambda database: database.put(undo_key(3), database.get(undo_key(4))),
    ],
)
def test_whatever_is_changed_behind_the_ledger_is_found(
    path: Path, forge: Callable[[plyvel.DB], None]
) -> None:
    """With sound checksums: only making the tree anew finds it."""
    scrub(path)
    with closing(plyvel.DB(str(path))) as database:
        forge(database)

    with pytest.raises(InvariantError):
        scrub(path)


@pytest.mark.parametrize("leaves", [BLOCK_KEYS, 3_000])
def test_a_store_is_built_from_its_values_alone(tmp_path: Path, leaves: int) -> None:
    """As state sync does: same root, same values, and it goes on from there."""
    create_store(tmp_path / "ledger")
    store = Store.open(tmp_path / "ledger")
    for height in range(1, 4):
        commit(store, make_block_changes(height))
    commit(store, [(make_key(encode_number(number)), b"v") for number in range(leaves)])
    snapshot = store.snapshot()
    with StoreBuilder(tmp_path / "built") as builder:
        [*items] = snapshot.scan()
        builder.add(iter(items[:50]))
        builder.add(items[50:])
        with pytest.raises(InvariantError, match="ascending"):
            builder.add([(make_key(b"gone"), b"again")])
        builder.finish(snapshot.record)
    snapshot.close()
    values = dict(store.scan(b""))
    store.close()

    scrubbed = scrub(tmp_path / "built")
    assert scrubbed.record == store.record
    assert scrubbed.undo_from_height == store.record.height
    with closing(Store.open(tmp_path / "built")) as built:
        check_state(built, values, [LAST])
        commit(built, make_block_changes(5))
        change(values, make_block_changes(5))
        check_state(built, values, [LAST])


def test_a_crowd_of_ground_keys_is_built_and_scrubbed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Split pages come out of a build as out of blocks."""
    monkeypatch.setattr("ledger.pages.STATE_PAGE_LEAVES_MAX", 1)
    monkeypatch.setattr("ledger.pages.STATE_PAGE_LEAVES_MERGED", 1)
    values = dict.fromkeys(find_crowded_keys(), b"v") | dict.fromkeys(
        map(encode_number, range(2_000)), b"w"
    )
    root = compute_state_root(values)
    with StoreBuilder(tmp_path / "built") as builder:
        builder.add(sorted(values.items()))
        builder.finish(replace(FIRST, height=1, state_root=root))

    with closing(Store.open(tmp_path / "built")) as built:
        assert any(key[4:] for key, _ in built.database.iterator(prefix=PAGE))
    assert scrub(tmp_path / "built").keys_count == len(values)


def test_a_build_keeps_no_key_in_memory(tmp_path: Path) -> None:
    """A stranger's snapshot may have any number of them; what it lies in is seen at the end."""
    keys = (make_key(number.to_bytes(8, "big")) for number in range(30_000))
    with StoreBuilder(tmp_path / "built") as builder:
        builder.add([(bytes(32) + b"\x00", b"v")])
        tracemalloc.start()
        try:
            builder.add((key, b"v") for key in keys)
            kept_bytes, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert builder.leaves_count == 30_001
    assert kept_bytes < 300_000


def test_a_build_of_another_state_is_never_opened(tmp_path: Path) -> None:
    """Nor one that was not finished."""
    with StoreBuilder(tmp_path / "built") as builder:
        builder.add([(LAST, b"value")])
        with pytest.raises(InvariantError, match="not the state of height 7"):
            builder.finish(replace(FIRST, height=7))

    with pytest.raises(InvariantError, match="commit record"):
        Store.open(tmp_path / "built")
    with pytest.raises(MisconfiguredError):
        StoreBuilder(tmp_path / "built")
