"""Points for contributions: who attests, what is capped, what cancels (V2)."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import POINTS_MAX
from governance.bylaws import BylawsError, parse_bylaws
from governance.charge_records import Charge
from governance.value.contribution import (
    ATTESTORS,
    Attestation,
    ContributionError,
    DataBand,
    Kudos,
    Metric,
    check_attestation,
    compute_metric_totals,
    compute_scores,
    compute_weight,
    read_policy,
)
from tests.bylaws import make_bylaws

POLICY = read_policy(parse_bylaws(make_bylaws()))
ANNA, BEN, CLARA, STEWARD, WITNESS = (bytes([number]) * 32 for number in range(1, 6))
ATTESTED = Attestation(
    member=ANNA,
    metric=Metric.EDUCATION,
    points=3,
    evidence=b"e" * 32,
    attestor=STEWARD,
    role=Charge.EDUCATION_OFFICER,
    witness=WITNESS,
)
people = st.sampled_from([ANNA, BEN, CLARA])
thanks = st.lists(
    st.builds(Kudos, giver=people, receiver=people).filter(lambda item: item.giver != item.receiver)
)


def attest(metric: Metric, points: int, **changes: Any) -> Attestation:
    base = replace(ATTESTED, metric=metric, role=ATTESTORS[metric], points=points)
    return replace(base, **changes)


def test_every_metric_has_one_attestor_of_its_own() -> None:
    """V2: five metrics, each with a named attestor."""
    assert len(Metric) == 5
    assert list(ATTESTORS) == list(Metric)
    others = [Charge.TREASURER, Charge.PANEL, Charge.CONTRIBUTIONS]
    assert sorted([*ATTESTORS.values(), *others]) == sorted(Charge)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("role", {"role": Charge.DATA_STEWARD}),
        ("metric", {"metric": Metric.MUTUAL_HELP, "role": Charge.OMBUDSPERSON}),
        ("attestor", {"attestor": ANNA}),
        ("witness", {"witness": ANNA}),
        ("witness", {"witness": STEWARD}),
        ("points", {"points": -1}),
        ("points", {"points": POINTS_MAX + 1}),
        ("points", {"metric": Metric.DATA, "role": Charge.DATA_STEWARD, "points": 3}),
    ],
)
def test_refuses_an_attestation_that_two_others_did_not_make(
    field: str, change: dict[str, Any]
) -> None:
    """V2: the right office, two parties, never oneself."""
    check_attestation(ATTESTED)

    with pytest.raises(ContributionError) as caught:
        check_attestation(replace(ATTESTED, **change))

    assert caught.value.field == field


def test_points_are_added_and_capped_in_each_metric() -> None:
    """V2: whoever does much of one thing does not outweigh all others."""
    [score] = compute_scores(
        [
            attest(Metric.EDUCATION, 15),
            attest(Metric.EDUCATION, 15, evidence=b"f" * 32),
            attest(Metric.PARTICIPATION, 4),
        ],
        [],
        policy=POLICY,
    )

    assert score.points == (0, 4, 0, 20, 0)
    assert score.compute_weight(POLICY) == 24 * 250


def test_data_counts_as_a_band_and_never_by_volume() -> None:
    """V2: any number of attestations of data is worth no more than the best one."""
    many = [
        attest(Metric.DATA, DataBand.SHARED, evidence=bytes([place]) * 32) for place in range(50)
    ]

    [score] = compute_scores(many, [], policy=POLICY)

    assert score.points[0] == DataBand.SHARED
    assert score.compute_weight(POLICY) == 0, "by default data weighs nothing"


def test_the_same_evidence_counts_once() -> None:
    """V2: or one lesson would be taught twice."""
    with pytest.raises(ContributionError, match="evidence"):
        compute_scores([ATTESTED, ATTESTED], [], policy=POLICY)


@given(thanks)
def test_thanks_that_come_back_cancel_out(kudos: list[Kudos]) -> None:
    """V2: two members cannot raise each other."""
    back = [Kudos(giver=item.receiver, receiver=item.giver) for item in kudos]

    assert compute_scores([], [*kudos, *back], policy=POLICY) == ()


def test_thanks_count_once_for_a_giver_and_receiver() -> None:
    """V2: thanking the same member again adds nothing."""
    kudos = [Kudos(giver=ANNA, receiver=BEN), Kudos(giver=ANNA, receiver=BEN)]

    [score] = compute_scores([], [*kudos, Kudos(giver=CLARA, receiver=BEN)], policy=POLICY)

    assert (score.member, score.points) == (BEN, (0, 0, 0, 0, 2))


def test_refuses_thanks_beyond_the_policys_number_and_to_oneself() -> None:
    """V2: at most m in a period."""
    policy = replace(POLICY, kudos_per_member_max=1)
    for field, kudos in (
        ("giver", [Kudos(giver=ANNA, receiver=BEN), Kudos(giver=ANNA, receiver=CLARA)]),
        ("receiver", [Kudos(giver=ANNA, receiver=ANNA)]),
    ):
        with pytest.raises(ContributionError) as caught:
            compute_scores([], kudos, policy=policy)

        assert caught.value.field == field


@given(st.permutations([*range(6)]), thanks)
def test_the_order_of_attestations_does_not_matter(order: list[int], kudos: list[Kudos]) -> None:
    """V2: permutation-invariant; scores ascend by member."""
    items = [
        attest(metric, 2, member=member, evidence=bytes([metric]) * 32)
        for metric in (Metric.DATA, Metric.PARTICIPATION, Metric.WORKING_GROUPS)
        for member in (ANNA, CLARA)
    ]

    found = compute_scores([items[place] for place in order], kudos[::-1], policy=POLICY)

    assert found == compute_scores(items, kudos, policy=POLICY)
    assert all(first.member < second.member for first, second in pairwise(found))


def test_totals_weigh_what_all_members_weigh() -> None:
    """What the ledger checks the sum of commitments against."""
    scores = compute_scores(
        [attest(Metric.EDUCATION, 7), attest(Metric.PARTICIPATION, 9, member=BEN)],
        [Kudos(giver=ANNA, receiver=BEN)],
        policy=POLICY,
    )

    totals = compute_metric_totals(scores)

    assert totals == (0, 9, 0, 7, 1)
    assert compute_weight(totals, POLICY) == sum(score.compute_weight(POLICY) for score in scores)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"education_permille": 249}, "are 1000 together"),
        ({"data_permille": 1}, "are 1000 together"),
        ({"data_cap": 3}, r"value\.data_cap is 3"),
    ],
)
def test_v2_refuses_bylaws_whose_weights_are_no_whole(change: dict[str, int], message: str) -> None:
    """V2: weights add up to 1,000; data is capped at its bands."""
    with pytest.raises(BylawsError, match=message):
        parse_bylaws(make_bylaws(value=change))


def test_v2_bylaws_say_how_contributions_count() -> None:
    """V2: each metric by its own weight and cap, in the order of the metrics."""
    document = make_bylaws(value={"data_permille": 500, "education_permille": 0})
    document["value"] |= {"participation_permille": 0, "data_cap": 1, "mutual_help_cap": 7}

    policy = read_policy(parse_bylaws(document))

    assert policy.weights_permille == (500, 0, 250, 0, 250)
    assert policy.caps == (1, 20, 20, 20, 7)
    assert policy.kudos_per_member_max == 5
