"""What accepted proposals do by themselves."""

from msgspec.structs import replace

from governance.bylaws import parse_bylaws
from governance.events import (
    BylawsChanged,
    EnactmentFailed,
    LicenceGranted,
    LicenceRevoked,
    ProposalEnacted,
    SecondVoteAnnounced,
)
from governance.federal_events import CooperativeParted, MotionApproved, NoticeGiven
from governance.member_acts import (
    ChangeBylaws,
    EndCooperative,
    Ending,
    GrantLicence,
    LeaveFederation,
    MemberAct,
    RevokeLicence,
    SupportMotion,
)
from governance.proposal_records import Choice, Enactment, Outcome, ProposalKind
from governance.records import CooperativeStatus
from governance.refusals import RefusalCode
from governance.transactions import compute_second_vote_id
from tests.bylaws import load_preset, make_bylaws
from tests.governance.federation_world import motion_of, propose_act, request_of
from tests.governance.world import (
    COOPERATIVE,
    DISCUSSION_MS,
    FOUNDING_MS,
    INSIGHT,
    OTHER_COOPERATIVE,
    TIME_SCALE,
    Act,
    World,
    make_world_with_members,
    proposal_id_of,
    propose,
    vote,
)

NATIONAL = parse_bylaws(load_preset("national"))
LICENCE = GrantLicence(
    insight=INSIGHT, licensee=b"l" * 32, purpose=b"p" * 32, price_minor=500_00, days=365
)
SECOND_VOTE_MS = 90 * 86_400_000 // TIME_SCALE


def make_founded_world(cooperatives_count: int = 2) -> World:
    world = make_world_with_members(5, cooperatives_count)
    world.run(after_ms=FOUNDING_MS)
    return world


def change_bylaws(number: int = 1) -> Act:
    return propose(number, kind=ProposalKind.CONSTITUTIONAL, act=ChangeBylaws(bylaws=NATIONAL))


def test_accepted_bylaws_hold_for_later_proposals_only() -> None:
    """Facts §2: a change of bylaws applies to later proposals; open ones keep theirs."""
    world = make_founded_world()
    world.open_voting(change_bylaws(), propose(2))
    old = world.get_proposal(propose(2)).bylaws_hash
    world.run(*(vote(number, proposal_id_of(change_bylaws()), Choice.YES) for number in (1, 2)))

    events = world.run(after_ms=world.get_proposal(propose(2)).closes_at_ms - world.time_ms)

    assert BylawsChanged(cooperative=COOPERATIVE, bylaws_hash=NATIONAL.compute_hash()) in events
    assert world.get_proposal(change_bylaws()).enactment is Enactment.DONE
    assert world.get_proposal(propose(2)).bylaws_hash == old
    world.run(propose(3))
    assert world.get_proposal(propose(3)).bylaws_hash == NATIONAL.compute_hash()


def test_g3_bylaws_take_two_thirds() -> None:
    """G3: three against two is a majority, and not enough for the constitution."""
    world = make_founded_world()
    world.open_voting(change_bylaws())
    motion = proposal_id_of(change_bylaws())
    world.run(*(vote(number, motion, Choice.YES) for number in (1, 2, 3)))
    world.run(*(vote(number, motion, Choice.NO) for number in (4, 5)))

    world.close_voting()

    decision = world.view.get_decision(COOPERATIVE, motion)
    assert decision is not None
    assert decision.outcome is Outcome.REJECTED


def test_while_a_cooperative_is_founded_its_bylaws_stand() -> None:
    """Provisional officers change no bylaws and distribute nothing for twelve months."""
    world = make_world_with_members()
    split = propose(1, kind=ProposalKind.DISTRIBUTION, subject=bytes([5]) * 32)

    assert world.refuse(change_bylaws()) is RefusalCode.FOUNDING_UNFINISHED
    assert world.refuse(split) is RefusalCode.FOUNDING_UNFINISHED
    assert world.refuse(split, after_ms=FOUNDING_MS) is None


def test_bylaws_below_the_charter_cannot_be_proposed() -> None:
    """Floors hold for what members decide too."""
    low = replace(NATIONAL, quorum=replace(NATIONAL.quorum, ordinary_bps=2_999))
    world = make_founded_world()
    for bylaws in (low, parse_bylaws(make_bylaws())):
        act = propose(1, kind=ProposalKind.CONSTITUTIONAL, act=ChangeBylaws(bylaws=bylaws))
        assert world.refuse(act) is RefusalCode.BYLAWS_UNFIT


def test_a_licence_is_granted_and_can_be_revoked() -> None:
    """Licensee, purpose, price and term are in state; the grant can be taken back."""
    world = make_founded_world()
    grant = propose(1, kind=ProposalKind.LICENCE, act=LICENCE)
    licence_id = proposal_id_of(grant)

    events = world.decide(grant, 1, 2)

    licence = world.view.get_licence(COOPERATIVE, licence_id)
    assert licence is not None
    assert licence.ends_ms == world.time_ms + 365 * 86_400_000 // TIME_SCALE
    assert (
        LicenceGranted(
            cooperative=COOPERATIVE, licence=licence_id, insight=INSIGHT, ends_ms=licence.ends_ms
        )
        in events
    )
    revoke = propose(2, kind=ProposalKind.LICENCE, act=RevokeLicence(licence=licence_id))
    events = world.decide(revoke, 1, 2)
    assert LicenceRevoked(cooperative=COOPERATIVE, licence=licence_id) in events
    again = propose(3, kind=ProposalKind.LICENCE, act=RevokeLicence(licence=licence_id))
    assert world.refuse(again) is RefusalCode.LICENCE_REVOKED
    unknown = propose(3, kind=ProposalKind.LICENCE, act=RevokeLicence(licence=bytes(32)))
    assert world.refuse(unknown) is RefusalCode.LICENCE_UNKNOWN


def test_f1_members_decide_what_their_cooperative_says_to_the_federation() -> None:
    """F1: an accepted proposal approves the federation's motion in the cooperative's name."""
    world = make_founded_world()
    proposed = Act(OTHER_COOPERATIVE, propose_act(1, request_of(9)).payload)
    world.run(proposed)
    motion = motion_of(proposed)
    support = propose(1, kind=ProposalKind.FEDERAL, act=SupportMotion(motion=motion))

    events = world.decide(support, 1, 2)

    assert any(isinstance(event, MotionApproved) for event in events)
    assert world.get_proposal(support).enactment is Enactment.DONE


def test_members_decide_to_leave_the_federation() -> None:
    """Exit is a cooperative's own decision, by two thirds; nobody else can stop it."""
    world = make_founded_world()
    leave = propose(1, kind=ProposalKind.EXIT, act=LeaveFederation())

    events = world.decide(leave, 1, 2)

    assert any(isinstance(event, NoticeGiven) for event in events)


def test_what_cannot_be_done_any_more_is_noted_and_stops_nothing() -> None:
    """Much may change between a proposal and its close."""
    world = make_founded_world()
    first = propose(1, kind=ProposalKind.EXIT, act=LeaveFederation())
    second = propose(2, kind=ProposalKind.EXIT, act=LeaveFederation())
    world.open_voting(first, second)
    for act in (first, second):
        world.run(
            vote(1, proposal_id_of(act), Choice.YES), vote(2, proposal_id_of(act), Choice.YES)
        )

    world.close_voting()

    failed = [event for event in world.events if isinstance(event, EnactmentFailed)]
    assert [event.refusal for event in failed] == [RefusalCode.NOTICE_GIVEN]
    stages = {world.get_proposal(act).enactment for act in (first, second)}
    assert stages == {Enactment.DONE, Enactment.FAILED}


def test_a_cooperative_ends_by_two_votes_and_only_into_another() -> None:
    """2/3 twice, ninety days apart; what cannot be divided passes to a cooperative."""
    world = make_founded_world(3)
    act = EndCooperative(ending=Ending.MERGER, successor=OTHER_COOPERATIVE)
    ending = propose(1, kind=ProposalKind.ENDING, act=act)

    events = world.decide(ending, 1, 2)

    assert any(isinstance(event, SecondVoteAnnounced) for event in events)
    assert world.get_proposal(ending).enactment is Enactment.SECOND_VOTE
    world.run(after_ms=SECOND_VOTE_MS)
    second_id = compute_second_vote_id(proposal_id_of(ending))
    world.run()
    world.run(after_ms=DISCUSSION_MS)
    world.run()
    world.run(vote(1, second_id, Choice.YES), vote(2, second_id, Choice.YES))
    world.close_voting()
    assert any(isinstance(event, ProposalEnacted) for event in world.events)
    assert any(
        isinstance(event, CooperativeParted) and event.status is CooperativeStatus.ENDED
        for event in world.events
    )
    cooperative = world.view.get_cooperative(COOPERATIVE)
    assert cooperative is not None
    assert cooperative.successor == OTHER_COOPERATIVE
    assert world.refuse(propose(3)) is RefusalCode.COOPERATIVE_LEFT


def test_an_ending_needs_its_second_vote() -> None:
    """Refused the second time, the cooperative goes on."""
    world = make_founded_world(3)
    act = EndCooperative(ending=Ending.DISSOLUTION, successor=OTHER_COOPERATIVE)
    world.decide(propose(1, kind=ProposalKind.ENDING, act=act), 1, 2)
    world.run(after_ms=SECOND_VOTE_MS)
    world.run()
    world.run(after_ms=DISCUSSION_MS)
    world.run()

    world.close_voting()

    cooperative = world.view.get_cooperative(COOPERATIVE)
    assert cooperative is not None
    assert cooperative.is_member


def test_nobody_but_a_member_cooperative_inherits() -> None:
    """No act gives a residual claim to a non-member."""
    world = make_founded_world()
    for successor in (COOPERATIVE, bytes(32)):
        act = EndCooperative(ending=Ending.DISSOLUTION, successor=successor)
        ending = propose(1, kind=ProposalKind.ENDING, act=act)
        assert world.refuse(ending) is RefusalCode.SUCCESSOR_UNFIT


def test_each_kind_takes_its_own_acts_and_no_others() -> None:
    """A proposal cannot carry what its quorum is not for."""
    leave: MemberAct = LeaveFederation()
    world = make_founded_world()

    assert world.refuse(propose(1, act=leave)) is RefusalCode.ACT_FORBIDDEN
    exit_without = propose(1, kind=ProposalKind.EXIT)
    assert world.refuse(exit_without) is RefusalCode.ACT_REQUIRED
    wrong = propose(1, kind=ProposalKind.LICENCE, act=leave)
    assert world.refuse(wrong) is RefusalCode.ACT_REQUIRED
    words_only = propose(1, kind=ProposalKind.CONSTITUTIONAL)
    assert world.refuse(words_only) is None
    named = propose(1, kind=ProposalKind.EXIT, act=leave, subject=INSIGHT)
    assert world.refuse(named) is RefusalCode.SUBJECT_FORBIDDEN
