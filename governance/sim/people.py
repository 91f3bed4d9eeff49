"""Who is simulated: members, a bloc, sybils, and those who come later.

Everybody has a place in one list, and what they are like follows from the seed and that place.
"""

from dataclasses import dataclass
from enum import StrEnum

from did.accounts import Inception
from governance.sim.chance import WHOLE_BPS, Chance
from governance.sim.scenario import Scenario

ARRIVALS_PER_YEAR = 4
"""Those who come are admitted together, so often a year."""


class Camp(StrEnum):
    """Whose side somebody is on."""

    MEMBER = "member"
    BLOC = "bloc"
    SYBIL = "sybil"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is or will be on the roll."""

    place: int
    """In the list of all."""
    camp: Camp
    inception: Inception
    account: bytes
    is_apathetic: bool
    leaning: int
    """Between one opinion and its opposite, 0 to 9,999: candidates nearby are preferred."""
    arrival: int
    """With which group they apply; 0 for those who found the cooperative."""
    is_caught: bool = False
    """Whether a member objects to their admission."""


def make_people(scenario: Scenario, chance: Chance) -> tuple[Person, ...]:
    """Everybody, in the order in which they come."""
    founders = scenario.members.count
    bloc_count = founders * scenario.bloc.share_bps // WHOLE_BPS
    apathetic_count = founders * scenario.members.apathy_bps // WHOLE_BPS
    camps = [(Camp.BLOC if place < bloc_count else Camp.MEMBER, 0) for place in range(founders)]
    for arrival in range(1, scenario.years * ARRIVALS_PER_YEAR + 1):
        for camp, per_year in (
            (Camp.MEMBER, scenario.members.joining_per_year),
            (Camp.SYBIL, scenario.sybils.per_year),
        ):
            camps += [(camp, arrival)] * _split(per_year, arrival)
    leanings = chance.list_bps(len(camps), "leaning")
    caught = chance.list_bps(len(camps), "caught")
    people = []
    for place, (camp, arrival) in enumerate(camps):
        inception = make_inception(chance, "member", place)
        people.append(
            Person(
                place=place,
                camp=camp,
                inception=inception,
                account=inception.compute_id(),
                is_apathetic=founders - apathetic_count <= place < founders,
                leaning=leanings[place],
                arrival=arrival,
                is_caught=camp is Camp.SYBIL and caught[place] < scenario.sybils.caught_bps,
            )
        )
    return tuple(people)


def make_inception(chance: Chance, what: str, number: int) -> Inception:
    """An account's first key; nobody ever signs with it."""
    return Inception(
        public_key=chance.digest("key", what, number),
        next_key_commitment=bytes(32),
        guardians_commitment=bytes(32),
    )


def _split(per_year: int, arrival: int) -> int:
    """How many of a year's people come with one of its groups; all of them come with some."""
    part = (arrival - 1) % ARRIVALS_PER_YEAR
    return per_year * (part + 1) // ARRIVALS_PER_YEAR - per_year * part // ARRIVALS_PER_YEAR
