"""How the engine keeps its validator set, as its own source says it (v0.38.26).

`types/validator_set.go` (processChanges, updateWithChangeSet) and `state/execution.go`
(updateState, BuildLastCommitInfo), without proposer priorities. Naive on purpose: what it
refuses, the real engine dies of.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from governance.context import Vote
from governance.federal_events import ValidatorUpdated


class EngineDiesError(Exception):
    """The engine cannot apply an update and halts for good."""


@dataclass
class EngineModel:
    """The sets of the last block, this one and the next; key to power."""

    validators: dict[bytes, int] = field(default_factory=dict)
    next_validators: dict[bytes, int] = field(default_factory=dict)
    last_validators: dict[bytes, int] = field(default_factory=dict)

    @classmethod
    def begin(cls, updates: Iterable[ValidatorUpdated]) -> "EngineModel":
        initial = {update.consensus_key: update.power for update in updates}
        return cls(validators=dict(initial), next_validators=dict(initial))

    def votes(self, silent: Sequence[bytes]) -> tuple[Vote, ...]:
        """The last commit, in which these keys are missing."""
        return tuple(
            Vote(address=address_of(key), has_signed=key not in silent)
            for key in self.last_validators
        )

    def can_commit(self, silent: Sequence[bytes]) -> bool:
        """Check if more than two thirds of the power sign this block."""
        power = sum(self.validators.values())
        return sum(p for key, p in self.validators.items() if key not in silent) * 3 > power * 2

    def finish(self, updates: Sequence[ValidatorUpdated]) -> None:
        """Move on by a block whose answer held these updates."""
        changed = update_with_change_set(
            self.next_validators, [(update.consensus_key, update.power) for update in updates]
        )
        self.last_validators = self.validators
        self.validators = self.next_validators
        self.next_validators = changed


def update_with_change_set(
    validators: dict[bytes, int], changes: Sequence[tuple[bytes, int]]
) -> dict[bytes, int]:
    if not changes:
        return dict(validators)
    addresses = [address_of(key) for key, _ in changes]
    if len(set(addresses)) != len(addresses):
        raise EngineDiesError("duplicate entry")
    if any(power < 0 for _, power in changes):
        raise EngineDiesError("voting power can't be negative")
    removals = [key for key, power in changes if power == 0]
    updates = {key: power for key, power in changes if power}
    new_count = sum(1 for key in updates if key not in validators)
    if new_count == 0 and len(validators) == len(removals):
        raise EngineDiesError("applying the validator changes would result in empty set")
    for key in removals:
        if key not in validators:
            raise EngineDiesError("failed to find validator to remove")
    return {key: power for key, power in {**validators, **updates}.items() if key not in removals}


def address_of(consensus_key: bytes) -> bytes:
    return hashlib.sha256(consensus_key).digest()[:20]
