"""Applications and the addresses they are answered at."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from did.login.clients import Client, parse_registration, render_registration
from did.login.errors import OAuthError
from did.login.scopes import SCOPES

WEB = "https://app.example/cb"
NATIVE = "http://127.0.0.1/cb"


def make_client(*redirects: str) -> Client:
    return Client(id="c", name="App", redirect_uris=redirects, scopes=tuple(SCOPES))


@pytest.mark.parametrize(
    ("registered", "uri"),
    [(WEB, WEB), (NATIVE, "http://127.0.0.1:8123/cb"), ("http://[::1]/cb", "http://[::1]:9/cb")],
)
def test_a_redirect_is_the_registered_one_but_for_a_loopback_port(
    registered: str, uri: str
) -> None:
    """RFC 8252 §7.3."""
    make_client(registered).check_redirect(uri)


@given(st.text(max_size=12), st.integers(0, len(WEB)))
def test_no_other_text_is_the_redirect(text: str, at: int) -> None:
    """Exact comparison: whatever is put in, unless it is nothing."""
    changed = WEB[:at] + text + WEB[at:]
    if changed != WEB:
        with pytest.raises(OAuthError):
            make_client(WEB, NATIVE).check_redirect(changed)


def test_a_registration_is_read_back_as_it_was_stored() -> None:
    """Names and scopes included."""
    client = parse_registration(
        {"client_name": "App", "redirect_uris": [WEB, NATIVE], "scope": "profile other"},
        client_id="c",
    )

    assert client.scopes == ("profile",)
    assert parse_registration(render_registration(client), client_id="c") == client


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uris": []},
        {"redirect_uris": ["http://app.example/cb"]},
        {"redirect_uris": ["https://app.example/cb#x"]},
        {"redirect_uris": ["https://user@app.example/cb"]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": ["https://app.example:99999/cb"]},
        {"redirect_uris": ["http://127.0.0.1:1@evil.example/"]},
        {"redirect_uris": [WEB] * 9},
        {"redirect_uris": "https://app.example/cb"},
        {"grant_types": ["implicit"]},
        {"response_types": ["token"]},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"jwks": {"keys": [{}]}},
        {"client_name": ""},
    ],
)
def test_a_registration_that_is_not_supported_is_refused(change: dict[str, Any]) -> None:
    """RFC 7591 §3.2.2: said, not silently changed."""
    with pytest.raises(OAuthError):
        parse_registration({"redirect_uris": [WEB], **change}, client_id="c")
