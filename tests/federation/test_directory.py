"""The directory: monotonic merging, states, and the file."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.errors import RefusedError
from federation.directory import (
    STALE_KEPT_S,
    Directory,
    EntryState,
    decode_registry,
    load_directory,
    save_directory,
)


def make_directory(*cooperatives: Any) -> Directory:
    directory = Directory()
    directory.set_registry({item.did: item.assertion_key.public_key for item in cooperatives})
    return directory


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_keeps_the_newest_record_in_whatever_order_they_come(
    cooperative: Any, now_s: int, seqs: list[int]
) -> None:
    """A peer that serves old records cannot roll the directory back."""
    directory = make_directory(cooperative)

    for seq in seqs:
        directory.merge(cooperative.publish(seq=now_s + seq), now_s=now_s)

    entry = directory.get(cooperative.did)
    assert entry is not None
    assert entry.record.seq == now_s + max(seqs)


def test_says_whether_a_record_was_taken(cooperative: Any, now_s: int) -> None:
    """A record that is known already is not news."""
    directory = make_directory(cooperative)

    assert directory.merge(cooperative.publish(), now_s=now_s)
    assert not directory.merge(cooperative.publish(), now_s=now_s)


def test_refuses_a_record_that_the_registry_does_not_vouch_for(
    cooperative: Any, other: Any, now_s: int
) -> None:
    """The network cannot add a cooperative."""
    directory = make_directory(other)

    with pytest.raises(RefusedError):
        directory.merge(cooperative.publish(), now_s=now_s)


def test_an_expired_record_is_stale_and_later_forgotten(cooperative: Any, now_s: int) -> None:
    """An expired record is shown as stale for 30 days."""
    directory = make_directory(cooperative)
    directory.merge(cooperative.publish(exp=now_s + 10), now_s=now_s)

    def get_states(at_s: int) -> list[EntryState]:
        directory.drop_forgotten(now_s=at_s)
        return [state for _, state in directory.get_entries(now_s=at_s)]

    assert get_states(now_s + 9) == [EntryState.FRESH]
    assert get_states(now_s + 10) == [EntryState.STALE]
    assert get_states(now_s + 10 + STALE_KEPT_S) == []


def test_a_changed_registry_drops_what_it_no_longer_vouches_for(
    cooperative: Any, other: Any, now_s: int
) -> None:
    """A cooperative that left, or changed its key, must publish anew."""
    directory = make_directory(cooperative, other)
    directory.merge(cooperative.publish(), now_s=now_s)
    directory.merge(other.publish(), now_s=now_s)
    registry = dict(directory.registry)

    assert not directory.set_registry(registry)
    assert directory.set_registry(registry | {other.did: bytes(32)})

    assert directory.get(cooperative.did) is not None
    assert directory.get(other.did) is None


@pytest.mark.parametrize(
    "registry", [{"did:web:a.test": b"short"}, {f"did:web:{n}.test": bytes(32) for n in range(65)}]
)
def test_refuses_a_registry_beyond_the_limits(registry: dict[str, bytes]) -> None:
    """Keys have 32 bytes and cooperatives are at most 64."""
    with pytest.raises(RefusedError):
        Directory().set_registry(registry)


@pytest.mark.parametrize("value", [None, [1], [["a"]], [["a", "b"]], [["a", b""], ["a", b""]]])
def test_refuses_a_registry_of_another_shape(value: Any) -> None:
    """A registry is a list of pairs, each DID once."""
    with pytest.raises(RefusedError):
        decode_registry(value)


def test_a_saved_directory_is_loaded_again(
    cooperative: Any, other: Any, now_s: int, tmp_path: Path
) -> None:
    """Registry and records survive a restart, expired ones too; only the owner can read them."""
    path = tmp_path / "directory.bin"
    directory = make_directory(cooperative, other)
    directory.merge(cooperative.publish(), now_s=now_s)

    save_directory(directory, path)
    save_directory(directory, path)
    loaded = load_directory(path)

    assert loaded.registry == directory.registry
    assert loaded.get_entries(now_s=now_s) == directory.get_entries(now_s=now_s)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_an_absent_file_is_an_empty_directory(tmp_path: Path) -> None:
    """A new node has no directory yet."""
    assert load_directory(tmp_path / "absent").get_entries(now_s=0) == []


def test_refuses_a_damaged_file_and_leaves_out_damaged_records(
    cooperative: Any, other: Any, now_s: int, tmp_path: Path
) -> None:
    """What is read back is checked like what comes from the network."""
    path = tmp_path / "directory.bin"
    directory = make_directory(cooperative, other)
    directory.merge(cooperative.publish(), now_s=now_s)
    directory.merge(other.publish(), now_s=now_s)
    data = directory.encode()

    path.write_bytes(data[:-1])
    with pytest.raises(RefusedError):
        load_directory(path)
    path.write_bytes(b"\x90")
    with pytest.raises(RefusedError, match="version"):
        load_directory(path)

    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert len(load_directory(path).get_entries(now_s=now_s)) == 1
