"""Claims that can be shown one by one."""

import json
import secrets
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from did.base64url import encode_base64url
from did.credentials.disclosures import pack_claims, select_disclosures, unpack_claims
from did.credentials.refusals import CredentialError

CLAIMS: dict[str, Any] = {
    "name": "Ada",
    "roles": ["board", "auditor"],
    "address": {"street": "Toad Lane", "town": "Rochdale"},
}
PATHS = [("name",), ("roles", None), ("address",), ("address", "street")]


def disclose(*parts: Any) -> str:
    return encode_base64url(json.dumps(["salt", *parts]).encode())


def digest(text: str) -> str:
    import hashlib

    return encode_base64url(hashlib.sha256(text.encode()).digest())


def test_the_digest_of_the_rfc_is_found() -> None:
    """RFC 9901 §4.2.3: the published disclosure fits the published digest."""
    disclosure = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    payload = {"_sd": ["X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"]}

    assert unpack_claims(payload, [disclosure]).claims == {"family_name": "Möbius"}


def test_everything_disclosed_is_what_was_packed() -> None:
    """The payload alone shows nothing of what is hidden."""
    payload, disclosures = pack_claims(CLAIMS, disclosable=PATHS, random=secrets.token_bytes)

    assert "Ada" not in json.dumps(payload)
    assert "board" not in json.dumps(payload)
    assert unpack_claims(payload, disclosures).claims == CLAIMS
    assert unpack_claims(payload, []).claims == {"roles": []}


def test_decoys_are_neither_shown_nor_missed() -> None:
    """A digest without a disclosure may be a decoy, or a claim that is kept back."""
    payload, disclosures = pack_claims(
        CLAIMS, disclosable=[("name",)], random=secrets.token_bytes, decoys=5
    )

    assert len(payload["_sd"]) == 6
    assert unpack_claims(payload, disclosures).claims == CLAIMS


def test_chosen_claims_come_with_what_they_lie_in() -> None:
    """A street can only be shown with the address that holds it."""
    payload, disclosures = pack_claims(CLAIMS, disclosable=PATHS, random=secrets.token_bytes)
    unpacked = unpack_claims(payload, disclosures)

    street = select_disclosures(unpacked, [("address", "street")])
    second = select_disclosures(unpacked, [("roles", 1)])

    assert unpack_claims(payload, street).claims == {"roles": [], "address": CLAIMS["address"]}
    assert unpack_claims(payload, second).claims == {"roles": ["auditor"]}
    with pytest.raises(CredentialError):
        select_disclosures(unpacked, [("address", "planet")])


@pytest.mark.parametrize(
    "path", [(), ("nothing",), ("name", "x"), ("roles", 2), ("address", None), ("roles", "0")]
)
def test_refuses_to_hide_what_is_not_there(path: Any) -> None:
    """A misspelt path would leave a claim open that was to be hidden."""
    with pytest.raises(CredentialError):
        pack_claims(CLAIMS, disclosable=[path], random=secrets.token_bytes)


def test_refuses_reserved_names() -> None:
    """Neither packed nor disclosed."""
    for name in ("_sd", "...", "_sd_alg"):
        with pytest.raises(CredentialError):
            pack_claims({"a": {name: 1}}, disclosable=[], random=secrets.token_bytes)
        hidden = disclose(name, [])
        with pytest.raises(CredentialError):
            unpack_claims({"_sd": [digest(hidden)]}, [hidden])


A, B = disclose("a", 1), disclose("b", 2)
ITEM = disclose("item")


@pytest.mark.parametrize(
    ("payload", "disclosures"),
    [
        ({"_sd": [digest(A), digest(A)]}, [A]),
        ({"_sd": [digest(A)], "x": {"_sd": [digest(A)]}}, [A]),
        ({"_sd": [digest(A)]}, [A, A]),
        ({"_sd": [digest(A)]}, [A, B]),
        ({"_sd": [digest(A)], "a": 0}, [A]),
        ({"_sd": digest(A)}, [A]),
        ({"_sd": [5]}, []),
        ({"_sd": ["short"]}, []),
        ({"_sd": [digest(ITEM)]}, [ITEM]),
        ({"x": [{"...": digest(A)}]}, [A]),
        ({"x": [{"...": digest(ITEM), "y": 1}]}, [ITEM]),
        ({"x": {"...": digest(ITEM)}}, [ITEM]),
        ({"_sd_alg": "md5"}, []),
        ({"x": {"_sd_alg": "sha-256"}}, []),
        ({"_sd": [digest("!")]}, ["!"]),
        ({"_sd": [digest(encode_base64url(b"[1"))]}, [encode_base64url(b"[1")]),
        ({"_sd": [digest(encode_base64url(b'[1,"a",2]'))]}, [encode_base64url(b'[1,"a",2]')]),
    ],
)
def test_refuses_what_can_be_read_in_two_ways(payload: Any, disclosures: list[str]) -> None:
    """RFC 9901 §7.1: one claim, one digest, one place."""
    with pytest.raises(CredentialError):
        unpack_claims(payload, disclosures)


def test_refuses_disclosures_without_bound() -> None:
    """Neither in number, nor nested in each other however flat each one is."""
    many = [disclose(str(number), 1) for number in range(257)]
    with pytest.raises(CredentialError, match="at most"):
        unpack_claims({"_sd": [digest(text) for text in many]}, many)
    chain = [disclose("end", 1)]
    for _ in range(20):
        chain.append(disclose("next", {"_sd": [digest(chain[-1])]}))
    with pytest.raises(CredentialError, match="deep"):
        unpack_claims({"_sd": [digest(chain[-1])]}, chain)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-100, 100) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="abc", max_size=3), inner)
    ),
    max_leaves=8,
)


names = st.text(min_size=1, max_size=3).filter(lambda name: name not in {"_sd", "..."})


@given(claims=st.dictionaries(names, values, max_size=5))
def test_packing_and_unpacking_lose_nothing(claims: dict[str, Any]) -> None:
    """Whatever the claims, all disclosures together restore them."""
    payload, disclosures = pack_claims(
        claims, disclosable=[(name,) for name in claims], random=secrets.token_bytes
    )

    assert unpack_claims(payload, disclosures).claims == claims
