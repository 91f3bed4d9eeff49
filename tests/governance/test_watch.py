"""Silence and evidence: who is suspended, when, and that watching keeps an idle chain idle."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvariantError
from governance.acts import LiftSuspension, StopValidator
from governance.charter import SILENCE_BUCKETS
from governance.context import Misbehaviour
from governance.federal_events import CaseOpened, ValidatorSuspended
from governance.federal_records import CaseKind, CaseStatus
from governance.logs import CASES, get_frontier
from governance.records import Standing
from tests.governance.federation_world import (
    BUCKET_MS,
    FederationWorld,
    coop,
    make_federation,
)
from tests.governance.test_validators import return_to_duty, rotate

HEARTBEAT_MS = 1_000


def _standing(world: FederationWorld, number: int) -> Standing | None:
    validator = world.cooperative(number).validator
    return None if validator is None else validator.standing


def _begin(size: int) -> FederationWorld:
    """A federation at the beginning of a stretch of time, all having signed."""
    world = make_federation(size)
    world.run()
    world.run(after_ms=BUCKET_MS - world.time_ms % BUCKET_MS)
    return world


def test_a_validator_that_was_silent_for_long_is_suspended() -> None:
    """From four remaining ones on; the chain then waits for it no more."""
    world = _begin(5)
    world.silent = [coop(4)]
    for _ in range(SILENCE_BUCKETS - 1):
        world.run(after_ms=BUCKET_MS)
    assert _standing(world, 4) is Standing.ACTIVE

    events = world.run(after_ms=BUCKET_MS)

    assert ValidatorSuspended(cooperative=coop(4), standing=Standing.SILENT) in events
    assert [(update.cooperative, update.power) for update in world.updates] == [(coop(4), 0)]
    world.run()
    world.run()
    assert len(world.engine.validators) == 4
    assert world.federal.get_silence(coop(4)) is None


def test_whoever_is_seen_once_in_a_stretch_was_not_silent_in_it() -> None:
    """A slow node misses commits; that is no silence, whichever block of a stretch it misses."""
    world = _begin(5)
    for _ in range(4 * SILENCE_BUCKETS):
        for silent in ([coop(4)], [], [coop(4)]):
            world.silent = silent
            world.run(after_ms=BUCKET_MS // 3)

    assert _standing(world, 4) is Standing.ACTIVE


def test_an_outage_of_the_chain_makes_nobody_silent() -> None:
    """Stretches without blocks do not count: one that comes back a little late is no culprit."""
    world = _begin(5)
    world.silent = [coop(4)]
    world.run(after_ms=BUCKET_MS)

    world.run(after_ms=100 * BUCKET_MS)
    world.run(after_ms=BUCKET_MS)
    world.silent = []
    world.run()

    assert _standing(world, 4) is Standing.ACTIVE


def test_counting_changes_state_at_most_twice_in_a_stretch() -> None:
    """Otherwise an idle chain with a flickering validator would make blocks for ever."""
    world = _begin(5)
    changes = 0
    for step in range(300):
        world.silent = [coop(4)] if step % 2 else []
        before = world.dump()
        world.run(after_ms=BUCKET_MS // 100)
        changes += world.dump() != before

    assert changes <= 2 * (300 // 100 + 1)


@pytest.mark.parametrize("silent", [[], [3]])
def test_an_idle_chain_stays_idle_beside_a_dead_validator(silent: list[int]) -> None:
    """Of a hundred heartbeats after the count is full, none changes anything."""
    world = _begin(4)
    world.silent = [coop(number) for number in silent]
    for _ in range(SILENCE_BUCKETS):
        world.run(after_ms=BUCKET_MS)
    before = world.dump()

    for _ in range(100):
        assert world.run(after_ms=HEARTBEAT_MS) == []

    assert world.dump() == before
    assert _standing(world, 3) is Standing.ACTIVE  # one of four stays: three must sign anyway


def test_silence_never_shrinks_a_set_below_four_nor_below_two_thirds_of_all_admitted() -> None:
    """Of seven, two may fall silent; a third stays, since five more are too few to decide."""
    world = _begin(7)
    world.run_silence(4, 5, buckets=SILENCE_BUCKETS + 1)
    assert [_standing(world, number) for number in (4, 5)] == [Standing.SILENT] * 2

    world.run_silence(6, buckets=SILENCE_BUCKETS + 1)

    assert _standing(world, 6) is Standing.ACTIVE


def test_a_count_that_waited_for_the_floor_suspends_as_soon_as_it_may() -> None:
    """Of six, one is silent and two are suspended: when one comes back, the silent one goes."""
    world = _begin(7)
    world.run_silence(4, 5, buckets=SILENCE_BUCKETS + 1)
    world.silent = [coop(6)]
    for _ in range(SILENCE_BUCKETS + 1):
        world.run(after_ms=BUCKET_MS)
    assert _standing(world, 6) is Standing.ACTIVE

    world.run(return_to_duty(4))
    world.run()

    assert _standing(world, 6) is Standing.SILENT


def test_a_validator_is_not_silent_before_it_could_have_signed() -> None:
    """Commits speak of the set of the block before; a newcomer is in none of them yet."""
    world = _begin(5)
    world.run_silence(4, buckets=SILENCE_BUCKETS + 1)
    world.run(return_to_duty(4))

    world.silent = [coop(4)]
    for _ in range(2):
        world.run(after_ms=10 * BUCKET_MS)

    assert world.federal.get_silence(coop(4)) is None


def test_a_rotated_validator_is_watched_by_the_key_that_the_engine_knows() -> None:
    """The old key's last signatures and the new one's first are one validator's."""
    world = _begin(5)
    world.run(rotate(4, 1))
    world.run_silence(4, buckets=SILENCE_BUCKETS + 2)

    assert _standing(world, 4) is Standing.SILENT


def test_evidence_opens_a_case_and_suspends() -> None:
    """Whoever signed twice signs no more; the federation learns what happened and when."""
    world = _begin(4)
    world.accuse(2, height=1)

    events = world.run()

    opened = next(event for event in events if isinstance(event, CaseOpened))
    case = world.federal.get_case(opened.case)
    assert case is not None
    assert (case.cooperative, case.kind, case.misbehaved_height) == (
        coop(2),
        CaseKind.DUPLICATE_VOTE,
        1,
    )
    assert (case.opened_height, case.status) == (world.height, CaseStatus.OPEN)
    assert _standing(world, 2) is Standing.ACCUSED
    assert get_frontier(world.view, CASES).size == 1


def test_the_same_misbehaviour_is_one_case() -> None:
    """Proofs of one double signature may differ; another height or kind is another case."""
    world = _begin(5)
    world.accuse(2, height=1)
    world.accuse(2, height=1)
    world.run()
    world.accuse(2, height=1)
    assert [event for event in world.run() if isinstance(event, CaseOpened)] == []

    world.accuse(2, height=2)
    world.accuse(2, height=1, kind=2)
    assert len([event for event in world.run() if isinstance(event, CaseOpened)]) == 2
    assert _standing(world, 2) is Standing.ACCUSED


def test_evidence_against_a_silent_validator_makes_it_accused() -> None:
    """It cannot come back by its own word then."""
    world = _begin(5)
    world.run_silence(4, buckets=SILENCE_BUCKETS + 1)
    assert _standing(world, 4) is Standing.SILENT
    world.accuse(4, height=1)

    world.run()

    assert _standing(world, 4) is Standing.ACCUSED


@pytest.mark.parametrize(("size", "remaining"), [(1, 1), (2, 2), (3, 3), (4, 3), (7, 5)])
def test_evidence_keeps_more_than_two_thirds_of_the_admitted(size: int, remaining: int) -> None:
    """A case is opened in any event; beyond the floor the federation must decide."""
    world = _begin(size)
    for number in range(size):
        world.accuse(number, height=1)

    events = world.run()

    assert len([event for event in events if isinstance(event, CaseOpened)]) == size
    standings = [_standing(world, number) for number in range(size)]
    assert standings.count(Standing.ACTIVE) == remaining


def test_evidence_against_one_that_does_not_validate_any_more_is_a_case_alone() -> None:
    """Its keys stay known for ever."""
    world = _begin(5)
    world.accuse(4, height=1)
    accused = world.accused
    world.accused = []
    world.enact(StopValidator(cooperative=coop(4)), approvals=[1, 2, 3], nonce=1)
    world.accused = accused

    events = world.run()

    assert [type(event) for event in events] == [CaseOpened]


def test_a_case_stays_open_when_the_suspension_is_lifted() -> None:
    """Lifting is not acquitting."""
    world = _begin(5)
    world.accuse(4, height=1)
    case = next(event.case for event in world.run() if isinstance(event, CaseOpened))

    world.enact(LiftSuspension(cooperative=coop(4)), approvals=[1, 2, 3], nonce=1)

    record = world.federal.get_case(case)
    assert record is not None
    assert record.status is CaseStatus.OPEN


def test_an_accused_stranger_stops_the_node() -> None:
    """The engine accuses only validators: otherwise state is corrupt."""
    world = _begin(4)
    world.accused = [Misbehaviour(address=bytes(20), kind=1, height=1, time_ms=1)]

    with pytest.raises(InvariantError):
        world.run()


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, 6), max_size=2), st.integers(1, 4 * BUCKET_MS)),
        max_size=60,
    )
)
def test_nobody_is_suspended_who_signed_in_the_last_three_stretches(
    steps: list[tuple[list[int], int]],
) -> None:
    """Whatever flickers: a suspension means that nothing was seen for that long."""
    world = _begin(7)
    seen_ms = dict.fromkeys(range(7), world.time_ms)
    for silent, after_ms in steps:
        world.silent = [coop(number) for number in silent]
        events = world.run(after_ms=after_ms)
        suspended = {item.cooperative for item in events if isinstance(item, ValidatorSuspended)}
        for number in range(7):
            if coop(number) in suspended:
                assert world.time_ms - seen_ms[number] >= (SILENCE_BUCKETS - 2) * BUCKET_MS
            if number not in silent:
                seen_ms[number] = world.time_ms
