"""The directory: the best record that this node has seen of each cooperative.

It is what the node asks; the network only feeds it. Merging is monotonic: a record gives way
to a newer one and to nothing else, so that a peer that serves old records cannot roll it
back. It is kept on disk with the registry, so that a node that restarts knows its partners
before it reaches anybody. It never holds a record that the registry does not vouch for.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from config.errors import RefusedError
from config.limits import COOPERATIVES_MAX, DISCOVERY_FRAME_BYTES_MAX
from did.codec import Value, decode, encode
from did.keys import PUBLIC_KEY_BYTES
from federation.record import (
    CooperativeRecord,
    check_registered_record,
    compute_record_rank,
    is_record_expired,
    open_registered_record,
)

STALE_KEPT_S = 30 * 86_400
"""How long an expired record is still shown, as stale."""
_FORMAT = 1


class EntryState(StrEnum):
    """Whether a directory entry can be relied on."""

    FRESH = "fresh"
    STALE = "stale"
    """Expired: the cooperative has not renewed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryEntry:
    """One cooperative's best record."""

    record: CooperativeRecord
    jws: str
    """The record's exact bytes, as received."""


class Directory:
    """Registry and records of one node."""

    def __init__(self) -> None:
        self._registry: dict[str, bytes] = {}
        self._entries: dict[str, DirectoryEntry] = {}

    @property
    def registry(self) -> Mapping[str, bytes]:
        """DID to assertion key of every registered cooperative."""
        return self._registry

    def get(self, did: str) -> DirectoryEntry | None:
        """The best record of a cooperative."""
        return self._entries.get(did)

    def get_entries(self, *, now_s: int) -> list[tuple[DirectoryEntry, EntryState]]:
        """All entries in the order of their DIDs, with their states now."""
        return [
            (entry, compute_entry_state(entry.record, now_s=now_s))
            for _, entry in sorted(self._entries.items())
        ]

    def set_registry(self, registry: Mapping[str, bytes]) -> bool:
        """Replace the registry; records that it no longer vouches for go.

        Returns:
            Whether anything changed.

        Raises:
            RefusedError: Too many cooperatives or a key of another length.
        """
        if len(registry) > COOPERATIVES_MAX:
            raise RefusedError(f"a federation has at most {COOPERATIVES_MAX} cooperatives")
        if any(len(key) != PUBLIC_KEY_BYTES for key in registry.values()):
            raise RefusedError(f"a key has {PUBLIC_KEY_BYTES} bytes")
        if dict(registry) == self._registry:
            return False
        self._registry = dict(registry)
        entries, self._entries = self._entries, {}
        for entry in entries.values():
            self._restore(entry.jws)
        return True

    def merge(self, jws: str, *, now_s: int) -> bool:
        """Take a record if it is valid and newer than what is known.

        Returns:
            Whether it was taken.

        Raises:
            RefusedError: The record is not valid now.
        """
        record = check_registered_record(jws, now_s=now_s, registry=self._registry)
        return self._put_if_newer(DirectoryEntry(record=record, jws=jws))

    def drop_forgotten(self, *, now_s: int) -> None:
        """Drop the records that expired more than `STALE_KEPT_S` ago."""
        for did, entry in list(self._entries.items()):
            if entry.record.exp + STALE_KEPT_S <= now_s:
                del self._entries[did]

    def encode(self) -> bytes:
        """Registry and records as canonical msgpack."""
        registry: list[Value] = [[did, key] for did, key in sorted(self._registry.items())]
        records: list[Value] = [entry.jws for _, entry in sorted(self._entries.items())]
        return encode([_FORMAT, registry, records])

    def restore(self, data: bytes) -> None:
        """Take registry and records from `encode`'s bytes; invalid records are left out.

        Raises:
            RefusedError: The bytes are not a directory.
        """
        value = decode(data, bytes_max=DISCOVERY_FRAME_BYTES_MAX)
        if not isinstance(value, list) or len(value) != 3 or value[0] != _FORMAT:
            raise RefusedError("not a directory file of this version")
        self.set_registry(decode_registry(value[1]))
        for jws in value[2] if isinstance(value[2], list) else []:
            if isinstance(jws, str):
                self._restore(jws)

    def _restore(self, jws: str) -> None:
        try:
            record = open_registered_record(jws, registry=self._registry)
        except RefusedError:
            return
        self._put_if_newer(DirectoryEntry(record=record, jws=jws))

    def _put_if_newer(self, entry: DirectoryEntry) -> bool:
        known = self._entries.get(entry.record.did)
        if known is not None and compute_record_rank(
            entry.record, jws=entry.jws
        ) <= compute_record_rank(known.record, jws=known.jws):
            return False
        self._entries[entry.record.did] = entry
        return True


def compute_entry_state(record: CooperativeRecord, *, now_s: int) -> EntryState:
    """Whether a record is fresh or stale now."""
    return EntryState.STALE if is_record_expired(record, now_s=now_s) else EntryState.FRESH


def decode_registry(value: Value) -> dict[str, bytes]:
    """Read `[[did, assertion key], …]`.

    Raises:
        RefusedError: Another shape, or a DID twice.
    """
    if not isinstance(value, list):
        raise RefusedError("a registry is a list of pairs")
    registry: dict[str, bytes] = {}
    for item in value:
        match item:
            case [str(did), bytes(key)] if did not in registry:
                registry[did] = key
            case _:
                raise RefusedError("a registry is a list of pairs of a DID, once each, and a key")
    return registry


def load_directory(path: Path) -> Directory:
    """Read the directory file; an absent one is an empty directory.

    Raises:
        RefusedError: The file is damaged. Nothing is lost by starting with an empty one.
    """
    directory = Directory()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return directory
    directory.restore(data)
    return directory


def save_directory(directory: Directory, path: Path) -> None:
    """Write the directory file in one step, readable by its owner alone."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(directory.encode())
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
