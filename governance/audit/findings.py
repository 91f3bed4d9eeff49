"""What an audit finds: the first place where the ledger says something else than it should.

Apart from the recounts because all of them report alike. A finding names counts, totals and
hashes, and never a member.
"""

from dataclasses import dataclass
from enum import IntEnum

from config.errors import RefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which outcome is being recounted."""

    cooperative: bytes
    """Id; empty for what is the federation's."""
    what: str
    """`proposal`, `insight`, `countback`, `period`, `netting`, `body`, `roll`, `books` or
    `list`."""
    id: str
    """The proposal's id in hexadecimal, a period's or quarter's number, or a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the ledger says, and what follows from its data."""

    place: Place
    field: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """How much was recounted, and the first difference; None if everything holds."""

    outcomes_count: int = 0
    ballots_count: int = 0
    countbacks_count: int = 0
    distributions_count: int = 0
    nettings_count: int = 0
    amounts_count: int = 0
    """Members' amounts that were checked with what the auditor was shown."""
    difference: Difference | None = None


class AuditError(RefusedError):
    """The ledger says something else than follows from its data.

    Attributes:
        difference: What.
    """

    def __init__(self, difference: Difference) -> None:
        place = difference.place
        super().__init__(
            f"{place.what} {place.id}: {difference.field} is {difference.found}, and should be "
            f"{difference.expected}"
        )
        self.difference = difference


def expect(place: Place, field: str, *, expected: object, found: object) -> None:
    """Check that the ledger says what follows from its data.

    Raises:
        AuditError: It does not.
    """
    if expected != found:
        raise AuditError(
            Difference(place=place, field=field, expected=_render(expected), found=_render(found))
        )


def _render(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex() or "nothing"
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_render, value)) + "]"
    return "nothing" if value is None else str(value)
