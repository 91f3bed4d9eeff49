"""The cooperative record: who a cooperative is and where it is reached.

The record is the truth of discovery; the DHT and every other carrier only move it. It is a
compact JWS by the cooperative's assertion key over exact bytes, and it binds the libp2p key
by that key's own signature, so that neither can be claimed by another. Everything here is
pure and quick: validators call it on hostile input. It never holds anything about members.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import base58

from config.errors import RefusedError
from config.limits import CLOCK_SKEW_S_MAX, RECORD_BYTES_MAX, RECORD_LIFETIME_S_MAX
from did.base64url import decode_base64url, encode_base64url
from did.codec import encode
from did.jcs import parse_json_object
from did.jws import check_jws, parse_jws, sign_jws
from did.keys import KeyPair, is_signature_valid

RECORD_TYPE = "rochdale-record+jws"
RECORD_VERSION = 1
PEER_ADDRESSES_MAX = 8
SEQUENCE_MAX = (1 << 53) - 1
"""Largest integer that every JSON reader keeps exactly."""
_JSON_DEPTH_MAX = 4
_PEER_PROOF_DOMAIN = b"rochdale/peer-proof/v1"
_KEY_PREFIX = "/coop/"
# An Ed25519 PeerId is the identity multihash of its protobuf key (libp2p specs, peer-ids).
_PEER_ID_HEADER = bytes((0x00, 0x24, 0x08, 0x01, 0x12, 0x20))
_DID_WEB = re.compile(r"did:web:[A-Za-z0-9.%-]{1,200}")
_NODE_ID = re.compile(r"[0-9a-f]{40}")
_CHAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,50}")
_NETWORK_ADDRESS = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,200}:[0-9]{1,5}")
_MULTIADDRESS = re.compile(r"(/[A-Za-z0-9.:_%-]{1,100}){2,10}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerAddress:
    """Where a cooperative's engine is."""

    chain_id: str
    node_id: str
    """The engine's node id; 40 lowercase hexadecimal digits."""
    address: str
    """`host:port` of the engine's p2p listener."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CooperativeRecord:
    """What a cooperative says of itself; checked unless it was just built."""

    did: str
    """The cooperative's did:web."""
    name: str
    actor: str
    """Address of its ActivityPub actor."""
    inbox: str
    ledger: LedgerAddress
    peer_id: str
    """libp2p PeerId in base58."""
    peer_addresses: tuple[str, ...]
    """Multiaddresses without `/p2p/…`."""
    software: str
    seq: int
    """Grows with every record; the higher one holds."""
    iat: int
    """Issued at, seconds since 1970."""
    exp: int
    """Expires at, seconds since 1970; at most 72 hours later."""
    peer_proof: bytes
    """Signature by the libp2p key over DID, PeerId, seq and exp; 64 bytes."""


def sign_record(record: CooperativeRecord, *, key: KeyPair, kid: str) -> str:
    """Sign a record with the cooperative's assertion key.

    Args:
        record: What to sign; its peer proof comes from the discovery process.
        key: The assertion key.
        kid: Its verification method, `<did>#assertion`.

    Returns:
        A compact JWS of at most `RECORD_BYTES_MAX` characters.

    Raises:
        RefusedError: The record is too long.
    """
    claims = {
        "v": RECORD_VERSION,
        "did": record.did,
        "name": record.name,
        "actor": record.actor,
        "inbox": record.inbox,
        "ledger": {
            "chain_id": record.ledger.chain_id,
            "node_id": record.ledger.node_id,
            "addr": record.ledger.address,
        },
        "peer": {"id": record.peer_id, "addrs": list(record.peer_addresses)},
        "software": record.software,
        "seq": record.seq,
        "iat": record.iat,
        "exp": record.exp,
        "peer_proof": encode_base64url(record.peer_proof),
    }
    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode()
    jws = sign_jws(payload, key=key, kid=kid, typ=RECORD_TYPE)
    if len(jws) > RECORD_BYTES_MAX:
        raise RefusedError(f"a record has at most {RECORD_BYTES_MAX} bytes, not {len(jws)}")
    return jws


def check_record(jws: str, *, now_s: int, assertion_key: bytes) -> CooperativeRecord:
    """Check everything that a record must hold now.

    Args:
        jws: The compact JWS.
        now_s: Seconds since 1970.
        assertion_key: The key that the registry holds for the cooperative; 32 bytes.

    Raises:
        RefusedError: Malformed, signed by another, not bound to its libp2p key, from the
            future, expired, or valid for more than 72 hours.
    """
    record = open_record(jws, assertion_key=assertion_key)
    if record.iat > now_s + CLOCK_SKEW_S_MAX:
        raise RefusedError("the record comes from the future")
    if is_record_expired(record, now_s=now_s):
        raise RefusedError("the record has expired")
    return record


def check_registered_record(
    jws: str, *, now_s: int, registry: Mapping[str, bytes]
) -> CooperativeRecord:
    """Check a record against the registry of cooperatives, DID to assertion key.

    Raises:
        RefusedError: As `check_record`, or the DID is not registered.
    """
    return check_record(jws, now_s=now_s, assertion_key=_get_registered_key(jws, registry=registry))


def open_registered_record(jws: str, *, registry: Mapping[str, bytes]) -> CooperativeRecord:
    """Read a record of a registered cooperative whether or not it has expired.

    Raises:
        RefusedError: As `open_record`, or the DID is not registered.
    """
    return open_record(jws, assertion_key=_get_registered_key(jws, registry=registry))


def open_record(jws: str, *, assertion_key: bytes) -> CooperativeRecord:
    """Check all of a record but its age.

    Raises:
        RefusedError: Malformed, signed by another, or not bound to its libp2p key.
    """
    parsed = parse_jws(jws, typ=RECORD_TYPE, bytes_max=RECORD_BYTES_MAX)
    claims = parse_json_object(
        parsed.payload, bytes_max=RECORD_BYTES_MAX, depth_max=_JSON_DEPTH_MAX
    )
    record = _parse_claims(claims)
    if parsed.kid.partition("#")[0] != record.did:
        raise RefusedError("the record names another cooperative's key")
    check_jws(parsed, public_key=assertion_key)
    if not is_signature_valid(
        public_key=decode_peer_id(record.peer_id),
        message=compute_peer_proof_message(
            did=record.did, peer_id=record.peer_id, seq=record.seq, exp=record.exp
        ),
        signature=record.peer_proof,
    ):
        raise RefusedError("the record's libp2p key did not agree to it")
    return record


def is_record_expired(record: CooperativeRecord, *, now_s: int) -> bool:
    """Check if the record's time is over."""
    return record.exp <= now_s


def compute_record_rank(record: CooperativeRecord, *, jws: str) -> tuple[int, int, int]:
    """What orders two records of one cooperative; the greater one holds.

    Two different records with one seq are the cooperative's fault; the hash then decides,
    so that all nodes keep the same one.
    """
    digest = hashlib.sha256(jws.encode()).digest()
    return record.seq, record.iat, -int.from_bytes(digest, "big")


def select_record(
    candidates: Sequence[str], *, now_s: int, registry: Mapping[str, bytes]
) -> int | None:
    """The index of the record that holds, the last among equals; None if none is valid.

    Last among equals because py-libp2p's servers refuse to refresh a record unless the
    selector prefers the newcomer, and would forget it after a day.
    """
    best: tuple[tuple[int, int, int], int] | None = None
    for index, jws in enumerate(candidates):
        try:
            record = check_registered_record(jws, now_s=now_s, registry=registry)
        except RefusedError:
            continue
        rank = compute_record_rank(record, jws=jws)
        if best is None or rank >= best[0]:
            best = (rank, index)
    return None if best is None else best[1]


def compute_record_key(did: str) -> str:
    """The DHT key of a cooperative's record; 49 characters.

    Hashed, because peers reset streams that ask for keys over 50 bytes.
    """
    return _KEY_PREFIX + encode_base64url(hashlib.sha256(did.encode()).digest())


def compute_next_seq(previous: int, *, now_s: int) -> int:
    """The next record's seq: never below the clock, so a restored backup cannot roll back."""
    return max(previous + 1, now_s)


def compute_peer_id(public_key: bytes) -> str:
    """The libp2p PeerId of an Ed25519 key, in base58."""
    return base58.b58encode(_PEER_ID_HEADER + public_key).decode()


def decode_peer_id(peer_id: str) -> bytes:
    """The Ed25519 key inside a PeerId; 32 bytes.

    Raises:
        RefusedError: Not the PeerId of an Ed25519 key.
    """
    try:
        data = base58.b58decode(peer_id) if len(peer_id) <= 64 else b""
    except ValueError as error:
        raise RefusedError("the PeerId is not base58") from error
    if len(data) != len(_PEER_ID_HEADER) + 32 or not data.startswith(_PEER_ID_HEADER):
        raise RefusedError("the PeerId is not that of an Ed25519 key")
    return data[len(_PEER_ID_HEADER) :]


def compute_peer_proof_message(*, did: str, peer_id: str, seq: int, exp: int) -> bytes:
    """What the libp2p key signs to say that it belongs to the cooperative."""
    return _PEER_PROOF_DOMAIN + encode([did, peer_id, seq, exp])


def _get_registered_key(jws: str, *, registry: Mapping[str, bytes]) -> bytes:
    parsed = parse_jws(jws, typ=RECORD_TYPE, bytes_max=RECORD_BYTES_MAX)
    assertion_key = registry.get(parsed.kid.partition("#")[0])
    if assertion_key is None:
        raise RefusedError("the record's cooperative is not registered")
    return assertion_key


def _parse_claims(claims: dict[str, object]) -> CooperativeRecord:
    if _get_integer(claims, "v") != RECORD_VERSION:
        raise RefusedError(f"only records of version {RECORD_VERSION} are understood")
    ledger, peer = _get_object(claims, "ledger"), _get_object(claims, "peer")
    record = CooperativeRecord(
        did=_get_matching(claims, "did", _DID_WEB),
        name=_get_text(claims, "name", characters_max=200),
        actor=_get_text(claims, "actor", characters_max=512),
        inbox=_get_text(claims, "inbox", characters_max=512),
        ledger=LedgerAddress(
            chain_id=_get_matching(ledger, "chain_id", _CHAIN_ID),
            node_id=_get_matching(ledger, "node_id", _NODE_ID),
            address=_get_matching(ledger, "addr", _NETWORK_ADDRESS),
        ),
        peer_id=_get_text(peer, "id", characters_max=64),
        peer_addresses=_get_multiaddresses(peer),
        software=_get_text(claims, "software", characters_max=100),
        seq=_get_integer(claims, "seq"),
        iat=_get_integer(claims, "iat"),
        exp=_get_integer(claims, "exp"),
        peer_proof=_get_signature(claims),
    )
    for address in (record.actor, record.inbox):
        _check_address(address, did=record.did, chain_id=record.ledger.chain_id)
    if not 0 < record.exp - record.iat <= RECORD_LIFETIME_S_MAX:
        raise RefusedError(f"a record is valid for at most {RECORD_LIFETIME_S_MAX} s")
    return record


def _check_address(address: str, *, did: str, chain_id: str) -> None:
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise RefusedError("an address in the record is malformed") from error
    # Without TLS only where nothing real is at stake.
    schemes = ("https", "http") if chain_id.startswith("test-") else ("https",)
    if parts.scheme not in schemes:
        raise RefusedError("an address in the record is not https")
    if parts.netloc != unquote(did.removeprefix("did:web:")):
        raise RefusedError("an address in the record is not at the cooperative's own origin")


def _get_object(claims: dict[str, object], name: str) -> dict[str, object]:
    value = claims.get(name)
    if not isinstance(value, dict):
        raise RefusedError(f"the record's {name} is not an object")
    return value


def _get_integer(claims: dict[str, object], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= SEQUENCE_MAX:
        raise RefusedError(f"the record's {name} is not a positive integer")
    return value


def _get_text(claims: dict[str, object], name: str, *, characters_max: int) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= characters_max:
        raise RefusedError(f"the record's {name} is not a text of 1 to {characters_max}")
    if not value.isprintable():
        raise RefusedError(f"the record's {name} holds characters that cannot be shown")
    return value


def _get_matching(claims: dict[str, object], name: str, pattern: re.Pattern[str]) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise RefusedError(f"the record's {name} is malformed")
    return value


def _get_multiaddresses(peer: dict[str, object]) -> tuple[str, ...]:
    values = peer.get("addrs")
    if not isinstance(values, list) or not 0 < len(values) <= PEER_ADDRESSES_MAX:
        raise RefusedError(f"a record has 1 to {PEER_ADDRESSES_MAX} libp2p addresses")
    if not all(isinstance(item, str) and _MULTIADDRESS.fullmatch(item) for item in values):
        raise RefusedError("a libp2p address in the record is malformed")
    return tuple(values)


def _get_signature(claims: dict[str, object]) -> bytes:
    return decode_base64url(_get_text(claims, "peer_proof", characters_max=100))
