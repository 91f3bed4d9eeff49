"""What a node says while a wallet logs in, and how each answer to that is read.

`node/answers.py` has the check itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Annotated, Any, TypedDict, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Meta

from config.errors import RefusedError, UnavailableError
from did.jcs import JsonObject
from did.login.issuance import GRANT_TYPE
from node.answers import Refusal, check_body, convert_body, make_strange
from node.plain_text import make_plain

T = TypeVar("T")
_Token = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._~+/=-]+\Z")]
"""Goes into a header (RFC 6750 §2.1)."""
_PRINTABLE = re.compile("[!-~]+")
_COOKIES = re.compile("[!-~][ -~]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a node answered."""

    node: str
    """Where it is reached."""
    status: int
    headers: Mapping[str, str]
    body: JsonObject | None
    """None if it is no JSON object that everybody reads alike."""


class _OfferCode(msgspec.Struct, rename={"code": "pre-authorized_code"}):
    code: str


class _OfferGrants(msgspec.Struct, rename={"own": GRANT_TYPE}):
    own: _OfferCode


class _Offer(msgspec.Struct):
    """What an offer gives (OpenID4VCI 1.0 §4.1.1)."""

    grants: _OfferGrants


class PushedRequest(TypedDict):
    """The name of a login that begins (RFC 9126 §2.2)."""

    request_uri: str


class BegunLogin(TypedDict):
    """Where the wallet finds what it signs."""

    login: str


class AskedStatement(TypedDict):
    """What the wallet is asked to sign."""

    aud: str
    nonce: str
    client: str
    purpose: str


class AllowedScope(TypedDict):
    """One thing that an application would be allowed to do."""

    allows: str


class LoginDescription(TypedDict):
    """For whom a login is, and what it would allow."""

    purpose: str
    client_name: str
    answers_to: str
    scopes: list[AllowedScope]


class ProvedLogin(TypedDict):
    """What the waiting browser is to be told."""

    response_code: str


class ConsentPage(TypedDict):
    """What the person's decision goes with."""

    form_token: str


class Tokens(TypedDict):
    """What an application acts with."""

    access_token: _Token
    refresh_token: str


class IssuanceToken(TypedDict):
    """What fetches one credential."""

    access_token: _Token


class CredentialOffer(TypedDict):
    """Where an offer is, and the code that goes with it (OpenID4VCI 1.0 §4.1.3)."""

    credential_offer_uri: str
    tx_code: str


class CredentialNonce(TypedDict):
    """What a proof of the wallet's key is about (OpenID4VCI 1.0 §7.2)."""

    c_nonce: str


class IssuedCredential(TypedDict):
    """A credential: SD-JWT VC or JSON-LD."""

    credential: str | dict[str, Any]


class IssuedCredentials(TypedDict):
    """What was asked for (OpenID4VCI 1.0 §8.3)."""

    credentials: Annotated[list[IssuedCredential], Meta(min_length=1)]


def read_answer(answer: Answer, shape: type[T]) -> T:
    """The body of an answer that is none of an error, as it came: other fields stay in it.

    Raises:
        RefusedError: The node refuses; says why.
        UnavailableError: It is busy, or the answer has another shape.
    """
    check_answer(answer)
    return check_body(answer.body, shape, node=answer.node)


def check_answer(answer: Answer) -> None:
    """Check that an answer is none of an error, whatever it says.

    Raises:
        RefusedError: The node refuses; says why.
        UnavailableError: It is busy, or does not say why in a way that can be shown.
    """
    if answer.status < 400:
        return
    told = {} if answer.body is None else check_body(answer.body, Refusal, node=answer.node)
    reason = make_plain(told.get("error_description") or told.get("reason") or "")
    if answer.status == 503:
        raise UnavailableError(f"the node cannot do this now: {reason}")
    raise RefusedError(reason or f"the node answers with status {answer.status}")


def read_offer_code(answer: Answer) -> str:
    """The code that an offer gives.

    Raises:
        RefusedError: The node refuses; says why.
        UnavailableError: It is busy, or this is no offer.
    """
    check_answer(answer)
    return convert_body(answer.body, _Offer, node=answer.node).grants.own.code


def read_path(address: str) -> str:
    """The path of an address.

    Raises:
        RefusedError: It is none.
    """
    try:
        path = urlsplit(address).path
    except ValueError:
        path = ""
    if not path.startswith("/"):
        raise RefusedError("what was given as an address is none")
    return path


def check_address(address: str, *, name: str, node: str) -> None:
    """Check an address that a node gave.

    Args:
        address: As it was given.
        name: Of the field that holds it.
        node: Where it is reached.

    Raises:
        UnavailableError: It is none.
    """
    try:
        read_path(address)
    except RefusedError as error:
        raise make_strange(node, f"{name} is no address") from error


def read_cookie(answer: Answer) -> str:
    """The cookies that an answer sets, as they are sent back.

    Raises:
        UnavailableError: There are none, or some that cannot be sent.
    """
    try:
        cookie: SimpleCookie = SimpleCookie(answer.headers.get("Set-Cookie", ""))
    except CookieError:
        cookie = SimpleCookie()
    text = "; ".join(f"{name}={item.value}" for name, item in cookie.items())
    if not _COOKIES.fullmatch(text):
        raise make_strange(answer.node, "no cookie where one is needed")
    return text


def read_redirect(answer: Answer) -> dict[str, str]:
    """What the node tells an application by sending the browser back to it.

    Raises:
        RefusedError: The node refuses; says why.
        UnavailableError: It sends nobody back, or without a code.
    """
    check_answer(answer)
    try:
        query = urlsplit(answer.headers.get("Location", "")).query
        told = dict(parse_qsl(query))
    except ValueError:
        told = {}
    if answer.status != 303 or not _PRINTABLE.fullmatch(told.get("code", "")):
        raise make_strange(answer.node, "no code for the login")
    return told


def read_nonce(answer: Answer, *, before: str) -> str:
    """The nonce for the next proof of a key; the one before if none came (RFC 9449 §8).

    Raises:
        UnavailableError: It is none that a proof could hold.
    """
    nonce = answer.headers.get("Dpop-Nonce", before)
    if nonce and not _PRINTABLE.fullmatch(nonce):
        raise make_strange(answer.node, "the header DPoP-Nonce is no nonce")
    return nonce
