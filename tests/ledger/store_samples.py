"""Blocks of made-up changes for tests of the store, and what they must leave."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from governance.state_keys import DERIVED_FROM, is_derived
from ledger.disk import CommitRecord
from ledger.ics23 import SMT, ProofError, check_absence, check_membership
from ledger.state import State
from ledger.store import Store, create_store
from tests.ledger.plain_tree import compute_root, hash_leaves

Changes = Sequence[tuple[bytes, bytes | None]]
BLOCK_KEYS = 20


def commit(store: Store, changes: Changes) -> CommitRecord:
    """The next block, with these changes."""
    staged = store.stage(changes)
    height = store.record.height + 1
    is_changed = staged.root != store.record.state_root
    record = replace(
        store.record,
        height=height,
        app_hash=staged.root,
        state_root=staged.root,
        since_height=height if is_changed else store.record.since_height,
    )
    store.commit(staged, record)
    return record


def make_key(name: bytes, *, is_aside: bool = False) -> bytes:
    """A key of a collection of its own, in the tree or derived."""
    return bytes(32) + (DERIVED_FROM if is_aside else b"\x01") + name


def make_block_changes(height: int) -> list[tuple[bytes, bytes | None]]:
    """Some keys new with each block, some overwritten by each, some deleted by the next."""
    value = height.to_bytes(8, "big")
    own: list[tuple[bytes, bytes | None]] = [
        (make_key(b"own" + value + bytes([number])), value * 8) for number in range(BLOCK_KEYS)
    ]
    return [
        *own,
        (make_key(b"last"), value),
        (make_key(b"gone" + value), value),
        (make_key(b"gone" + (height - 1).to_bytes(8, "big")), None),
        (make_key(b"aside" + value, is_aside=True), value),
        (make_key(b"aside", is_aside=True), value),
    ]


def replay(height: int) -> dict[bytes, bytes]:
    """What the state must hold after so many blocks."""
    values: dict[bytes, bytes] = {}
    for block in range(1, height + 1):
        change(values, make_block_changes(block))
    return values


def change(values: dict[bytes, bytes], changes: Changes) -> None:
    """Make changes to what a state must hold."""
    for key, value in changes:
        if value is None:
            values.pop(key, None)
        else:
            values[key] = value


def select_tree(values: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Those that the tree is over."""
    return {key: value for key, value in values.items() if not is_derived(key)}


def compute_state_root(values: Mapping[bytes, bytes]) -> bytes:
    """The root of a state, by the tree's definition."""
    return compute_root(hash_leaves(select_tree(values)))


def check_state(
    state: State | Store, values: Mapping[bytes, bytes], asked: Sequence[bytes]
) -> None:
    """Check that a state holds these values and proves them, and nothing else."""
    assert dict(state.scan(b"")) == values
    root = compute_state_root(values)
    assert state.record.state_root == root
    for key in asked:
        assert state.get(key) == values.get(key)
        try:
            proof = state.prove(key)
        except ProofError:
            assert is_derived(key) or not select_tree(values)
            continue
        if key in values:
            check_membership(spec=SMT, root=root, key=key, value=values[key], proof=proof)
        else:
            check_absence(root=root, key=key, proof=proof)


def make_store(path: Path, blocks: int, *, is_compacted: bool = False) -> None:
    """A closed store with some blocks, left in LevelDB's log or moved into tables."""
    create_store(path)
    with closing(Store.open(path)) as store:
        for height in range(1, blocks + 1):
            commit(store, make_block_changes(height))
        if is_compacted:
            store.database.compact_range()
