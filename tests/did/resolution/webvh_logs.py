"""Writing logs of did:webvh, right ones and wrong ones, for tests of who reads them."""

import json
from typing import Any

import base58

from did.jcs import canonicalize
from did.keys import KeyPair, did_key_verification_method, encode_multikey
from did.proofs import add_proof
from did.resolution.syntax import Did, parse_did
from did.resolution.webvh_parameters import METHOD, compute_multihash

KEYS = tuple(KeyPair(bytes([number]) * 32) for number in range(1, 9))
NOW_S = 1_800_000_000


def multikey(number: int) -> str:
    """A key's Multikey."""
    return encode_multikey(KEYS[number].public_key)


def hash_key(number: int) -> str:
    """The commitment to a key."""
    return compute_multihash(multikey(number).encode())


class LogWriter:
    """A log that grows; what it writes holds unless a test says otherwise."""

    def __init__(self, *, signer: int = 0, host: str = "a.example", **parameters: Any) -> None:
        first = {"method": METHOD, "scid": "{SCID}", "updateKeys": [multikey(0)], **parameters}
        preliminary = {
            "versionId": "{SCID}",
            "versionTime": "2026-01-01T00:00:00Z",
            "parameters": first,
            "state": {"@context": ["https://www.w3.org/ns/did/v1"], "id": self._name(host)},
        }
        scid = compute_multihash(canonicalize(preliminary))
        entry = json.loads(json.dumps(preliminary).replace("{SCID}", scid))
        self.scid = scid
        self.entries: list[dict[str, Any]] = []
        self._sign({**entry, "versionId": scid}, signer=signer)

    @property
    def did(self) -> Did:
        """The DID of the first entry."""
        return parse_did(self.entries[0]["state"]["id"])

    @property
    def data(self) -> bytes:
        """did.jsonl."""
        return b"".join(json.dumps(entry).encode() + b"\n" for entry in self.entries)

    def add(
        self,
        *,
        signer: int = 0,
        time: str | None = None,
        state: dict[str, Any] | None = None,
        **parameters: Any,
    ) -> None:
        """Write one more version."""
        number = len(self.entries) + 1
        entry = {
            "versionId": self.entries[-1]["versionId"],
            "versionTime": time or f"2026-01-{number:02}T00:00:00Z",
            "parameters": parameters,
            "state": {**self.entries[-1]["state"], "marker": number, **(state or {})},
        }
        self._sign(entry, signer=signer)

    def witness(self, place: int, *signers: int) -> dict[str, Any]:
        """An item of did-witness.json."""
        version = {"versionId": self.entries[place]["versionId"]}
        proofs = [self._prove(version, signer)["proof"] for signer in signers]
        return {**version, "proof": proofs}

    def _name(self, host: str) -> str:
        return f"did:webvh:{{SCID}}:{host}"

    def _sign(self, entry: dict[str, Any], *, signer: int) -> None:
        chained = compute_multihash(canonicalize(entry))
        entry = {**entry, "versionId": f"{len(self.entries) + 1}-{chained}"}
        signed = self._prove(entry, signer)
        self.entries.append({**signed, "proof": [signed["proof"]]})

    def _prove(self, document: dict[str, Any], signer: int) -> dict[str, Any]:
        method = did_key_verification_method(KEYS[signer].public_key)
        return add_proof(
            document,
            key=KEYS[signer],
            verification_method=method,
            created="2026-01-01T00:00:00Z",
        )


def break_signature(proof: dict[str, Any]) -> dict[str, Any]:
    """The proof with one bit turned."""
    value = bytearray(base58.b58decode(proof["proofValue"][1:]))
    value[0] ^= 1
    return {**proof, "proofValue": "z" + base58.b58encode(bytes(value)).decode()}
