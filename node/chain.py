"""A node's place on its chain: its offer to found one, its genesis, its engine's home.

Joins the node's keys and settings with `ledger`'s ceremony and engine; `rochdale init` and
`rochdale genesis` are thin over this. The cooperative's root key is loaded here, by commands
only, to sign the offer.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from config.errors import MisconfiguredError, RefusedError
from config.limits import GENESIS_BYTES_MAX, GIVEN_FILE_BYTES_MAX
from config.settings import Settings
from did.accounts import Inception, compute_key_commitment
from governance.bylaws import BylawsError, parse_bylaws
from ledger.engine import EngineHome, StateSource, compute_node_id, write_engine_home
from ledger.files import replace_file
from ledger.genesis import Founder, Genesis, check_genesis, render_founder
from ledger.joining import render_request
from ledger.peer_filter import KnownPeers
from ledger.sealed import SealedFile
from node.home import Home
from node.keystore import load_key, load_retired_keys, write_secret
from node.remote_signer import has_remote_signer, load_validator_public_key
from node.toml_files import load_toml

_NO_GUARDIANS = bytes(32)


def make_offer(home: Home, settings: Settings, *, is_validating: bool = True) -> str:
    """Sign this cooperative's offer to found its chain, and keep it in the home.

    Args:
        home: Of a node that has no chain yet.
        settings: Of that home.
        is_validating: Whether it offers to validate, or to be a member that does not.

    Returns:
        The founder file's content, for whoever assembles the genesis.

    Raises:
        MisconfiguredError: A key is missing or open to others.
        RefusedError: A setting is not fit for an offer.
    """
    founder = _describe_cooperative(home, settings, is_validating=is_validating)
    offer = render_founder(founder, root_key=load_key(home.keys, "cooperative"))
    _keep(home.founder_path, offer)
    return offer


def make_request(
    home: Home, settings: Settings, *, is_validating: bool, sealed: SealedFile | None = None
) -> str:
    """Sign this cooperative's request to join the chain that it follows, and keep it.

    Args:
        home: Of a node that follows a chain.
        settings: Of that home.
        is_validating: Whether it asks to validate from its admission on.
        sealed: The chain that it comes from, checked; none for a cooperative without one.

    Returns:
        The request file's content, for a member to propose.

    Raises:
        MisconfiguredError: A key is missing or open to others.
        RefusedError: A setting is not fit for a request.
    """
    cooperative = _describe_cooperative(
        home,
        settings,
        is_validating=is_validating,
        inception=None if sealed is None else sealed.inception,
    )
    root_key = load_key(home.keys, "cooperative")
    if sealed is not None and root_key.public_key not in sealed.seal.root_keys:
        raise MisconfiguredError(
            f"{home.keys / 'cooperative.key'} is not the key that the sealed chain ended with: "
            "make this node with `rochdale init --join … --from` that chain's home"
        )
    request = render_request(
        cooperative, root_key=root_key, sealed=None if sealed is None else sealed.chain
    )
    _keep(home.request_path, request)
    return request


def adopt_genesis(home: Home, settings: Settings, genesis: bytes) -> Genesis:
    """Make a genesis file this node's own.

    Args:
        home: Of a node that has no chain yet.
        settings: Whose chain and network the file must be for.
        genesis: The file, as assembled.

    Raises:
        RefusedError: Malformed, or without the offer that this cooperative signed.
        MisconfiguredError: For another chain, or this node has one.
    """
    if home.genesis_path.exists():
        if home.genesis_path.read_bytes() == genesis:
            return check_genesis(genesis)
        raise MisconfiguredError(
            f"{home.root} is on another chain already: a new chain needs a new home "
            "(`rochdale init --home …`)"
        )
    offer = None
    if home.founder_path.exists():
        offer = home.founder_path.read_text(encoding="ascii")
    checked = check_genesis(genesis, own_founder=offer)
    wanted = (settings.network.chain_id, settings.network.network)
    if (checked.chain_id, checked.network) != wanted:
        raise MisconfiguredError(
            f"the genesis file is for {checked.chain_id} of network {checked.network}, this node "
            f"for {wanted[0]} of {wanted[1]}: set [network] in {home.settings_path}"
        )
    replace_file(home.genesis_path, genesis)
    return checked


def load_genesis(home: Home) -> Genesis:
    """Read the genesis that this node has adopted.

    Raises:
        MisconfiguredError: There is none, or it was changed.
    """
    try:
        return check_genesis(home.genesis_path.read_bytes())
    except FileNotFoundError as error:
        raise MisconfiguredError(
            f"the node at {home.root} has no chain yet: hand `rochdale genesis offer` to the "
            "other founders, then run `rochdale genesis adopt FILE`"
        ) from error
    except RefusedError as error:
        raise MisconfiguredError(
            f"{home.genesis_path} was changed ({error}): put it back from your backup or "
            "from another cooperative of the chain"
        ) from error


def is_recovered(home: Home) -> bool:
    """Whether this node's chain goes on from another one's state.

    Raises:
        MisconfiguredError: The genesis file was changed.
    """
    return home.genesis_path.exists() and load_genesis(home).recovery is not None


def prepare_engine(
    home: Home, settings: Settings, *, may_sign: bool, state_source: StateSource | None
) -> None:
    """Write what the engine reads, from settings, keys and genesis; before every start.

    Args:
        home: The node's.
        settings: The node's.
        may_sign: Whether the engine is given the validator's key (`node.signing_guard`).
        state_source: Where it takes over a state, if it has none (`node.joining`).

    Raises:
        MisconfiguredError: The genesis or a key is missing, or the engine's home is another
            chain's or another key's.
    """
    genesis = load_genesis(home)
    is_remote = has_remote_signer(settings)
    node_key = load_key(home.keys, "node")
    founders = genesis.list_peers(except_node_id=compute_node_id(node_key.public_key))
    peers = tuple(dict.fromkeys((*founders, *settings.engine.persistent_peers)))
    write_engine_home(
        EngineHome(
            path=home.engine,
            chain_id=genesis.chain_id,
            moniker=settings.node.name,
            abci_socket=home.abci_socket,
            rpc_socket=home.rpc_socket,
            settings=replace(settings.engine, persistent_peers=peers),
            may_sign=may_sign,
            state_source=state_source,
        ),
        node_key=node_key,
        consensus_key=None if is_remote else load_key(home.keys, "consensus"),
        genesis=home.genesis_path.read_bytes(),
        retired_keys=() if is_remote else load_retired_keys(home.keys, "consensus"),
    )


def list_known_peers(home: Home, settings: Settings) -> KnownPeers:
    """Engines that this node knows without asking the chain.

    Raises:
        MisconfiguredError: The genesis is missing or was changed.
    """
    return KnownPeers(
        named=tuple(peer.partition("@")[0] for peer in settings.engine.persistent_peers),
        founders=tuple(peer.node_id for peer in load_genesis(home).trust.peers),
    )


def _describe_cooperative(
    home: Home, settings: Settings, *, is_validating: bool, inception: Inception | None = None
) -> Founder:
    return Founder(
        chain_id=settings.network.chain_id,
        network=settings.network.network,
        name=settings.node.name,
        origin=settings.node.origin,
        inception=inception or _begin(home),
        registrar_key=load_key(home.keys, "registrar").public_key,
        assertion_key=load_key(home.keys, "assertion").public_key,
        consensus_key=load_validator_public_key(home, settings) if is_validating else b"",
        node_id=compute_node_id(load_key(home.keys, "node").public_key),
        p2p_address=settings.engine.p2p_advertise or settings.engine.p2p_listen,
    )


def _begin(home: Home) -> Inception:
    """What a cooperative begins with whose keys were never rotated."""
    return Inception(
        public_key=load_key(home.keys, "cooperative").public_key,
        next_key_commitment=compute_key_commitment(
            load_key(home.keys, "cooperative-next").public_key
        ),
        guardians_commitment=_NO_GUARDIANS,
    )


def _keep(path: Path, statement: str) -> None:
    path.unlink(missing_ok=True)
    write_secret(path, statement + "\n")


def read_genesis_file(path: Path) -> bytes:
    """Read a genesis file that somebody handed over.

    Raises:
        MisconfiguredError: It cannot be read or is too large.
    """
    data = read_given_file(path)
    if len(data) > GENESIS_BYTES_MAX:
        raise MisconfiguredError(f"{path} is too large for a genesis file: name the right file")
    return data


def read_given_file(path: Path) -> bytes:
    """Read a file named on the command line.

    Raises:
        MisconfiguredError: It cannot be read, or is too long.
    """
    try:
        with path.open("rb") as file:
            data = file.read(GIVEN_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise MisconfiguredError(
            f"{path} cannot be read ({error.strerror}): name a file that you may read"
        ) from error
    if len(data) > GIVEN_FILE_BYTES_MAX:
        raise MisconfiguredError(
            f"{path} is longer than the {GIVEN_FILE_BYTES_MAX} bytes that are read: name another"
        )
    return data


def load_bylaws(named: str) -> dict[str, Any]:
    """Read bylaws: a preset's name, such as `patient-group`, or a TOML file's path.

    Raises:
        MisconfiguredError: There is neither, it is not valid TOML, or it goes below the
            charter's floors; names the line or the setting.
    """
    document = load_toml(named, folder="presets", what="bylaws")
    try:
        parse_bylaws(document)
    except BylawsError as error:
        raise MisconfiguredError(f"{named}: {error}") from error
    return document
