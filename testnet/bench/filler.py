"""Keys and values that make a state large: members of a cooperative, and how they voted.

As in a real state, most of it are ballots: one account to nine of them. Every account's value
is a real record with another key in it, so it has the length of a real one and hashes,
compresses and decodes like it. Key and value follow from a number.
"""

import functools
import hashlib

from governance.proposal_records import Ballot, Choice
from governance.records import Account, AccountKey, Role
from governance.state_keys import Collection, state_key

ACCOUNT_EVERY = 10
"""One in so many numbers is an account; the others are ballots."""
NAMESPACE = hashlib.sha256(b"rochdale benchmark filler").digest()
"""The cooperative's."""
_PLACEHOLDER = b"\xaa" * 32
_BALLOT = Ballot(choice=Choice.YES).encode()
_BALLOTS_OF_VOTE = 20_000


def make_filler_key(number: int) -> bytes:
    """The state key of one account or ballot."""
    if number % ACCOUNT_EVERY == 0:
        return state_key(NAMESPACE, Collection.ACCOUNT, _hash(b"id", number))
    proposal = _hash(b"proposal", number // _BALLOTS_OF_VOTE)
    return state_key(NAMESPACE, Collection.BALLOT, proposal + _hash(b"id", number))


def make_filler_value(number: int, *, version: int = 0) -> bytes:
    """Its record; another one of an account for each version."""
    if number % ACCOUNT_EVERY:
        return _BALLOT
    head, tail = _split_record()
    return head + _hash(b"key %d " % version, number) + tail


@functools.cache
def _split_record() -> tuple[bytes, bytes]:
    record = Account(
        cooperative=NAMESPACE,
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
