"""Token status lists: what wallets ask about an SD-JWT VC's status.

The same facts as in `did.credentials.status_lists`, in the form of the other community: two
bits for each credential, the lowest first, in a signed token.

Source: draft-ietf-oauth-status-list §4 to §8.
"""

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from config.limits import (
    CLOCK_SKEW_S_MAX,
    STATUS_LIST_ENTRIES,
    STATUS_LIST_ENTRIES_MAX,
    STATUS_LIST_TEXT_MAX,
    URL_CHARACTERS_MAX,
)
from did.credentials.compact import check_compact, parse_compact, sign_compact
from did.credentials.refusals import CredentialError
from did.credentials.sd_jwt_vc import SdJwtVc, check_token_times, read_verification_method
from did.documents import DidDocument
from did.jcs import JsonObject
from did.keys import KeyPair

TOKEN_LIST_TYPE = "statuslist+jwt"  # noqa: S105 - a media type
_BITS = 2
_WIDTHS = frozenset({1, 2, 4, 8})


class TokenStatus(IntEnum):
    """What an entry says (§7.1)."""

    VALID = 0
    INVALID = 1
    SUSPENDED = 2


_WORDS: dict[int, str] = {TokenStatus.INVALID: "revoked", TokenStatus.SUSPENDED: "suspended"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenStatusList:
    """A list that was fetched and checked."""

    issuer: str
    width: int
    """Bits of an entry."""
    packed: bytes
    """Entries, each byte's lowest bits first."""
    expires_at_s: int | None = None
    """Unix seconds from which on it says nothing any more."""
    ttl_s: int | None = None
    """How long it may be kept before it is fetched anew; None if it does not say."""

    def get(self, index: int) -> int:
        """An entry.

        Raises:
            CredentialError: The list is shorter.
        """
        per_byte = 8 // self.width
        if not 0 <= index < per_byte * len(self.packed):
            raise CredentialError("the status list has no such index")
        shift = index % per_byte * self.width
        return self.packed[index // per_byte] >> shift & ((1 << self.width) - 1)


def render_token_reference(*, url: str, index: int) -> JsonObject:
    """Write the `status` claim of a token."""
    return {"status_list": {"idx": index, "uri": url}}


def read_token_reference(credential: SdJwtVc) -> tuple[str, int] | None:
    """Where an SD-JWT VC's status is told: the list's URL and an index; None if nowhere.

    Raises:
        CredentialError: Another way of telling it, or malformed.
    """
    if credential.status is None:
        return None
    entry = credential.status.get("status_list")
    if set(credential.status) != {"status_list"} or not isinstance(entry, dict):
        raise CredentialError("only status_list tells a token's status here")
    index, url = entry.get("idx"), entry.get("uri")
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise CredentialError("status_list.idx is a number from 0")
    if not isinstance(url, str) or not url or len(url) > URL_CHARACTERS_MAX:
        raise CredentialError("status_list.uri is a URL")
    return url, index


def check_token_status(credential: SdJwtVc, found: TokenStatusList | None) -> None:
    """Check that an SD-JWT VC is neither revoked nor suspended.

    Args:
        credential: As read.
        found: The list that it names, itself checked; None: it could not be had, which is a
            refusal unless the credential names none.

    Raises:
        CredentialError: It is, or nobody can tell.
    """
    reference = read_token_reference(credential)
    if reference is None:
        return
    if found is None or found.issuer != credential.issuer:
        raise CredentialError("the credential's status list could not be had from its issuer")
    status = found.get(reference[1])
    if status != TokenStatus.VALID:
        raise CredentialError(f"the credential is {_WORDS.get(status, 'not valid')}")


def issue_token_status_list(
    statuses: Mapping[int, TokenStatus],
    *,
    url: str,
    issuer: str,
    key: KeyPair,
    verification_method: str,
    now_s: int,
    valid_s: int,
) -> str:
    """Sign a list of `STATUS_LIST_ENTRIES`.

    Args:
        statuses: Entries that are not valid.
        url: Where it is published.
        issuer: Whose credentials it is about.
        key: The issuer's.
        verification_method: URL under which readers find the public key.
        now_s: Unix seconds.
        valid_s: Seconds until readers must fetch it anew.

    Raises:
        CredentialError: An index beyond the list.
    """
    packed = bytearray(STATUS_LIST_ENTRIES * _BITS // 8)
    for index, status in statuses.items():
        if not 0 <= index < STATUS_LIST_ENTRIES:
            raise CredentialError(f"a status list has {STATUS_LIST_ENTRIES} entries")
        packed[index * _BITS // 8] |= status << index * _BITS % 8
    text = base64.urlsafe_b64encode(zlib.compress(bytes(packed), level=9)).rstrip(b"=").decode()
    claims: JsonObject = {
        "iss": issuer,
        "sub": url,
        "iat": now_s,
        "exp": now_s + valid_s,
        "ttl": valid_s,
        "status_list": {"bits": _BITS, "lst": text},
    }
    return sign_compact(claims, key=key, typ=TOKEN_LIST_TYPE, kid=verification_method)


def check_token_status_list(
    token: str, *, url: str, issuer: str, document: DidDocument, now_s: int
) -> TokenStatusList:
    """Check a fetched list and unpack it, never more than the longest that is allowed.

    Args:
        token: As it was fetched.
        url: From where.
        issuer: Whose list is expected, a DID.
        document: The issuer's, resolved.
        now_s: Unix seconds.

    Raises:
        CredentialError: Malformed, out of date, for another place, too long, or not signed by
            the issuer.
    """
    jws = parse_compact(token, types=(TOKEN_LIST_TYPE,), bytes_max=2 * STATUS_LIST_TEXT_MAX)
    method = read_verification_method(jws, issuer=issuer)
    check_compact(jws, key=document.get_key(method, purpose="assertionMethod"))
    check_token_times(jws, now_s=now_s)
    if jws.get_text("sub") != url or jws.claims.get("iss", issuer) != issuer:
        raise CredentialError("the status list belongs elsewhere")
    issued_at_s = jws.get_time("iat")
    if issued_at_s is None or issued_at_s > now_s + CLOCK_SKEW_S_MAX:
        raise CredentialError("the status list does not say when it was issued")
    value = jws.claims.get("status_list")
    width = value.get("bits") if isinstance(value, dict) else None
    if not isinstance(value, dict) or isinstance(width, bool) or width not in _WIDTHS:
        raise CredentialError("status_list has bits and lst")
    return TokenStatusList(
        issuer=issuer,
        width=width,
        packed=_unpack(value.get("lst"), width),
        expires_at_s=jws.get_time("exp"),
        ttl_s=jws.get_time("ttl"),
    )


def _unpack(text: object, width: int) -> bytes:
    if not isinstance(text, str) or len(text) > STATUS_LIST_TEXT_MAX:
        raise CredentialError("lst is base64url, of bounded length")
    bytes_max = STATUS_LIST_ENTRIES_MAX * width // 8
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(packed, bytes_max + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise CredentialError("lst is base64url of a zlib stream") from error
    if len(data) > bytes_max or not unpacker.eof or unpacker.unused_data:
        raise CredentialError("lst is one whole zlib stream, of bounded length")
    return data
