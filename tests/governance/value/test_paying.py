"""Settlements on the ledger: files by their hash, and what the bank made of them."""

import pytest

from governance.refusals import RefusalCode
from governance.value.chart import BANK, COMMONS, MEMBERS_PAYABLE, PARTNERS
from governance.value.events import SettlementRecorded, SettlementResolved
from governance.value.records import Debt
from tests.governance.value.books_world import GRANT_BANK, LICENCES, draft
from tests.governance.value.value_world import (
    FILE_HASH,
    MEMBERS_COUNT,
    balance,
    books_of,
    make_closed_world,
    post,
    resolve_settlement,
    settle,
    view_of,
)
from tests.governance.world import COOPERATIVE

OWED = 1_700_000
EARNED = 10_000_000


def test_a_file_that_the_bank_paid_ends_the_debt() -> None:
    """V4: pending until the bank has answered."""
    world = make_closed_world()

    [recorded] = world.run(settle(OWED))

    assert recorded == SettlementRecorded(
        cooperative=COOPERATIVE,
        file_hash=FILE_HASH,
        debt=Debt.MEMBERS,
        control_sum_minor=OWED,
        payments_count=MEMBERS_COUNT,
    )
    assert balance(world, MEMBERS_PAYABLE) == -OWED
    [resolved] = world.run(resolve_settlement(OWED))
    assert resolved == SettlementResolved(
        cooperative=COOPERATIVE, file_hash=FILE_HASH, paid_minor=OWED
    )
    assert (balance(world, MEMBERS_PAYABLE), balance(world, BANK)) == (0, EARNED - OWED)


@pytest.mark.parametrize("paid", [0, 1, OWED - 1])
def test_what_the_bank_did_not_pay_is_owed_as_before(paid: int) -> None:
    """V4: a part or nothing; another file can pay the rest."""
    world = make_closed_world()
    world.run(settle(OWED))

    assert world.refuse(resolve_settlement(paid)) is None

    assert (balance(world, MEMBERS_PAYABLE), balance(world, BANK)) == (paid - OWED, EARNED - paid)
    settlement = view_of(world).get_settlement(COOPERATIVE, FILE_HASH)
    assert settlement is not None
    assert (settlement.is_resolved, settlement.paid_minor) == (True, paid)
    assert world.refuse(settle(OWED - paid, file_hash=b"g" * 32)) is None


def test_no_more_is_paid_than_is_owed() -> None:
    """V3: files that wait count too."""
    world = make_closed_world()
    assert world.refuse(settle(OWED + 1)) is RefusalCode.BALANCE_TOO_SMALL
    world.run(settle(OWED - 10))

    assert world.refuse(settle(11, file_hash=b"g" * 32)) is RefusalCode.BALANCE_TOO_SMALL
    assert world.refuse(settle(10, file_hash=b"g" * 32)) is None


def test_members_are_never_paid_from_restricted_money() -> None:
    """V3: nor out of a fund or another account that is no bank."""
    world = make_closed_world()

    assert world.refuse(settle(1, bank=GRANT_BANK)) is RefusalCode.FUNDS_MIXED
    for account in (COMMONS, LICENCES):
        assert world.refuse(settle(1, bank=account)) is RefusalCode.SETTLEMENT_UNFIT
    assert world.refuse(settle(1, bank=1_999)) is RefusalCode.BOOK_ACCOUNT_UNKNOWN


def test_a_file_is_recorded_and_resolved_once() -> None:
    """V4: the bank's answer is final."""
    world = make_closed_world()
    assert world.refuse(resolve_settlement(1)) is RefusalCode.SETTLEMENT_UNKNOWN
    world.run(settle(100))

    assert world.refuse(settle(100)) is RefusalCode.SETTLEMENT_EXISTS
    assert world.refuse(resolve_settlement(101)) is RefusalCode.SETTLEMENT_UNFIT
    world.run(resolve_settlement(60))
    assert world.refuse(resolve_settlement(60)) is RefusalCode.SETTLEMENT_RESOLVED


def test_partners_are_paid_from_their_own_account() -> None:
    """F1: what a netting says is booked and then paid."""
    world = make_closed_world()
    world.run(post(draft(7, (5_000, 900), (PARTNERS, -900))))
    world.run(settle(900, debt=Debt.PARTNERS))

    world.run(resolve_settlement(900))

    assert balance(world, PARTNERS) == 0
    assert books_of(world).get_book_account(PARTNERS) is not None
