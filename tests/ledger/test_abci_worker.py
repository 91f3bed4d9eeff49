"""The thread that calls the application: in order, in turns, and never past a failure."""

import asyncio
from pathlib import Path

import pytest
from tendermint.abci import types_pb2 as abci

from config.errors import UnavailableError
from governance.refusals import RefusalCode
from ledger.application import Application
from tests.ledger.abci_peer import ECHO, FLUSH, frames, read_answers, serve
from tests.ledger.scenario import admit, make_member, render_block


def check(data: bytes, kind: int = abci.NEW) -> abci.Request:
    return abci.Request(check_tx=abci.RequestCheckTx(tx=data, type=kind))


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
        if number % 11 in {3, 5, 6}:
            asked += [check(request.check_tx.tx, abci.RECHECK), check(b"junk", abci.RECHECK)]
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


async def test_checks_are_answered_without_a_flush(
    application: Application, socket_path: Path
) -> None:
    """The engine's own stands in line behind thousands, and a block waits for the first."""
    async with serve(application, socket_path):
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(check(admit(make_member(1))), check(b"junk")))
        answers = await read_answers(reader, 2)
        writer.close()

    assert [answer.check_tx.code for answer in answers] == [0, RefusalCode.MALFORMED]


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


async def test_memory_running_out_while_reading_ends_the_server(
    application: Application, socket_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it would on the thread that holds the state."""

    def fail(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("ledger.signatures.decode_transaction", fail)
    async with serve(application, socket_path) as task:
        _, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(check(admit(make_member(0))), FLUSH))
        with pytest.raises(MemoryError):
            await asyncio.wait_for(task, 5)
        writer.close()


async def test_the_end_of_the_process_that_checks_signatures_ends_the_server(
    application: Application, socket_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is answered that was not checked; the supervisor starts both again."""
    flood = [check(admit(make_member(number), nonce=number + 1)) for number in range(100)]
    monkeypatch.setattr("ledger.signature_process.sys.executable", "/bin/true")
    async with serve(application, socket_path) as task:
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(*flood, FLUSH))
        with pytest.raises(UnavailableError, match="checks signatures has ended"):
            await asyncio.wait_for(task, 5)
        assert await reader.read() == b""
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


async def test_a_new_transaction_among_waiting_ones_is_checked_as_a_new_one(
    application: Application, socket_path: Path
) -> None:
    """Rechecks look at no signature: a forged one must not slip into their row."""
    good = admit(make_member(0))
    forged = good[:-1] + bytes([good[-1] ^ 1])
    again = check(good, abci.RECHECK)
    asked = [check(forged), again, again, check(forged), again, FLUSH]

    async with serve(application, socket_path):
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frames(*asked))
        answers = await read_answers(reader, len(asked))
        writer.close()

    invalid = RefusalCode.SIGNATURE_INVALID
    assert [answer.check_tx.code for answer in answers[:-1]] == [invalid, 0, 0, invalid, 0]
