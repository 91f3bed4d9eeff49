"""Signed requests, against the vector of the RFC and against changes."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from http_message_signatures import HTTPMessageSigner
from hypothesis import given
from hypothesis import strategies as st

from activitypub import signatures
from activitypub.signatures import (
    HttpRequest,
    SignatureError,
    check_request,
    read_signature,
    sign_request,
)
from did.keys import KeyPair

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "rfc9421_b26.json").read_bytes()
)
KEY = KeyPair(b"\x01" * 32)
KEY_ID = "https://a.example/actor#http"
URL = "https://b.example/inbox?x=1"
NOW_S = 1_800_000_000
BODY = b'{"type":"Follow"}'


def make(verb: str = "POST", content: bytes = BODY, **changes: Any) -> HttpRequest:
    """A signed request, and what its receiver sees of it."""
    headers = sign_request(
        method=verb, url=URL, body=content, key=KEY, key_id=KEY_ID, created_s=NOW_S
    )
    seen = {"method": verb, "url": URL, "headers": tuple(headers.items()), "body": content}
    return HttpRequest(**{**seen, **changes})


def sign_parts(*covered: str, body: bytes | None = BODY, **parameters: Any) -> HttpRequest:
    """A request that signs what it likes."""
    message = signatures._Message(method="POST", url=URL, headers=signatures._Fields(()))
    HTTPMessageSigner(
        signature_algorithm=signatures._Ed25519, key_resolver=signatures._SigningKey(KEY)
    ).sign(
        message,
        **{
            "key_id": KEY_ID,
            "created": datetime.fromtimestamp(NOW_S, tz=UTC),
            "covered_component_ids": covered,
            "body": body,
            **parameters,
        },
    )
    lines = tuple(message.headers.items())
    return HttpRequest(method="POST", url=URL, headers=lines, body=BODY)


def check(request: HttpRequest, *, now_s: int = NOW_S) -> None:
    """Both steps."""
    claim = read_signature(request, now_s=now_s)
    check_request(request, public_key=KEY.public_key, key_id=claim.key_id, now_s=now_s)


def test_signing_gives_the_bytes_of_the_rfc() -> None:
    """RFC 9421 appendix B.2.6: the same components and key give the published signature."""
    key = KeyPair(base64.b64decode(VECTOR["private_key_der"])[-32:])
    assert key.public_key == base64.b64decode(VECTOR["public_key_der"])[-32:]
    lines = [(name, value) for name, value in VECTOR["headers"]]
    message = signatures._Message(
        method=VECTOR["method"], url=VECTOR["url"], headers=signatures._Fields(lines)
    )

    HTTPMessageSigner(
        signature_algorithm=signatures._Ed25519, key_resolver=signatures._SigningKey(key)
    ).sign(
        message,
        key_id=VECTOR["key_id"],
        created=datetime.fromtimestamp(VECTOR["created"], tz=UTC),
        label=VECTOR["label"],
        include_alg=False,
        covered_component_ids=VECTOR["covered"],
        use_existing_digest=True,
    )

    assert message.headers["Signature-Input"] == VECTOR["signature_input"]
    assert message.headers["Signature"] == VECTOR["signature"]


def test_the_vector_of_the_rfc_holds_but_covers_too_little() -> None:
    """Its signature is valid, and it leaves out query and body."""
    request = HttpRequest(
        method=VECTOR["method"],
        url=VECTOR["url"],
        headers=(
            *((name, value) for name, value in VECTOR["headers"]),
            ("Signature-Input", VECTOR["signature_input"]),
            ("Signature", VECTOR["signature"]),
        ),
        body=VECTOR["body"].encode(),
    )
    public_key = base64.b64decode(VECTOR["public_key_der"])[-32:]
    claim = read_signature(request, now_s=VECTOR["created"])

    assert (claim.key_id, claim.created_s) == (VECTOR["key_id"], VECTOR["created"])
    with pytest.raises(SignatureError, match="covers neither"):
        check_request(request, public_key=public_key, key_id=claim.key_id, now_s=VECTOR["created"])


@pytest.mark.parametrize(("method", "body"), [("POST", BODY), ("GET", b"")])
def test_a_signed_request_is_accepted(method: str, body: bytes) -> None:
    """And names its key."""
    request = make(method, body)

    assert read_signature(request, now_s=NOW_S).key_id == KEY_ID
    check(request)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"url": "https://b.example/inbox?x=2"},
        {"url": "https://c.example/inbox?x=1"},
        {"url": "https://b.example/other?x=1"},
        {"body": BODY + b" "},
        {"body": b""},
    ],
)
def test_refuses_another_request(change: dict[str, Any]) -> None:
    """Method, target and body are covered."""
    with pytest.raises(SignatureError):
        check(make(**change))


def test_refuses_a_body_added_to_a_get() -> None:
    """A body that no digest covers is refused."""
    with pytest.raises(SignatureError):
        check(make("GET", b"", body=b"{}"))


def test_refuses_a_swapped_digest() -> None:
    """The digest that matches another body is not the one that was signed."""
    other = make(content=b"{}")
    lines = dict(make().headers)
    lines["Content-Digest"] = dict(other.headers)["Content-Digest"]

    with pytest.raises(SignatureError):
        check(make(headers=tuple(lines.items()), body=b"{}"))


@pytest.mark.parametrize("age_s", [-301, 301, 10**9])
def test_refuses_a_stale_signature(age_s: int) -> None:
    """Five minutes either way; the check with the key looks again."""
    request = make()
    check(request, now_s=NOW_S + 300)
    check(request, now_s=NOW_S - 300)

    with pytest.raises(SignatureError):
        read_signature(request, now_s=NOW_S + age_s)
    with pytest.raises(SignatureError):
        check_request(request, public_key=KEY.public_key, key_id=KEY_ID, now_s=NOW_S + age_s)


def test_refuses_another_key() -> None:
    """By its bytes or by its name."""
    with pytest.raises(SignatureError):
        check_request(
            make(), public_key=KeyPair(b"\x02" * 32).public_key, key_id=KEY_ID, now_s=NOW_S
        )
    with pytest.raises(SignatureError):
        check_request(make(), public_key=KEY.public_key, key_id="https://a.example/x", now_s=NOW_S)


def test_the_target_may_be_signed_in_parts() -> None:
    """Other software signs authority, path and query instead of the target."""
    check(sign_parts("@method", "@authority", "@path", "@query"))


@pytest.mark.parametrize(
    "request_",
    [
        sign_parts("@method", "@path"),
        sign_parts("@target-uri"),
        sign_parts("@method", "@authority", "@path"),
        sign_parts("@method", "@target-uri", body=None),
    ],
)
def test_refuses_a_signature_that_covers_too_little(request_: HttpRequest) -> None:
    """Method, whole target and body: all of them."""
    with pytest.raises(SignatureError):
        check(request_)


def test_refuses_an_expired_signature() -> None:
    """`expires` is honoured where it is given."""
    request = sign_parts(
        "@method", "@target-uri", expires=datetime.fromtimestamp(NOW_S + 10, tz=UTC)
    )

    check(request, now_s=NOW_S + 10)
    with pytest.raises(SignatureError):
        check(request, now_s=NOW_S + 11)


@pytest.mark.parametrize(
    "lines",
    [
        {},
        {"Signature": "a=:AA==:"},
        {"Signature-Input": 'a=("@method");created=1800000000;keyid="k"'},
        {"Signature-Input": "a=(", "Signature": "a=:AA==:"},
        {"Signature-Input": 'a=("@method");created=1800000000', "Signature": "a=:AA==:"},
        {"Signature-Input": 'a=("@method");keyid="k"', "Signature": "a=:AA==:"},
        {"Signature-Input": 'a=("@method");created="1";keyid="k"', "Signature": "a=:AA==:"},
        {
            "Signature-Input": 'a=("@method");created=1800000000;keyid="k";alg="rsa-v1_5-sha256"',
            "Signature": "a=:AA==:",
        },
        {
            "Signature-Input": f'a=("@method");created=1800000000;keyid="{"k" * 3_000}"',
            "Signature": "a=:AA==:",
        },
        {
            "Signature-Input": 'a=("@method");created=1800000000;keyid="k", '
            'b=("@method");created=1800000000;keyid="k"',
            "Signature": "a=:AA==:, b=:AA==:",
        },
    ],
)
def test_refuses_a_missing_or_malformed_signature(lines: dict[str, str]) -> None:
    """Before any key is looked for."""
    with pytest.raises(SignatureError):
        read_signature(make(headers=tuple(lines.items())), now_s=NOW_S)


def test_refuses_to_sign_a_malformed_request() -> None:
    """What could not be verified is not sent."""
    with pytest.raises(SignatureError):
        sign_request(method="post", url=URL, body=b"", key=KEY, key_id=KEY_ID, created_s=NOW_S)


@given(st.data())
def test_refuses_any_changed_byte_of_the_body(data: st.DataObject) -> None:
    """One byte is enough."""
    at = data.draw(st.integers(0, len(BODY) - 1))
    mask = data.draw(st.integers(1, 255))
    body = bytearray(BODY)
    body[at] ^= mask

    with pytest.raises(SignatureError):
        check(make(body=bytes(body)))


def test_header_fields_keep_repeated_lines() -> None:
    """Two lines of one name are not one; names have no case."""
    fields = signatures._Fields((("A", "1"), ("a", "2"), ("B", "3")))

    assert list(fields.items()) == [("A", "1"), ("a", "2"), ("B", "3")]
    assert (len(fields), fields["b"], "A" in fields) == (3, "3", True)
    del fields["a"]
    assert list(fields) == ["B"]
    with pytest.raises(KeyError):
        fields["A"]
