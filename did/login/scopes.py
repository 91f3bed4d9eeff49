"""What an application may be allowed to do: every scope, in the words its holder agrees to.

One list, so that the page on which people decide, the metadata and the routes name the same
things. A route asks for exactly one scope; none contains another.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from did.login.errors import OAuthError

SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "profile": "See your name, contact and membership in the register",
        "profile.write": "Change your name and contact in the register",
        "export": "Download everything that the cooperative keeps about you",
        "erasure": "Ask for your data to be erased",
        "consents": "See what you have consented to, and what it was used for",
        "consents.write": "Give, change and revoke consents for you",
        "mandates": "See what others let you decide for them, and hand in what you decided",
        "statements": "See your statements of shares and payments",
        "records": "See your own health records that the cooperative keeps",
        "uma_protection": "Manage who may ask for your resources",
        "credentials": "Receive your membership credential",
        "sessions": "See and end the access that applications have to your account",
        "passkeys": "See and remove passkeys of yours",
    }
)
"""Name to what it lets an application do, as its holder reads it."""


def parse_scopes(text: str, *, allowed: Collection[str]) -> tuple[str, ...]:
    """Read a space-separated list of scopes; in the order of `SCOPES`, each once.

    Args:
        text: As the client sent it; empty asks for nothing and is refused.
        allowed: What the client may ask for.

    Raises:
        OAuthError: None, an unknown one, or one that the client may not have.

    Source: RFC 6749 §3.3.
    """
    asked = text.split(" ") if text else []
    for scope in asked:
        if scope not in SCOPES:
            raise OAuthError("invalid_scope", "an unknown scope: the metadata lists all")
        if scope not in allowed:
            raise OAuthError("invalid_scope", f"the client did not register for {scope}")
    if not asked:
        raise OAuthError("invalid_scope", "name at least one scope: the metadata lists all")
    return tuple(scope for scope in SCOPES if scope in asked)
