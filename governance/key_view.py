"""Typed access to accounts' earlier keys and recoveries. No rule is decided here."""

from collections.abc import Iterator

from governance.key_records import KeyState, Recovery
from governance.roll_view import RollView
from governance.state_keys import Collection, state_key

_VERSION_BYTES = 4


class KeyView(RollView):
    """State with what the rules of accounts' keys read and write."""

    def get_key_recovery(self, cooperative: bytes, account: bytes) -> Recovery | None:
        """The last recovery that an account's guardians asked for."""
        data = self._get(cooperative, Collection.KEY_RECOVERY, account)
        return None if data is None else Recovery.decode(data)

    def put_key_recovery(self, cooperative: bytes, account: bytes, recovery: Recovery) -> None:
        """Set an account's last recovery."""
        self._put(cooperative, Collection.KEY_RECOVERY, account, recovery.encode())

    def put_key_state(self, cooperative: bytes, account: bytes, state: KeyState) -> None:
        """Keep keys that an account had, once."""
        record_id = account + state.version.to_bytes(_VERSION_BYTES, "big")
        self._put(cooperative, Collection.KEY_STATE, record_id, state.encode())

    def get_key_state(self, cooperative: bytes, account: bytes, version: int) -> KeyState | None:
        """Keys that an account had; None for those that it has, and from before it came here."""
        record_id = account + version.to_bytes(_VERSION_BYTES, "big")
        data = self._get(cooperative, Collection.KEY_STATE, record_id)
        return None if data is None else KeyState.decode(data)

    def scan_key_states(self, cooperative: bytes, account: bytes) -> Iterator[KeyState]:
        """Keys that an account had, the first ones first."""
        prefix = state_key(cooperative, Collection.KEY_STATE, account)
        for _, data in self.kv.scan(prefix):
            yield KeyState.decode(data)


def key_state_key(cooperative: bytes, account: bytes, version: int) -> bytes:
    """Where state keeps an earlier version of an account's keys."""
    record_id = account + version.to_bytes(_VERSION_BYTES, "big")
    return state_key(cooperative, Collection.KEY_STATE, record_id)
