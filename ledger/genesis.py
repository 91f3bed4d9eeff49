"""The ceremony that begins a chain: founders' offers in, one genesis file out.

Each founder signs what it brings; anybody assembles the same file from the same offers, and
every founder checks before starting that the file says of it exactly what it signed. The
offers stay inside the file (the engine passes over them), so a newcomer can check it too and
learns where the founders' engines are reached. Reads and writes no files itself.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from config.limits import (
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
from governance.recovery import Recovery
from governance.rules import RULES
from ledger.genesis_file import FirstValidator, GenesisError, render_genesis_file
from ledger.headers import parse_time_ns
from ledger.recovery import check_recovery_genesis, is_recovery_genesis, list_peers
from ledger.trust import TrustBundle, TrustPeer, compute_trust_bundle

FOUNDER_TYPE = "rochdale-founder+jws"
FOUNDER_BYTES_MAX = 4_096
NAME_CHARS_MAX = 100
_P2P_ADDRESS = re.compile(r"[A-Za-z0-9.\[\]:-]{1,260}:[1-9][0-9]{0,4}")
_CHAIN_ID = re.compile(r"[a-z0-9][a-z0-9-]*")


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
    """Its validator's key; empty for a member that does not validate."""
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

    @property
    def entry(self) -> GenesisCooperative:
        """What of it stands in the registry on the chain."""
        return GenesisCooperative(
            inception=self.inception,
            did=self.did,
            registrar_key=self.registrar_key,
            assertion_key=self.assertion_key,
            consensus_key=self.consensus_key,
            node_id=bytes.fromhex(self.node_id),
            name=self.name,
            p2p_address=self.p2p_address,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesis:
    """A genesis file that holds together."""

    chain_id: str
    network: str
    founders: tuple[Founder, ...]
    """Ascending by cooperative id; none if the chain goes on from another."""
    genesis_hash: bytes
    """SHA-256 of the file; 32 bytes."""
    trust: TrustBundle
    """Its peers are those who began."""
    recovery: Recovery | None = None
    """From which chain this one goes on; None for one that began anew."""

    def list_peers(self, *, except_node_id: str = "") -> tuple[str, ...]:
        """The engines of those who began, without one's own, for `persistent_peers`."""
        return tuple(
            f"{item.node_id}@{item.p2p_address}"
            for item in self.trust.peers
            if item.node_id != except_node_id
        )


def is_p2p_address(text: str) -> bool:
    """Check that a text reads `<host>:<port>`."""
    return _P2P_ADDRESS.fullmatch(text) is not None


def render_founder(founder: Founder, *, root_key: KeyPair) -> str:
    """Sign an offer with the cooperative's root key: the founder file, a compact JWS.

    Raises:
        GenesisError: The offer is malformed, or the key is not its inception's.
    """
    payload = canonicalize(render_claims(founder))
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
    founder = parse_claims(claims)
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
    rules_version: int = RULES[-1].version,
) -> bytes:
    """Make the genesis file of a chain; the same offers in any order give the same bytes.

    Args:
        founders: Founder files.
        chain_id: As in every offer; a test chain if it starts with `test-`.
        network: As in every offer.
        bylaws: What cooperatives begin with, as their TOML file says it.
        time_scale: Divides the bylaws' windows; above 1 on test chains only.
        genesis_time_ms: When the chain begins; blocks wait for it.
        rules_version: What its first block is executed by.

    Raises:
        RefusedError: An offer is malformed or for another chain, two share an id, a key or
            an engine, or bylaws or time scale break the charter.
    """
    offers = [(check_founder(jws), jws.strip()) for jws in founders]
    offers.sort(key=lambda item: item[0].cooperative)
    _check_offers([founder for founder, _ in offers], chain_id=chain_id, network=network)
    state = _render_app_state(
        [founder for founder, _ in offers],
        chain_id=chain_id,
        network=network,
        bylaws=bylaws,
        time_scale=time_scale,
    )
    return render_genesis_file(
        chain_id=chain_id,
        genesis_time_ms=genesis_time_ms,
        initial_height=1,
        rules_version=rules_version,
        validators=[
            FirstValidator(consensus_key=founder.consensus_key, name=founder.name)
            for founder, _ in offers
            if founder.consensus_key
        ],
        app_state=state,
        signed={"founders": [jws for _, jws in offers]},
    )


def check_genesis(genesis: bytes, *, own_founder: str | None = None) -> Genesis:
    """Check that a genesis file follows from what was signed, byte for byte.

    That is its founders' offers, or the recovery of a former chain (`ledger.recovery`).

    Args:
        genesis: The file.
        own_founder: The offer that this node's cooperative signed; None for a newcomer.

    Raises:
        RefusedError: Malformed, changed by hand, or without the own offer.
    """
    document = parse_json_object(genesis, bytes_max=GENESIS_BYTES_MAX)
    if is_recovery_genesis(document):
        return _check_recovered(genesis)
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
            rules_version=_parse_rules_version(document["consensus_params"]["version"]["app"]),
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
        trust=replace(
            compute_trust_bundle(genesis),
            peers=tuple(
                TrustPeer(node_id=item.node_id, p2p_address=item.p2p_address, origin=item.origin)
                for item in founders
            ),
        ),
    )


def _check_recovered(genesis: bytes) -> Genesis:
    recovery = check_recovery_genesis(genesis).recovery
    return Genesis(
        chain_id=recovery.chain_id,
        network=recovery.network,
        founders=(),
        genesis_hash=hashlib.sha256(genesis).digest(),
        trust=replace(compute_trust_bundle(genesis), peers=list_peers(recovery)),
        recovery=recovery,
    )


def render_claims(founder: Founder) -> JsonObject:
    """What a cooperative says of itself in a signed statement."""
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


def parse_claims(claims: JsonObject) -> Founder:
    """Read what `render_claims` wrote, from anybody.

    Raises:
        RefusedError: A field is missing, unknown or malformed, or fields contradict each other.
    """
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
            consensus_key=(
                _hex(claims["consensus_key"], 32) if claims["consensus_key"] != "" else b""
            ),
            node_id=_hex(claims["node_id"], 20).hex(),
            p2p_address=_text(claims["p2p_address"], 300),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise GenesisError("an offer lacks a field or has one of another kind") from error
    if not _CHAIN_ID.fullmatch(founder.chain_id) or not is_network_name(founder.network):
        raise GenesisError("chain id and network are lower-case letters, digits and hyphens")
    if not is_p2p_address(founder.p2p_address):
        raise GenesisError("p2p_address is <host>:<port>")
    if type(claims.get("v")) is not int or render_claims(founder) != claims:  # True equals 1
        raise GenesisError("an offer has fields that are unknown or contradict each other")
    return founder


_UNIQUE: Final[Mapping[str, Callable[[Founder], str]]] = {
    "id": lambda item: item.cooperative.hex(),
    "origin": lambda item: item.origin,
    "consensus key": lambda item: item.consensus_key.hex(),
    "engine's node id": lambda item: item.node_id,
    "p2p address": lambda item: item.p2p_address,
}
"""What no two founders share; the key is empty for who does not validate."""


def _check_offers(founders: list[Founder], *, chain_id: str, network: str) -> None:
    if not 0 < len(founders) <= COOPERATIVES_MAX:
        raise GenesisError(f"a chain begins with 1 to {COOPERATIVES_MAX} founders")
    for founder in founders:
        if (founder.chain_id, founder.network) != (chain_id, network):
            raise GenesisError(
                f"{founder.name} offers to found {founder.chain_id} of network "
                f"{founder.network}, not {chain_id} of {network}"
            )
    for what, read in _UNIQUE.items():
        names: dict[str, str] = {}
        for founder in founders:
            value = read(founder)
            if value in names:
                raise GenesisError(
                    f"two founders have the same {what}, {names[value]} and {founder.name}: take "
                    "one offer of each"
                )
            if value:
                names[value] = founder.name


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
        cooperatives=tuple(founder.entry for founder in founders),
    )
    document = state.to_json()
    # Read back as every node will, so that a chain that cannot start is never begun.
    check_genesis_state(parse_genesis(document), chain_id=chain_id)
    return document


def _parse_rules_version(text: object) -> int:
    versions = {str(rules.version): rules.version for rules in RULES}
    if not isinstance(text, str) or text not in versions:
        raise GenesisError(
            f"this software knows the rules up to version {RULES[-1].version}, the genesis file "
            "begins with another: install the Rochdale that the other founders run"
        )
    return versions[text]


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
