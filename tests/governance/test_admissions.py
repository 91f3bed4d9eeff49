"""People's coming and going: attested, open to objections, in batches, and never by one hand."""

import pytest
from msgspec.structs import replace

from governance import roll_batches
from governance.body_acts import AuditRoll, DecideChallenge, ExcludeMember, LetRollGrow
from governance.body_records import BodyKind
from governance.charter import GROWTH_FREE
from governance.events import MembersAdmitted, MembersLeft
from governance.logs import get_entry, get_frontier
from governance.proposal_records import Choice, Outcome, ProposalKind, Stage
from governance.records import RollChange
from governance.refusals import RefusalCode
from governance.roll import changes_log, roll_log
from governance.roll_events import (
    AdmissionOpened,
    ChallengeDecided,
    ExclusionAppealed,
    ExclusionEnded,
    RollAudited,
)
from governance.roll_transactions import (
    AppealExclusion,
    AttestAdmission,
    ChallengeAdmission,
    LeaveRoll,
    compute_admission_id,
    compute_appeal_id,
)
from governance.roll_view import RollView
from tests.governance.body_world import (
    REASONS,
    ask_body,
    fill,
    make_world_with_officers,
    office,
    support,
)
from tests.governance.election_world import sign, start_petition
from tests.governance.world import (
    COOPERATIVE,
    FOUNDING_MS,
    TIME_SCALE,
    Act,
    World,
    admit,
    make_world_with_members,
    member,
    proposal_id_of,
    propose,
    vote,
)

DAY_MS = 86_400_000 // TIME_SCALE
CHALLENGE_MS = 14 * 86_400_000 // TIME_SCALE + 1
APPEAL_MS = 30 * 86_400_000 // TIME_SCALE + 1
BATCH_MS = 2 * DAY_MS


def make_founded_world(members_count: int = 10) -> World:
    """Twelve months old; auditors 8 and 9 and a committee of seven sit."""
    world = make_world_with_officers(members_count)
    world.run(after_ms=FOUNDING_MS)
    fill(world, BodyKind.COMMITTEE, range(1, 8))
    fill(world, BodyKind.AUDITORS, [8, 9])
    return world


def admission_of(act: Act) -> bytes:
    return compute_admission_id(account=act.account, nonce=act.nonce, payload=act.payload)


def attest(number: int, admission: Act) -> Act:
    payload = AttestAdmission(cooperative=COOPERATIVE, admission=admission_of(admission))
    return Act(office(number), payload)


def challenge(number: int, admission: Act, applicant: int) -> Act:
    payload = ChallengeAdmission(
        cooperative=COOPERATIVE,
        admission=admission_of(admission),
        account=member(applicant),
        reasons_hash=REASONS,
    )
    return Act(member(number), payload)


def leave(number: int) -> Act:
    return Act(member(number), LeaveRoll(cooperative=COOPERATIVE))


def appeal(number: int) -> Act:
    return Act(member(number), AppealExclusion(cooperative=COOPERATIVE, text_hash=REASONS))


def exclude(world: World, number: int, *, nonce: int = 1) -> RefusalCode | None:
    """Five of seven of the committee decide it; the first refusal there is."""
    act = ExcludeMember(account=member(number), reasons_hash=REASONS)
    asked = ask_body(1, BodyKind.COMMITTEE, act, nonce=nonce)
    world.run(asked, *(support(other, asked) for other in (2, 3, 4, 5)))
    return next((refusal for refusal in world.refusals if refusal), None)


def is_on_roll(world: World, number: int) -> bool:
    account = world.view.get_account(member(number))
    return account is not None and account.left_height is None


def test_who_is_admitted_is_attested_and_open_to_objections_first() -> None:
    """Registrar, an independent attestor, a window; then a batch lands on the roll."""
    world = make_founded_world()
    admission = admit([21, 22])

    (opened,) = world.run(admission)

    assert isinstance(opened, AdmissionOpened)
    assert opened.accounts == (member(21), member(22))
    assert world.view.get_account(member(21)) is None
    assert world.refuse(admit([21])) is None, "the same person may be applied for twice"
    assert world.refuse(attest(1, admission)) is RefusalCode.NOT_IN_BODY
    assert world.refuse(attest(8, admission)) is None
    assert world.refuse(attest(9, admission)) is RefusalCode.ADMISSION_ATTESTED
    world.run(after_ms=CHALLENGE_MS)
    events = world.run(after_ms=BATCH_MS)
    (landed,) = (event for event in events if isinstance(event, MembersAdmitted))
    assert landed.accounts == tuple(sorted((member(21), member(22))))
    assert (landed.active_count, landed.epoch) == (12, 2)
    assert world.view.get_roll(COOPERATIVE).audited_count == 2
    assert world.refuse(attest(8, admission)) is RefusalCode.ADMISSION_UNKNOWN


def test_nobody_comes_whom_nobody_attests() -> None:
    """The registrar alone fills no roll once auditors sit."""
    world = make_founded_world()
    admission = admit([21])
    world.run(admission)

    world.run(after_ms=CHALLENGE_MS)
    world.run(after_ms=BATCH_MS)

    assert not is_on_roll(world, 21)
    world.run(attest(8, admission))
    world.run(after_ms=BATCH_MS)
    assert is_on_roll(world, 21)


def test_without_auditors_the_window_for_objections_remains() -> None:
    """A cooperative whose members elected none can still grow."""
    world = make_world_with_members()
    world.run(after_ms=FOUNDING_MS)
    world.run(admit([21]))

    world.run(after_ms=CHALLENGE_MS)
    world.run(after_ms=BATCH_MS)

    assert is_on_roll(world, 21)
    assert world.view.get_roll(COOPERATIVE).audited_count == 0


@pytest.mark.parametrize("is_upheld", [True, False])
def test_the_auditors_decide_about_whom_a_member_objects_to(*, is_upheld: bool) -> None:
    """Who is challenged waits alone; the others come in time."""
    world = make_founded_world()
    admission = admit([21, 22])
    world.run(admission, attest(8, admission))
    assert world.refuse(challenge(1, admission, 23)) is RefusalCode.CHALLENGE_UNFIT
    assert world.refuse(Act(office(1), challenge(1, admission, 21).payload)) is (
        RefusalCode.NOT_A_MEMBER
    )
    assert world.refuse(challenge(1, admission, 21)) is None
    assert world.refuse(challenge(2, admission, 21)) is RefusalCode.CHALLENGE_UNFIT
    world.run(after_ms=CHALLENGE_MS)
    assert world.refuse(challenge(1, admission, 22)) is not None
    world.run(after_ms=BATCH_MS)
    assert (is_on_roll(world, 21), is_on_roll(world, 22)) == (False, True)

    decision = DecideChallenge(
        admission=admission_of(admission), account=member(21), is_upheld=is_upheld
    )
    asked = ask_body(8, BodyKind.AUDITORS, decision)
    events = world.run(asked, support(9, asked))
    assert any(isinstance(event, ChallengeDecided) for event in events)
    world.run(after_ms=BATCH_MS)
    assert is_on_roll(world, 21) is not is_upheld


def test_a_roll_grows_only_so_much_in_a_period_until_it_is_audited() -> None:
    """Whoever is over the charter's limit counts in no quorum and in no tally."""
    world = make_founded_world()
    world.run(after_ms=200 * DAY_MS)
    numbers = range(100, 100 + GROWTH_FREE + 4)
    admission = admit(numbers)
    world.run(admission, attest(8, admission))

    world.run(after_ms=CHALLENGE_MS)
    world.run(after_ms=BATCH_MS)

    assert world.view.get_roll(COOPERATIVE).active_count == 10 + GROWTH_FREE
    asked = ask_body(8, BodyKind.AUDITORS, LetRollGrow(count=3))
    world.run(asked, support(9, asked))
    world.run(after_ms=BATCH_MS)
    assert world.view.get_roll(COOPERATIVE).active_count == 10 + GROWTH_FREE + 3
    before = world.dump()
    assert world.run(after_ms=1) == []
    assert world.dump() == before, "an idle chain stays idle"
    world.run(after_ms=100 * DAY_MS)
    assert world.view.get_roll(COOPERATIVE).active_count == 10 + GROWTH_FREE + 4


def test_a_founders_roll_counts_in_the_federation_once_it_is_audited() -> None:
    """Founders came at the registrar's word alone."""
    world = make_founded_world()
    assert world.view.get_roll(COOPERATIVE).audited_count == 0
    wrong = ask_body(8, BodyKind.AUDITORS, AuditRoll(epoch=1, active_count=11))
    assert world.refuse(wrong) is RefusalCode.ROLL_OTHER
    asked = ask_body(8, BodyKind.AUDITORS, AuditRoll(epoch=1, active_count=10))

    events = world.run(asked, support(9, asked))

    assert RollAudited(cooperative=COOPERATIVE, epoch=1, active_count=10) in events
    assert world.view.get_roll(COOPERATIVE).audited_count == 10


def test_a_member_leaves_with_the_next_batch_and_what_they_voted_stays() -> None:
    """Facts §6: leavers neither shrink an electorate nor lose a ballot."""
    world = make_founded_world()
    motion = propose(2)
    world.run(motion)
    while world.get_proposal(motion).stage is not Stage.VOTING:
        world.run(after_ms=DAY_MS)
    world.run(vote(1, proposal_id_of(motion), Choice.YES), leave(1), after_ms=1)
    assert world.refuse(leave(1), after_ms=1) is RefusalCode.LEAVING_ALREADY

    while not any(isinstance(event, MembersLeft) for event in world.events):
        world.run(after_ms=DAY_MS // 2)

    assert not is_on_roll(world, 1)
    change = RollChange.decode(get_entry(world.view, changes_log(COOPERATIVE), 0))
    assert (change.account, change.is_back) == (member(1), False)
    while world.get_proposal(motion).stage is not Stage.CLOSED:
        world.run(after_ms=DAY_MS)
    decision = world.view.get_decision(COOPERATIVE, proposal_id_of(motion))
    assert decision is not None
    assert (decision.yes_count, decision.electorate_count) == (1, 10)


def test_all_leave_who_asked_though_a_batch_has_its_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is left of a batch waits for the next block, and nobody has to ask again."""
    monkeypatch.setattr(roll_batches, "ROLL_CHANGES_PER_BATCH_MAX", 2)
    world = make_founded_world()
    world.run(*(leave(number) for number in range(1, 6)))

    world.run(after_ms=BATCH_MS)
    assert sum(is_on_roll(world, number) for number in range(1, 6)) == 3
    world.run()
    world.run()

    assert not any(is_on_roll(world, number) for number in range(1, 6))


def test_who_comes_back_votes_on_later_proposals_only() -> None:
    """Readmission gives no vote that was lost meanwhile."""
    world = make_founded_world()
    world.run(leave(1))
    world.run(after_ms=BATCH_MS)
    admission, motion = admit([1]), propose(2, voting_days=60)
    world.run(admission, attest(8, admission), motion)
    while world.get_proposal(motion).stage is not Stage.VOTING:
        world.run(after_ms=DAY_MS)

    while not is_on_roll(world, 1):
        world.run(after_ms=DAY_MS)

    assert world.get_proposal(motion).stage is Stage.VOTING
    refusal = world.refuse(vote(1, proposal_id_of(motion), Choice.YES))
    assert refusal is RefusalCode.NOT_IN_ELECTORATE
    assert get_frontier(world.view, roll_log(COOPERATIVE)).size == 10
    change = RollChange.decode(get_entry(world.view, changes_log(COOPERATIVE), 1))
    assert (change.account, change.is_back) == (member(1), True)


def test_an_exclusion_waits_for_the_appeal() -> None:
    """Who appeals stays and votes until the assembly has decided."""
    world = make_founded_world()
    assert exclude(world, 3) is None
    assert world.refuse(appeal(4)) is RefusalCode.EXCLUSION_UNKNOWN

    events = world.run(appeal(3))

    assert any(isinstance(event, ExclusionAppealed) for event in events)
    assert world.refuse(appeal(3)) is RefusalCode.APPEAL_CLOSED
    appeal_id = compute_appeal_id(
        account=member(3),
        nonce=1,
        payload=AppealExclusion(cooperative=COOPERATIVE, text_hash=REASONS),
    )
    for _ in range(100):
        proposal = world.view.get_proposal(COOPERATIVE, appeal_id)
        assert proposal is not None
        if proposal.stage is Stage.VOTING:
            break
        world.run(after_ms=DAY_MS)
    assert world.refuse(vote(3, appeal_id, Choice.NO)) is None
    world.run(vote(4, appeal_id, Choice.NO), vote(5, appeal_id, Choice.YES), after_ms=1)
    while world.view.get_decision(COOPERATIVE, appeal_id) is None:
        world.run(after_ms=DAY_MS)
    decision = world.view.get_decision(COOPERATIVE, appeal_id)
    assert decision is not None
    assert decision.outcome is Outcome.REJECTED
    assert (
        ExclusionEnded(cooperative=COOPERATIVE, account=member(3), is_excluded=False)
        in world.events
    )
    world.run(after_ms=BATCH_MS)
    assert is_on_roll(world, 3)


def test_without_an_appeal_an_exclusion_takes_effect() -> None:
    """After the window, with the next batch; the member may be admitted again one day."""
    world = make_founded_world()
    assert exclude(world, 3) is None
    assert exclude(world, 3, nonce=2) is RefusalCode.EXCLUSION_OPEN

    world.run(after_ms=APPEAL_MS)
    world.run(after_ms=BATCH_MS)

    assert not is_on_roll(world, 3)
    assert exclude(world, 3, nonce=3) is RefusalCode.MEMBER_UNKNOWN
    assert world.refuse(admit([3])) is None


def test_officers_cannot_exclude_who_has_signed_a_petition_that_runs() -> None:
    """A recall is safe from those whom it is about."""
    world = make_founded_world(30)
    started = start_petition(1, 4)
    world.run(started, sign(2, started))

    assert exclude(world, 2) is RefusalCode.SIGNER_PROTECTED
    world.run(after_ms=61 * DAY_MS)
    assert exclude(world, 2, nonce=2) is None


def test_while_a_cooperative_is_founded_nobody_is_excluded() -> None:
    """Provisional officers have not been elected by those whom they would exclude."""
    world = make_world_with_officers()
    fill(world, BodyKind.COMMITTEE, range(1, 8))

    assert exclude(world, 3) is RefusalCode.FOUNDING_UNFINISHED
    assert world.refuse(propose(1, kind=ProposalKind.APPEAL, subject=REASONS)) is (
        RefusalCode.RULES_SUBMIT
    )


def test_nobody_leaves_twice() -> None:
    """A roll that counts somebody out twice has fewer members than ballots, and no count ends."""
    world = make_founded_world()
    world.run(leave(1))
    world.run(after_ms=BATCH_MS)
    before = world.view.get_roll(COOPERATIVE).active_count

    assert world.refuse(leave(1)) is RefusalCode.NOT_A_MEMBER
    world.run(after_ms=BATCH_MS)

    assert world.view.get_roll(COOPERATIVE).active_count == before == 9


def test_whose_account_ended_meanwhile_does_not_come_back() -> None:
    """They had left, were readmitted, and ended the account before the batch: it stays out."""
    world = make_founded_world()
    world.run(leave(10))
    world.run(after_ms=BATCH_MS)
    admission = admit([10])
    world.run(admission, attest(8, admission))
    world.run(after_ms=CHALLENGE_MS)
    account = world.view.get_account(member(10))
    assert account is not None
    assert account.left_height is not None
    assert RollView(world.kv).get_landing(COOPERATIVE, member(10)) is not None
    world.view.put_account(member(10), replace(account, is_deactivated=True))
    before = world.view.get_roll(COOPERATIVE)

    world.run(after_ms=BATCH_MS)

    assert not is_on_roll(world, 10)
    assert world.view.get_roll(COOPERATIVE) == before
