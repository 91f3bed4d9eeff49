"""Snapshots beside the ledger's own work: kept, dropped, retried; never in the way."""

import errno
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import plyvel
import pytest
from tendermint.abci import types_pb2 as abci

from config.snapshot_limits import SNAPSHOTS_KEPT
from ledger import snapshot_shelf, snapshot_writer
from ledger.snapshot_shelf import SnapshotShelf, find_snapshot, read_snapshot
from ledger.snapshots import SnapshotError
from ledger.store import Snapshot
from tests.ledger.scenario import Chain
from tests.ledger.snapshot_chain import load_chunk, start_chain, wait_for_snapshot


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    chain = start_chain(tmp_path / "one", interval_blocks=2)
    yield chain
    chain.application.close()


def directory_of(chain: Chain) -> Path:
    return chain.path.with_name("snapshots")


def names_in(chain: Chain) -> list[str]:
    return sorted(path.name for path in directory_of(chain).iterdir())


def wait_until(predicate: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + 10
    while not predicate():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.01)


def writing_of(chain: Chain) -> "snapshot_writer._Writing | None":
    writer = chain.application._snapshots
    assert writer is not None
    return writer._writing


def run_until_written(chain: Chain, blocks: int) -> None:
    for _ in range(blocks):
        chain.run()
        if (writing := writing_of(chain)) is not None:
            writing.join()


def test_the_newest_are_kept_and_listed_newest_first(chain: Chain) -> None:
    """Older ones go when a new one is finished."""
    run_until_written(chain, 10)

    listed = chain.application.list_snapshots(abci.RequestListSnapshots()).snapshots
    assert [snapshot.height for snapshot in listed] == [10, 8]
    assert len(listed) == SNAPSHOTS_KEPT
    assert names_in(chain) == ["10", "8"]
    assert all(len(snapshot.metadata) < 4_000_000 for snapshot in listed)


def test_one_is_made_when_it_is_wanted(tmp_path: Path) -> None:
    """At the next commit, once, whatever the interval is."""
    directory = tmp_path / "one"
    chain = start_chain(directory, interval_blocks=0, wanted=directory / "wanted")
    run_until_written(chain, 1)
    assert names_in(chain) == []
    (directory / "wanted").touch()

    run_until_written(chain, 3)

    assert names_in(chain) == ["2"]
    assert not (directory / "wanted").exists()
    assert find_snapshot(directory_of(chain), from_height=2) == directory_of(chain) / "2"
    assert find_snapshot(directory_of(chain), from_height=3) is None
    chain.application.close()


def test_what_a_crash_left_is_removed_at_the_next_start(chain: Chain) -> None:
    """Also what somebody else put there."""
    run_until_written(chain, 2)
    (directory_of(chain) / "4.unfinished").mkdir()
    (directory_of(chain) / "4.unfinished" / "00000").write_bytes(b"x")
    (directory_of(chain) / "6").mkdir()
    (directory_of(chain) / "6" / "metadata").write_bytes(b"nonsense")

    shelf = SnapshotShelf(directory_of(chain))

    assert [info.height for info in shelf.list_infos()] == [2]
    assert names_in(chain) == ["2"]


def test_a_full_disk_drops_the_snapshot_and_not_the_chain(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made another time."""
    full = OSError(errno.ENOSPC, "No space left on device")

    def fail(*_: object) -> None:
        raise full

    with monkeypatch.context() as patch:
        patch.setattr(snapshot_shelf.UnfinishedSnapshot, "add", fail)
        run_until_written(chain, 3)
    assert names_in(chain) == []

    run_until_written(chain, 1)
    assert wait_for_snapshot(chain, 4).height == 4


def test_damaged_state_ends_the_process_at_the_next_block(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That LevelDB cannot read what it keeps is no matter of convenience."""

    def fail(*_: object, **__: object) -> Iterator[tuple[bytes, bytes]]:
        raise plyvel.CorruptionError(b"Corruption: block checksum mismatch")
        yield

    monkeypatch.setattr(Snapshot, "scan", fail)
    run_until_written(chain, 2)

    with pytest.raises(plyvel.CorruptionError):
        chain.run()


def test_a_bad_disk_makes_no_liar_of_us(chain: Chain) -> None:
    """A chunk that changed is not handed out, and its snapshot goes."""
    run_until_written(chain, 2)
    snapshot = wait_for_snapshot(chain, 2)
    assert load_chunk(chain, snapshot, 0)
    path = directory_of(chain) / "2" / "00000"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)

    assert load_chunk(chain, snapshot, 0) == b""
    assert names_in(chain) == []
    assert load_chunk(chain, snapshot, 0) == b""


def test_what_is_not_there_gets_an_empty_answer(chain: Chain) -> None:
    """Another height, format or place; the engine asks another peer."""
    run_until_written(chain, 2)
    snapshot = wait_for_snapshot(chain, 2)

    assert load_chunk(chain, snapshot, snapshot.chunks) == b""
    snapshot.height = 1
    assert load_chunk(chain, snapshot, 0) == b""
    snapshot.format = 9
    assert load_chunk(chain, snapshot, 0) == b""


def test_one_is_written_at_a_time_and_a_stop_drops_it(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing the store waits until LevelDB is no longer read."""
    monkeypatch.setattr(snapshot_writer, "_SLICE_S", 0)
    monkeypatch.setattr(snapshot_writer, "_LOOK_EVERY", 1)
    monkeypatch.setattr(snapshot_writer, "_PAUSE_S", 0.2)
    chain.run()
    chain.run()
    writing = writing_of(chain)
    assert writing is not None
    chain.run()
    chain.run()
    assert writing_of(chain) is writing

    chain.application.close()

    assert not writing.is_alive()
    assert names_in(chain) == []
    chain.restart()


def test_none_are_made_where_the_interval_is_nothing(tmp_path: Path) -> None:
    """An operator may spare the disk."""
    chain = start_chain(tmp_path / "none", interval_blocks=0)
    for _ in range(4):
        chain.run()

    assert not chain.application.list_snapshots(abci.RequestListSnapshots()).snapshots
    chain.application.close()


def test_only_a_finished_snapshots_directory_is_read(chain: Chain, tmp_path: Path) -> None:
    """For checks without a node."""
    run_until_written(chain, 2)

    info, chunks = read_snapshot(directory_of(chain) / "2")

    assert info.height == 2
    assert len(list(chunks)) == len(info.chunks)
    with pytest.raises(SnapshotError, match="no snapshot"):
        read_snapshot(tmp_path)
