"""The read model: events in, proposals and members out."""

import dataclasses
from pathlib import Path

import pytest

from governance.events import (
    BallotCast,
    DiscussionOpened,
    Event,
    MembersAdmitted,
    ProposalClosed,
    ProposalSubmitted,
    ProposalVoided,
    VotingOpened,
)
from governance.federal_events import MembersImported
from governance.proposal_records import Outcome, ProposalKind, Stage
from governance.refusals import RefusalCode
from node.web.projection import ProjectedBlock, ProjectedMember, Projection
from node.web.projection_insights import ProjectedInsight
from node.web.status import describe_votes

COOPERATIVE, PROPOSAL, TEXT = b"c" * 32, b"p" * 32, b"t" * 32
GENESIS = b"g" * 32
SUBMITTED = ProposalSubmitted(
    cooperative=COOPERATIVE,
    proposal=PROPOSAL,
    kind=ProposalKind.ORDINARY,
    proposer=b"m" * 32,
    text_hash=TEXT,
    subject=b"",
    bylaws_hash=bytes(32),
)
VOTING = VotingOpened(
    cooperative=COOPERATIVE,
    proposal=PROPOSAL,
    closes_at_ms=9_000,
    roll_epoch=1,
    roll_root=bytes(32),
    electorate_count=5,
    quorum_bps=3_000,
    yes_of_roll_bps=500,
    call=1,
)
CLOSED = ProposalClosed(
    cooperative=COOPERATIVE,
    proposal=PROPOSAL,
    kind=ProposalKind.ORDINARY,
    outcome=Outcome.ACCEPTED,
    subject=b"",
    yes_count=3,
    no_count=1,
    abstain_count=0,
    electorate_count=5,
    quorum_bps=3_000,
    ballots_root=bytes(32),
    decision_index=7,
    yes_of_roll_bps=500,
    call=1,
)


def block(height: int, *events: Event) -> ProjectedBlock:
    return ProjectedBlock(
        height=height, time_ms=height * 1_000, app_hash=bytes([height] * 32), events=events
    )


@pytest.fixture
def projection(tmp_path: Path) -> Projection:
    return Projection.open(tmp_path / "projection.db", genesis_hash=GENESIS)


def cast(ballot: bytes, *, replaced: bool = False) -> BallotCast:
    return BallotCast(cooperative=COOPERATIVE, proposal=PROPOSAL, ballot=ballot, replaced=replaced)


def test_a_proposal_is_followed_through_its_life(projection: Projection) -> None:
    """Each event moves it to the stage that the ledger has."""
    opened = DiscussionOpened(cooperative=COOPERATIVE, proposal=PROPOSAL, ends_ms=4_000)
    stages = []

    for height, events in enumerate(([SUBMITTED], [opened], [VOTING], [CLOSED]), start=1):
        projection.apply_block(block(height, *events))
        found = projection.find_proposal(PROPOSAL)
        assert found is not None
        stages.append(found.stage)

    assert stages == [Stage.SUBMITTED, Stage.DISCUSSION, Stage.VOTING, Stage.CLOSED]
    assert found.outcome is Outcome.ACCEPTED
    assert (found.yes_count, found.no_count, found.closed_height) == (3, 1, 4)
    assert projection.count_decisions() == 8
    projection.close()


def test_a_replaced_ballot_counts_once(projection: Projection) -> None:
    """How many have voted, not how many ballots were sent."""
    projection.apply_block(block(1, SUBMITTED, VOTING))

    projection.apply_block(block(2, cast(b"1" * 32), cast(b"2" * 32)))
    projection.apply_block(block(3, cast(b"1" * 32, replaced=True)))

    found = projection.find_proposal(PROPOSAL)
    assert found is not None
    assert found.ballots_count == 2
    projection.close()


def test_a_block_is_applied_once(projection: Projection) -> None:
    """Reading a height again after a restart changes nothing."""
    admitted = MembersAdmitted(
        cooperative=COOPERATIVE,
        accounts=(b"1" * 32, b"2" * 32),
        epoch=1,
        active_count=2,
        roll_root=bytes(32),
    )

    projection.apply_block(block(1, admitted))
    projection.apply_block(block(1, SUBMITTED))

    assert projection.find_proposal(PROPOSAL) is None
    assert projection.count_members() == {COOPERATIVE: 2}
    assert projection.is_member(b"1" * 32)
    assert (projection.height, projection.time_ms, projection.app_hash) == (
        1,
        1_000,
        bytes([1] * 32),
    )
    projection.close()


def test_a_voided_proposal_has_no_outcome(projection: Projection) -> None:
    """A rule that failed at a deadline ends it visibly."""
    voided = ProposalVoided(
        cooperative=COOPERATIVE, proposal=PROPOSAL, refusal=RefusalCode.ELECTORATE_EMPTY
    )

    projection.apply_block(block(1, SUBMITTED))
    projection.apply_block(block(2, voided))

    found = projection.find_proposal(PROPOSAL)
    assert found is not None
    assert (found.stage, found.outcome) == (Stage.VOID, None)
    projection.close()


@pytest.mark.parametrize("damage", ["another chain", "rubbish"])
def test_a_model_that_cannot_be_used_is_built_anew(tmp_path: Path, damage: str) -> None:
    """It holds nothing that the chain does not, so it is never the operator's trouble."""
    path = tmp_path / "projection.db"
    first = Projection.open(path, genesis_hash=GENESIS)
    first.apply_block(block(1, SUBMITTED))
    first.close()
    if damage == "rubbish":
        path.write_bytes(b"rubbish" * 1_000)

    again = Projection.open(path, genesis_hash=bytes(32) if damage == "another chain" else GENESIS)

    assert again.height == 0
    assert again.find_proposal(PROPOSAL) is None
    again.close()


def test_members_of_an_imported_roll_are_members(projection: Projection) -> None:
    """Wherever they were admitted first."""
    imported = MembersImported(cooperative=COOPERATIVE, accounts=(b"a" * 32, b"b" * 32))

    projection.apply_block(block(1, imported))

    assert projection.is_member(b"b" * 32)
    assert projection.count_members() == {COOPERATIVE: 2}


def test_a_model_that_begins_with_state_goes_on_with_blocks(projection: Projection) -> None:
    """What it held is replaced; blocks that the state knows already change nothing."""
    projection.apply_block(block(1, SUBMITTED, cast(b"1" * 32)))
    seen = projection.find_proposal(PROPOSAL)
    assert seen is not None
    voting = dataclasses.replace(seen, stage=Stage.VOTING, electorate_count=5)
    member = ProjectedMember(account=b"m" * 32, cooperative=COOPERATIVE, joined_height=3)
    insight = ProjectedInsight(cooperative=COOPERATIVE, insight=b"i" * 32, released_by=PROPOSAL)

    projection.begin_at(7, members=[member], proposals=[voting], insights=[insight])

    assert (projection.begins_height, projection.height) == (7, 6)
    assert projection.is_member(b"m" * 32)
    assert projection.find_insight(COOPERATIVE, b"i" * 32) == insight
    assert [item.id for item in projection.list_released_insights(COOPERATIVE)] == [PROPOSAL]
    found = projection.find_proposal(PROPOSAL)
    assert found == dataclasses.replace(voting, ballots_count=0, are_ballots_known=False)
    admitted = MembersAdmitted(
        cooperative=COOPERATIVE, accounts=(b"m" * 32,), epoch=1, active_count=1, roll_root=b""
    )
    projection.apply_block(block(7, admitted, SUBMITTED, VOTING, cast(b"2" * 32)))
    assert projection.count_members() == {COOPERATIVE: 1}
    found = projection.find_proposal(PROPOSAL)
    assert found is not None
    assert describe_votes(found).startswith("At least 1 of 5 have voted; this node does not know")
    projection.apply_block(block(8, CLOSED))
    found = projection.find_proposal(PROPOSAL)
    assert found is not None
    assert (found.ballots_count, found.are_ballots_known) == (4, True)


def test_a_text_is_known_by_the_proposal_that_names_it(projection: Projection) -> None:
    """Only texts that a proposal of the cooperative names are taken."""
    projection.apply_block(block(1, SUBMITTED))

    assert projection.is_text_named(TEXT, cooperative=COOPERATIVE)
    assert not projection.is_text_named(TEXT, cooperative=bytes(32))
    assert not projection.is_text_named(bytes(32), cooperative=COOPERATIVE)
    projection.close()
