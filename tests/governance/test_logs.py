"""Logs in state: their roots are authenticated, their entries derived, their proofs short."""

from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from config.errors import InvariantError
from governance.logs import (
    COOPERATIVES,
    DECISIONS,
    Log,
    LogName,
    append,
    check_derived,
    entry_key,
    frontier_key,
    get_entry,
    get_frontier,
    prove_entry,
    prove_page,
)
from governance.merkle_log import compute_root, is_included, is_range_included
from governance.state_keys import Collection, is_derived, state_key
from governance.view import MemoryKeyValue, StateView
from tests.governance.world import (
    COOPERATIVE,
    DISCUSSION_MS,
    OTHER_COOPERATIVE,
    VOTING_MS,
    make_world_with_members,
    proposal_id_of,
    propose,
)

LOG = Log(LogName.PROPOSALS, namespace=bytes([7]) * 32)
SIZE = 300
LEAVES = [number.to_bytes(2, "big") for number in range(SIZE)]


class CountingKeyValue(MemoryKeyValue):
    """Counts what is read."""

    reads = 0

    def get(self, key: bytes) -> bytes | None:
        self.reads += 1
        return super().get(key)


class StateOnly(MemoryKeyValue):
    """A state whose derived records nobody may read."""

    def get(self, key: bytes) -> bytes | None:
        assert not is_derived(key)
        return super().get(key)

    def scan(self, prefix: bytes, *, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        assert not is_derived(prefix)
        return super().scan(prefix, after=after)


@pytest.fixture
def view() -> StateView:
    filled = StateView(CountingKeyValue())
    append(filled, LOG, LEAVES[:100])
    append(filled, LOG, LEAVES[100:])
    return filled


def test_appending_in_one_go_or_one_by_one_is_the_same(view: StateView) -> None:
    """Root and every derived record."""
    single = StateView(MemoryKeyValue())
    for leaf in LEAVES:
        append(single, LOG, [leaf])

    assert list(single.kv.scan(b"")) == list(view.kv.scan(b""))
    assert get_frontier(view, LOG).compute_root() == compute_root(LEAVES)


def test_every_entry_is_proven_at_any_size_in_a_few_reads(view: StateView) -> None:
    """Not in proportion to the log: anybody may ask."""
    kv = view.kv
    assert isinstance(kv, CountingKeyValue)
    for index, size in ((0, 1), (0, SIZE), (17, 18), (17, 255), (255, 256), (299, 300)):
        kv.reads = 0
        proof = prove_entry(view, LOG, index=index, size=size)

        assert proof is not None
        assert (proof.leaf, proof.root) == (LEAVES[index], compute_root(LEAVES[:size]))
        assert is_included(
            leaf=proof.leaf, index=index, size=size, path=proof.path, root=proof.root
        )
        assert kv.reads < 40
    assert prove_entry(view, LOG, index=0, size=SIZE + 1) is None
    assert prove_entry(view, LOG, index=5, size=5) is None
    assert prove_entry(view, LOG, index=-1, size=5) is None


@pytest.mark.parametrize(("start", "count"), [(0, 1), (0, 300), (0, 500), (128, 64), (299, 5)])
def test_a_page_is_complete_under_the_root_in_state(
    view: StateView, start: int, count: int
) -> None:
    """Entries, place and size all follow from the frontier."""
    page = prove_page(view, LOG, start=start, count=count)

    assert list(page.leaves) == LEAVES[start : start + count]
    assert is_range_included(
        leaves=page.leaves,
        start=start,
        size=get_frontier(view, LOG).size,
        path=page.path,
        root=get_frontier(view, LOG).compute_root(),
    )


@pytest.mark.parametrize("start", [-1, SIZE, SIZE + 9])
def test_beyond_the_log_a_page_is_empty(view: StateView, start: int) -> None:
    """The frontier in state says how long the log is."""
    page = prove_page(view, LOG, start=start, count=5)

    assert (page.leaves, page.path, page.size) == ((), (), SIZE)


def test_an_absent_log_is_empty() -> None:
    """Nothing was ever appended: there is no record at all."""
    view = StateView(MemoryKeyValue())

    assert get_frontier(view, DECISIONS).size == 0
    assert prove_page(view, DECISIONS, start=0, count=1).leaves == ()
    assert view.kv.get(frontier_key(DECISIONS)) is None


def test_a_missing_derived_record_is_our_own_defect(view: StateView) -> None:
    """A proof is never made up."""
    for key, _ in list(view.kv.scan(b"")):
        if is_derived(key):
            view.kv.delete(key)

    with pytest.raises(InvariantError):
        get_entry(view, LOG, 0)
    with pytest.raises(InvariantError):
        prove_page(view, LOG, start=299, count=1)


def _node_keys(view: StateView) -> list[bytes]:
    prefix = state_key(LOG.namespace, Collection.LOG_NODE, b"")
    return [key for key, _ in view.kv.scan(prefix)]


def _lose_a_node(view: StateView) -> None:
    view.kv.delete(_node_keys(view)[0])


def _lose_the_last_entry(view: StateView) -> None:
    view.kv.delete(entry_key(LOG, SIZE - 1))


def _lose_a_middle_entry(view: StateView) -> None:
    view.kv.delete(entry_key(LOG, 17))


def _change_an_entry(view: StateView) -> None:
    view.kv.put(entry_key(LOG, 17), b"another")


def _change_the_last_entry(view: StateView) -> None:
    view.kv.put(entry_key(LOG, SIZE - 1), b"another")


def _change_the_frontier(view: StateView) -> None:
    frontier = get_frontier(view, LOG)
    changed = replace(frontier, peaks=(b"p" * 32, *frontier.peaks[1:]))
    view.kv.put(frontier_key(LOG), changed.encode())


@pytest.mark.parametrize(
    "damage",
    [
        _lose_a_node,
        _lose_the_last_entry,
        _lose_a_middle_entry,
        _change_an_entry,
        _change_the_last_entry,
        _change_the_frontier,
    ],
)
def test_damage_to_derived_records_is_found(
    view: StateView, damage: Callable[[StateView], None]
) -> None:
    """Every record is compared with the root in state."""
    check_derived(view, LOG)

    damage(view)

    with pytest.raises(InvariantError, match="log"):
        check_derived(view, LOG)


def test_a_proof_without_its_nodes_is_our_own_defect(view: StateView) -> None:
    """It is never made up."""
    for key in _node_keys(view):
        view.kv.delete(key)

    with pytest.raises(InvariantError, match="lacks a subtree's root"):
        prove_entry(view, LOG, index=0, size=SIZE)


def test_only_the_frontier_is_state(view: StateView) -> None:
    """What the tree does not hold is authenticated by it all the same."""
    state = [key for key, _ in view.kv.scan(b"") if not is_derived(key)]

    assert state == [state_key(LOG.namespace, Collection.LOG, LOG.id)]
    assert not is_derived(b"")


def test_every_listable_collection_is_a_log() -> None:
    """Cooperatives, roll, proposals, ballots and decisions, each in its order."""
    world = make_world_with_members(3)
    motions = [propose(1), propose(2)]
    world.open_voting(*motions)
    world.run(after_ms=VOTING_MS)
    ids = [proposal_id_of(motion) for motion in motions]

    def read(log: Log) -> list[bytes]:
        return list(prove_page(world.view, log, start=0, count=100).leaves)

    assert read(COOPERATIVES) == sorted([COOPERATIVE, OTHER_COOPERATIVE])
    assert len(read(Log(LogName.ROLL, namespace=COOPERATIVE))) == 3
    assert read(Log(LogName.PROPOSALS, namespace=COOPERATIVE)) == sorted(ids)
    assert len(read(DECISIONS)) == 2
    assert read(Log(LogName.BALLOTS, namespace=COOPERATIVE, subject=ids[0])) == []


def test_no_rule_reads_what_is_derived() -> None:
    """A whole vote over a state that refuses to show it."""
    world = make_world_with_members(3)
    guarded = StateOnly()
    for key, value in world.kv.scan(b""):
        guarded.put(key, value)
    world.kv = guarded

    world.open_voting(propose(1))
    world.run(after_ms=DISCUSSION_MS)
    world.run(after_ms=VOTING_MS)

    assert get_frontier(world.view, DECISIONS).size == 1
