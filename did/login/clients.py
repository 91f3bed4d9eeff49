"""Applications that may ask people to log in, and the addresses they are answered at.

Reads what a client says about itself (RFC 7591 §2) and compares redirects exactly, with the
one exception that native applications cannot know their loopback port (RFC 8252 §7.3). Never
fetches anything that a client names.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from did.jcs import JsonObject
from did.login.errors import OAuthError
from did.login.scopes import SCOPES

UMA_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:uma-ticket"
GRANT_TYPES = ("authorization_code", "refresh_token", UMA_GRANT_TYPE)
AUTH_METHODS = ("none", "private_key_jwt")
_URL = Annotated[str, Meta(min_length=1, max_length=512)]
_WEB = re.compile(r"https://[^/?#@\\\s]+(/[^#\\\s]*)?")
_LOOPBACK = re.compile(
    r"http://(?P<host>127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?(?P<path>(/[^#@\\\s]*)?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered application."""

    id: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    jwks: tuple[JsonObject, ...] = ()
    """Public keys by which a confidential client authenticates; none for a public one."""

    @property
    def is_public(self) -> bool:
        """Whether it keeps no key of its own."""
        return not self.jwks

    def check_redirect(self, uri: str) -> None:
        """Check that an answer may be sent to an address.

        Raises:
            OAuthError: The client did not register exactly this one.

        Source: OAuth 2.1 §2.3.1, RFC 9700 §2.1, RFC 8252 §7.3.
        """
        if uri in self.redirect_uris:
            return
        if _is_loopback(uri):
            for registered in self.redirect_uris:
                if _is_loopback(registered) and _drop_port(registered) == _drop_port(uri):
                    return
        raise OAuthError("invalid_request", "redirect_uri is not one that the client registered")


class _Jwks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keys: Annotated[list[dict[str, Any]], Meta(min_length=1, max_length=4)]


class _Metadata(msgspec.Struct, frozen=True):
    redirect_uris: Annotated[list[_URL], Meta(max_length=8)] = msgspec.field(default_factory=list)
    client_name: Annotated[str, Meta(min_length=1, max_length=100)] = "An application"
    scope: Annotated[str, Meta(max_length=1_024)] = " ".join(SCOPES)
    token_endpoint_auth_method: str = "none"  # noqa: S105 - a method's name
    grant_types: Annotated[list[str], Meta(max_length=4)] = msgspec.field(
        default_factory=lambda: ["authorization_code"]
    )
    response_types: Annotated[list[str], Meta(max_length=2)] = msgspec.field(
        default_factory=lambda: ["code"]
    )
    jwks: _Jwks | None = None


def parse_registration(value: JsonObject, *, client_id: str) -> Client:
    """Read what a client says about itself; what is not understood is passed over.

    Args:
        value: The registration request's JSON.
        client_id: The id that it gets.

    Raises:
        OAuthError: A value that is not supported, or a redirect that is not allowed.
    """
    try:
        metadata = msgspec.convert(value, _Metadata)
    except msgspec.ValidationError as error:
        raise OAuthError("invalid_client_metadata", str(error).replace("`", "")) from error
    if not set(metadata.grant_types) <= set(GRANT_TYPES):
        raise OAuthError("invalid_client_metadata", f"grant_types are {', '.join(GRANT_TYPES)}")
    if metadata.response_types not in ([], ["code"]):
        raise OAuthError("invalid_client_metadata", "the only response type is code")
    method = metadata.token_endpoint_auth_method
    if method not in AUTH_METHODS or (method == "none") != (metadata.jwks is None):
        raise OAuthError(
            "invalid_client_metadata",
            "authenticate with none, or with private_key_jwt and your public keys in jwks",
        )
    for uri in metadata.redirect_uris:
        check_redirect_form(uri)
    if not metadata.redirect_uris and metadata.response_types:
        raise OAuthError("invalid_redirect_uri", "register at least one redirect URI")
    return Client(
        id=client_id,
        name=" ".join(metadata.client_name.split()) or "An application",
        redirect_uris=tuple(metadata.redirect_uris),
        scopes=tuple(scope for scope in SCOPES if scope in metadata.scope.split(" ")),
        jwks=tuple(metadata.jwks.keys) if metadata.jwks else (),
    )


def render_registration(client: Client) -> JsonObject:
    """What is stored of a client, and told to it; `parse_registration` reads it again."""
    value: JsonObject = {
        "client_id": client.id,
        "client_name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "scope": " ".join(client.scopes),
        "token_endpoint_auth_method": "none" if client.is_public else "private_key_jwt",
        "grant_types": list(GRANT_TYPES),
        "response_types": ["code"] if client.redirect_uris else [],
        "dpop_bound_access_tokens": True,
        "require_pushed_authorization_requests": True,
    }
    return value if client.is_public else {**value, "jwks": {"keys": list(client.jwks)}}


def check_redirect_form(uri: str) -> None:
    """Check that an address may be registered: https, or http on this machine by number.

    Raises:
        OAuthError: It is neither, or holds a fragment, credentials or white space.
    """
    try:
        parts = urlsplit(uri)
        is_known = bool(_WEB.fullmatch(uri) and parts.hostname) or _is_loopback(uri)
        _ = parts.port
    except ValueError:
        is_known = False
    if not is_known or not uri.isascii() or "#" in uri or "@" in uri.partition("?")[0]:
        raise OAuthError(
            "invalid_redirect_uri",
            "a redirect URI is https://host/path, or http://127.0.0.1/path for programs",
        )


def get_redirect_source(uri: str) -> str:
    """A redirect's origin, as a page's form-action policy names it (CSP Level 3 §6.5.2)."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def _is_loopback(uri: str) -> bool:
    return _LOOPBACK.fullmatch(uri) is not None


def _drop_port(uri: str) -> str:
    return _LOOPBACK.sub(r"\g<host>\g<path>", uri)
