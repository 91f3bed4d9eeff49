"""Quotas: nobody spends more than a bucket holds, nothing is lost, and refusals tell when."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from config.limits import (
    GAS_PER_BYTE,
    GAS_PER_SIGNATURE,
    GAS_PER_TRANSACTION,
    QUOTA_ACCOUNT_GAS,
    QUOTA_ACCOUNT_US_PER_GAS,
    QUOTA_COOPERATIVE_GAS,
    QUOTA_COOPERATIVE_US_PER_GAS,
)
from governance.records import Account, AccountKey, Quota, Role
from governance.refusals import RefusalCode, TxRefusedError
from governance.view import MemoryKeyValue, StateView
from ledger.envelope import decode_transaction
from ledger.quotas import Pending, charge, check_quotas, compute_gas
from tests.ledger.scenario import GENESIS_MS, MOTION, admit, cast, make_member, sign

MEMBER = Account(
    cooperative=bytes([1]) * 32,
    role=Role.MEMBER,
    keys=(AccountKey(public_key=bytes(32)),),
    next_key_commitment=bytes(32),
    guardians_commitment=bytes(32),
    joined_height=1,
)
OFFICE = replace(MEMBER, role=Role.REGISTRAR)
OTHER = replace(MEMBER, cooperative=bytes([2]) * 32)


def spend(
    view: StateView,
    account: Account,
    gas: int,
    *,
    time_ms: int = GENESIS_MS,
    time_scale: int = 1,
    pending: Pending | None = None,
) -> Account:
    if pending is not None:
        check_quotas(
            view, account, gas=gas, time_ms=time_ms, time_scale=time_scale, pending=pending
        )
    return charge(view, account, gas=gas, time_ms=time_ms, time_scale=time_scale)


def refuse(
    view: StateView, account: Account, gas: int, **options: int | Pending
) -> tuple[RefusalCode, int, int]:
    """The refusal's code, what it says is left, and in how many seconds there is enough."""
    with pytest.raises(TxRefusedError) as refused:
        spend(view, account, gas, **options)  # type: ignore[arg-type]
    found = re.search(r"(\d+) are left; enough again in (\d+) s", refused.value.reason)
    assert found is not None
    return refused.value.refusal, int(found[1]), int(found[2])


def test_who_has_left_spends_what_a_member_may(view: StateView) -> None:
    """Their keys' changes are bounded like anybody's."""
    departed = replace(MEMBER, left_height=7)
    spent = spend(view, departed, QUOTA_ACCOUNT_GAS)

    assert refuse(view, spent, 1)[0] is RefusalCode.QUOTA_OF_ACCOUNT


@pytest.fixture
def view() -> StateView:
    return StateView(MemoryKeyValue())


def test_gas_is_base_bytes_signatures_and_work() -> None:
    """docs/transactions.md: the table, term by term."""
    ballot, motion = cast(1, bytes(32)), sign(make_member(1), MOTION)
    both = sign(make_member(1), MOTION, keys=[make_member(1), make_member(2)])
    batch = admit(*(make_member(number) for number in range(5)))
    for data, signatures, work in (
        (ballot, 1, 250),
        (motion, 1, 1_000),
        (both, 2, 1_000),
        (batch, 1, 5_000),
    ):
        expected = GAS_PER_TRANSACTION + GAS_PER_BYTE * len(data)
        expected += GAS_PER_SIGNATURE * signatures + work
        assert compute_gas(decode_transaction(data)) == expected


def test_a_member_spends_a_bucket_and_no_more(view: StateView) -> None:
    """To the last unit; then the refusal says what is left and when to come back."""
    account = spend(view, MEMBER, QUOTA_ACCOUNT_GAS - 5)

    assert refuse(view, account, 6) == (RefusalCode.QUOTA_OF_ACCOUNT, 5, 1)
    account = spend(view, account, 5)
    wait_s = -(-1_000 * QUOTA_ACCOUNT_US_PER_GAS // 1_000_000)
    assert refuse(view, account, 1_000) == (RefusalCode.QUOTA_OF_ACCOUNT, 0, wait_s)
    spend(view, account, 1_000, time_ms=GENESIS_MS + 1_000 * wait_s)


def test_what_the_refusal_says_is_true_to_the_millisecond(view: StateView) -> None:
    """A moment before there is not enough, at that moment there is."""
    account = spend(view, MEMBER, QUOTA_ACCOUNT_GAS)
    needed_ms = 20 * QUOTA_ACCOUNT_US_PER_GAS // 1_000

    refuse(view, account, 20, time_ms=GENESIS_MS + needed_ms - 1)
    spend(view, account, 20, time_ms=GENESIS_MS + needed_ms)


def test_what_costs_more_than_a_bucket_holds_is_never_affordable(view: StateView) -> None:
    """Even from a full one."""
    code, left, _ = refuse(view, MEMBER, QUOTA_ACCOUNT_GAS + 1)

    assert (code, left) == (RefusalCode.QUOTA_OF_ACCOUNT, QUOTA_ACCOUNT_GAS)


def test_a_cooperative_exhausts_only_itself(view: StateView) -> None:
    """Its own members wait; another cooperative's bucket is whole."""
    full_us = GENESIS_MS * 1_000 + QUOTA_COOPERATIVE_GAS * QUOTA_COOPERATIVE_US_PER_GAS
    view.put_quota(MEMBER.cooperative, Quota(full_us=full_us))

    assert refuse(view, MEMBER, 1_000)[0] is RefusalCode.QUOTA_OF_COOPERATIVE
    spend(view, OTHER, 1_000)


def test_an_office_spends_from_its_cooperative_alone(view: StateView) -> None:
    """A registrar admits thousands in an evening."""
    account = spend(view, OFFICE, 10 * QUOTA_ACCOUNT_GAS)

    assert account == OFFICE
    spent_us = 10 * QUOTA_ACCOUNT_GAS * QUOTA_COOPERATIVE_US_PER_GAS
    assert view.get_quota(OFFICE.cooperative).full_us == GENESIS_MS * 1_000 + spent_us


def test_a_refusal_writes_nothing(view: StateView) -> None:
    """Neither bucket moves."""
    refuse(view, MEMBER, QUOTA_ACCOUNT_GAS + 1)

    assert view.get_quota(MEMBER.cooperative) == Quota()


def test_what_waits_is_counted_as_spent(view: StateView) -> None:
    """And does not stay in the bucket that is written."""
    waiting = Pending(account=QUOTA_ACCOUNT_GAS - 100, cooperative=0)
    crowd = Pending(account=0, cooperative=QUOTA_COOPERATIVE_GAS - 100)

    assert refuse(view, MEMBER, 101, pending=waiting)[0] is RefusalCode.QUOTA_OF_ACCOUNT
    assert refuse(view, MEMBER, 101, pending=crowd)[0] is RefusalCode.QUOTA_OF_COOPERATIVE
    assert spend(view, MEMBER, 100, pending=waiting) == spend(
        StateView(MemoryKeyValue()), MEMBER, 100
    )


def test_test_chains_fill_faster(view: StateView) -> None:
    """By the scale of their windows; beyond the rate itself, the quota never binds."""
    account = spend(view, MEMBER, QUOTA_ACCOUNT_GAS, time_scale=1_000)

    refuse(view, account, 1_000, time_scale=1_000)
    later_ms = GENESIS_MS + 1_000 * QUOTA_ACCOUNT_US_PER_GAS // 1_000_000
    spend(view, account, 1_000, time_ms=later_ms, time_scale=1_000)
    spend(view, account, 100 * QUOTA_ACCOUNT_GAS, time_scale=QUOTA_ACCOUNT_US_PER_GAS + 1)


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 400_000), st.integers(1, QUOTA_ACCOUNT_GAS + 2)), max_size=40
    )
)
def test_a_bucket_is_the_exact_token_bucket(steps: list[tuple[int, int]]) -> None:
    """Against exact fractions: neither rounding nor many small steps gain or lose anything."""
    view, account = StateView(MemoryKeyValue()), MEMBER
    tokens, now_ms = Fraction(QUOTA_ACCOUNT_GAS), GENESIS_MS
    for after_ms, gas in steps:
        now_ms += after_ms
        refill = Fraction(after_ms * 1_000, QUOTA_ACCOUNT_US_PER_GAS)
        tokens = min(Fraction(QUOTA_ACCOUNT_GAS), tokens + refill)
        try:
            account = spend(view, account, gas, time_ms=now_ms)
            is_taken = True
        except TxRefusedError:
            is_taken = False
        assert is_taken is (gas <= tokens)
        if is_taken:
            tokens -= gas
