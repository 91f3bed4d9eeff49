"""Roots over histories of consent: by the registrar, period by period, for good."""

import pytest

from governance.consent_anchors import (
    ConsentPeriod,
    ConsentRoot,
    consent_period_key,
    consent_root_key,
    read_consent_root_key,
)
from governance.events import ConsentsAnchored
from governance.records import Role, compute_office_account_id
from governance.refusals import RefusalCode
from governance.state_keys import Collection, state_key
from governance.transactions import AnchorConsents
from tests.governance.world import (
    COOPERATIVE,
    OTHER_COOPERATIVE,
    Act,
    make_world,
    make_world_with_members,
    member,
)

REGISTRAR = compute_office_account_id(cooperative=COOPERATIVE, role=Role.REGISTRAR)


def anchor(period: int, *, root: bytes = bytes([3]) * 32, sender: bytes = REGISTRAR) -> Act:
    return Act(sender, AnchorConsents(cooperative=COOPERATIVE, period=period, root=root), period)


def test_roots_stay_in_state_period_by_period() -> None:
    """An old root can still be proven when there are newer ones."""
    world = make_world()

    for period in (1, 2):
        told = world.run(anchor(period, root=bytes([period]) * 32))

        assert told == [
            ConsentsAnchored(cooperative=COOPERATIVE, period=period, root=bytes([period]) * 32)
        ]
    for period in (1, 2):
        value = world.kv.get(consent_root_key(COOPERATIVE, period))
        assert value == ConsentRoot(root=bytes([period]) * 32).encode()
    assert world.kv.get(consent_period_key(COOPERATIVE)) == ConsentPeriod(number=2).encode()


@pytest.mark.parametrize("period", [0, 1, 3, (1 << 63) - 1])
def test_refuses_a_period_that_is_not_the_next(period: int) -> None:
    """None twice, with another root or the same, and none left out."""
    world = make_world()
    world.run(anchor(1))
    before = world.dump()

    assert world.refuse(anchor(period, root=bytes(32))) is RefusalCode.CONSENT_PERIOD_OTHER
    assert world.dump() == before


def test_the_first_period_is_one() -> None:
    """Nothing can be before it."""
    assert make_world().refuse(anchor(2)) is RefusalCode.CONSENT_PERIOD_OTHER
    assert make_world().refuse(anchor(0)) is RefusalCode.CONSENT_PERIOD_OTHER


def test_only_the_registrar_of_the_cooperative_anchors() -> None:
    """Neither a member, nor the root account, nor another cooperative's registrar."""
    others = (
        member(1),
        compute_office_account_id(cooperative=COOPERATIVE, role=Role.ROOT),
        compute_office_account_id(cooperative=OTHER_COOPERATIVE, role=Role.REGISTRAR),
    )

    for sender in others:
        world = make_world_with_members()
        assert world.refuse(anchor(1, sender=sender)) is RefusalCode.NOT_REGISTRAR


def test_a_key_says_whose_root_and_which_period() -> None:
    """Read back from the key alone, and from no other kind of key."""
    key = consent_root_key(COOPERATIVE, 7)

    assert read_consent_root_key(key) == (COOPERATIVE, 7)
    assert read_consent_root_key(key + b"x") is None
    assert read_consent_root_key(consent_period_key(COOPERATIVE)) is None
    assert read_consent_root_key(state_key(COOPERATIVE, Collection.PERIOD, bytes(8))) is None
