"""Public keys of the kinds that foreign wallets and issuers use, and what they signed.

The ledger takes Ed25519 alone (`did.keys`); logins, credentials and DID documents also meet
P-256 and secp256k1. One type for all of them, one way to read each spelling, and signatures
are checked for the algorithm that the caller expects, never for the one that the message
prefers. libsodium decides about Ed25519 here as it does on the ledger. Holds no secrets.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Final

import base58
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nacl.bindings import crypto_core_ed25519_add

from config.errors import RefusedError
from did.base64url import decode_base64url, encode_base64url
from did.jcs import JsonObject, canonicalize
from did.keys import PUBLIC_KEY_BYTES, KeyFormatError
from did.keys import is_signature_valid as is_ed25519_signature_valid

_POINT_BYTES = 33
_COORDINATE_BYTES = 32
_SIGNATURE_BYTES = 64
_BASE58_CHARS_MAX = 64
_KEYS_KEPT = 1_024
PRIVATE_JWK_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""RFC 7518 §6.2.2, §6.3.2, §6.4.1: whoever sends one has published a secret."""


class KeyKind(StrEnum):
    """What a key computes with; the value is the `crv` of its JWK."""

    ED25519 = "Ed25519"
    P256 = "P-256"
    SECP256K1 = "secp256k1"


_CURVES: Final = MappingProxyType({KeyKind.P256: ec.SECP256R1(), KeyKind.SECP256K1: ec.SECP256K1()})
_MULTICODECS: Final = MappingProxyType(
    {KeyKind.ED25519: b"\xed\x01", KeyKind.P256: b"\x80\x24", KeyKind.SECP256K1: b"\xe7\x01"}
)
"""Varints of the multicodec table: ed25519-pub, p256-pub, secp256k1-pub."""
ALGORITHMS: Final = MappingProxyType(
    {
        "EdDSA": KeyKind.ED25519,
        "Ed25519": KeyKind.ED25519,
        "ES256": KeyKind.P256,
        "ES256K": KeyKind.SECP256K1,
    }
)
"""JOSE's name of each algorithm to its kind of key (RFC 7518, 8037, 8812, 9864)."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key that is a point of its curve.

    Raises:
        KeyFormatError: Of another length, or no point of the curve.
    """

    kind: KeyKind
    public_key: bytes
    """Ed25519: the 32 bytes of RFC 8032; else the compressed point, 33 bytes (SEC 1 §2.3.3)."""

    def __post_init__(self) -> None:
        if self.kind is KeyKind.ED25519:
            _check_ed25519_point(self.public_key)
        elif len(self.public_key) != _POINT_BYTES:
            raise KeyFormatError(f"a {self.kind} key is a compressed point of {_POINT_BYTES} bytes")
        else:
            _load_point(self.kind, self.public_key)

    def is_signature_valid(self, *, alg: str, message: bytes, signature: bytes) -> bool:
        """Check a signature in JOSE's raw form; what does not fit the key is simply invalid.

        Args:
            alg: Of `ALGORITHMS`; what the caller expects, or a header that it has checked.
            message: What was signed, not hashed.
            signature: 64 bytes: R ‖ S (RFC 8032) or r ‖ s (RFC 7518 §3.4).
        """
        if ALGORITHMS.get(alg) is not self.kind or len(signature) != _SIGNATURE_BYTES:
            return False
        if self.kind is KeyKind.ED25519:
            return is_ed25519_signature_valid(
                public_key=self.public_key, message=message, signature=signature
            )
        r, s = (int.from_bytes(signature[start : start + 32]) for start in (0, 32))
        try:
            _load_point(self.kind, self.public_key).verify(
                encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256())
            )
        except InvalidSignature:
            return False
        return True

    @property
    def algorithms(self) -> tuple[str, ...]:
        """JOSE names of the algorithms that fit, the most widely read first."""
        return tuple(alg for alg, kind in ALGORITHMS.items() if kind is self.kind)


def parse_jwk(jwk: object) -> VerificationKey:
    """Read a public JWK that is meant for signatures; members of no concern are passed over.

    Raises:
        KeyFormatError: A private member, another kind of key, a use other than signatures, an
            algorithm that does not fit, or coordinates that are no point.

    Source: RFC 7517 §4, RFC 7518 §6.2, RFC 8037 §2, RFC 8812 §3.1.
    """
    if not isinstance(jwk, dict):
        raise KeyFormatError("a JWK is an object")
    if not PRIVATE_JWK_MEMBERS.isdisjoint(jwk):
        raise KeyFormatError("this JWK holds a secret: publish a public key, and replace this one")
    try:
        kind = KeyKind(str(jwk.get("crv")))
    except ValueError as error:
        raise KeyFormatError(f"a key is one of {', '.join(KeyKind)}") from error
    if jwk.get("kty") != ("OKP" if kind is KeyKind.ED25519 else "EC"):
        raise KeyFormatError("the JWK's kty does not fit its crv")
    if jwk.get("use", "sig") != "sig" or "verify" not in _read_operations(jwk):
        raise KeyFormatError("the JWK is not meant for signatures")
    if "alg" in jwk and (not isinstance(alg := jwk["alg"], str) or ALGORITHMS.get(alg) is not kind):
        raise KeyFormatError("the JWK's alg does not fit its crv")
    x = _read_coordinate(jwk, "x")
    if kind is KeyKind.ED25519:
        return VerificationKey(kind, x)
    y = _read_coordinate(jwk, "y")
    key = VerificationKey(kind, bytes([2 + y[-1] % 2]) + x)
    if _compute_y(key) != y:
        raise KeyFormatError("the JWK's x and y are no point of its curve")
    return key


def render_jwk(key: VerificationKey) -> JsonObject:
    """Write a key as JWK, with the members that its thumbprint needs and no others."""
    if key.kind is KeyKind.ED25519:
        return {"kty": "OKP", "crv": key.kind.value, "x": encode_base64url(key.public_key)}
    return {
        "kty": "EC",
        "crv": key.kind.value,
        "x": encode_base64url(key.public_key[1:]),
        "y": encode_base64url(_compute_y(key)),
    }


def compute_thumbprint(key: VerificationKey) -> str:
    """SHA-256 thumbprint of the JWK in base64url (RFC 7638 §3); 43 characters."""
    return encode_base64url(sha256(canonicalize(render_jwk(key))).digest())


def render_multikey(key: VerificationKey) -> str:
    """Write a key as Multikey: `z6Mk…`, `zDn…`, `zQ3s…` (Controlled Identifiers 1.0 §2.2.2)."""
    return "z" + base58.b58encode(_MULTICODECS[key.kind] + key.public_key).decode()


def parse_multikey(multikey: object) -> VerificationKey:
    """Read a Multikey.

    Raises:
        KeyFormatError: Not base58btc, another kind of key, or no point of its curve.
    """
    if not isinstance(multikey, str) or not multikey.startswith("z"):
        raise KeyFormatError("a Multikey starts with z")
    data = decode_base58btc(multikey[1:])
    for kind, codec in _MULTICODECS.items():
        if data.startswith(codec):
            return VerificationKey(kind, data.removeprefix(codec))
    raise KeyFormatError(f"a key is one of {', '.join(KeyKind)}")


def decode_base58btc(text: object) -> bytes:
    """Read base58btc of a key, without the z before it.

    Raises:
        KeyFormatError: It is not, or is longer than any key.
    """
    if not isinstance(text, str) or len(text) > _BASE58_CHARS_MAX:
        raise KeyFormatError(f"a key has at most {_BASE58_CHARS_MAX} characters of base58btc")
    try:
        data: bytes = base58.b58decode(text)
    except ValueError as error:
        raise KeyFormatError("not base58btc") from error
    return data


def _check_ed25519_point(public_key: bytes) -> None:
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise KeyFormatError(f"an Ed25519 key has {PUBLIC_KEY_BYTES} bytes")
    try:
        # Any sum shows whether the point is on the curve. `is_valid_point` would be stricter
        # than signature checks are, and the ledger's rule is those.
        crypto_core_ed25519_add(public_key, public_key)
    except RuntimeError as error:
        raise KeyFormatError("the key is no point of its curve") from error


@lru_cache(maxsize=_KEYS_KEPT)
def _load_point(kind: KeyKind, point: bytes) -> ec.EllipticCurvePublicKey:
    """Find y for x, which is slow, once for a key."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[kind], point)
    except ValueError as error:
        raise KeyFormatError("the key is no point of its curve") from error


def _compute_y(key: VerificationKey) -> bytes:
    point = _load_point(key.kind, key.public_key)
    data = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return data[1 + _COORDINATE_BYTES :]


def _read_coordinate(jwk: JsonObject, name: str) -> bytes:
    text = jwk.get(name)
    try:
        data = decode_base64url(text) if isinstance(text, str) and len(text) <= 64 else b""
    except RefusedError as error:
        raise KeyFormatError(f"the JWK's {name} is {error.reason}") from error
    if len(data) != _COORDINATE_BYTES:
        raise KeyFormatError(f"the JWK's {name} is base64url of {_COORDINATE_BYTES} bytes")
    return data


def _read_operations(jwk: JsonObject) -> list[object]:
    operations = jwk.get("key_ops", ["verify"])
    return operations if isinstance(operations, list) else []
