"""did:rochdale: a DID whose keys and their history are state of a cooperatives' ledger.

What such a DID looks like, and what document follows from a version of its keys. Where the
keys come from, and their proof, is the caller's matter. A person's document has keys and
nothing else: no name, no service, no other DID, for to be known as a member is health data
already. A cooperative's says its did:web too.

Specification: docs/did-rochdale.md. Source: W3C DID Core 1.1 §3.1, §5, §7.3.
"""

from dataclasses import dataclass

import base58

from did.accounts import ACCOUNT_ID_BYTES, is_network_name
from did.documents import DID_CONTEXTS
from did.jcs import JsonObject
from did.keys import encode_multikey
from did.resolution.results import Problem, Resolution, ResolutionError
from did.resolution.syntax import Did
from did.times import render_time

METHOD = "rochdale"
_SPEAKING = ("authentication", "assertionMethod", "capabilityInvocation")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerDid:
    """What the DID names."""

    network: str
    account: bytes
    """32 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyVersion:
    """The keys of an account at one time, as its ledger has them."""

    number: int
    """0 for those that it began with."""
    keys: tuple[bytes, ...]
    signatures_required: int
    since_ms: int
    until_ms: int | None
    """None while they speak for it."""
    created_ms: int
    """When the account began."""
    also_known_as: tuple[str, ...] = ()
    """Other names that its document says; a person's says none."""
    is_deactivated: bool = False


def parse_ledger_did(did: Did) -> LedgerDid:
    """Take a did:rochdale apart: `did:rochdale:<network>:z<base58btc of 32 bytes>`.

    Raises:
        ResolutionError: invalidDid: of another form.
    """
    network, _, encoded = did.rest.partition(":")
    try:
        account = base58.b58decode(encoded.removeprefix("z")) if len(encoded) < 64 else b""
    except ValueError:
        account = b""
    if (
        not is_network_name(network)
        or len(account) != ACCOUNT_ID_BYTES
        or encoded != "z" + base58.b58encode(account).decode()
    ):
        raise ResolutionError(
            Problem.INVALID_DID, "a ledger DID reads did:rochdale:network:z…, with 32 bytes"
        )
    return LedgerDid(network=network, account=account)


def describe_version(did: str, version: KeyVersion) -> Resolution:
    """The document and metadata that follow from a version of an account's keys.

    Where several keys must sign together, none of them speaks alone: they are listed as
    verification methods without a purpose.
    """
    metadata: JsonObject = {
        "versionId": str(version.number),
        "canonicalId": did,
        "created": render_time(version.created_ms),
    }
    if version.number:
        metadata["updated"] = render_time(version.since_ms)
    if version.until_ms is not None:
        metadata["nextUpdate"] = render_time(version.until_ms)
        metadata["nextVersionId"] = str(version.number + 1)
    if version.is_deactivated:
        return Resolution(document=None, document_metadata={**metadata, "deactivated": True})
    multikeys = [encode_multikey(key) for key in version.keys]
    methods = [f"{did}#{multikey}" for multikey in multikeys]
    document: JsonObject = {
        "@context": list(DID_CONTEXTS),
        "id": did,
        **({"alsoKnownAs": list(version.also_known_as)} if version.also_known_as else {}),
        "verificationMethod": [
            {"id": name, "type": "Multikey", "controller": did, "publicKeyMultibase": multikey}
            for name, multikey in zip(methods, multikeys, strict=True)
        ],
        **(dict.fromkeys(_SPEAKING, methods) if version.signatures_required == 1 else {}),
    }
    return Resolution(document=document, document_metadata=metadata)
