"""How the node's other processes call the discovery process.

One connection, one call at a time, opened when first needed and again after a failure, so
that a restart of the discovery process costs its callers one `UnavailableError` at most.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from config.errors import RefusedError, UnavailableError
from did.codec import Value
from federation.directory import EntryState
from federation.discovery_wire import (
    HEADER_BYTES,
    Request,
    decode_answer,
    decode_frame_length,
    encode_request,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DhtPeer:
    """The discovery process's own libp2p identity."""

    peer_id: str
    addresses: tuple[str, ...]
    """Multiaddresses without `/p2p/…`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryItem:
    """One cooperative as the directory has it; read it with `federation.record.open_record`."""

    did: str
    record_jws: str
    state: EntryState


class DiscoveryClient:
    """Calls to the discovery process; every one raises `UnavailableError` while it is down."""

    def __init__(self, socket_path: Path, *, timeout_s: float = 5.0) -> None:
        self._socket_path = socket_path
        self._timeout_s = timeout_s
        self._lock = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._request_id = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection; a later call opens another."""
        if self._streams is not None:
            self._drop()
            await asyncio.sleep(0)

    async def get_peer(self) -> DhtPeer:
        """The process's libp2p identity and addresses."""
        match await self._call("peer"):
            case [str(peer_id), list(addresses)]:
                return DhtPeer(peer_id=peer_id, addresses=tuple(map(str, addresses)))
        raise UnavailableError(_UNREADABLE)

    async def prove_peer(self, *, did: str, seq: int, exp: int) -> bytes:
        """The libp2p key's signature for a record; 64 bytes."""
        proof = await self._call("prove_peer", did, seq, exp)
        if not isinstance(proof, bytes):
            raise UnavailableError(_UNREADABLE)
        return proof

    async def set_registry(self, registry: Mapping[str, bytes]) -> bool:
        """Say which cooperatives exist, DID to assertion key; whether that was news."""
        pairs: list[Value] = [[did, key] for did, key in sorted(registry.items())]
        return bool(await self._call("set_registry", pairs))

    async def publish(self, record_jws: str) -> bool:
        """Publish this cooperative's record; whether it is newer than the last.

        Raises:
            RefusedError: The record is not valid, not registered, or of another node.
        """
        return bool(await self._call("publish", record_jws))

    async def get_directory(self) -> list[DirectoryItem]:
        """The records that are known, this cooperative's own included."""
        answer = await self._call("directory")
        items: list[DirectoryItem] = []
        for item in answer if isinstance(answer, list) else []:
            match item:
                case [str(did), str(jws), str(state)]:
                    items.append(DirectoryItem(did=did, record_jws=jws, state=EntryState(state)))
        return items

    async def get_status(self) -> dict[str, int | str]:
        """Figures for the operator: peer_id, connected, registered, fresh, stale, holders."""
        answer = await self._call("status")
        status: dict[str, int | str] = {}
        for item in answer if isinstance(answer, list) else []:
            match item:
                case [str(name), (int() | str()) as value]:
                    status[name] = value
        return status

    async def _call(self, method: str, *arguments: Value) -> Value:
        async with self._lock:
            self._request_id += 1
            request = Request(request_id=self._request_id, method=method, arguments=arguments)
            frame = encode_request(request)
            try:
                async with asyncio.timeout(self._timeout_s):
                    body = await self._exchange(frame)
            except (OSError, EOFError, TimeoutError, RefusedError) as error:
                self._drop()
                raise UnavailableError("the discovery process does not answer") from error
            except BaseException:
                # A cancelled call leaves its answer unread: the next would get it.
                self._drop()
                raise
            return decode_answer(body, request_id=request.request_id)

    async def _exchange(self, frame: bytes) -> bytes:
        if self._streams is None:
            self._streams = await asyncio.open_unix_connection(self._socket_path)
        reader, writer = self._streams
        writer.write(frame)
        await writer.drain()
        length = decode_frame_length(await reader.readexactly(HEADER_BYTES))
        return await reader.readexactly(length)

    def _drop(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


_UNREADABLE = "the discovery process gave an answer that cannot be read"
