"""Every history has a path to its period's root, and the tree hides how many there are."""

import hashlib
import random

import pytest

from config.did_limits import CONSENT_LEAVES_MIN
from did.consent.chain import compute_leaf
from governance.merkle_log import compute_root, is_included
from node import consent_roots
from node.consent_roots import compute_consent_root

SEED = 20_261_127


def make_heads(count: int) -> dict[bytes, tuple[int, bytes]]:
    return {
        bytes([number]) * 16: (number + 1, hashlib.sha256(bytes([number])).digest())
        for number in range(count)
    }


@pytest.mark.parametrize("count", [0, 1, 2, 5, 8, 9, 40])
def test_every_history_has_a_path(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there are more people than leaves in the smallest tree."""
    monkeypatch.setattr(consent_roots, "CONSENT_LEAVES_MIN", 8)
    heads = make_heads(count)

    root, paths = compute_consent_root(heads, period=7, random=random.Random(SEED).randbytes)

    assert paths.keys() == heads.keys()
    for holder, path in paths.items():
        number, head = heads[holder]
        size = 1 << len(path.path)
        assert size >= max(8, count)
        leaf = compute_leaf(head, period=7, salt=path.salt)
        assert path.number == number
        assert is_included(leaf=leaf, index=path.index, size=size, path=path.path, root=root)


def test_trees_of_few_and_of_nobody_look_alike() -> None:
    """The same number of leaves, each sorted, none told from another."""
    one, paths = compute_consent_root(make_heads(1), period=1, random=random.Random(1).randbytes)
    none, empty = compute_consent_root({}, period=1, random=random.Random(1).randbytes)

    assert (len(one), len(none), empty) == (32, 32, {})
    (path,) = paths.values()
    assert 1 << len(path.path) == CONSENT_LEAVES_MIN


def test_the_root_is_that_of_the_sorted_leaves() -> None:
    """As RFC 6962 computes it; the salts are the first that are drawn."""
    draws = [hashlib.sha256(bytes([1, n % 256, n // 256])).digest() for n in range(1_100)]
    left = iter(draws)
    heads = make_heads(3)

    root, _ = compute_consent_root(heads, period=2, random=lambda _: next(left))

    own = [
        compute_leaf(head, period=2, salt=salt)
        for (_, head), salt in zip(heads.values(), draws, strict=False)
    ]
    assert root == compute_root(sorted([*own, *draws[3:CONSENT_LEAVES_MIN]]))


def test_leaves_of_two_periods_have_nothing_in_common() -> None:
    """Fresh salts each time."""
    chance = random.Random(SEED)
    _, first = compute_consent_root(make_heads(4), period=1, random=chance.randbytes)
    _, second = compute_consent_root(make_heads(4), period=2, random=chance.randbytes)

    assert {path.salt for path in first.values()}.isdisjoint(path.salt for path in second.values())
