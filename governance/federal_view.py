"""Typed access to the federation's part of state: motions, validators, nodes, cases.

Beside `governance.view`, whose getters it adds to. No rule is decided here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice

from config.errors import InvariantError
from governance.charter_records import CharterAnswer, CharterChange
from governance.dispute_records import Dispute
from governance.federal_records import (
    Case,
    ConsensusKey,
    Motion,
    Node,
    Silence,
    ValidatorSet,
)
from governance.records import Cooperative
from governance.seals import Import, ImportedRoll, Seal
from governance.state_keys import FEDERATION, Collection, state_key
from governance.view import StateView

_PRESENT = b"\x01"
"""The key says all; proofs of state (ICS 23) want some value."""
_TIME_BYTES = 8


class DueKind(IntEnum):
    """What falls due for the federation; a number is never used for anything else."""

    MOTION = 1
    """A motion lapses."""
    NOTICE = 2
    """A cooperative has left."""
    CHARTER = 10
    """A change of the charter binds who has said nothing."""
    DISPUTE = 11
    """The time of a dispute's step is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FederalDue:
    """Something whose time has come."""

    key: bytes
    """In state; delete it when the work is done."""
    kind: DueKind
    subject: bytes
    """Motion or cooperative."""


class FederalView(StateView):
    """State with what the federation's rules read and write."""

    def require_cooperative(self, cooperative: bytes) -> Cooperative:
        """A cooperative that must be registered.

        Raises:
            InvariantError: It is not.
        """
        found = self.get_cooperative(cooperative)
        if found is None:
            raise InvariantError(f"state lacks the cooperative {cooperative.hex()}")
        return found

    def scan_cooperatives(self) -> Iterator[Cooperative]:
        """All that were ever registered, ascending by id."""
        for _, data in self.kv.scan(state_key(FEDERATION, Collection.COOPERATIVE, b"")):
            yield Cooperative.decode(data)

    def get_motion(self, motion: bytes) -> Motion | None:
        """A motion of the federation."""
        data = self._get(FEDERATION, Collection.MOTION, motion)
        return None if data is None else Motion.decode(data)

    def put_motion(self, motion: Motion) -> None:
        """Set a motion's record."""
        self._put(FEDERATION, Collection.MOTION, motion.id, motion.encode())

    def get_validators(self) -> ValidatorSet:
        """What the engine was told."""
        return ValidatorSet.decode(self._require(FEDERATION, Collection.VALIDATORS, b""))

    def put_validators(self, validators: ValidatorSet) -> None:
        """Set what the engine was told."""
        self._put(FEDERATION, Collection.VALIDATORS, b"", validators.encode())

    def is_pending(self) -> bool:
        """Check if the engine is to be told of changes."""
        return self._get(FEDERATION, Collection.VALIDATORS_PENDING, b"") is not None

    def put_pending(self, *, is_pending: bool) -> None:
        """Note that changes wait for the end of this or the next block, or that none do."""
        if is_pending:
            self._put(FEDERATION, Collection.VALIDATORS_PENDING, b"", _PRESENT)
        else:
            self.kv.delete(state_key(FEDERATION, Collection.VALIDATORS_PENDING, b""))

    def get_consensus_key(self, address: bytes) -> ConsensusKey | None:
        """Whose a validator's address is or was."""
        data = self._get(FEDERATION, Collection.CONSENSUS_KEY, address)
        return None if data is None else ConsensusKey.decode(data)

    def put_consensus_key(self, address: bytes, key: ConsensusKey) -> None:
        """Set what is known of a validator's key."""
        self._put(FEDERATION, Collection.CONSENSUS_KEY, address, key.encode())

    def get_silence(self, cooperative: bytes) -> Silence | None:
        """How long a validator has signed nothing; None if it never missed a stretch."""
        data = self._get(FEDERATION, Collection.SILENCE, cooperative)
        return None if data is None else Silence.decode(data)

    def put_silence(self, cooperative: bytes, silence: Silence) -> None:
        """Set how long a validator has signed nothing."""
        self._put(FEDERATION, Collection.SILENCE, cooperative, silence.encode())

    def delete_silence(self, cooperative: bytes) -> None:
        """Count a validator's silence from nothing again."""
        self.kv.delete(state_key(FEDERATION, Collection.SILENCE, cooperative))

    def get_node(self, node_id: bytes) -> Node | None:
        """An engine that may, or might once, connect."""
        data = self._get(FEDERATION, Collection.NODE, node_id)
        return None if data is None else Node.decode(data)

    def put_node(self, node_id: bytes, node: Node) -> None:
        """Set who an engine is."""
        self._put(FEDERATION, Collection.NODE, node_id, node.encode())

    def get_case(self, case: bytes) -> Case | None:
        """An accusation."""
        data = self._get(FEDERATION, Collection.CASE, case)
        return None if data is None else Case.decode(data)

    def put_case(self, case: Case) -> None:
        """Set a case's record."""
        self._put(FEDERATION, Collection.CASE, case.id, case.encode())

    def get_charter(self, motion: bytes) -> CharterChange | None:
        """A change of the charter that was adopted."""
        data = self._get(FEDERATION, Collection.CHARTER, motion)
        return None if data is None else CharterChange.decode(data)

    def put_charter(self, charter: CharterChange) -> None:
        """Set a change of the charter."""
        self._put(FEDERATION, Collection.CHARTER, charter.motion, charter.encode())

    def get_charter_answer(self, motion: bytes, cooperative: bytes) -> CharterAnswer | None:
        """What a cooperative says of a change of the charter; None if nothing."""
        data = self._get(FEDERATION, Collection.CHARTER_ANSWER, motion + cooperative)
        return None if data is None else CharterAnswer.decode(data)

    def put_charter_answer(self, motion: bytes, cooperative: bytes, answer: CharterAnswer) -> None:
        """Set what a cooperative says of a change of the charter."""
        self._put(FEDERATION, Collection.CHARTER_ANSWER, motion + cooperative, answer.encode())

    def get_dispute(self, dispute: bytes) -> Dispute | None:
        """A dispute between cooperatives."""
        data = self._get(FEDERATION, Collection.DISPUTE, dispute)
        return None if data is None else Dispute.decode(data)

    def put_dispute(self, dispute: Dispute) -> None:
        """Set where a dispute stands."""
        self._put(FEDERATION, Collection.DISPUTE, dispute.id, dispute.encode())

    def get_seal(self) -> Seal | None:
        """What the chain ended with; None while it goes on."""
        data = self._get(FEDERATION, Collection.SEAL, b"")
        return None if data is None else Seal.decode(data)

    def put_seal(self, seal: Seal) -> None:
        """Set what the chain ended with."""
        self._put(FEDERATION, Collection.SEAL, b"", seal.encode())

    def get_imported_roll(self, cooperative: bytes) -> ImportedRoll | None:
        """How a roll that came from another chain began here; None for one that did not."""
        data = self._get(cooperative, Collection.IMPORTED_ROLL, b"")
        return None if data is None else ImportedRoll.decode(data)

    def put_imported_roll(self, cooperative: bytes, imported: ImportedRoll) -> None:
        """Note how a roll began that came from another chain."""
        self._put(cooperative, Collection.IMPORTED_ROLL, b"", imported.encode())

    def get_import(self, cooperative: bytes) -> Import | None:
        """A former roll that is being brought over."""
        data = self._get(FEDERATION, Collection.IMPORT, cooperative)
        return None if data is None else Import.decode(data)

    def put_import(self, progress: Import) -> None:
        """Set how far a former roll has been brought over."""
        key = progress.seal.cooperative
        self._put(FEDERATION, Collection.IMPORT, key, progress.encode())

    def delete_import(self, cooperative: bytes) -> None:
        """Forget an import that is complete."""
        self.kv.delete(state_key(FEDERATION, Collection.IMPORT, cooperative))

    def went_on_from(self, chain_id: str) -> bool:
        """Check if this chain goes on from another one's last state, over others perhaps."""
        return self._get(FEDERATION, Collection.RECOVERY, chain_id.encode()) is not None

    def put_recovery(self, chain_id: str, recovery: bytes) -> None:
        """Set from which chain, and how, this one goes on (`governance.recovery.Recovery`)."""
        self._put(FEDERATION, Collection.RECOVERY, chain_id.encode(), recovery)

    def put_due(self, kind: DueKind, *, due_ms: int, subject: bytes) -> None:
        """Call something up in the first block at or after a time."""
        self._put(FEDERATION, Collection.FEDERAL_DUE, _due_id(kind, due_ms, subject), _PRESENT)

    def delete_due(self, kind: DueKind, *, due_ms: int, subject: bytes) -> None:
        """Call something up no more; nothing happens if it was not in the queue."""
        due_id = _due_id(kind, due_ms, subject)
        self.kv.delete(state_key(FEDERATION, Collection.FEDERAL_DUE, due_id))

    def list_due(self, *, time_ms: int, entries_max: int) -> list[FederalDue]:
        """What is due at a time, earliest first."""
        prefix = state_key(FEDERATION, Collection.FEDERAL_DUE, b"")
        entries = []
        for key, _ in islice(self.kv.scan(prefix), entries_max):
            record_id = key[len(prefix) :]
            if int.from_bytes(record_id[:_TIME_BYTES], "big") > time_ms:
                break
            kind, subject = DueKind(record_id[_TIME_BYTES]), record_id[_TIME_BYTES + 1 :]
            entries.append(FederalDue(key=key, kind=kind, subject=subject))
        return entries


def _due_id(kind: DueKind, due_ms: int, subject: bytes) -> bytes:
    return due_ms.to_bytes(_TIME_BYTES, "big") + bytes([kind]) + subject
