"""Disputes between cooperatives, and what is open when one of them leaves."""

from typing import cast

import pytest

from config.limits import MOTIONS_OPEN_MAX
from governance.accountability_transactions import (
    AnswerDispute,
    EscalateDispute,
    OpenDispute,
    WithdrawDispute,
    compute_dispute_id,
)
from governance.acts import ActKind, DecideDispute
from governance.dispute_panels import draw_panel
from governance.dispute_records import Dispute, DisputeStep, DisputeVerdict
from governance.events import Event
from governance.federal_events import (
    CooperativeParted,
    DisputeAdvanced,
    DisputeClosed,
    DisputeDecided,
    DisputeOverdue,
    MotionEnacted,
    NoticeGiven,
    SettlementListed,
)
from governance.logs import Log, LogName, get_frontier
from governance.records import CooperativeStatus
from governance.refusals import RefusalCode
from tests.governance.federation_world import (
    NOTICE_MS,
    FederationWorld,
    approve,
    coop,
    make_federation,
    propose_act,
)
from tests.governance.test_validators import give_notice
from tests.governance.value.test_agreements import (
    AGREEMENT,
    close_netting,
    end_quarter,
    make_agreed_world,
    report,
)
from tests.governance.value.value_world import view_of
from tests.governance.world import (
    COOPERATIVE,
    OTHER_COOPERATIVE,
    TEXT_HASH,
    TIME_SCALE,
    Act,
    admit,
    member,
)

STEP_MS = 30 * 86_400_000 // TIME_SCALE
SAID = bytes([3]) * 32
ELSE = bytes([4]) * 32


def dispute(number: int = 0, against: int = 1, *, nonce: int = 1) -> Act:
    payload = OpenDispute(respondent=coop(against), text_hash=TEXT_HASH)
    return Act(coop(number), payload, nonce)


def id_of(opened: Act) -> bytes:
    payload = cast("OpenDispute", opened.payload)
    return compute_dispute_id(account=opened.account, nonce=opened.nonce, payload=payload)


def say(number: int, opened: Act, text_hash: bytes = SAID) -> Act:
    return Act(coop(number), AnswerDispute(dispute=id_of(opened), text_hash=text_hash))


def go_on(number: int, opened: Act) -> Act:
    return Act(coop(number), EscalateDispute(dispute=id_of(opened)))


def take_back(number: int, opened: Act) -> Act:
    return Act(coop(number), WithdrawDispute(dispute=id_of(opened)))


def stands(world: FederationWorld, opened: Act) -> Dispute:
    found = world.federal.get_dispute(id_of(opened))
    assert found is not None
    return found


def wait_out(world: FederationWorld, opened: Act) -> list[Event]:
    return world.run(after_ms=stands(world, opened).ends_ms - world.time_ms)


def bring_to(step: DisputeStep, *, cooperatives: int = 6) -> tuple[FederationWorld, Act]:
    """A dispute between the first two, brought so far by silence."""
    world = make_federation(cooperatives)
    opened = dispute()
    world.run(opened)
    while stands(world, opened).step is not step:
        wait_out(world, opened)
    return world, opened


def number_of(cooperative: bytes) -> int:
    return next(number for number in range(20) if coop(number) == cooperative)


def test_f1_silence_brings_a_dispute_through_every_step() -> None:
    """F1: mediation, panel, assembly, arbitration; in the end the award is still awaited."""
    world, opened = bring_to(DisputeStep.MEDIATION)
    steps = []

    while stands(world, opened).ends_ms:
        steps.append(stands(world, opened).step)
        events = wait_out(world, opened)

    assert steps == list(DisputeStep)[:4]
    overdue = DisputeOverdue(cooperative=coop(0), dispute=id_of(opened))
    assert overdue in events
    assert get_frontier(world.view, Log(LogName.DISPUTES)).size == 1


def test_f1_parties_settle_in_mediation_when_both_say_the_same() -> None:
    """F1: one alone settles nothing; whoever thought better says so."""
    world, opened = bring_to(DisputeStep.MEDIATION)
    world.run(say(0, opened, ELSE), say(1, opened))
    assert world.refusals == [None, None]
    assert stands(world, opened).step is DisputeStep.MEDIATION
    assert world.refuse(say(2, opened)) is RefusalCode.NOT_ASKED

    events = world.run(say(0, opened))

    assert (
        DisputeClosed(
            cooperative=coop(0),
            dispute=id_of(opened),
            verdict=DisputeVerdict.SETTLED,
            answer_hash=SAID,
        )
        in events
    )
    assert world.refuse(say(0, opened)) is RefusalCode.DISPUTE_CLOSED


def test_f1_three_uninvolved_cooperatives_are_drawn_by_lot() -> None:
    """F1: from the dispute's id and the members, the same for every node."""
    world, opened = bring_to(DisputeStep.PANEL, cooperatives=8)
    uninvolved = tuple(sorted(coop(number) for number in range(2, 8)))

    panel = stands(world, opened).panel

    assert len(panel) == 3
    assert panel == draw_panel(id_of(opened), uninvolved)
    assert set(panel) <= set(uninvolved)
    others = {draw_panel(bytes([number]) * 32, uninvolved) for number in range(60)}
    assert len(others) > 10, "the lot falls on others in other disputes"


@pytest.mark.parametrize(("cooperatives", "seats"), [(5, 3), (4, 2), (3, 1)])
def test_f1_with_fewer_than_three_all_uninvolved_are_the_panel(
    cooperatives: int, seats: int
) -> None:
    """F1: a small federation has a small panel."""
    world, opened = bring_to(DisputeStep.PANEL, cooperatives=cooperatives)

    assert len(stands(world, opened).panel) == seats


def test_f1_where_nobody_is_uninvolved_arbitration_follows_mediation() -> None:
    """F1: two cooperatives have nobody else to ask."""
    world = make_federation(2)
    opened = dispute()
    world.run(opened)

    wait_out(world, opened)

    assert stands(world, opened).step is DisputeStep.ARBITRATION


def test_f1_most_of_a_panel_decide_and_it_stands_if_no_party_goes_on() -> None:
    """F1: two of three."""
    world, opened = bring_to(DisputeStep.PANEL)
    first, second, third = (number_of(item) for item in stands(world, opened).panel)
    assert world.refuse(say(0, opened)) is RefusalCode.NOT_ASKED, "no party decides"
    world.run(say(first, opened), say(second, opened, ELSE))
    assert stands(world, opened).verdict is DisputeVerdict.NONE

    events = world.run(say(third, opened))

    assert any(isinstance(event, DisputeDecided) for event in events)
    assert world.refuse(say(second, opened)) is RefusalCode.NOT_ASKED, "it is decided"
    wait_out(world, opened)
    closed = stands(world, opened)
    assert (closed.step, closed.verdict) == (DisputeStep.CLOSED, DisputeVerdict.BY_PANEL)
    assert closed.answer_hash == SAID


def test_f1_a_party_goes_on_from_a_decision_at_once_and_from_silence_in_time() -> None:
    """F1: not before the step's time is over, and nobody else."""
    world, opened = bring_to(DisputeStep.MEDIATION)
    assert world.refuse(go_on(0, opened)) is RefusalCode.ESCALATION_TOO_EARLY
    assert world.refuse(go_on(2, opened), after_ms=STEP_MS) is RefusalCode.NOT_ASKED
    assert world.refuse(go_on(1, opened)) is None
    for item in stands(world, opened).panel[:2]:
        world.run(say(number_of(item), opened))

    events = world.run(go_on(1, opened))

    advanced = [event for event in events if isinstance(event, DisputeAdvanced)]
    assert [event.step for event in advanced] == [DisputeStep.ASSEMBLY]
    assert stands(world, opened).verdict is DisputeVerdict.NONE


def decide(opened: Act, *, by: int = 2, nonce: int = 1, text_hash: bytes = SAID) -> Act:
    return propose_act(by, DecideDispute(dispute=id_of(opened), text_hash=text_hash), nonce=nonce)


def test_f1_the_federations_assembly_decides_without_the_parties() -> None:
    """F1: more than half of the uninvolved; parties' approvals do not count."""
    world, opened = bring_to(DisputeStep.ASSEMBLY)
    motion = decide(opened)
    world.run(motion, approve(0, motion), approve(1, motion), approve(3, motion))
    assert world.refusals == [None] * 4
    assert stands(world, opened).verdict is DisputeVerdict.NONE, "two of four uninvolved"

    events = world.run(approve(4, motion))

    assert any(isinstance(event, MotionEnacted) for event in events)
    assert stands(world, opened).verdict is DisputeVerdict.BY_ASSEMBLY
    late = decide(opened, by=3, nonce=2)
    assert world.refuse(late) is RefusalCode.DISPUTE_CLOSED
    assert world.refuse(say(0, opened)) is RefusalCode.NOT_ASKED
    assert world.refuse(go_on(0, opened)) is None
    assert stands(world, opened).step is DisputeStep.ARBITRATION


def test_f1_the_assembly_decides_when_it_is_its_turn() -> None:
    """F1: not over the heads of mediation and panel."""
    world, opened = bring_to(DisputeStep.MEDIATION)

    assert world.refuse(decide(opened)) is RefusalCode.STEP_OTHER
    unknown = propose_act(2, DecideDispute(dispute=bytes(32), text_hash=SAID), nonce=2)
    assert world.refuse(unknown) is RefusalCode.DISPUTE_UNKNOWN


def test_f1_an_award_is_recorded_by_both_parties() -> None:
    """F1: external arbitration leaves the hash of its award."""
    world, opened = bring_to(DisputeStep.ARBITRATION)

    world.run(say(0, opened), say(1, opened))

    closed = stands(world, opened)
    assert (closed.verdict, closed.answer_hash) == (DisputeVerdict.AWARDED, SAID)


def test_f1_an_award_that_one_party_records_stands_unless_the_other_objects() -> None:
    """F1: who lost cannot bury it with silence, nor can who won invent it."""
    world, opened = bring_to(DisputeStep.ARBITRATION)
    world.run(say(0, opened), say(1, opened, ELSE))
    wait_out(world, opened)
    assert stands(world, opened).verdict is DisputeVerdict.NONE, "they say different things"
    motion = decide(opened, text_hash=ELSE)
    world.run(motion, approve(3, motion), approve(4, motion))
    assert stands(world, opened).answer_hash == ELSE, "the uninvolved confirm the right one"

    other, silent = bring_to(DisputeStep.ARBITRATION)
    wait_out(other, silent)
    other.run(say(0, silent))
    assert stands(other, silent).ends_ms == other.time_ms + STEP_MS, "late, and yet in time"
    wait_out(other, silent)

    assert stands(other, silent).verdict is DisputeVerdict.AWARDED


def test_f1_the_claimant_withdraws() -> None:
    """F1: nobody else does."""
    world, opened = bring_to(DisputeStep.PANEL)

    assert world.refuse(take_back(1, opened)) is RefusalCode.NOT_ASKED
    assert world.refuse(take_back(0, opened)) is None

    assert stands(world, opened).verdict is DisputeVerdict.WITHDRAWN
    assert world.run(after_ms=3 * STEP_MS) == []


def test_f1_who_may_dispute_with_whom() -> None:
    """F1: root accounts, with another cooperative of the registry, so many at a time."""
    world = make_federation(4)
    world.run(admit([1]))
    stranger = OpenDispute(respondent=bytes(32), text_hash=TEXT_HASH)

    assert world.refuse(Act(member(1), dispute().payload)) is RefusalCode.NOT_ROOT
    assert world.refuse(Act(member(1), say(0, dispute()).payload)) is RefusalCode.NOT_ROOT
    assert world.refuse(Act(coop(0), stranger)) is RefusalCode.RESPONDENT_UNFIT
    assert world.refuse(dispute(0, 0)) is RefusalCode.RESPONDENT_UNFIT
    assert world.refuse(say(0, dispute())) is RefusalCode.DISPUTE_UNKNOWN
    for nonce in range(1, MOTIONS_OPEN_MAX + 1):
        assert world.refuse(dispute(nonce=nonce)) is None
    full = RefusalCode.MOTIONS_OPEN_TOO_MANY
    assert world.refuse(dispute(nonce=MOTIONS_OPEN_MAX + 1)) is full
    world.run(take_back(0, dispute()))
    assert world.refuse(dispute()) is RefusalCode.DISPUTE_EXISTS


def test_f1_nothing_votes_an_exit_down() -> None:
    """F1: no act of the federation names a notice, and an open dispute holds nobody."""
    world, opened = bring_to(DisputeStep.MEDIATION)
    assert not any("NOTICE" in kind.name or "EXIT" in kind.name for kind in ActKind)

    given = world.run(give_notice(1))
    parted = world.run(after_ms=NOTICE_MS)

    listed = SettlementListed(
        cooperative=coop(1), agreements=(), disputes=(id_of(opened),), cases=()
    )
    assert [type(event) for event in given] == [NoticeGiven, SettlementListed]
    assert listed in given
    assert listed in parted
    assert any(isinstance(event, CooperativeParted) for event in parted)
    assert world.cooperative(1).status is CooperativeStatus.LEFT


def test_f1_what_is_closed_is_listed_no_more() -> None:
    """F1: a settled dispute and a netted quarter are nobody's claim when a cooperative leaves."""
    world, opened = bring_to(DisputeStep.MEDIATION)
    world.run(say(0, opened), say(1, opened))
    assert not _lists_open(world.run(give_notice(1)))

    world = make_agreed_world()
    world.run(report(OTHER_COOPERATIVE, 4), report(COOPERATIVE, 4))
    end_quarter(world)
    assert world.refuse(close_netting()) is None
    assert not _lists_open(world.run(Act(OTHER_COOPERATIVE, give_notice(1).payload)))


def _lists_open(events: list[Event]) -> bool:
    assert any(isinstance(event, NoticeGiven) for event in events)
    return any(isinstance(event, SettlementListed) for event in events)


def test_f1_what_is_open_stays_enforceable_after_an_exit() -> None:
    """F1: a dispute goes on, who left answers, and a new one can be opened with them."""
    world, opened = bring_to(DisputeStep.MEDIATION)
    world.run(give_notice(1))
    world.run(after_ms=NOTICE_MS)

    world.run(say(0, opened), say(1, opened), dispute(nonce=2))

    assert world.refusals == [None, None, None]
    assert stands(world, opened).verdict is DisputeVerdict.SETTLED
    assert world.refuse(dispute(1, 0)) is RefusalCode.COOPERATIVE_LEFT


def test_f1_who_accused_leaves_is_still_accused() -> None:
    """F1: the case is listed, and stays in state."""
    world = make_federation(6)
    world.run()
    world.accuse(1, height=1)
    world.run()

    events = world.run(give_notice(1))

    (listed,) = (event for event in events if isinstance(event, SettlementListed))
    assert len(listed.cases) == 1


def test_f1_what_was_used_is_netted_after_an_exit() -> None:
    """F1: positions that are open at the notice are listed, and then netted all the same."""
    world = make_agreed_world()
    world.run(report(OTHER_COOPERATIVE, 4), report(COOPERATIVE, 4))
    assert world.refusals == [None, None]

    given = world.run(Act(OTHER_COOPERATIVE, give_notice(1).payload))

    (listed,) = (event for event in given if isinstance(event, SettlementListed))
    assert listed.agreements == (AGREEMENT.compute_id(),)
    end_quarter(world)
    assert world.refuse(close_netting()) is None
    netting = view_of(world).get_netting(AGREEMENT.first_quarter, currency="EUR")
    assert {net.cooperative for net in netting.nets} == {COOPERATIVE, OTHER_COOPERATIVE}
    cooperative = world.view.get_cooperative(OTHER_COOPERATIVE)
    assert cooperative is not None
    assert not cooperative.is_member
