"""Commitments: what they hide, how they add up, and which points are none."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import crypto_core_ed25519_add

from governance.value.commitments import (
    GROUP_ORDER,
    IDENTITY,
    RANDOM_BYTES,
    SECOND_GENERATOR,
    CommitmentError,
    add_blindings,
    add_commitments,
    commit,
    compute_slot,
    decode_scalar,
    encode_scalar,
    is_commitment,
    is_opening,
    make_scalar,
    multiply,
)
from tests.governance.value import edwards

ORDER_8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
"""A point of order 8: torsion."""
scalars = st.integers(1, GROUP_ORDER - 1)
parts = st.lists(st.tuples(st.integers(0, 10**6), scalars), min_size=1, max_size=6)


def test_nobody_chose_the_second_generator() -> None:
    """The first hash in a row that is a point of the subgroup, as another program finds it."""
    for counter in range(256):
        candidate = hashlib.sha256(
            b"rochdale/pedersen/second-generator/v1" + counter.to_bytes(4, "big")
        ).digest()
        point = edwards.decode(candidate)
        if point is not None and edwards.multiply(GROUP_ORDER, point) == edwards.NEUTRAL:
            break

    assert candidate == SECOND_GENERATOR
    assert SECOND_GENERATOR.hex() == (
        "9e88e60adcfaa22faa2468fd365e0c2baa73d2539be32521325a8a1831df7864"
    )


@given(st.integers(0, 10**9), scalars)
@settings(max_examples=10)
def test_a_commitment_is_what_plain_arithmetic_makes_of_it(weight: int, blinding: int) -> None:
    """C = w·G + r·H, by a second implementation of the group."""
    second = edwards.decode(SECOND_GENERATOR)
    assert second is not None
    expected = edwards.add(
        edwards.multiply(weight, edwards.BASE), edwards.multiply(blinding, second)
    )

    assert commit(weight, blinding=blinding) == edwards.encode(expected)


@given(parts)
def test_the_sum_of_commitments_opens_to_the_sum_of_weights_only(
    items: list[tuple[int, int]],
) -> None:
    """V1: the ledger learns the total and checks it."""
    total = add_commitments(commit(weight, blinding=blinding) for weight, blinding in items)
    weight = sum(weight for weight, _ in items)
    blinding = add_blindings(blinding for _, blinding in items)

    assert is_opening(total, weight=weight, blinding=blinding)
    assert not is_opening(total, weight=weight + 1, blinding=blinding)
    assert not is_opening(total, weight=weight, blinding=(blinding + 1) % GROUP_ORDER)
    assert not is_opening(total, weight=-1, blinding=blinding)
    assert not is_opening(total, weight=weight, blinding=GROUP_ORDER)


@given(parts, st.integers(0, 6))
def test_a_sum_goes_on_from_where_it_was(items: list[tuple[int, int]], cut: int) -> None:
    """Batches come in separate transactions."""
    commitments = [commit(weight, blinding=blinding) for weight, blinding in items]

    first = add_commitments(commitments[:cut])

    assert add_commitments(commitments[cut:], to=first) == add_commitments(commitments)
    assert add_commitments([]) == IDENTITY


def test_equal_weights_look_different() -> None:
    """What is the same behind two commitments, nobody sees."""
    assert commit(4, blinding=1) != commit(4, blinding=2)


def not_canonical() -> bytes:
    """The encoding of some point with its y coordinate plus the field's prime."""
    for y in range(2, 19):
        point = edwards.decode(y.to_bytes(32, "little"))
        if point is not None:
            return (y + edwards.P).to_bytes(32, "little")
    raise AssertionError


@pytest.mark.parametrize(
    "point",
    [
        b"",
        bytes(31),
        bytes(32),
        bytes(33),
        IDENTITY,
        ORDER_8,
        crypto_core_ed25519_add(commit(1, blinding=1), ORDER_8),
        b"\xff" * 32,
        not_canonical(),
        b"\x02" + bytes(31),
    ],
    ids=["none", "short", "zero", "long", "identity", "order 8", "torsion", "y", "p", "off curve"],
)
def test_refuses_what_is_no_point_of_the_subgroup(point: bytes) -> None:
    """A part of small order would let a sum open in more than one way."""
    assert not is_commitment(point)
    with pytest.raises(CommitmentError, match="commitment"):
        add_commitments([point])


def test_refuses_weights_and_blindings_out_of_bounds() -> None:
    """A blinding of 0 hides nothing."""
    for weight, blinding in ((-1, 1), (GROUP_ORDER, 1), (0, 0), (0, GROUP_ORDER)):
        with pytest.raises(CommitmentError):
            commit(weight, blinding=blinding)
    with pytest.raises(CommitmentError, match="random_bytes"):
        make_scalar(bytes(RANDOM_BYTES - 1))
    assert make_scalar(bytes(RANDOM_BYTES)) == 1


def test_a_scalar_has_one_encoding() -> None:
    """Or a proof could be sent in two forms."""
    assert decode_scalar(encode_scalar(GROUP_ORDER - 1)) == GROUP_ORDER - 1
    assert decode_scalar(encode_scalar(GROUP_ORDER)) is None
    assert decode_scalar(b"\x01") is None


def test_multiples_of_nothing_are_nothing() -> None:
    """The library has no answer for these; the group does."""
    assert multiply(0, SECOND_GENERATOR) == IDENTITY
    assert multiply(GROUP_ORDER, SECOND_GENERATOR) == IDENTITY
    assert multiply(5, IDENTITY) == IDENTITY


def test_a_slot_binds_account_and_pool() -> None:
    """One commitment cannot serve two members or two pools."""
    slot = compute_slot(account=b"a" * 32, salt=b"s" * 32, pool=b"p" * 32)

    assert slot != compute_slot(account=b"b" * 32, salt=b"s" * 32, pool=b"p" * 32)
    assert slot != compute_slot(account=b"a" * 32, salt=b"t" * 32, pool=b"p" * 32)
    assert slot != compute_slot(account=b"a" * 32, salt=b"s" * 32, pool=b"q" * 32)
