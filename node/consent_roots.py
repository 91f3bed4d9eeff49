"""One root over the heads of all histories of consent of a period, and a person's path to it.

Only the root may leave the node. Leaves are sorted by their salted hash, so that a place in the
tree tells nothing about who joined when, and random ones fill it up, so that its size tells
nothing about how many people there are. `ledger.receipt_consents` checks paths.
"""

from collections.abc import Callable, Mapping
from typing import Annotated

from msgspec import Meta

from config.did_limits import CONSENT_LEAVES_MIN
from did.codec import Record
from did.consent.chain import SALT_BYTES, compute_leaf
from governance.fields import Count, Hash
from governance.merkle_log import compute_inner_hash, compute_leaf_hash

_HASH_BYTES = 32
_PATH_LENGTH_MAX = 40


class ConsentPath(Record, frozen=True, kw_only=True):
    """What proves that a history was under a period's root (RFC 6962 §2.1.1)."""

    number: Count
    """Of the latest entry that the root covers."""
    salt: Hash
    """32 random bytes for this person and period."""
    index: Count
    """Place among the sorted leaves, from 0."""
    path: Annotated[tuple[Hash, ...], Meta(max_length=_PATH_LENGTH_MAX)]
    """From the leaf up; there are two to the power of its length leaves."""


def compute_consent_root(
    heads: Mapping[bytes, tuple[int, bytes]],
    *,
    period: int,
    random: Callable[[int], bytes],
) -> tuple[bytes, dict[bytes, ConsentPath]]:
    """Compute a period's root, and each person's path to it.

    Args:
        heads: Number and head of the latest entry, by the id under which the node keeps a person.
        period: Number of the period, >= 1.
        random: Source of secret bytes.

    Returns:
        The root, 32 bytes, and paths by the same ids.
    """
    salts = {holder: random(SALT_BYTES) for holder in heads}
    owners = {
        compute_leaf(head, period=period, salt=salts[holder]): holder
        for holder, (_, head) in heads.items()
    }
    size = CONSENT_LEAVES_MIN
    while size < len(owners):
        size *= 2
    leaves = sorted([*owners, *(random(_HASH_BYTES) for _ in range(size - len(owners)))])
    levels = _compute_levels(leaves)
    paths = {}
    for index, leaf in enumerate(leaves):
        if leaf in owners:
            holder = owners[leaf]
            paths[holder] = ConsentPath(
                number=heads[holder][0],
                salt=salts[holder],
                index=index,
                path=tuple(level[index >> height ^ 1] for height, level in enumerate(levels[:-1])),
            )
    return levels[-1][0], paths


def _compute_levels(leaves: list[bytes]) -> list[list[bytes]]:
    """Hashes of a full tree, leaves' first, the root's last."""
    levels = [[compute_leaf_hash(leaf) for leaf in leaves]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append(
            [
                compute_inner_hash(below[place], below[place + 1])
                for place in range(0, len(below), 2)
            ]
        )
    return levels
