"""What the rules keep of the federation's charter: which text holds, and whom it binds.

Each has one canonical encoding. The numbers in which a charter is kept by the rules are
`governance.charter`; a change of those is a change of the rules.
"""

from did.codec import Record
from governance.fields import Hash, Height, TimeMs


class CharterChange(Record, frozen=True, kw_only=True):
    """A change of the charter that the federation has adopted."""

    motion: Hash
    text_hash: Hash
    """SHA-256 of the charter's text from then on."""
    adopted_height: Height
    opt_out_ends_ms: TimeMs
    """Until then a cooperative's assembly may say that it is not bound."""


class CharterAnswer(Record, frozen=True, kw_only=True):
    """What a cooperative's assembly says of a change of the charter."""

    is_bound: bool
    height: Height
