"""Cooperative records in a Kademlia table.

Only modules named `dht*` import libp2p and trio. The library keeps any value, answers from
stale local copies, forgets records after a day and lets strangers fill its memory; each of
these is undone here, and nothing of its types leaves these modules. Values are checked by
the record's own rules; no validator does I/O.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

import structlog
import trio
from libp2p.abc import INetStream
from libp2p.kad_dht import common
from libp2p.kad_dht.kad_dht import DHTMode, KadDHT
from libp2p.kad_dht.pb.kademlia_pb2 import Message
from libp2p.peer.id import ID
from libp2p.peer.peerinfo import PeerInfo, info_from_p2p_addr
from libp2p.peer.peerstore import env_to_send_in_RPC
from libp2p.records.record import make_put_record
from libp2p.records.validator import NamespacedValidator, Validator
from libp2p.tools.anyio_service import background_trio_service
from libp2p.utils.varint import encode_uvarint, read_varint_prefixed_bytes_limited
from multiaddr import Multiaddr

from config.errors import InvariantError, MisconfiguredError, RefusedError
from config.limits import RECORD_BYTES_MAX
from federation.dht_host import (
    CLOSE_TIMEOUT_S,
    LISTEN_REMEDY,
    PROTOCOL,
    TIMEOUT_S,
    check_port_is_free,
    close_quietly,
    create_host,
    parse_multiaddress,
    set_private_protocol,
)
from federation.record import (
    check_registered_record,
    compute_record_key,
    select_record,
)

HOLDERS_MAX = 20
"""Peers closest to a key that are asked, and given, its value: Kademlia's k."""
FAILURES_MAX = 2
"""Questions in a row that a peer may leave unanswered before it leaves the routing table."""
_ANSWER_BYTES_MAX = 131_072
"""One answer: a record and the addresses of twenty peers."""
_UNSPECIFIED = ("/ip4/0.0.0.0/", "/ip6/::/")
_FOREIGN_PROTOCOL = "/ipfs/kad/1.0.0"

log = structlog.get_logger(__name__)


class CooperativeDht:
    """Puts and gets cooperative records, and keeps in touch with peers.

    Attributes:
        addresses: Multiaddresses that others dial, without `/p2p/…`; known once it runs.
    """

    def __init__(
        self,
        *,
        seed: bytes,
        registry: Callable[[], Mapping[str, bytes]],
        now_s: Callable[[], int],
        announce: Iterable[str] = (),
    ) -> None:
        set_private_protocol()
        self._registry = registry
        self._now_s = now_s
        self._failures: dict[ID, int] = {}
        self.addresses: tuple[str, ...] = ()
        self._swarm, self._host = create_host(seed, announce=list(announce))
        self._kad = _Kademlia(
            self._host,
            DHTMode.SERVER,
            validator=NamespacedValidator(
                {"coop": _RecordValidator(registry=registry, now_s=now_s)}, strict_validation=True
            ),
            validator_changed=True,
            strict_validation=True,
        )

    @asynccontextmanager
    async def run(self, listen: str) -> AsyncIterator[None]:
        """Listen and serve until the block is left; then every connection is closed.

        Raises:
            MisconfiguredError: The address cannot be listened on, or not be dialed by others.
        """
        address = parse_multiaddress(listen, setting="[discovery] listen")
        check_port_is_free(address)
        async with self._host.run([address]):
            try:
                self._check_running(listen)
                async with background_trio_service(self._kad):
                    yield
            finally:
                # Before `run` ends: what it cancels is left open.
                with trio.CancelScope(deadline=trio.current_time() + CLOSE_TIMEOUT_S, shield=True):
                    await self._host.close()

    def get_connected(self) -> frozenset[str]:
        """PeerIds that are connected now."""
        return frozenset(str(peer) for peer in self._host.get_connected_peers())

    async def connect(self, peer_id: str, addresses: Iterable[str]) -> bool:
        """Connect to a peer unless connected; whether it is.

        Raises:
            RefusedError: The PeerId or an address is malformed.
        """
        try:
            peer = ID.from_base58(peer_id)
            info = PeerInfo(peer, [Multiaddr(address) for address in addresses])
        except Exception as error:  # multiaddr and multihash raise each their own kind
            raise RefusedError("the peer's address is malformed") from error
        if peer == self._host.get_id():
            return False
        # The library refuses for a minute to dial a peer that did not answer once.
        self._swarm.unblock_peer(peer)
        try:
            with trio.fail_after(TIMEOUT_S):
                await self._host.connect(info)
            await self._kad.add_peer(peer, skip_server_mode_check=True)
        except Exception as error:  # noqa: BLE001 - the library documents no errors
            log.debug("dht_dial_failed", peer_id=peer_id, error=type(error).__name__)
            return False
        return True

    def keep(self, did: str, jws: str) -> None:
        """Hold a record for whoever asks this node."""
        key = compute_record_key(did).encode()
        record = make_put_record(key, jws.encode())
        record.timeReceived = common.format_time_rfc3339()
        self._kad.value_store.put_record(key, record)

    async def put(self, did: str, jws: str) -> int:
        """Give a record to the peers closest to its key; how many took it."""
        self.keep(did, jws)
        return await self._give(await self._find_holders(did), did=did, jws=jws)

    async def get(self, did: str) -> str | None:
        """Ask the network for a record; the best valid answer.

        Every close peer is asked and the local copy is not believed: a single peer could
        serve an old record, and our own copy is as old as our last question. Peers that
        answered less than the best are given it.
        """
        answers: dict[ID, str | None] = {}

        async def ask(peer: ID) -> None:
            answers[peer] = await self._ask_for_record(peer, did)

        async with trio.open_nursery() as nursery:
            for peer in await self._find_holders(did):
                nursery.start_soon(ask, peer)
        candidates = sorted({jws for jws in answers.values() if jws is not None})
        best = select_record(candidates, now_s=self._now_s(), registry=self._registry())
        if best is None:
            return None
        jws = candidates[best]
        lacking = [peer for peer, answer in answers.items() if answer != jws]
        await self._give(lacking, did=did, jws=jws)
        return jws

    async def _find_holders(self, did: str) -> list[ID]:
        key = compute_record_key(did).encode()
        own = self._host.get_id()
        peers: list[ID] = []
        with trio.move_on_after(3 * TIMEOUT_S):
            peers = await self._kad.peer_routing.find_closest_peers_network(key, HOLDERS_MAX)
        return [peer for peer in peers if peer != own]

    async def _give(self, peers: Iterable[ID], *, did: str, jws: str) -> int:
        taken: list[ID] = []
        key = compute_record_key(did).encode()
        message = self._begin_message(Message.MessageType.PUT_VALUE, key)
        message.record.CopyFrom(make_put_record(key, jws.encode()))

        async def give(peer: ID) -> None:
            answer = await self._ask(peer, message)
            if answer is not None and answer.type == message.type and answer.key == key:
                taken.append(peer)

        async with trio.open_nursery() as nursery:
            for peer in peers:
                nursery.start_soon(give, peer)
        return len(taken)

    async def _ask_for_record(self, peer: ID, did: str) -> str | None:
        key = compute_record_key(did).encode()
        answer = await self._ask(peer, self._begin_message(Message.MessageType.GET_VALUE, key))
        if answer is None or not answer.HasField("record"):
            return None
        try:
            jws = answer.record.value.decode("ascii")
            _check_value(key, jws, registry=self._registry(), now_s=self._now_s())
        except (RefusedError, UnicodeDecodeError):
            return None
        return jws

    async def _ask(self, peer: ID, message: Message) -> Message | None:
        """One question on a stream of its own; None if the peer does not answer in time."""
        stream: INetStream | None = None
        try:
            with trio.fail_after(TIMEOUT_S):
                stream = await self._host.new_stream(peer, [PROTOCOL])
                data = message.SerializeToString()
                await stream.write(encode_uvarint(len(data)) + data)
                answer = Message()
                answer.ParseFromString(
                    await read_varint_prefixed_bytes_limited(stream, _ANSWER_BYTES_MAX)
                )
        except Exception as error:  # noqa: BLE001 - the library documents no errors
            log.debug("dht_no_answer", peer_id=str(peer), error=type(error).__name__)
            self._note_failure(peer)
            return None
        finally:
            if stream is not None:
                await close_quietly(stream)
        self._failures.pop(peer, None)
        return answer

    def _begin_message(self, kind: "Message.MessageType", key: bytes) -> Message:
        message = Message()
        message.type = kind
        message.key = key
        message.senderRecord, _ = env_to_send_in_RPC(self._host)
        return message

    def _note_failure(self, peer: ID) -> None:
        self._failures[peer] = self._failures.get(peer, 0) + 1
        if self._failures[peer] >= FAILURES_MAX:
            del self._failures[peer]
            self._kad.routing_table.remove_peer(peer)

    def _check_running(self, listen: str) -> None:
        listening = self._host.get_transport_addrs()
        if not listening:
            raise MisconfiguredError(f"cannot listen on {listen}; {LISTEN_REMEDY}")
        if _FOREIGN_PROTOCOL in self._host.get_mux().get_protocols():
            raise InvariantError("the DHT would join the public IPFS network")
        suffix = f"/p2p/{self._host.get_id()}"
        self.addresses = tuple(str(item).removesuffix(suffix) for item in self._host.get_addrs())
        if any(item.startswith(_UNSPECIFIED) for item in self.addresses):
            raise MisconfiguredError(
                f"nobody can dial {listen}: set `announce` under [discovery] in rochdale.toml "
                "to what other nodes dial, such as /dns4/<name>/tcp/4001"
            )


class _Kademlia(KadDHT):
    """A table of values alone."""

    def _check_provider_rate_limit(self, peer_id: ID) -> bool:  # noqa: ARG002
        # Providers are not used here: taking them would only give strangers memory to fill.
        return False


class _RecordValidator(Validator):
    """Admits valid records of registered cooperatives under their own keys."""

    def __init__(
        self, *, registry: Callable[[], Mapping[str, bytes]], now_s: Callable[[], int]
    ) -> None:
        self._registry = registry
        self._now_s = now_s

    def validate(self, key: str, value: bytes) -> None:
        """Raise unless the value is a valid record and the key is its own."""
        if len(value) > RECORD_BYTES_MAX:
            raise RefusedError("the record is too long")
        jws = value.decode("ascii")
        _check_value(key.encode(), jws, registry=self._registry(), now_s=self._now_s())

    def select(self, key: str, values: list[bytes]) -> int:  # noqa: ARG002
        """Index of the record that holds."""
        candidates = [value.decode("ascii", errors="replace") for value in values]
        best = select_record(candidates, now_s=self._now_s(), registry=self._registry())
        return 0 if best is None else best


def parse_bootstrap(address: str) -> tuple[str, str]:
    """Split a bootstrap address into a PeerId and an address to dial.

    Raises:
        MisconfiguredError: Not a multiaddress, or without `/p2p/<PeerId>`.
    """
    multiaddress = parse_multiaddress(address, setting="[discovery] bootstrap")
    try:
        info = info_from_p2p_addr(multiaddress)
    except Exception as error:
        raise MisconfiguredError(
            f"[discovery] bootstrap: {address} does not end in /p2p/<PeerId>; "
            "`rochdale status` on that node shows its address"
        ) from error
    return str(info.peer_id), str(info.addrs[0])


def _check_value(key: bytes, jws: str, *, registry: Mapping[str, bytes], now_s: int) -> None:
    record = check_registered_record(jws, now_s=now_s, registry=registry)
    if compute_record_key(record.did).encode() != key:
        raise RefusedError("the record is another cooperative's")
