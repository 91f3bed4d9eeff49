"""Insights are released, found valid and withdrawn by decisions that take effect."""

import pytest

from governance.events import (
    EnactmentFailed,
    InsightReleased,
    InsightValidated,
    InsightWithdrawn,
)
from governance.member_acts import GrantLicence
from governance.proposal_records import Choice, DecidedInsight, Enactment, ProposalKind
from governance.refusals import RefusalCode
from tests.governance.world import (
    COOPERATIVE,
    INSIGHT,
    OTHER_COOPERATIVE,
    VOTING_MS,
    Act,
    World,
    admit,
    make_world_with_members,
    proposal_id_of,
    propose,
    vote,
)

PARTNERS = range(11, 14)
KINDS = {
    ProposalKind.INSIGHT: "released_by",
    ProposalKind.VALIDATION: "validated_by",
    ProposalKind.WITHDRAWAL: "withdrawn_by",
}


def make_partners() -> World:
    """The first cooperative has members 1 to 5, the other one 11 to 13."""
    world = make_world_with_members()
    world.run(admit(PARTNERS, cooperative=OTHER_COOPERATIVE))
    return world


def ask(kind: ProposalKind, *, by_partner: bool = False, nonce: int = 1) -> Act:
    return propose(
        PARTNERS[0] if by_partner else 1,
        kind=kind,
        subject=INSIGHT,
        cooperative=OTHER_COOPERATIVE if by_partner else COOPERATIVE,
        nonce=nonce,
    )


def decide(world: World, act: Act, *, is_accepted: bool = True) -> None:
    """Let all members of the proposal's cooperative say the same."""
    cooperative = act.payload.cooperative  # type: ignore[union-attr]
    voters = range(1, 6) if cooperative == COOPERATIVE else PARTNERS
    choice = Choice.YES if is_accepted else Choice.NO
    motion = proposal_id_of(act)
    world.open_voting(act)
    world.run(*(vote(number, motion, choice, cooperative=cooperative) for number in voters))
    world.close_voting()


def insight_of(world: World, cooperative: bytes = COOPERATIVE) -> DecidedInsight:
    return world.view.get_insight(cooperative, INSIGHT)


def test_an_insight_is_released_by_its_members_alone() -> None:
    """F1: nothing counts as published before its own cooperative's members accepted it."""
    world = make_partners()
    release = ask(ProposalKind.INSIGHT)
    world.open_voting(release)
    assert insight_of(world) == DecidedInsight()

    world.run(*(vote(number, proposal_id_of(release), Choice.YES) for number in (1, 2)))
    world.close_voting()

    released = InsightReleased(
        cooperative=COOPERATIVE, insight=INSIGHT, proposal=proposal_id_of(release)
    )
    assert released in world.events
    assert insight_of(world) == DecidedInsight(released_by=proposal_id_of(release))
    assert world.get_proposal(release).enactment is Enactment.DONE
    assert insight_of(world, OTHER_COOPERATIVE) == DecidedInsight()


@pytest.mark.parametrize("kind", [ProposalKind.INSIGHT, ProposalKind.WITHDRAWAL])
def test_what_members_reject_changes_nothing(kind: ProposalKind) -> None:
    """A release or a withdrawal that is voted down never was."""
    world = make_partners()

    decide(world, ask(kind), is_accepted=False)

    assert insight_of(world) == DecidedInsight()


def test_partners_find_an_insight_valid_in_their_own_namespace() -> None:
    """Facts §7: only a cooperative's own members write what it says of a partner's insight."""
    world = make_partners()
    validation = ask(ProposalKind.VALIDATION, by_partner=True)
    assert world.refuse(validation) is RefusalCode.INSIGHT_UNKNOWN
    release = ask(ProposalKind.INSIGHT)
    decide(world, release)

    decide(world, validation)

    validated = InsightValidated(
        cooperative=OTHER_COOPERATIVE, insight=INSIGHT, proposal=proposal_id_of(validation)
    )
    assert validated in world.events
    found = insight_of(world, OTHER_COOPERATIVE)
    assert found == DecidedInsight(validated_by=proposal_id_of(validation))
    assert insight_of(world) == DecidedInsight(released_by=proposal_id_of(release))


def test_nobody_finds_their_own_insight_valid() -> None:
    """A validation is another cooperative's word."""
    world = make_partners()
    decide(world, ask(ProposalKind.INSIGHT))

    assert world.refuse(ask(ProposalKind.VALIDATION, nonce=2)) is RefusalCode.INSIGHT_OWN


def test_a_withdrawn_insight_stays_withdrawn() -> None:
    """Released anew, found valid or licensed it can be no more; who withdraws is on record."""
    world = make_partners()
    decide(world, ask(ProposalKind.INSIGHT))
    withdrawal = ask(ProposalKind.WITHDRAWAL, nonce=2)

    decide(world, withdrawal)

    withdrawn = InsightWithdrawn(
        cooperative=COOPERATIVE, insight=INSIGHT, proposal=proposal_id_of(withdrawal)
    )
    assert withdrawn in world.events
    assert insight_of(world).withdrawn_by == proposal_id_of(withdrawal)
    assert not insight_of(world).is_published
    licence = GrantLicence(
        insight=INSIGHT, licensee=bytes(32), purpose=bytes(32), price_minor=0, days=1
    )
    for act in (
        ask(ProposalKind.INSIGHT, nonce=3),
        ask(ProposalKind.WITHDRAWAL, nonce=4),
        propose(1, kind=ProposalKind.LICENCE, act=licence, nonce=5),
    ):
        assert world.refuse(act) is RefusalCode.INSIGHT_WITHDRAWN
    validation = ask(ProposalKind.VALIDATION, by_partner=True)
    assert world.refuse(validation) is RefusalCode.INSIGHT_UNKNOWN


def test_a_partner_takes_its_validation_back() -> None:
    """It says no more that the insight is valid; the insight itself stays published."""
    world = make_partners()
    decide(world, ask(ProposalKind.INSIGHT))
    decide(world, ask(ProposalKind.VALIDATION, by_partner=True))

    decide(world, ask(ProposalKind.WITHDRAWAL, by_partner=True, nonce=2))

    assert insight_of(world, OTHER_COOPERATIVE).withdrawn_by
    assert insight_of(world).is_published
    again = ask(ProposalKind.VALIDATION, by_partner=True, nonce=3)
    assert world.refuse(again) is RefusalCode.INSIGHT_WITHDRAWN


def test_what_was_withdrawn_before_the_count_is_not_published() -> None:
    """Facts §8: what a rule forbids when the time has come is noted, and stops nothing."""
    world = make_partners()
    release, withdrawal = ask(ProposalKind.INSIGHT), ask(ProposalKind.WITHDRAWAL, nonce=2)
    late = propose(2, kind=ProposalKind.INSIGHT, subject=INSIGHT, voting_days=10)
    world.open_voting(late, withdrawal, release)
    for act in (late, withdrawal, release):
        motion = proposal_id_of(act)
        world.run(*(vote(number, motion, Choice.YES) for number in (1, 2)))
    world.close_voting()
    assert insight_of(world).withdrawn_by == proposal_id_of(withdrawal)

    world.run(after_ms=4 * VOTING_MS)

    failed = EnactmentFailed(
        cooperative=COOPERATIVE,
        proposal=proposal_id_of(late),
        refusal=RefusalCode.INSIGHT_WITHDRAWN,
    )
    assert failed in world.events
    assert world.get_proposal(late).enactment is Enactment.FAILED


def test_a_second_release_leaves_the_first() -> None:
    """The decision that published an insight does not change."""
    world = make_partners()
    first = ask(ProposalKind.INSIGHT)
    decide(world, first)

    decide(world, ask(ProposalKind.INSIGHT, nonce=2))

    assert insight_of(world).released_by == proposal_id_of(first)
    assert not any(isinstance(event, InsightReleased) for event in world.events)


@pytest.mark.parametrize(("kind", "field"), KINDS.items())
def test_each_kind_has_a_field_of_its_own(kind: ProposalKind, field: str) -> None:
    """An auditor finds each decision under the name of what it did."""
    world = make_partners()
    decide(world, ask(ProposalKind.INSIGHT, by_partner=True))

    decide(world, ask(kind))

    assert insight_of(world) == DecidedInsight(**{field: proposal_id_of(ask(kind))})
