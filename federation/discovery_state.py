"""What the discovery process knows and decides, without network, clock or files.

It answers the node's calls, merges what the DHT brings, and says what to look up and to
publish and when. It is apart from the shell in `dht_process` so that all of it can be tested
without a network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.errors import RefusedError
from did.codec import Value
from did.keys import KeyPair
from federation.directory import Directory, EntryState, decode_registry
from federation.record import (
    SEQUENCE_MAX,
    CooperativeRecord,
    check_registered_record,
    compute_peer_id,
    compute_peer_proof_message,
)

LOOKUP_INTERVAL_S_MIN = 0.5
"""Between look-ups of a cooperative whose record is missing, at first; doubles each time."""
LOOKUP_INTERVAL_S_MAX = 30.0
RENEW_INTERVAL_S = 60.0
"""Between look-ups of a cooperative whose record is fresh."""
PUBLISH_INTERVAL_S_MIN = 1.0
"""Between puts of the own record while too few nodes hold it, at first; doubles each time."""
PUBLISH_INTERVAL_S_MAX = 30.0
REPUBLISH_INTERVAL_S = 600.0
HOLDERS_WANTED_MAX = 20
"""Kademlia's k: how many nodes should hold a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverySettings:
    """Where the discovery process listens and what it begins with."""

    socket_path: Path
    """Unix socket for the node's other processes."""
    directory_path: Path
    """File that keeps registry and records."""
    listen: str
    """Multiaddress to listen on, such as `/ip4/127.0.0.1/tcp/4001`."""
    bootstrap: tuple[str, ...] = ()
    """Multiaddresses of nodes known beforehand, each ending in `/p2p/<PeerId>`."""
    announce: tuple[str, ...] = ()
    """Multiaddresses that others dial; empty for the ones that are listened on."""


@dataclass(slots=True)
class _Timer:
    """When something is due again, in seconds of the caller's steady clock."""

    due_at: float = 0.0
    interval_s: float = 0.0

    def back_off(self, now: float, *, minimum: float, maximum: float) -> None:
        self.interval_s = min(max(self.interval_s * 2, minimum), maximum)
        self.due_at = now + self.interval_s

    def rest(self, now: float, *, interval_s: float) -> None:
        self.interval_s = 0.0
        self.due_at = now + interval_s


class DiscoveryState:
    """One node's view of the federation.

    Attributes:
        directory: Registry and records.
        addresses: Multiaddresses under which this node's libp2p host is reached.
        connected_count: How many libp2p peers are connected now.
        is_changed: Whether the directory must be written to disk.
    """

    def __init__(self, directory: Directory, *, key: KeyPair, now_s: Callable[[], int]) -> None:
        self.directory = directory
        self.addresses: tuple[str, ...] = ()
        self.connected_count = 0
        self.is_changed = False
        self.peer_id = compute_peer_id(key.public_key)
        self._key = key
        self._now_s = now_s
        self._lookups: dict[str, _Timer] = {}
        self._publication = _Timer()
        self._holders_count = 0
        self._methods: dict[str, Callable[..., Value]] = {
            "peer": self._answer_peer,
            "prove_peer": self._answer_prove_peer,
            "set_registry": self._answer_set_registry,
            "publish": self._answer_publish,
            "directory": self._answer_directory,
            "status": self._answer_status,
        }
        self._arguments_counts = {"prove_peer": 3, "set_registry": 1, "publish": 1}

    def handle(self, method: str, arguments: tuple[Value, ...]) -> Value:
        """Answer a call of another process of this node.

        Raises:
            RefusedError: Unknown method, wrong arguments, or what was sent is not valid.
        """
        answer = self._methods.get(method)
        if answer is None:
            raise RefusedError(f"no such method; there are {', '.join(sorted(self._methods))}")
        if len(arguments) != self._arguments_counts.get(method, 0):
            raise RefusedError(f"{method} takes {self._arguments_counts.get(method, 0)} arguments")
        return answer(*arguments)

    def merge(self, jws: str) -> bool:
        """Take a record that the network brought; whether it was new.

        Raises:
            RefusedError: The record is not valid.
        """
        is_new = self.directory.merge(jws, now_s=self._now_s())
        self.is_changed |= is_new
        return is_new

    def get_own_record(self) -> tuple[CooperativeRecord, str] | None:
        """This node's record and its JWS, while it is fresh."""
        for entry, state in self.directory.get_entries(now_s=self._now_s()):
            if entry.record.peer_id == self.peer_id and state is EntryState.FRESH:
                return entry.record, entry.jws
        return None

    def get_partner_records(self) -> list[CooperativeRecord]:
        """Records of the others, stale ones included: an old address may still answer."""
        entries = self.directory.get_entries(now_s=self._now_s())
        return [entry.record for entry, _ in entries if entry.record.peer_id != self.peer_id]

    def get_due_lookups(self, now: float) -> list[str]:
        """DIDs of other cooperatives that should be looked up.

        Args:
            now: Seconds of a steady clock; the same one in every call.
        """
        return [did for did, timer in self._get_lookups().items() if timer.due_at <= now]

    def note_lookup(self, did: str, now: float) -> None:
        """Set when a cooperative is looked up next, by what is known of it now."""
        timer = self._lookups.setdefault(did, _Timer())
        entry = self.directory.get(did)
        if entry is not None and entry.record.exp > self._now_s():
            timer.rest(now, interval_s=RENEW_INTERVAL_S)
        else:
            timer.back_off(now, minimum=LOOKUP_INTERVAL_S_MIN, maximum=LOOKUP_INTERVAL_S_MAX)

    def is_publication_due(self, now: float) -> bool:
        """Whether the own record should be put into the DHT."""
        return self._publication.due_at <= now and self.get_own_record() is not None

    def note_publication(self, *, holders_count: int, now: float) -> None:
        """Set when the own record is put next, by how many nodes took it."""
        self._holders_count = holders_count
        others_count = len(self.directory.registry) - 1
        if holders_count >= min(others_count, HOLDERS_WANTED_MAX):
            self._publication.rest(now, interval_s=REPUBLISH_INTERVAL_S)
        else:
            self._publication.back_off(
                now, minimum=PUBLISH_INTERVAL_S_MIN, maximum=PUBLISH_INTERVAL_S_MAX
            )

    def expedite(self) -> None:
        """Make everything due that waits for an answer: a new peer may have it."""
        for timer in self._lookups.values():
            if timer.interval_s > 0:
                timer.due_at = timer.interval_s = 0.0
        if self._publication.interval_s > 0 or self._holders_count == 0:
            self._publication = _Timer()

    def get_next_due(self, now: float) -> float:
        """Seconds until something is due; at most `RENEW_INTERVAL_S`."""
        times = [timer.due_at for timer in self._get_lookups().values()]
        if self.get_own_record() is not None:
            times.append(self._publication.due_at)
        return min(max(min(times, default=now + RENEW_INTERVAL_S) - now, 0.0), RENEW_INTERVAL_S)

    def _get_lookups(self) -> dict[str, _Timer]:
        """Timers of the cooperatives that are registered now, this node's own left out."""
        own = self.get_own_record()
        dids = [did for did in self.directory.registry if own is None or did != own[0].did]
        self._lookups = {did: self._lookups.get(did, _Timer()) for did in dids}
        return self._lookups

    def _answer_peer(self) -> Value:
        return [self.peer_id, list(self.addresses)]

    def _answer_prove_peer(self, did: Value, seq: Value, exp: Value) -> Value:
        match did, seq, exp:
            case str(), int(), int() if 0 < seq <= SEQUENCE_MAX and 0 < exp <= SEQUENCE_MAX:
                message = compute_peer_proof_message(
                    did=did, peer_id=self.peer_id, seq=seq, exp=exp
                )
                return self._key.sign(message)
        raise RefusedError("prove_peer takes a DID, a seq and an expiry in seconds")

    def _answer_set_registry(self, registry: Value) -> Value:
        is_changed = self.directory.set_registry(decode_registry(registry))
        if is_changed:
            self.is_changed = True
            self._publication = _Timer()
        return is_changed

    def _answer_publish(self, jws: Value) -> Value:
        if not isinstance(jws, str):
            raise RefusedError("publish takes a record as a compact JWS")
        record = check_registered_record(jws, now_s=self._now_s(), registry=self.directory.registry)
        if record.peer_id != self.peer_id:
            raise RefusedError("the record names another node's libp2p key")
        is_new = self.merge(jws)
        if is_new:
            self._publication = _Timer()
            self._holders_count = 0
        return is_new

    def _answer_directory(self) -> Value:
        self.directory.drop_forgotten(now_s=self._now_s())
        return [
            [entry.record.did, entry.jws, state.value]
            for entry, state in self.directory.get_entries(now_s=self._now_s())
        ]

    def _answer_status(self) -> Value:
        states = [state for _, state in self.directory.get_entries(now_s=self._now_s())]
        return [
            ["peer_id", self.peer_id],
            ["connected", self.connected_count],
            ["registered", len(self.directory.registry)],
            ["fresh", states.count(EntryState.FRESH)],
            ["stale", states.count(EntryState.STALE)],
            ["holders", self._holders_count],
        ]
