"""Closing a period on the ledger: only by a vote is anything distributed (V3)."""

from dataclasses import replace as replace_act

from msgspec.structs import replace

from config.limits import MONEY_MINOR_MAX
from governance.bylaws import parse_bylaws
from governance.federal_view import FederalView
from governance.proposal_records import Choice, ProposalKind
from governance.refusals import RefusalCode
from governance.state_keys import FEDERATION, Collection, state_key
from governance.value.chart import (
    BANK,
    COMMONS,
    CONTRIBUTION_POOL,
    EQUAL_POOL,
    LEGAL_RESERVE,
    MEMBERS_PAYABLE,
    NEED_POOL,
    RESEARCH,
    SURPLUS,
)
from governance.value.contribution import Metric
from governance.value.events import MetricAttested, PeriodClosed
from tests.bylaws import make_bylaws
from tests.governance.value.books_world import COSTS, LICENCES, draft
from tests.governance.value.value_world import (
    MEMBERS_COUNT,
    REVENUE_MINOR,
    attest,
    balance,
    by_treasurer,
    close,
    decide,
    make_books_world,
    make_closed_world,
    make_split,
    post,
    view_of,
)
from tests.governance.world import COOPERATIVE, OTHER_COOPERATIVE, member, registrar


def test_members_decide_and_the_close_does_it() -> None:
    """V1 and V3: reserve by law, the split by vote, an equal share to each member."""
    world = make_books_world()
    split = make_split()
    proposal_id = decide(world, split.compute_hash())

    [event] = world.run(close(proposal=proposal_id, split=split))

    assert isinstance(event, PeriodClosed)
    assert (event.period, event.proposal, event.result_minor) == (0, proposal_id, 10_000_000)
    assert event.legal_reserve_minor == 1_500_000
    assert event.distributable_minor == 8_500_000
    assert event.dividend_minor == 4_250_000
    assert (event.members_count, event.unit_minor) == (MEMBERS_COUNT, 1_700_000 // 8)
    assert balance(world, LICENCES) == 0
    assert balance(world, LEGAL_RESERVE) == -1_500_000 - 850_000
    assert balance(world, RESEARCH) == -1_700_000
    assert balance(world, MEMBERS_PAYABLE) == -1_700_000
    assert balance(world, EQUAL_POOL) == 0
    assert balance(world, CONTRIBUTION_POOL) == -1_700_000
    assert balance(world, NEED_POOL) == -850_000
    assert balance(world, SURPLUS) == 0
    period = view_of(world).get_period(COOPERATIVE, 0)
    assert period is not None
    assert (period.split, period.closed_height) == (split, world.height)
    total = sum(item.balance_minor for item in view_of(world).scan_book_accounts(COOPERATIVE))
    assert total == 0


def test_without_a_vote_the_surplus_is_carried() -> None:
    """V3: the law's reserve alone; the next vote decides about the rest."""
    world = make_books_world()

    [event] = world.run(close())

    assert isinstance(event, PeriodClosed)
    assert (event.proposal, event.distributable_minor, event.unit_minor) == (b"", 0, 0)
    assert balance(world, SURPLUS) == -8_500_000
    assert balance(world, MEMBERS_PAYABLE) == 0
    split = make_split(period=1)
    [event] = world.run(close(1, proposal=decide(world, split.compute_hash()), split=split))
    assert isinstance(event, PeriodClosed)
    assert (event.result_minor, event.legal_reserve_minor) == (0, 0)
    assert event.distributable_minor == 8_500_000


def test_a_loss_is_carried_and_made_up_for_first() -> None:
    """V3: nothing is distributed, and nothing goes into the reserve, before it is."""
    world = make_books_world(earned_minor=0)
    world.run(post(draft(2, (COSTS, 300), (BANK, -300))))
    world.run(close())
    assert balance(world, SURPLUS) == 300
    world.run(post(draft(3, (BANK, 400), (LICENCES, -400))))

    [event] = world.run(close(1))

    assert isinstance(event, PeriodClosed)
    assert (event.result_minor, event.legal_reserve_minor, event.carried_minor) == (400, 15, 85)


def test_refuses_a_split_that_members_did_not_decide() -> None:
    """V3: no proposal, another kind, another split, rejected, or still open."""
    world = make_books_world()
    split = make_split()
    other = make_split(dividend_bps=0, research_bps=7_000)
    rejected = decide(world, split.compute_hash(), choice=Choice.NO)
    of_insight = decide(world, split.compute_hash(), kind=ProposalKind.INSIGHT, nonce=2)
    of_other = decide(world, other.compute_hash(), nonce=3)

    for proposal in (b"", b"p" * 32, rejected, of_insight, of_other):
        refusal = world.refuse(close(proposal=proposal, split=split))
        assert refusal is RefusalCode.SPLIT_UNDECIDED
    assert world.refuse(close(proposal=of_other, split=other)) is None


def test_refuses_a_split_that_does_not_fit() -> None:
    """V3: another period's or cooperative's, no whole, or a proposal without a split."""
    world = make_books_world()
    for split in (
        make_split(period=1),
        replace(make_split(), cooperative=OTHER_COOPERATIVE),
        make_split(dividend_bps=0),
    ):
        proposal = decide(world, split.compute_hash(), nonce=split.dividend_bps + split.period + 9)
        refusal = world.refuse(close(proposal=proposal, split=split))
        assert refusal is RefusalCode.SPLIT_UNFIT
        world.run()
    assert world.refuse(close(proposal=b"p" * 32)) is RefusalCode.SPLIT_UNFIT


def test_refuses_to_close_another_period_or_one_with_pending_entries() -> None:
    """V4: periods follow each other; what is pending belongs to none yet."""
    world = make_books_world()
    assert world.refuse(close(1)) is RefusalCode.PERIOD_OTHER

    world.run(post(draft(2, (BANK, 1), (LICENCES, -1), is_pending=True)))

    assert world.refuse(close()) is RefusalCode.ENTRIES_PENDING
    for account in (member(1), registrar(), OTHER_COOPERATIVE):
        act = replace_act(close(), account=account)
        assert world.refuse(act) is RefusalCode.OFFICE_REQUIRED


def test_refuses_to_close_while_the_former_roll_is_brought_over() -> None:
    """V1: equal shares are for all members."""
    world = make_books_world()
    world.kv.put(state_key(FEDERATION, Collection.IMPORT, COOPERATIVE), b"\x01")

    assert world.refuse(close()) is RefusalCode.IMPORT_UNFINISHED


def test_refuses_a_result_beyond_the_greatest_amount() -> None:
    """Amounts in state stay readable."""
    world = make_books_world(earned_minor=0)
    for number in (2, 3):
        world.run(post(draft(number, (BANK, MONEY_MINOR_MAX), (LICENCES, -MONEY_MINOR_MAX))))

    assert world.refuse(close()) is RefusalCode.BALANCE_TOO_LARGE


def test_a_share_that_cannot_be_divided_is_carried_into_the_next_pool() -> None:
    """V1: 8 members, a pool that leaves a rest; the next period begins with it."""
    world = make_books_world(earned_minor=0)
    world.run(post(draft(2, (BANK, 1_000), (LICENCES, -1_000))))
    split = make_split(
        reserve_bps=0, research_bps=0, information_bps=0, education_bps=0, dividend_bps=10_000
    )
    world.run(close(proposal=decide(world, split.compute_hash()), split=split))

    # 850 to distribute, 340 equal, 42 for each of eight.
    assert balance(world, MEMBERS_PAYABLE) == -336
    assert balance(world, EQUAL_POOL) == -4
    again = make_split(period=1)
    [event] = world.run(
        close(1, proposal=decide(world, again.compute_hash(), nonce=2), split=again)
    )
    assert isinstance(event, PeriodClosed)
    assert balance(world, EQUAL_POOL) == -4
    assert balance(world, COMMONS) == 0


def test_an_attestation_is_final_and_of_this_or_the_last_period() -> None:
    """V2: each metric once a period."""
    world = make_closed_world()
    [event] = world.run(attest(Metric.EDUCATION, 12))

    assert isinstance(event, MetricAttested)
    assert (event.period, event.metric, event.points_total) == (0, Metric.EDUCATION, 12)
    assert world.refuse(attest(Metric.EDUCATION, 13)) is RefusalCode.METRIC_ATTESTED
    assert world.refuse(attest(Metric.EDUCATION, 13, period=1)) is None
    assert world.refuse(attest(Metric.EDUCATION, 13, period=2)) is RefusalCode.PERIOD_OTHER
    wrong = by_treasurer(attest(Metric.DATA, 1).payload)  # type: ignore[arg-type]
    assert world.refuse(wrong) is RefusalCode.OFFICE_REQUIRED


def test_v3_members_get_no_more_than_the_bylaws_allowed_when_it_was_proposed() -> None:
    """V3: a proposal is decided by the bylaws that it was submitted under."""
    world = make_books_world(dividend_max_bps=4_999)
    too_much, enough = make_split(), make_split(dividend_bps=4_999, research_bps=2_001)
    proposals = [
        decide(world, split.compute_hash(), nonce=nonce)
        for nonce, split in enumerate((too_much, enough), start=1)
    ]
    later = parse_bylaws(make_bylaws(value={"dividend_max_bps": 0}))
    cooperative = FederalView(world.kv).require_cooperative(COOPERATIVE)
    world.view.put_bylaws(later)
    world.view.put_cooperative(replace(cooperative, bylaws_hash=later.compute_hash()))

    refusal = world.refuse(close(proposal=proposals[0], split=too_much))
    taken = world.refuse(close(proposal=proposals[1], split=enough))

    assert (refusal, taken) == (RefusalCode.SPLIT_UNFIT, None)
    period = view_of(world).get_period(COOPERATIVE, 0)
    assert period is not None
    assert period.bylaws_hash == cooperative.bylaws_hash


def test_without_a_vote_the_reserve_takes_what_the_bylaws_say() -> None:
    """Regulation (EC) 1435/2003 art. 65: at least 15 %, and more where bylaws ask for more."""
    world = make_books_world()
    bylaws = parse_bylaws(make_bylaws(reserve={"legal_bps": 2_000}))
    cooperative = FederalView(world.kv).require_cooperative(COOPERATIVE)
    world.view.put_bylaws(bylaws)
    world.view.put_cooperative(replace(cooperative, bylaws_hash=bylaws.compute_hash()))

    assert world.refuse(close()) is None

    period = view_of(world).get_period(COOPERATIVE, 0)
    assert period is not None
    assert period.legal_reserve_minor == REVENUE_MINOR // 5
    assert period.bylaws_hash == bylaws.compute_hash()
