"""The socket as an engine uses it, and as it must never be used."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from google.protobuf.message import Message
from tendermint.abci import types_pb2 as abci

from config.errors import InvariantError
from ledger.abci import FrameError, FrameReader, encode_frame, serve_abci
from ledger.application import Application
from tests.ledger.scenario import Chain

ECHO = abci.Request(echo=abci.RequestEcho(message="hello"))
FLUSH = abci.Request(flush=abci.RequestFlush())


@pytest.fixture
def socket_path() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="abci-", dir="/tmp"))
    yield directory / "abci.sock"
    shutil.rmtree(directory)


@pytest.fixture
def application(tmp_path: Path) -> Application:
    return Chain.start(tmp_path / "ledger").application


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


async def test_answers_come_in_order_when_the_engine_flushes(
    application: Application, socket_path: Path
) -> None:
    """Requests split at every byte are understood all the same."""
    async with serve(application, socket_path):
        reader, writer = await asyncio.open_unix_connection(socket_path)
        info = abci.Request(info=abci.RequestInfo())
        for byte in frames(ECHO, info, ECHO, FLUSH):
            writer.write(bytes([byte]))
            await writer.drain()
        answers = await read_answers(reader, 4)
        writer.close()

    assert [answer.WhichOneof("value") for answer in answers] == ["echo", "info", "echo", "flush"]
    assert answers[0].echo.message == "hello"


async def test_an_unknown_method_gets_an_exception_as_answer(
    application: Application, socket_path: Path
) -> None:
    """A later engine's methods must not look like a crash of ours."""
    async with serve(application, socket_path):
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(abci.Request(), FLUSH))
        answers = await read_answers(reader, 2)
        writer.close()

    assert answers[0].WhichOneof("value") == "exception"


@pytest.mark.parametrize("junk", [b"\xff\xff\xff\xff\xff", b"\x04\xff\xff\xff\xff"])
async def test_a_malformed_message_ends_its_connection_alone(
    application: Application, socket_path: Path, junk: bytes
) -> None:
    """Another connection goes on."""
    async with serve(application, socket_path):
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(junk)
        with pytest.raises(ConnectionResetError):
            assert not await asyncio.wait_for(reader.read(), 5)
            raise ConnectionResetError
        writer.close()
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(ECHO, FLUSH))
        assert len(await read_answers(reader, 2)) == 2
        writer.close()


async def test_an_error_of_the_application_ends_the_server(
    application: Application, socket_path: Path
) -> None:
    """Nothing is answered after a state that nobody understands."""
    async with serve(application, socket_path) as task:
        _, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(abci.Request(commit=abci.RequestCommit())))
        with pytest.raises(InvariantError):
            await asyncio.wait_for(task, 5)
        writer.close()


def test_a_message_beyond_the_limit_is_refused_by_its_length_alone() -> None:
    """Before its bytes are taken."""
    with pytest.raises(FrameError):
        FrameReader(frame_bytes_max=100).feed(b"\x80\x01")
    assert FrameReader(frame_bytes_max=100).feed(encode_frame(bytes(100))) == [bytes(100)]
    assert FrameReader().feed(encode_frame(bytes(300))) == [bytes(300)]
