"""Receipts from a real chain: engine, application and rules together."""

import asyncio
import dataclasses
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from config.errors import RefusedError, UnavailableError
from did.keys import KeyPair
from governance.logs import DECISIONS, Log, LogName
from governance.merkle_log import compute_root
from governance.proposal_records import (
    Choice,
    Outcome,
    Proposal,
    ProposalKind,
    Stage,
    compute_ballot_id,
)
from governance.records import Role, RollEntry, compute_office_account_id
from governance.state_keys import FEDERATION, Collection, state_key
from governance.transactions import (
    AdmitMembers,
    AnchorConsents,
    CastBallot,
    Payload,
    SubmitProposal,
    compute_proposal_id,
)
from ledger.envelope import sign_transaction
from ledger.genesis import check_genesis
from ledger.light_source import LightSource
from ledger.receipt_builder import (
    build_ballot_receipt,
    build_block_receipt,
    build_consent_receipt,
    build_counted_receipt,
    build_page_receipt,
    build_state_receipt,
)
from ledger.receipt_extras import ListPage
from ledger.receipts import Receipt, ReceiptKind, Verified, check_receipt, parse_receipt
from ledger.rpc import EngineClient
from ledger.trust import TrustBundle
from tests.ledger.receipt_samples import CONSENT_LEAVES, make_history
from tests.ledger.running import run_engine
from tests.ledger.scenario import REGISTRAR, ROOT, make_inception

CHAIN_ID = "test-receipt-1"
MEMBERS = [KeyPair(bytes([seed]) * 32) for seed in range(10, 13)]
CHOICES = [Choice.YES, Choice.NO, Choice.YES]


async def test_ballots_get_receipts_that_verify_offline(short_directory: Path) -> None:
    """One vote from admission to result: cast, final, counted, each provable."""
    async with _run_chain(short_directory) as source, asyncio.timeout(60):
        cooperative, proposal_id = await _open_vote(source.client)
        async with asyncio.TaskGroup() as tasks:
            for key, choice in zip(MEMBERS, CHOICES, strict=True):
                ballot = CastBallot(cooperative=cooperative, proposal_id=proposal_id, choice=choice)
                tasks.create_task(_send(source.client, ballot, key=key, account=_account(key)))
        ballot_ids = [
            compute_ballot_id(proposal_id=proposal_id, account=_account(key)) for key in MEMBERS
        ]
        named: dict[str, Any] = {"cooperative": cooperative, "proposal_id": proposal_id}
        with pytest.raises(RefusedError, match="after the vote closed"):
            await build_counted_receipt(source, **named, ballot_id=ballot_ids[0])
        cast = [await build_ballot_receipt(source, **named, ballot_id=item) for item in ballot_ids]
        await _wait_for_state(
            source.client, state_key(cooperative, Collection.DECISION, proposal_id)
        )
        counted = [
            await build_counted_receipt(source, **named, ballot_id=item) for item in ballot_ids
        ]
        with pytest.raises(RefusedError, match="no ballot"):
            await build_ballot_receipt(source, **named, ballot_id=bytes(32))
        with pytest.raises(RefusedError, match="not among"):
            await build_counted_receipt(source, **named, ballot_id=bytes(32))
        later = await source.fetch_newest_trust()

    for receipts, kind in ((cast, ReceiptKind.BALLOT), (counted, ReceiptKind.COUNTED)):
        for receipt, ballot_id, choice in zip(receipts, ballot_ids, CHOICES, strict=True):
            read = parse_receipt(json.dumps(receipt.to_json()).encode())
            verified = check(read, source.trust)
            assert verified.kind is kind
            assert check(read, later).trust == later  # whoever came later believes it too
            assert verified.ballot is not None
            assert (verified.ballot.ballot_id, verified.ballot.choice) == (ballot_id, choice)
    decision = check(counted[0], source.trust).decision
    assert decision is not None
    assert (decision.outcome, decision.yes_count, decision.no_count) == (Outcome.ACCEPTED, 2, 1)


async def test_pages_of_lists_get_receipts_that_verify_offline(short_directory: Path) -> None:
    """Whole, from a place on, and of an empty list; beyond its end there is none."""
    async with _run_chain(short_directory) as source, asyncio.timeout(60):
        cooperative, _ = await _open_vote(source.client)
        roll = Log(LogName.ROLL, namespace=cooperative)
        whole = await build_page_receipt(source, roll, first=0, count=256)
        rest = await build_page_receipt(source, roll, first=1, count=1)
        empty = await build_page_receipt(source, DECISIONS, first=0, count=1)
        with pytest.raises(RefusedError, match="the list has 3 entries"):
            await build_page_receipt(source, roll, first=3, count=1)

    told = []
    for receipt in (whole, rest, empty):
        page = check(receipt, source.trust).page
        assert page is not None
        told.append((page.size, page.first, page.entries))
    everybody = told[0][2]
    assert [RollEntry.parse(item).account for item in everybody] == [
        _account(key) for key in MEMBERS
    ]
    assert told == [(3, 0, everybody), (3, 1, everybody[1:2]), (0, 0, ())]
    assert isinstance(rest.extra, ListPage)
    moved = dataclasses.replace(rest, extra=dataclasses.replace(rest.extra, first=0))
    with pytest.raises(RefusedError, match="not the list's"):
        check(moved, source.trust)


async def test_histories_of_consent_get_receipts_that_verify_offline(
    short_directory: Path,
) -> None:
    """By the root that the registrar has sent; a history under another root gets none."""
    cooperative = make_inception(ROOT).compute_id()
    registrar = compute_office_account_id(cooperative=cooperative, role=Role.REGISTRAR)
    root = compute_root(CONSENT_LEAVES)
    async with _run_chain(short_directory) as source, asyncio.timeout(60):
        await source.client.wait_for_height(1)
        for period in range(1, 8):
            payload = AnchorConsents(cooperative=cooperative, period=period, root=root)
            await _send(source.client, payload, key=REGISTRAR, account=registrar)
        named: dict[str, Any] = {"cooperative": cooperative, "history": make_history()}
        receipt = await build_consent_receipt(source, **named, period=7)
        other = await build_consent_receipt(source, **named, period=6)
        none = await build_consent_receipt(source, **named, period=8)

    assert receipt is not None
    verified = check(parse_receipt(json.dumps(receipt.to_json()).encode()), source.trust)
    assert verified.kind is ReceiptKind.CONSENTS
    assert verified.consents is not None
    assert (verified.consents.cooperative, verified.consents.period) == (cooperative, 7)
    assert (other, none) == (None, None)


async def test_a_receipt_of_an_idle_chain_is_there_at_once(short_directory: Path) -> None:
    """The header after the last change exists, however long nothing has happened."""
    key = state_key(FEDERATION, Collection.PARAMETERS, b"")
    async with _run_chain(short_directory) as source, asyncio.timeout(60):
        await source.client.wait_for_height(4)
        present = await build_state_receipt(source, key)
        absent = await build_state_receipt(source, key + b"?")

    # The header that completes them is older than the question: nothing was waited for.
    assert check(present, source.trust).height < 4
    assert check(present, source.trust).value is not None
    assert check(absent, source.trust).height < 4
    assert check(absent, source.trust).value is None
    with pytest.raises(RefusedError):
        check(dataclasses.replace(present, value=None), source.trust)


async def test_every_block_of_an_engine_has_a_receipt(short_directory: Path) -> None:
    """From the first to the newest, each with the header that the engine itself shows."""
    async with _run_chain(short_directory) as source, asyncio.timeout(60):
        await source.client.wait_for_height(3)
        receipts = [await build_block_receipt(source, height) for height in range(1, 4)]
        shown = [await source.client.commit(height) for height in range(1, 4)]
        newest = (await source.client.status()).height
        with pytest.raises(RefusedError, match="is not decided yet: the newest is"):
            await build_block_receipt(source, newest + 10)
        with pytest.raises(RefusedError, match="chain begins with block 1"):
            await build_block_receipt(source, 0)

    for receipt, signed in zip(receipts, shown, strict=True):
        verified = check(parse_receipt(json.dumps(receipt.to_json()).encode()), source.trust)
        assert verified.kind is ReceiptKind.BLOCK
        assert verified.height == int(signed["header"]["height"])
        assert verified.app_hash.hex() == signed["header"]["app_hash"].lower()
        assert verified.header_hash.hex() == signed["commit"]["block_id"]["hash"].lower()


async def test_a_receipt_that_cannot_be_complete_yet_is_unavailable(
    short_directory: Path,
) -> None:
    """While the chain stands still the caller is told to ask later."""
    key = state_key(FEDERATION, Collection.PARAMETERS, b"")
    async with _run_chain(short_directory) as source, asyncio.timeout(60):
        await source.client.wait_for_height(2)
        with pytest.raises(UnavailableError, match="later"):
            await build_state_receipt(source, key, wait_s=0)


def check(receipt: Receipt, trust: TrustBundle) -> Verified:
    """As a reader does now."""
    return check_receipt(receipt, trust=trust, now_ms=time.time_ns() // 1_000_000)


@asynccontextmanager
async def _run_chain(directory: Path) -> AsyncIterator[LightSource]:
    async with run_engine(directory, chain_id=CHAIN_ID) as (client, _):
        genesis = (directory / "engine" / "config" / "genesis.json").read_bytes()
        yield LightSource(client, check_genesis(genesis).trust)


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
