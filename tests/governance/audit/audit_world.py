"""Worlds in which something was decided or distributed, and ways to lie about it."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from governance.audit.chain import audit_chain
from governance.audit.findings import Audited, Difference
from governance.audit.sealed import Sealed
from governance.body_records import BodyKind
from governance.counted_ballots import CountedEntry, counted_log
from governance.logs import Log, entry_key, frontier_key
from governance.member_acts import FundItems
from governance.merkle_log import EMPTY_FRONTIER
from governance.proposal_records import Choice, Decision, ProposalKind, Stage
from governance.value.records import Pool
from governance.view import MemoryKeyValue
from tests.bylaws import make_bylaws
from tests.governance.body_world import make_world_with_officers
from tests.governance.election_world import go_on_until, hold_election
from tests.governance.value.value_world import (
    commit_slots,
    make_cases,
    make_closed_world,
    make_need_slots,
    open_pool,
)
from tests.governance.world import (
    COOPERATIVE,
    DISCUSSION_MS,
    Act,
    World,
    make_world_with_members,
    proposal_id_of,
    propose,
    vote,
)

MOTION, SECOND_MOTION = propose(1), propose(2, nonce=5)
MOTION_ID, SECOND_ID = proposal_id_of(MOTION), proposal_id_of(SECOND_MOTION)
ITEMS = tuple(bytes([number]) * 32 for number in (1, 2, 3))
BUDGET = propose(
    3,
    kind=ProposalKind.BUDGET,
    act=FundItems(items=ITEMS, pool_minor=1_000, cap_minor=0),
    nonce=7,
)
BUDGET_ID = proposal_id_of(BUDGET)
COMMITTEE_BALLOTS = [[1, 2, 3, 4], [2, 1, 5], [3, 6, 7], [4, 7, 8], [5, 6], [6, 5], [7, 8], []]


def make_voted_world() -> World:
    """A vote accepted at its first call, and one decided at its second."""
    bylaws = make_bylaws(quorum={"ordinary_second_bps": 2_000})
    world = make_world_with_members(10, bylaws=bylaws)
    world.open_voting(MOTION, SECOND_MOTION)
    choices = [Choice.YES, Choice.YES, Choice.NO, Choice.ABSTAIN, Choice.YES]
    world.run(*(vote(number, MOTION_ID, choice) for number, choice in enumerate(choices, 1)))
    world.run(vote(1, SECOND_ID, Choice.YES))
    world.close_voting()
    world.run(after_ms=DISCUSSION_MS)
    world.run()
    world.run(vote(2, SECOND_ID, Choice.NO), vote(3, SECOND_ID, Choice.NO))
    world.close_voting()
    assert all(world.get_proposal(act).stage is Stage.CLOSED for act in (MOTION, SECOND_MOTION))
    return world


def make_elected_world() -> tuple[World, Act]:
    """A committee elected by the single transferable vote; and a budget that was shared."""
    world = make_world_with_officers()
    election = hold_election(world, BodyKind.COMMITTEE, range(1, 9), COMMITTEE_BALLOTS)
    world.run(BUDGET)
    assert world.refusals == [None]
    go_on_until(world, BUDGET, Stage.VOTING)
    world.run(
        vote(1, BUDGET_ID, bytes([10, 0, 0])),
        vote(2, BUDGET_ID, bytes([0, 6, 8])),
        vote(3, BUDGET_ID, bytes([5, 5, 5])),
        vote(4, BUDGET_ID, Choice.ABSTAIN),
    )
    go_on_until(world, BUDGET, Stage.CLOSED)
    return world, election


def make_shared_world(bands: Sequence[Any]) -> tuple[World, list[Any]]:
    """A period that was distributed by a vote, and whose need was shared."""
    world = make_closed_world()
    cases = make_cases(bands)
    world.run(commit_slots(make_need_slots(cases)))
    weight = sum(case.band for case in cases)
    blinding = sum(case.blinding for case in cases)
    from governance.value.commitments import GROUP_ORDER

    paid = 850_000 // weight * weight
    world.run(open_pool(weight, blinding % GROUP_ORDER, paid))
    assert world.refusals == [None]
    return world, cases


def audit(world: World, *, sealed: Sealed | None = None) -> Audited:
    return audit_chain(world.kv, time_ms=world.time_ms, sealed=sealed)


def find(world: World, *, sealed: Sealed | None = None) -> Difference:
    """The first difference of a world that somebody has tampered with."""
    found = audit(world, sealed=sealed).difference
    assert found is not None
    return found


def copy_of(world: World) -> World:
    """The same chain, for somebody to tamper with."""
    kv = MemoryKeyValue()
    for key, value in world.dump():
        kv.put(key, value)
    return World(kv=kv, height=world.height, time_ms=world.time_ms)


def rewrite_list(world: World, log: Log, leaves: Sequence[bytes]) -> bytes:
    """Replace a list whole, its root included; the new root."""
    frontier = EMPTY_FRONTIER
    for index, leaf in enumerate(leaves):
        world.kv.put(entry_key(log, index), leaf)
        frontier = frontier.append(leaf)
    world.kv.put(frontier_key(log), frontier.encode())
    return frontier.compute_root()


def change_ballot(world: World, proposal_id: bytes, place: int, **changes: Any) -> list[bytes]:
    """A ballot's entry in the log of a count says something else; all entries then."""
    log = counted_log(COOPERATIVE, proposal_id, call=1)
    leaves = []
    while (leaf := world.kv.get(entry_key(log, len(leaves)))) is not None:
        leaves.append(leaf)
    leaves[place] = replace(CountedEntry.decode(leaves[place]), **changes).encode()
    world.kv.put(entry_key(log, place), leaves[place])
    return leaves


def change_decision(world: World, proposal_id: bytes, **changes: Any) -> None:
    decision = world.view.get_decision(COOPERATIVE, proposal_id)
    assert isinstance(decision, Decision)
    world.view.put_decision(COOPERATIVE, proposal_id, replace(decision, **changes))


NEED_PLACE = f"0 {Pool.NEED.name.lower()}"
