"""Damage on disk: found at start, by a scrub, or by what the engine replays; never served."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import plyvel
import pytest

from config.errors import InvariantError
from ledger.maintenance import scrub
from ledger.store import Store
from tests.ledger.scenario import Chain, admit, make_member
from tests.ledger.store_samples import check_state, make_key, make_store, replay

BLOCKS_COUNT = 8
LAST = make_key(b"last")


@pytest.fixture(params=["log", "tables"])
def sound(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A closed store, its blocks in the log or in tables."""
    make_store(tmp_path / "sound", BLOCKS_COUNT, is_compacted=request.param == "tables")
    return tmp_path / "sound"


def damage(sound: Path, step: int) -> Iterator[tuple[Path, bytes]]:
    """Each file of data, and its content with one byte flipped."""
    for file in sorted(sound.iterdir()):
        content = file.read_bytes()
        for place in range(0, len(content), step) if file.suffix in {".log", ".ldb"} else ():
            yield file, content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :]


def test_a_flipped_byte_is_found_or_its_blocks_are_replayed(sound: Path, tmp_path: Path) -> None:
    """Damage ends the start or the scrub, or loses the newest blocks whole."""
    found = count = 0
    for file, content in damage(sound, 449):
        bent = tmp_path / "bent"
        shutil.copytree(sound, bent)
        (bent / file.name).write_bytes(content)
        count += 1
        try:
            height = scrub(bent).record.height
        except InvariantError:
            found += 1
        else:
            with closing(Store.open(bent)) as opened:
                check_state(opened, replay(height), [LAST])
        shutil.rmtree(bent)

    assert count > 20
    assert found > count // 2


def test_a_flipped_byte_is_never_read_as_a_value(tmp_path: Path) -> None:
    """A running node reads values that its start did not: with their checksums."""
    make_store(tmp_path / "sound", BLOCKS_COUNT, is_compacted=True)
    expected = replay(BLOCKS_COUNT)
    caught = 0
    for file, content in damage(tmp_path / "sound", 449):
        bent = tmp_path / "bent"
        shutil.copytree(tmp_path / "sound", bent)
        (bent / file.name).write_bytes(content)
        try:
            with closing(Store.open(bent)) as opened:
                for key, value in expected.items():
                    assert opened.get(key) == value
        except (InvariantError, plyvel.Error):
            caught += 1
        shutil.rmtree(bent)

    assert caught > 20


@pytest.mark.parametrize("suffix", [".ldb", "MANIFEST", "CURRENT"])
def test_a_missing_file_or_a_damaged_manifest_ends_the_start(tmp_path: Path, suffix: str) -> None:
    """LevelDB knows its files; it is never asked to repair them."""
    make_store(tmp_path / "ledger", BLOCKS_COUNT, is_compacted=True)
    for file in (tmp_path / "ledger").iterdir():
        if suffix == ".ldb" and file.suffix == suffix:
            file.unlink()
        elif file.name.startswith(suffix):
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 0x10
            file.write_bytes(content)

    with pytest.raises(InvariantError, match="backup"):
        Store.open(tmp_path / "ledger")


def test_a_log_that_was_cut_off_is_an_earlier_block_which_the_engine_replays(
    tmp_path: Path,
) -> None:
    """LevelDB cannot tell it from a crash; the app hashes of the replayed blocks can."""
    chain = Chain.start(tmp_path / "ledger")
    for number in range(6):
        chain.run(admit(make_member(number), nonce=number + 1))
    record = chain.store.record
    chain.store.close()
    [log] = chain.path.glob("*.log")
    content = log.read_bytes()
    heights = set()
    for place in range(0, len(content), len(content) // 12):
        log.write_bytes(content[:place])
        copy = tmp_path / "copy"
        shutil.copytree(chain.path, copy)
        try:
            store = Store.open(copy)
        except InvariantError:
            assert place < 300  # nothing left, not even the first record
            shutil.rmtree(copy)
            continue
        store.close()
        heights.add(store.record.height)
        replayed = Chain(copy, chain.application, store)
        replayed.restart()
        for block in chain.blocks[replayed.store.record.height :]:
            if not replayed.store.record.height:
                break  # the engine would begin the chain anew
            replayed.application.finalize_block(block)
            replayed.application.commit(None)  # type: ignore[arg-type]
        if replayed.store.record.height:
            assert replayed.store.record == record
        replayed.store.close()
        shutil.rmtree(copy)

    assert len(heights) > 4
