"""The ceremony that begins a chain: founders' offers in, one genesis file out.

Each founder signs what it brings; anybody assembles the same file from the same offers, and
every founder checks before starting that the file says of it exactly what it signed. The
offers stay inside the file (the engine passes over them), so a newcomer can check it too and
learns where the founders' engines are reached. Reads and writes no files itself.
"""

import base64
import datetime
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.errors import RefusedError
from config.limits import (
    BLOCK_BYTES_MAX,
    CHAIN_ID_CHARS_MAX,
    COOPERATIVES_MAX,
    GENESIS_BYTES_MAX,
)
from did.accounts import Inception, is_network_name
from did.documents import did_web_for_origin
from did.jcs import JsonObject, canonicalize, parse_json_object
from did.jws import check_jws, parse_jws, sign_jws
from did.keys import KeyPair
from governance.genesis import GenesisCooperative, GenesisState, parse_genesis
from governance.genesis import check_genesis as check_genesis_state
from ledger.headers import parse_time_ns
from ledger.light import TrustBundle, compute_trust_bundle

FOUNDER_TYPE = "rochdale-founder+jws"
FOUNDER_BYTES_MAX = 4_096
VALIDATOR_POWER = 100
NAME_CHARS_MAX = 100
_EVIDENCE_AGE_NS = 2 * 86_400 * 1_000_000_000
_P2P_ADDRESS = re.compile(r"[A-Za-z0-9.\[\]:-]{1,260}:[1-9][0-9]{0,4}")
_CHAIN_ID = re.compile(r"[a-z0-9][a-z0-9-]*")


class GenesisError(RefusedError):
    """An offer or a genesis file is malformed, contradicts another or was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Founder:
    """What one cooperative brings to a new chain."""

    chain_id: str
    network: str
    name: str
    """The cooperative's name, as people read it."""
    origin: str
    """Its node's https origin; its did:web follows from it."""
    inception: Inception
    """Its first key is the root key, which signs this."""
    registrar_key: bytes
    assertion_key: bytes
    consensus_key: bytes
    node_id: str
    """Its engine's id; 40 hexadecimal digits."""
    p2p_address: str
    """Where its engine is reached, `<host>:<port>`."""

    @property
    def did(self) -> str:
        """The cooperative's did:web."""
        return did_web_for_origin(self.origin)

    @property
    def cooperative(self) -> bytes:
        """The cooperative's id; 32 bytes."""
        return self.inception.compute_id()

    @property
    def peer(self) -> str:
        """How other engines dial this one."""
        return f"{self.node_id}@{self.p2p_address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesis:
    """A genesis file that holds together."""

    chain_id: str
    network: str
    founders: tuple[Founder, ...]
    """Ascending by cooperative id."""
    genesis_hash: bytes
    """SHA-256 of the file; 32 bytes."""
    trust: TrustBundle

    def list_peers(self, *, except_node_id: str = "") -> tuple[str, ...]:
        """The founders' engines, without one's own, for `persistent_peers`."""
        return tuple(item.peer for item in self.founders if item.node_id != except_node_id)


def render_founder(founder: Founder, *, root_key: KeyPair) -> str:
    """Sign an offer with the cooperative's root key: the founder file, a compact JWS.

    Raises:
        GenesisError: The offer is malformed, or the key is not its inception's.
    """
    payload = canonicalize(_render_claims(founder))
    jws = sign_jws(payload, key=root_key, kid=f"{founder.did}#root", typ=FOUNDER_TYPE)
    check_founder(jws)
    return jws


def check_founder(jws: str) -> Founder:
    """Read an offer and check that the cooperative that it is about signed it.

    Raises:
        RefusedError: Malformed, or not signed by its inception's key.
    """
    signed = parse_jws(jws.strip(), typ=FOUNDER_TYPE, bytes_max=FOUNDER_BYTES_MAX)
    claims = parse_json_object(signed.payload, bytes_max=FOUNDER_BYTES_MAX, depth_max=2)
    founder = _parse_claims(claims)
    if signed.kid != f"{founder.did}#root":
        raise GenesisError("an offer is signed by its own cooperative's root key")
    check_jws(signed, public_key=founder.inception.public_key)
    return founder


def assemble_genesis(
    founders: Sequence[str],
    *,
    chain_id: str,
    network: str,
    bylaws: Mapping[str, object],
    time_scale: int,
    genesis_time_ms: int,
) -> bytes:
    """Make the genesis file of a chain; the same offers in any order give the same bytes.

    Args:
        founders: Founder files.
        chain_id: As in every offer; a test chain if it starts with `test-`.
        network: As in every offer.
        bylaws: What cooperatives begin with, as their TOML file says it.
        time_scale: Divides the bylaws' windows; above 1 on test chains only.
        genesis_time_ms: When the chain begins; blocks wait for it.

    Raises:
        RefusedError: An offer is malformed or for another chain, two share an id, a key or
            an engine, or bylaws or time scale break the charter.
    """
    offers = sorted(
        ((check_founder(jws), jws.strip()) for jws in founders),
        key=lambda item: item[0].cooperative,
    )
    _check_offers([founder for founder, _ in offers], chain_id=chain_id, network=network)
    state = _render_app_state(
        [founder for founder, _ in offers],
        chain_id=chain_id,
        network=network,
        bylaws=bylaws,
        time_scale=time_scale,
    )
    document = {
        "genesis_time": _render_time(genesis_time_ms),
        "chain_id": chain_id,
        "initial_height": "1",
        "consensus_params": _render_consensus_params(),
        "validators": [_render_validator(founder) for founder, _ in offers],
        "app_hash": "",
        "app_state": state,
        "founders": [jws for _, jws in offers],
    }
    data = json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"
    if len(data) > GENESIS_BYTES_MAX:
        raise GenesisError(f"the genesis file is longer than {GENESIS_BYTES_MAX} bytes")
    return data


def check_genesis(genesis: bytes, *, own_founder: str | None = None) -> Genesis:
    """Check that a genesis file follows from its founders' offers, byte for byte.

    Args:
        genesis: The file.
        own_founder: The offer that this node's cooperative signed; None for a newcomer.

    Raises:
        RefusedError: Malformed, changed by hand, or without the own offer.
    """
    document = parse_json_object(genesis, bytes_max=GENESIS_BYTES_MAX)
    try:
        offers = [str(item) for item in document["founders"]]
        state = document["app_state"]
        expected = assemble_genesis(
            offers,
            chain_id=document["chain_id"],
            network=state["network"],
            bylaws=state["bylaws"],
            time_scale=state["time_scale"],
            genesis_time_ms=parse_time_ns(document["genesis_time"]) // 1_000_000,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise GenesisError("this is not a genesis file of this kind of chain") from error
    if expected != genesis:
        raise GenesisError("the genesis file says more or else than its founders' offers")
    if own_founder is not None and own_founder.strip() not in offers:
        raise GenesisError("the genesis file lacks this cooperative's own offer, or has another")
    founders = tuple(check_founder(jws) for jws in offers)
    return Genesis(
        chain_id=document["chain_id"],
        network=state["network"],
        founders=founders,
        genesis_hash=hashlib.sha256(genesis).digest(),
        trust=compute_trust_bundle(genesis),
    )


def _render_claims(founder: Founder) -> JsonObject:
    return {
        "v": 1,
        "chain_id": founder.chain_id,
        "network": founder.network,
        "name": founder.name,
        "did": founder.did,
        "origin": founder.origin,
        "inception": [
            founder.inception.public_key.hex(),
            founder.inception.next_key_commitment.hex(),
            founder.inception.guardians_commitment.hex(),
        ],
        "registrar_key": founder.registrar_key.hex(),
        "assertion_key": founder.assertion_key.hex(),
        "consensus_key": founder.consensus_key.hex(),
        "node_id": founder.node_id,
        "p2p_address": founder.p2p_address,
    }


def _parse_claims(claims: JsonObject) -> Founder:
    try:
        first, following, guardians = (_hex(item, 32) for item in claims["inception"])
        founder = Founder(
            chain_id=_text(claims["chain_id"], CHAIN_ID_CHARS_MAX),
            network=_text(claims["network"], CHAIN_ID_CHARS_MAX),
            name=_text(claims["name"], NAME_CHARS_MAX),
            origin=_text(claims["origin"], 255),
            inception=Inception(
                public_key=first, next_key_commitment=following, guardians_commitment=guardians
            ),
            registrar_key=_hex(claims["registrar_key"], 32),
            assertion_key=_hex(claims["assertion_key"], 32),
            consensus_key=_hex(claims["consensus_key"], 32),
            node_id=_hex(claims["node_id"], 20).hex(),
            p2p_address=_text(claims["p2p_address"], 300),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise GenesisError("an offer lacks a field or has one of another kind") from error
    if not _CHAIN_ID.fullmatch(founder.chain_id) or not is_network_name(founder.network):
        raise GenesisError("chain id and network are lower-case letters, digits and hyphens")
    if not _P2P_ADDRESS.fullmatch(founder.p2p_address):
        raise GenesisError("p2p_address is <host>:<port>")
    if _render_claims(founder) != claims:
        raise GenesisError("an offer has fields that are unknown or contradict each other")
    return founder


def _check_offers(founders: list[Founder], *, chain_id: str, network: str) -> None:
    if not 0 < len(founders) <= COOPERATIVES_MAX:
        raise GenesisError(f"a chain begins with 1 to {COOPERATIVES_MAX} founders")
    for founder in founders:
        if (founder.chain_id, founder.network) != (chain_id, network):
            raise GenesisError(
                f"{founder.name} offers to found {founder.chain_id} of network "
                f"{founder.network}, not {chain_id} of {network}"
            )
    for what, values in (
        ("id", [item.cooperative.hex() for item in founders]),
        ("origin", [item.origin for item in founders]),
        ("consensus key", [item.consensus_key.hex() for item in founders]),
        ("engine's node id", [item.node_id for item in founders]),
        ("p2p address", [item.p2p_address for item in founders]),
    ):
        if len(set(values)) != len(values):
            raise GenesisError(f"two founders have the same {what}")


def _render_app_state(
    founders: list[Founder],
    *,
    chain_id: str,
    network: str,
    bylaws: Mapping[str, object],
    time_scale: int,
) -> JsonObject:
    state = GenesisState(
        network=network,
        time_scale=time_scale,
        bylaws=bylaws,
        cooperatives=tuple(
            GenesisCooperative(
                inception=founder.inception,
                did=founder.did,
                registrar_key=founder.registrar_key,
                assertion_key=founder.assertion_key,
                consensus_key=founder.consensus_key,
                node_id=bytes.fromhex(founder.node_id),
            )
            for founder in founders
        ),
    )
    document = state.to_json()
    # Read back as every node will, so that a chain that cannot start is never begun.
    check_genesis_state(parse_genesis(document), chain_id=chain_id)
    return document


def _render_validator(founder: Founder) -> JsonObject:
    return {
        "address": "",
        "pub_key": {
            "type": "tendermint/PubKeyEd25519",
            "value": base64.b64encode(founder.consensus_key).decode(),
        },
        "power": str(VALIDATOR_POWER),
        "name": founder.name,
    }


def _render_consensus_params() -> JsonObject:
    return {
        "block": {"max_bytes": str(BLOCK_BYTES_MAX), "max_gas": "-1"},
        "evidence": {
            "max_age_num_blocks": "100000",
            "max_age_duration": str(_EVIDENCE_AGE_NS),
            "max_bytes": str(BLOCK_BYTES_MAX // 16),
        },
        "validator": {"pub_key_types": ["ed25519"]},
        "version": {"app": "0"},
        # Off: an application that extends votes can halt a chain.
        "abci": {"vote_extensions_enable_height": "0"},
    }


def _render_time(time_ms: int) -> str:
    seconds, rest_ms = divmod(time_ms, 1000)
    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    fraction = f".{rest_ms:03d}".rstrip("0") if rest_ms else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _hex(value: object, length: int) -> bytes:
    data = bytes.fromhex(value) if isinstance(value, str) else b""
    if len(data) != length or data.hex() != value:
        raise GenesisError(f"expected {length} bytes as lower-case hexadecimal")
    return data


def _text(value: object, characters_max: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= characters_max:
        raise GenesisError(f"expected a text of 1 to {characters_max} characters")
    if not value.isprintable():
        raise GenesisError("a text holds control characters")
    return value
