"""The hardened DHT: what the library would let through is refused."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import trio
from libp2p import new_host
from libp2p.abc import INetStream
from libp2p.custom_types import TProtocol
from libp2p.kad_dht.pb.kademlia_pb2 import Message
from libp2p.peer.id import ID
from libp2p.peer.peerinfo import PeerInfo
from libp2p.records.record import make_put_record
from libp2p.security.insecure.transport import PLAINTEXT_PROTOCOL_ID, InsecureTransport
from multiaddr import Multiaddr

from config.errors import MisconfiguredError, RefusedError
from federation.dht import CooperativeDht, parse_bootstrap
from federation.dht_host import PROTOCOL
from federation.record import compute_peer_id, compute_record_key
from tests.ports import find_ports

LISTEN = "/ip4/127.0.0.1/tcp/0"


class Network:
    """Some DHT nodes in one trio loop, the first of which all know."""

    def __init__(self, cooperatives: list[Any], now_s: int) -> None:
        self.cooperatives = cooperatives
        self.registry = {item.did: item.assertion_key.public_key for item in cooperatives}
        self.nodes = [
            CooperativeDht(
                seed=item.peer_key.seed, registry=lambda: self.registry, now_s=lambda: now_s
            )
            for item in cooperatives
        ]

    def run(self, scenario: Callable[[], Awaitable[None]]) -> None:
        async def main() -> None:
            with trio.fail_after(60):
                async with AsyncExitStack() as stack:
                    for node in self.nodes:
                        await stack.enter_async_context(node.run(LISTEN))
                    for node in self.nodes[1:]:
                        assert await node.connect(self.get_peer_id(0), self.nodes[0].addresses)
                    await scenario()

        trio.run(main)

    def get_peer_id(self, index: int) -> str:
        return compute_peer_id(self.cooperatives[index].peer_key.public_key)


@pytest.fixture
def network(make_cooperative: Callable[[int], Any], now_s: int) -> Network:
    """Three nodes."""
    return Network([make_cooperative(number) for number in (1, 2, 3)], now_s)


def test_a_record_is_found_through_a_third_node(network: Network) -> None:
    """Two nodes that know only the first find each other's records."""
    cooperative = network.cooperatives[1]

    async def scenario() -> None:
        jws = cooperative.publish()
        holders_count = await network.nodes[1].put(cooperative.did, jws)

        assert holders_count >= 1
        assert await network.nodes[2].get(cooperative.did) == jws
        assert await network.nodes[2].get(network.cooperatives[0].did) is None

    network.run(scenario)


def test_an_identical_record_is_taken_again(network: Network) -> None:
    """A publisher can renew its record before servers forget it after a day."""
    cooperative = network.cooperatives[1]

    async def scenario() -> None:
        first = await network.nodes[1].put(cooperative.did, cooperative.publish())
        again = await network.nodes[1].put(cooperative.did, cooperative.publish())

        assert first >= 1
        assert again >= first

    network.run(scenario)


def test_an_old_record_neither_replaces_nor_hides_a_newer_one(network: Network, now_s: int) -> None:
    """Servers refuse a roll-back, and a reader does not believe its own old copy."""
    cooperative = network.cooperatives[1]
    old, new = cooperative.publish(seq=now_s), cooperative.publish(seq=now_s + 1)

    async def scenario() -> None:
        await network.nodes[1].put(cooperative.did, new)
        await network.nodes[2].put(cooperative.did, old)

        assert await network.nodes[2].get(cooperative.did) == new
        assert await network.nodes[0].get(cooperative.did) == new

    network.run(scenario)


def test_no_server_keeps_a_record_that_breaks_the_rules(network: Network) -> None:
    """Forged, foreign-key, misplaced and unnamespaced values are refused by every server."""
    _, cooperative, other = network.cooperatives
    sender = network.nodes[1]

    async def count_takers(key: str, value: bytes) -> int:
        message = Message()
        message.type = Message.MessageType.PUT_VALUE
        message.key = key.encode()
        message.record.CopyFrom(make_put_record(key.encode(), value))
        answer = await sender._ask(ID.from_base58(network.get_peer_id(0)), message)
        return 0 if answer is None else 1

    async def scenario() -> None:
        own_key = compute_record_key(cooperative.did)
        jws = cooperative.publish()

        assert await count_takers(own_key, jws.encode()) == 1
        assert await count_takers(own_key, jws[:-4].encode() + b"AAAA") == 0
        assert await count_takers(own_key, other.sign(cooperative.build()).encode()) == 0
        assert await count_takers(compute_record_key(other.did), jws.encode()) == 0
        assert await count_takers("/other/key", jws.encode()) == 0
        assert await count_takers("plain", b"value") == 0
        assert await count_takers(own_key, b"\xff" * 100) == 0
        assert await count_takers(own_key, bytes(8_192)) == 0

    network.run(scenario)


def test_a_failing_stream_does_not_end_the_host(network: Network) -> None:
    """What a handler raises costs the stream; the node goes on serving."""
    protocol = TProtocol("/rochdale/test-failure/1.0.0")

    async def fail(stream: INetStream) -> None:
        raise ValueError("a defect in a handler")

    async def scenario() -> None:
        network.nodes[0]._host.set_stream_handler(protocol, fail)
        peer = ID.from_base58(network.get_peer_id(0))

        stream = await network.nodes[1]._host.new_stream(peer, [protocol])
        await stream.close()
        await trio.sleep(0.1)

        cooperative = network.cooperatives[1]
        assert await network.nodes[1].put(cooperative.did, cooperative.publish()) >= 1

    network.run(scenario)


def test_garbage_on_the_port_does_not_end_the_host(network: Network) -> None:
    """Connections that do not speak libp2p are dropped."""

    async def scenario() -> None:
        port = int(network.nodes[0].addresses[0].rpartition("/")[2])
        for garbage in (b"", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 40):
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            await stream.send_all(garbage)
            await stream.aclose()

        cooperative = network.cooperatives[2]
        assert await network.nodes[2].put(cooperative.did, cooperative.publish()) >= 1

    network.run(scenario)


def test_speaks_neither_plaintext_nor_the_public_networks_protocol(network: Network) -> None:
    """A peer that offers plaintext alone is refused; IPFS nodes stay outside."""

    async def scenario() -> None:
        from libp2p import generate_new_ed25519_identity

        key_pair = generate_new_ed25519_identity()
        stranger = new_host(
            key_pair=key_pair, sec_opt={PLAINTEXT_PROTOCOL_ID: InsecureTransport(key_pair)}
        )
        peer = ID.from_base58(network.get_peer_id(0))
        info = PeerInfo(peer, [Multiaddr(item) for item in network.nodes[0].addresses])
        async with stranger.run([Multiaddr(LISTEN)]):
            with pytest.raises(Exception, match="unable to connect"), trio.fail_after(10):
                await stranger.connect(info)
        await stranger.close()

        protocols = network.nodes[0]._host.get_mux().get_protocols()
        assert PROTOCOL in protocols
        assert not any(str(item).startswith("/ipfs/kad") for item in protocols)

    network.run(scenario)


def test_a_peer_that_is_down_is_dialed_again_at_once_when_asked(network: Network) -> None:
    """The library's minute of refusal after a failed dial does not hold a node back."""

    async def scenario() -> None:
        late = CooperativeDht(seed=bytes(32), registry=dict, now_s=lambda: 0)
        address = f"/ip4/127.0.0.1/tcp/{find_ports(1)[0]}"
        peer_id = str(late._host.get_id())

        assert not await network.nodes[0].connect(peer_id, [address])
        async with late.run(address):
            assert await network.nodes[0].connect(peer_id, [address])
            assert peer_id in network.nodes[0].get_connected()

    network.run(scenario)


def test_refuses_malformed_peer_addresses(network: Network) -> None:
    """What a record says of addresses may still be nonsense to libp2p."""

    async def scenario() -> None:
        with pytest.raises(RefusedError):
            await network.nodes[0].connect(network.get_peer_id(1), ["/no/such/thing"])
        with pytest.raises(RefusedError):
            await network.nodes[0].connect("not a peer", [LISTEN])

    network.run(scenario)


@pytest.mark.parametrize("address", ["nonsense", "/ip4/127.0.0.1/tcp/1", ""])
def test_refuses_a_bootstrap_address_without_a_peer_id(address: str) -> None:
    """An operator learns which setting is wrong."""
    with pytest.raises(MisconfiguredError, match="bootstrap"):
        parse_bootstrap(address)


def test_reads_a_bootstrap_address(network: Network) -> None:
    """A bootstrap address names who is expected there."""
    peer_id = network.get_peer_id(0)

    assert parse_bootstrap(f"/ip4/127.0.0.1/tcp/4001/p2p/{peer_id}") == (
        peer_id,
        "/ip4/127.0.0.1/tcp/4001",
    )


@pytest.mark.parametrize(
    ("listen", "announce", "remedy"),
    [
        ("/ip4/0.0.0.0/tcp/0", (), "announce"),
        ("/ip4/127.0.0.1/udp/4001", (), "listen"),
        ("/ip4/192.0.2.1/tcp/4001", (), "listen"),
        ("nonsense", (), "listen"),
    ],
)
def test_an_address_that_cannot_serve_is_the_operators_to_mend(
    listen: str, announce: tuple[str, ...], remedy: str
) -> None:
    """The message names the setting that mends it."""
    assert remedy in get_complaint(listen, announce)


def test_listens_everywhere_when_it_announces_what_others_dial() -> None:
    """An unspecified address is fine to listen on, not to announce."""
    assert get_complaint("/ip4/0.0.0.0/tcp/0", ("/dns4/localhost/tcp/4001",)) == ""


def get_complaint(listen: str, announce: tuple[str, ...]) -> str:
    """What a DHT says of its configuration; empty if it runs."""

    async def main() -> None:
        dht = CooperativeDht(seed=bytes(32), registry=dict, now_s=lambda: 0, announce=announce)
        async with dht.run(listen):
            assert dht.addresses == announce

    try:
        trio.run(main)
    except MisconfiguredError as error:
        return str(error)
    except BaseExceptionGroup as group:
        return repr(group.subgroup(MisconfiguredError))
    return ""
