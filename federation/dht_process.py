"""The discovery process: trio's main loop around the DHT and the node's unix socket.

It keeps in touch with peers, looks up whom the registry names, puts the own record, writes
the directory to disk and answers the node's other processes. It decides nothing: that is
`discovery_state`'s. A damaged frame costs its sender the connection and nothing else.
"""

import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import structlog
import trio

from config.errors import RefusedError, RochdaleError
from federation.dht import CooperativeDht, parse_bootstrap
from federation.directory import save_directory
from federation.discovery_state import DiscoverySettings, DiscoveryState
from federation.discovery_wire import (
    HEADER_BYTES,
    decode_frame_length,
    decode_request,
    encode_answer,
    encode_refusal,
)

CLIENTS_MAX = 16
FRAME_TIMEOUT_S = 5.0
"""From a frame's first bytes to its last."""
WATCH_INTERVAL_S = 0.5
DIAL_INTERVAL_S_MAX = 15.0
"""Between attempts to reach a peer that does not answer."""
LOOKUPS_MAX = 8
"""Look-ups at one time."""
log = structlog.get_logger(__name__)


def run_process(
    settings: DiscoverySettings,
    state: DiscoveryState,
    *,
    seed: bytes,
    now_s: Callable[[], int],
    stop_descriptor: int | None,
) -> None:
    """Run until SIGTERM, SIGINT or the end of what `stop_descriptor` reads.

    Raises:
        MisconfiguredError: A bad address, or one that cannot be listened on.
    """
    try:
        trio.run(partial(_run, settings, state, seed, now_s, stop_descriptor))
    except BaseExceptionGroup as group:
        raise _get_cause(group) from group


def _get_cause(error: BaseException) -> BaseException:
    """Our own error within trio's groups, or else the whole."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            cause = _get_cause(part)
            if isinstance(cause, RochdaleError):
                return cause
    return error


async def _run(
    settings: DiscoverySettings,
    state: DiscoveryState,
    seed: bytes,
    now_s: Callable[[], int],
    stop_descriptor: int | None,
) -> None:
    bootstrap = [parse_bootstrap(address) for address in settings.bootstrap]
    dht = CooperativeDht(
        seed=seed,
        registry=lambda: state.directory.registry,
        now_s=now_s,
        announce=settings.announce,
    )
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_watch_signals, signals, nursery.cancel_scope)
            if stop_descriptor is not None:
                nursery.start_soon(_watch_descriptor, stop_descriptor, nursery.cancel_scope)
            await _serve(settings, state, dht, bootstrap)


async def _serve(
    settings: DiscoverySettings,
    state: DiscoveryState,
    dht: CooperativeDht,
    bootstrap: list[tuple[str, str]],
) -> None:
    async with dht.run(settings.listen), trio.open_nursery() as nursery:
        state.addresses = dht.addresses
        process = _Process(settings, state, dht, bootstrap)
        listener = _open_unix_listener(settings.socket_path)
        nursery.start_soon(trio.serve_listeners, process.serve_client, [listener])
        nursery.start_soon(process.keep_connected)
        nursery.start_soon(process.look_up)
        nursery.start_soon(process.publish)
        log.info("discovery_started", peer_id=state.peer_id, addresses=dht.addresses)


class _Process:
    """The loops, and what they share."""

    def __init__(
        self,
        settings: DiscoverySettings,
        state: DiscoveryState,
        dht: CooperativeDht,
        bootstrap: list[tuple[str, str]],
    ) -> None:
        self._settings = settings
        self._state = state
        self._dht = dht
        self._bootstrap = bootstrap
        self._clients_count = 0
        self._woken = trio.Event()
        self._dial_at: dict[str, tuple[float, float]] = {}

    async def keep_connected(self) -> None:
        """Dial bootstrap and partners that are not connected, and notice new connections."""
        known: frozenset[str] = frozenset()
        while True:
            connected = self._dht.get_connected()
            self._state.connected_count = len(connected)
            if connected - known:
                log.info("peers_connected", peer_ids=sorted(connected - known))
                self._state.expedite()
                self._wake()
            known = connected
            async with trio.open_nursery() as nursery:
                for peer_id, addresses in self._get_targets().items():
                    if peer_id not in connected and self._is_dial_due(peer_id):
                        nursery.start_soon(self._dial, peer_id, addresses)
            await trio.sleep(WATCH_INTERVAL_S)

    async def look_up(self) -> None:
        """Look up the cooperatives that are due, for ever."""
        limiter = trio.CapacityLimiter(LOOKUPS_MAX)
        for entry, _ in self._state.directory.get_entries(now_s=0):
            self._dht.keep(entry.record.did, entry.jws)
        while True:
            async with trio.open_nursery() as nursery:
                for did in self._state.get_due_lookups(trio.current_time()):
                    nursery.start_soon(self._look_up_one, did, limiter)
            self._save()
            await self._wait()

    async def publish(self) -> None:
        """Put the own record whenever it is due, for ever."""
        while True:
            own = self._state.get_own_record()
            if own is not None and self._state.is_publication_due(trio.current_time()):
                record, jws = own
                holders_count = await self._dht.put(record.did, jws)
                self._state.note_publication(holders_count=holders_count, now=trio.current_time())
                log.info("record_put", seq=record.seq, holders=holders_count)
            await self._wait()

    async def serve_client(self, stream: trio.SocketStream) -> None:
        """Answer one connection of another process of this node."""
        if self._clients_count >= CLIENTS_MAX:
            log.warning("client_refused", reason="too many connections")
            return
        self._clients_count += 1
        try:
            while (body := await _read_frame(stream)) is not None:
                with trio.fail_after(FRAME_TIMEOUT_S):
                    await stream.send_all(self._answer(body))
        except (RefusedError, trio.TooSlowError) as error:
            log.warning("client_dropped", reason=str(error) or "too slow")
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            log.debug("client_gone")
        finally:
            self._clients_count -= 1

    def _answer(self, body: bytes) -> bytes:
        request = decode_request(body)
        try:
            value = self._state.handle(request.method, request.arguments)
        except RefusedError as error:
            return encode_refusal(request.request_id, error)
        if self._state.is_changed:
            self._save()
            self._wake()
        return encode_answer(request.request_id, value)

    async def _look_up_one(self, did: str, limiter: trio.CapacityLimiter) -> None:
        async with limiter:
            jws = await self._dht.get(did)
        if jws is not None:
            try:
                is_new = self._state.merge(jws)
            except RefusedError:  # the registry changed meanwhile
                is_new = False
            if is_new:
                self._dht.keep(did, jws)
                log.info("record_found", did=did)
        self._state.note_lookup(did, trio.current_time())

    async def _dial(self, peer_id: str, addresses: tuple[str, ...]) -> None:
        try:
            is_connected = await self._dht.connect(peer_id, addresses)
        except RefusedError as error:
            log.warning("dial_refused", peer_id=peer_id, reason=error.reason)
            is_connected = False
        if is_connected:
            self._dial_at.pop(peer_id, None)
        else:
            interval_s = min(self._dial_at.get(peer_id, (0, 0.25))[1] * 2, DIAL_INTERVAL_S_MAX)
            self._dial_at[peer_id] = (trio.current_time() + interval_s, interval_s)

    def _get_targets(self) -> dict[str, tuple[str, ...]]:
        targets: dict[str, tuple[str, ...]] = {}
        for peer_id, address in self._bootstrap:
            targets[peer_id] = (*targets.get(peer_id, ()), address)
        for record in self._state.get_partner_records():
            targets[record.peer_id] = (*record.peer_addresses, *targets.get(record.peer_id, ()))
        targets.pop(self._state.peer_id, None)
        return targets

    def _is_dial_due(self, peer_id: str) -> bool:
        return self._dial_at.get(peer_id, (0.0, 0.0))[0] <= trio.current_time()

    def _wake(self) -> None:
        self._woken.set()
        self._woken = trio.Event()

    async def _wait(self) -> None:
        due_in_s = self._state.get_next_due(trio.current_time())
        with trio.move_on_after(max(due_in_s, 0.05)):
            await self._woken.wait()

    def _save(self) -> None:
        if not self._state.is_changed:
            return
        try:
            save_directory(self._state.directory, self._settings.directory_path)
        except OSError as error:
            # The network can tell it all again; a full disk must not end discovery.
            log.warning("directory_not_saved", error=error.strerror)
            return
        self._state.is_changed = False


async def _watch_signals(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    async for number in signals:
        log.info("discovery_stopping", signal=signal.Signals(number).name)
        scope.cancel()


async def _watch_descriptor(descriptor: int, scope: trio.CancelScope) -> None:
    while True:
        await trio.lowlevel.wait_readable(descriptor)
        if not os.read(descriptor, 4_096):
            log.info("discovery_stopping", signal="parent gone")
            scope.cancel()
            return


def _open_unix_listener(path: Path) -> trio.SocketListener:
    """Listen on a socket that only this user may open; a left-over one is replaced."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(CLIENTS_MAX)
    return trio.SocketListener(trio.socket.from_stdlib_socket(listener))


async def _read_frame(stream: trio.SocketStream) -> bytes | None:
    """A frame's body; None at the end of the connection.

    Raises:
        RefusedError: Empty, too long or cut off.
        trio.TooSlowError: Its rest does not come in time.
    """
    first = await stream.receive_some(HEADER_BYTES)
    if not first:
        return None
    with trio.fail_after(FRAME_TIMEOUT_S):
        header = bytes(first) + await _read_exactly(stream, HEADER_BYTES - len(first))
        return await _read_exactly(stream, decode_frame_length(header))


async def _read_exactly(stream: trio.SocketStream, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        part = await stream.receive_some(length - len(data))
        if not part:
            raise RefusedError("the connection ended within a frame")
        data += part
    return bytes(data)
