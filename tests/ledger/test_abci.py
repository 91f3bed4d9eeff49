"""The socket as an engine uses it, and as it must never be used."""

import asyncio
from pathlib import Path

import pytest
from tendermint.abci import types_pb2 as abci

from config.errors import InvariantError
from config.limits import FRAME_BYTES_MAX
from ledger.application import Application
from ledger.frames import encode_frame
from tests.ledger.abci_peer import ECHO, FLUSH, frames, read_answers, serve
from tests.ledger.scenario import admit, make_member, render_block, render_init_chain

LATER_METHOD = b"\xaa\x01\x02\x0a\x00"
"""Field 21 of a request: InsertTx of CometBFT v0.39 and later."""


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
    """One write for many answers; only what waits in the mempool is told before."""
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
