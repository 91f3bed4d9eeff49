"""Typed access to what state holds of elected bodies, offices and what they did.

Beside `governance.federal_view`, whose getters it adds to. No rule is decided here.
"""

from governance.body_records import (
    Body,
    BodyKind,
    BodyMotion,
    Emergency,
    Opinion,
    Petition,
)
from governance.charge_records import Charge
from governance.election_records import (
    BallotPaper,
    Candidate,
    Countback,
    CountProgress,
    CountResult,
)
from governance.federal_view import FederalView
from governance.state_keys import Collection, state_key

_PRESENT = b"\x01"
"""The key says all; proofs of state (ICS 23) want some value."""


class BodyView(FederalView):
    """State with what elected bodies' rules read and write."""

    def get_body(self, cooperative: bytes, kind: BodyKind) -> Body:
        """A body of a cooperative; one that was never elected has no seats."""
        data = self._get(cooperative, Collection.BODY, bytes([kind]))
        return Body(kind=kind) if data is None else Body.decode(data)

    def put_body(self, cooperative: bytes, body: Body) -> None:
        """Set who sits in a body."""
        self._put(cooperative, Collection.BODY, bytes([body.kind]), body.encode())

    def get_body_motion(self, cooperative: bytes, motion: bytes) -> BodyMotion | None:
        """A motion of a body."""
        data = self._get(cooperative, Collection.BODY_MOTION, motion)
        return None if data is None else BodyMotion.decode(data)

    def put_body_motion(self, cooperative: bytes, motion: BodyMotion) -> None:
        """Set a body's motion."""
        self._put(cooperative, Collection.BODY_MOTION, motion.id, motion.encode())

    def get_opinion(self, cooperative: bytes, proposal: bytes, body: BodyKind) -> Opinion | None:
        """What a body said of a proposal."""
        data = self._get(cooperative, Collection.OPINION, proposal + bytes([body]))
        return None if data is None else Opinion.decode(data)

    def put_opinion(
        self, cooperative: bytes, proposal: bytes, body: BodyKind, opinion: Opinion
    ) -> None:
        """Set or replace what a body says of a proposal."""
        key = proposal + bytes([body])
        self._put(cooperative, Collection.OPINION, key, opinion.encode())

    def get_emergency(self, cooperative: bytes, ratification: bytes) -> Emergency | None:
        """The emergency act that a ratification is about."""
        data = self._get(cooperative, Collection.EMERGENCY, ratification)
        return None if data is None else Emergency.decode(data)

    def put_emergency(self, cooperative: bytes, ratification: bytes, act: Emergency) -> None:
        """Set the emergency act that a ratification is about."""
        self._put(cooperative, Collection.EMERGENCY, ratification, act.encode())

    def is_peer_suspended(self, cooperative: bytes, peer: bytes) -> bool:
        """Check if a cooperative exchanges nothing with another one for now."""
        return self._get(cooperative, Collection.SUSPENDED_PEER, peer) is not None

    def put_peer_suspended(self, cooperative: bytes, peer: bytes, *, is_suspended: bool) -> None:
        """Note whether a cooperative exchanges nothing with another one for now."""
        if is_suspended:
            self._put(cooperative, Collection.SUSPENDED_PEER, peer, _PRESENT)
        else:
            self.kv.delete(state_key(cooperative, Collection.SUSPENDED_PEER, peer))

    def get_ballot_paper(self, cooperative: bytes, proposal: bytes) -> BallotPaper | None:
        """What members choose from in a vote on options; None before voting has opened."""
        data = self._get(cooperative, Collection.BALLOT_PAPER, proposal)
        return None if data is None else BallotPaper.decode(data)

    def require_ballot_paper(self, cooperative: bytes, proposal: bytes) -> BallotPaper:
        """The ballot paper of a vote that has opened."""
        return BallotPaper.decode(self._require(cooperative, Collection.BALLOT_PAPER, proposal))

    def put_ballot_paper(self, cooperative: bytes, proposal: bytes, paper: BallotPaper) -> None:
        """Set what members choose from."""
        self._put(cooperative, Collection.BALLOT_PAPER, proposal, paper.encode())

    def get_candidate(self, cooperative: bytes, proposal: bytes, office: bytes) -> Candidate | None:
        """Somebody who stands in an election."""
        data = self._get(cooperative, Collection.CANDIDATE, proposal + office)
        return None if data is None else Candidate.decode(data)

    def put_candidate(
        self, cooperative: bytes, proposal: bytes, office: bytes, candidate: Candidate
    ) -> None:
        """Set somebody's candidacy."""
        key = proposal + office
        self._put(cooperative, Collection.CANDIDATE, key, candidate.encode())

    def delete_candidate(self, cooperative: bytes, proposal: bytes, office: bytes) -> None:
        """Forget a candidacy that was withdrawn."""
        self.kv.delete(state_key(cooperative, Collection.CANDIDATE, proposal + office))

    def list_candidates(self, cooperative: bytes, proposal: bytes) -> list[tuple[bytes, Candidate]]:
        """Who stands, ascending by office."""
        prefix = state_key(cooperative, Collection.CANDIDATE, proposal)
        return [(key[len(prefix) :], Candidate.decode(data)) for key, data in self.kv.scan(prefix)]

    def require_count_progress(self, cooperative: bytes, proposal: bytes) -> CountProgress:
        """How far a count of ballots with marks is."""
        return CountProgress.decode(self._require(cooperative, Collection.COUNT_PROGRESS, proposal))

    def put_count_progress(
        self, cooperative: bytes, proposal: bytes, progress: CountProgress
    ) -> None:
        """Set how far a count of ballots with marks is."""
        self._put(cooperative, Collection.COUNT_PROGRESS, proposal, progress.encode())

    def delete_count_progress(self, cooperative: bytes, proposal: bytes) -> None:
        """Forget a count that is over."""
        self.kv.delete(state_key(cooperative, Collection.COUNT_PROGRESS, proposal))

    def require_option_tally(self, cooperative: bytes, proposal: bytes) -> bytes:
        """What a method has counted so far, encoded."""
        return self._require(cooperative, Collection.OPTION_TALLY, proposal)

    def put_option_tally(self, cooperative: bytes, proposal: bytes, data: bytes) -> None:
        """Set what a method has counted so far."""
        self._put(cooperative, Collection.OPTION_TALLY, proposal, data)

    def delete_option_tally(self, cooperative: bytes, proposal: bytes) -> None:
        """Forget the tally of a count that is over."""
        self.kv.delete(state_key(cooperative, Collection.OPTION_TALLY, proposal))

    def get_count_result(self, cooperative: bytes, proposal: bytes) -> CountResult | None:
        """What a count of ballots with marks found."""
        data = self._get(cooperative, Collection.COUNT_RESULT, proposal)
        return None if data is None else CountResult.decode(data)

    def put_count_result(self, cooperative: bytes, proposal: bytes, result: CountResult) -> None:
        """Set what a count found, once."""
        self._put(cooperative, Collection.COUNT_RESULT, proposal, result.encode())

    def get_countback(self, cooperative: bytes, countback: bytes) -> Countback | None:
        """A vacancy that is being filled."""
        data = self._get(cooperative, Collection.COUNTBACK, countback)
        return None if data is None else Countback.decode(data)

    def put_countback(self, cooperative: bytes, countback: Countback) -> None:
        """Set how far the filling of a vacancy is."""
        self._put(cooperative, Collection.COUNTBACK, countback.id, countback.encode())

    def delete_countback(self, cooperative: bytes, countback: bytes) -> None:
        """A vacancy is filled, or stays."""
        self.kv.delete(state_key(cooperative, Collection.COUNTBACK, countback))

    def get_petition(self, cooperative: bytes, petition: bytes) -> Petition | None:
        """A petition of members."""
        data = self._get(cooperative, Collection.PETITION, petition)
        return None if data is None else Petition.decode(data)

    def put_petition(self, cooperative: bytes, petition: Petition) -> None:
        """Set a petition's record."""
        self._put(cooperative, Collection.PETITION, petition.id, petition.encode())

    def has_signed(self, cooperative: bytes, petition: bytes, account: bytes) -> bool:
        """Check if a member has signed a petition."""
        key = petition + account
        return self._get(cooperative, Collection.SIGNATURE, key) is not None

    def put_signature(
        self, cooperative: bytes, petition: bytes, account: bytes, *, until_ms: int
    ) -> None:
        """Note that a member has signed, and until when that protects from exclusion."""
        self._put(cooperative, Collection.SIGNATURE, petition + account, _PRESENT)
        until = until_ms.to_bytes(8, "big")
        self._put(cooperative, Collection.SIGNER, account, until)

    def get_signer_until_ms(self, cooperative: bytes, account: bytes) -> int:
        """Until when a member is a signer of a petition that runs; 0 for who is none."""
        data = self._get(cooperative, Collection.SIGNER, account)
        return 0 if data is None else int.from_bytes(data, "big")

    def get_charged(self, cooperative: bytes, charge: Charge) -> bytes:
        """The office account that is charged with something; empty for none."""
        return self._get(cooperative, Collection.CHARGE, bytes([charge])) or b""

    def put_charged(self, cooperative: bytes, charge: Charge, office: bytes) -> None:
        """Set or, empty, delete the office account that is charged with something."""
        if office:
            self._put(cooperative, Collection.CHARGE, bytes([charge]), office)
        else:
            self.kv.delete(state_key(cooperative, Collection.CHARGE, bytes([charge])))

    def get_offices_count(self, cooperative: bytes) -> int:
        """How many office accounts a cooperative has."""
        data = self._get(cooperative, Collection.OFFICES, b"")
        return 0 if data is None else int.from_bytes(data, "big")

    def put_offices_count(self, cooperative: bytes, count: int) -> None:
        """Set how many office accounts a cooperative has."""
        self._put(cooperative, Collection.OFFICES, b"", count.to_bytes(8, "big"))
