"""Keys and values that make a state large: accounts of a cooperative that nobody asks about.

Every value is an account's record with another key in it, so it has the length of a real one
and hashes, compresses and decodes like it. Key and value follow from a number.
"""

import functools
import hashlib

from governance.records import Account, AccountKey, Role
from governance.state_keys import Collection, state_key

_COOPERATIVE = hashlib.sha256(b"rochdale benchmark filler").digest()
_PLACEHOLDER = b"\xaa" * 32


def make_filler_key(number: int) -> bytes:
    """The state key of one account."""
    return state_key(_COOPERATIVE, Collection.ACCOUNT, _hash(b"id", number))


def make_filler_value(number: int, *, version: int = 0) -> bytes:
    """Its record; another one for each version."""
    head, tail = _split_record()
    return head + _hash(b"key %d " % version, number) + tail


@functools.cache
def _split_record() -> tuple[bytes, bytes]:
    record = Account(
        cooperative=_COOPERATIVE,
        role=Role.MEMBER,
        keys=(AccountKey(public_key=_PLACEHOLDER),),
        next_key_commitment=bytes(32),
        guardians_commitment=bytes(32),
        joined_height=1_000,
    )
    head, _, tail = record.encode().partition(_PLACEHOLDER)
    return head, tail


def _hash(what: bytes, number: int) -> bytes:
    return hashlib.sha256(what + b"%d" % number).digest()
