"""An engine's side of the socket, for tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from google.protobuf.message import Message
from tendermint.abci import types_pb2 as abci

from ledger.abci import serve_abci
from ledger.application import Application
from ledger.frames import FrameReader, encode_frame

ECHO = abci.Request(echo=abci.RequestEcho(message="hello"))
FLUSH = abci.Request(flush=abci.RequestFlush())


@asynccontextmanager
async def serve(application: Application, path: Path) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(serve_abci(application, path))
    while not path.exists():
        await asyncio.sleep(0.01)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def frames(*requests: Message) -> bytes:
    return b"".join(encode_frame(request.SerializeToString()) for request in requests)


async def read_answers(reader: asyncio.StreamReader, count: int) -> list[abci.Response]:
    cut, found = FrameReader(), list[bytes]()
    while len(found) < count:
        data = await asyncio.wait_for(reader.read(65_536), 5)
        assert data, "the server hung up"
        found += cut.feed(data)
    return [abci.Response.FromString(frame) for frame in found]
