"""What the rules know of a block and of a transaction's sender.

Apart from the machine so that every rule can name them without importing it.
"""

from dataclasses import dataclass

import msgspec

from config.settings import TEST_CHAIN_PREFIX
from governance.records import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockContext:
    """The block that is being executed; the rules have no other clock."""

    height: int
    """Height of this block, >= 1; at genesis the initial height."""
    time_ms: int
    """Header time in milliseconds since 1970, UTC; strictly increasing."""
    chain_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A validator's part in the commit of the block before."""

    address: bytes
    """20 bytes."""
    has_signed: bool
    """Whether anything of it was seen, be it for that block or for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misbehaviour:
    """What the engine has proof of."""

    address: bytes
    """Of the validator; 20 bytes."""
    kind: int
    """The engine's number (`federal_records.CaseKind`)."""
    height: int
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockFacts:
    """What a block says of validators; the same for all who execute it."""

    votes: tuple[Vote, ...] = ()
    """All that were in the set that signed the block before; none at the first block."""
    misbehaviours: tuple[Misbehaviour, ...] = ()


NO_FACTS = BlockFacts()


class Sender(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who signed a transaction, after the ledger has authenticated it."""

    account: bytes
    """32 bytes; known to be in state and active."""
    record: Account
    """The account as it is in state when the rules begin: most of them ask for it."""
    keys: tuple[bytes, ...]
    """The account's keys that signed, ascending; at least one."""
    nonce: int


def is_test_chain(chain_id: str) -> bool:
    """Check if shortcuts such as scaled windows are allowed on this chain."""
    return chain_id.startswith(TEST_CHAIN_PREFIX)
