"""RFC 6962 trees over plain lists: the other side of proofs that read a log node by node."""

from collections.abc import Sequence

from governance.merkle_log import ReadNode, compute_inclusion_path, compute_root


def read_from(leaves: Sequence[bytes]) -> ReadNode:
    """Roots of the complete subtrees over some entries."""
    return lambda level, index: compute_root(leaves[index << level : (index + 1) << level])


def compute_path(leaves: Sequence[bytes], *, index: int) -> tuple[bytes, ...]:
    """The audit path of one of these entries."""
    return compute_inclusion_path(read_from(leaves), index=index, size=len(leaves))
