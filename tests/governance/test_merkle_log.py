"""RFC 6962 logs against published values and against the RFC's own recursive definition."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvariantError
from governance.merkle_log import (
    EMPTY_FRONTIER,
    Frontier,
    compute_range_path,
    compute_root,
    compute_root_at,
    is_included,
    is_range_included,
)
from tests.merkle import compute_path, read_from

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "rfc6962.json").read_text(encoding="utf-8")
)
LEAVES = [bytes.fromhex(leaf) for leaf in VECTORS["leaves"]]
ROOTS = [bytes.fromhex(root) for root in VECTORS["roots"]]
logs = st.lists(st.binary(max_size=4), max_size=70)


def compute_root_by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = leaves[:split], leaves[split:]
    halves = compute_root_by_definition(left) + compute_root_by_definition(right)
    return hashlib.sha256(b"\x01" + halves).digest()


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_roots_are_the_published_ones(size: int) -> None:
    """RFC 6962 §2.1: the reference tree's root at every size."""
    assert compute_root(LEAVES[:size]) == ROOTS[size]


@given(logs)
def test_a_root_is_what_the_definition_says(leaves: list[bytes]) -> None:
    """RFC 6962 §2.1: the compact frontier computes the recursive definition."""
    assert compute_root(leaves) == compute_root_by_definition(leaves)


@given(logs)
def test_a_frontier_keeps_one_peak_for_each_bit_of_its_size(leaves: list[bytes]) -> None:
    """A log of any size costs at most 63 hashes to go on."""
    frontier = EMPTY_FRONTIER
    for leaf in leaves:
        frontier = frontier.append(leaf)

    assert frontier.size == len(leaves)
    assert len(frontier.peaks) == len(leaves).bit_count()
    assert Frontier.decode(frontier.encode()) == frontier


@given(logs.filter(len), st.data())
def test_every_entry_can_be_proven(leaves: list[bytes], data: st.DataObject) -> None:
    """RFC 6962 §2.1.1: the path leads from any entry to the root."""
    index = data.draw(st.integers(0, len(leaves) - 1))

    path = compute_path(leaves, index=index)

    root = compute_root(leaves)
    assert is_included(leaf=leaves[index], index=index, size=len(leaves), path=path, root=root)


@given(logs.filter(len), st.data())
def test_a_changed_proof_convinces_nobody(leaves: list[bytes], data: st.DataObject) -> None:
    """RFC 9162 §2.1.3.2: leaf, place, path and root must all fit."""
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = compute_path(leaves, index=index)
    root, size = compute_root(leaves), len(leaves)

    assert not is_included(leaf=b"other", index=index, size=size, path=path, root=root)
    assert not is_included(leaf=leaves[index], index=size, size=size, path=path, root=root)
    assert not is_included(leaf=leaves[index], index=-1, size=size, path=path, root=root)
    assert not is_included(leaf=leaves[index], index=index, size=size, path=path, root=bytes(32))
    assert not is_included(
        leaf=leaves[index], index=index, size=size, path=(*path, root), root=root
    )
    for place in range(len(path)):
        shorter = path[:place] + path[place + 1 :]
        cut = (*path[:place], path[place][1:], *path[place + 1 :])
        for wrong in (shorter, cut):
            assert not is_included(
                leaf=leaves[index], index=index, size=size, path=wrong, root=root
            )


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_path_for_an_entry_that_is_not_there(index: int) -> None:
    """Asking for one is our own defect."""
    with pytest.raises(InvariantError):
        compute_path(LEAVES[:3], index=index)


@given(logs.filter(len), st.data())
def test_a_page_is_shown_complete(leaves: list[bytes], data: st.DataObject) -> None:
    """Entries in a row follow from the root and the subtrees beside them; nothing else does."""
    start = data.draw(st.integers(0, len(leaves) - 1))
    end = data.draw(st.integers(start + 1, len(leaves)))
    size, root, page = len(leaves), compute_root(leaves), leaves[start:end]

    path = compute_range_path(read_from(leaves), start=start, end=end, size=size)

    def check(**changes: Any) -> bool:
        claims = {"leaves": page, "start": start, "size": size, "path": path, "root": root}
        return is_range_included(**(claims | changes))

    assert check()
    assert not check(leaves=[*page[:-1], b"other"])
    assert not check(leaves=[])
    assert not check(root=bytes(32))
    assert not check(path=(*path, root))
    assert not check(start=-1)
    assert not check(start=start + size)
    for place in range(len(path)):
        assert not check(path=path[:place] + path[place + 1 :])
        assert not check(path=(*path[:place], path[place][1:], *path[place + 1 :]))
    if len(page) > 1:
        assert not check(leaves=page[1:])
        assert page[::-1] == page or not check(leaves=page[::-1])
    if end < size:
        assert not check(leaves=[*page, leaves[end]])


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (1, 1), (2, 1), (0, 4), (3, 4)])
def test_there_is_no_page_of_what_is_not_there(start: int, end: int) -> None:
    """Asking for one is our own defect."""
    with pytest.raises(InvariantError):
        compute_range_path(read_from(LEAVES[:3]), start=start, end=end, size=3)


@given(logs)
def test_a_log_hands_out_each_completed_subtree_once(leaves: list[bytes]) -> None:
    """Kept by level and place, they give the root at every earlier size."""
    frontier, nodes = EMPTY_FRONTIER, dict[tuple[int, int], bytes]()
    for index, leaf in enumerate(leaves):
        nodes[0, index] = compute_root([leaf])
        frontier, completed = frontier.add(leaf)
        for level, node in enumerate(completed, 1):
            assert (level, index >> level) not in nodes
            nodes[level, index >> level] = node

    for size in range(1, len(leaves) + 1):
        root = compute_root_at(lambda level, index: nodes[level, index], size=size)
        assert root == compute_root(leaves[:size])
