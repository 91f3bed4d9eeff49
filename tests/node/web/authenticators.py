"""A software authenticator: makes and uses passkeys as browsers hand them on.

Its key is real, its answers are spelled as Web Authentication §6 says. Tests change one thing.
"""

import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import encode_cbor

from did.base64url import encode_base64url

_PRESENT, _VERIFIED, _HAS_KEY = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One passkey on one device."""

    id: bytes = b"passkey-one-----"
    origin: str = "https://ash.test"
    rp_id: str = "ash.test"
    is_verified: bool = True
    count: int = 0
    is_counting: bool = True
    fmt: str = "none"
    handle: str = ""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.create` gives."""
        numbers = self.key.public_key().public_numbers()
        public_key = {
            1: 2,
            3: -7,
            -1: 1,
            -2: numbers.x.to_bytes(32),
            -3: numbers.y.to_bytes(32),
        }
        data = self.describe_made() + encode_cbor(public_key)
        statement = {"alg": -7, "sig": b"x"} if self.fmt == "packed" else {}
        value = {"fmt": self.fmt, "attStmt": statement, "authData": data}
        self.handle = options["user"]["id"]
        return self._spell(
            {
                "clientDataJSON": encode_base64url(self._say("webauthn.create", options)),
                "attestationObject": encode_base64url(encode_cbor(value)),
            }
        )

    def describe_made(self) -> bytes:
        """An authenticator's data of a new passkey, up to its public key (§6.1)."""
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id
        return self._describe(_HAS_KEY) + attested

    def use(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.get` gives."""
        said = self._say("webauthn.get", options)
        data = self._describe(0)
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        return self._spell(
            {
                "clientDataJSON": encode_base64url(said),
                "authenticatorData": encode_base64url(data),
                "signature": encode_base64url(signature),
                "userHandle": self.handle,
            }
        )

    def _describe(self, flags: int) -> bytes:
        self.count += self.is_counting
        flags |= _PRESENT | (_VERIFIED if self.is_verified else 0)
        rp_id_hash = hashlib.sha256(self.rp_id.encode()).digest()
        return rp_id_hash + bytes([flags]) + struct.pack(">I", self.count)

    def _say(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps(
            {
                "type": kind,
                "challenge": options["challenge"],
                "origin": self.origin,
                "crossOrigin": False,
            }
        ).encode()

    def _spell(self, response: dict[str, str]) -> dict[str, Any]:
        text = encode_base64url(self.id)
        return {"id": text, "rawId": text, "type": "public-key", "response": response}
