"""Who votes, when, and what they say.

Each member's mind is made up by chance from the seed, the proposal's number and the member's
place, so it is the same whatever bylaws are tried. Beside it stands what would have been cast
if the bloc were like others, and if nobody were made up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from governance.body_acts import Stance
from governance.proposal_records import BallotChoice, Choice
from governance.sim.chance import WHOLE_BPS, Chance
from governance.sim.motions import Motion, Votes
from governance.sim.people import Camp, Person
from governance.sim.scenario import Scenario

_MOMENTS = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Minds:
    """What chance has drawn for everybody on one proposal."""

    turnout: Sequence[int]
    second: Sequence[int]
    opinion: Sequence[int]
    abstain: Sequence[int]
    moments: Sequence[int]
    turnout_bps: int
    """On this proposal, of those who ever vote."""
    appeal_bps: int
    """With the committee's recommendation."""


def read_minds(scenario: Scenario, chance: Chance, motion: Motion, *, people_count: int) -> Minds:
    """What everybody thinks of a proposal, whether they may vote or not."""
    members, number = scenario.members, motion.number
    moved = {Stance.FOR: 1, Stance.AGAINST: -1}.get(motion.stance, 0)
    appeal = motion.appeal_bps + moved * scenario.bodies.influence_bps
    return Minds(
        turnout=chance.list_bps(people_count, "turnout", number),
        second=chance.list_bps(people_count, "second", number),
        opinion=chance.list_bps(people_count, "opinion", number),
        abstain=chance.list_bps(people_count, "abstain", number),
        moments=chance.list_below(_MOMENTS, people_count, "moment", number),
        turnout_bps=chance.draw_around(
            members.turnout_bps, members.turnout_spread_bps, "interest", number
        ),
        appeal_bps=min(WHOLE_BPS, max(0, appeal)),
    )


def open_call(
    scenario: Scenario,
    chance: Chance,
    motion: Motion,
    people: Sequence[Person],
    *,
    opens_ms: int,
    closes_ms: int,
) -> None:
    """Let everybody decide whether and when they vote at a call; first or second.

    Args:
        scenario: What the members are like.
        chance: Of the simulation.
        motion: With its electorate; says which call it is.
        people: Everybody.
        opens_ms: When voting opens.
        closes_ms: When it closes, if the chain does not stand still.
    """
    minds = read_minds(scenario, chance, motion, people_count=len(people))
    as_members, without_sybils, without_both = Votes(), Votes(), Votes()
    planned = []
    motion.bloc_as_members = []
    for place in motion.list_voters():
        person = people[place]
        if _votes(scenario, minds, motion, person, as_member=False):
            own = _choose(scenario, minds, motion, person)
            if person.camp is not Camp.SYBIL:
                without_sybils.add(own)
            if person.camp is not Camp.BLOC:
                as_members.add(own)
            if person.camp is Camp.MEMBER:
                without_both.add(own)
            # At a second call ballots that were cast stay, and others may come.
            if place not in motion.voted:
                moment = opens_ms + (closes_ms - opens_ms) * minds.moments[place] // _MOMENTS
                planned.append((moment, place))
                motion.choices.setdefault(place, own)
        if person.camp is Camp.BLOC and _votes(scenario, minds, motion, person, as_member=True):
            thought = _think(minds, place, abstain_bps=scenario.members.abstain_bps)
            as_members.add(thought)
            without_both.add(thought)
            motion.bloc_as_members.append(place)
    sybils_count = sum(1 for place in motion.electorate if people[place].camp is Camp.SYBIL)
    as_members.electorate = len(motion.electorate)
    without_sybils.electorate = without_both.electorate = len(motion.electorate) - sybils_count
    motion.as_members.append(as_members)
    motion.without_sybils.append(without_sybils)
    motion.without_both.append(without_both)
    motion.pending.extend(sorted(planned))


def _votes(
    scenario: Scenario, minds: Minds, motion: Motion, person: Person, *, as_member: bool
) -> bool:
    """Whether somebody votes by the end of this call."""
    place = person.place
    if person.camp is not Camp.MEMBER and not as_member:
        if motion.side_is_yes is not None:
            is_bloc = person.camp is Camp.BLOC
            share = scenario.bloc.turnout_bps if is_bloc else scenario.sybils.turnout_bps
            return minds.turnout[place] < share
        if person.camp is Camp.SYBIL:
            return False
    if person.is_apathetic:
        return False
    if minds.turnout[place] < minds.turnout_bps:
        return True
    return motion.calls > 1 and minds.second[place] < scenario.members.second_call_bps


def _choose(scenario: Scenario, minds: Minds, motion: Motion, person: Person) -> BallotChoice:
    known = motion.choices.get(person.place)
    if known is not None:
        return known
    if person.camp is not Camp.MEMBER and motion.side_is_yes is not None:
        return Choice.YES if motion.side_is_yes else Choice.NO
    return _think(minds, person.place, abstain_bps=scenario.members.abstain_bps)


def _think(minds: Minds, place: int, *, abstain_bps: int) -> Choice:
    if minds.abstain[place] < abstain_bps:
        return Choice.ABSTAIN
    return Choice.YES if minds.opinion[place] < minds.appeal_bps else Choice.NO
