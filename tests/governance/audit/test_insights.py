"""An audit knows from the decisions alone which insight was released or withdrawn."""

from functools import cache

import pytest
from msgspec.structs import replace

from governance.proposal_records import DecidedInsight, ProposalKind
from tests.governance.audit.audit_world import audit, copy_of, find
from tests.governance.test_insights import ask, decide, insight_of, make_partners
from tests.governance.world import COOPERATIVE, INSIGHT, OTHER_COOPERATIVE, World


@cache
def make_withdrawn_world() -> World:
    """An insight that was released, found valid and withdrawn."""
    world = make_partners()
    decide(world, ask(ProposalKind.INSIGHT))
    decide(world, ask(ProposalKind.VALIDATION, by_partner=True))
    decide(world, ask(ProposalKind.WITHDRAWAL, nonce=2))
    return world


def test_insights_follow_from_decisions() -> None:
    """Three outcomes; nothing else was said of the insight."""
    found = audit(copy_of(make_withdrawn_world()))

    assert (found.difference, found.outcomes_count) == (None, 3)


@pytest.mark.parametrize(
    ("cooperative", "field"),
    [
        (COOPERATIVE, "released_by"),
        (COOPERATIVE, "validated_by"),
        (COOPERATIVE, "withdrawn_by"),
        (OTHER_COOPERATIVE, "validated_by"),
    ],
)
def test_a_changed_insight_is_found(cooperative: bytes, field: str) -> None:
    """By which decision it was released, found valid or withdrawn."""
    world = copy_of(make_withdrawn_world())
    changed = replace(insight_of(world, cooperative), **{field: bytes(32)})
    world.view.put_insight(cooperative, INSIGHT, changed)

    difference = find(world)
    assert (difference.place.what, difference.field) == ("insight", field)


def test_an_insight_that_nobody_decided_on_is_found() -> None:
    """A record without a decision is a lie."""
    world = copy_of(make_withdrawn_world())
    world.view.put_insight(OTHER_COOPERATIVE, bytes(32), DecidedInsight(released_by=bytes(32)))

    assert find(world).field == "released_by"
