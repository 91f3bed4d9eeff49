"""Charges: the committee says who keeps the books, knows need, attests contributions."""

import pytest

from governance.body_acts import ChargeOfficer
from governance.body_events import OfficerCharged
from governance.body_records import BodyKind
from governance.charge_records import Charge
from governance.refusals import RefusalCode
from governance.value.chart import BANK
from governance.value.contribution import ATTESTORS, Metric
from tests.governance.body_world import ask_body, close_office, fill, office, open_offices, support
from tests.governance.value.books_world import LICENCES, draft
from tests.governance.value.value_world import attest, make_books_world, post
from tests.governance.world import Act, World

COMMITTEE = range(1, 8)


def make_chargeable_world() -> World:
    world = make_books_world()
    world.run(open_offices(range(1, 9)))
    fill(world, BodyKind.COMMITTEE, COMMITTEE)
    return world


def charge(world: World, what: Charge, number: int | None, *, nonce: int) -> RefusalCode | None:
    """Four of seven agree; what the last one is told."""
    act = ChargeOfficer(charge=what, office=b"" if number is None else office(number))
    asked = ask_body(1, BodyKind.COMMITTEE, act, nonce=nonce)
    refusal = world.refuse(asked)
    if refusal is not None:
        return refusal
    for supporter in (2, 3):
        world.run(support(supporter, asked, nonce=nonce))
    events = world.run(support(4, asked, nonce=nonce))
    assert any(isinstance(event, OfficerCharged) for event in events)
    return None


def test_v4_the_charged_officer_acts_and_the_stand_in_no_more() -> None:
    """V4: until then the root stands in; afterwards it writes to no books."""
    world = make_chargeable_world()
    entry = post(draft(7, (BANK, 5), (LICENCES, -5)))
    by_officer = Act(office(8), entry.payload)
    assert world.refuse(by_officer) is RefusalCode.OFFICE_REQUIRED
    assert world.refuse(entry) is None

    assert charge(world, Charge.TREASURER, 8, nonce=1) is None

    assert world.refuse(by_officer) is None
    assert world.refuse(entry) is RefusalCode.OFFICE_REQUIRED


def test_v4_each_metric_has_an_attestor_of_its_own() -> None:
    """V4: who is charged with one attests no other."""
    world = make_chargeable_world()
    assert charge(world, ATTESTORS[Metric.EDUCATION], 8, nonce=1) is None
    education, other = (attest(metric, 5) for metric in (Metric.EDUCATION, Metric.DATA))

    assert world.refuse(education) is RefusalCode.OFFICE_REQUIRED
    assert world.refuse(Act(office(8), other.payload)) is RefusalCode.OFFICE_REQUIRED
    assert world.refuse(Act(office(8), education.payload)) is None
    assert world.refuse(other) is None


@pytest.mark.parametrize(
    "pair", [(Charge.TREASURER, Charge.PANEL), (Charge.PANEL, Charge.TREASURER)]
)
def test_nobody_knows_bands_and_amounts(pair: tuple[Charge, Charge]) -> None:
    """The panel knows who needs what, whoever pays knows amounts."""
    world = make_chargeable_world()
    assert charge(world, pair[0], 8, nonce=1) is None

    assert charge(world, pair[1], 8, nonce=2) is RefusalCode.CHARGES_APART
    assert charge(world, pair[1], 7, nonce=2) is None


def test_a_charge_falls_back_to_the_stand_in() -> None:
    """When it is taken away, or its office account is closed."""
    world = make_chargeable_world()
    assert charge(world, Charge.DATA_STEWARD, 8, nonce=1) is None
    stand_in = attest(Metric.DATA, 5)
    assert world.refuse(stand_in) is RefusalCode.OFFICE_REQUIRED

    world.run(close_office(8))
    assert world.refuse(stand_in) is None
    assert charge(world, Charge.DATA_STEWARD, 8, nonce=2) is RefusalCode.OFFICE_UNKNOWN
    assert charge(world, Charge.DATA_STEWARD, 7, nonce=2) is None
    assert charge(world, Charge.DATA_STEWARD, None, nonce=5) is None
    again = attest(Metric.PARTICIPATION, 5)
    assert world.refuse(again) is None


def test_only_the_committee_charges() -> None:
    """Finance keeps no books by sitting there."""
    world = make_chargeable_world()
    fill(world, BodyKind.FINANCE, [8])
    act = ChargeOfficer(charge=Charge.TREASURER, office=office(8))

    asked = ask_body(8, BodyKind.FINANCE, act)

    assert world.refuse(asked) is RefusalCode.ACT_NOT_OF_BODY
