"""The consensus engine as a program: which binary, what its home holds, how it is started.

Apart from `ledger.rpc`, which talks to the running engine. The engine's settings are written
anew at every start from the node's own, so nobody edits two files; its data and the record
of what its validator signed last are never touched. Never starts or watches the process:
that is the supervisor's.
"""

import json
import mmap
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.errors import MisconfiguredError
from config.limits import (
    BLOCK_BYTES_MAX,
    MEMPOOL_BYTES_MAX,
    MEMPOOL_TXS_MAX,
    SOCKET_PATH_BYTES_MAX,
    TX_BYTES_MAX,
)
from config.settings import TEST_CHAIN_PREFIX, EngineSection
from did.keys import KeyPair
from ledger.engine_keys import render_consensus_key, render_node_key
from ledger.files import replace_file
from ledger.headers import compute_address
from ledger.signing_state import NOTHING_SIGNED, save_signed_point

ENGINE_VERSION = "0.38.26"
ENGINE_NAME = "cometbft"
_CHECK_TIMEOUT_S = 20
_MODULE = re.compile(rb"github\.com/cometbft/cometbft\tv([0-9A-Za-z.+-]{1,40})")
_NO_KEY = KeyPair(bytes(range(32)))
"""A public example key, with which a binary proves that it computes as we do."""
_STAND_IN_KEY = "config/stand_in_key.json"
_STAND_IN_STATE = "data/stand_in_state.json"
_CHUNKS = "chunks"
"""Of a snapshot, while the engine fetches them; what a crash left is worth nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """A binary that was checked."""

    path: Path
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSource:
    """Where an engine without blocks gets a state: from whom it asks headers, whom it believes."""

    rpc_servers: tuple[str, ...]
    """URLs that speak the engine's JSON-RPC; two at least, which may be the same."""
    trust_height: int
    trust_hash: bytes
    """Of the header at that height; 32 bytes."""
    trusting_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineHome:
    """Everything that the engine's home is written from."""

    path: Path
    """The directory; made when missing."""
    chain_id: str
    moniker: str
    """How other engines' logs name this one; what is not plain ASCII is left out."""
    abci_socket: Path
    rpc_socket: Path
    settings: EngineSection
    may_sign: bool = True
    """Whether the engine is given the validator's key, or a remote signer that has it; else it
    follows the chain only."""
    state_source: StateSource | None = None
    """None: it executes every block. An engine that has blocks passes over it."""

    @property
    def has_own_key(self) -> bool:
        """Whether it signs with a key that lies in its home."""
        return self.may_sign and not self.settings.priv_validator_laddr

    @property
    def genesis_path(self) -> Path:
        """Where the genesis file lies."""
        return self.path / "config" / "genesis.json"

    @property
    def signed_path(self) -> Path:
        """Where the engine keeps what its validator signed last (`ledger.signing_state`)."""
        return self.path / "data" / "priv_validator_state.json"


def get_default_engine_path() -> Path:
    """The binary that `make setup` builds, beside this Python."""
    return Path(sys.executable).parent / ENGINE_NAME


def get_engine_environment() -> dict[str, str]:
    """The environment to start the engine with: ours, without what would move its home."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CMT") and name != "TMHOME"
    }


def check_engine(path: Path | None = None) -> EngineInfo:
    """Check that a binary is the engine that this chain's nodes must all run.

    Version texts of hand-built engines are known to lie, so the module version that the Go
    linker recorded is compared too, and the binary must derive a known node id.

    Args:
        path: The operator's binary; None for the one that `make setup` builds.

    Raises:
        MisconfiguredError: Missing, not executable, another version, or it computes another
            node id than we do. Names the step that mends it.
    """
    binary = path or get_default_engine_path()
    if not binary.is_file():
        raise MisconfiguredError(
            f"the consensus engine is missing at {binary}: run `make setup`, or set "
            "engine.binary to your own"
        )
    if not os.access(binary, os.X_OK):
        raise MisconfiguredError(f"{binary} is not executable: run `chmod +x {binary}`")
    version = _run(binary, "version").strip()
    _check_version(binary, version)
    recorded = _find_module_version(binary)
    if recorded is not None:
        _check_version(binary, recorded)
    with tempfile.TemporaryDirectory(prefix="rochdale-engine-") as directory:
        home = Path(directory)
        (home / "config").mkdir()
        replace_file(home / "config" / "node_key.json", render_node_key(_NO_KEY))
        node_id = _run(binary, "show-node-id", "--home", directory).strip()
    if node_id != compute_node_id(_NO_KEY.public_key):
        raise MisconfiguredError(f"{binary} fails its self-check: run `make setup` to rebuild it")
    return EngineInfo(path=binary, version=version)


def compute_node_id(public_key: bytes) -> str:
    """The id by which engines dial each other: 20 bytes of SHA-256, as hexadecimal."""
    return compute_address(public_key).hex()


def engine_argv(binary: Path, home: Path) -> list[str]:
    """The command that runs the engine in the foreground."""
    return [str(binary), "start", "--home", str(home)]


def write_engine_home(
    home: EngineHome,
    *,
    node_key: KeyPair,
    consensus_key: KeyPair | None,
    genesis: bytes,
    retired_keys: Sequence[KeyPair] = (),
) -> None:
    """Write what the engine reads at its start; may be called before every start.

    Args:
        home: Where and how.
        node_key: Its identity towards other engines.
        consensus_key: What it signs blocks with, if the chain's validators include it. None if
            a remote signer has the key.
        genesis: The genesis file's bytes.
        retired_keys: Consensus keys that this node has given up by a rotation: the home may
            hold one of them still. What was signed last is kept, so that the new key begins
            above it.

    Raises:
        MisconfiguredError: A socket path is too long, or the home belongs to another chain
            or holds another consensus key: both would endanger what was already signed.
    """
    for path in (home.abci_socket, home.rpc_socket):
        if len(os.fsencode(path)) > SOCKET_PATH_BYTES_MAX:
            raise MisconfiguredError(
                f"the socket path {path} is longer than {SOCKET_PATH_BYTES_MAX} bytes: use a "
                "shorter directory"
            )
    for directory in (home.path, home.path / "config", home.path / "data"):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    configuration = home.path / "config"
    _write_once(home.genesis_path, genesis, what="genesis file")
    replace_file(configuration / "node_key.json", render_node_key(node_key))
    if consensus_key is not None:
        _write_once(
            configuration / "priv_validator_key.json",
            render_consensus_key(consensus_key),
            what="consensus key",
            instead_of=[render_consensus_key(key) for key in retired_keys],
        )
    _prepare_signing(home)
    _make_empty(home.path / _CHUNKS)
    replace_file(configuration / "config.toml", render_engine_config(home).encode())


def _prepare_signing(home: EngineHome) -> None:
    if not home.has_own_key:
        # A key that no validator has: the engine cannot start without one.
        replace_file(home.path / _STAND_IN_KEY, render_consensus_key(KeyPair(os.urandom(32))))
        save_signed_point(home.path / _STAND_IN_STATE, NOTHING_SIGNED)
    elif not home.signed_path.exists():
        # The engine refuses to start without it; an existing one is what prevents signing
        # twice at one height.
        save_signed_point(home.signed_path, NOTHING_SIGNED)


def render_engine_config(home: EngineHome) -> str:
    """The engine's `config.toml`; keys not named keep the engine's defaults."""
    lines = ["# Written at every start from rochdale.toml: changes here are lost.", ""]
    for section, values in _list_sections(home):
        if section:
            lines += ["", f"[{section}]"]
        lines += [f"{key} = {_render_toml(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


_Section = tuple[str, dict[str, str | int | bool]]


def _list_sections(home: EngineHome) -> list[_Section]:
    moniker = re.sub(r"[^ -~]", "", home.moniker).strip()
    general: dict[str, str | int | bool] = {
        "proxy_app": f"unix://{home.abci_socket}",
        "moniker": moniker or "rochdale",
        "log_level": "main:info,state:info,statesync:info,p2p:error,*:error",
        "log_format": "json",
        "abci": "socket",
        # Who may connect is in the registry on the chain: the application is asked.
        "filter_peers": True,
    }
    if home.may_sign and home.settings.priv_validator_laddr:
        general["priv_validator_laddr"] = home.settings.priv_validator_laddr
    if not home.has_own_key:
        general["priv_validator_key_file"] = _STAND_IN_KEY
        general["priv_validator_state_file"] = _STAND_IN_STATE
    return [
        ("", general),
        ("rpc", _render_rpc(home)),
        ("p2p", _render_p2p(home)),
        ("mempool", _render_mempool()),
        ("statesync", _render_state_sync(home)),
        ("consensus", _render_consensus(home)),
        ("tx_index", {"indexer": "kv"}),
        ("instrumentation", {"prometheus": False}),
    ]


def _render_rpc(home: EngineHome) -> dict[str, str | int | bool]:
    return {
        "laddr": f"unix://{home.rpc_socket}",
        "grpc_laddr": "",
        "pprof_laddr": "",
        "max_request_batch_size": 200,
        # To dial members as they come and go; the socket is this user's alone.
        "unsafe": True,
        "max_body_bytes": 2 * BLOCK_BYTES_MAX,
    }


def _render_p2p(home: EngineHome) -> dict[str, str | int | bool]:
    settings, is_test_chain = home.settings, _is_test_chain(home)
    return {
        "laddr": f"tcp://{settings.p2p_listen}",
        "external_address": settings.p2p_advertise,
        "persistent_peers": ",".join(settings.persistent_peers),
        # Every cooperative is dialled by name: strangers' addresses are not collected.
        "pex": False,
        "addr_book_strict": not is_test_chain,
        "allow_duplicate_ip": is_test_chain,
        # The default of 100 ms adds up over the three messages of a round.
        "flush_throttle_timeout": "10ms",
        # A cooperative that comes back is dialled again at least this often.
        "persistent_peers_max_dial_period": "2s" if is_test_chain else "30s",
    }


def _render_mempool() -> dict[str, str | int | bool]:
    return {
        "size": MEMPOOL_TXS_MAX,
        "max_txs_bytes": MEMPOOL_BYTES_MAX,
        "max_tx_bytes": TX_BYTES_MAX,
        "cache_size": 2 * MEMPOOL_TXS_MAX,
        # What was refused may be sent again, and gets its reason again.
        "keep-invalid-txs-in-cache": False,
    }


def _render_state_sync(home: EngineHome) -> dict[str, str | int | bool]:
    source = home.state_source
    if source is None:
        return {"enable": False}
    return {
        "enable": True,
        "rpc_servers": ",".join(source.rpc_servers),
        "trust_height": source.trust_height,
        "trust_hash": source.trust_hash.hex(),
        "trust_period": f"{24 * source.trusting_days}h0m0s",
        # The shortest that the engine takes; while there is no snapshot, it asks again as often.
        "discovery_time": "5s",
        "temp_dir": str(home.path / _CHUNKS),
    }


def _render_consensus(home: EngineHome) -> dict[str, str | int | bool]:
    return {
        "timeout_propose": "1s" if _is_test_chain(home) else "3s",
        "timeout_commit": f"{home.settings.timeout_commit_ms}ms",
        "create_empty_blocks": False,
        "create_empty_blocks_interval": f"{home.settings.heartbeat_ms}ms",
        "peer_gossip_sleep_duration": "50ms",
    }


def _is_test_chain(home: EngineHome) -> bool:
    return home.chain_id.startswith(TEST_CHAIN_PREFIX)


def _render_toml(value: str | int | bool) -> str:
    # JSON's strings, numbers and booleans are TOML's too.
    return json.dumps(value)


def _check_version(binary: Path, version: str) -> None:
    if version.removeprefix("v") != ENGINE_VERSION:
        raise MisconfiguredError(
            f"{binary} is version {version[:40]!r}, every node of a chain must run "
            f"{ENGINE_VERSION}: run `make setup`, or set engine.binary to that version"
        )


def _find_module_version(binary: Path) -> str | None:
    with (
        binary.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        match = _MODULE.search(content)
        return match[1].decode() if match else None


def _run(binary: Path, *arguments: str) -> str:
    try:
        result = subprocess.run(
            [str(binary), *arguments],
            capture_output=True,
            check=True,
            env=get_engine_environment(),
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_CHECK_TIMEOUT_S,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise MisconfiguredError(
            f"{binary} does not run on this machine: run `make setup`, or set engine.binary"
        ) from error
    return result.stdout


def _make_empty(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700)


def _write_once(path: Path, data: bytes, *, what: str, instead_of: Sequence[bytes] = ()) -> None:
    found = path.read_bytes() if path.exists() else None
    if found is None or found in instead_of:
        replace_file(path, data)
    elif found != data:
        raise MisconfiguredError(
            f"{path} holds another {what} than this node's: restore the node's own, or begin "
            "in a new home directory"
        )
