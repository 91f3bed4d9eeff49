"""Ties: what the count itself says first, then the lot.

The lot's tickets are hashes of salts that all candidates committed to when they were
nominated and reveal after the close. Nobody can know them before, or choose them; who does
not reveal loses every tie. Apart from the methods because all of them draw the same lots.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from config.errors import InvariantError, RefusedError
from did.codec import encode

SALT_BYTES = 32
_LOT_DOMAIN = b"rochdale/lot/v1"


class LotNeededError(RefusedError):
    """Nothing that was counted tells some candidates apart, and no lot is known for them.

    Attributes:
        tied: The candidates, ascending.
    """

    def __init__(self, tied: bytes) -> None:
        super().__init__("a tie needs a lot")
        self.tied = bytes(sorted(tied))


@dataclass(frozen=True, slots=True, kw_only=True)
class LotEntry:
    """A candidate's part in the lot."""

    candidate_id: bytes
    """32 bytes; different for each candidate of a vote."""
    commitment: bytes
    """SHA-256 of the salt, given with the nomination."""
    salt: bytes | None
    """As revealed after the close; None if it was not."""


def compute_commitment(salt: bytes) -> bytes:
    """What a candidate publishes with the nomination: SHA-256 of the salt."""
    return hashlib.sha256(salt).digest()


def is_salt_of(commitment: bytes, salt: bytes) -> bool:
    """Check if a revealed salt is the one that was committed to."""
    return len(salt) == SALT_BYTES and compute_commitment(salt) == commitment


def compute_lot_order(entries: Sequence[LotEntry], *, vote_id: bytes) -> bytes:
    """Draw the lots of a vote.

    A ticket is SHA-512 of the domain, the vote, all revealed salts (sorted) and the
    candidate; the lowest wins. Each salt moves every ticket, so as long as one of the others
    kept theirs to themselves, whoever reveals last can only choose between the lot as it falls
    and losing it.

    Args:
        entries: In the order of the ballot paper.
        vote_id: 32 bytes.

    Returns:
        The candidates' places on the ballot paper, who wins ties first; those without a salt
        last, among themselves by their tickets.

    Raises:
        InvariantError: A salt is not the committed one, or two candidates have one id.
    """
    ids = [entry.candidate_id for entry in entries]
    if len(dict.fromkeys(ids)) != len(ids):
        raise InvariantError("two candidates of one vote have the same id")
    salts = []
    for entry in entries:
        if entry.salt is None:
            continue
        if not is_salt_of(entry.commitment, entry.salt):
            raise InvariantError("a salt in the lot is not what its candidate committed to")
        salts.append(entry.salt)
    salts.sort()

    def rank(place: int) -> tuple[bool, bytes]:
        entry = entries[place]
        drawn = encode([_LOT_DOMAIN, vote_id, salts, entry.candidate_id])
        return entry.salt is None, hashlib.sha512(drawn).digest()

    order: list[int] = sorted(range(len(entries)), key=rank)
    return bytes(order)


def keep_extreme(tied: bytes, totals: Sequence[int], *, is_highest: bool) -> bytes:
    """Those of the tied who had the most, or the fewest, at an earlier stage."""
    extreme = (max if is_highest else min)(totals[candidate] for candidate in tied)
    return bytes(candidate for candidate in tied if totals[candidate] == extreme)


def draw(tied: bytes, lot: bytes, *, is_winner: bool) -> int:
    """Settle a tie by lot.

    Args:
        tied: At least one candidate.
        lot: Candidates, who wins first, as `compute_lot_order` returns them; a lot may also
            name only some.
        is_winner: Whether the one that wins is asked for, or the one that loses.

    Raises:
        LotNeededError: Several are tied and the lot does not name all of them.
    """
    if len(tied) == 1:
        return tied[0]
    order = sort_by_lot(tied, lot)
    return order[0] if is_winner else order[-1]


def sort_by_lot(tied: bytes, lot: bytes) -> bytes:
    """The tied, who wins first.

    Raises:
        LotNeededError: Several are tied and the lot does not name all of them.
    """
    if len(tied) > 1 and any(candidate not in lot for candidate in tied):
        raise LotNeededError(tied)
    return bytes(sorted(tied, key=lot.find))


def sort_if_known(tied: bytes, lot: bytes) -> bytes:
    """The tied by lot where it names them all, else as on the ballot paper.

    For orders that only a reader sees; where a seat hangs on it, `sort_by_lot` decides.
    """
    return sort_by_lot(tied, lot) if all(one in lot for one in tied) else tied


def group_by_score(candidates: bytes, scores: Sequence[int]) -> tuple[bytes, ...]:
    """Candidates with equal scores together, the highest score first."""
    groups: list[bytes] = []
    left = candidates
    while left:
        first = keep_extreme(left, scores, is_highest=True)
        groups.append(first)
        left = bytes(one for one in left if one not in first)
    return tuple(groups)


def take_first(groups: Sequence[bytes], seats_count: int, *, lot: bytes) -> bytes:
    """The first so many of ordered groups of equals, in order; fewer if there are not so many.

    Raises:
        LotNeededError: The last seats fall among equals, and the lot does not name all of them.
    """
    order = b""
    for group in groups:
        left = seats_count - len(order)
        if left < len(group):
            return order + (sort_by_lot(group, lot)[:left] if left else b"")
        order += sort_if_known(group, lot)
    return order
