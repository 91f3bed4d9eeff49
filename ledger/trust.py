"""Whom to believe: what somebody is given by people, never by the network, to start from.

Two files say it. A genesis file names a chain's first validators. A trust bundle names a
later header with its validators, and where the chain's nodes are; `rochdale trust export`
writes one. The header's hash stands for the whole of it: chain, time, validators and their
successors, so two people can compare it by telephone. Pure; following the chain from here is
`ledger.light`'s matter.
"""

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import Any

from config.errors import RefusedError
from config.limits import (
    COOPERATIVES_MAX,
    GENESIS_BYTES_MAX,
    TRUST_BUNDLE_BYTES_MAX,
    TRUSTING_DAYS,
    TRUSTING_DAYS_MAX,
)
from did.documents import did_web_for_origin
from did.jcs import JsonObject, parse_json_object
from ledger.headers import (
    Header,
    Validator,
    compute_validators_hash,
    parse_base64,
    parse_header,
    parse_integer,
    parse_time_ns,
)
from ledger.light_blocks import (
    LightBlock,
    check_validators,
    parse_validators,
    render_header,
    render_validators,
)

TRUST_VERSION = 2
_DAY_NS = 86_400 * 1_000_000_000
_NODE_ID = re.compile(r"[0-9a-f]{40}")
_P2P_ADDRESS = re.compile(r"[A-Za-z0-9.\[\]:-]{1,260}:[1-9][0-9]{0,4}")
_FIELDS = {"version", "chain_id", "genesis_hash", "trusting_days", "header", "validators", "peers"}


class TrustError(RefusedError):
    """A trust bundle or genesis file is malformed or contradicts itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustPeer:
    """One node of the chain, to fetch from; nobody believes it for standing here."""

    node_id: str
    """Its engine's id; 40 hexadecimal digits."""
    p2p_address: str
    """Where its engine is reached, `<host>:<port>`."""
    origin: str
    """Where its web serves `/ledger/*`: `https://…`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustBundle:
    """A header that is believed, and the validators who made it final."""

    chain_id: str
    genesis_hash: bytes
    """SHA-256 of the genesis file; 32 bytes."""
    time_ns: int
    """The header's time, or when the chain begins; nanoseconds since 1970."""
    validators: tuple[Validator, ...]
    """Of the header's height, or the first ones."""
    header: Header | None = None
    """None: the chain's beginning, before the first header."""
    trusting_days: int = TRUSTING_DAYS
    peers: tuple[TrustPeer, ...] = ()

    @property
    def height(self) -> int:
        """The header's height; 0 for the chain's beginning."""
        return 0 if self.header is None else self.header.height

    @property
    def header_hash(self) -> bytes:
        """The header's hash; 32 bytes, empty for the chain's beginning."""
        return b"" if self.header is None else self.header.compute_hash()

    @property
    def next_validators_hash(self) -> bytes:
        """What names the validators of the next height; 32 bytes."""
        if self.header is None:
            return compute_validators_hash(self.validators)
        return self.header.next_validators_hash

    @property
    def expires_ns(self) -> int:
        """From when on it leads to no other header; nanoseconds since 1970."""
        return self.time_ns + self.trusting_days * _DAY_NS

    def move_to(self, block: LightBlock) -> "TrustBundle":
        """The same trust at another header; `ledger.light` says when that is right."""
        return replace(
            self, header=block.header, time_ns=block.header.time_ns, validators=block.validators
        )


def compute_trust_bundle(genesis: bytes) -> TrustBundle:
    """The trust that a genesis file stands for; without peers.

    Args:
        genesis: The file's bytes, exactly as the engine reads them.

    Raises:
        RefusedError: It names no chain, time or validators in the known way.
    """
    document = parse_json_object(genesis, bytes_max=GENESIS_BYTES_MAX)
    try:
        validators = tuple(
            Validator(
                public_key=parse_base64(item["pub_key"]["value"]),
                power=parse_integer(item["power"]),
            )
            for item in document["validators"]
        )
        return TrustBundle(
            chain_id=_text(document["chain_id"]),
            genesis_hash=hashlib.sha256(genesis).digest(),
            time_ns=parse_time_ns(document["genesis_time"]),
            validators=check_validators(validators),
        )
    except (KeyError, TypeError) as error:
        raise TrustError("the genesis file names its validators in no known way") from error


def parse_trust_bundle(value: object) -> TrustBundle:
    """Read a trust bundle from parsed JSON.

    Raises:
        RefusedError: Malformed, or header and validators do not belong together.
    """
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        raise TrustError(f"a trust bundle has exactly the fields {', '.join(sorted(_FIELDS))}")
    if type(value["version"]) is not int or value["version"] != TRUST_VERSION:
        raise TrustError(f"only trust bundles of version {TRUST_VERSION} can be read")
    header, validators = parse_header(value["header"]), parse_validators(value["validators"])
    if header.height < 1 or header.chain_id != _text(value["chain_id"]):
        raise TrustError("the header is of another chain than the trust bundle")
    if header.validators_hash != compute_validators_hash(validators):
        raise TrustError("the validators are not the ones that the header names")
    days = value["trusting_days"]
    if type(days) is not int or not 0 < days <= TRUSTING_DAYS_MAX:
        raise TrustError(f"trusting_days is a whole number from 1 to {TRUSTING_DAYS_MAX}")
    return TrustBundle(
        chain_id=header.chain_id,
        genesis_hash=_hex32(value["genesis_hash"]),
        time_ns=header.time_ns,
        validators=validators,
        header=header,
        trusting_days=days,
        peers=_parse_peers(value["peers"]),
    )


def read_trust_bundle(data: bytes) -> TrustBundle:
    """Read a trust bundle's file.

    Raises:
        RefusedError: As `parse_trust_bundle`, or not JSON.
    """
    return parse_trust_bundle(parse_json_object(data, bytes_max=TRUST_BUNDLE_BYTES_MAX))


def render_trust_bundle(trust: TrustBundle) -> JsonObject:
    """The bundle as JSON; `parse_trust_bundle` reads it back.

    Raises:
        TrustError: It stands at the chain's beginning, which the genesis file itself says.
    """
    if trust.header is None:
        raise TrustError("before the first block, the genesis file says whom to believe")
    return {
        "version": TRUST_VERSION,
        "chain_id": trust.chain_id,
        "genesis_hash": trust.genesis_hash.hex(),
        "trusting_days": trust.trusting_days,
        "header": render_header(trust.header),
        "validators": render_validators(trust.validators),
        "peers": [
            {"node_id": item.node_id, "p2p_address": item.p2p_address, "origin": item.origin}
            for item in trust.peers
        ],
    }


def write_trust_bundle(trust: TrustBundle) -> bytes:
    """The bundle as a file's bytes.

    Raises:
        TrustError: As `render_trust_bundle`.
    """
    return json.dumps(render_trust_bundle(trust), indent=1).encode() + b"\n"


def _parse_peers(value: object) -> tuple[TrustPeer, ...]:
    if not isinstance(value, list) or len(value) > COOPERATIVES_MAX:
        raise TrustError(f"peers are a list of at most {COOPERATIVES_MAX}")
    return tuple(_parse_peer(item) for item in value)


def _parse_peer(value: object) -> TrustPeer:
    names = set(TrustPeer.__slots__)
    if not isinstance(value, dict) or value.keys() != names:
        raise TrustError(f"a peer has exactly the fields {', '.join(sorted(names))}")
    fields: dict[str, Any] = value
    if not all(isinstance(item, str) for item in fields.values()):
        raise TrustError("what a trust bundle says of a peer is text")
    if not _NODE_ID.fullmatch(fields["node_id"]):
        raise TrustError("a peer's node id is 40 lower-case hexadecimal digits")
    if not _P2P_ADDRESS.fullmatch(fields["p2p_address"]):
        raise TrustError("a peer's p2p_address is <host>:<port>")
    try:
        did_web_for_origin(fields["origin"])
    except ValueError as error:  # an address that no URL can have
        raise TrustError("a peer's origin is https://host or https://host:port") from error
    return TrustPeer(**fields)


def _hex32(value: object) -> bytes:
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        data = b""
    if len(data) != 32 or data.hex() != value:
        raise TrustError("genesis_hash is 32 bytes as lower-case hexadecimal")
    return data


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 50:
        raise TrustError("a chain's id is 1 to 50 characters")
    return value
