"""Who may act: chain, time, account, keys, nonces, signatures; in this order."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import NONCE_WINDOW, TX_VALIDITY_MS_MAX
from did.keys import KeyPair
from governance.refusals import RefusalCode, TxRefusedError
from governance.view import MemoryKeyValue, Savepoint, StateView
from ledger.authentication import authenticate, consume_nonce
from ledger.envelope import decode_transaction
from tests.ledger.scenario import (
    GENESIS_MS,
    MOTION,
    Chain,
    admit,
    make_block,
    make_inception,
    make_member,
    sign,
)

MEMBER = make_member(0)
ACCOUNT = make_inception(MEMBER).compute_id()
BLOCK = make_block(9)
FAR = 1 << 60


@pytest.fixture
def view(tmp_path: Path) -> StateView:
    chain = Chain.start(tmp_path / "ledger")
    chain.run(admit(MEMBER))
    return StateView(Savepoint(chain.store))


def refuse(view: StateView, data: bytes) -> RefusalCode:
    with pytest.raises(TxRefusedError) as refused:
        authenticate(view, decode_transaction(data), block=BLOCK)
    return refused.value.refusal


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"chain_id": "test-other-1", "valid_until_ms": 1}, RefusalCode.WRONG_CHAIN),
        ({"valid_until_ms": BLOCK.time_ms, "account": bytes(32)}, RefusalCode.EXPIRED),
        (
            {"valid_until_ms": BLOCK.time_ms + TX_VALIDITY_MS_MAX + 1, "account": bytes(32)},
            RefusalCode.VALID_UNTIL_TOO_FAR,
        ),
        ({"account": bytes(32), "nonce": FAR}, RefusalCode.ACCOUNT_UNKNOWN),
        ({"account": ACCOUNT, "keys": [KeyPair(bytes(32))]}, RefusalCode.KEY_UNKNOWN),
        ({"nonce": FAR}, RefusalCode.NONCE_TOO_FAR),
    ],
)
def test_the_first_check_that_fails_names_the_refusal(
    view: StateView, changes: dict[str, object], code: RefusalCode
) -> None:
    """Each case breaks later checks too."""
    assert refuse(view, sign(MEMBER, MOTION, **changes)) is code


def test_a_member_who_left_can_no_longer_act(view: StateView) -> None:
    """History stays, the account does not."""
    account = view.get_account(ACCOUNT)
    assert account is not None
    view.put_account(ACCOUNT, replace(account, left_height=5))

    assert refuse(view, sign(MEMBER, MOTION)) is RefusalCode.ACCOUNT_LEFT


def test_a_forged_signature_is_refused_unless_it_was_verified_before(view: StateView) -> None:
    """Only the caller's memory of these very bytes spares the check."""
    tx = decode_transaction(sign(MEMBER, MOTION))
    forged = replace(tx, signatures=((tx.signatures[0][0], bytes(64)),))

    with pytest.raises(TxRefusedError) as refused:
        authenticate(view, forged, block=BLOCK)

    assert refused.value.refusal is RefusalCode.SIGNATURE_INVALID
    assert authenticate(view, forged, block=BLOCK, is_verified=True).account == ACCOUNT


@given(nonces=st.lists(st.integers(1, 3 * NONCE_WINDOW), max_size=60))
def test_a_nonce_is_used_once_within_the_window(nonces: list[int]) -> None:
    """A sliding window of 128: the model is a plain set."""
    view = make_memory_view()
    used: set[int] = set()
    for nonce in nonces:
        tx = decode_transaction(sign(MEMBER, MOTION, nonce=nonce))
        highest = max(used, default=0)
        expected = None
        if highest - nonce >= NONCE_WINDOW:
            expected = RefusalCode.NONCE_TOO_OLD
        elif nonce in used:
            expected = RefusalCode.NONCE_USED
        try:
            authenticate(view, tx, block=BLOCK, is_verified=True)
            found = None
            consume_nonce(view, tx)
            used.add(nonce)
        except TxRefusedError as refused:
            found = refused.refusal

        assert found is expected


def make_memory_view() -> StateView:
    """One member's account, and nothing else."""
    from governance.records import Account, AccountKey, Role

    view = StateView(MemoryKeyValue())
    account = Account(
        cooperative=bytes(32),
        role=Role.MEMBER,
        keys=(AccountKey(public_key=MEMBER.public_key),),
        next_key_commitment=bytes(32),
        guardians_commitment=bytes(32),
        joined_height=1,
    )
    view.put_account(ACCOUNT, account)
    return view


def test_scenario_times_lie_within_a_day() -> None:
    """The cases above rest on it."""
    assert GENESIS_MS < BLOCK.time_ms < GENESIS_MS + TX_VALIDITY_MS_MAX
