"""The cooperatives of this chain, by every name under which one of them turns up.

At first from the genesis file, whose founders' offers are signed; then from the ledger's own
registry, read anew whenever a block changes it. Who is a partner is decided there and never by
what a stranger says. Names are for people; rules go by id.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from did.documents import DocumentError, did_web_for_origin, origin_for_did_web
from governance.records import Cooperative, CooperativeStatus, Standing
from governance.validators import compute_validator_address
from ledger.genesis import Founder, Genesis


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
    """How the engine names its validator; 20 bytes, empty if it does not validate."""
    node_id: str
    p2p_address: str
    status: CooperativeStatus = CooperativeStatus.ACTIVE
    standing: Standing | None = None
    """Whether its validator signs; none if it does not validate."""
    leaves_at_ms: int = 0
    """When its notice ends; 0 without one."""

    @property
    def is_member(self) -> bool:
        """Whether it is part of the federation now; else its history is."""
        return self.status in {CooperativeStatus.ACTIVE, CooperativeStatus.LEAVING}

    @property
    def is_validating(self) -> bool:
        """Whether its validator should sign blocks."""
        return self.standing is Standing.ACTIVE


class Registry:
    """All of them; this node's own is `own`."""

    def __init__(
        self, cooperatives: Iterable[KnownCooperative], *, onlooker: KnownCooperative
    ) -> None:
        """Begin with what is known.

        Args:
            cooperatives: Of the chain.
            onlooker: This node's cooperative if the chain does not know it; recognized later
                by its assertion key or its DID.
        """
        self._onlooker = onlooker
        self.update(cooperatives)

    def update(self, cooperatives: Iterable[KnownCooperative]) -> None:
        """Replace all that is known."""
        self.cooperatives = tuple(sorted(cooperatives, key=lambda item: (item.name, item.id)))
        self._by_id = {item.id: item for item in self.cooperatives}
        self._by_did = {item.did: item for item in self.cooperatives}
        self._by_origin = {item.origin: item for item in self.cooperatives}
        self._by_address = {
            item.validator_address: item for item in self.cooperatives if item.validator_address
        }
        self.own = self._find_own()

    @property
    def is_own_registered(self) -> bool:
        """Whether this node's cooperative is part of the chain, or only looks on."""
        return self.own.id in self._by_id

    @property
    def members(self) -> tuple[KnownCooperative, ...]:
        """Those that are part of the federation now."""
        return tuple(item for item in self.cooperatives if item.is_member)

    @property
    def assertion_keys(self) -> Mapping[str, bytes]:
        """DID to assertion key, as the discovery process wants the registry."""
        return {item.did: item.assertion_key for item in self.members}

    @property
    def partners(self) -> tuple[KnownCooperative, ...]:
        """All members but this node's own."""
        return tuple(item for item in self.members if item.id != self.own.id)

    def find(self, cooperative: bytes) -> KnownCooperative | None:
        """The cooperative with an id, member or not."""
        return self._by_id.get(cooperative)

    def find_by_did(self, did: str) -> KnownCooperative | None:
        """The cooperative with a did:web."""
        return self._by_did.get(did)

    def find_partner_by_origin(self, origin: str) -> KnownCooperative | None:
        """The partner that an https origin belongs to; never this node's own cooperative."""
        found = self._by_origin.get(origin)
        if found is None or found.id == self.own.id or not found.is_member:
            return None
        return found

    def find_by_validator(self, address: bytes) -> KnownCooperative | None:
        """The cooperative whose validator has an address."""
        return self._by_address.get(address)

    def get_name(self, cooperative: bytes) -> str:
        """A name for people; the id's first digits for a cooperative that is not known."""
        found = self._by_id.get(cooperative)
        return found.name if found is not None else cooperative.hex()[:16]

    def _find_own(self) -> KnownCooperative:
        mine = self._onlooker
        for cooperative in self.cooperatives:
            if cooperative.assertion_key == mine.assertion_key:
                return cooperative
        return self._by_did.get(mine.did, mine)


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
    return Registry(map(read_founder, genesis.founders), onlooker=onlooker)


def read_founder(founder: Founder) -> KnownCooperative:
    """A cooperative as it signed its offer, or its request to join."""
    key = founder.consensus_key
    return KnownCooperative(
        id=founder.cooperative,
        name=founder.name,
        did=founder.did,
        origin=founder.origin,
        root_key=founder.inception.public_key,
        assertion_key=founder.assertion_key,
        validator_address=compute_validator_address(key) if key else b"",
        node_id=founder.node_id,
        p2p_address=founder.p2p_address,
        standing=Standing.ACTIVE if key else None,
    )


def read_cooperative(record: Cooperative, *, root_key: bytes) -> KnownCooperative:
    """A cooperative as the ledger's registry has it.

    Args:
        record: From state.
        root_key: A current key of its root account; 32 bytes.
    """
    validator = record.validator
    try:
        origin = origin_for_did_web(record.did)
    except DocumentError:  # such as a host that cannot be: nobody is reached there
        origin = ""
    return KnownCooperative(
        id=record.id,
        name=record.name or record.did.removeprefix("did:web:"),
        did=record.did,
        origin=origin,
        root_key=root_key,
        assertion_key=record.assertion_key,
        validator_address=b""
        if validator is None
        else compute_validator_address(validator.consensus_key),
        node_id=record.node_id.hex(),
        p2p_address=record.p2p_address,
        status=record.status,
        standing=None if validator is None else validator.standing,
        leaves_at_ms=record.leaves_at_ms,
    )
