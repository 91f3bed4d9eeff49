"""Typed access to what state holds of people on their way onto the roll, or off it.

Beside `governance.body_view`, whose getters it adds to. No rule is decided here.
"""

from collections.abc import Iterator

from governance.body_view import BodyView
from governance.roll_records import Admission, Exclusion, Landing, RollClock
from governance.state_keys import Collection, state_key

_PRESENT = b"\x01"
"""The key says all; proofs of state (ICS 23) want some value."""


class RollView(BodyView):
    """State with what the roll's rules read and write."""

    def get_admission(self, cooperative: bytes, admission: bytes) -> Admission | None:
        """Whom the registrar admits together."""
        data = self._get(cooperative, Collection.ADMISSION, admission)
        return None if data is None else Admission.decode(data)

    def put_admission(self, cooperative: bytes, admission: Admission) -> None:
        """Set an admission."""
        self._put(cooperative, Collection.ADMISSION, admission.id, admission.encode())

    def delete_admission(self, cooperative: bytes, admission: bytes) -> None:
        """Forget an admission in which nobody waits any more."""
        self.kv.delete(state_key(cooperative, Collection.ADMISSION, admission))

    def get_landing(self, cooperative: bytes, account: bytes) -> Landing | None:
        """Somebody who goes onto the roll with the next batch."""
        data = self._get(cooperative, Collection.LANDING, account)
        return None if data is None else Landing.decode(data)

    def put_landing(self, cooperative: bytes, account: bytes, landing: Landing) -> None:
        """Let somebody go onto the roll with the next batch."""
        self._put(cooperative, Collection.LANDING, account, landing.encode())

    def delete_landing(self, cooperative: bytes, account: bytes) -> None:
        """Somebody is on the roll; nothing happens if they were not on their way."""
        self.kv.delete(state_key(cooperative, Collection.LANDING, account))

    def scan_landing(self, cooperative: bytes) -> Iterator[tuple[bytes, Landing]]:
        """Who waits to go onto the roll, ascending by account."""
        prefix = state_key(cooperative, Collection.LANDING, b"")
        for key, data in self.kv.scan(prefix):
            yield key[len(prefix) :], Landing.decode(data)

    def is_leaving(self, cooperative: bytes, account: bytes) -> bool:
        """Check if a member leaves with the next batch."""
        return self._get(cooperative, Collection.LEAVING, account) is not None

    def put_leaving(self, cooperative: bytes, account: bytes) -> None:
        """Let a member leave with the next batch."""
        self._put(cooperative, Collection.LEAVING, account, _PRESENT)

    def delete_leaving(self, cooperative: bytes, account: bytes) -> None:
        """A member has left."""
        self.kv.delete(state_key(cooperative, Collection.LEAVING, account))

    def scan_leaving(self, cooperative: bytes) -> Iterator[bytes]:
        """Who leaves with the next batch, ascending by account."""
        prefix = state_key(cooperative, Collection.LEAVING, b"")
        for key, _ in self.kv.scan(prefix):
            yield key[len(prefix) :]

    def get_roll_clock(self, cooperative: bytes) -> RollClock:
        """When the next batch lands; a new one has none."""
        data = self._get(cooperative, Collection.ROLL_CLOCK, b"")
        return RollClock() if data is None else RollClock.decode(data)

    def put_roll_clock(self, cooperative: bytes, clock: RollClock) -> None:
        """Set when the next batch lands."""
        self._put(cooperative, Collection.ROLL_CLOCK, b"", clock.encode())

    def get_exclusion(self, cooperative: bytes, account: bytes) -> Exclusion | None:
        """That the committee wants to exclude a member."""
        data = self._get(cooperative, Collection.EXCLUSION, account)
        return None if data is None else Exclusion.decode(data)

    def put_exclusion(self, cooperative: bytes, account: bytes, exclusion: Exclusion) -> None:
        """Set that the committee wants to exclude a member."""
        self._put(cooperative, Collection.EXCLUSION, account, exclusion.encode())

    def delete_exclusion(self, cooperative: bytes, account: bytes) -> None:
        """A member is excluded, or stays."""
        self.kv.delete(state_key(cooperative, Collection.EXCLUSION, account))
