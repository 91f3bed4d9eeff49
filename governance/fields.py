"""The kinds of fields that records, transactions and events are made of.

Types with their bounds, for annotations; `did.codec.Record` checks them.
"""

from typing import Annotated

from msgspec import Meta

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
