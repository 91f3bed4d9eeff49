"""Agreements, usage and netting on the ledger (F1)."""

from typing import Any

import pytest
from msgspec.structs import replace

from config.errors import InvariantError
from config.limits import NETTING_COOPERATIVES_MAX, USAGE_REPORTS_MAX
from governance.fields import STATE_VALUE_BYTES_MAX
from governance.logs import get_frontier
from governance.refusals import RefusalCode
from governance.value import agreements
from governance.value.agreements import REPORTING_MS
from governance.value.civil import compute_quarter
from governance.value.events import AgreementSigned, NettingClosed
from governance.value.netting import _NET_MAX, Net, Payment
from governance.value.records import Agreement, Netting, Reporter, Usage
from governance.value.transactions import CloseNetting, ReportUsage, SignAgreement
from governance.value.view import AGREEMENTS
from tests.governance.value.value_world import view_of
from tests.governance.world import (
    COOPERATIVE,
    GENESIS_MS,
    OTHER_COOPERATIVE,
    TIME_SCALE,
    Act,
    World,
    make_cooperative,
    make_world,
    registrar,
)

THIRD = make_cooperative(2).id
QUARTER = compute_quarter((GENESIS_MS + 1_000) * TIME_SCALE)
QUARTER_MS = 93 * 86_400_000 // TIME_SCALE
"""On the chain's own clock; longer than any."""
AGREEMENT = Agreement(
    provider=COOPERATIVE,
    user=OTHER_COOPERATIVE,
    currency="EUR",
    price_minor=25,
    terms_hash=b"t" * 32,
    first_quarter=QUARTER,
    last_quarter=QUARTER + 8,
)


def sign(signer: bytes, **changes: Any) -> Act:
    agreement = replace(AGREEMENT, **changes)
    return Act(signer, SignAgreement(cooperative=signer, agreement=agreement))


def report(
    reporter: bytes, uses: int, *, agreement: Agreement = AGREEMENT, quarter: int = QUARTER
) -> Act:
    payload = ReportUsage(
        cooperative=reporter,
        agreement=agreement.compute_id(),
        quarter=quarter,
        uses_count=uses,
        receipts_root=b"r" * 32,
    )
    return Act(reporter, payload)


def close_netting(
    *, sender: bytes = COOPERATIVE, quarter: int = QUARTER, currency: str = "EUR"
) -> Act:
    payload = CloseNetting(cooperative=sender, quarter=quarter, currency=currency)
    return Act(sender, payload)


def make_agreed_world(*more: Agreement) -> World:
    """Three cooperatives; these agreements are in force."""
    world = make_world(3)
    for agreement in (AGREEMENT, *more):
        for party in (agreement.provider, agreement.user):
            world.run(Act(party, SignAgreement(cooperative=party, agreement=agreement)))
            assert world.refusals == [None]
    return world


def end_quarter(world: World) -> None:
    """The quarter and its fortnight for reports pass."""
    world.run(after_ms=QUARTER_MS + REPORTING_MS // TIME_SCALE)


def test_an_agreement_is_in_force_with_the_second_signature() -> None:
    """F1: two sign the same."""
    world = make_world(3)

    [first] = world.run(sign(OTHER_COOPERATIVE))
    [second] = world.run(sign(COOPERATIVE))

    assert isinstance(first, AgreementSigned)
    assert isinstance(second, AgreementSigned)
    assert (first.is_in_force, second.is_in_force) == (False, True)
    assert first.agreement == second.agreement == AGREEMENT.compute_id()
    assert get_frontier(world.view, AGREEMENTS).size == 1
    for signer in (COOPERATIVE, OTHER_COOPERATIVE):
        assert world.refuse(sign(signer)) is RefusalCode.AGREEMENT_SIGNED


@pytest.mark.parametrize(
    ("signer", "changes"),
    [
        (THIRD, {}),
        (COOPERATIVE, {"user": COOPERATIVE}),
        (COOPERATIVE, {"user": b"x" * 32}),
        (COOPERATIVE, {"last_quarter": QUARTER - 1}),
    ],
)
def test_refuses_an_agreement_that_is_not_between_two_members(
    signer: bytes, changes: dict[str, Any]
) -> None:
    """F1: a third's, with itself, with nobody, or for no quarter."""
    assert make_world(3).refuse(sign(signer, **changes)) is RefusalCode.AGREEMENT_UNFIT


def test_refuses_reports_without_an_agreement_in_force() -> None:
    """F1: unknown, signed by one, another's, or outside its quarters."""
    world = make_world(3)
    assert world.refuse(report(COOPERATIVE, 1)) is RefusalCode.AGREEMENT_UNKNOWN
    world.run(sign(COOPERATIVE))
    assert world.refuse(report(COOPERATIVE, 1)) is RefusalCode.AGREEMENT_NOT_IN_FORCE
    world.run(sign(OTHER_COOPERATIVE))

    assert world.refuse(report(THIRD, 1)) is RefusalCode.AGREEMENT_UNFIT
    for quarter in (QUARTER - 1, QUARTER + 9):
        refusal = world.refuse(report(COOPERATIVE, 1, quarter=quarter))
        assert refusal is RefusalCode.AGREEMENT_NOT_IN_FORCE
    assert world.refuse(report(COOPERATIVE, 1, quarter=QUARTER + 1)) is RefusalCode.QUARTER_OPEN
    assert world.refuse(report(COOPERATIVE, 1)) is None


def test_a_quarter_is_netted_into_few_payments() -> None:
    """F1: admitted uses times price, nets of zero together, paid in one way."""
    back = replace(AGREEMENT, provider=OTHER_COOPERATIVE, user=THIRD, price_minor=10)
    circle = replace(AGREEMENT, provider=THIRD, user=COOPERATIVE, price_minor=5)
    world = make_agreed_world(back, circle)
    world.run(
        report(OTHER_COOPERATIVE, 40),
        report(COOPERATIVE, 44),
        report(THIRD, 70, agreement=back),
        report(THIRD, 9, agreement=circle),
    )
    assert world.refusals == [None] * 4
    end_quarter(world)

    [event] = world.run(close_netting(sender=THIRD))  # nobody keeps books here

    # 1,000 from the second to the first, 700 from the third to the second; the third's own
    # word about the circle counts for nothing.
    assert event == NettingClosed(
        cooperative=THIRD, quarter=QUARTER, currency="EUR", payments_count=2, total_minor=1_000
    )
    netting = view_of(world).get_netting(QUARTER, currency="EUR")
    nets = {net.cooperative: net.amount_minor for net in netting.nets}
    assert nets == {COOPERATIVE: 1_000, OTHER_COOPERATIVE: -300, THIRD: -700}
    assert netting.nets == tuple(
        Net(cooperative=item, amount_minor=nets[item]) for item in sorted(nets)
    )
    assert {payment.payee for payment in netting.payments} == {COOPERATIVE}
    assert all(isinstance(payment, Payment) for payment in netting.payments)


def test_a_report_can_be_corrected_until_the_netting() -> None:
    """F1: then what comes late is settled between the two."""
    world = make_agreed_world()
    world.run(report(OTHER_COOPERATIVE, 40))
    world.run(report(OTHER_COOPERATIVE, 4))
    end_quarter(world)

    [event] = world.run(close_netting())

    assert isinstance(event, NettingClosed)
    assert event.total_minor == 100
    assert world.refuse(report(OTHER_COOPERATIVE, 40)) is RefusalCode.QUARTER_NETTED
    assert world.refuse(close_netting()) is RefusalCode.QUARTER_NETTED
    other = close_netting(currency="CHF")
    assert world.refuse(other) is None


def test_refuses_to_net_a_quarter_whose_reports_may_still_come() -> None:
    """F1: a fortnight for both sides."""
    world = make_agreed_world()
    assert world.refuse(close_netting()) is RefusalCode.QUARTER_OPEN
    while compute_quarter(world.time_ms * TIME_SCALE) == QUARTER:
        world.run()

    assert world.refuse(close_netting()) is RefusalCode.QUARTER_OPEN
    assert world.refuse(close_netting(), after_ms=REPORTING_MS // TIME_SCALE) is None


def test_a_cooperative_begins_only_so_many_reports() -> None:
    """One netting reads all of them, and nobody uses up the room of others."""
    world = make_agreed_world()
    most = Reporter(cooperative=COOPERATIVE, count=USAGE_REPORTS_MAX - 1)
    view_of(world).put_netting(QUARTER, currency="EUR", netting=Netting(reporters=(most,)))

    assert world.refuse(report(COOPERATIVE, 1)) is None
    assert world.refuse(report(OTHER_COOPERATIVE, 1)) is None
    other = replace(AGREEMENT, price_minor=1)
    for party in (COOPERATIVE, OTHER_COOPERATIVE):
        world.run(Act(party, SignAgreement(cooperative=party, agreement=other)))
    refusal = world.refuse(report(COOPERATIVE, 1, agreement=other))
    assert refusal is RefusalCode.USAGE_REPORTS_TOO_MANY
    assert world.refuse(report(OTHER_COOPERATIVE, 1, agreement=other)) is None
    assert world.refuse(report(COOPERATIVE, 1, agreement=other)) is None


def test_a_netting_stays_what_a_value_in_state_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many cooperatives came and went."""
    monkeypatch.setattr(agreements, "NETTING_COOPERATIVES_MAX", 1)
    world = make_agreed_world()
    world.run(report(OTHER_COOPERATIVE, 40))
    end_quarter(world)

    assert world.refuse(close_netting()) is RefusalCode.USAGE_REPORTS_TOO_MANY


def test_the_largest_netting_fits_into_state() -> None:
    """A value that is too large would stop the chain."""
    ids = tuple(number.to_bytes(32, "big") for number in range(NETTING_COOPERATIVES_MAX))
    largest = Netting(
        reporters=tuple(Reporter(cooperative=item, count=USAGE_REPORTS_MAX) for item in ids),
        is_closed=True,
        nets=tuple(Net(cooperative=item, amount_minor=-_NET_MAX) for item in ids),
        payments=tuple(Payment(payer=item, payee=item, amount_minor=_NET_MAX) for item in ids),
        booked=ids,
    )

    assert len(largest.encode()) <= STATE_VALUE_BYTES_MAX


def test_usage_without_an_agreement_is_our_bug() -> None:
    """A report is taken of one in state alone."""
    world = make_agreed_world()
    view_of(world).put_usage(QUARTER, currency="EUR", agreement=b"x" * 32, usage=Usage())
    end_quarter(world)

    with pytest.raises(InvariantError):
        world.run(close_netting())


def test_only_a_cooperatives_own_treasurer_speaks_for_it() -> None:
    """F1: nobody signs, reports or asks in another's name."""
    world = make_agreed_world()
    for act in (sign(COOPERATIVE), report(COOPERATIVE, 1), close_netting()):
        for account in (OTHER_COOPERATIVE, registrar()):
            assert world.refuse(Act(account, act.payload)) is RefusalCode.OFFICE_REQUIRED
