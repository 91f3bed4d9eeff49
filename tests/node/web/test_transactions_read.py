"""What the read model takes from a block's bytes, for every kind of transaction."""

import base64
from dataclasses import replace
from typing import get_args

import pytest

from governance.key_transactions import KeyPayload
from governance.proposal_records import Choice, ProposalKind
from governance.transactions import (
    PAYLOADS,
    ApproveFederalAct,
    CastBallot,
    GiveNotice,
    Payload,
    SubmitProposal,
    compute_proposal_id,
)
from ledger.envelope import compute_transaction_hash, sign_transaction
from ledger.rpc_answers import BlockResults, TxResult
from node.web.projection_transactions import (
    COOPERATIVES_ACTS,
    UNREADABLE,
    ProjectedTransaction,
    read_transactions,
)
from tests.ledger.scenario import ROOT

COOPERATIVE, PROPOSAL = b"c" * 32, b"p" * 32
RESULT = TxResult(height=7, index=0, code=0, log="", data=b"", events=())


def read(data: bytes, *, code: int = 0) -> ProjectedTransaction:
    """The one transaction of a block."""
    block = {"block": {"data": {"txs": [base64.b64encode(data).decode()]}}}
    results = BlockResults(
        height=7, transactions=(replace(RESULT, code=code),), events=(), app_hash=b""
    )
    [found] = read_transactions(block, results)
    return found


def sign(payload: Payload, *, account: bytes) -> bytes:
    """A transaction whose signature nobody looks at here."""
    return sign_transaction(
        chain_id="test-read-1",
        account=account,
        nonce=1,
        valid_until_ms=60_000,
        payload=payload,
        keys=[ROOT],
    )


def test_a_ballot_is_found_by_cooperative_proposal_and_account() -> None:
    """Refused ones too, with their code."""
    payload = CastBallot(cooperative=COOPERATIVE, proposal_id=PROPOSAL, choice=Choice.YES)
    data = sign(payload, account=b"a" * 32)

    found = read(data, code=18)

    assert found == ProjectedTransaction(
        height=7,
        place=0,
        hash=compute_transaction_hash(data),
        kind="CastBallot",
        account=b"a" * 32,
        cooperative=COOPERATIVE,
        proposal=PROPOSAL,
        code=18,
    )


def test_a_cooperatives_own_act_is_its_own() -> None:
    """Its root account has its id, whether or not this node knows it already."""
    notice = read(sign(GiveNotice(), account=COOPERATIVE))
    approval = read(sign(ApproveFederalAct(motion=PROPOSAL), account=COOPERATIVE))

    assert (notice.cooperative, notice.proposal) == (COOPERATIVE, b"")
    assert (approval.cooperative, approval.proposal) == (COOPERATIVE, PROPOSAL)


def test_a_proposal_has_the_id_that_ballots_name() -> None:
    """So that it is found with them."""
    payload = SubmitProposal(
        cooperative=COOPERATIVE, kind=ProposalKind.ORDINARY, text_hash=b"t" * 32, subject=b""
    )

    found = read(sign(payload, account=b"a" * 32))

    expected = compute_proposal_id(account=b"a" * 32, nonce=1, payload=payload)
    assert (found.cooperative, found.proposal) == (COOPERATIVE, expected)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_kind_is_without_a_cooperative_but_a_persons_keys(payload: type[Payload]) -> None:
    """Or a filter by cooperative would not find it."""
    names = payload.__struct_fields__

    assert ("cooperative" in names) + (payload in COOPERATIVES_ACTS) == (
        payload not in get_args(KeyPayload)
    )


def test_what_cannot_be_read_is_shown_as_that() -> None:
    """Blocks of other rules are no reason to stop."""
    found = read(b"\xff")

    assert (found.kind, found.account, found.cooperative) == (UNREADABLE, b"", b"")
