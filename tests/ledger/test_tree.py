"""The authenticated map against its definition, whatever keys are ground out."""

import random
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.limits import STATE_PAGE_LEAVES_MAX, STATE_PAGE_LEAVES_MERGED
from ledger import tree as tree_module
from ledger.pages import SPLIT, Records, count_leaves
from ledger.paths import find_neighbour, find_path
from ledger.tree import PAGES, PLACE_BYTES, StagedTree, Tree
from tests.ledger.plain_tree import EMPTY, compute_path, compute_root, sha256

PAGE_BYTES_MAX = 1 + 32 + 64 * STATE_PAGE_LEAVES_MAX
BITS = [0, 1, 17, 18, 19, 22, 26, 60, 120, 200, 249]
"""Bits that the key hashes of a crowd share."""
CROWDS = st.lists(
    st.tuples(st.sampled_from(BITS), st.sampled_from([1, 2, 3, 40, 90]), st.integers(0, 99)),
    min_size=1,
    max_size=5,
)


def make_crowd(bits: int, count: int, seed: int) -> list[bytes]:
    """Key hashes that share their first bits, as an attacker would grind them out."""
    randomness = random.Random(seed)
    common = int.from_bytes(sha256(b"crowd %d" % (seed % 3)), "big") >> (256 - bits) << (256 - bits)
    return [(common | randomness.getrandbits(256 - bits)).to_bytes(32, "big") for _ in range(count)]


class Kept:
    """A tree, the pages under it, and what both should hold."""

    def __init__(self) -> None:
        self.pages: dict[bytes, bytes] = {}
        self.tree = Tree(self.pages.get)
        self.leaves: dict[bytes, bytes] = {}
        """Value hashes by key hashes."""

    def change(self, puts: Mapping[bytes, bytes], deletes: Iterable[bytes] = ()) -> StagedTree:
        """Stage some changes and apply them."""
        staged = self.tree.stage(encode_changes(puts, deletes))
        self.apply(staged.pages)
        self.tree.apply(staged)
        self.leaves |= puts
        for key_hash in deletes:
            self.leaves.pop(key_hash, None)
        return staged

    def apply(self, records: Records) -> None:
        for place, record in records.items():
            if record is None:
                self.pages.pop(place, None)
            else:
                self.pages[place] = record

    def list_nodes(self) -> list[bytes]:
        return [self.tree.get_node(index) for index in range(2 * PAGES)]

    def load(self) -> Tree:
        """The tree as a new start would make it."""
        loaded = Tree(self.pages.get)
        loaded.load(self.pages.items())
        return loaded


def encode_changes(puts: Mapping[bytes, bytes], deletes: Iterable[bytes] = ()) -> list[bytes]:
    changes = [key + sha256(b"\x00" + key + value) for key, value in puts.items()]
    return [*changes, *deletes]


def put_all(key_hashes: Iterable[bytes], value: bytes = EMPTY) -> dict[bytes, bytes]:
    return dict.fromkeys(key_hashes, value)


@settings(max_examples=40)
@given(crowds=CROWDS, data=st.data())
def test_the_root_depends_on_the_contents_alone(
    crowds: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    """Whatever is put, replaced and deleted, in whatever batches and layout."""
    kept = Kept()
    for number, crowd in enumerate(crowds):
        key_hashes = make_crowd(*crowd)
        deleted = [
            key_hash for key_hash in kept.leaves if data.draw(st.integers(0, 3), label="fate") == 0
        ][:50]
        puts = put_all(key_hashes, sha256(b"%d" % number))
        staged = kept.change({key: puts[key] for key in puts if key not in deleted}, deleted)

        assert staged.root == kept.tree.root == compute_root(kept.leaves)
    loaded, anew = kept.load(), Kept()
    anew.change(kept.leaves)

    assert loaded._nodes == kept.tree._nodes
    assert anew.tree.root == loaded.root


@settings(max_examples=30)
@given(crowds=CROWDS, asked=st.tuples(st.sampled_from(BITS), st.just(3), st.integers(0, 99)))
def test_every_way_is_the_one_of_the_definition(
    crowds: list[tuple[int, int, int]], asked: tuple[int, int, int]
) -> None:
    """Paths of keys that are there, neighbours of keys that are not."""
    kept = Kept()
    kept.change(put_all(key_hash for crowd in crowds for key_hash in make_crowd(*crowd)))
    ordered = sorted(kept.leaves)

    for key_hash in [*ordered[:3], *ordered[len(ordered) // 2 :][:3], ordered[-1]]:
        assert find_path(kept.tree, key_hash) == compute_path(kept.leaves, key_hash)
    for key_hash in [*make_crowd(*asked), *ordered[:2], bytes(32), b"\xff" * 32]:
        before = [other for other in ordered if other < key_hash]
        after = [other for other in ordered if other > key_hash]
        found = find_neighbour(kept.tree, key_hash, is_before=True)
        assert found == (before[-1] if before else None)
        found = find_neighbour(kept.tree, key_hash, is_before=False)
        assert found == (after[0] if after else None)


@pytest.mark.parametrize("bits", BITS)
def test_no_page_grows_large_whatever_keys_are_ground(bits: int) -> None:
    """Each is bounded, all of them are gone with the keys, and the roots come back on the way."""
    crowd = sorted(set(make_crowd(bits, 300, 1)))
    random.Random(2).shuffle(crowd)
    kept, roots = Kept(), [EMPTY]
    for start in range(0, len(crowd), 10):
        kept.change(put_all(crowd[start : start + 10]))
        roots.append(kept.tree.root)
        assert max(map(len, kept.pages.values())) <= PAGE_BYTES_MAX
    if bits >= 18:
        assert kept.pages[min(kept.pages)][0] == SPLIT
    for start in reversed(range(0, len(crowd), 10)):
        assert kept.tree.root == roots.pop()
        kept.change({}, [*crowd[start : start + 10], sha256(b"absent")])
        for record in kept.pages.values():
            is_split = record[0] == SPLIT
            assert not is_split or count_leaves(record) > STATE_PAGE_LEAVES_MERGED

    assert kept.pages == {}
    assert kept.tree.root == EMPTY
    assert not any(kept.tree._nodes)


def test_what_a_change_writes_is_bounded_too() -> None:
    """One key among twenty thousand that share forty bits costs a few pages."""
    kept = Kept()
    kept.change(put_all(make_crowd(40, 20_000, 1)))
    [extra] = make_crowd(40, 1, 4)

    staged = kept.tree.stage(encode_changes({extra: EMPTY}))

    # One split page for each four bits from 18 on, and the last ones for the crowd itself.
    assert len(staged.pages) <= (40 - 18) / 4 + 6
    assert sum(len(record or b"") for record in staged.pages.values()) < 4 * PAGE_BYTES_MAX


@settings(max_examples=20)
@given(crowds=CROWDS)
def test_staging_changes_nothing(crowds: list[tuple[int, int, int]]) -> None:
    """A block may be decided again, or never committed."""
    kept = Kept()
    kept.change(put_all(make_crowd(20, 70, 1)))
    nodes, pages = [*kept.tree._nodes], dict(kept.pages)
    puts = put_all(key_hash for crowd in crowds for key_hash in make_crowd(*crowd))
    changes = encode_changes(puts, [key for key in kept.leaves if key not in puts][:60])

    first = kept.tree.stage(changes)
    second = kept.tree.stage(reversed(changes))

    assert (first.root, first.pages, first.rows) == (second.root, second.pages, second.rows)
    assert (kept.tree._nodes, kept.pages) == (nodes, pages)
    assert kept.tree.stage([]).root == kept.tree.root


def test_applied_changes_leave_behind_what_they_replaced() -> None:
    """With it, the tree of some blocks ago can still be read."""
    kept = Kept()
    kept.change(put_all(make_crowd(20, 70, 1)))
    nodes, pages = kept.list_nodes(), dict(kept.pages)

    staged = kept.change(put_all(make_crowd(0, 50, 1)), [*kept.leaves][:60])

    before = kept.list_nodes()
    for row in staged.rows:
        for index, node in row.items():
            before[index] = node
    assert before == nodes
    assert {place: staged.pages_before.get(place) for place in staged.pages} == {
        place: pages.get(place) for place in staged.pages
    }


def test_pages_that_find_no_room_in_memory_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit on memory changes no root."""
    monkeypatch.setattr(tree_module, "STATE_PAGES_BYTES_MAX", 500)
    kept = Kept()
    for seed in range(6):
        kept.change(put_all(make_crowd(seed * 5, 40, seed)))
        kept.change({}, [*kept.leaves][: 10 * seed])

        assert kept.tree.root == kept.load().root == compute_root(kept.leaves)
        records = [known for known in kept.tree._nodes if len(known) > 33]
        assert kept.tree._kept_bytes == sum(map(len, records)) <= 500


def test_a_key_that_may_not_be_there_is_not_there() -> None:
    """What spares a read must never hide a key."""
    kept = Kept()
    kept.change(put_all([*make_crowd(30, 100, 1), *make_crowd(0, 50, 2)]))

    assert all(kept.tree.may_have(key_hash) for key_hash in kept.leaves)
    assert not kept.tree.may_have(sha256(b"absent"))
    assert all(len(place) >= PLACE_BYTES for place in kept.pages)
