"""Elections as people see them: who stands, and whom each voter ranks in which order."""

from collections.abc import Mapping, Sequence

from config.errors import InvariantError
from governance.body_events import BallotPaperFixed
from governance.body_records import BodyKind
from governance.body_transactions import CloseOffice, Nominate, OpenOffices, RevealSalt
from governance.charter import ELECTION_LEAD_S
from governance.count.stv import count_stv
from governance.count.ties import compute_commitment
from governance.events import Events
from governance.option_counts import draw_lots
from governance.sim.chain import SimulatedChain
from governance.sim.chance import Chance
from governance.sim.motions import Motion
from governance.sim.people import Camp, Person, make_inception
from governance.sim.scenario import Scenario

_OFFICES_PER_TRANSACTION = 64


class Candidates:
    """Everybody who ever stands, with the office account that each of them acts with."""

    def __init__(self, scenario: Scenario, chance: Chance, people: Sequence[Person]) -> None:
        """Choose who ever stands: twice as many as do at a time, and the bloc's.

        Args:
            scenario: How many stand.
            chance: Of the simulation.
            people: Everybody; only founders stand.
        """
        founders = [person for person in people if person.arrival == 0]
        others = [person.place for person in founders if person.camp is Camp.MEMBER]
        bloc = [person.place for person in founders if person.camp is Camp.BLOC]
        wanted = 2 * scenario.elections.candidates if scenario.elections.per_year else 0
        self._scenario, self._chance, self._people = scenario, chance, people
        self._others = chance.shuffle(others, "ever stands")[:wanted]
        self._bloc = bloc[: scenario.bloc.candidates if scenario.elections.per_year else 0]
        self._retired: dict[int, None] = {}
        inceptions = {
            place: make_inception(chance, "office", place) for place in (*self._others, *self._bloc)
        }
        self._inceptions = tuple(inceptions.values())
        self.office_of: Mapping[int, bytes] = {
            place: inception.compute_id() for place, inception in inceptions.items()
        }
        self.place_of: Mapping[bytes, int] = {
            office: place for place, office in self.office_of.items()
        }

    def open_offices(self, chain: SimulatedChain) -> None:
        """Let the registrar open their office accounts."""
        for start in range(0, len(self._inceptions), _OFFICES_PER_TRANSACTION):
            some = self._inceptions[start : start + _OFFICES_PER_TRANSACTION]
            chain.apply(
                chain.registrar, OpenOffices(cooperative=chain.cooperative, inceptions=some)
            )

    def stand(self, chain: SimulatedChain, motion: Motion) -> None:
        """Come forward: some of the others, and all of the bloc's who do not sit for long yet."""
        staying = list_staying(chain, motion)
        ready = self._chance.shuffle(
            self._list_free(self._others, staying), "stands", motion.number
        )
        chosen = ready[: self._scenario.elections.candidates]
        chosen += self._list_free(self._bloc, staying)
        for place in chosen:
            payload = Nominate(
                cooperative=chain.cooperative,
                proposal_id=motion.proposal,
                statement_hash=self._chance.digest("statement", place),
                salt_commitment=compute_commitment(self._get_salt(motion, place)),
            )
            chain.apply(self.office_of[place], payload)

    def retire(self, chain: SimulatedChain, place: int) -> Events:
        """Close the office of somebody who leaves the cooperative, and let them stand no more."""
        office = self.office_of.get(place)
        if office is None or place in self._retired:
            return ()
        self._retired[place] = None
        closing = CloseOffice(cooperative=chain.cooperative, office=office)
        return chain.apply(office, closing) or ()

    def reveal(self, chain: SimulatedChain, motion: Motion) -> None:
        """Reveal the salts of all who still stand."""
        for office in motion.options:
            if self.place_of[office] in self._retired:
                continue
            salt = self._get_salt(motion, self.place_of[office])
            payload = RevealSalt(
                cooperative=chain.cooperative, proposal_id=motion.proposal, salt=salt
            )
            chain.apply(office, payload)

    def fill_papers(self, motion: Motion, told: BallotPaperFixed) -> None:
        """Let everybody who may vote decide whom they would name."""
        motion.options = told.options
        motion.seats = told.seats_count
        standing = [self._people[self.place_of[office]] for office in told.options]
        bloc = [mark for mark, one in enumerate(standing) if one.camp is Camp.BLOC]
        ranked_max = self._scenario.elections.ranked_max
        for person in self._people:
            motion.choices[person.place] = _rank(person, standing, bloc, ranked_max=ranked_max)

    def imagine_winners(self, chain: SimulatedChain, motion: Motion) -> None:
        """Count a committee's election once more, as if the bloc were like other members.

        Nobody is made up then, either. Only where bloc or sybils name the bloc's candidates
        first, and only after the ballots are in.
        """
        if motion.body is not BodyKind.COMMITTEE or motion.side_is_yes is None:
            return
        proposal = chain.view.get_proposal(chain.cooperative, motion.proposal)
        paper = chain.view.require_ballot_paper(chain.cooperative, motion.proposal)
        if proposal is None:
            raise InvariantError("an election that was decided is not there")
        standing = [self._people[self.place_of[office]] for office in motion.options]
        papers: dict[bytes, int] = {}
        voted = [place for place in motion.voted if self._people[place].camp is Camp.MEMBER]
        for place in (*voted, *motion.bloc_as_members):
            ranked_max = self._scenario.elections.ranked_max
            marks = _rank(self._people[place], standing, (), ranked_max=ranked_max)
            papers[marks] = papers.get(marks, 0) + 1
        counted = count_stv(
            papers,
            candidates_count=len(motion.options),
            seats_count=paper.seats_count,
            withdrawn=b"",
            lot=draw_lots(chain.view, proposal, paper),
        )
        motion.imagined_winners = tuple(
            self.place_of[motion.options[mark]] for mark in counted.winners
        )

    def _list_free(self, places: Sequence[int], staying: tuple[bytes, ...]) -> list[int]:
        return [
            place
            for place in places
            if self.office_of[place] not in staying and place not in self._retired
        ]

    def _get_salt(self, motion: Motion, place: int) -> bytes:
        return self._chance.digest("salt", motion.number, place)


def list_staying(chain: SimulatedChain, motion: Motion) -> tuple[bytes, ...]:
    """Officers whose seats an election does not fill: they have no reason to stand."""
    if motion.body is None:
        return ()
    soon_ms = chain.time_ms + 2 * ELECTION_LEAD_S * 1_000
    seats = chain.view.get_body(chain.cooperative, motion.body).seats
    return tuple(seat.office for seat in seats if seat.term_ends_ms > soon_ms)


def _rank(
    person: Person, standing: Sequence[Person], bloc: Sequence[int], *, ranked_max: int
) -> bytes:
    """Who is nearest comes first; bloc and sybils name the bloc's candidates before.

    They begin each with another one of these, so that no vote is wasted.
    """
    marks = sorted(
        range(len(standing)),
        key=lambda mark: (abs(standing[mark].leaning - person.leaning), mark),
    )
    if person.camp is not Camp.MEMBER and bloc:
        start = person.place % len(bloc)
        first = (*bloc[start:], *bloc[:start])
        marks = [*first, *(mark for mark in marks if mark not in first)]
    return bytes(marks[:ranked_max])
