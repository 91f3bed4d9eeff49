"""Distributions, recounted: figures, pools, commitments, and each amount."""

import json
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from config.errors import RefusedError
from governance.audit.findings import Audited
from governance.audit.sealed import SEALED_FORMAT, parse_sealed
from governance.bylaws import parse_bylaws
from governance.logs import entry_key
from governance.value.commitments import add_points, commit, encode_scalar
from governance.value.contribution import Metric
from governance.value.need import NeedBand, SlotCommitment, compute_slot
from governance.value.records import Pool, compute_pool_id
from governance.value.view import LedgerBooks, ValueView, commitments_log
from tests.bylaws import make_bylaws
from tests.governance.audit.audit_world import (
    NEED_PLACE,
    audit,
    copy_of,
    find,
    make_shared_world,
    rewrite_list,
)
from tests.governance.value.test_allotting import (
    CONTRIBUTION_BLINDING,
    PAID,
    make_contribution_world,
)
from tests.governance.value.value_world import WEIGHT_TOTAL, open_pool
from tests.governance.world import COOPERATIVE, OTHER_COOPERATIVE, World

BANDS = [
    NeedBand.NONE,
    NeedBand.SOME,
    NeedBand.SOME,
    NeedBand.GREAT,
    NeedBand.URGENT,
    NeedBand.NONE,
    NeedBand.NONE,
    NeedBand.SOME,
]
POOL_ID = compute_pool_id(cooperative=COOPERATIVE, period=0, pool=Pool.NEED)
SHARED = cache(lambda: make_shared_world(BANDS))


def shared() -> World:
    return copy_of(SHARED()[0])


def sealed_file(**changes: Any) -> dict[str, Any]:
    """What an auditor is shown; changes are to the fourth member."""
    members = []
    for case in SHARED()[1]:
        slot = compute_slot(account=case.account, salt=case.salt, pool=POOL_ID)
        members.append(
            {
                "period": 0,
                "pool": "need",
                "slot": slot.hex(),
                "weight": int(case.band),
                "blinding": encode_scalar(case.blinding).hex(),
                "amount_minor": 850_000 // 9 * case.band,
            }
        )
    members[3] |= changes
    return {"format": SEALED_FORMAT, "cooperative": COOPERATIVE.hex(), "members": members}


def test_a_distribution_is_made_once_more() -> None:
    """From the journal, the split and the commitments."""
    found = audit(shared())

    assert found == Audited(outcomes_count=1, ballots_count=8, distributions_count=1)


def test_with_what_the_auditor_was_shown_every_amount_is_checked() -> None:
    """The commitments open to weights, and amounts follow from these."""
    sealed = parse_sealed(json.dumps(sealed_file()).encode())

    found = audit(shared(), sealed=sealed)

    assert found.difference is None
    assert found.amounts_count == len(BANDS)


@pytest.mark.parametrize(
    "field",
    [
        "result_minor",
        "legal_reserve_minor",
        "distributable_minor",
        "dividend_minor",
        "carried_minor",
        "members_count",
        "unit_minor",
    ],
)
def test_another_figure_of_a_period_is_found(field: str) -> None:
    """All follow from the journal, the split and the roll."""
    world = shared()
    view = ValueView(world.kv)
    period = view.get_period(COOPERATIVE, 0)
    assert period is not None

    view.put_period(COOPERATIVE, replace(period, **{field: getattr(period, field) + 1}))

    found = find(world)
    assert (found.place.what, found.place.id, found.field) == ("period", "0", field)


@pytest.mark.parametrize("field", ["unit_minor", "paid_minor", "carry_minor", "weight_total"])
def test_another_unit_of_a_pool_is_found(field: str) -> None:
    """Floor and carry; and the sum opens to one total alone."""
    world = shared()
    view = ValueView(world.kv)
    allocation = view.get_allocation(COOPERATIVE, POOL_ID)
    assert allocation is not None

    changed = replace(allocation, **{field: getattr(allocation, field) + 1})
    view.put_allocation(COOPERATIVE, POOL_ID, changed)

    found = find(world)
    expected = "sum_opens_to_weight_total" if field == "weight_total" else field
    assert (found.place.id, found.field) == (NEED_PLACE, expected)


def test_a_replaced_commitment_is_found() -> None:
    """By the list's root, by the sum, and by what the sum opens to."""
    world = shared()
    view = ValueView(world.kv)
    log = commitments_log(COOPERATIVE, POOL_ID)
    leaves = [world.kv.get(entry_key(log, place)) or b"" for place in range(len(BANDS))]
    point = commit(4, blinding=99)
    leaves[2] = replace(SlotCommitment.decode(leaves[2]), commitment=point).encode()
    world.kv.put(entry_key(log, 2), leaves[2])
    assert find(world).field == "commitments_root"

    rewrite_list(world, log, leaves)
    assert find(world).field == "commitments_sum"

    total = b"\x01" + bytes(31)
    for leaf in leaves:
        total = add_points(total, SlotCommitment.decode(leaf).commitment)
    allocation = view.get_allocation(COOPERATIVE, POOL_ID)
    assert allocation is not None
    view.put_allocation(COOPERATIVE, POOL_ID, replace(allocation, commitments_sum=total))

    assert find(world).field == "sum_opens_to_weight_total"


def test_a_changed_balance_or_entry_is_found() -> None:
    """State's balances are what the journal adds up to, and entries add up to nothing."""
    world = shared()
    books = LedgerBooks(ValueView(world.kv), COOPERATIVE)
    account = books.get_book_account(3_100)
    assert account is not None
    books.put_book_account(replace(account, credits_minor=account.credits_minor + 1))

    assert find(world).field == "account 3100"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"weight": 4}, "opens"),
        ({"blinding": "01" + "00" * 31}, "opens"),
        ({"amount_minor": 1}, "amount is right"),
        ({"slot": "00" * 32}, "True"),
    ],
)
def test_a_wrong_amount_is_found(changes: dict[str, Any], field: str) -> None:
    """What a member was paid is unit times band, and the band is the committed one."""
    sealed = parse_sealed(json.dumps(sealed_file(**changes)).encode())

    found = find(shared(), sealed=sealed)

    assert found.place.id == NEED_PLACE
    assert field in f"{found.field} {found.expected}"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pool": "equal"}, "pool"),
        ({"slot": "00"}, "slot"),
        ({"blinding": "ff" * 32}, "blinding"),
        ({"weight": -1}, "weight"),
        ({"amount_minor": -1}, "amount_minor"),
        ({"name": "somebody"}, "docs/governance.md"),
    ],
)
def test_a_malformed_sealed_file_is_refused(changes: dict[str, Any], reason: str) -> None:
    """It names the member's place and the field, and nothing that stands there."""
    with pytest.raises(RefusedError, match=reason):
        parse_sealed(json.dumps(sealed_file(**changes)).encode())


def test_a_sealed_file_must_be_whole_and_of_this_chain() -> None:
    """A member twice, another format, another chain's cooperative."""
    file = sealed_file()
    twice = {**file, "members": [file["members"][0]] * 2}
    for wrong, reason in ((twice, "twice"), ({**file, "format": "x"}, "format")):
        with pytest.raises(RefusedError, match=reason):
            parse_sealed(json.dumps(wrong).encode())
    strange = parse_sealed(json.dumps({**file, "cooperative": "00" * 32}).encode())
    with pytest.raises(RefusedError, match="does not have"):
        audit(shared(), sealed=strange)
    other = parse_sealed(json.dumps({**file, "cooperative": OTHER_COOPERATIVE.hex()}).encode())
    assert audit(shared(), sealed=other).amounts_count == 0


def test_a_contribution_pool_is_shared_once_more() -> None:
    """Its total is what the attested metrics weigh, and each floored share leaves its part."""
    world = make_contribution_world()
    world.run(open_pool(WEIGHT_TOTAL, CONTRIBUTION_BLINDING, PAID, pool=Pool.CONTRIBUTION))
    assert world.refusals == [None]
    assert audit(world) == Audited(outcomes_count=1, ballots_count=8, distributions_count=1)

    view = ValueView(world.kv)
    total = view.get_metric(COOPERATIVE, period=0, metric=Metric.EDUCATION)
    assert total is not None
    changed = replace(total, points_total=total.points_total + 1)
    view.put_metric(COOPERATIVE, period=0, metric=Metric.EDUCATION, total=changed)

    assert find(world).field == "weight_total"


def test_a_close_by_other_bylaws_is_found() -> None:
    """It follows those that its proposal names, with the greatest dividend that they allow."""
    world = shared()
    view = ValueView(world.kv)
    period = view.get_period(COOPERATIVE, 0)
    assert period is not None
    other = parse_bylaws(make_bylaws(value={"kudos_per_member_max": 4}))
    view.put_bylaws(other)

    view.put_period(COOPERATIVE, replace(period, bylaws_hash=other.compute_hash()))

    assert find(world).field == "bylaws_hash"
