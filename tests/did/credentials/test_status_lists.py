"""Status lists: packed, published as credentials, unpacked within bounds."""

import base64
import gzip
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import STATUS_LIST_ENTRIES, STATUS_LIST_ENTRIES_MAX
from did.credentials.contexts import CREDENTIALS_CONTEXT
from did.credentials.refusals import CredentialError
from did.credentials.status_lists import (
    StatusPurpose,
    decode_bits,
    encode_bits,
    pack_bits,
    read_status_list,
    render_status_list,
)
from tests.did.credentials.parties import ISSUER, LIST_URL, check, date, did_of, sign


def render(*indexes: int, **changes: Any) -> Any:
    arguments: dict[str, Any] = {
        "url": LIST_URL,
        "issuer": did_of(ISSUER),
        "purpose": StatusPurpose.REVOCATION,
        "indexes": indexes,
        "valid_from": date(-10),
        "valid_until": date(600),
        "contexts": [CREDENTIALS_CONTEXT],
        **changes,
    }
    return sign(render_status_list(**arguments))


def encode(data: bytes) -> str:
    return "u" + base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_the_example_of_the_recommendation_unpacks_to_nothing() -> None:
    """W3C Bitstring Status List, example 2: 131,072 bits, none set."""
    text = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"

    assert decode_bits(text) == bytes(STATUS_LIST_ENTRIES // 8)


@given(indexes=st.sets(st.integers(0, STATUS_LIST_ENTRIES - 1), max_size=20))
def test_exactly_the_given_bits_are_set(indexes: set[int]) -> None:
    """Through packing, signing, checking and reading."""
    found = read_status_list(check(render(*indexes)), url=LIST_URL)

    assert all(found.is_set(index) for index in indexes)
    assert sum(bits.bit_count() for bits in found.bits) == len(indexes)


def test_a_busy_list_stays_small() -> None:
    """Five hundred revoked members cost a kilobyte or two."""
    source = random.Random(1)
    text = encode_bits(pack_bits(source.sample(range(STATUS_LIST_ENTRIES), 500)))

    assert len(text) < 2_500


def test_a_bomb_is_not_unpacked() -> None:
    """A gigabyte of zeros in a megabyte of text, a gzip in a gzip: refused early."""
    bomb = gzip.compress(bytes(STATUS_LIST_ENTRIES_MAX // 8 + 1), mtime=0)
    with pytest.raises(CredentialError, match="at most"):
        decode_bits(encode(bomb))
    with pytest.raises(CredentialError, match="bounded"):
        decode_bits(encode(gzip.compress(bytes(1 << 28), mtime=0)))
    decode_bits(encode(gzip.compress(bytes(STATUS_LIST_ENTRIES_MAX // 8), mtime=0)))


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "u",
        "z" + encode(gzip.compress(bytes(16_384), mtime=0))[1:],
        encode(b"not gzip"),
        encode(gzip.compress(bytes(16_383), mtime=0)),
        encode(gzip.compress(bytes(16_384), mtime=0)[:-1]),
        encode(gzip.compress(bytes(16_384), mtime=0) + b"x"),
        encode(gzip.compress(bytes(16_384), mtime=0)) + "!",
        "u" + "é" * 10,
    ],
)
def test_refuses_malformed_lists(text: Any) -> None:
    """Another encoding, too short, cut off, trailing bytes."""
    with pytest.raises(CredentialError):
        decode_bits(text)


def test_refuses_a_list_that_is_none() -> None:
    """Another credential, another place, another subject."""
    with pytest.raises(CredentialError, match="elsewhere"):
        read_status_list(check(render(url="https://a.example/other")), url=LIST_URL)
    good = render()
    for change in (
        {"type": ["VerifiableCredential"]},
        {"credentialSubject": [good["credentialSubject"]] * 2},
        {"credentialSubject": {**good["credentialSubject"], "type": "StatusList2021"}},
        {"credentialSubject": {**good["credentialSubject"], "encodedList": "u"}},
    ):
        document = {name: value for name, value in good.items() if name != "proof"}
        with pytest.raises(CredentialError):
            read_status_list(check(sign({**document, **change})), url=LIST_URL)


def test_refuses_indexes_beyond_the_list() -> None:
    """When writing and when reading."""
    with pytest.raises(CredentialError):
        pack_bits([STATUS_LIST_ENTRIES])
    found = read_status_list(check(render()), url=LIST_URL)
    for index in (-1, STATUS_LIST_ENTRIES):
        with pytest.raises(CredentialError):
            found.is_set(index)


def test_how_long_a_list_may_be_kept_is_read_or_refused() -> None:
    """Bitstring Status List v1.0 §2.2: milliseconds."""

    def read(ttl: Any) -> int | None:
        document = render_status_list(
            url=LIST_URL,
            issuer=did_of(ISSUER),
            purpose=StatusPurpose.REVOCATION,
            indexes=(),
            valid_from=date(-10),
            valid_until=date(600),
            contexts=[CREDENTIALS_CONTEXT],
        )
        document["credentialSubject"]["ttl"] = ttl
        return read_status_list(check(sign(document)), url=LIST_URL).ttl_s

    assert read_status_list(check(render()), url=LIST_URL).ttl_s is None
    assert (read(0), read(999), read(300_000)) == (0, 0, 300)
    for ttl in (-1, True, "300000", 1.5):
        with pytest.raises(CredentialError, match="milliseconds"):
            read(ttl)
