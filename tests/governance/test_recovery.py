"""Who may let a federation go on from its last state, and what becomes of that state."""

from typing import Any

import pytest
from msgspec.structs import replace

from did.accounts import compute_keys_commitment
from governance.context import BlockContext
from governance.federal_events import ValidatorUpdated
from governance.logs import get_frontier
from governance.records import CooperativeStatus, Standing
from governance.recovery import (
    Approval,
    Recovery,
    RecoveryError,
    RemainingValidator,
    SignedRecovery,
    check_recovery,
    compute_next_chain_id,
    describe_validator,
    recover_state,
)
from governance.roll import require_account, roll_log
from governance.transactions import ReturnToDuty, SealChain
from governance.validators import compute_validator_address
from tests.governance.engine_model import EngineModel
from tests.governance.federation_world import (
    NETWORK,
    FederationWorld,
    coop,
    make_federation,
)
from tests.governance.world import CHAIN_ID, Act, admit, make_key, member

AFTER = compute_next_chain_id(CHAIN_ID)


def root_key(number: int) -> Any:
    return make_key(10_000 + 10 * number)


def next_key(number: int) -> Any:
    return make_key(10_001 + 10 * number)


def draft(
    world: FederationWorld, *validators: int, lost: tuple[int, ...] = (), **changes: Any
) -> Recovery:
    recovery = Recovery(
        chain_id=AFTER,
        former_chain_id=CHAIN_ID,
        network=NETWORK,
        former_genesis_hash=bytes([1]) * 32,
        height=world.height,
        header_hash=bytes([2]) * 32,
        app_hash=bytes([3]) * 32,
        begins_ms=world.time_ms + 1,
        rules_version=1,
        validators=tuple(describe(world, number) for number in sorted(validators, key=coop)),
        lost=tuple(sorted(coop(number) for number in lost)),
    )
    return replace(recovery, **changes)


def describe(world: FederationWorld, number: int) -> RemainingValidator:
    found = describe_validator(world.federal.get_cooperative(coop(number)))
    assert found is not None
    return found


def sign(recovery: Recovery, *numbers: int, by_next: tuple[int, ...] = ()) -> SignedRecovery:
    """By each one's root key, or by the key that it has kept."""
    approvals = []
    for number in sorted({*numbers, *by_next}, key=coop):
        key = next_key(number) if number in by_next else root_key(number)
        approvals.append(approve_by(recovery, number, key))
    return SignedRecovery(recovery=recovery, approvals=tuple(approvals))


def approve_by(recovery: Recovery, number: int, key: Any) -> Approval:
    return Approval(
        cooperative=coop(number),
        key=key.public_key,
        signature=key.sign(recovery.compute_input()),
    )


def refuse(world: FederationWorld, signed: SignedRecovery, match: str) -> None:
    with pytest.raises(RecoveryError, match=match):
        check_recovery(world.federal, signed)


def recover(world: FederationWorld, recovery: Recovery) -> list[ValidatorUpdated]:
    block = BlockContext(
        height=recovery.first_height, time_ms=recovery.begins_ms, chain_id=recovery.chain_id
    )
    events = recover_state(world.federal, recovery, block=block)
    return [event for event in events if isinstance(event, ValidatorUpdated)]


def test_the_next_chain_has_the_next_number() -> None:
    """Whatever the former one is called."""
    assert compute_next_chain_id("heart-1") == "heart-2"
    assert compute_next_chain_id("heart-9") == "heart-10"
    assert compute_next_chain_id("heart") == "heart-2"


def test_more_than_half_and_every_validator_suffice() -> None:
    """Of four three; lost ones count as members and do not sign."""
    world = make_federation(4)

    check_recovery(world.federal, sign(draft(world, 0, 1, lost=(3,)), 0, 1, 2))
    check_recovery(world.federal, sign(draft(world, 0, 1), 0, 1, by_next=(2,)))
    check_recovery(world.federal, sign(draft(world, 0), 0, 1, 2, 3))


def test_half_is_not_enough() -> None:
    """Else two halves could go two ways."""
    world = make_federation(4)

    refuse(world, sign(draft(world, 0, 1, lost=(2, 3)), 0, 1), "2 of 4")
    refuse(make_federation(2), sign(draft(make_federation(2), 0), 0), "1 of 2")


def test_members_that_do_not_validate_count() -> None:
    """A recovery is the members' matter."""
    world = make_federation(3, members=4)

    refuse(world, sign(draft(world, 0, 1), 0, 1, 2), "3 of 7")
    check_recovery(world.federal, sign(draft(world, 0, 1), 0, 1, 4, 5))


def test_each_new_validator_has_signed() -> None:
    """Nobody is made to validate."""
    world = make_federation(4)

    refuse(world, sign(draft(world, 0, 1), 0, 2, 3), "has not signed")


def test_the_lost_do_not_sign() -> None:
    """Who can sign is not lost, and nobody is thrown out by their own word."""
    world = make_federation(4)

    refuse(world, sign(draft(world, 0, 1, lost=(3,)), 0, 1, 2, 3), "signed that it is lost")


def test_a_signature_is_under_these_very_words() -> None:
    """Changing anything makes all signatures worthless."""
    world = make_federation(4)
    signed = sign(draft(world, 0, 1), 0, 1, 2)

    for changes in (
        {"app_hash": bytes(32)},
        {"height": 7},
        {"header_hash": bytes(32)},
        {"lost": (coop(3),)},
        {"begins_ms": 5},
        {"former_genesis_hash": bytes(32)},
        {"validators": (describe(world, 2),)},
    ):
        changed = replace(signed, recovery=replace(signed.recovery, **changes))
        refuse(world, changed, "not under this recovery")


def test_keys_are_the_cooperatives_own() -> None:
    """Those in use, or those that the account has committed to."""
    world = make_federation(4)
    recovery = draft(world, 0, 1)
    good = sign(recovery, 0, 1, 2)

    for wrong in (
        approve_by(recovery, 3, root_key(2)),
        approve_by(recovery, 3, make_key(10_002 + 30)),
        replace(approve_by(recovery, 3, root_key(3)), cooperative=bytes(32)),
    ):
        entries = sorted((*good.approvals, wrong), key=lambda item: (item.cooperative, item.key))
        refuse(world, replace(good, approvals=tuple(entries)), "other keys|no member")


def test_an_account_with_several_keys_needs_as_many() -> None:
    """As for its transactions."""
    world = make_federation(4)
    recovery = draft(world, 0, 1)
    keys = [make_key(500), make_key(501)]
    following = [make_key(502), make_key(503)]
    root = require_account(world.view, coop(2))
    account_keys = tuple(replace(root.keys[0], public_key=key.public_key) for key in keys)
    commitment = compute_keys_commitment(
        [key.public_key for key in following], signatures_required=2
    )
    world.view.put_account(
        coop(2),
        replace(root, keys=account_keys, signatures_required=2, next_key_commitment=commitment),
    )

    def with_keys(*chosen: Any) -> SignedRecovery:
        entries = [*sign(recovery, 0, 1).approvals]
        entries += [approve_by(recovery, 2, key) for key in chosen]
        entries.sort(key=lambda item: (item.cooperative, item.key))
        return SignedRecovery(recovery=recovery, approvals=tuple(entries))

    refuse(world, with_keys(keys[0]), "too few")
    refuse(world, with_keys(following[0]), "too few")
    check_recovery(world.federal, with_keys(*keys))
    check_recovery(world.federal, with_keys(*following))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"chain_id": CHAIN_ID}, "next number"),
        ({"network": "test-other"}, "network"),
        ({"rules_version": 2}, "version 1"),
        ({"lost": (bytes(32),)}, "no member"),
        ({"lost": (coop(0),)}, "lost and validates"),
        ({"lost": (coop(3), coop(3))}, "ascend"),
    ],
)
def test_what_it_says_is_so(changes: dict[str, Any], match: str) -> None:
    """Signatures do not make it true."""
    world = make_federation(4)

    refuse(world, sign(replace(draft(world, 0, 1), **changes), 0, 1, 2), match)


def test_validators_stand_as_in_the_state() -> None:
    """In order, once, with their own keys."""
    world = make_federation(4)
    first, second = draft(world, 0, 1).validators

    for validators, match in (
        ((second, first), "ascend"),
        ((first, first), "ascend"),
        ((replace(first, consensus_key=bytes(32)), second), "not what the state has"),
        ((replace(first, node_id=bytes(20)), second), "not what the state has"),
    ):
        refuse(world, sign(draft(world, 0, 1, validators=validators), 0, 1, 2), match)


def test_the_accused_do_not_validate() -> None:
    """A recovery lifts no suspension on evidence; silence is over with it."""
    world = make_federation(5)
    world.accuse(0, height=1)
    world.run()

    assert world.cooperative(0).validator is not None
    assert describe_validator(world.cooperative(0)) is None
    assert describe_validator(None) is None


def test_signatures_stand_in_order_each_once() -> None:
    """One spelling, so that the same signatures make the same file."""
    world = make_federation(4)
    signed = sign(draft(world, 0, 1), 0, 1, 2)

    for approvals in (signed.approvals[::-1], signed.approvals[:1] * 2):
        refuse(world, replace(signed, approvals=approvals), "do not ascend")


def test_a_sealed_chain_does_not_go_on() -> None:
    """It has handed over what it had."""
    world = make_federation(1)
    world.run(Act(coop(0), SealChain(destination="test-other-1")))

    refuse(world, sign(draft(world, 0), 0), "sealed")


def test_all_else_stays() -> None:
    """The set, the standing of those who are missing, and memberships of the lost change."""
    world = make_federation(4)
    world.run(admit([1, 2], cooperative=coop(0)))
    before = dict(world.kv.scan(b""))
    root = get_frontier(world.view, roll_log(coop(0))).compute_root()
    recovery = draft(world, 0, 1, lost=(3,))

    updates = recover(world, recovery)

    assert sorted(update.cooperative for update in updates) == sorted([coop(0), coop(1)])
    assert {update.power for update in updates} == {100}
    assert len(world.federal.get_validators().seats) == 2
    assert not world.federal.is_pending()
    missing, lost = world.cooperative(2), world.cooperative(3)
    assert missing.is_member
    assert missing.validator is not None
    assert missing.validator.standing is Standing.SILENT
    assert (lost.status, lost.validator) == (CooperativeStatus.LEFT, None)
    assert world.federal.went_on_from(CHAIN_ID)
    assert not world.federal.went_on_from(AFTER)
    assert get_frontier(world.view, roll_log(coop(0))).compute_root() == root
    assert require_account(world.view, member(1)).joined_height == 1
    after = dict(world.kv.scan(b""))
    assert not before.keys() - after.keys()
    assert len([key for key in before if before[key] != after[key]]) <= 12


def test_the_lost_validators_keys_sign_nothing_more() -> None:
    """Nor do they come back: whoever parted has given its key up."""
    world = make_federation(4)
    recovery = draft(world, 0, 1, lost=(3,))
    address = compute_validator_address(make_key(10_034).public_key)

    recover(world, recovery)

    key = world.federal.get_consensus_key(address)
    assert key is not None
    assert key.is_retired
    assert key.signs_until == recovery.height


def test_who_was_suspended_for_silence_may_go_on() -> None:
    """Whoever signs the recovery is not silent."""
    world = make_federation(6)
    world.run_silence(5, buckets=8)
    assert world.cooperative(5).validator.standing is Standing.SILENT  # type: ignore[union-attr]
    recovery = draft(world, 4, 5)

    check_recovery(world.federal, sign(recovery, 2, 3, 4, 5))
    updates = recover(world, recovery)

    assert sorted(item.cooperative for item in updates) == sorted([coop(4), coop(5)])


def test_blocks_follow_a_recovery() -> None:
    """The rules go on with that state: who is missing comes back at its own word."""
    world = make_federation(4)
    recovery = draft(world, 0, 1, lost=(3,))
    world.engine = EngineModel.begin(recover(world, recovery))

    world.run(Act(coop(2), ReturnToDuty()))
    assert world.refusals == [None]
    world.run()
    world.run()

    assert len(world.engine.validators) == 3
    assert world.cooperative(2).validator.standing is Standing.ACTIVE  # type: ignore[union-attr]
