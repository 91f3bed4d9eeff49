"""Who may do what about value, for every kind of transaction."""

import pytest
from msgspec.structs import replace

from governance.records import CooperativeStatus
from governance.refusals import RefusalCode
from governance.transactions import PAYLOADS, Payload, decode_payload
from tests.governance.value.scenes import VALUE_SCENES
from tests.governance.value.value_world import view_of
from tests.governance.world import Act, admit, member

VALUE_PAYLOADS = [payload for payload in PAYLOADS if 0x60 <= payload.tag < 0x80]


def test_every_kind_of_transaction_about_value_has_a_scene() -> None:
    """And no other kind has a number of theirs."""
    assert list(VALUE_SCENES) == VALUE_PAYLOADS
    assert [payload.tag for payload in VALUE_PAYLOADS] == [*range(0x60, 0x6D)]


@pytest.mark.parametrize("payload", VALUE_PAYLOADS, ids=lambda payload: payload.__name__)
def test_a_payload_survives_its_encoding(payload: type[Payload]) -> None:
    """Tag and positional value give it back."""
    _, act = VALUE_SCENES[payload]()

    assert decode_payload(payload.tag, act.payload.encode()) == act.payload
    assert act.payload.work_gas >= 1_000


@pytest.mark.parametrize("payload", VALUE_PAYLOADS, ids=lambda payload: payload.__name__)
def test_no_member_holds_an_office_by_being_one(payload: type[Payload]) -> None:
    """V4: offices are accounts of their own."""
    world, act = VALUE_SCENES[payload]()
    if view_of(world).get_account(member(1)) is None:
        world.run(admit([1]))

    assert world.refuse(Act(member(1), act.payload)) is RefusalCode.OFFICE_REQUIRED


@pytest.mark.parametrize("payload", VALUE_PAYLOADS, ids=lambda payload: payload.__name__)
def test_a_cooperative_that_left_begins_nothing(payload: type[Payload]) -> None:
    """Its history stays as it is."""
    world, act = VALUE_SCENES[payload]()
    view = view_of(world)
    cooperative = view.get_cooperative(act.payload.cooperative)  # type: ignore[union-attr]
    assert cooperative is not None
    view.put_cooperative(replace(cooperative, status=CooperativeStatus.LEFT))

    assert world.refuse(act) is RefusalCode.COOPERATIVE_LEFT


@pytest.mark.parametrize("payload", VALUE_PAYLOADS, ids=lambda payload: payload.__name__)
def test_the_same_blocks_give_the_same_state(payload: type[Payload]) -> None:
    """Every node finds the same, byte for byte."""
    states = []
    for _ in range(2):
        world, act = VALUE_SCENES[payload]()
        world.run(act)
        states.append(world.dump())

    assert states[0] == states[1]
