"""Settings of one node, as types: what `rochdale.toml` may say.

One class per section, one field per key; the defaults make a node that runs alone on this
machine. Only `node.settings` reads the file, the environment and the flags, once, into these
frozen records. What several fields mean together is checked there too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

TEST_CHAIN_PREFIX = "test-"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSection:
    """`[node]`: who runs this node."""

    name: str = "My cooperative"
    """The cooperative's name, as people read it; at most 100 characters."""
    origin: str = "https://localhost:8080"
    """Where the world reaches the node: `https`, host, perhaps a port; its DID follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSection:
    """`[network]`: the chain that this node is part of."""

    chain_id: str = ""
    """The chain's id; a test chain if it starts with `test-`."""
    network: str = ""
    """The network's name in DIDs; outlives a new genesis."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Addresses of `.test` names, `"a.test" = "127.0.0.1:8080"`; only on test chains."""

    @property
    def is_test_chain(self) -> bool:
        """Whether insecure shortcuts are allowed."""
        return self.chain_id.startswith(TEST_CHAIN_PREFIX)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSection:
    """`[web]`: pages, API and ActivityPub."""

    listen: str = "127.0.0.1:8080"
    """Address and port."""
    tls_certificate: str = ""
    """PEM file; empty where another server ends TLS before the node."""
    tls_key: str = ""
    """PEM file of the certificate's key."""
    follow_partners: bool = True
    """Whether to follow every registered cooperative that is found."""
    catch_up_interval_s: int = 60
    """How often partners are asked for what was missed."""
    client_registration: bool = False
    """Whether any application may register itself for logins; else the operator does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSection:
    """`[engine]`: the consensus engine."""

    binary: str = ""
    """The engine's program; empty for the one that `make setup` built."""
    p2p_listen: str = "127.0.0.1:26656"
    """Address and port for other engines; `0.0.0.0:26656` in a federation."""
    p2p_advertise: str = ""
    """Address and port that other engines dial; empty: the same as `p2p_listen`."""
    persistent_peers: tuple[str, ...] = ()
    """Engines to dial beside the founders, each `<node id>@<address>:<port>`."""
    heartbeat_ms: int = 60_000
    """Longest time without a block; at most 1000 on test chains."""
    timeout_commit_ms: int = 1_000
    """Wait after a commit before the next height."""
    snapshot_interval_blocks: int = 1_000
    """Blocks between two snapshots of the state, for nodes that join; 0 for none."""
    keep_days: int = 0
    """Days for which blocks are kept, at least 91; 0 keeps all. State and proofs stay."""
    priv_validator_laddr: str = ""
    """Where a remote signer connects, `unix:///path` or `tcp://address:port`; empty: none."""
    validator_public_key: str = ""
    """Ed25519 public key of the remote signer, 64 hexadecimal digits; empty without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverySection:
    """`[discovery]`: finding other cooperatives."""

    listen: str = "/ip4/127.0.0.1/tcp/4001"
    """Multiaddress; `/ip4/0.0.0.0/tcp/4001` in a federation."""
    bootstrap: tuple[str, ...] = ()
    """Multiaddresses of nodes known beforehand, each ending in `/p2p/<peer id>`."""
    announce: tuple[str, ...] = ()
    """Multiaddresses that others dial; empty: the same as `listen`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterSection:
    """`[register]`: people who have an account with the cooperative."""

    sign_up: str = "invited"
    """Who may open an account without applying: `open`, `invited` or `closed`."""
    book_years: int = 10
    """Years for which the law wants former members' names and dates kept; 0 to 30."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSection:
    """`[log]`: what is written under `logs/`."""

    level: str = "info"
    """`debug`, `info`, `warning` or `error`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All sections."""

    node: NodeSection = field(default_factory=NodeSection)
    network: NetworkSection = field(default_factory=NetworkSection)
    web: WebSection = field(default_factory=WebSection)
    engine: EngineSection = field(default_factory=EngineSection)
    discovery: DiscoverySection = field(default_factory=DiscoverySection)
    register: RegisterSection = field(default_factory=RegisterSection)
    log: LogSection = field(default_factory=LogSection)
