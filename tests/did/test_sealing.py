"""Sealing under a key, to one reader, and to two together."""

import hmac
import secrets
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import RefusedError
from did.keys import KeyPair
from did.sealing import (
    SealError,
    compute_box_key,
    derive_key,
    find_box_key,
    find_box_secret,
    open_as_one,
    open_box,
    open_first,
    seal,
    seal_to,
    seal_to_each,
    seal_to_two,
    unseal,
)

KEY = bytes(range(32))
READERS = [bytes([number]) * 32 for number in (1, 2, 3)]
PUBLIC = [compute_box_key(secret) for secret in READERS]


@given(data=st.binary(max_size=200), position=st.integers(min_value=0), flip=st.integers(1, 255))
def test_any_changed_byte_is_noticed(data: bytes, position: int, flip: int) -> None:
    """Nonce, ciphertext and tag alike."""
    sealed = bytearray(seal(data, key=KEY, place=b"here", random=secrets.token_bytes))
    assert unseal(bytes(sealed), key=KEY, place=b"here") == data
    sealed[position % len(sealed)] ^= flip

    with pytest.raises(SealError):
        unseal(bytes(sealed), key=KEY, place=b"here")


@pytest.mark.parametrize(
    ("key", "place", "cut"),
    [(bytes(32), b"here", None), (KEY, b"there", None), (KEY, b"here", 27), (KEY, b"here", 0)],
)
def test_opens_with_its_key_in_its_place_alone(key: bytes, place: bytes, cut: int | None) -> None:
    """Moved, shortened or under another key it is refused."""
    sealed = seal(b"", key=KEY, place=b"here", random=secrets.token_bytes)

    with pytest.raises(SealError):
        unseal(sealed[:cut], key=key, place=place)


def test_keys_for_two_purposes_have_nothing_in_common() -> None:
    """RFC 5869 §2.2 and §2.3 by hand: files depend on the value."""
    extracted = hmac.digest(bytes(32), KEY, "sha256")
    expanded = hmac.digest(extracted, b"rochdale/a\x01", "sha256")

    assert derive_key(KEY, purpose="a") == expanded
    assert derive_key(KEY, purpose="b") != expanded


def test_an_ed25519_key_can_be_sealed_to() -> None:
    """Its X25519 form is the same from either half."""
    key = KeyPair(b"s" * 32)

    assert compute_box_key(find_box_secret(key)) == find_box_key(key.public_key)
    box = seal_to(find_box_key(key.public_key), b"for you")
    assert open_box(box, secret=find_box_secret(key)) == b"for you"


@pytest.mark.parametrize("public_key", [b"\xff" * 32, b"short", bytes(32)])
def test_nothing_is_sealed_to_what_is_no_key(public_key: bytes) -> None:
    """Points of small order have no use either."""
    with pytest.raises(SealError):
        find_box_key(public_key)


def test_each_of_several_opens_alone_and_nobody_else() -> None:
    """As for the names book."""
    sealed = seal_to_each(PUBLIC, b"name")

    assert {open_as_one(sealed, secret=secret) for secret in READERS} == {b"name"}
    with pytest.raises(SealError, match="others"):
        open_as_one(sealed, secret=b"x" * 32)


@pytest.mark.parametrize(("first", "second"), list(permutations(READERS, 2)))
def test_any_two_open_together_in_either_order(first: bytes, second: bytes) -> None:
    """Two of three."""
    inner = open_first(seal_to_two(PUBLIC, b"link"), secret=first)

    assert open_as_one(inner, secret=second) == b"link"


def test_one_alone_opens_nothing_that_was_sealed_to_two() -> None:
    """The first part holds boxes for others only."""
    inner = open_first(seal_to_two(PUBLIC, b"link"), secret=READERS[0])

    with pytest.raises(SealError, match="others"):
        open_as_one(inner, secret=READERS[0])
    assert b"link" not in inner


def test_a_single_reader_does_both_parts() -> None:
    """A cooperative with one registrar."""
    inner = open_first(seal_to_two(PUBLIC[:1], b"link"), secret=READERS[0])

    assert open_as_one(inner, secret=READERS[0]) == b"link"


@pytest.mark.parametrize("count", [0, 6])
def test_refuses_too_few_or_too_many_readers(count: int) -> None:
    """Pairs grow with the square."""
    with pytest.raises(SealError):
        seal_to_two([bytes([number + 1]) * 32 for number in range(count)], b"link")


def test_a_stranger_has_no_part_in_it() -> None:
    """Not even the first."""
    with pytest.raises(SealError, match="others"):
        open_first(seal_to_two(PUBLIC, b"link"), secret=b"x" * 32)


@given(st.binary(max_size=100))
def test_garbage_is_refused(data: bytes) -> None:
    """Whatever it is, never a traceback."""
    with pytest.raises(RefusedError):
        open_as_one(data, secret=READERS[0])
    with pytest.raises(RefusedError):
        open_box(data, secret=READERS[0])
