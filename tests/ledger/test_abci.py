"""The socket as an engine uses it, and as it must never be used."""

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from tendermint.abci import types_pb2 as abci

from config.errors import InvariantError
from config.limits import FRAME_BYTES_MAX
from ledger.abci import serve_abci
from ledger.application import Application
from ledger.frames import FrameError, FrameReader, encode_frame
from tests.ledger.scenario import Chain, admit, make_member, render_block, render_init_chain

ECHO = abci.Request(echo=abci.RequestEcho(message="hello"))
FLUSH = abci.Request(flush=abci.RequestFlush())
LATER_METHOD = b"\xaa\x01\x02\x0a\x00"
"""Field 21 of a request: InsertTx of CometBFT v0.39 and later."""


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


@pytest.mark.parametrize(
    "junk",
    [
        b"\xff\xff\xff\xff\xff",
        b"\x04\xff\xff\xff\xff",
        b"\x80\x80\x80\x80\x01",
        # Cut before its content: the length alone is refused.
        encode_frame(bytes(FRAME_BYTES_MAX + 1))[:8],
        encode_frame(b"\x0a\x05ab"),
    ],
)
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


@given(messages=st.lists(st.binary(max_size=400), max_size=8), cuts=st.lists(st.integers(0, 4_000)))
def test_a_stream_cut_anywhere_gives_the_same_messages(
    messages: list[bytes], cuts: list[int]
) -> None:
    """Sockets do not keep the borders of what was written."""
    stream = b"".join(encode_frame(message) for message in messages)
    borders = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    reader = FrameReader()

    found = [
        frame
        for start, end in itertools.pairwise(borders)
        for frame in reader.feed(stream[start:end])
    ]

    assert found == messages


@given(data=st.binary(max_size=60))
def test_any_bytes_are_messages_or_refused(data: bytes) -> None:
    """The reader holds no more than it was given, and raises nothing else."""
    reader = FrameReader(frame_bytes_max=50)
    try:
        frames_found = reader.feed(data)
    except FrameError:
        return

    assert sum(len(frame) + 1 for frame in frames_found) <= len(data)


def make_requests() -> list[abci.Request]:
    """Every method of ABCI 2.0, in an order in which an engine could call them."""
    return [
        ECHO,
        abci.Request(info=abci.RequestInfo()),
        abci.Request(init_chain=render_init_chain()),
        abci.Request(check_tx=abci.RequestCheckTx(tx=admit(make_member(0)))),
        abci.Request(prepare_proposal=abci.RequestPrepareProposal(max_tx_bytes=1_000)),
        abci.Request(process_proposal=abci.RequestProcessProposal()),
        abci.Request(extend_vote=abci.RequestExtendVote()),
        abci.Request(verify_vote_extension=abci.RequestVerifyVoteExtension()),
        abci.Request(finalize_block=render_block(1, [admit(make_member(0))])),
        abci.Request(commit=abci.RequestCommit()),
        abci.Request(query=abci.RequestQuery(path="/state")),
        abci.Request(list_snapshots=abci.RequestListSnapshots()),
        abci.Request(offer_snapshot=abci.RequestOfferSnapshot()),
        abci.Request(load_snapshot_chunk=abci.RequestLoadSnapshotChunk()),
        abci.Request(apply_snapshot_chunk=abci.RequestApplySnapshotChunk()),
        FLUSH,
    ]


async def test_every_method_is_answered_by_its_own_response(
    application: Application, socket_path: Path
) -> None:
    """Pipelined, in order, and none is missing."""
    requests = make_requests()
    names = [request.WhichOneof("value") for request in requests]
    methods = abci.Request.DESCRIPTOR.oneofs_by_name["value"].fields
    assert sorted(str(name) for name in names) == sorted(field.name for field in methods)

    async with serve(application, socket_path):
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(*requests))
        answers = await read_answers(reader, len(requests))
        writer.close()

    assert [answer.WhichOneof("value") for answer in answers] == names
    assert answers[names.index("finalize_block")].finalize_block.tx_results[0].code == 0


async def test_four_connections_are_each_answered_in_order(
    application: Application, socket_path: Path
) -> None:
    """The engine opens one each for consensus, mempool, queries and snapshots."""

    async def talk(name: int) -> list[str]:
        reader, writer = await asyncio.open_unix_connection(socket_path)
        said = [f"{name}/{number}" for number in range(200)]
        for text in said:
            writer.write(frames(abci.Request(echo=abci.RequestEcho(message=text))))
            if text.endswith("7"):
                writer.write(frames(FLUSH))
                await writer.drain()
        writer.write(frames(FLUSH))
        answers = await read_answers(reader, 200 + 21)
        writer.close()
        assert said == [a.echo.message for a in answers if a.WhichOneof("value") == "echo"]
        return said

    async with serve(application, socket_path):
        answered = await asyncio.gather(*(talk(name) for name in range(4)))

    assert len(answered) == 4


async def test_answers_wait_for_the_flush(application: Application, socket_path: Path) -> None:
    """One write for many answers; nothing is sent before it is asked for."""
    async with serve(application, socket_path):
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(ECHO))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        writer.write(frames(FLUSH))
        answers = await read_answers(reader, 2)
        writer.close()

    assert [answer.WhichOneof("value") for answer in answers] == ["echo", "flush"]


async def test_an_engine_that_never_flushes_is_answered_before_memory_fills(
    application: Application, socket_path: Path
) -> None:
    """And one that does not read is not read from."""
    large = abci.Request(echo=abci.RequestEcho(message="x" * 1_000_000))
    sent = 0
    async with serve(application, socket_path):
        reader, writer = await asyncio.open_unix_connection(socket_path, limit=1_000)
        with pytest.raises(TimeoutError):
            for _ in range(200):
                writer.write(frames(large))
                await asyncio.wait_for(writer.drain(), 0.3)
                sent += 1
        answers = await read_answers(reader, sent)
        writer.close()

    assert sent < 50
    assert {len(answer.echo.message) for answer in answers} == {1_000_000}


async def test_a_later_engines_method_is_refused_in_its_turn(
    application: Application, socket_path: Path
) -> None:
    """Its answer stands where it was asked."""
    async with serve(application, socket_path):
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(ECHO) + encode_frame(LATER_METHOD) + frames(ECHO, FLUSH))
        answers = await read_answers(reader, 4)
        writer.close()

    named = [answer.WhichOneof("value") for answer in answers]
    assert named == ["echo", "exception", "echo", "flush"]


@pytest.mark.parametrize("error", [MemoryError(), OSError(28, "No space left on device")])
async def test_after_a_failure_nothing_is_asked_or_answered(
    application: Application,
    socket_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    """Storage and memory errors too, for every connection, even within one read."""
    asked: list[str] = []

    def fail(request: abci.RequestCommit) -> abci.ResponseCommit:
        asked.append("commit")
        raise error

    monkeypatch.setattr(application, "commit", fail)
    monkeypatch.setattr(application, "info", lambda request: asked.append("info"))
    commit, info = abci.Request(commit=abci.RequestCommit()), abci.Request(info=abci.RequestInfo())
    async with serve(application, socket_path) as task:
        other_reader, other_writer = await asyncio.open_unix_connection(socket_path)
        reader, writer = await asyncio.open_unix_connection(socket_path)
        other_writer.write(frames(ECHO))
        writer.write(frames(ECHO, commit, info, FLUSH))
        with pytest.raises(type(error)):
            await asyncio.wait_for(task, 5)
        for stream in (reader, other_reader):
            with pytest.raises(ConnectionResetError):
                assert not await asyncio.wait_for(stream.read(), 5)
                raise ConnectionResetError
        writer.close()
        other_writer.close()

    assert asked == ["commit"]


async def test_a_socket_left_behind_by_a_killed_process_is_replaced(
    application: Application, socket_path: Path
) -> None:
    """Nobody has to remove a file before a node starts again."""
    async with serve(application, socket_path):
        pass
    assert socket_path.exists()

    async with serve(application, socket_path):
        await asyncio.sleep(0.05)
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(ECHO, FLUSH))
        assert len(await read_answers(reader, 2)) == 2
        writer.close()


async def test_stopping_drops_every_connection(application: Application, socket_path: Path) -> None:
    """The engine notices at once and ends too."""
    async with serve(application, socket_path) as task:
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(ECHO, FLUSH))
        await read_answers(reader, 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


def check(data: bytes) -> abci.Request:
    return abci.Request(check_tx=abci.RequestCheckTx(tx=data, type=abci.NEW))


async def test_checks_and_flushes_in_any_mixture_are_answered_in_order(
    application: Application, socket_path: Path
) -> None:
    """Threads check signatures meanwhile, and other requests stand between."""
    good = [check(admit(make_member(number), nonce=number + 1)) for number in range(150)]
    asked: list[abci.Request] = []
    for number, request in enumerate(good):
        asked.append(request)
        if number % 2:
            asked.append(FLUSH)
        if number % 7 == 3:
            asked += [ECHO, check(b"junk"), FLUSH, FLUSH]
    asked.append(FLUSH)

    async with serve(application, socket_path):
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(*asked))
        answers = await read_answers(reader, len(asked))
        writer.close()

    kinds = [request.WhichOneof("value") for request in asked]
    assert [answer.WhichOneof("value") for answer in answers] == kinds
    for request, answer in zip(asked, answers, strict=True):
        if request.WhichOneof("value") == "check_tx":
            is_junk = request.check_tx.tx == b"junk"
            assert (answer.check_tx.code != 0) is is_junk


async def test_a_flood_on_one_connection_does_not_hold_up_another(
    application: Application, socket_path: Path
) -> None:
    """A block is decided while thousands of transactions still wait to be checked."""
    flood = [check(admit(make_member(number), nonce=number + 1)) for number in range(3_000)]
    block = abci.Request(finalize_block=render_block(1))

    async with serve(application, socket_path):
        mempool_reader, mempool_writer = await asyncio.open_unix_connection(socket_path)
        consensus_reader, consensus_writer = await asyncio.open_unix_connection(socket_path)
        mempool_writer.write(frames(*flood, FLUSH))
        await mempool_writer.drain()
        consensus_writer.write(frames(block, FLUSH))
        checking = asyncio.create_task(read_answers(mempool_reader, len(flood) + 1))
        (answer, _) = await read_answers(consensus_reader, 2)
        was_still_checking = not checking.done()
        await checking
        mempool_writer.close()
        consensus_writer.close()

    assert answer.WhichOneof("value") == "finalize_block"
    assert was_still_checking


async def test_a_connection_lost_while_it_is_answered_harms_nobody(
    application: Application, socket_path: Path
) -> None:
    """What it asked is forgotten; others are served."""
    flood = [check(admit(make_member(number), nonce=number + 1)) for number in range(500)]

    async with serve(application, socket_path) as task:
        _, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(*flood, FLUSH))
        await writer.drain()
        writer.transport.abort()
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(ECHO, FLUSH))
        answers = await read_answers(reader, 2)
        writer.close()
        assert not task.done()

    assert answers[0].echo.message == "hello"


async def test_memory_running_out_in_a_thread_ends_the_server(
    application: Application, socket_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it would on the thread that holds the state."""

    def fail(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("ledger.signatures.check_signatures", fail)
    async with serve(application, socket_path) as task:
        _, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(check(admit(make_member(0))), FLUSH))
        with pytest.raises(MemoryError):
            await asyncio.wait_for(task, 5)
        writer.close()


async def test_an_engine_is_read_no_further_than_what_may_wait(
    application: Application, socket_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And again once there is room: everything is answered in the end."""
    monkeypatch.setattr("ledger.abci_worker.ABCI_WAITING_BYTES_MAX", 10_000)
    asked = [abci.Request(echo=abci.RequestEcho(message="x" * 1_000)) for _ in range(2_000)]

    async with serve(application, socket_path):
        reader, writer = await asyncio.open_unix_connection(socket_path)
        reading = asyncio.create_task(read_answers(reader, len(asked) + 1))
        writer.write(frames(*asked, FLUSH))
        answers = await reading
        writer.close()

    assert answers[-1].WhichOneof("value") == "flush"
