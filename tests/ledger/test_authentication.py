"""Who may act: chain, time, account, keys, nonces, number of signatures; in this order."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from config.limits import NONCE_WINDOW, TX_VALIDITY_MS_MAX
from did.keys import KeyPair
from governance.key_transactions import RotateKeys
from governance.records import Account, AccountKey, Role, compute_office_account_id
from governance.refusals import RefusalCode, TxRefusedError
from governance.view import MemoryKeyValue, Savepoint, StateView
from ledger.authentication import authenticate, consume_nonce
from ledger.envelope import decode_transaction
from tests.ledger.scenario import (
    COOPERATIVE,
    GENESIS_MS,
    MOTION,
    REGISTRAR,
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


def test_a_closed_office_changes_no_keys(view: StateView) -> None:
    """Its holders resigned; only people keep an account without a role."""
    office = compute_office_account_id(cooperative=COOPERATIVE, role=Role.REGISTRAR)
    account = view.get_account(office)
    assert account is not None
    view.put_account(office, replace(account, left_height=5))
    rotation = sign(REGISTRAR, RotateKeys(next_key_commitment=bytes(32)), account=office)

    assert refuse(view, rotation) is RefusalCode.ACCOUNT_LEFT


def test_as_many_keys_sign_as_the_account_asks(view: StateView) -> None:
    """Acts of a cooperative can need several people."""
    second = make_member(1)
    view = make_memory_view(MEMBER, second, signatures_required=2)
    alone = sign(MEMBER, MOTION, account=ACCOUNT)
    both = sign(MEMBER, MOTION, account=ACCOUNT, keys=[MEMBER, second])

    assert refuse(view, alone) is RefusalCode.SIGNATURES_TOO_FEW
    assert authenticate(view, decode_transaction(both), block=BLOCK) == view.get_account(ACCOUNT)


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
            account = authenticate(view, tx, block=BLOCK)
            found = None
            view.put_account(ACCOUNT, consume_nonce(account, tx))
            used.add(nonce)
        except TxRefusedError as refused:
            found = refused.refusal

        assert found is expected


def consume(view: StateView, data: bytes) -> None:
    """Use a transaction's nonce, whatever else it is."""
    account = view.get_account(ACCOUNT)
    assert account is not None
    view.put_account(ACCOUNT, consume_nonce(account, decode_transaction(data)))


def make_memory_view(*keys: KeyPair, signatures_required: int = 1) -> StateView:
    """One member's account with these keys, and nothing else."""
    view = StateView(MemoryKeyValue())
    account = Account(
        cooperative=bytes(32),
        role=Role.MEMBER,
        keys=tuple(AccountKey(public_key=key.public_key) for key in keys or (MEMBER,)),
        next_key_commitment=bytes(32),
        guardians_commitment=bytes(32),
        joined_height=1,
        signatures_required=signatures_required,
    )
    view.put_new_account(ACCOUNT, account)
    return view


def test_scenario_times_lie_within_a_day() -> None:
    """The cases above rest on it."""
    assert GENESIS_MS < BLOCK.time_ms < GENESIS_MS + TX_VALIDITY_MS_MAX


@pytest.mark.parametrize(
    ("used", "nonce", "code"),
    [
        ([200], 200, RefusalCode.NONCE_USED),
        ([200], 200 - NONCE_WINDOW + 1, None),
        ([200], 200 - NONCE_WINDOW, RefusalCode.NONCE_TOO_OLD),
        ([200, 73], 73, RefusalCode.NONCE_USED),
        ([73, 200], 73, RefusalCode.NONCE_USED),
        ([73, 201], 73, RefusalCode.NONCE_TOO_OLD),
        ([1, 1 + NONCE_WINDOW], 2, None),
        ([], 1, None),
    ],
)
def test_the_windows_edges(used: list[int], nonce: int, code: RefusalCode | None) -> None:
    """128 numbers: the highest used one and the 127 before it."""
    view = make_memory_view()
    for number in used:
        consume(view, sign(MEMBER, MOTION, nonce=number))

    data = sign(MEMBER, MOTION, nonce=nonce)

    if code is None:
        authenticate(view, decode_transaction(data), block=BLOCK)
    else:
        assert refuse(view, data) is code


def test_a_transaction_is_good_until_its_last_millisecond(view: StateView) -> None:
    """From `valid until` on it is refused; a day ahead is the most."""
    for until in (BLOCK.time_ms + 1, BLOCK.time_ms + TX_VALIDITY_MS_MAX):
        tx = decode_transaction(sign(MEMBER, MOTION, valid_until_ms=until))
        assert authenticate(view, tx, block=BLOCK) == view.get_account(ACCOUNT)


def test_a_nonce_may_reach_the_end_of_validity_but_not_pass_it(view: StateView) -> None:
    """Wallets count in milliseconds; nobody can burn the numbers of years to come."""
    until = BLOCK.time_ms + 60_000

    at_end = sign(MEMBER, MOTION, nonce=until, valid_until_ms=until)

    authenticate(view, decode_transaction(at_end), block=BLOCK)
    beyond = sign(MEMBER, MOTION, nonce=until + 1, valid_until_ms=until)
    assert refuse(view, beyond) is RefusalCode.NONCE_TOO_FAR


def test_several_keys_sign_together_and_spend_their_own_numbers() -> None:
    """Each key's window moves by itself."""
    second = make_member(1)
    view = make_memory_view(MEMBER, second)
    both = {"account": ACCOUNT, "keys": [MEMBER, second]}
    together = sign(MEMBER, MOTION, nonce=7, **both)

    authenticate(view, decode_transaction(together), block=BLOCK)
    consume(view, together)
    consume(view, sign(MEMBER, MOTION, nonce=9))

    assert refuse(view, sign(MEMBER, MOTION, nonce=9)) is RefusalCode.NONCE_USED
    assert refuse(view, sign(MEMBER, MOTION, nonce=9, **both)) is RefusalCode.NONCE_USED
    assert refuse(view, sign(second, MOTION, nonce=7, account=ACCOUNT)) is RefusalCode.NONCE_USED
    authenticate(
        view, decode_transaction(sign(second, MOTION, nonce=9, account=ACCOUNT)), block=BLOCK
    )


def test_a_strangers_key_beside_a_members_is_refused() -> None:
    """Every key that signs must be the account's."""
    view = make_memory_view()
    data = sign(MEMBER, MOTION, account=ACCOUNT, keys=[MEMBER, make_member(1)])

    assert refuse(view, data) is RefusalCode.KEY_UNKNOWN


def test_a_member_does_not_act_for_another(view: StateView) -> None:
    """A good signature under another member's name."""
    other = sign(make_member(1), MOTION, account=ACCOUNT)

    assert refuse(view, other) is RefusalCode.KEY_UNKNOWN


def test_authentication_writes_nothing(view: StateView) -> None:
    """The caller decides what is used up."""
    tx = decode_transaction(sign(MEMBER, MOTION))

    first = authenticate(view, tx, block=BLOCK)

    assert authenticate(view, tx, block=BLOCK) == first
