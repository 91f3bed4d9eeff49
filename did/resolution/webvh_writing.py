"""Writing a did:webvh's log: its first entry, and one more.

Each entry is signed by a key that the one before committed to, and commits to the next one
(pre-rotation): whoever steals a key that was used can write nothing with it. Never makes a key
and never reads a clock. What is written is read again by `did.resolution.webvh`, so that no
log leaves here that does not hold.

Source: did:webvh 1.0, "Create (Register)", "Update (Rotate)", "Pre-Rotation".
"""

import json

from did.jcs import JsonObject, canonicalize
from did.keys import KeyPair, did_key_verification_method, encode_multikey
from did.proofs import add_proof
from did.resolution.locations import locate_webvh_log
from did.resolution.results import Version
from did.resolution.syntax import Did, parse_did
from did.resolution.webvh import Entry, read_log, resolve_log
from did.resolution.webvh_parameters import METHOD, compute_multihash, refuse
from did.times import render_time

SCID_PLACEHOLDER = "{SCID}"
"""Stands for the SCID in a first document."""


def begin_log(document: JsonObject, *, key: KeyPair, next_key: bytes, now_s: int) -> bytes:
    """Write a log's first entry.

    Args:
        document: With `SCID_PLACEHOLDER` wherever it says its own DID.
        key: Signs the entry, and no other one.
        next_key: Public; 32 bytes: signs the next entry.
        now_s: Unix seconds.

    Returns:
        did.jsonl.

    Raises:
        ResolutionError: The document is no did:webvh's, or its host is no name with a domain.
    """
    time = render_time(now_s * 1_000)
    preliminary: JsonObject = {
        "versionId": SCID_PLACEHOLDER,
        "versionTime": time,
        "parameters": {
            "method": METHOD,
            "scid": SCID_PLACEHOLDER,
            **_render_keys(key, next_key),
        },
        "state": document,
    }
    scid = compute_multihash(canonicalize(preliminary))
    text = canonicalize(preliminary).decode().replace(SCID_PLACEHOLDER, scid)
    line = _sign(json.loads(text), number=1, key=key, time=time)
    did = get_log_did(line)
    locate_webvh_log(did)  # what nobody finds is not begun
    return _check(did, line, now_s=now_s)


def extend_log(
    data: bytes, document: JsonObject, *, key: KeyPair, next_key: bytes, now_s: int
) -> bytes:
    """Write one more entry.

    Args:
        data: did.jsonl so far.
        document: With its own DID.
        key: To which the last entry committed.
        next_key: Public; 32 bytes: signs the entry after this one.
        now_s: Unix seconds. Times are whole seconds and each entry's is later than the last
            one's: a second entry within the same is of the next.

    Returns:
        did.jsonl with the entry.

    Raises:
        ResolutionError: The log does not hold, has ended, or the key may not go on with it.
    """
    did = get_log_did(data)
    last = get_last_entry(data, now_s=now_s)
    now_s = max(now_s, int(last.time.timestamp()) + 1)
    time = render_time(now_s * 1_000)
    entry: JsonObject = {
        "versionId": last.version_id,
        "versionTime": time,
        "parameters": _render_keys(key, next_key),
        "state": document,
    }
    number = int(last.version_id.partition("-")[0]) + 1
    return _check(did, data + _sign(entry, number=number, key=key, time=time), now_s=now_s)


def get_log_did(data: bytes) -> Did:
    """The DID that a log's last entry says; nothing is verified.

    Raises:
        ResolutionError: It says none.
    """
    try:
        entry = json.loads(data.removesuffix(b"\n").rpartition(b"\n")[2])
        return parse_did(entry["state"]["id"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise refuse("its last line is no entry") from error


def get_last_entry(data: bytes, *, now_s: int) -> Entry:
    """The last entry of a log, verified with all before it.

    Raises:
        ResolutionError: It does not hold.
    """
    log = read_log(get_log_did(data), data, now_s=now_s)
    if log.failure is not None:
        raise log.failure
    return log.entries[-1]


def is_committed(entry: Entry, public_key: bytes) -> bool:
    """Whether a key may write the entry after one."""
    return compute_multihash(encode_multikey(public_key).encode()) in (
        entry.parameters.next_key_hashes
    )


def _render_keys(key: KeyPair, next_key: bytes) -> JsonObject:
    return {
        "updateKeys": [encode_multikey(key.public_key)],
        "nextKeyHashes": [compute_multihash(encode_multikey(next_key).encode())],
    }


def _sign(entry: JsonObject, *, number: int, key: KeyPair, time: str) -> bytes:
    chained = compute_multihash(canonicalize(entry))
    signed = add_proof(
        {**entry, "versionId": f"{number}-{chained}"},
        key=key,
        verification_method=did_key_verification_method(key.public_key),
        created=time,
    )
    return canonicalize({**signed, "proof": [signed["proof"]]}) + b"\n"


def _check(did: Did, data: bytes, *, now_s: int) -> bytes:
    resolve_log(read_log(did, data, now_s=now_s), Version())
    return data
