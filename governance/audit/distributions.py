"""Every closed period of a cooperative once more: figures, split, reserve, pools and units."""

from governance.audit.electorates import Electorates
from governance.audit.findings import Place, expect
from governance.audit.journal import Journal
from governance.audit.pools import audit_pool
from governance.audit.sealed import Sealed
from governance.proposal_records import Outcome, ProposalKind
from governance.state_keys import Collection, state_key
from governance.value.allocation import Unit, compute_unit
from governance.value.books import Leg
from governance.value.chart import EQUAL_POOL
from governance.value.contribution import read_policy
from governance.value.period import (
    compute_distribution,
    make_closing_legs,
    make_distribution_legs,
    make_endowment_legs,
    make_pool_legs,
    read_figures,
)
from governance.value.records import Period, Pool, compute_entry_id
from governance.value.view import ValueView

_CLOSING_ENTRIES = 3
_NOTHING = Unit(unit_minor=0, paid_minor=0, carry_minor=0, commons_minor=0)


def audit_distributions(
    view: ValueView, cooperative: bytes, electorates: Electorates, *, sealed: Sealed | None
) -> tuple[int, int]:
    """Close every period of a cooperative once more, from its journal.

    Returns:
        How many of them distributed something by a vote, and how many members' amounts were
        checked.

    Raises:
        AuditError: The ledger says something else.
    """
    books = view.get_books(cooperative)
    if books is None:
        return 0, 0
    place = Place(cooperative=cooperative, what="books", id=cooperative.hex())
    journal = Journal(view, cooperative)
    kept_count = sum(1 for _ in view.kv.scan(state_key(cooperative, Collection.PERIOD, b"")))
    expect(place, "periods_count", expected=books.period, found=kept_count)
    distributions_count = amounts_count = 0
    for number in range(books.period):
        period = view.get_period(cooperative, number)
        if period is None:
            expect(place, "period", expected=number, found=None)
            continue
        _audit_period(view, cooperative, journal, electorates, period, number=number)
        if period.split is None:
            continue
        distributions_count += 1
        for pool in Pool:
            amounts_count += audit_pool(
                view,
                cooperative,
                journal,
                period=number,
                pool=pool,
                policy=read_policy(view.get_bylaws(period.bylaws_hash)),
                sealed=sealed,
            )
    journal.enter_period(books.period, closing_ids=())
    journal.check_balances()
    return distributions_count, amounts_count


def _audit_period(
    view: ValueView,
    cooperative: bytes,
    journal: Journal,
    electorates: Electorates,
    period: Period,
    *,
    number: int,
) -> None:
    place = Place(cooperative=cooperative, what="period", id=str(number))
    expect(place, "number", expected=number, found=period.number)
    _check_decided(view, cooperative, period, place=place)
    _check_members(electorates, period, place=place)
    purpose, equal = f"close/{number}", f"equal/{number}"
    ids = [
        compute_entry_id(purpose=purpose, subject=cooperative, number=place)
        for place in range(_CLOSING_ENTRIES)
    ]
    equal_id = compute_entry_id(purpose=equal, subject=cooperative, number=0)
    journal.enter_period(number, closing_ids=[*ids, equal_id])
    accounts = journal.list_accounts()
    found = compute_distribution(
        read_figures(accounts), period.split, bylaws=view.get_bylaws(period.bylaws_hash)
    )
    for field in (
        "result_minor",
        "legal_reserve_minor",
        "distributable_minor",
        "dividend_minor",
        "carried_minor",
    ):
        expect(place, field, expected=getattr(found, field), found=getattr(period, field))
    steps: tuple[tuple[Leg, ...], ...] = (
        make_closing_legs(accounts),
        make_distribution_legs(found),
        make_endowment_legs(found),
    )
    for step, legs in enumerate(steps):
        journal.enter_by_rules(place, legs, purpose=purpose, subject=cooperative, number=step)
        journal.add_closing(legs)
    unit = _NOTHING
    if period.split is not None:
        unit = compute_unit(
            pool_minor=max(0, journal.get_credit_minor(EQUAL_POOL)),
            weight_total=period.members_count,
        )
    expect(place, "unit_minor", expected=unit.unit_minor, found=period.unit_minor)
    legs = make_pool_legs(EQUAL_POOL, paid_minor=unit.paid_minor, commons_minor=unit.commons_minor)
    journal.enter_by_rules(place, legs, purpose=equal, subject=cooperative)
    journal.add_closing(legs)


def _check_decided(view: ValueView, cooperative: bytes, period: Period, *, place: Place) -> None:
    """Without a vote nothing is distributed."""
    if period.split is None:
        expect(place, "proposal", expected=b"", found=period.proposal)
        return
    expect(place, "split.cooperative", expected=cooperative, found=period.split.cooperative)
    expect(place, "split.period", expected=period.number, found=period.split.period)
    proposal = view.get_proposal(cooperative, period.proposal)
    decision = view.get_decision(cooperative, period.proposal)
    is_there = proposal is not None and decision is not None
    expect(place, "proposal.is_decided", expected=True, found=is_there)
    if proposal is None or decision is None:
        return
    expect(place, "proposal.kind", expected=ProposalKind.DISTRIBUTION, found=proposal.kind)
    expect(place, "proposal.outcome", expected=Outcome.ACCEPTED, found=decision.outcome)
    split_hash = period.split.compute_hash()
    expect(place, "proposal.subject", expected=split_hash, found=proposal.subject)
    expect(place, "bylaws_hash", expected=proposal.bylaws_hash, found=period.bylaws_hash)
    most_bps = view.get_bylaws(period.bylaws_hash).value.dividend_max_bps
    is_within = period.split.dividend_bps <= most_bps
    expect(place, "split.dividend_is_within_bylaws", expected=True, found=is_within)


def _check_members(electorates: Electorates, period: Period, *, place: Place) -> None:
    """Where nobody came or left in the block of the close, the roll says who shared."""
    before = len(electorates.list_members(height=period.closed_height - 1))
    after = len(electorates.list_members(height=period.closed_height))
    if before == after:
        expect(place, "members_count", expected=after, found=period.members_count)
