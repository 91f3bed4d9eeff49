"""Signed HTTP requests between nodes: RFC 9421 with Ed25519, bodies by RFC 9530.

A signature covers method, target and the whole body. The target is the node's public
origin, never the address of a socket, so that a proxy in front changes nothing. The clock
is passed in. Never fetches a key: the caller learns the key's id first, then brings the key.
"""

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
    InvalidSignature,
)

from config.errors import RefusedError
from config.limits import CLOCK_SKEW_S_MAX, SIGNATURE_AGE_S_MAX, URL_CHARACTERS_MAX
from did.keys import KeyPair, is_signature_valid

_COVERED = ("@method", "@target-uri")
_COVERINGS = (
    frozenset({"@method", "@target-uri"}),
    frozenset({"@method", "@authority", "@path", "@query"}),
)
"""Either of these pins the request; others sign the second."""
_LABEL = "rochdale"


class SignatureError(RefusedError):
    """The request is unsigned, stale, covers too little, or the signature does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request as its receiver sees it."""

    method: str
    """Upper case."""
    url: str
    """The node's origin, then path and query as they came."""
    headers: Sequence[tuple[str, str]]
    """All fields in order; a name may occur twice."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureClaim:
    """What a request's signature says of itself; nothing is verified yet."""

    key_id: str
    created_s: int


def sign_request(
    *, method: str, url: str, body: bytes, key: KeyPair, key_id: str, created_s: int
) -> dict[str, str]:
    """Sign a request; the headers to add to it.

    Args:
        method: Upper case.
        url: Absolute, spelled as it will be sent.
        body: The exact bytes that will be sent; empty for GET.
        key: The sender's.
        key_id: Where the receiver finds the public key: `https://…/actor#http`.
        created_s: Now, in Unix seconds.

    Raises:
        SignatureError: The method or URL is malformed.
    """
    message = _Message(method=method, url=url, headers=_Fields(()))
    signer = HTTPMessageSigner(signature_algorithm=_Ed25519, key_resolver=_SigningKey(key))
    try:
        signer.sign(
            message,
            key_id=key_id,
            created=datetime.fromtimestamp(created_s, tz=UTC),
            label=_LABEL,
            covered_component_ids=_COVERED,
            body=body or None,
        )
    except HTTPMessageSignaturesException as error:
        raise SignatureError(f"the request cannot be signed: {error}") from error
    return dict(message.headers.items())


def read_signature(request: HttpRequest, *, now_s: int) -> SignatureClaim:
    """Learn whose key is said to have signed; every cheap check is done, none with a key.

    Raises:
        SignatureError: No signature or several, malformed, another algorithm, stale, or
            created in the future.
    """
    resolver = _NotedKey()
    verifier = _Verifier(resolver, now_s=now_s)
    try:
        verifier.verify(_Message.of(request), max_age=_AGE_MAX)
    except HTTPMessageSignaturesException as error:
        # The verifier asks for the key last: once it has asked, all else was in order.
        if resolver.key_id is None:
            raise SignatureError(f"the request's signature is refused: {error}") from error
    if resolver.key_id is None or len(resolver.key_id) > URL_CHARACTERS_MAX:
        raise SignatureError("the request's signature names no key")
    return SignatureClaim(key_id=resolver.key_id, created_s=verifier.created_s)


def check_request(request: HttpRequest, *, public_key: bytes, key_id: str, now_s: int) -> None:
    """Check that a key signed the request with its whole body.

    Args:
        request: As it came.
        public_key: What the signer's own document gives for `key_id`; 32 bytes.
        key_id: As `read_signature` found it.
        now_s: Unix seconds.

    Raises:
        SignatureError: It did not, or the signature leaves out the target or the body.
    """
    verifier = _Verifier(_KnownKey(key_id, public_key), now_s=now_s)
    try:
        (result,) = verifier.verify(
            _Message.of(request), max_age=_AGE_MAX, require_components=("@method",)
        )
        covered = {name.strip('"') for name in result.covered_components}
        if not any(covering <= covered for covering in _COVERINGS):
            raise SignatureError("the signature covers neither @target-uri nor its parts")
        # Only now: the digest's text counts because the signature covers it.
        verifier.verify_body(_Message.of(request), [result], request.body)
    except HTTPMessageSignaturesException as error:
        raise SignatureError(f"the request's signature is refused: {error}") from error


_AGE_MAX = timedelta(seconds=SIGNATURE_AGE_S_MAX)


class _Fields(MutableMapping[str, str]):
    """Header fields that keep repeated lines apart, as the library asks."""

    def __init__(self, lines: Sequence[tuple[str, str]]) -> None:
        self._lines = list(lines)

    def items(self) -> Any:  # every line, not one per name
        return list(self._lines)

    def __getitem__(self, name: str) -> str:
        for field, value in self._lines:
            if field.lower() == name.lower():
                return value
        raise KeyError(name)

    def __setitem__(self, name: str, value: str) -> None:
        self._lines.append((name, value))

    def __delitem__(self, name: str) -> None:
        self._lines = [line for line in self._lines if line[0].lower() != name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(field for field, _ in self._lines))

    def __len__(self) -> int:
        return len(self._lines)


@dataclass(frozen=True, slots=True)
class _Message:
    """A request in the shape that the library reads."""

    method: str
    url: str
    headers: _Fields

    @classmethod
    def of(cls, request: HttpRequest) -> "_Message":
        return cls(method=request.method, url=request.url, headers=_Fields(request.headers))


class _Ed25519(HTTPSignatureAlgorithm):
    """Ed25519 by libsodium, like every other signature of a node."""

    algorithm_id = "ed25519"

    def __init__(self, public_key: bytes | None = None, private_key: KeyPair | None = None) -> None:
        self._public_key = public_key
        self._key = private_key

    def sign(self, message: bytes) -> bytes:
        assert self._key is not None  # noqa: S101 - made for signing
        return self._key.sign(message)

    def verify(self, signature: bytes, message: bytes) -> None:
        assert self._public_key is not None  # noqa: S101 - made for checking
        if not is_signature_valid(
            public_key=self._public_key, message=message, signature=signature
        ):
            raise InvalidSignature("it does not belong to this request and key")


class _SigningKey(HTTPSignatureKeyResolver):
    def __init__(self, key: KeyPair) -> None:
        self._key = key

    def resolve_private_key(self, key_id: str) -> KeyPair:  # noqa: ARG002 - there is one
        return self._key


class _KnownKey(HTTPSignatureKeyResolver):
    def __init__(self, key_id: str, public_key: bytes) -> None:
        self._keys = {key_id: public_key}

    def resolve_public_key(self, key_id: str) -> bytes | None:
        return self._keys.get(key_id)


class _NotedKey(HTTPSignatureKeyResolver):
    """Notes which key is asked for, and has none."""

    def __init__(self) -> None:
        self.key_id: str | None = None

    def resolve_public_key(self, key_id: str) -> None:
        self.key_id = key_id


class _Verifier(HTTPMessageVerifier):
    """The library's verifier with the clock passed in."""

    def __init__(self, resolver: HTTPSignatureKeyResolver, *, now_s: int) -> None:
        super().__init__(signature_algorithm=_Ed25519, key_resolver=resolver)
        self._now_s = now_s
        self.created_s = 0

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        created, expires = sig_input.params.get("created"), sig_input.params.get("expires")
        if type(created) is not int or not (expires is None or type(expires) is int):
            raise InvalidSignature("`created` is missing, or a time is not an integer")
        age_s = self._now_s - created
        if age_s < -CLOCK_SKEW_S_MAX:
            raise InvalidSignature("it was created in the future: check both clocks")
        if age_s > max_age.total_seconds() or (expires is not None and expires < self._now_s):
            raise InvalidSignature("it is too old: sign each attempt afresh and check both clocks")
        self.created_s = created
