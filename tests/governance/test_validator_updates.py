"""What the engine is told: capped, in order, never more than it can bear."""

from collections.abc import Sequence

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from config.errors import InvariantError
from config.limits import COOPERATIVES_MAX
from governance import validators
from governance.acts import (
    AppointValidator,
    ExpelCooperative,
    FederalAct,
    LiftSuspension,
    StopValidator,
)
from governance.charter import VALIDATORS_MIN
from governance.context import BlockContext
from governance.federal_events import ValidatorUpdated
from governance.federal_records import ConsensusKey, Seat, ValidatorSet
from governance.records import CooperativeStatus, Standing
from governance.registry import part, register
from governance.transactions import RotateConsensusKey
from governance.validator_updates import check_updates
from tests.governance.engine_model import EngineDiesError, address_of, update_with_change_set
from tests.governance.federation_world import (
    BUCKET_MS,
    NOTICE_MS,
    FederationWorld,
    approve,
    coop,
    make_federation,
    propose_act,
    request_of,
    spare_key,
)
from tests.governance.test_validators import give_notice, return_to_duty, rotate
from tests.governance.world import CHAIN_ID, Act


def _powers(world: FederationWorld) -> list[tuple[bytes, int]]:
    return [(update.cooperative, update.power) for update in world.updates]


def test_from_four_on_less_than_a_third_of_the_power_changes_in_a_block() -> None:
    """Of seven two may move; the rest waits, oldest first."""
    world = make_federation(7)

    world.run(*(rotate(number, number) for number in (6, 5, 4, 3, 2)))

    moved = [len(world.updates) // 2]
    while world.federal.is_pending():
        world.run()
        moved.append(len(world.updates) // 2)
    assert moved == [2, 2, 1]
    world.run()
    assert set(world.engine.validators) >= {spare_key(number) for number in range(2, 7)}


def test_changes_wait_in_the_order_in_which_they_were_decided() -> None:
    """Whoever rotates in every block does not keep the others out."""
    world = make_federation(4)
    world.run(rotate(3, 1), rotate(2, 2), rotate(1, 3))
    first = _powers(world)[0][0]
    keys = iter(range(10, 20))
    order = [first]

    while world.federal.is_pending() and len(order) < 8:
        restless = next(number for number in range(4) if coop(number) == first)
        world.run(Act(coop(restless), RotateConsensusKey(consensus_key=spare_key(next(keys)))))
        order.append(_powers(world)[0][0])

    assert sorted(order[:3]) == sorted(coop(number) for number in (1, 2, 3))


def test_a_newcomer_may_come_while_the_last_of_a_full_federation_still_goes() -> None:
    """Then one more has a seat than may be members, and every later block can read that."""
    world = make_federation(COOPERATIVES_MAX)
    world.run()
    known = [*world.federal.scan_cooperatives()]
    block = BlockContext(height=world.height + 1, time_ms=world.time_ms + 1_000, chain_id=CHAIN_ID)
    part(world.federal, known[-1], CooperativeStatus.LEFT, block=block)
    for number, cooperative in enumerate(known[:20]):
        validators.rotate(world.federal, cooperative, spare_key(number), block=block)
    number = next(n for n in range(100, 400) if coop(n) < known[-1].id)
    bylaws_hash = world.federal.get_parameters().bylaws_hash
    request = replace(request_of(number).request, consensus_key=spare_key(20))
    register(world.federal, request, bylaws_hash=bylaws_hash, block=block)

    world.run()
    data = world.federal.get_validators().encode()
    while world.federal.is_pending():
        world.run()

    assert len(ValidatorSet.decode(bytes(data)).seats) == COOPERATIVES_MAX + 1
    assert len(world.federal.get_validators().seats) == COOPERATIVES_MAX


def test_below_four_all_changes_come_at_once() -> None:
    """Three that want to rotate need not wait: every change there is one of all."""
    world = make_federation(3)

    world.run(rotate(0, 0), rotate(1, 1), rotate(2, 2))

    assert len(world.updates) == 6
    assert not world.federal.is_pending()


def test_the_only_validator_is_replaced_without_a_block_without_any() -> None:
    """The new one first, then the old one out."""
    world = make_federation(1, members=1)
    appoint = propose_act(1, AppointValidator(consensus_key=spare_key(1)))
    stop = propose_act(0, StopValidator(cooperative=coop(0)))
    world.run(appoint, approve(0, appoint), stop, approve(1, stop))
    assert world.refusals == [None] * 4
    while world.federal.is_pending():
        world.run()

    assert list(world.engine.next_validators) == [spare_key(1)]


def test_a_change_that_was_taken_back_before_the_engine_heard_of_it_is_none() -> None:
    """What was suspended and came back within one wait was never told."""
    world = make_federation(7)
    world.run()
    world.accuse(6, height=1)
    world.run(*(rotate(number, number) for number in (0, 1, 2)))

    lift = propose_act(0, LiftSuspension(cooperative=coop(6)))
    world.run(lift, *(approve(number, lift) for number in (1, 2, 3, 4)))
    while world.federal.is_pending():
        world.run()
    world.run()

    assert len(world.engine.validators) == 7


def _set(*numbers: int) -> ValidatorSet:
    return ValidatorSet(
        seats=tuple(
            sorted(
                (
                    Seat(cooperative=coop(number), consensus_key=spare_key(number), power=100)
                    for number in numbers
                ),
                key=lambda seat: seat.cooperative,
            )
        )
    )


def _update(number: int, power: int, *, key: int | None = None) -> ValidatorUpdated:
    return ValidatorUpdated(
        cooperative=coop(number),
        consensus_key=spare_key(number if key is None else key),
        power=power,
        acts_from_height=9,
    )


def _make_known(world: FederationWorld) -> None:
    for number in range(9):
        world.federal.put_consensus_key(
            address_of(spare_key(number)),
            ConsensusKey(
                cooperative=coop(number), public_key=spare_key(number), is_retired=number == 8
            ),
        )


@pytest.mark.parametrize(
    ("before", "updates", "after"),
    [
        (_set(1), [_update(1, 0)], _set()),  # nobody is left
        (_set(1), [_update(2, 0)], _set(1)),  # an unknown one is removed
        (_set(1), [_update(2, 100), _update(2, 100)], _set(1, 2)),  # twice the same
        (_set(1), [_update(2, 100)], _set(1)),  # state says otherwise
        (_set(1), [_update(2, 50)], _set(1, 2)),  # unequal power
        (_set(1), [_update(8, 100)], _set(1, 8)),  # a retired key
        (_set(1), [_update(9, 100)], _set(1, 9)),  # a key that nobody has
        (_set(1), [_update(2, 100, key=3)], _set(1, 2)),  # not this key
        (_set(1, 2, 3, 4), [_update(1, 0), _update(2, 0)], _set(3, 4)),  # half of the power
    ],
)
def test_an_update_that_the_engine_or_the_charter_cannot_bear_stops_the_node(
    before: ValidatorSet, updates: Sequence[ValidatorUpdated], after: ValidatorSet
) -> None:
    """Every check is before the answer: the engine would halt for good, on all nodes."""
    world = make_federation(1)
    _make_known(world)

    with pytest.raises(InvariantError):
        check_updates(world.federal, before, updates, after=after)


def test_a_seat_of_anothers_key_or_of_a_wrong_power_stops_the_node() -> None:
    """A key is its cooperative's, a cooperative has one, all are equal."""
    world = make_federation(1)
    _make_known(world)
    seat = Seat(cooperative=coop(1), consensus_key=spare_key(2), power=100)
    twice = Seat(cooperative=coop(2), consensus_key=spare_key(2), power=100)
    update = [_update(2, 100)]

    for after in (ValidatorSet(seats=(*_set(1).seats, seat)), ValidatorSet(seats=(seat, twice))):
        with pytest.raises(InvariantError):
            check_updates(world.federal, _set(1), update, after=after)
    strong = Seat(cooperative=coop(2), consensus_key=spare_key(2), power=200)
    with pytest.raises(InvariantError):
        check_updates(
            world.federal,
            ValidatorSet(seats=(strong,)),
            [],
            after=ValidatorSet(seats=(strong,)),
        )


def test_the_model_of_the_engine_dies_of_what_the_engine_dies_of() -> None:
    """Otherwise the property below would show nothing."""
    one, two = spare_key(1), spare_key(2)
    for changes in ([(one, 0)], [(two, 0)], [(two, 1), (two, 2)], [(one, -1)]):
        with pytest.raises(EngineDiesError):
            update_with_change_set({one: 100}, changes)
    assert update_with_change_set({one: 100}, [(one, 0), (two, 100)]) == {two: 100}


NUMBERS = st.integers(0, 8)


class ValidatorsMachine(RuleBasedStateMachine):
    """Random acts, absences, evidence, rotations and departures, block by block."""

    @initialize(validators=st.integers(1, 7), members=st.integers(0, 2))
    def begin(self, validators: int, members: int) -> None:
        self.world = make_federation(validators, members=members)
        self.nonce = 0
        self.keys = 0
        self.told_before: dict[bytes, int] = dict(self.world.engine.next_validators)
        self.retired: set[bytes] = set()
        self.run([])

    def run(self, acts: list[Act], after_ms: int = 1_000) -> None:
        """A block, unless too many are silent for the engine to decide one."""
        if not self.world.engine.can_commit(self.world.silent_keys):
            self.world.silent = []
        self.told_before = dict(self.world.engine.next_validators)
        self.world.run(*acts, after_ms=after_ms)
        for update in self.world.updates:
            key = self.world.federal.get_consensus_key(address_of(update.consensus_key))
            assert key is not None
            if update.power:
                assert update.consensus_key not in self.retired
                assert not key.is_retired
            elif key.is_retired:
                self.retired.add(update.consensus_key)

    def enact(self, act: FederalAct, proposer: int) -> None:
        self.nonce += 1
        proposed = propose_act(proposer, act, nonce=self.nonce)
        known = [number for number in range(9) if self.world.federal.get_cooperative(coop(number))]
        if proposer in known:
            others = [approve(number, proposed) for number in known if number != proposer]
            self.run([proposed, *others])

    def new_key(self) -> bytes:
        self.keys += 1
        return spare_key(1_000 + self.keys)

    @rule(number=st.integers(7, 8), proposer=NUMBERS, is_validating=st.booleans())
    def admit(self, number: int, proposer: int, is_validating: bool) -> None:
        key = self.new_key() if is_validating else b""
        self.enact(request_of(number, consensus_key=key), proposer)

    @rule(proposer=NUMBERS)
    def appoint(self, proposer: int) -> None:
        self.enact(AppointValidator(consensus_key=self.new_key()), proposer)

    @rule(
        number=NUMBERS,
        proposer=NUMBERS,
        kind=st.sampled_from([StopValidator, ExpelCooperative, LiftSuspension]),
    )
    def act_upon(self, number: int, proposer: int, kind: type[StopValidator]) -> None:
        self.enact(kind(cooperative=coop(number)), proposer)

    @rule(numbers=st.lists(NUMBERS, min_size=1, max_size=4, unique=True), is_old=st.booleans())
    def rotate(self, numbers: list[int], is_old: bool) -> None:
        acts = []
        for number in numbers:
            if self.world.federal.get_cooperative(coop(number)):
                known = sorted(self.retired | set(self.world.engine.validators))
                key = known[0] if is_old else self.new_key()
                acts.append(Act(coop(number), RotateConsensusKey(consensus_key=key)))
        self.run(acts)

    @rule(number=NUMBERS)
    def leave(self, number: int) -> None:
        if self.world.federal.get_cooperative(coop(number)):
            self.run([give_notice(number)])

    @rule(number=NUMBERS)
    def come_back(self, number: int) -> None:
        suspended = [
            each
            for each in range(9)
            if self.world.federal.get_cooperative(coop(each))
            and (validator := self.world.cooperative(each).validator) is not None
            and validator.standing is Standing.SILENT
        ]
        self.run([return_to_duty(each) for each in suspended[: number + 1]])

    @rule(numbers=st.lists(NUMBERS, max_size=2), buckets=st.integers(1, 8))
    def fall_silent(self, numbers: list[int], buckets: int) -> None:
        self.world.silent = [coop(number) for number in numbers]
        for _ in range(buckets):
            self.run([], after_ms=BUCKET_MS)

    @rule(numbers=st.lists(NUMBERS, min_size=1, max_size=3), height=st.integers(1, 3))
    def accuse(self, numbers: list[int], height: int) -> None:
        for number in numbers:
            found = self.world.federal.get_cooperative(coop(number))
            if found is not None and found.validator is not None:
                self.world.accuse(number, height=height)
        self.run([])

    @rule(after_ms=st.sampled_from([1, BUCKET_MS, NOTICE_MS]))
    def wait(self, after_ms: int) -> None:
        self.run([], after_ms=after_ms)

    @invariant()
    def the_engine_lives_on_what_state_says(self) -> None:
        """The set is never empty, and it is the one that state holds."""
        told = self.world.federal.get_validators()
        assert self.world.engine.next_validators == {
            seat.consensus_key: seat.power for seat in told.seats
        }
        assert self.world.engine.validators
        assert len({seat.cooperative for seat in told.seats}) == len(told.seats)

    @invariant()
    def less_than_a_third_moved(self) -> None:
        """From four on; a rotation moves its power once."""
        before, after = self.told_before, self.world.engine.next_validators
        if len(before) >= VALIDATORS_MIN:
            gone = sum(power for key, power in before.items() if key not in after)
            came = sum(power for key, power in after.items() if key not in before)
            assert max(gone, came) * 3 < sum(before.values())

    @invariant()
    def nothing_waits_without_a_reason(self) -> None:
        """Without pending changes the engine's set is what the records say."""
        if not self.world.federal.is_pending():
            wanted = [
                cooperative.validator.consensus_key
                for cooperative in self.world.federal.scan_cooperatives()
                if cooperative.validator is not None
                and cooperative.validator.standing is Standing.ACTIVE
            ]
            assert sorted(wanted) == sorted(self.world.engine.next_validators)

    @invariant()
    def a_validator_remains(self) -> None:
        """At least one cooperative validates and is not suspended."""
        assert any(
            cooperative.validator is not None and cooperative.validator.standing is Standing.ACTIVE
            for cooperative in self.world.federal.scan_cooperatives()
        )


ValidatorsMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None
)
TestValidators = ValidatorsMachine.TestCase
