"""PKCE: only who began a login can finish it (RFC 7636, S256 alone)."""

import hashlib
import hmac
import re

from did.base64url import encode_base64url
from did.login.errors import OAuthError

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def compute_challenge(verifier: str) -> str:
    """What a client sends ahead of its verifier (RFC 7636 §4.2)."""
    return encode_base64url(hashlib.sha256(verifier.encode("ascii")).digest())


def check_challenge(challenge: str, *, method: str) -> None:
    """Check what a client sends when it begins.

    Raises:
        OAuthError: Absent, not S256 (an absent method would mean `plain`), or malformed.
    """
    if method != "S256":
        raise OAuthError("invalid_request", "code_challenge_method must be S256")
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "code_challenge is 43 characters of base64url")


def check_verifier(verifier: str, *, challenge: str) -> None:
    """Check that whoever redeems a code is who began the login.

    Raises:
        OAuthError: The verifier is malformed or not the challenge's.
    """
    if not _VERIFIER.fullmatch(verifier) or not hmac.compare_digest(
        compute_challenge(verifier), challenge
    ):
        raise OAuthError("invalid_grant", "code_verifier does not belong to this code")
