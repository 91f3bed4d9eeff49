"""Texts and files that a wallet signs for other people.

A compact JWS over the digest of what is signed. Its type keeps it apart: it can never pass
for a transaction, a login, an application or a consent, each of which has a type or domain of
its own. It says nothing about whether the signer is a member.
"""

import hashlib
from dataclasses import dataclass

from config.errors import RefusedError
from did.jcs import canonicalize, parse_json_object
from did.jws import check_jws, parse_jws, sign_jws
from did.keys import KeyPair, decode_multikey, did_key, did_key_verification_method

STATEMENT_TYPE = "rochdale-statement+jws"
STATEMENT_BYTES_MAX = 1_024
_DID_KEY = "did:key:"


class StatementError(RefusedError):
    """The signature is malformed, or of something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A checked signature of a text or file."""

    did: str
    """Who signed: did:key of the wallet's key."""
    iat_s: int
    """When, as the signer says; Unix seconds."""


def sign_statement(data: bytes, *, key: KeyPair, iat_s: int) -> str:
    """Sign a text's or file's bytes; the compact JWS."""
    claims = {"iat": iat_s, "sha256": hashlib.sha256(data).hexdigest()}
    kid = did_key_verification_method(key.public_key)
    return sign_jws(canonicalize(claims), key=key, kid=kid, typ=STATEMENT_TYPE)


def check_statement(jws: str, data: bytes) -> Statement:
    """Check that a signature is of exactly these bytes.

    Raises:
        RefusedError: Malformed, of other bytes, or the signature does not hold.
    """
    parsed = parse_jws(jws, typ=STATEMENT_TYPE, bytes_max=STATEMENT_BYTES_MAX)
    claims = parse_json_object(parsed.payload, bytes_max=STATEMENT_BYTES_MAX, depth_max=1)
    multikey = parsed.kid.removeprefix(_DID_KEY).partition("#")[0]
    public_key = decode_multikey(multikey)
    if parsed.kid != did_key_verification_method(public_key):
        raise StatementError("the signer is not named as a did:key")
    check_jws(parsed, public_key=public_key)
    iat = claims.get("iat")
    if set(claims) != {"iat", "sha256"} or type(iat) is not int:
        raise StatementError("a statement has a time and a digest, and nothing else")
    if claims["sha256"] != hashlib.sha256(data).hexdigest():
        raise StatementError("the signature is of another text or file, or it was changed since")
    return Statement(did=did_key(public_key), iat_s=iat)
