"""Claims that their holder can show one by one (RFC 9901, SD-JWT).

The issuer signs digests in place of claims; the holder passes on the disclosures of those
that it wants to show. Knows nothing of signatures: it turns claims into a payload with
disclosures, and back. The way back refuses everything that could be read in two ways.
"""

import hashlib
import json
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from config.errors import RefusedError
from config.limits import DISCLOSURE_DEPTH_MAX, DISCLOSURES_MAX, SD_JWT_BYTES_MAX
from did.base64url import decode_base64url, encode_base64url
from did.credentials.refusals import CredentialError
from did.jcs import Json, JsonObject, parse_json

ClaimPath: TypeAlias = tuple[str | int | None, ...]
"""Where a claim lies, from the top; None stands for every item of a list."""
_SALT_BYTES = 16
_DIGESTS = "_sd"
_ITEM = "..."
_ALGORITHM = "_sd_alg"
_RESERVED = frozenset({_DIGESTS, _ITEM, _ALGORITHM})
_DIGEST_CHARS = 43


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """A payload with its disclosures put back in."""

    claims: JsonObject
    places: Mapping[ClaimPath, str]
    """Where each disclosure went."""


def pack_claims(
    claims: JsonObject,
    *,
    disclosable: Sequence[ClaimPath],
    random: Callable[[int], bytes],
    decoys: int = 0,
) -> tuple[JsonObject, list[str]]:
    """Replace claims by digests; the payload to be signed, and the disclosures.

    Args:
        claims: Kept as they are.
        disclosable: Claims to be replaced; may lie within each other.
        random: Source of salts, as `secrets.token_bytes`.
        decoys: Digests of nothing, added at the top so that claims cannot be counted.

    Raises:
        CredentialError: A path leads nowhere, a claim has a reserved name, or too many.
    """
    packer = _Packer(random)
    _check_heads(disclosable, claims)
    payload = packer.pack_object(claims, disclosable)
    if len(packer.disclosures) > DISCLOSURES_MAX:
        raise CredentialError(f"a token has at most {DISCLOSURES_MAX} disclosures")
    fakes = [_digest(encode_base64url(random(_SALT_BYTES))) for _ in range(decoys)]
    if packer.disclosures or fakes:
        if fakes:
            payload[_DIGESTS] = sorted([*payload.get(_DIGESTS, []), *fakes])
        payload[_ALGORITHM] = "sha-256"
    return payload, packer.disclosures


def unpack_claims(payload: JsonObject, disclosures: Sequence[str]) -> Unpacked:
    """Put disclosed claims back into their places; what is not disclosed leaves no trace.

    Raises:
        CredentialError: Another hash than SHA-256, a digest or disclosure twice, a disclosure
            that belongs nowhere, a claim that would overwrite another, a reserved name where
            it may not be, or too much.

    Source: RFC 9901 §7.1.
    """
    if payload.get(_ALGORITHM, "sha-256") != "sha-256":
        raise CredentialError("only sha-256 digests of claims are accepted")
    unpacker = _Unpacker(disclosures)
    top = {name: value for name, value in payload.items() if name != _ALGORITHM}
    claims = unpacker.unpack(top, path=(), depth_left=DISCLOSURE_DEPTH_MAX)
    if unpacker.waiting:
        raise CredentialError("a disclosure belongs to no claim of this token")
    if not isinstance(claims, dict):
        raise CredentialError("a token's claims are an object")
    return Unpacked(claims=claims, places=unpacker.places)


def select_disclosures(unpacked: Unpacked, chosen: Sequence[ClaimPath]) -> list[str]:
    """The disclosures that show the chosen claims, with those that they lie in.

    Raises:
        CredentialError: A chosen path is not among the claims.
    """
    for path in chosen:
        if not _leads_somewhere(unpacked.claims, path):
            raise CredentialError(f"the credential has no claim {'.'.join(map(str, path))[:100]}")
    return [
        text
        for place, text in unpacked.places.items()
        if any(_is_prefix(place, path) for path in chosen)
    ]


class _Packer:
    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._random = random
        self.disclosures: list[str] = []

    def pack(self, value: Json, paths: Sequence[ClaimPath]) -> Json:
        if isinstance(value, dict):
            _check_heads(paths, value)
            return self.pack_object(value, paths)
        if isinstance(value, list):
            _check_heads(paths, (None, *range(len(value))))
            return [self._pack_item(index, item, paths) for index, item in enumerate(value)]
        if paths:
            raise CredentialError("a claim that is to be disclosable does not exist")
        return value

    def pack_object(self, value: JsonObject, paths: Sequence[ClaimPath]) -> JsonObject:
        if not _RESERVED.isdisjoint(value):
            raise CredentialError(f"claims cannot be named {', '.join(sorted(_RESERVED))}")
        _check_heads(paths, value.keys())
        shown: JsonObject = {}
        digests: list[str] = []
        for name, item in value.items():
            packed = self.pack(item, _below(paths, name))
            if (name,) in paths:
                digests.append(self._disclose([name, packed]))
            else:
                shown[name] = packed
        if digests:
            shown[_DIGESTS] = sorted(digests)  # their order tells nothing
        return shown

    def _pack_item(self, index: int, item: Json, paths: Sequence[ClaimPath]) -> Json:
        packed = self.pack(item, [*_below(paths, index), *_below(paths, None)])
        if (index,) in paths or (None,) in paths:
            return {_ITEM: self._disclose([packed])}
        return packed

    def _disclose(self, parts: list[Json]) -> str:
        salted = [encode_base64url(self._random(_SALT_BYTES)), *parts]
        text = encode_base64url(json.dumps(salted, ensure_ascii=False).encode())
        self.disclosures.append(text)
        return _digest(text)


class _Unpacker:
    def __init__(self, disclosures: Sequence[str]) -> None:
        if len(disclosures) > DISCLOSURES_MAX:
            raise CredentialError(f"a token has at most {DISCLOSURES_MAX} disclosures")
        self.waiting = {_digest(text): text for text in disclosures}
        if len(self.waiting) != len(disclosures):
            raise CredentialError("a disclosure appears twice")
        self.places: dict[ClaimPath, str] = {}
        self._seen: set[str] = set()

    def unpack(self, value: Json, *, path: ClaimPath, depth_left: int) -> Json:
        if not isinstance(value, dict | list):
            return value
        if depth_left == 0:
            raise CredentialError("claims and their disclosures nest too deep")
        if isinstance(value, dict):
            return self._unpack_object(value, path=path, depth_left=depth_left - 1)
        items: list[Json] = []
        for item in value:
            text = self._take_item(item)
            if text is None:
                continue
            place = (*path, len(items))
            if text:
                self.places[place] = text
                (item,) = _read_disclosure(text, parts=1)  # noqa: PLW2901 - what it stands for
            items.append(self.unpack(item, path=place, depth_left=depth_left - 1))
        return items

    def _unpack_object(
        self, value: dict[str, Json], *, path: ClaimPath, depth_left: int
    ) -> dict[str, Json]:
        if _ITEM in value or _ALGORITHM in value:
            raise CredentialError("a reserved name stands where it may not be")
        found: dict[str, Json] = {
            name: self.unpack(item, path=(*path, name), depth_left=depth_left)
            for name, item in value.items()
            if name != _DIGESTS
        }
        digests = value.get(_DIGESTS, [])
        if not isinstance(digests, list):
            raise CredentialError("_sd is a list of digests")
        for digest in digests:
            text = self._take(digest)
            if not text:
                continue
            name, item = _read_disclosure(text, parts=2)
            if not isinstance(name, str) or name in _RESERVED or name in found:
                raise CredentialError("a disclosed claim has a reserved name or one that is taken")
            self.places[*path, name] = text
            found[name] = self.unpack(item, path=(*path, name), depth_left=depth_left)
        return found

    def _take_item(self, item: Json) -> str | None:
        """Disclosure behind a list's item; empty for a plain item, None if it is not shown."""
        if not isinstance(item, dict) or _ITEM not in item:
            return ""
        if len(item) != 1:
            raise CredentialError("a hidden item of a list says nothing but its digest")
        return self._take(item[_ITEM]) or None

    def _take(self, digest: Json) -> str:
        """Disclosure of a digest; empty if it is not shown, or a decoy."""
        if not isinstance(digest, str) or len(digest) != _DIGEST_CHARS:
            raise CredentialError("a digest is 43 characters of base64url")
        if digest in self._seen:
            raise CredentialError("a digest appears twice")
        self._seen.add(digest)
        return self.waiting.pop(digest, "")


def _read_disclosure(text: str, *, parts: int) -> list[Json]:
    """What a disclosure says after its salt."""
    try:
        value = parse_json(
            decode_base64url(text), bytes_max=SD_JWT_BYTES_MAX, depth_max=DISCLOSURE_DEPTH_MAX
        )
    except RefusedError as error:
        raise CredentialError(f"malformed disclosure: {error.reason}") from error
    if not isinstance(value, list) or len(value) != 1 + parts or not isinstance(value[0], str):
        raise CredentialError("a disclosure is a list of salt, name and value, or salt and value")
    return value[1:]


def _digest(text: str) -> str:
    return encode_base64url(hashlib.sha256(text.encode()).digest())


def _below(paths: Sequence[ClaimPath], head: str | int | None) -> list[ClaimPath]:
    return [path[1:] for path in paths if len(path) > 1 and path[0] == head]


def _check_heads(paths: Sequence[ClaimPath], names: Container[str | int | None]) -> None:
    for path in paths:
        if not path or path[0] not in names:
            raise CredentialError("a claim that is to be disclosable does not exist")


def _leads_somewhere(value: Json, path: ClaimPath) -> bool:
    if not path:
        return True
    head, rest = path[0], path[1:]
    if isinstance(value, dict):
        return isinstance(head, str) and head in value and _leads_somewhere(value[head], rest)
    if not isinstance(value, list) or isinstance(head, str):
        return False
    if head is None:
        return all(_leads_somewhere(item, rest) for item in value)
    return 0 <= head < len(value) and _leads_somewhere(value[head], rest)


def _is_prefix(place: ClaimPath, path: ClaimPath) -> bool:
    return len(place) <= len(path) and all(
        wanted == found or (wanted is None and isinstance(found, int))
        for found, wanted in zip(place, path, strict=False)
    )
