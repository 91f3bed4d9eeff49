"""What a did:webvh's log says about itself: who may write, who must witness, what is promised.

Each entry of the log may change some parameters; the others go on. Whatever the method does
not define is refused: an unknown parameter could change what an entry means.

Source: did:webvh 1.0, "DID Method Parameters", "Pre-Rotation", "DID Witnesses".
"""

import re
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import base58

from config.did_limits import WEBVH_KEYS_MAX
from did.jcs import JsonObject
from did.keys import KeyFormatError, decode_multikey
from did.resolution.results import Problem, ResolutionError

METHOD = "did:webvh:1.0"
_SHA256_MULTIHASH = b"\x12\x20"
_TTL_DEFAULT_S = 3_600
_TTL_S_MAX = 1 << 31
_HASH = re.compile(r"[1-9A-HJ-NP-Za-km-z]{46}")
_NAMES = frozenset(
    {
        "method",
        "scid",
        "updateKeys",
        "nextKeyHashes",
        "witness",
        "watchers",
        "portable",
        "deactivated",
        "ttl",
    }
)
_DEFAULTS = {
    "updateKeys": [],
    "nextKeyHashes": [],
    "witness": {},
    "watchers": [],
    "portable": False,
    "deactivated": False,
    "ttl": _TTL_DEFAULT_S,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnesses:
    """Who must approve an entry."""

    dids: tuple[str, ...]
    """did:key of each, all different."""
    threshold: int
    """How many of them suffice; 1 to their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What holds after an entry."""

    scid: str
    update_keys: tuple[str, ...]
    """Multikeys (Ed25519)."""
    next_key_hashes: tuple[str, ...] = ()
    """Not empty: the next entry's update keys are among those hashed here."""
    witnesses: Witnesses | None = None
    watchers: tuple[str, ...] = ()
    is_portable: bool = False
    is_deactivated: bool = False
    ttl_s: int = _TTL_DEFAULT_S


def apply_parameters(previous: Parameters | None, given: object) -> Parameters:
    """Take in what an entry says; None before the first.

    Raises:
        ResolutionError: invalidDid: an unknown or malformed parameter, or one that may not
            stand or be missing here.
    """
    if not isinstance(given, dict) or not _NAMES.issuperset(given):
        raise refuse("its parameters are not those of did:webvh 1.0")
    # Early implementations wrote null for "as by default", and are to be read.
    given = {name: _DEFAULTS.get(name) if given[name] is None else given[name] for name in given}
    if given.get("method", METHOD if previous else None) != METHOD:
        raise refuse(f"it follows another method than {METHOD}")
    if previous is None:
        scid = given.get("scid")
        if not isinstance(scid, str) or "updateKeys" not in given:
            raise refuse("its first entry lacks scid or updateKeys")
        current = Parameters(scid=scid, update_keys=())
    else:
        _check_later(previous, given)
        current = previous
    return replace(current, **_read(given))


def compute_multihash(data: bytes) -> str:
    """SHA-256 as a multihash in base58btc; 46 characters."""
    return base58.b58encode(_SHA256_MULTIHASH + sha256(data).digest()).decode()


def refuse(reason: str) -> ResolutionError:
    """An error that says what is wrong with a log."""
    return ResolutionError(Problem.INVALID_DID, f"this did:webvh's log does not hold: {reason}")


def _check_later(previous: Parameters, given: JsonObject) -> None:
    if previous.is_deactivated:
        raise refuse("it goes on after its end")
    if "scid" in given:
        raise refuse("only its first entry names the scid")
    if given.get("portable") is True:
        raise refuse("a DID becomes portable in its first entry or not at all")
    if not previous.next_key_hashes:
        return
    if "updateKeys" not in given or "nextKeyHashes" not in given:
        raise refuse("an entry after a commitment to keys names updateKeys and nextKeyHashes")
    for key in _read_texts(given["updateKeys"]):
        if compute_multihash(key.encode()) not in previous.next_key_hashes:
            raise refuse("an update key was not committed to")


def _read(given: JsonObject) -> dict[str, Any]:
    """Read what is given into `Parameters`' fields."""
    values: dict[str, Any] = {}
    if "updateKeys" in given:
        values["update_keys"] = keys = _read_texts(given["updateKeys"])
        for key in keys:
            _check_key(key)
    if "nextKeyHashes" in given:
        values["next_key_hashes"] = hashes = _read_texts(given["nextKeyHashes"])
        if not all(_HASH.fullmatch(text) for text in hashes):
            raise refuse("a hash of a next key is no SHA-256 multihash")
    if "watchers" in given:
        values["watchers"] = _read_texts(given["watchers"])
    if "witness" in given:
        values["witnesses"] = _read_witnesses(given["witness"])
    for name, field in (("portable", "is_portable"), ("deactivated", "is_deactivated")):
        if name in given:
            if not isinstance(given[name], bool):
                raise refuse(f"{name} is true or false")
            values[field] = given[name]
    if "ttl" in given:
        if type(given["ttl"]) is not int or not 0 <= given["ttl"] <= _TTL_S_MAX:
            raise refuse("ttl is a number of seconds")
        values["ttl_s"] = given["ttl"]
    return values


def _read_texts(value: object) -> tuple[str, ...]:
    if (
        not isinstance(value, list)
        or len(value) > WEBVH_KEYS_MAX
        or not all(isinstance(item, str) for item in value)
    ):
        raise refuse(f"a parameter is a list of at most {WEBVH_KEYS_MAX} texts")
    return tuple(value)


def _read_witnesses(value: object) -> Witnesses | None:
    if value == {}:
        return None
    listed = value.get("witnesses") if isinstance(value, dict) else None
    if (
        not isinstance(value, dict)
        or not isinstance(listed, list)
        or not all(isinstance(item, dict) for item in listed)
    ):
        raise refuse("witness lists witnesses and a threshold")
    dids = _read_texts([item.get("id") for item in listed])
    for did in dids:
        if not did.startswith("did:key:"):
            raise refuse("a witness is a did:key")
        _check_key(did.removeprefix("did:key:"))
    threshold = value.get("threshold")
    if type(threshold) is not int or not 1 <= threshold <= len(dids) or len(set(dids)) != len(dids):
        raise refuse("witnesses are all different, and the threshold is 1 to their number")
    return Witnesses(dids=dids, threshold=threshold)


def _check_key(multikey: str) -> None:
    try:
        decode_multikey(multikey)
    except KeyFormatError as error:
        raise refuse("a key of its log is no Ed25519 Multikey") from error
