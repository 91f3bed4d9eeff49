"""What a block header commits to: state, decision log and parameters, as one hash.

Combined as the engine's own SimpleMap does (ICS23 TendermintSpec), so that each part has a
short proof. Height and time are never part of it: a block that changes nothing must not
change the hash, or each would cause the next for ever.
"""

import hashlib
from dataclasses import dataclass

from did.codec import Value
from governance.merkle_log import compute_root


@dataclass(frozen=True, slots=True, kw_only=True)
class AppHashParts:
    """The roots that an app hash combines; 32 bytes each."""

    state_root: bytes
    log_root: bytes
    params_root: bytes

    def compute(self) -> bytes:
        """The app hash; 32 bytes."""
        named = {"log": self.log_root, "params": self.params_root, "state": self.state_root}
        return compute_root(
            [_encode_pair(name.encode(), root) for name, root in sorted(named.items())]
        )

    def to_value(self) -> list[Value]:
        """Positional form: state, log, params."""
        return [self.state_root, self.log_root, self.params_root]


def _encode_pair(key: bytes, value: bytes) -> bytes:
    digest = hashlib.sha256(value).digest()
    return bytes([len(key)]) + key + bytes([len(digest)]) + digest
