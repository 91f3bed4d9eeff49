"""Every history of consent has a path to its period's root, and no other history has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from governance.merkle_log import EMPTY_ROOT
from node.consent_roots import (
    ConsentPathError,
    SaltedHead,
    check_consent_path,
    compute_consent_root,
)

_HASHES = st.binary(min_size=32, max_size=32)
_HEADS = st.dictionaries(
    st.text(min_size=1, max_size=4),
    st.builds(SaltedHead, head=_HASHES, salt=_HASHES),
    min_size=1,
    max_size=20,
)


@given(heads=_HEADS, period=st.integers(0, 2**40))
def test_every_history_has_a_path(heads: dict[str, SaltedHead], period: int) -> None:
    root, paths = compute_consent_root(heads, period=period)

    assert paths.keys() == heads.keys()
    for name, path in paths.items():
        check_consent_path(path, head=heads[name].head, root=root)


@given(heads=_HEADS, bit=st.integers(0, 255))
def test_a_changed_head_salt_period_or_root_is_refused(
    heads: dict[str, SaltedHead], bit: int
) -> None:
    root, paths = compute_consent_root(heads, period=7)
    path = next(iter(paths.values()))
    salted = path.salted_head
    other_head = replace(salted, head=_flip(salted.head, bit))
    other_salt = replace(salted, salt=_flip(salted.salt, bit))

    for changed, head, against in (
        (path, other_head.head, root),
        (replace(path, salted_head=other_head), other_head.head, root),
        (replace(path, salted_head=other_salt), salted.head, root),
        (replace(path, period=8), salted.head, root),
        (path, salted.head, _flip(root, bit)),
    ):
        with pytest.raises(ConsentPathError):
            check_consent_path(changed, head=head, root=against)


def test_a_period_without_histories_has_the_empty_root() -> None:
    assert compute_consent_root({}, period=1) == (EMPTY_ROOT, {})


def _flip(value: bytes, bit: int) -> bytes:
    return (int.from_bytes(value) ^ (1 << bit)).to_bytes(32)
