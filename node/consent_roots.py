"""One root over the heads of all histories of consent of a period, and a person's path to it.

Only the root may leave the node. Leaves are sorted by their salted hash, so that a place in the
tree tells nothing about who joined when. A path is checked without network.
"""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from config.errors import RefusedError
from did.codec import Record
from did.consent.chain import compute_leaf
from governance.fields import Count, Hash
from governance.merkle_log import compute_inclusion_path, compute_root, is_included

_PATH_LENGTH_MAX = 63


class ConsentPathError(RefusedError):
    """A path of a history of consent leads nowhere."""


class SaltedHead(Record, frozen=True, kw_only=True):
    """The head of one person's history at a period's end, with the salt of that period."""

    head: Hash
    salt: Hash
    """32 random bytes for this person and period."""


class ConsentPath(Record, frozen=True, kw_only=True):
    """What proves that a history was under a period's root (RFC 6962 §2.1.1)."""

    period: Count
    salted_head: SaltedHead
    index: Count
    """Place among the sorted leaves, from 0."""
    size: Count
    """Histories under the root."""
    path: Annotated[tuple[Hash, ...], Meta(max_length=_PATH_LENGTH_MAX)]
    """From the leaf up."""


def compute_consent_root(
    heads: Mapping[str, SaltedHead], *, period: int
) -> tuple[bytes, dict[str, ConsentPath]]:
    """Compute a period's root, and each person's path to it.

    Args:
        heads: By the name under which the node keeps a person.
        period: Number of the period, >= 0.

    Returns:
        The root, 32 bytes, and paths by the same names; without heads the root of an empty tree.
    """
    by_leaf = sorted(
        (compute_leaf(head.head, period=period, salt=head.salt), name)
        for name, head in heads.items()
    )
    leaves = [leaf for leaf, _ in by_leaf]
    levels: dict[tuple[int, int], bytes] = {}

    def read(level: int, index: int) -> bytes:
        if (level, index) not in levels:
            part = leaves[index << level : (index + 1) << level]
            levels[level, index] = compute_root(part)
        return levels[level, index]

    paths = {
        name: ConsentPath(
            period=period,
            salted_head=heads[name],
            index=index,
            size=len(leaves),
            path=compute_inclusion_path(read, index=index, size=len(leaves)),
        )
        for index, (_, name) in enumerate(by_leaf)
    }
    return compute_root(leaves), paths


def check_consent_path(path: ConsentPath, *, head: bytes, root: bytes) -> None:
    """Check that a history was under a period's root.

    Args:
        path: What the node handed out.
        head: Of the person's own history, from `did.consent.chain.check_chain`; 32 bytes.
        root: Of the path's period, from a source that the person trusts; 32 bytes.

    Raises:
        ConsentPathError: The path is of another history, or does not lead to the root.
    """
    if path.salted_head.head != head:
        raise ConsentPathError("the path is of another history, or of an earlier state of it")
    leaf = compute_leaf(head, period=path.period, salt=path.salted_head.salt)
    if not is_included(leaf=leaf, index=path.index, size=path.size, path=path.path, root=root):
        raise ConsentPathError("the path does not lead to the period's root")
