"""The cooperatives of this chain, by every name under which one of them turns up.

Taken from the genesis file, whose founders' offers are signed: who is a partner is decided
there and never by what a stranger says. Names are for people; rules go by id.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from did.documents import did_web_for_origin
from ledger.genesis import Founder, Genesis

_ADDRESS_BYTES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCooperative:
    """One cooperative of the federation."""

    id: bytes
    """32 bytes."""
    name: str
    did: str
    """Its did:web."""
    origin: str
    root_key: bytes
    assertion_key: bytes
    validator_address: bytes
    """How the engine names its validator; 20 bytes."""
    node_id: str
    p2p_address: str


class Registry:
    """All of them; this node's own is `own`."""

    def __init__(
        self, cooperatives: tuple[KnownCooperative, ...], *, own: KnownCooperative
    ) -> None:
        self.cooperatives = cooperatives
        self.own = own
        self._by_id = {item.id: item for item in cooperatives}
        self._by_did = {item.did: item for item in cooperatives}
        self._by_origin = {item.origin: item for item in cooperatives}
        self._by_address = {item.validator_address: item for item in cooperatives}

    @property
    def is_own_registered(self) -> bool:
        """Whether this node's cooperative is part of the chain, or only looks on."""
        return self.own.id in self._by_id

    @property
    def assertion_keys(self) -> Mapping[str, bytes]:
        """DID to assertion key, as the discovery process wants the registry."""
        return {item.did: item.assertion_key for item in self.cooperatives}

    @property
    def partners(self) -> tuple[KnownCooperative, ...]:
        """All but this node's own."""
        return tuple(item for item in self.cooperatives if item.id != self.own.id)

    def find(self, cooperative: bytes) -> KnownCooperative | None:
        """The cooperative with an id."""
        return self._by_id.get(cooperative)

    def find_by_did(self, did: str) -> KnownCooperative | None:
        """The cooperative with a did:web."""
        return self._by_did.get(did)

    def find_partner_by_origin(self, origin: str) -> KnownCooperative | None:
        """The partner that an https origin belongs to; never this node's own cooperative."""
        found = self._by_origin.get(origin)
        return None if found is None or found.id == self.own.id else found

    def find_by_validator(self, address: bytes) -> KnownCooperative | None:
        """The cooperative whose validator has an address."""
        return self._by_address.get(address)

    def get_name(self, cooperative: bytes) -> str:
        """A name for people; the id's first digits for a cooperative that is not known."""
        found = self._by_id.get(cooperative)
        return found.name if found is not None else cooperative.hex()[:16]


def build_registry(
    genesis: Genesis, *, own_assertion_key: bytes, own_name: str, own_origin: str
) -> Registry:
    """Make the registry of a chain from its checked genesis file.

    Args:
        genesis: From `ledger.genesis.check_genesis`.
        own_assertion_key: By which this node's cooperative is found; 32 bytes.
        own_name: Of a cooperative that the chain does not know, as the settings give it.
        own_origin: Likewise.

    Raises:
        RefusedError: The own origin cannot be that of a cooperative.
    """
    cooperatives = tuple(
        sorted(map(_read_founder, genesis.founders), key=lambda item: (item.name, item.id))
    )
    for cooperative in cooperatives:
        if cooperative.assertion_key == own_assertion_key:
            return Registry(cooperatives, own=cooperative)
    onlooker = KnownCooperative(
        id=bytes(32),
        name=own_name,
        did=did_web_for_origin(own_origin),
        origin=own_origin,
        root_key=b"",
        assertion_key=own_assertion_key,
        validator_address=b"",
        node_id="",
        p2p_address="",
    )
    return Registry(cooperatives, own=onlooker)


def _read_founder(founder: Founder) -> KnownCooperative:
    return KnownCooperative(
        id=founder.cooperative,
        name=founder.name,
        did=founder.did,
        origin=founder.origin,
        root_key=founder.inception.public_key,
        assertion_key=founder.assertion_key,
        validator_address=hashlib.sha256(founder.consensus_key).digest()[:_ADDRESS_BYTES],
        node_id=founder.node_id,
        p2p_address=founder.p2p_address,
    )
