"""Typed access to what state holds of duties and complaints.

Beside `governance.body_view`, whose getters it adds to. No rule is decided here.
"""

from governance.body_records import BodyKind
from governance.body_view import BodyView
from governance.duty_records import Confidence, Duty, DutyKind
from governance.state_keys import Collection, state_key


class AccountabilityView(BodyView):
    """State with what the rules of accountability read and write."""

    def get_duty(self, cooperative: bytes, kind: DutyKind) -> Duty:
        """Where a duty stands; one that never began is not due."""
        data = self._get(cooperative, Collection.DUTY, bytes([kind]))
        return Duty(kind=kind) if data is None else Duty.decode(data)

    def put_duty(self, cooperative: bytes, duty: Duty) -> None:
        """Set where a duty stands."""
        self._put(cooperative, Collection.DUTY, bytes([duty.kind]), duty.encode())

    def get_confidence(self, cooperative: bytes, body: BodyKind) -> Confidence | None:
        """The vote on a body's confidence that goes on; None if there is none."""
        data = self._get(cooperative, Collection.CONFIDENCE, bytes([body]))
        return None if data is None else Confidence.decode(data)

    def put_confidence(self, cooperative: bytes, body: BodyKind, vote: Confidence) -> None:
        """Note that members are asked whether a body goes."""
        self._put(cooperative, Collection.CONFIDENCE, bytes([body]), vote.encode())

    def delete_confidence(self, cooperative: bytes, body: BodyKind) -> None:
        """Forget a vote that has ended."""
        self.kv.delete(state_key(cooperative, Collection.CONFIDENCE, bytes([body])))
