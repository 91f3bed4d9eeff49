"""Which cooperatives validate: appointing, stopping, rotating, suspending, leaving."""

import pytest

from config.errors import InvariantError
from governance.acts import AppointValidator, ExpelCooperative, LiftSuspension, StopValidator
from governance.context import BlockContext
from governance.federal_events import (
    ConsensusKeyRotated,
    CooperativeParted,
    NoticeExtended,
    ValidatorRestored,
    ValidatorSuspended,
    ValidatorUpdated,
)
from governance.records import CooperativeStatus, Standing
from governance.refusals import RefusalCode
from governance.registry import is_node_admitted
from governance.transactions import GiveNotice, ReturnToDuty, RotateConsensusKey
from governance.validators import suspend
from tests.governance.engine_model import address_of
from tests.governance.federation_world import (
    NOTICE_MS,
    FederationWorld,
    approve,
    coop,
    make_federation,
    propose_act,
    request_of,
    spare_key,
)
from tests.governance.world import CHAIN_ID, Act, registrar


def rotate(number: int, key: int) -> Act:
    return Act(coop(number), RotateConsensusKey(consensus_key=spare_key(key)))


def give_notice(number: int) -> Act:
    return Act(coop(number), GiveNotice())


def return_to_duty(number: int) -> Act:
    return Act(coop(number), ReturnToDuty())


def _key(world: FederationWorld, number: int) -> bytes:
    validator = world.cooperative(number).validator
    assert validator is not None
    return validator.consensus_key


def test_the_founders_with_a_key_are_the_first_validators() -> None:
    """The engine begins with exactly them; a founder without a key is a member all the same."""
    world = make_federation(2, members=1)

    assert len(world.engine.validators) == 2
    assert world.cooperative(2).is_member
    assert world.cooperative(2).validator is None


def test_a_member_becomes_a_validator_two_blocks_after_the_federation_said_so() -> None:
    """Updates of block H act at H+2; its key is named by itself alone."""
    world = make_federation(4, members=1)
    world.enact(AppointValidator(consensus_key=spare_key(4)), by=4, approvals=[0, 1, 2], nonce=1)

    assert world.updates == [
        ValidatorUpdated(
            cooperative=coop(4),
            consensus_key=spare_key(4),
            power=100,
            acts_from_height=world.height + 2,
        )
    ]
    assert spare_key(4) not in world.engine.validators
    world.run()
    assert spare_key(4) in world.engine.validators


def test_a_joining_cooperative_may_bring_its_validator() -> None:
    """One motion admits it and its key."""
    world = make_federation(1)

    world.run(propose_act(0, request_of(7, consensus_key=spare_key(7))))

    assert [update.cooperative for update in world.updates] == [coop(7)]
    assert world.cooperative(7).is_member


def test_a_rotation_takes_the_old_key_out_and_the_new_one_in_at_once() -> None:
    """Old key 0 and new key 100 in one block, by the cooperative's own word, in any set."""
    for size in (1, 2, 4, 7):
        world = make_federation(size)
        old = _key(world, 0)

        events = world.run(rotate(0, 1))

        assert world.refusals == [None]
        assert [(update.consensus_key, update.power) for update in world.updates] == [
            (old, 0),
            (spare_key(1), 100),
        ]
        assert ConsensusKeyRotated(cooperative=coop(0), old_key=old, new_key=spare_key(1)) in events
        world.run()
        assert len(world.engine.validators) == size


def test_a_key_that_was_given_up_never_comes_back() -> None:
    """Neither at its own cooperative nor at another, nor while another uses it."""
    world = make_federation(4)
    old, other = _key(world, 0), _key(world, 1)
    world.run(rotate(0, 1))

    for key in (old, other, spare_key(1)):
        for number in (0, 1):
            act = Act(coop(number), RotateConsensusKey(consensus_key=key))
            assert world.refuse(act) is RefusalCode.CONSENSUS_KEY_TAKEN
    record = world.federal.get_consensus_key(address_of(old))
    assert record is not None
    assert (record.is_retired, record.cooperative) == (True, coop(0))


def test_a_retired_key_signs_until_the_block_before_the_new_set() -> None:
    """Whoever leaves knows until when its node must run."""
    world = make_federation(4)
    old = _key(world, 0)
    world.run(rotate(0, 1))
    height = world.height

    record = world.federal.get_consensus_key(address_of(old))

    assert record is not None
    assert record.signs_until == height + 1
    assert old in world.engine.validators  # of block height + 1
    world.run()
    assert old not in world.engine.validators  # of block height + 2


def test_only_validators_rotate() -> None:
    """A member that does not validate has no key to rotate."""
    world = make_federation(1, members=1)

    assert world.refuse(rotate(1, 1)) is RefusalCode.NOT_A_VALIDATOR
    assert world.refuse(Act(registrar(coop(0)), rotate(0, 1).payload)) is RefusalCode.NOT_ROOT


def test_leaving_cannot_be_refused_and_takes_its_notice() -> None:
    """Notice, power 0, one more block to sign; the key is retired, history stays."""
    world = make_federation(4)
    key, node_id = _key(world, 3), world.cooperative(3).node_id
    world.run(give_notice(3))
    assert world.cooperative(3).status is CooperativeStatus.LEAVING
    assert world.refuse(give_notice(3)) is RefusalCode.NOTICE_GIVEN

    events = world.run(after_ms=NOTICE_MS)

    assert CooperativeParted(cooperative=coop(3), status=CooperativeStatus.LEFT) in events
    assert [(update.consensus_key, update.power) for update in world.updates] == [(key, 0)]
    assert world.cooperative(3).validator is None
    assert is_node_admitted(world.federal, node_id, time_ms=world.time_ms)
    assert not is_node_admitted(world.federal, node_id, time_ms=world.time_ms + 86_400_000)
    assert world.refuse(give_notice(3)) is RefusalCode.COOPERATIVE_LEFT
    world.run()
    assert key not in world.engine.validators


def test_a_leaving_cooperative_votes_until_it_has_left() -> None:
    """It is a member to the end of its notice."""
    world = make_federation(4)
    world.run(give_notice(3))
    proposed = propose_act(0, StopValidator(cooperative=coop(2)))

    world.run(proposed, approve(1, proposed), approve(3, proposed))

    assert world.cooperative(2).validator is None


def test_the_last_validator_neither_stops_nor_leaves_nor_is_expelled() -> None:
    """The set is never empty."""
    world = make_federation(1, members=1)

    assert world.refuse(give_notice(0)) is RefusalCode.LAST_VALIDATOR
    for act in (StopValidator(cooperative=coop(0)), ExpelCooperative(cooperative=coop(0))):
        assert world.refuse(propose_act(1, act)) is RefusalCode.LAST_VALIDATOR


def test_the_notice_of_the_only_remaining_validator_goes_on() -> None:
    """Two leave; the second waits until another validates, and then goes."""
    world = make_federation(2, members=1)
    world.run(give_notice(0), give_notice(1))

    world.run(after_ms=NOTICE_MS)

    extended = [event for event in world.events if isinstance(event, NoticeExtended)]
    assert len(extended) == 1
    assert [world.cooperative(number).is_member for number in (0, 1)].count(True) == 1
    left = 0 if world.cooperative(0).is_member else 1
    world.enact(AppointValidator(consensus_key=spare_key(2)), by=2, approvals=[left], nonce=1)
    world.run(after_ms=NOTICE_MS)
    world.run()
    assert not world.cooperative(left).is_member
    assert list(world.engine.next_validators) == [spare_key(2)]


def test_an_expelled_cooperatives_notice_ends_without_effect() -> None:
    """It was gone already."""
    world = make_federation(5)
    world.run(give_notice(4))
    world.enact(ExpelCooperative(cooperative=coop(4)), approvals=[1, 2, 3], nonce=1)

    world.run(after_ms=NOTICE_MS)

    assert world.cooperative(4).status is CooperativeStatus.EXPELLED


def test_a_stopped_validator_stays_a_member_and_needs_a_new_key_to_validate_again() -> None:
    """Membership and validating are separate."""
    world = make_federation(5)
    key = _key(world, 4)
    world.enact(StopValidator(cooperative=coop(4)), approvals=[1, 2, 3], nonce=1)

    again = propose_act(4, AppointValidator(consensus_key=key))
    assert world.refuse(again) is RefusalCode.CONSENSUS_KEY_TAKEN
    world.enact(AppointValidator(consensus_key=spare_key(4)), by=4, approvals=[0, 1, 2], nonce=2)
    world.run()
    assert spare_key(4) in world.engine.validators


def test_a_silent_validator_comes_back_at_its_cooperatives_word() -> None:
    """Nobody needs to vote about somebody who was ill."""
    world = make_federation(5)
    world.run_silence(4, buckets=7)
    assert world.cooperative(4).validator is not None
    assert world.refuse(return_to_duty(0)) is RefusalCode.NOT_SUSPENDED
    key = _key(world, 4)

    events = world.run(return_to_duty(4))

    assert ValidatorRestored(cooperative=coop(4)) in events
    assert [(update.consensus_key, update.power) for update in world.updates] == [(key, 100)]


def test_who_signed_twice_comes_back_only_by_a_federal_act() -> None:
    """Evidence is a matter for all."""
    world = make_federation(5)
    world.run()
    world.accuse(4, height=1)
    world.run()
    assert world.refuse(return_to_duty(4)) is RefusalCode.SUSPENDED_ON_EVIDENCE

    world.enact(LiftSuspension(cooperative=coop(4)), approvals=[1, 2, 3], nonce=1)

    assert ValidatorRestored(cooperative=coop(4)) in world.events
    world.run()
    assert len(world.engine.validators) == 5


def test_a_suspended_validator_may_change_its_key_and_stays_suspended() -> None:
    """It comes back with the new one."""
    world = make_federation(5)
    world.run()
    world.accuse(4, height=1)
    world.run()

    world.run(rotate(4, 1))

    assert world.updates == []
    world.enact(LiftSuspension(cooperative=coop(4)), approvals=[1, 2, 3], nonce=1)
    assert [(update.consensus_key, update.power) for update in world.updates] == [
        (spare_key(1), 100)
    ]


def test_a_member_without_a_validator_has_nothing_to_come_back_to() -> None:
    """The refusal says so."""
    world = make_federation(1, members=1)

    assert world.refuse(return_to_duty(1)) is RefusalCode.NOT_A_VALIDATOR
    block = BlockContext(height=2, time_ms=world.time_ms, chain_id=CHAIN_ID)
    with pytest.raises(InvariantError):
        suspend(world.federal, world.cooperative(1), Standing.SILENT, block=block)


def test_suspending_says_why() -> None:
    """Events are all that pages know."""
    world = make_federation(5)
    world.run()
    world.accuse(2, height=1)

    events = world.run()

    assert ValidatorSuspended(cooperative=coop(2), standing=Standing.ACCUSED) in events
