"""Changes of the federation's charter: a double majority adopts, each assembly is bound itself."""

from collections.abc import Sequence

import pytest

from governance.acts import ChangeCharter
from governance.charter_records import CharterChange
from governance.charters import is_bound
from governance.federal_events import (
    CharterAdopted,
    CharterAnswered,
    CharterBound,
    MembershipsCounted,
    MotionEnacted,
)
from governance.federal_view import FederalView
from governance.member_acts import AnswerCharter, MemberAct, SupportMotion
from governance.proposal_records import Choice, ProposalKind, Stage
from governance.refusals import RefusalCode
from tests.governance.federation_world import (
    NOTICE_MS,
    approve,
    coop,
    motion_of,
    propose_act,
    request_of,
)
from tests.governance.test_validators import give_notice
from tests.governance.world import (
    TEXT_HASH,
    TIME_SCALE,
    Act,
    World,
    admit,
    make_world,
    proposal_id_of,
    propose,
    vote,
)

DAY_MS = 86_400_000 // TIME_SCALE
OPT_OUT_MS = 90 * 86_400_000 // TIME_SCALE
CHANGE = ChangeCharter(text_hash=TEXT_HASH)
MOTION = propose_act(0, CHANGE)
MOTION_ID = motion_of(MOTION)


def first_of(number: int) -> int:
    """The first member of a cooperative by number."""
    return 100 * (number + 1)


def make_charter_world(*members_counts: int) -> World:
    """Cooperatives with so many members each, and a change of the charter before them."""
    world = make_world(len(members_counts))
    for number, count in enumerate(members_counts):
        numbers = range(first_of(number), first_of(number) + count)
        if count:
            world.run(admit(numbers, cooperative=coop(number)))
            assert world.refusals == [None]
    world.run(MOTION)
    assert world.refusals == [None]
    return world


def ask(number: int, act: MemberAct, *, nonce: int = 1) -> Act:
    """The first member of a cooperative asks its assembly."""
    return propose(
        first_of(number),
        kind=ProposalKind.FEDERAL,
        cooperative=coop(number),
        act=act,
        nonce=nonce,
    )


def decide(world: World, numbers: Sequence[int], act: MemberAct, *, nonce: int = 1) -> list[str]:
    """Let the assemblies of cooperatives accept an act; names of all events."""
    asked = {number: ask(number, act, nonce=nonce) for number in numbers}
    world.run(*asked.values())
    assert world.refusals == [None] * len(asked)
    told, has_voted = [], False
    for _ in range(60):
        events = world.run(after_ms=DAY_MS)
        told += [type(event).__name__ for event in events]
        found = [
            world.view.get_proposal(coop(number), proposal_id_of(item))
            for number, item in asked.items()
        ]
        if not has_voted and all(item and item.stage is Stage.VOTING for item in found):
            has_voted = True
            world.run(
                *(
                    vote(
                        first_of(number) + other,
                        proposal_id_of(item),
                        Choice.YES,
                        cooperative=coop(number),
                    )
                    for number, item in asked.items()
                    for other in range(world.view.get_roll(coop(number)).active_count)
                )
            )
        if all(item and item.stage is Stage.CLOSED for item in found):
            return told
    raise AssertionError("the votes do not end")


def charter_of(world: World) -> CharterChange:
    found = FederalView(world.kv).get_charter(MOTION_ID)
    assert found is not None
    return found


def binds(world: World, number: int) -> bool:
    view = FederalView(world.kv)
    cooperative = view.require_cooperative(coop(number))
    return is_bound(view, charter_of(world), cooperative, time_ms=world.time_ms)


def test_f1_assemblies_decide_on_the_charter_and_no_root_key() -> None:
    """F1: neither does proposing approve it."""
    world = make_charter_world(3, 3, 3)

    assert world.refuse(approve(1, MOTION)) is RefusalCode.ASSEMBLY_DECIDES

    motion = FederalView(world.kv).get_motion(MOTION_ID)
    assert motion is not None
    assert motion.approvals == ()


def test_f1_a_double_majority_of_cooperatives_and_memberships_adopts() -> None:
    """F1: two of three cooperatives, with six of nine memberships."""
    world = make_charter_world(3, 3, 3)
    told = decide(world, [0], SupportMotion(motion=MOTION_ID))
    assert MotionEnacted.__name__ not in told, "one of three cooperatives"

    told = decide(world, [1], SupportMotion(motion=MOTION_ID))

    assert [name for name in told if name in (MotionEnacted.__name__, CharterAdopted.__name__)] == [
        MotionEnacted.__name__,
        CharterAdopted.__name__,
    ]
    assert MembershipsCounted.__name__ in told
    assert charter_of(world).text_hash == TEXT_HASH


@pytest.mark.parametrize(("counts", "approving"), [((2, 2, 9), [0, 1]), ((9, 2, 2), [0])])
def test_f1_neither_many_small_nor_one_large_cooperative_adopts_alone(
    counts: tuple[int, ...], approving: list[int]
) -> None:
    """F1: four of thirteen memberships are too few, and so is one of three cooperatives."""
    world = make_charter_world(*counts)

    told = decide(world, approving, SupportMotion(motion=MOTION_ID))

    assert MotionEnacted.__name__ not in told


def test_f1_memberships_count_as_they_were_at_the_close() -> None:
    """F1: a roll that grows afterwards adds no weight to a decision that others took."""
    world = make_charter_world(2, 2, 2, 9)
    decide(world, [0, 1], SupportMotion(motion=MOTION_ID))
    world.run(admit(range(first_of(0) + 50, first_of(0) + 60), cooperative=coop(0)))
    assert world.refusals == [None]

    told = decide(world, [2], SupportMotion(motion=MOTION_ID))

    assert MotionEnacted.__name__ not in told, "six of fifteen; with the new ones sixteen"


def test_f1_a_change_binds_who_ratified_it_and_others_when_the_window_lapses() -> None:
    """F1: local ratification, or an opt-out window in which nothing was said."""
    world = make_charter_world(3, 3, 3)
    decide(world, [0, 1], SupportMotion(motion=MOTION_ID))
    assert [binds(world, number) for number in range(3)] == [True, True, False]

    events = world.run(after_ms=charter_of(world).opt_out_ends_ms - world.time_ms)

    bound = [event for event in events if isinstance(event, CharterBound)]
    assert bound == [CharterBound(cooperative=coop(2), motion=MOTION_ID)]
    assert binds(world, 2)


def test_f1_an_assembly_opts_out_for_its_members() -> None:
    """F1: then the change does not bind them, until they ratify it."""
    world = make_charter_world(3, 3, 3)
    decide(world, [0, 1], SupportMotion(motion=MOTION_ID))

    told = decide(world, [2], AnswerCharter(motion=MOTION_ID, is_bound=False))

    assert CharterAnswered.__name__ in told
    events = world.run(after_ms=OPT_OUT_MS)
    assert not any(isinstance(event, CharterBound) for event in events)
    assert not binds(world, 2)
    decide(world, [2], AnswerCharter(motion=MOTION_ID, is_bound=True), nonce=2)
    assert binds(world, 2)


def test_f1_what_binds_already_cannot_be_left() -> None:
    """F1: who ratified a change leaves it with the federation alone."""
    world = make_charter_world(3, 3, 3)
    unknown = ask(0, AnswerCharter(motion=MOTION_ID, is_bound=False), nonce=7)
    assert world.refuse(unknown) is RefusalCode.CHARTER_UNKNOWN
    decide(world, [0, 1], SupportMotion(motion=MOTION_ID))

    late = ask(0, AnswerCharter(motion=MOTION_ID, is_bound=False), nonce=9)

    assert world.refuse(late) is RefusalCode.CHARTER_BINDS


def test_f1_who_enters_later_enters_under_the_charter() -> None:
    """F1: a new member has read what it joins."""
    world = make_charter_world(3, 3, 3)
    decide(world, [0, 1], SupportMotion(motion=MOTION_ID))
    entry = propose_act(0, request_of(9), nonce=2)
    world.run(entry, approve(1, entry), approve(2, entry))

    assert world.refusals == [None] * 3
    assert binds(world, 9)


def test_f1_who_has_left_counts_no_more() -> None:
    """F1: neither among those that decide nor among those that must be convinced."""
    world = make_charter_world(3, 3, 3)
    decide(world, [0], SupportMotion(motion=MOTION_ID))
    world.run(give_notice(0))
    world.run(after_ms=NOTICE_MS)

    told = decide(world, [1], SupportMotion(motion=MOTION_ID))

    assert MotionEnacted.__name__ not in told, "one of two is not more than half"


def test_f1_a_change_that_assemblies_do_not_accept_lapses() -> None:
    """F1: after half a year, since assemblies take their time."""
    world = make_charter_world(3, 3, 3)
    motion = FederalView(world.kv).get_motion(MOTION_ID)
    assert motion is not None
    assert motion.lapses_at_ms - world.time_ms == 180 * 86_400_000 // TIME_SCALE
