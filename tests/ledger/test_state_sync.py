"""Taking over a snapshot: what is honest, what lies, what is cut short."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from tendermint.abci import types_pb2 as abci

from config.errors import InvariantError
from config.snapshot_limits import (
    SNAPSHOT_AHEAD_MS_MAX,
    SNAPSHOT_CHUNK_BYTES_MAX,
    SNAPSHOT_FREE_BYTES_MIN,
    SNAPSHOT_ROOM_FACTOR,
)
from governance.state_keys import COLLECTION_AT, Collection
from ledger import snapshots
from ledger.maintenance import scrub
from ledger.restoring import restoring_path
from ledger.snapshots import SNAPSHOT_FORMAT, SnapshotInfo, encode_chunks, parse_info
from ledger.store import Store
from tests.ledger.scenario import Chain, admit, make_member
from tests.ledger.snapshot_chain import (
    OFFER_ACCEPT,
    Newcomer,
    is_log_record,
    load_chunk,
    run_to_snapshot,
    start_chain,
    wait_for_snapshot,
)

HEIGHT = 10
Items = list[tuple[bytes, bytes]]
Offer, Apply = abci.ResponseOfferSnapshot, abci.ResponseApplySnapshotChunk


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes of state make several chunks."""
    monkeypatch.setattr(snapshots, "SNAPSHOT_CHUNK_BYTES", 8_192)


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """At height 10, with its snapshot made."""
    with run_to_snapshot(tmp_path / "one", HEIGHT) as chain:
        yield chain


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    (tmp_path / "two").mkdir()
    newcomer = Newcomer(tmp_path / "two")
    yield newcomer
    newcomer.application.close()


def read_state(store: Store) -> Items:
    return list(store.scan(b""))


def test_a_newcomer_goes_on_where_the_snapshot_stands(chain: Chain, newcomer: Newcomer) -> None:
    """Same state, same app hash, same further blocks; and every byte stands a scrub."""
    snapshot = wait_for_snapshot(chain, HEIGHT)
    assert snapshot.chunks > 3

    newcomer.take_over(
        snapshot, chain.store.record.app_hash, lambda index: load_chunk(chain, snapshot, index)
    )

    info = newcomer.application.info(abci.RequestInfo())
    assert (info.last_block_height, info.app_version) == (HEIGHT, 1)
    assert info.last_block_app_hash == chain.store.record.app_hash
    other = newcomer.as_chain(height=chain.height, time_ms=chain.time_ms)
    assert read_state(other.store) == read_state(chain.store)
    late = admit(make_member(900), nonce=900)
    assert other.run(late) == chain.run(late)
    assert read_state(other.store) == read_state(chain.store)
    assert newcomer.told[-1].is_done
    assert newcomer.told[-1].chunks_count == newcomer.told[-1].chunks_total == snapshot.chunks
    other.store.close()
    assert scrub(newcomer.path).record.height == HEIGHT + 1
    newcomer.start()


def test_two_nodes_make_the_same_bytes(chain: Chain, tmp_path: Path) -> None:
    """Whatever their pasts: one restarted in between, one joined later."""
    other = start_chain(tmp_path / "other", interval_blocks=HEIGHT)
    for block in chain.blocks:
        other.application.finalize_block(block)
        other.application.commit(abci.RequestCommit())
    first, second = wait_for_snapshot(chain, HEIGHT), wait_for_snapshot(other, HEIGHT)

    assert first == second
    for index in range(first.chunks):
        assert load_chunk(chain, first, index) == load_chunk(other, second, index)
    other.application.close()


def make_offer(
    chain: Chain, change: Callable[[Items], Items], **fields: object
) -> tuple[abci.Snapshot, list[bytes]]:
    """What somebody would offer who lies consistently: metadata and chunks fit."""
    chunks = [c for c in encode_chunks(change(read_state(chain.store))) if c is not None]
    honest = parse_info(wait_for_snapshot(chain, HEIGHT).metadata)
    hashes = tuple(snapshots.hashlib.sha256(chunk).digest() for chunk in chunks)
    values = {name: getattr(honest, name) for name in SnapshotInfo.__struct_fields__}
    info = SnapshotInfo(**(values | {"chunks": hashes} | fields))
    snapshot = abci.Snapshot(
        height=info.height,
        format=SNAPSHOT_FORMAT,
        chunks=len(chunks),
        hash=info.hash,
        metadata=info.encode(),
    )
    return snapshot, chunks


def change_ballot(items: Items) -> Items:
    return [
        (key, b"\x91\x00" if key[COLLECTION_AT] == Collection.BALLOT else value)
        for key, value in items
    ]


def drop_last_entry(items: Items) -> Items:
    found = [key for key, _ in items if key[COLLECTION_AT] == Collection.LOG_ENTRY]
    return [item for item in items if item[0] != found[-1]]


def change_entry(items: Items) -> Items:
    found = [key for key, _ in items if key[COLLECTION_AT] == Collection.LOG_ENTRY]
    return [(key, b"x" if key == found[3] else value) for key, value in items]


def change_node(items: Items) -> Items:
    found = [key for key, _ in items if key[COLLECTION_AT] == Collection.LOG_NODE]
    return [(key, bytes(32) if key == found[2] else value) for key, value in items]


def add_derived(items: Items) -> Items:
    return sorted([*items, (bytes(32) + b"\xf0" + b"more", b"x")])


def swap_values_of_entries(items: Items) -> Items:
    found = [item for item in items if item[0][COLLECTION_AT] == Collection.LOG_ENTRY]
    swapped = dict(items) | {found[0][0]: found[1][1], found[1][0]: found[0][1]}
    return sorted(swapped.items())


@pytest.mark.parametrize(
    "change",
    [
        change_ballot,
        lambda items: items[1:],
        lambda items: sorted([*items, (bytes(32) + b"\x09" + b"new", b"x")]),
        lambda items: [item for item in items if not is_log_record(item[0])],
        drop_last_entry,
        change_entry,
        change_node,
        add_derived,
        swap_values_of_entries,
    ],
)
def test_a_snapshot_that_lies_leaves_nothing_behind(
    chain: Chain, newcomer: Newcomer, change: Callable[[Items], Items]
) -> None:
    """Its chunks are as its metadata says: only at the end is it seen, and all senders go."""
    snapshot, chunks = make_offer(chain, change)

    assert newcomer.offer(snapshot, chain.store.record.app_hash) == OFFER_ACCEPT
    answers = [
        newcomer.apply(index, chunk, sender=f"liar{index % 2}")
        for index, chunk in enumerate(chunks)
    ]

    assert {answer.result for answer in answers[:-1]} == {Apply.ACCEPT}
    assert answers[-1].result == Apply.REJECT_SNAPSHOT
    assert list(answers[-1].reject_senders) == ["liar0", "liar1"]
    assert newcomer.application.info(abci.RequestInfo()).last_block_height == 0
    assert not restoring_path(newcomer.path).exists()
    assert newcomer.told[-1].refused_last
    honest = wait_for_snapshot(chain, HEIGHT)
    newcomer.take_over(
        honest, chain.store.record.app_hash, lambda index: load_chunk(chain, honest, index)
    )


def test_a_lying_chunk_is_fetched_from_somebody_else(chain: Chain, newcomer: Newcomer) -> None:
    """Its sender is not asked again; the snapshot itself goes on."""
    snapshot = wait_for_snapshot(chain, HEIGHT)
    newcomer.offer(snapshot, chain.store.record.app_hash)
    newcomer.apply(0, load_chunk(chain, snapshot, 0))
    honest = load_chunk(chain, snapshot, 1)

    refused = newcomer.apply(1, honest[:-1] + bytes([honest[-1] ^ 1]), sender="liar")

    assert refused.result == Apply.RETRY
    assert list(refused.refetch_chunks) == [1]
    assert list(refused.reject_senders) == ["liar"]
    for index in range(1, snapshot.chunks):
        assert newcomer.apply(index, load_chunk(chain, snapshot, index)).result == Apply.ACCEPT
    assert newcomer.told[-1].refused_count == 1


def rewrite(snapshot: abci.Snapshot, **fields: object) -> abci.Snapshot:
    changed = abci.Snapshot()
    changed.CopyFrom(snapshot)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def test_an_offer_that_contradicts_itself_or_the_light_client_is_refused(
    chain: Chain, newcomer: Newcomer
) -> None:
    """Before any chunk is fetched."""
    snapshot, app_hash = wait_for_snapshot(chain, HEIGHT), chain.store.record.app_hash

    assert newcomer.offer(rewrite(snapshot, format=2), app_hash) == Offer.REJECT_FORMAT
    for change in (
        {"metadata": b""},
        {"metadata": snapshot.metadata + b"\x00"},
        {"height": HEIGHT + 1},
        {"chunks": snapshot.chunks + 1},
        {"hash": bytes(32)},
    ):
        assert newcomer.offer(rewrite(snapshot, **change), app_hash) == Offer.REJECT_SENDER
    assert newcomer.offer(snapshot, bytes(32)) == Offer.REJECT_SENDER
    other, _ = make_offer(chain, lambda items: items, chain_id="test-other-1")
    assert newcomer.offer(other, app_hash) == Offer.REJECT_SENDER
    assert "is of chain test-other-1" in newcomer.told[-1].refused_last

    ahead, _ = make_offer(
        chain, lambda items: items, time_ms=newcomer.now_ms + SNAPSHOT_AHEAD_MS_MAX + 1
    )
    assert newcomer.offer(ahead, app_hash) == Offer.REJECT_SENDER
    assert "a time yet to come" in newcomer.told[-1].refused_last
    newcomer.now_ms += 1
    assert newcomer.offer(ahead, app_hash) == OFFER_ACCEPT


def leave_room(monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> None:
    usage = SimpleNamespace(free=free_bytes)
    monkeypatch.setattr("ledger.state_sync.shutil.disk_usage", lambda _: usage)


def test_a_snapshot_for_which_there_is_no_room_is_not_begun(
    chain: Chain, newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By as many chunks as it says: nobody fills a disk before anything can be checked."""
    snapshot, app_hash = wait_for_snapshot(chain, HEIGHT), chain.store.record.app_hash
    needed = SNAPSHOT_ROOM_FACTOR * snapshot.chunks * SNAPSHOT_CHUNK_BYTES_MAX

    leave_room(monkeypatch, SNAPSHOT_FREE_BYTES_MIN + needed - 1)
    refused = newcomer.offer(snapshot, app_hash)
    leave_room(monkeypatch, SNAPSHOT_FREE_BYTES_MIN + needed)

    assert refused == Offer.REJECT
    assert "free space there" in newcomer.told[-1].refused_last
    assert not restoring_path(newcomer.path).exists()
    newcomer.take_over(snapshot, app_hash, lambda index: load_chunk(chain, snapshot, index))


def test_a_disk_that_fills_up_ends_a_snapshot(
    chain: Chain, newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written goes; nobody is said to have lied. Its tree needs room too."""
    snapshot, app_hash = wait_for_snapshot(chain, HEIGHT), chain.store.record.app_hash
    for index_full, free_bytes in (
        (1, SNAPSHOT_FREE_BYTES_MIN - 1),
        (snapshot.chunks - 1, SNAPSHOT_FREE_BYTES_MIN),
    ):
        leave_room(monkeypatch, 1 << 40)
        assert newcomer.offer(snapshot, app_hash) == OFFER_ACCEPT
        for index in range(index_full):
            assert newcomer.apply(index, load_chunk(chain, snapshot, index)).result == Apply.ACCEPT
        leave_room(monkeypatch, free_bytes)

        refused = newcomer.apply(index_full, load_chunk(chain, snapshot, index_full))

        assert refused.result == Apply.REJECT_SNAPSHOT
        assert not refused.reject_senders
        assert not restoring_path(newcomer.path).exists()


def test_chunks_come_in_order_and_after_an_offer(chain: Chain, newcomer: Newcomer) -> None:
    """Else the engine is not the one that we know."""
    with pytest.raises(InvariantError):
        newcomer.apply(0, b"x")
    snapshot = wait_for_snapshot(chain, HEIGHT)
    newcomer.offer(snapshot, chain.store.record.app_hash)
    with pytest.raises(InvariantError):
        newcomer.apply(1, load_chunk(chain, snapshot, 1))


def test_a_crash_in_the_middle_leaves_an_empty_store(chain: Chain, newcomer: Newcomer) -> None:
    """It begins again, and the leftover is gone."""
    snapshot = wait_for_snapshot(chain, HEIGHT)
    newcomer.offer(snapshot, chain.store.record.app_hash)
    newcomer.apply(0, load_chunk(chain, snapshot, 0))
    assert restoring_path(newcomer.path).exists()
    sync = newcomer.application._sync
    assert sync is not None
    assert sync._restoration is not None
    sync._restoration.close()
    newcomer.application.close()

    newcomer.start()

    assert not restoring_path(newcomer.path).exists()
    assert newcomer.application.info(abci.RequestInfo()).last_block_height == 0
    query = abci.RequestQuery(path="/state", data=bytes(33))
    assert "no block yet" in newcomer.application.query(query).log
    newcomer.take_over(
        snapshot, chain.store.record.app_hash, lambda index: load_chunk(chain, snapshot, index)
    )


def test_an_engine_that_forgot_a_snapshot_may_offer_another(
    chain: Chain, newcomer: Newcomer
) -> None:
    """It ended between the last chunk and its own record of it; but not after a block."""
    snapshot, app_hash = wait_for_snapshot(chain, HEIGHT), chain.store.record.app_hash
    newcomer.take_over(snapshot, app_hash, lambda index: load_chunk(chain, snapshot, index))
    newcomer.application.close()
    newcomer.start()

    newcomer.take_over(snapshot, app_hash, lambda index: load_chunk(chain, snapshot, index))

    newcomer.as_chain(height=chain.height, time_ms=chain.time_ms).run()
    assert newcomer.offer(snapshot, app_hash) == Offer.ABORT


def test_a_chain_with_blocks_takes_no_snapshot(chain: Chain) -> None:
    """Nor does a node that was not told how."""
    snapshot = wait_for_snapshot(chain, HEIGHT)
    request = abci.RequestOfferSnapshot(snapshot=snapshot, app_hash=chain.store.record.app_hash)

    assert chain.application.offer_snapshot(request).result == Offer.ABORT
    chunk = abci.RequestApplySnapshotChunk(index=0, chunk=b"x")
    assert chain.application.apply_snapshot_chunk(chunk).result == Apply.ABORT


def test_a_snapshot_holds_what_its_commit_left(chain: Chain) -> None:
    """Blocks that are committed while it is written are not in it."""
    snapshot = wait_for_snapshot(chain, HEIGHT)
    at_ten = [load_chunk(chain, snapshot, index) for index in range(snapshot.chunks)]
    for number in range(HEIGHT):
        chain.run(admit(make_member(500 + number), nonce=500 + number))
    later = wait_for_snapshot(chain, 2 * HEIGHT)

    assert [load_chunk(chain, snapshot, index) for index in range(snapshot.chunks)] == at_ten
    assert parse_info(later.metadata).state_root != parse_info(snapshot.metadata).state_root
