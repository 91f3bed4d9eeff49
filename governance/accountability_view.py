"""Typed access to what state holds of duties and complaints.

Beside `governance.body_view`, whose getters it adds to. No rule is decided here.
"""

from governance.body_records import BodyKind
from governance.body_view import BodyView
from governance.complaint_records import Complaint
from governance.duty_records import Confidence, Duty, DutyKind
from governance.state_keys import Collection, state_key

_COUNT_BYTES = 8


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

    def get_complaint(self, cooperative: bytes, complaint: bytes) -> Complaint | None:
        """A member's complaint."""
        data = self._get(cooperative, Collection.COMPLAINT, complaint)
        return None if data is None else Complaint.decode(data)

    def put_complaint(self, cooperative: bytes, complaint: Complaint) -> None:
        """Set where a complaint stands."""
        self._put(cooperative, Collection.COMPLAINT, complaint.id, complaint.encode())

    def get_open_complaints(self, cooperative: bytes, account: bytes) -> int:
        """How many complaints of a member are open."""
        data = self._get(cooperative, Collection.OPEN_COMPLAINTS, account)
        return 0 if data is None else int.from_bytes(data, "big")

    def put_open_complaints(self, cooperative: bytes, account: bytes, count: int) -> None:
        """Set how many complaints of a member are open."""
        if count:
            data = count.to_bytes(_COUNT_BYTES, "big")
            self._put(cooperative, Collection.OPEN_COMPLAINTS, account, data)
        else:
            self.kv.delete(state_key(cooperative, Collection.OPEN_COMPLAINTS, account))
