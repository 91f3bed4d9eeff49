"""The kinds of fields that records, transactions and events are made of.

Types with their bounds, for annotations; `did.codec.Record` checks them.
"""

from typing import Annotated

from msgspec import Meta

from config.limits import COOPERATIVE_NAME_MAX, DID_CHARS_MAX, P2P_ADDRESS_CHARS_MAX

INTEGER_MAX = (1 << 63) - 1
STATE_VALUE_BYTES_MAX = 65_536
"""Longest value that a record in state may take."""

Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]
"""SHA-256, an id, or an Ed25519 key: 32 bytes."""
HashOrEmpty = Annotated[bytes, Meta(max_length=32)]
"""32 bytes, or none where there is nothing to name."""
Count = Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
Height = Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
TimeMs = Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]
RulesVersion = Annotated[int, Meta(ge=1, le=10_000)]
"""Number of a version of the rules; they begin with 1."""
SoftwareVersion = Annotated[
    str, Meta(pattern=r"\A(0|[1-9][0-9]{0,4})(\.(0|[1-9][0-9]{0,4})){2}\Z", max_length=17)
]
"""A released version of Rochdale, such as `1.4.0`."""
NodeId = Annotated[bytes, Meta(min_length=20, max_length=20)]
"""The engine's node id: 20 bytes of its key's SHA-256."""
Address = Annotated[bytes, Meta(min_length=20, max_length=20)]
"""How the engine names a validator: 20 bytes of its key's SHA-256."""
# Patterns end in \Z: a dollar would let a line's end pass.
_DID = r"did:web:[a-z0-9.-]+(%3A[1-9][0-9]{0,4})?"
Did = Annotated[str, Meta(max_length=DID_CHARS_MAX, pattern=rf"^{_DID}\Z")]
"""A cooperative's did:web: that of an https origin, perhaps with a port."""
DidOrEmpty = Annotated[str, Meta(max_length=DID_CHARS_MAX, pattern=rf"^({_DID})?\Z")]
Name = Annotated[str, Meta(max_length=COOPERATIVE_NAME_MAX, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
"""As people read it; without control characters."""
P2pAddress = Annotated[str, Meta(max_length=P2P_ADDRESS_CHARS_MAX, pattern=r"^[!-~]*\Z")]
"""Where an engine is reached, `<host>:<port>`; empty where nobody said."""
