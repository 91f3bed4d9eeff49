"""Offices and elected bodies: who acts, what they may do, and what comes of it."""

import pytest

from governance.body_acts import (
    RULES,
    PauseDataUse,
    Recommend,
    Review,
    Stance,
    SuspendLicence,
    SuspendPeer,
    Veto,
)
from governance.body_events import (
    BodyActDone,
    BodyActProposed,
    OpinionGiven,
    RecommendationOpened,
    ReviewOpened,
)
from governance.body_records import WORKING_GROUPS, BodyKind
from governance.events import DiscussionOpened, VotingOpened
from governance.kinds import KINDS
from governance.proposal_records import ProposalKind, Stage
from governance.records import Role
from governance.refusals import RefusalCode
from governance.roll import require_account
from tests.governance.body_world import (
    REASONS,
    ask_body,
    close_office,
    fill,
    make_world_with_officers,
    office,
    open_offices,
    support,
    view_of,
)
from tests.governance.world import (
    COOPERATIVE,
    DISCUSSION_MS,
    INSIGHT,
    OTHER_COOPERATIVE,
    TIME_SCALE,
    Act,
    amend,
    make_world_with_members,
    proposal_id_of,
    propose,
    registrar,
)

DAY_MS = 86_400_000 // TIME_SCALE
VETO_WINDOW_MS = 1_209_600_000 // TIME_SCALE
DATA_USE = propose(1, kind=ProposalKind.DATA_USE, subject=INSIGHT)
DATA_USE_ID = proposal_id_of(DATA_USE)
MOTION = propose(1)
MOTION_ID = proposal_id_of(MOTION)


def recommend(number: int, proposal: bytes, stance: Stance = Stance.FOR) -> Act:
    act = Recommend(proposal=proposal, stance=stance, text_hash=REASONS)
    return ask_body(number, BodyKind.COMMITTEE, act)


def review(number: int, body: BodyKind, proposal: bytes) -> Act:
    return ask_body(number, body, Review(proposal=proposal, stance=Stance.FOR, text_hash=REASONS))


def test_officers_act_with_accounts_of_their_own() -> None:
    """Officers never act with the account they vote with, and not more than there are members."""
    world = make_world_with_members(2)

    assert world.refuse(open_offices([1, 2])) is None
    assert world.refuse(open_offices([1])) is RefusalCode.ACCOUNT_EXISTS
    assert world.refuse(open_offices([3, 3])) is RefusalCode.ADMISSION_REPEATED
    assert world.refuse(open_offices([3])) is RefusalCode.OFFICES_TOO_MANY
    stranger = Act(propose(1).account, open_offices([3]).payload)
    assert world.refuse(stranger) is RefusalCode.NOT_REGISTRAR
    assert require_account(world.view, office(1)).role is Role.OFFICER
    no_member = Act(office(1), MOTION.payload)
    assert world.refuse(no_member) is RefusalCode.NOT_A_MEMBER


def test_an_elected_officer_resigns_and_is_not_deleted() -> None:
    """The registrar closes offices without seats only; the holder always may."""
    world = make_world_with_officers()
    fill(world, BodyKind.COMMITTEE, range(1, 8))

    assert world.refuse(close_office(1, by=registrar())) is RefusalCode.OFFICE_SEATED
    assert world.refuse(close_office(1, by=office(2))) is RefusalCode.NOT_REGISTRAR
    assert world.refuse(close_office(8, by=registrar())) is None
    assert world.refuse(close_office(1)) is None
    assert office(1) not in view_of(world).get_body(COOPERATIVE, BodyKind.COMMITTEE).offices
    assert world.refuse(close_office(1)) is RefusalCode.OFFICE_UNKNOWN


def test_g4_a_proposal_is_reviewed_discussed_recommended_and_voted_on() -> None:
    """G4: submit, review, discussion, recommendation, vote."""
    world = make_world_with_officers()
    fill(world, BodyKind.COMMITTEE, range(1, 8))
    fill(world, BodyKind.FINANCE, [8, 9])
    world.run(MOTION)

    (reviewed,) = world.run()
    assert isinstance(reviewed, ReviewOpened)
    asked = review(8, BodyKind.FINANCE, MOTION_ID)
    (proposed,) = world.run(asked)
    assert isinstance(proposed, BodyActProposed)
    done = world.run(support(9, asked))
    assert any(isinstance(event, BodyActDone) for event in done)
    assert any(isinstance(event, OpinionGiven) for event in done)

    (discussed,) = world.run()
    assert isinstance(discussed, DiscussionOpened), "all who were asked have spoken"
    assert world.run(after_ms=DISCUSSION_MS) == []
    (recommending,) = world.run()
    assert isinstance(recommending, RecommendationOpened)
    asked = recommend(1, MOTION_ID)
    world.run(asked, support(2, asked), support(3, asked), support(4, asked))
    assert world.refusals == [None] * 4
    (voting,) = world.run()
    assert isinstance(voting, VotingOpened)
    opinion = view_of(world).get_opinion(COOPERATIVE, MOTION_ID, BodyKind.COMMITTEE)
    assert opinion is not None
    assert (opinion.stance, opinion.text_hash) == (Stance.FOR, REASONS)


def test_g4_silence_never_blocks() -> None:
    """G4: a gate has a deadline; who says nothing has no opinion."""
    world = make_world_with_officers()
    fill(world, BodyKind.COMMITTEE, range(1, 8))
    fill(world, BodyKind.FINANCE, [8])
    world.run(MOTION)
    stages = []

    while world.get_proposal(MOTION).stage is not Stage.CLOSED:
        world.run(after_ms=DAY_MS)
        if world.get_proposal(MOTION).stage not in stages:
            stages.append(world.get_proposal(MOTION).stage)

    assert stages == [
        Stage.REVIEW,
        Stage.DISCUSSION,
        Stage.RECOMMENDATION,
        Stage.VOTING,
        Stage.CLOSED,
    ]


def test_advice_on_an_amended_text_has_lapsed() -> None:
    """The group is asked again about what is now proposed."""
    world = make_world_with_officers()
    fill(world, BodyKind.FINANCE, [8])
    world.run(MOTION)
    world.run()
    world.run(review(8, BodyKind.FINANCE, MOTION_ID))
    world.run()
    world.run(amend(1, MOTION_ID))

    (opened,) = world.run()

    assert isinstance(opened, ReviewOpened)


def test_what_a_body_does_takes_most_of_those_who_sit_in_it() -> None:
    """Support of who has no seat, or has lost it, does not count."""
    world = make_world_with_officers()
    fill(world, BodyKind.COMMITTEE, range(1, 8))
    world.run(MOTION)
    world.run()
    asked = recommend(1, MOTION_ID)

    assert world.refuse(support(2, asked)) is RefusalCode.MOTION_UNKNOWN
    assert world.refuse(recommend(8, MOTION_ID)) is RefusalCode.NOT_IN_BODY
    world.run(asked, support(2, asked), support(3, asked))
    assert world.refuse(support(8, asked)) is RefusalCode.NOT_IN_BODY
    assert world.refuse(support(3, asked)) is RefusalCode.MOTION_APPROVED
    world.run(close_office(3))
    world.run(support(4, asked))
    assert view_of(world).get_opinion(COOPERATIVE, MOTION_ID, BodyKind.COMMITTEE) is None
    world.run(support(5, asked))
    assert view_of(world).get_opinion(COOPERATIVE, MOTION_ID, BodyKind.COMMITTEE) is not None
    assert world.refuse(support(6, asked)) is RefusalCode.MOTION_CLOSED


def test_a_bodys_motion_lapses() -> None:
    """After thirty days nobody supports it any more."""
    world = make_world_with_officers()
    fill(world, BodyKind.COMMITTEE, range(1, 8))
    world.open_voting(propose(2, nonce=2))
    world.run(MOTION)
    world.run()
    asked = recommend(1, MOTION_ID)
    world.run(asked)

    assert world.refuse(support(2, asked), after_ms=31 * DAY_MS) is RefusalCode.MOTION_CLOSED


@pytest.mark.parametrize(
    ("body", "act", "refusal"),
    [
        (
            BodyKind.COMMITTEE,
            Review(proposal=MOTION_ID, stance=Stance.FOR, text_hash=REASONS),
            RefusalCode.ACT_NOT_OF_BODY,
        ),
        (
            BodyKind.FINANCE,
            Recommend(proposal=MOTION_ID, stance=Stance.FOR, text_hash=REASONS),
            RefusalCode.ACT_NOT_OF_BODY,
        ),
        (
            BodyKind.FINANCE,
            Veto(proposal=MOTION_ID, reasons_hash=REASONS),
            RefusalCode.ACT_NOT_OF_BODY,
        ),
        (
            BodyKind.FINANCE,
            SuspendPeer(peer=OTHER_COOPERATIVE, reasons_hash=REASONS),
            RefusalCode.ACT_NOT_OF_BODY,
        ),
        (
            BodyKind.COMMITTEE,
            Recommend(proposal=bytes(32), stance=Stance.FOR, text_hash=REASONS),
            RefusalCode.PROPOSAL_UNKNOWN,
        ),
        (
            BodyKind.COMMITTEE,
            Recommend(proposal=MOTION_ID, stance=Stance.FOR, text_hash=REASONS),
            RefusalCode.STAGE_WRONG,
        ),
        (
            BodyKind.PRIVACY,
            Veto(proposal=MOTION_ID, reasons_hash=REASONS),
            RefusalCode.DATA_USE_UNKNOWN,
        ),
        (
            BodyKind.COMMITTEE,
            SuspendPeer(peer=COOPERATIVE, reasons_hash=REASONS),
            RefusalCode.PEER_UNFIT,
        ),
        (
            BodyKind.COMMITTEE,
            SuspendLicence(licence=bytes(32), reasons_hash=REASONS),
            RefusalCode.LICENCE_UNKNOWN,
        ),
        (
            BodyKind.COMMITTEE,
            PauseDataUse(proposal=MOTION_ID, reasons_hash=REASONS),
            RefusalCode.DATA_USE_UNKNOWN,
        ),
    ],
)
def test_each_body_does_what_is_its_own(
    body: BodyKind, act: Review | Recommend | Veto | SuspendPeer, refusal: RefusalCode
) -> None:
    """G6, G7, G8: groups review, the privacy group vetoes data uses, the committee the rest."""
    world = make_world_with_officers()
    for kind in (BodyKind.COMMITTEE, BodyKind.FINANCE, BodyKind.PRIVACY):
        fill(world, kind, [1])
    world.run(MOTION)

    assert world.refuse(ask_body(1, body, act)) is refusal


def test_g6_five_working_groups_look_at_every_ordinary_motion() -> None:
    """G6: technical, privacy, ethics, finance and outreach; each reviews, no other body does."""
    assert [body.name for body in WORKING_GROUPS] == [
        "TECHNICAL",
        "PRIVACY",
        "ETHICS",
        "FINANCE",
        "OUTREACH",
    ]
    assert KINDS[ProposalKind.ORDINARY].reviewers == WORKING_GROUPS
    assert RULES[Review].bodies == WORKING_GROUPS


def test_nobody_submits_what_the_rules_do() -> None:
    """A ratification cannot be had before there is an emergency."""
    world = make_world_with_officers()
    early = propose(1, kind=ProposalKind.RATIFICATION, subject=INSIGHT)

    assert world.refuse(early) is RefusalCode.RULES_SUBMIT
