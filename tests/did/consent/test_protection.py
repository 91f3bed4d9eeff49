"""What resource servers may register, and ask tickets for."""

import json

import pytest

from config.uma_limits import PERMISSIONS_MAX, RESOURCE_BYTES_MAX
from did.consent.protection import parse_asked_permissions, parse_description
from did.consent.terms import Purpose, Resource
from did.login.errors import OAuthError

RESOURCE = "ab" * 16


def test_reads_a_description() -> None:
    """Scopes are purposes; what is not understood is passed over."""
    found = parse_description(
        b'{"type":"records","resource_scopes":["DUO:0000043"],"name":"Notes","icon_uri":"x"}'
    )

    assert (found.type, found.resource_scopes) == (Resource.RECORDS, (Purpose.CLINICAL_CARE,))
    assert found.name == "Notes"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"type":"soul","resource_scopes":["DUO:0000043"]}',
        b'{"type":"records","resource_scopes":[]}',
        b'{"type":"records","resource_scopes":["read"]}',
        b'{"type":"records","resource_scopes":["DUO:0000043","DUO:0000043"]}',
        b'{"type":"records","resource_scopes":"DUO:0000043"}',
        b'{"type":"records","resource_scopes":["DUO:0000043"],"name":"' + b"x" * 300 + b'"}',
        b" " * (RESOURCE_BYTES_MAX + 1),
        b"[" * 1_000,
    ],
)
def test_refuses_another_description(body: bytes) -> None:
    """With the error that resource servers know."""
    with pytest.raises(OAuthError) as caught:
        parse_description(body)

    assert caught.value.error == "invalid_request"


def test_a_forbidden_use_cannot_even_be_registered() -> None:
    """So nobody can be asked for it."""
    with pytest.raises(OAuthError, match="nobody can consent to sale"):
        parse_description(b'{"type":"records","resource_scopes":["odrl:sell"]}')


def test_reads_one_permission_or_several() -> None:
    """Federated Authorization §4.1."""
    one = {"resource_id": RESOURCE, "resource_scopes": ["DUO:0000043"]}
    other = {"resource_id": "cd" * 16, "resource_scopes": []}

    single = parse_asked_permissions(json.dumps(one).encode())
    both = parse_asked_permissions(json.dumps([one, other]).encode())

    assert single == both[:1]
    assert both[1].resource_scopes == ()


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([], "invalid_request"),
        ("x", "invalid_request"),
        ({"resource_scopes": []}, "invalid_resource_id"),
        ({"resource_id": "../x", "resource_scopes": []}, "invalid_resource_id"),
        ({"resource_id": RESOURCE, "resource_scopes": ["read"]}, "invalid_scope"),
        ({"resource_id": RESOURCE}, "invalid_request"),
        ([{"resource_id": RESOURCE, "resource_scopes": []}] * 2, "invalid_request"),
        (
            [{"resource_id": f"{n:032x}", "resource_scopes": []} for n in range(9)],
            "invalid_request",
        ),
    ],
)
def test_refuses_another_request_for_a_ticket(value: object, error: str) -> None:
    """By the names of Federated Authorization §4.3."""
    assert PERMISSIONS_MAX < 9
    with pytest.raises(OAuthError) as caught:
        parse_asked_permissions(json.dumps(value).encode())

    assert caught.value.error == error
