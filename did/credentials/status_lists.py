"""Bitstring status lists: whether a credential was revoked or suspended, told to all at once.

A list is a credential of the issuer with one bit for each credential of at least 131,072, so
that whoever fetches it does not say which one it asks about. Foreign lists are compressed by
strangers: no more is unpacked than a list may hold.

Source: W3C Bitstring Status List v1.0.
"""

import base64
import binascii
import gzip
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from config.limits import (
    STATUS_LIST_ENTRIES,
    STATUS_LIST_ENTRIES_MAX,
    STATUS_LIST_TEXT_MAX,
    URL_CHARACTERS_MAX,
)
from did.credentials.refusals import CredentialError
from did.credentials.structure import Credential
from did.jcs import JsonObject

LIST_TYPE = "BitstringStatusListCredential"
ENTRY_TYPE = "BitstringStatusListEntry"


class StatusPurpose(StrEnum):
    """What a set bit means."""

    REVOCATION = "revocation"
    SUSPENSION = "suspension"


_WORDS = {StatusPurpose.REVOCATION: "revoked", StatusPurpose.SUSPENSION: "suspended"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReference:
    """Where a credential's status is told."""

    list_url: str
    index: int
    purpose: StatusPurpose


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusList:
    """A list that was fetched and checked."""

    issuer: str
    purposes: frozenset[str]
    bits: bytes
    """The first bit is the highest of the first byte."""
    valid_until_s: int | None = None
    """Unix seconds after which it says nothing any more."""
    ttl_s: int | None = None
    """How long it may be kept before it is fetched anew; None if it does not say."""

    def is_set(self, index: int) -> bool:
        """Whether a bit is set.

        Raises:
            CredentialError: The list is shorter.
        """
        if not 0 <= index < 8 * len(self.bits):
            raise CredentialError("the status list has no such index")
        return bool(self.bits[index // 8] >> (7 - index % 8) & 1)


def read_references(statuses: Sequence[JsonObject]) -> tuple[StatusReference, ...]:
    """Read a credential's status entries; none that is not understood is passed over.

    Raises:
        CredentialError: Another type or purpose, entries of more than a bit, or malformed.
    """
    return tuple(_read_reference(status) for status in statuses)


def render_reference(reference: StatusReference) -> JsonObject:
    """Write a credential's status entry."""
    return {
        "type": ENTRY_TYPE,
        "statusPurpose": reference.purpose.value,
        "statusListIndex": str(reference.index),
        "statusListCredential": reference.list_url,
    }


def check_status(
    reference: StatusReference, found: StatusList | None, *, issuer: str, now_s: int
) -> None:
    """Check that a credential is neither revoked nor suspended.

    Args:
        reference: What the credential says.
        found: The list, itself checked; None: it could not be had, which is a refusal.
        issuer: The credential's; a list by somebody else does not count.
        now_s: Unix seconds.

    Raises:
        CredentialError: It is revoked or suspended, or nobody can tell.
    """
    if found is None:
        raise CredentialError("the credential's status list could not be had: try again later")
    if found.issuer != issuer or reference.purpose not in found.purposes:
        raise CredentialError("the status list is of another issuer or for another purpose")
    if found.valid_until_s is not None and found.valid_until_s <= now_s:
        raise CredentialError("the status list is out of date: fetch it again")
    if found.is_set(reference.index):
        raise CredentialError(f"the credential is {_WORDS[reference.purpose]}")


def render_status_list(
    *,
    url: str,
    issuer: str,
    purpose: StatusPurpose,
    indexes: Iterable[int],
    valid_from: str,
    valid_until: str,
    contexts: Sequence[str],
) -> JsonObject:
    """Write a list as a credential, not yet signed.

    Args:
        url: Where it is published; its id.
        issuer: Whose credentials it is about.
        purpose: What its bits mean.
        indexes: Bits that are set.
        valid_from: RFC 3339 in UTC.
        valid_until: RFC 3339 in UTC; readers fetch it anew by then.
        contexts: Of credentials.

    Raises:
        CredentialError: An index beyond the list.
    """
    return {
        "@context": list(contexts),
        "id": url,
        "type": ["VerifiableCredential", LIST_TYPE],
        "issuer": issuer,
        "validFrom": valid_from,
        "validUntil": valid_until,
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose.value,
            "encodedList": encode_bits(pack_bits(indexes)),
        },
    }


def read_status_list(credential: Credential, *, url: str) -> StatusList:
    """Read a list from its credential, which the caller has checked like any other.

    Args:
        credential: As checked.
        url: Where it was fetched.

    Raises:
        CredentialError: It is another credential, malformed, or unpacks to too much.
    """
    if LIST_TYPE not in credential.types or len(credential.subjects) != 1:
        raise CredentialError("this is no status list of one subject")
    if credential.document.get("id") != url:
        raise CredentialError("the status list says that it belongs elsewhere")
    subject = credential.subjects[0]
    purposes = subject.get("statusPurpose")
    named: list[object] = purposes if isinstance(purposes, list) else [purposes]
    if subject.get("type") != "BitstringStatusList" or not named:
        raise CredentialError("the status list's subject is a BitstringStatusList with a purpose")
    until = credential.valid_until
    return StatusList(
        issuer=credential.issuer,
        purposes=frozenset(name for name in named if isinstance(name, str)),
        bits=decode_bits(subject.get("encodedList")),
        valid_until_s=None if until is None else int(until.timestamp()),
        ttl_s=_read_ttl(subject.get("ttl")),
    )


def pack_bits(indexes: Iterable[int]) -> bytes:
    """Set bits in an empty list of `STATUS_LIST_ENTRIES`.

    Raises:
        CredentialError: An index beyond the list.
    """
    bits = bytearray(STATUS_LIST_ENTRIES // 8)
    for index in indexes:
        if not 0 <= index < STATUS_LIST_ENTRIES:
            raise CredentialError(f"a status list has {STATUS_LIST_ENTRIES} entries")
        bits[index // 8] |= 0x80 >> index % 8
    return bytes(bits)


def encode_bits(bits: bytes) -> str:
    """Compress a list; multibase base64url of gzip (§3.3)."""
    packed = gzip.compress(bits, mtime=0)
    return "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode_bits(text: object) -> bytes:
    """Unpack a list, and never more than the longest that is allowed (§3.4).

    Raises:
        CredentialError: Not multibase base64url of gzip, too short or too long.
    """
    if not isinstance(text, str) or not text.startswith("u") or len(text) > STATUS_LIST_TEXT_MAX:
        raise CredentialError("encodedList is multibase base64url, of bounded length")
    try:
        packed = base64.b64decode(
            text[1:] + "=" * (-len(text[1:]) % 4), altchars=b"-_", validate=True
        )
        unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        bits = unpacker.decompress(packed, STATUS_LIST_ENTRIES_MAX // 8 + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise CredentialError("encodedList is base64url of gzip") from error
    if len(bits) > STATUS_LIST_ENTRIES_MAX // 8 or unpacker.unconsumed_tail:
        raise CredentialError(f"a status list has at most {STATUS_LIST_ENTRIES_MAX} entries")
    if not unpacker.eof or unpacker.unused_data:
        raise CredentialError("encodedList is one whole gzip stream")
    if 8 * len(bits) < STATUS_LIST_ENTRIES:
        raise CredentialError(f"a status list has at least {STATUS_LIST_ENTRIES} entries")
    return bits


def _read_ttl(value: object) -> int | None:
    """Milliseconds (§2.2), rounded down."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise CredentialError("a status list's ttl is a number of milliseconds")
    return value // 1_000


def _read_reference(status: JsonObject) -> StatusReference:
    if status.get("type") != ENTRY_TYPE:
        raise CredentialError(f"only a status of type {ENTRY_TYPE} is understood")
    try:
        purpose = StatusPurpose(str(status.get("statusPurpose")))
    except ValueError as error:
        raise CredentialError("a status purpose is revocation or suspension") from error
    if status.get("statusSize", 1) != 1:
        raise CredentialError("a status has one bit")
    url, index = status.get("statusListCredential"), status.get("statusListIndex")
    if not isinstance(url, str) or len(url) > URL_CHARACTERS_MAX:
        raise CredentialError("a status names the URL of its list")
    if not isinstance(index, str) or not index.isascii() or not index.isdecimal() or len(index) > 9:
        raise CredentialError("a status index is a decimal number, as text")
    return StatusReference(list_url=url, index=int(index), purpose=purpose)
