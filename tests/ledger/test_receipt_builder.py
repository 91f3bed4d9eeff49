"""Receipts from a real chain: engine, application and rules together."""

import asyncio
import dataclasses
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from config.errors import RefusedError, UnavailableError
from config.settings import EngineSection
from did.keys import KeyPair
from governance.records import (
    Choice,
    Outcome,
    Proposal,
    ProposalKind,
    Role,
    Stage,
    compute_ballot_id,
    compute_office_account_id,
)
from governance.transactions import (
    AdmitMembers,
    CastBallot,
    Payload,
    SubmitProposal,
    compute_proposal_id,
)
from governance.view import FEDERATION, Collection, state_key
from ledger.abci import serve_abci
from ledger.application import Application
from ledger.engine import (
    EngineHome,
    engine_argv,
    get_default_engine_path,
    get_engine_environment,
    write_engine_home,
)
from ledger.envelope import sign_transaction
from ledger.genesis import check_genesis
from ledger.light import TrustBundle
from ledger.receipt_builder import (
    build_ballot_receipt,
    build_counted_receipt,
    build_state_receipt,
)
from ledger.receipts import ReceiptKind, check_receipt, parse_receipt
from ledger.rpc import EngineClient
from ledger.store import Store, create_store
from tests.ledger.scenario import CONSENSUS, NODE, REGISTRAR, ROOT, make_inception, render_genesis

CHAIN_ID = "test-receipt-1"
MEMBERS = [KeyPair(bytes([seed]) * 32) for seed in range(10, 13)]
CHOICES = [Choice.YES, Choice.NO, Choice.YES]
# A week of discussion and five of voting, as one second and five.
BYLAWS: dict[str, Any] = {
    "version": 1,
    "quorum": {"ordinary_bps": 3_000, "insight_bps": 3_000},
    "stages": {"discussion_s": 604_800, "voting_s": 3_024_000},
    "proposals": {"open_per_member_max": 4},
}


async def test_ballots_get_receipts_that_verify_offline(short_directory: Path) -> None:
    """One vote from admission to result: cast, final, counted, each provable."""
    async with _run_chain(short_directory) as (client, trust), asyncio.timeout(60):
        cooperative, proposal_id = await _open_vote(client)
        async with asyncio.TaskGroup() as tasks:
            for key, choice in zip(MEMBERS, CHOICES, strict=True):
                ballot = CastBallot(cooperative=cooperative, proposal_id=proposal_id, choice=choice)
                tasks.create_task(_send(client, ballot, key=key, account=_account(key)))
        ballot_ids = [
            compute_ballot_id(proposal_id=proposal_id, account=_account(key)) for key in MEMBERS
        ]
        named: dict[str, Any] = {"cooperative": cooperative, "proposal_id": proposal_id}
        with pytest.raises(RefusedError, match="after the vote closed"):
            await build_counted_receipt(client, **named, ballot_id=ballot_ids[0])
        cast = [await build_ballot_receipt(client, **named, ballot_id=item) for item in ballot_ids]
        await _wait_for_state(client, state_key(cooperative, Collection.DECISION, proposal_id))
        counted = [
            await build_counted_receipt(client, **named, ballot_id=item) for item in ballot_ids
        ]
        with pytest.raises(RefusedError, match="no ballot"):
            await build_ballot_receipt(client, **named, ballot_id=bytes(32))
        with pytest.raises(RefusedError, match="not among"):
            await build_counted_receipt(client, **named, ballot_id=bytes(32))

    for receipts, kind in ((cast, ReceiptKind.BALLOT), (counted, ReceiptKind.COUNTED)):
        for receipt, ballot_id, choice in zip(receipts, ballot_ids, CHOICES, strict=True):
            read = parse_receipt(json.dumps(receipt.to_json()).encode())
            verified = check_receipt(read, trust=trust)
            assert verified.kind is kind
            assert verified.ballot is not None
            assert (verified.ballot.ballot_id, verified.ballot.choice) == (ballot_id, choice)
    decision = check_receipt(counted[0], trust=trust).decision
    assert decision is not None
    assert (decision.outcome, decision.yes_count, decision.no_count) == (Outcome.ACCEPTED, 2, 1)


async def test_a_receipt_of_an_idle_chain_is_there_at_once(short_directory: Path) -> None:
    """The header after the last change exists, however long nothing has happened."""
    key = state_key(FEDERATION, Collection.PARAMETERS, b"")
    async with _run_chain(short_directory) as (client, trust), asyncio.timeout(60):
        await client.wait_for_height(4)
        present = await build_state_receipt(client, key)
        absent = await build_state_receipt(client, key + b"?")

    # The header that completes them is older than the question: nothing was waited for.
    assert check_receipt(present, trust=trust).height < 4
    assert check_receipt(present, trust=trust).value is not None
    assert check_receipt(absent, trust=trust).height < 4
    assert check_receipt(absent, trust=trust).value is None
    with pytest.raises(RefusedError):
        check_receipt(dataclasses.replace(present, value=None), trust=trust)


async def test_a_receipt_that_cannot_be_complete_yet_is_unavailable(
    short_directory: Path,
) -> None:
    """While the chain stands still the caller is told to ask later."""
    key = state_key(FEDERATION, Collection.PARAMETERS, b"")
    async with _run_chain(short_directory) as (client, _), asyncio.timeout(60):
        await client.wait_for_height(2)
        with pytest.raises(UnavailableError, match="later"):
            await build_state_receipt(client, key, wait_s=0)


@asynccontextmanager
async def _run_chain(directory: Path) -> AsyncIterator[tuple[EngineClient, TrustBundle]]:
    genesis = render_genesis(
        chain_id=CHAIN_ID,
        network="test-receipt",
        bylaws=BYLAWS,
        time_scale=604_800,
        genesis_time_ms=time.time_ns() // 1_000_000,
    )
    home = EngineHome(
        path=directory / "engine",
        chain_id=CHAIN_ID,
        moniker="one",
        abci_socket=directory / "abci.sock",
        rpc_socket=directory / "rpc.sock",
        settings=EngineSection(p2p_listen="127.0.0.1:0", heartbeat_ms=100, timeout_commit_ms=100),
    )
    write_engine_home(home, node_key=NODE, consensus_key=CONSENSUS, genesis=genesis)
    create_store(directory / "ledger")
    store = Store.open(directory / "ledger")
    application = Application(store, software_version="test")
    server = asyncio.create_task(serve_abci(application, home.abci_socket))
    await asyncio.sleep(0)  # lets the server listen before the engine dials
    assert home.abci_socket.exists()
    engine = await asyncio.create_subprocess_exec(
        *engine_argv(get_default_engine_path(), home.path),
        env=get_engine_environment(),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with EngineClient(home.rpc_socket) as client:
            await _wait_for_start(client)
            yield client, check_genesis(genesis).trust
    finally:
        engine.terminate()
        await engine.wait()
        server.cancel()
        with suppress(asyncio.CancelledError):
            await server
        store.close()


async def _wait_for_start(client: EngineClient) -> None:
    async with asyncio.timeout(30):
        while True:
            with suppress(UnavailableError):
                await client.wait_for_height(1)
                return
            await asyncio.sleep(0.1)


async def _open_vote(client: EngineClient) -> tuple[bytes, bytes]:
    """Admit three members, let one propose, wait until voting opens."""
    cooperative = make_inception(ROOT).compute_id()
    registrar = compute_office_account_id(cooperative=cooperative, role=Role.REGISTRAR)
    inceptions = tuple(make_inception(key) for key in MEMBERS)
    await _send(
        client,
        AdmitMembers(cooperative=cooperative, inceptions=inceptions),
        key=REGISTRAR,
        account=registrar,
    )
    motion = SubmitProposal(
        cooperative=cooperative,
        kind=ProposalKind.ORDINARY,
        text_hash=hashlib.sha256(b"A motion").digest(),
        subject=b"",
    )
    account = _account(MEMBERS[0])
    nonce = await _send(client, motion, key=MEMBERS[0], account=account)
    proposal_id = compute_proposal_id(account=account, nonce=nonce, payload=motion)
    key = state_key(cooperative, Collection.PROPOSAL, proposal_id)
    while True:
        proposal = Proposal.decode(await _wait_for_state(client, key))
        if proposal.stage is Stage.VOTING:
            return cooperative, proposal_id
        await asyncio.sleep(0.05)


async def _wait_for_state(client: EngineClient, key: bytes) -> bytes:
    """The value of a key as soon as it has one."""
    while True:
        value = (await client.abci_query("/state", key)).value
        if value:
            return value
        await asyncio.sleep(0.05)


_used_nonces = [0]


async def _send(client: EngineClient, payload: Payload, *, key: KeyPair, account: bytes) -> int:
    _used_nonces[0] += 1
    nonce = _used_nonces[0]
    tx = sign_transaction(
        chain_id=CHAIN_ID,
        account=account,
        nonce=nonce,
        valid_until_ms=time.time_ns() // 1_000_000 + 60_000,
        payload=payload,
        keys=[key],
    )
    taken = await client.broadcast_tx_sync(tx)
    assert taken.code == 0, taken.log
    result = await client.wait_for_tx(taken.hash)
    assert result.code == 0, result.log
    return nonce


def _account(key: KeyPair) -> bytes:
    return make_inception(key).compute_id()
