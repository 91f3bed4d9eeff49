"""Typed access to what state holds of elected bodies, offices and what they did.

Beside `governance.federal_view`, whose getters it adds to. No rule is decided here.
"""

from governance.body_records import Body, BodyKind, BodyMotion, Emergency, Opinion
from governance.federal_view import FederalView
from governance.view import Collection, state_key

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

    def get_offices_count(self, cooperative: bytes) -> int:
        """How many office accounts a cooperative has."""
        data = self._get(cooperative, Collection.OFFICES, b"")
        return 0 if data is None else int.from_bytes(data, "big")

    def put_offices_count(self, cooperative: bytes, count: int) -> None:
        """Set how many office accounts a cooperative has."""
        self._put(cooperative, Collection.OFFICES, b"", count.to_bytes(8, "big"))
