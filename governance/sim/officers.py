"""What elected bodies do about proposals: they advise, or keep silent.

The committee is for what most of its officers are for: the bloc's are for the bloc's side,
all others for what most members want.
"""

from governance.body_acts import BodyAct, Recommend, Review, Stance
from governance.body_events import BodyActDone, OpinionGiven
from governance.body_records import BodyKind
from governance.body_transactions import (
    ProposeBodyAct,
    SupportBodyAct,
    compute_body_motion_id,
)
from governance.events import Events
from governance.kinds import KINDS
from governance.sim.chain import SimulatedChain
from governance.sim.chance import WHOLE_BPS, Chance
from governance.sim.motions import Motion
from governance.sim.people import Camp, Person
from governance.sim.scenario import Scenario
from governance.sim.standing import Candidates


class Officers:
    """Those who sit, and what they say."""

    def __init__(
        self,
        scenario: Scenario,
        chance: Chance,
        people: tuple[Person, ...],
        candidates: Candidates,
    ) -> None:
        self._scenario, self._chance = scenario, chance
        self._people, self._candidates = people, candidates
        self.silences = 0
        """How often a body was asked and kept silent."""

    def review(self, chain: SimulatedChain, motion: Motion) -> None:
        """Let working groups say what they think, those that do not keep silent."""
        for body in KINDS[motion.kind].reviewers:
            self._speak(chain, motion, body)

    def recommend(self, chain: SimulatedChain, motion: Motion) -> None:
        """Let the committee recommend, unless it keeps silent."""
        self._speak(chain, motion, BodyKind.COMMITTEE)

    def _speak(self, chain: SimulatedChain, motion: Motion, body: BodyKind) -> None:
        offices = chain.view.get_body(chain.cooperative, body).offices
        if not offices:
            return
        drawn = self._chance.draw_bps("silence", motion.number, body)
        if drawn < self._scenario.bodies.silence_bps:
            self.silences += 1
            return
        stance = self._take_side(motion, offices)
        text_hash = self._chance.digest("opinion", motion.number, body)
        act: BodyAct
        if body is BodyKind.COMMITTEE:
            act = Recommend(proposal=motion.proposal, stance=stance, text_hash=text_hash)
        else:
            act = Review(proposal=motion.proposal, stance=stance, text_hash=text_hash)
        for event in self.act(chain, body, act):
            if isinstance(event, OpinionGiven) and body is BodyKind.COMMITTEE:
                motion.stance = event.stance

    def act(self, chain: SimulatedChain, body: BodyKind, act: BodyAct) -> Events:
        """Let an officer propose an act, and others support it until it is done.

        Returns:
            What came of it; nothing if nobody sits, or if a rule forbids it.
        """
        offices = chain.view.get_body(chain.cooperative, body).offices
        if not offices:
            return ()
        asked = ProposeBodyAct(cooperative=chain.cooperative, body=body, act=act)
        motion_id = compute_body_motion_id(
            account=offices[0], nonce=chain.next_nonce, payload=asked
        )
        support = SupportBodyAct(cooperative=chain.cooperative, motion=motion_id)
        told = chain.apply(offices[0], asked)
        events = told or ()
        for office in offices[1:]:
            if told is None or any(isinstance(event, BodyActDone) for event in events):
                break
            told = chain.apply(office, support)
            events += told or ()
        return events

    def _take_side(self, motion: Motion, offices: tuple[bytes, ...]) -> Stance:
        wanted = 2 * motion.appeal_bps >= WHOLE_BPS
        sides = [
            motion.side_is_yes
            if self._is_bloc(office) and motion.side_is_yes is not None
            else wanted
            for office in offices
        ]
        return Stance.FOR if 2 * sum(sides) > len(sides) else Stance.AGAINST

    def _is_bloc(self, office: bytes) -> bool:
        return self._people[self._candidates.place_of[office]].camp is Camp.BLOC
