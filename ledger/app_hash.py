"""What a block header commits to: state, decision log and parameters, as one hash.

Combined as the engine's own SimpleMap does (ICS 23, TendermintSpec), so that each part has a
short proof. Height and time are never part of it: a block that changes nothing must not
change the hash, or each would cause the next for ever.
"""

import hashlib
from dataclasses import dataclass

from governance.logs import DECISIONS, get_frontier
from governance.state_keys import FEDERATION, Collection, state_key
from governance.view import KeyValue, StateView
from ledger.ics23 import TENDERMINT, Existence, Step, compute_leaf_hash, encode_existence

STATE_PART = b"state"
"""The state's root's name within the app hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppHashParts:
    """The roots that an app hash combines; 32 bytes each."""

    state_root: bytes
    log_root: bytes
    params_root: bytes

    def compute(self) -> bytes:
        """The app hash; 32 bytes."""
        state = compute_leaf_hash(STATE_PART, self.state_root, spec=TENDERMINT)
        return hashlib.sha256(b"\x01" + self._compute_others() + state).digest()

    def prove_state(self) -> bytes:
        """Prove the state's root under the app hash; a CommitmentProof."""
        path = (Step(is_right=True, sibling=self._compute_others()),)
        proof = Existence(key=STATE_PART, value=self.state_root, path=path)
        return encode_existence(proof, spec=TENDERMINT)

    def _compute_others(self) -> bytes:
        # The names in their order: log, params, state; of three, the first two are a subtree.
        log = compute_leaf_hash(b"log", self.log_root, spec=TENDERMINT)
        params = compute_leaf_hash(b"params", self.params_root, spec=TENDERMINT)
        return hashlib.sha256(b"\x01" + log + params).digest()


def compute_parts(kv: KeyValue, *, state_root: bytes) -> AppHashParts:
    """What the app hash of a state combines.

    Args:
        kv: The state.
        state_root: The root of its tree.
    """
    parameters = kv.get(state_key(FEDERATION, Collection.PARAMETERS, b"")) or b""
    return AppHashParts(
        state_root=state_root,
        log_root=get_frontier(StateView(kv), DECISIONS).compute_root(),
        params_root=hashlib.sha256(parameters).digest(),
    )
