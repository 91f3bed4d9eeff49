"""The libp2p host behind the DHT, without the library's unsafe defaults.

py-libp2p 0.8.1 accepts plaintext, joins the public IPFS network, shares its port with any
process and ends when a handler fails. Each of these is undone here. Apart from `dht`, which
says what the network is used for; nothing here knows a record.
"""

import logging
import socket
from types import ModuleType

import structlog
import trio
from libp2p import new_swarm
from libp2p.abc import INetStream
from libp2p.crypto.x25519 import create_new_key_pair as create_noise_key_pair
from libp2p.custom_types import TProtocol
from libp2p.host.basic_host import BasicHost
from libp2p.identity_utils import create_identity_from_seed
from libp2p.kad_dht import common, kad_dht, peer_routing, provider_store, routing_table, value_store
from libp2p.network.config import ConnectionConfig, RetryConfig
from libp2p.network.swarm import Swarm
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE_PROTOCOL
from libp2p.security.noise.transport import Transport as NoiseTransport
from libp2p.stream_muxer.yamux.yamux import PROTOCOL_ID as YAMUX_PROTOCOL
from libp2p.stream_muxer.yamux.yamux import Yamux
from libp2p.transport.tcp.tcp import TCP
from multiaddr import Multiaddr

from config.errors import InvariantError, MisconfiguredError

PROTOCOL = TProtocol("/rochdale/kad/1.0.0")
TIMEOUT_S = 2
"""Of one dial, one negotiation and one question to a peer."""
CLOSE_TIMEOUT_S = 1
CONNECTIONS_MAX = 128
LISTEN_REMEDY = (
    "set `listen` under [discovery] in rochdale.toml to an address of this machine "
    "and a free port, such as /ip4/0.0.0.0/tcp/4001"
)

# Its warnings are about what strangers send; without a handler they would fill stderr.
logging.getLogger("libp2p").addHandler(logging.NullHandler())
log = structlog.get_logger(__name__)


class SafeHost(BasicHost):
    """A host that outlives what a stranger's stream makes its handlers raise."""

    async def _swarm_stream_handler(self, net_stream: INetStream) -> None:
        try:
            await super()._swarm_stream_handler(net_stream)
        except Exception as error:  # noqa: BLE001 - it would end the whole host
            log.debug("dht_stream_failed", error=type(error).__name__)
            await close_quietly(net_stream)


def set_private_protocol() -> None:
    """Make the library speak our protocol, with our timeout.

    Its `protocol_prefix` parameter is ignored (0.8.1): one contact with a public node would
    merge this network into that of IPFS. The names are copied into each of its modules.
    """
    modules: tuple[ModuleType, ...] = (
        common,
        kad_dht,
        peer_routing,
        provider_store,
        routing_table,
        value_store,
    )
    for module in modules:
        for name, value in (("PROTOCOL_ID", PROTOCOL), ("QUERY_TIMEOUT", TIMEOUT_S)):
            if hasattr(module, name):
                setattr(module, name, value)


def create_host(seed: bytes, *, announce: list[str]) -> tuple[Swarm, BasicHost]:
    """Noise and yamux over TCP and nothing else: the defaults accept plaintext."""
    key_pair = create_identity_from_seed(seed)
    noise = NoiseTransport(key_pair, noise_privkey=create_noise_key_pair().private_key)
    swarm = new_swarm(
        key_pair=key_pair,
        sec_opt={NOISE_PROTOCOL: noise},
        muxer_opt={TProtocol(YAMUX_PROTOCOL): Yamux},
        transports=[TCP()],
        retry_config=RetryConfig(max_retries=0),
        connection_config=ConnectionConfig(
            max_connections=CONNECTIONS_MAX,
            high_watermark=CONNECTIONS_MAX - 32,
            low_watermark=0,
            min_connections=0,
            max_connections_per_peer=2,
            dial_timeout=TIMEOUT_S,
            inbound_upgrade_timeout=TIMEOUT_S,
            outbound_upgrade_timeout=TIMEOUT_S,
            outbound_stream_protocol_negotiation_timeout=TIMEOUT_S,
            inbound_stream_protocol_negotiation_timeout=TIMEOUT_S,
        ),
    )
    if not isinstance(swarm, Swarm):
        raise InvariantError("libp2p made another kind of network")
    host = SafeHost(
        network=swarm,
        announce_addrs=[Multiaddr(address) for address in announce] or None,
        # What strangers say our address is must not become what we announce.
        disable_identify_address_discovery=True,
    )
    return swarm, host


def parse_multiaddress(address: str, *, setting: str) -> Multiaddr:
    """Read an operator's multiaddress.

    Raises:
        MisconfiguredError: It is none; the message names the setting.
    """
    try:
        return Multiaddr(address)
    except Exception as error:
        raise MisconfiguredError(f"{setting}: {address} is not a multiaddress") from error


def check_port_is_free(address: Multiaddr) -> None:
    """Refuse a port in use: the library would share it with another process (SO_REUSEPORT)."""
    match str(address).split("/"):
        case ["", "ip4" | "ip6" as family, host, "tcp", port]:
            kind = socket.AF_INET if family == "ip4" else socket.AF_INET6
        case _:
            raise MisconfiguredError(f"cannot listen on {address}; {LISTEN_REMEDY}")
    with socket.socket(kind, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            raise MisconfiguredError(
                f"cannot listen on {address}: {error.strerror}; {LISTEN_REMEDY}"
            ) from error


async def close_quietly(stream: INetStream) -> None:
    """Close a stream that may be gone already, even while being cancelled."""
    with trio.CancelScope(deadline=trio.current_time() + CLOSE_TIMEOUT_S, shield=True):
        try:
            await stream.close()
        except Exception as error:  # noqa: BLE001 - it is gone either way
            log.debug("dht_close_failed", error=type(error).__name__)
