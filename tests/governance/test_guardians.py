"""Guardians' recovery: a time-lock, the owner's veto, and what a thief cannot do."""

from typing import Any

import pytest
from msgspec.structs import replace

from did.accounts import compute_key_commitment
from governance.key_events import AccountDeactivated, AccountRecovered, RecoveryVetoed
from governance.key_transactions import RotateKeys
from governance.refusals import RefusalCode
from tests.governance.guarded_world import (
    AFTER_NEW,
    COLD,
    COMMITMENT,
    CURRENT,
    GUARDIANS,
    INCEPTION,
    NEW,
    WARD,
    account_of,
    deactivate,
    keys_of,
    make_guarded_world,
    recover,
    veto,
    view_of,
)
from tests.governance.world import COOPERATIVE, TIME_SCALE, Act, World, admit, make_key

LOCK_MS = 7 * 86_400_000 // TIME_SCALE
BATCH_MS = 40 * 86_400_000 // TIME_SCALE
"""A batch lands within a month."""
THIEF = make_key(666)


def rotate(*, by: object = COLD) -> Act:
    payload = RotateKeys(next_key_commitment=compute_key_commitment(make_key(520).public_key))
    return Act(WARD, payload, nonce=800, keys=(by.public_key,))  # type: ignore[attr-defined]


def wait(world: World) -> None:
    world.run(after_ms=LOCK_MS)


def test_enough_guardians_and_a_week_give_the_account_its_new_keys() -> None:
    """By itself; old keys stop, and what they were stays."""
    world = make_guarded_world()
    assert world.refuse(recover(3)) is None
    assert keys_of(world) == [CURRENT.public_key]

    wait(world)

    account = account_of(world)
    assert keys_of(world) == [NEW.public_key]
    assert account.next_key_commitment == compute_key_commitment(AFTER_NEW.public_key)
    assert account.keys[0].nonce_highest == 700
    (former,) = view_of(world).scan_key_states(COOPERATIVE, WARD)
    assert (former.version, former.keys) == (0, (CURRENT.public_key,))
    assert former.until_ms == account.keys_since_ms
    assert account.keys_version == 1


def test_early_recovery_does_not_happen() -> None:
    """Not a millisecond before the lock is over."""
    world = make_guarded_world()
    world.run(recover(3))

    world.run(after_ms=LOCK_MS - 1)
    assert keys_of(world) == [CURRENT.public_key]
    assert any(isinstance(event, AccountRecovered) for event in world.run(after_ms=1))


def test_two_guardians_are_too_few() -> None:
    """Nor does a key more of somebody else's help."""
    world = make_guarded_world()

    assert world.refuse(recover(2)) is RefusalCode.GUARDIANS_TOO_FEW
    padded = recover(2)
    padded = replace_keys(padded, (*padded.keys, THIEF.public_key))
    assert world.refuse(padded) is RefusalCode.GUARDIANS_TOO_FEW


def test_the_new_keys_prove_that_they_are_held() -> None:
    """Or a recovery could lead to keys that nobody has."""
    world = make_guarded_world()
    asked = recover(3)

    unproven = replace_keys(asked, tuple(key for key in asked.keys if key != NEW.public_key))

    assert world.refuse(unproven) is RefusalCode.GUARDIANS_TOO_FEW


@pytest.mark.parametrize(
    "changes",
    [
        {"salt": bytes(32)},
        {"threshold": 2},
        {"override": 5},
        {"guardians": (*GUARDIANS[:4], GUARDIANS[3])},
        {"guardians": tuple(reversed(GUARDIANS))},
    ],
)
def test_guardians_must_be_those_committed_to(changes: dict[str, Any]) -> None:
    """Salt, numbers and order included."""
    world = make_guarded_world()

    assert world.refuse(recover(3, **changes)) is RefusalCode.GUARDIANS_UNFIT


@pytest.mark.parametrize(
    "changes",
    [
        {"new": (CURRENT,)},
        {"signatures_required": 2},
        {"next_key_commitment": compute_key_commitment(NEW.public_key)},
        {"next_key_commitment": compute_key_commitment(COLD.public_key)},
        {"guardians_commitment": COMMITMENT},
    ],
)
def test_a_recovery_leads_to_new_keys_and_guardians(changes: dict[str, Any]) -> None:
    """What was stolen or opened counts no more afterwards."""
    world = make_guarded_world()

    assert world.refuse(recover(3, **changes)) is RefusalCode.KEYS_NOT_NEW


def test_a_stolen_current_key_neither_vetoes_nor_ends_the_account() -> None:
    """A thief's veto would stop every recovery."""
    world = make_guarded_world()
    world.run(recover(3))

    assert world.refuse(veto(by=CURRENT)) is RefusalCode.KEYS_NOT_COMMITTED
    assert world.refuse(veto(by=THIEF)) is RefusalCode.KEYS_NOT_COMMITTED
    assert world.refuse(deactivate(by=CURRENT)) is RefusalCode.KEYS_NOT_COMMITTED
    assert world.refuse(rotate(by=CURRENT)) is RefusalCode.KEYS_NOT_COMMITTED
    wait(world)
    assert keys_of(world) == [NEW.public_key]


def test_the_cold_key_vetoes_and_the_attempt_is_used_up() -> None:
    """What guardians signed once never counts again."""
    world = make_guarded_world()
    world.run(recover(3))
    assert world.refuse(veto(attempt=2)) is RefusalCode.RECOVERY_UNFIT

    events = world.run(veto())

    assert any(isinstance(event, RecoveryVetoed) for event in events)
    wait(world)
    assert keys_of(world) == [CURRENT.public_key]
    assert world.refuse(recover(3)) is RefusalCode.RECOVERY_UNFIT
    assert world.refuse(veto()) is RefusalCode.RECOVERY_UNFIT
    assert world.refuse(recover(3, attempt=2)) is None


def test_more_guardians_cannot_be_vetoed() -> None:
    """Then the thief has the cold key as well; a rotation with it changes nothing either."""
    world = make_guarded_world()
    world.run(recover(3))
    assert world.refuse(recover(3, attempt=2)) is RefusalCode.RECOVERY_UNFIT
    assert world.refuse(recover(4, attempt=2)) is None

    assert world.refuse(veto(attempt=2)) is RefusalCode.RECOVERY_FINAL
    assert world.refuse(rotate()) is None
    assert keys_of(world) == [COLD.public_key]
    world.run(after_ms=LOCK_MS)

    assert keys_of(world) == [NEW.public_key]
    assert account_of(world).keys_version == 2


def test_who_rotates_needs_no_recovery() -> None:
    """The rotation stops it."""
    world = make_guarded_world()
    world.run(recover(3))

    events = world.run(rotate())

    assert any(isinstance(event, RecoveryVetoed) for event in events)
    wait(world)
    assert keys_of(world) == [COLD.public_key]


def test_an_ended_account_leaves_with_the_next_batch_and_never_comes_back() -> None:
    """Whoever recovers it afterwards gets nothing, and a registrar cannot readmit it."""
    world = make_guarded_world()
    world.run(recover(4))

    events = world.run(deactivate())

    assert any(isinstance(event, AccountDeactivated) for event in events)
    wait(world)
    world.run(after_ms=BATCH_MS)
    account = account_of(world)
    assert account.is_deactivated
    assert account.left_height is not None
    assert keys_of(world) == [CURRENT.public_key]
    again = admit([1])
    again = Act(again.account, replace(again.payload, inceptions=(INCEPTION,)))
    assert world.refuse(again) is RefusalCode.ACCOUNT_EXISTS


def test_what_an_ended_account_had_for_keys_can_still_be_found() -> None:
    """Else what it signed before could not be checked any more."""
    world = make_guarded_world()
    began_ms = account_of(world).keys_since_ms

    world.run(deactivate())

    (former,) = view_of(world).scan_key_states(COOPERATIVE, WARD)
    assert (former.version, former.keys) == (0, (CURRENT.public_key,))
    assert (former.since_ms, former.until_ms) == (began_ms, world.time_ms)
    assert former.created_ms == account_of(world).created_ms == began_ms
    assert (account_of(world).keys_version, account_of(world).keys_since_ms) == (1, world.time_ms)


def test_only_a_members_account_is_ended() -> None:
    """A cooperative leaves the federation, an office is closed."""
    world = make_guarded_world()
    root = Act(COOPERATIVE, deactivate().payload, nonce=5, keys=(make_key(1).public_key,))

    assert world.refuse(root) in (RefusalCode.KEYS_NOT_COMMITTED, RefusalCode.NOT_A_MEMBER)


def replace_keys(act: Act, keys: tuple[bytes, ...]) -> Act:
    return Act(act.account, act.payload, nonce=act.nonce, keys=tuple(sorted(keys)))
