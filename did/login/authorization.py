"""What a client asks for when it begins a login, checked before anybody sees a page.

Every request is pushed (RFC 9126): nothing of it travels through the browser, so nothing can
be changed there. Also writes the answer's address, with `iss` against mix-up (RFC 9207).
"""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Meta

from did.jcs import canonicalize
from did.login.clients import Client
from did.login.errors import OAuthError
from did.login.pkce import check_challenge
from did.login.scopes import parse_scopes

REQUEST_URI_PREFIX = "urn:ietf:params:oauth:request_uri:"
_STATE_CHARACTERS_MAX = 1_024


class AuthorizationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A checked request, as it is stored until its login is over."""

    client_id: str
    redirect_uri: str
    scope: Annotated[str, Meta(max_length=1_024)]
    state: str | None
    code_challenge: str
    jkt: str
    """Thumbprint of the key that the code is bound to; empty for the one that redeems it."""

    def encode(self) -> bytes:
        """As it is stored."""
        return canonicalize(msgspec.to_builtins(self))

    @classmethod
    def decode(cls, data: bytes) -> "AuthorizationRequest":
        """Read what `encode` wrote."""
        return msgspec.json.decode(data, type=cls)


def parse_authorization(
    form: Mapping[str, str], *, client: Client, origin: str, jkt: str
) -> AuthorizationRequest:
    """Check a pushed authorization request.

    Args:
        form: Its parameters, each once.
        client: Who asks; known and authenticated.
        origin: This node's, the only resource there is.
        jkt: Of the DPoP proof that came with it; empty for none.

    Raises:
        OAuthError: Anything that is wrong with it.

    Source: RFC 9126 §2.1, RFC 9449 §10, RFC 8707 §2, OAuth 2.1 §4.1.1.
    """
    if "request" in form or "request_uri" in form:
        raise OAuthError("invalid_request", "push the parameters themselves")
    if form.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type is code")
    if form.get("response_mode", "query") != "query":
        raise OAuthError("invalid_request", "response_mode is query")
    redirect_uri = form.get("redirect_uri", "")
    client.check_redirect(redirect_uri)
    check_challenge(form.get("code_challenge", ""), method=form.get("code_challenge_method", ""))
    state = form.get("state")
    if state is not None and not (len(state) <= _STATE_CHARACTERS_MAX and state.isprintable()):
        raise OAuthError("invalid_request", f"state has at most {_STATE_CHARACTERS_MAX} characters")
    if form.get("resource", origin) not in (origin, f"{origin}/"):
        raise OAuthError("invalid_target", f"the resource is {origin}")
    named = form.get("dpop_jkt", "")
    if named and jkt and named != jkt:
        raise OAuthError("invalid_dpop_proof", "dpop_jkt is not the key of the DPoP proof")
    return AuthorizationRequest(
        client_id=client.id,
        redirect_uri=redirect_uri,
        scope=" ".join(parse_scopes(form.get("scope", ""), allowed=client.scopes)),
        state=state,
        code_challenge=form["code_challenge"],
        jkt=(named or jkt)[:64],
    )


def render_answer(request: AuthorizationRequest, *, issuer: str, **values: str) -> str:
    """The address to send the browser to: the client's, with `code` or `error`.

    Source: OAuth 2.1 §4.1.2, RFC 9207 §2.
    """
    state = {} if request.state is None else {"state": request.state}
    query = urlencode({**values, **state, "iss": issuer})
    mark = "&" if urlsplit(request.redirect_uri).query else "?"
    return f"{request.redirect_uri}{mark}{query}"
