"""A membership application: what a wallet says to a cooperative, signed by its device key.

It proves possession of the key that begins the account, so nobody can apply with another's.
Name and contact are for the registrar's eyes: they go into the encrypted register and never
on the ledger. Never decides who is admitted.
"""

from dataclasses import dataclass

from config.errors import RefusedError
from config.limits import APPLICATION_AGE_S_MAX, APPLICATION_BYTES_MAX, CLOCK_SKEW_S_MAX
from config.register_limits import PERSON_TEXT_CHARACTERS_MAX
from did.accounts import Inception
from did.jcs import JsonObject, canonicalize, parse_json_object
from did.jws import check_jws, parse_jws, sign_jws
from did.keys import KeyPair, did_key, did_key_verification_method

APPLICATION_TYPE = "rochdale-application+jws"
_NONCE_BYTES = 16


class ApplicationError(RefusedError):
    """The application is malformed, stale, for another cooperative or not by its own key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A checked application."""

    did: str
    """The applicant's login DID: did:key of the device key."""
    inception: Inception
    account_id: bytes
    """Id of the ledger account that the inception begins; 32 bytes."""
    name: str
    contact: str
    nonce: bytes
    """Chosen by the wallet, so that two applications never have the same bytes."""


def sign_application(
    *,
    key: KeyPair,
    inception: Inception,
    cooperative_id: bytes,
    name: str,
    contact: str,
    iat_s: int,
    nonce: bytes,
) -> str:
    """Write and sign an application with the wallet's device key.

    Args:
        key: The device key; the inception's public key is its.
        inception: What the ledger account will begin with.
        cooperative_id: Whom it is for; 32 bytes.
        name: As the applicant wants to be called; may be empty.
        contact: How the registrar reaches the applicant; may be empty.
        iat_s: Now, in Unix seconds.
        nonce: 16 random bytes.
    """
    claims = {
        "cooperative": cooperative_id.hex(),
        "inception": [
            inception.public_key.hex(),
            inception.next_key_commitment.hex(),
            inception.guardians_commitment.hex(),
        ],
        "name": name,
        "contact": contact,
        "iat": iat_s,
        "nonce": nonce.hex(),
    }
    kid = did_key_verification_method(key.public_key)
    return sign_jws(canonicalize(claims), key=key, kid=kid, typ=APPLICATION_TYPE)


def check_application(jws: str, *, cooperative_id: bytes, now_s: int) -> Application:
    """Read and check an application.

    Args:
        jws: As the wallet sent it.
        cooperative_id: Who received it; 32 bytes.
        now_s: Unix seconds.

    Raises:
        RefusedError: Malformed, stale, for another cooperative, or signed by another key
            than the one that begins the account.
    """
    parsed = parse_jws(jws, typ=APPLICATION_TYPE, bytes_max=APPLICATION_BYTES_MAX)
    claims = parse_json_object(parsed.payload, bytes_max=APPLICATION_BYTES_MAX, depth_max=2)
    if set(claims) != {"cooperative", "inception", "name", "contact", "iat", "nonce"}:
        raise ApplicationError("an application has exactly its six fields")
    inception = _read_inception(claims)
    if parsed.kid != did_key_verification_method(inception.public_key):
        raise ApplicationError("the application is not signed by the account's own first key")
    check_jws(parsed, public_key=inception.public_key)
    if claims["cooperative"] != cooperative_id.hex():
        raise ApplicationError("the application is for another cooperative")
    iat = claims["iat"]
    if not isinstance(iat, int) or isinstance(iat, bool):
        raise ApplicationError("iat is a number of seconds")
    if not now_s - APPLICATION_AGE_S_MAX <= iat <= now_s + CLOCK_SKEW_S_MAX:
        raise ApplicationError("the application is stale: check the clock and apply again")
    return Application(
        did=did_key(inception.public_key),
        inception=inception,
        account_id=inception.compute_id(),
        name=_read_text(claims, "name"),
        contact=_read_text(claims, "contact"),
        nonce=_read_hex(claims["nonce"], bytes_count=_NONCE_BYTES),
    )


def _read_inception(claims: JsonObject) -> Inception:
    fields = claims["inception"]
    if not isinstance(fields, list) or len(fields) != 3:
        raise ApplicationError("an inception has three fields")
    key, following, guardians = (_read_hex(field, bytes_count=32) for field in fields)
    return Inception(public_key=key, next_key_commitment=following, guardians_commitment=guardians)


def _read_hex(text: object, *, bytes_count: int) -> bytes:
    if isinstance(text, str) and len(text) == 2 * bytes_count:
        try:
            data = bytes.fromhex(text)
        except ValueError:
            data = b""
        if data.hex() == text:
            return data
    raise ApplicationError(f"{bytes_count} bytes in lowercase hex are expected")


def _read_text(claims: JsonObject, name: str) -> str:
    text = claims[name]
    if not isinstance(text, str) or len(text) > PERSON_TEXT_CHARACTERS_MAX or not _is_plain(text):
        raise ApplicationError(
            f"{name} is a text of at most {PERSON_TEXT_CHARACTERS_MAX} characters"
        )
    return text


def _is_plain(text: str) -> bool:
    """Check that a text neither breaks lines nor steers a terminal."""
    return text == "" or text.isprintable()
