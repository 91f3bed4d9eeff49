"""What a chain begins with: parameters, bylaws and cooperatives.

The engine hands the same JSON object (`app_state`) to every node; this module reads it
strictly and checks it. How founders agree on it is the ledger's ceremony.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from config.errors import RefusedError
from config.limits import COOPERATIVES_MAX
from did.accounts import Inception, is_network_name
from did.codec import CodecError
from did.jcs import JsonObject
from governance.acts import NewCooperative
from governance.bylaws import Bylaws, parse_bylaws
from governance.context import is_test_chain

TIME_SCALE_MAX = 1_000_000_000
_COOPERATIVE_KEYS = (
    "inception",
    "did",
    "registrar_key",
    "assertion_key",
    "consensus_key",
    "node_id",
    "name",
    "p2p_address",
)


class GenesisError(RefusedError):
    """The genesis state is malformed or breaks a rule; names the field."""


class GenesisCooperative(NewCooperative, frozen=True, kw_only=True):
    """A founding cooperative; one without a consensus key is a member and does not validate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenesisState:
    """Everything that state starts from."""

    network: str
    time_scale: int
    """Divides every window; more than 1 on test chains only."""
    bylaws: Mapping[str, object]
    """A parsed bylaws file (`config/presets/`)."""
    cooperatives: tuple[GenesisCooperative, ...]
    """Ascending by id."""

    def to_json(self) -> JsonObject:
        """The `app_state` object."""
        return {
            "network": self.network,
            "time_scale": self.time_scale,
            "bylaws": dict(self.bylaws),
            "cooperatives": [_render_cooperative(item) for item in self.cooperatives],
        }


def parse_genesis(document: object) -> GenesisState:
    """Read an `app_state` object; `check_genesis` checks what it means.

    Raises:
        GenesisError: A field is missing, unknown or malformed.
    """
    fields = _read_object(
        document, ("network", "time_scale", "bylaws", "cooperatives"), "the genesis state"
    )
    network, time_scale, cooperatives = (
        fields["network"],
        fields["time_scale"],
        fields["cooperatives"],
    )
    if not isinstance(network, str) or type(time_scale) is not int:
        raise GenesisError("genesis: network is text and time_scale a whole number")
    if not isinstance(fields["bylaws"], Mapping) or not isinstance(cooperatives, list):
        raise GenesisError("genesis: bylaws is an object and cooperatives a list")
    if len(cooperatives) > COOPERATIVES_MAX:
        raise GenesisError(f"genesis: more than {COOPERATIVES_MAX} cooperatives")
    return GenesisState(
        network=network,
        time_scale=time_scale,
        bylaws=fields["bylaws"],
        cooperatives=tuple(_parse_cooperative(item) for item in cooperatives),
    )


def check_genesis(state: GenesisState, *, chain_id: str) -> Bylaws:
    """Check that a chain may start like this; returns its bylaws.

    Raises:
        RefusedError: The network's name, a scale on a real chain, bylaws below the charter's
            floors, no cooperative, cooperatives out of order, or two that share an id, name
            or key.
    """
    if not is_network_name(state.network):
        raise GenesisError("genesis: network has 1 to 32 of a-z, 0-9 and -")
    if not 1 <= state.time_scale <= TIME_SCALE_MAX:
        raise GenesisError(f"genesis: time_scale is from 1 to {TIME_SCALE_MAX}")
    if state.time_scale != 1 and not is_test_chain(chain_id):
        raise GenesisError(
            "genesis: only a chain whose id starts with test- may scale the charter's windows"
        )
    _check_cooperatives(state.cooperatives)
    return parse_bylaws(state.bylaws)


def _check_cooperatives(cooperatives: tuple[GenesisCooperative, ...]) -> None:
    if not cooperatives:
        raise GenesisError("genesis: at least one cooperative is needed")
    ids = [cooperative.id for cooperative in cooperatives]
    if any(low >= high for low, high in pairwise(ids)):
        raise GenesisError("genesis: cooperatives ascend by id, each once")
    for name in ("did", "registrar_key", "assertion_key", "consensus_key", "node_id"):
        values = sorted(getattr(cooperative, name) for cooperative in cooperatives)
        if any(low and low == high for low, high in pairwise(values)):
            raise GenesisError(f"genesis: two cooperatives share their {name}")
    if not any(cooperative.consensus_key for cooperative in cooperatives):
        raise GenesisError("genesis: at least one cooperative validates: none has a consensus_key")


def _parse_cooperative(document: object) -> GenesisCooperative:
    fields = _read_object(document, _COOPERATIVE_KEYS, "a cooperative")
    inception = fields["inception"]
    if not isinstance(inception, list) or len(inception) != 3:
        raise GenesisError("genesis: inception is a list of three hex strings")
    key, following, guardians = (_read_hex(item, "inception", 32) for item in inception)
    cooperative = GenesisCooperative(
        inception=Inception(
            public_key=key, next_key_commitment=following, guardians_commitment=guardians
        ),
        did=_read_text(fields["did"], "did"),
        registrar_key=_read_hex(fields["registrar_key"], "registrar_key", 32),
        assertion_key=_read_hex(fields["assertion_key"], "assertion_key", 32),
        consensus_key=(
            _read_hex(fields["consensus_key"], "consensus_key", 32)
            if fields["consensus_key"] != ""
            else b""
        ),
        node_id=_read_hex(fields["node_id"], "node_id", 20),
        name=_read_text(fields["name"], "name"),
        p2p_address=_read_text(fields["p2p_address"], "p2p_address"),
    )
    try:
        # As a transaction would bring it: the same bounds hold for all who enter.
        return GenesisCooperative.parse(cooperative.encode())
    except CodecError as error:
        raise GenesisError(f"genesis: {error.field} is not what it may be") from error


def _render_cooperative(cooperative: GenesisCooperative) -> JsonObject:
    inception = cooperative.inception
    return {
        "inception": [
            inception.public_key.hex(),
            inception.next_key_commitment.hex(),
            inception.guardians_commitment.hex(),
        ],
        "did": cooperative.did,
        "registrar_key": cooperative.registrar_key.hex(),
        "assertion_key": cooperative.assertion_key.hex(),
        "consensus_key": cooperative.consensus_key.hex(),
        "node_id": cooperative.node_id.hex(),
        "name": cooperative.name,
        "p2p_address": cooperative.p2p_address,
    }


def _read_object(document: object, keys: tuple[str, ...], what: str) -> Mapping[str, object]:
    if not isinstance(document, Mapping) or sorted(document) != sorted(keys):
        raise GenesisError(f"genesis: {what} is an object of {', '.join(keys)}")
    return document


def _read_hex(value: object, name: str, size: int) -> bytes:
    # Lowercase only: bytes have one spelling, so equal states have equal files.
    if not isinstance(value, str) or len(value) != 2 * size or value != value.lower():
        raise GenesisError(f"genesis: {name} is {2 * size} lowercase hex digits")
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise GenesisError(f"genesis: {name} is not hex") from error


def _read_text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise GenesisError(f"genesis: {name} is text")
    return value
