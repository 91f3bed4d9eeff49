"""Netting: nets that add up to zero, few payments, the same for everybody (F1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvariantError
from governance.value.netting import (
    _NET_MAX,
    Net,
    Obligation,
    Payment,
    compute_admitted_uses,
    compute_nets,
    compute_payments,
    compute_positions,
)

COOPS = [bytes([number]) * 32 for number in range(8)]
obligations = st.lists(
    st.builds(
        Obligation,
        debtor=st.sampled_from(COOPS),
        creditor=st.sampled_from(COOPS),
        amount_minor=st.integers(0, 1_000),
    ).filter(lambda item: item.debtor != item.creditor),
    max_size=20,
)


def owe(debtor: int, creditor: int, amount: int) -> Obligation:
    return Obligation(debtor=COOPS[debtor], creditor=COOPS[creditor], amount_minor=amount)


def nets_of(items: list[Obligation]) -> tuple[Net, ...]:
    return compute_nets(compute_positions(items))


@given(obligations)
def test_what_some_earn_others_use(items: list[Obligation]) -> None:
    """F1: revenue and costs of a netting are equal, and no position is empty."""
    positions = compute_positions(items)

    earned_minor = sum(position.earned_minor for position in positions)
    assert earned_minor == sum(position.used_minor for position in positions)
    assert earned_minor == sum(item.amount_minor for item in items)
    assert all(position.earned_minor or position.used_minor for position in positions)


@given(obligations)
def test_nets_add_up_to_zero(items: list[Obligation]) -> None:
    """F1: what some receive, others pay."""
    assert sum(net.amount_minor for net in nets_of(items)) == 0


@given(obligations)
def test_payments_settle_every_net_and_are_fewer_than_nets(items: list[Obligation]) -> None:
    """F1: nobody pays and receives, nobody pays more than their net."""
    nets = nets_of(items)
    payments = compute_payments(nets)

    settled: dict[bytes, int] = {}
    for payment in payments:
        settled[payment.payee] = settled.get(payment.payee, 0) + payment.amount_minor
        settled[payment.payer] = settled.get(payment.payer, 0) - payment.amount_minor
    assert settled == {net.cooperative: net.amount_minor for net in nets}
    assert len(payments) <= max(0, len(nets) - 1)
    assert not {item.payer for item in payments} & {item.payee for item in payments}


@given(obligations.flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))))
def test_the_order_of_obligations_does_not_matter(
    orders: tuple[list[Obligation], list[Obligation]],
) -> None:
    """F1: every node finds the same payments."""
    first, second = (nets_of(order) for order in orders)

    assert first == second
    assert compute_payments(first) == compute_payments(second[::-1])


def test_a_circle_of_debts_is_no_payment() -> None:
    """F1: what goes round is not paid."""
    assert nets_of([owe(0, 1, 5), owe(1, 2, 5), owe(2, 0, 5)]) == ()


def test_who_owes_just_what_another_is_owed_pays_them() -> None:
    """F1: three payments here, where the greatest first would make four."""
    nets = nets_of([owe(1, 2, 5), owe(0, 3, 3), owe(0, 5, 3)])

    assert compute_payments(nets) == (
        Payment(payer=COOPS[0], payee=COOPS[3], amount_minor=3),
        Payment(payer=COOPS[0], payee=COOPS[5], amount_minor=3),
        Payment(payer=COOPS[1], payee=COOPS[2], amount_minor=5),
    )


def test_the_lesser_id_comes_first_among_equals() -> None:
    """F1: a rule, so that no node chooses."""
    nets = nets_of([owe(2, 0, 4), owe(3, 0, 4), owe(4, 1, 8)])

    assert compute_payments(nets) == (
        Payment(payer=COOPS[2], payee=COOPS[1], amount_minor=4),
        Payment(payer=COOPS[3], payee=COOPS[1], amount_minor=4),
        Payment(payer=COOPS[4], payee=COOPS[0], amount_minor=8),
    )


def test_the_greatest_nets_stay_in_64_bits() -> None:
    """F1: or state could not hold them."""
    assert _NET_MAX < 2**63


@pytest.mark.parametrize(
    ("by_user", "by_provider", "admitted"),
    [(None, None, 0), (None, 9, 0), (7, None, 7), (7, 9, 7), (9, 7, 7), (7, 7, 7)],
)
def test_what_both_admit_counts(
    by_user: int | None, by_provider: int | None, admitted: int
) -> None:
    """F1: nobody owes on another's word alone."""
    assert compute_admitted_uses(by_user=by_user, by_provider=by_provider) == admitted


def test_nets_that_are_none_are_our_bug() -> None:
    """Both follow from agreements between two."""
    with pytest.raises(InvariantError):
        nets_of([owe(1, 1, 5)])
    with pytest.raises(InvariantError):
        compute_payments([Net(cooperative=COOPS[0], amount_minor=1)])
