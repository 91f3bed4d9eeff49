"""Periods, votes on their surplus and closes, against plain numbers.

The model adds up what was earned and spent, knows the last split that members accepted, and says
what every account must hold after each close. SOAK_CASES=10000 runs a tenth of that many cases.
"""

import os
from fractions import Fraction
from functools import cache
from math import ceil, floor

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from governance.audit.chain import audit_chain
from governance.bylaws_tables import CAPITAL_MINOR_MIN
from governance.proposal_records import Choice
from governance.refusals import RefusalCode
from governance.value.chart import (
    BANK,
    COMMONS,
    CONTRIBUTION_POOL,
    EDUCATION,
    ENDOWMENT,
    EQUAL_POOL,
    INFORMATION,
    INSIGHTS_EARNED,
    INSIGHTS_USED,
    LEGAL_RESERVE,
    MEMBERS_PAYABLE,
    NEED_POOL,
    PARTNERS,
    RESEARCH,
    SURPLUS,
)
from governance.value.civil import compute_quarter
from governance.value.period import DistributionSplit
from governance.value.transactions import SignAgreement
from tests.governance.audit.audit_world import copy_of
from tests.governance.value.books_world import COSTS, LICENCES, draft
from tests.governance.value.test_agreements import (
    AGREEMENT,
    close_netting,
    end_quarter,
    report,
)
from tests.governance.value.value_world import (
    MEMBERS_COUNT,
    balance,
    books_of,
    close,
    decide,
    make_books_world,
    make_split,
    post,
    view_of,
)
from tests.governance.world import COOPERATIVE, OTHER_COOPERATIVE, TIME_SCALE, Act, World

CASES = max(60, int(os.environ.get("SOAK_CASES", "0")) // 10)
EQUITY = (
    *(LEGAL_RESERVE, ENDOWMENT, COMMONS, RESEARCH, INFORMATION, EDUCATION, SURPLUS),
    *(EQUAL_POOL, CONTRIBUTION_POOL, NEED_POOL, MEMBERS_PAYABLE),
)
SHARES = st.lists(st.integers(min_value=0, max_value=10_000), min_size=4, max_size=4)
AMOUNTS = st.integers(min_value=1, max_value=9_999_999)
SOLD = replace(AGREEMENT, last_quarter=AGREEMENT.first_quarter + 10_000)
BOUGHT = replace(SOLD, provider=OTHER_COOPERATIVE, user=COOPERATIVE, price_minor=10)
USES = st.integers(min_value=0, max_value=99_999)


@cache
def _make_beginning() -> World:
    world = make_books_world(earned_minor=0)
    for agreement in (SOLD, BOUGHT):
        for party in (COOPERATIVE, OTHER_COOPERATIVE):
            world.run(Act(party, SignAgreement(cooperative=party, agreement=agreement)))
            assert world.refusals == [None]
    return world


class DistributionsAgainstModel(RuleBasedStateMachine):
    """The books and the model, period by period."""

    def __init__(self) -> None:
        super().__init__()
        self.world = copy_of(_make_beginning())
        self.period = self.number = self.distributed = 0
        self.earned = self.spent = self.bank = 0
        self.sold = self.bought = self.partners = self.nettings = 0
        self.held = dict.fromkeys(EQUITY, 0)
        """What the funds, pools and debts hold; a loss in the surplus is negative."""
        self.accepted: tuple[DistributionSplit, bytes] | None = None
        """Of this period."""

    @rule(amount=AMOUNTS)
    def earn(self, amount: int) -> None:
        self._post((BANK, amount), (LICENCES, -amount))
        self.earned += amount
        self.bank += amount

    @rule(amount=AMOUNTS)
    def spend(self, amount: int) -> None:
        """Also more than there is: a bank account may be overdrawn, and a period end in a loss."""
        self._post((COSTS, amount), (BANK, -amount))
        self.spent += amount
        self.bank -= amount

    @rule(sold=USES, bought=USES)
    def net(self, sold: int, bought: int) -> None:
        """A quarter's uses of insights, both ways, which the rules enter by themselves."""
        quarter = compute_quarter(self.world.time_ms * TIME_SCALE)
        self.world.run(
            report(OTHER_COOPERATIVE, sold, agreement=SOLD, quarter=quarter),
            report(COOPERATIVE, bought, agreement=BOUGHT, quarter=quarter),
        )
        assert self.world.refusals == [None, None]
        end_quarter(self.world)
        self.world.run(close_netting(sender=OTHER_COOPERATIVE, quarter=quarter))
        assert self.world.refusals == [None]
        self.sold += sold * 25
        self.bought += bought * 10
        self.partners += sold * 25 - bought * 10
        self.nettings += 1

    @rule(shares=SHARES, endowment=st.integers(0, 10_000), is_accepted=st.booleans())
    def vote(self, shares: list[int], endowment: int, is_accepted: bool) -> None:
        """Members accept a split of this period's surplus, or do not."""
        total = max(1, sum(shares))
        parts = [share * 9_000 // total for share in shares]
        names = ("reserve_bps", "research_bps", "information_bps", "education_bps")
        split = make_split(
            **dict(zip(names, parts, strict=True)),
            dividend_bps=10_000 - sum(parts),
            endowment_bps=endowment,
            period=self.period,
        )
        self.number += 1
        choice = Choice.YES if is_accepted else Choice.NO
        proposal = decide(self.world, split.compute_hash(), choice=choice, nonce=self.number)
        if is_accepted:
            self.accepted = split, proposal
        else:
            self.world.run(close(self.period, proposal=proposal, split=split))
            assert self.world.refusals == [RefusalCode.SPLIT_UNDECIDED]

    @rule(is_distributed=st.booleans())
    def close(self, is_distributed: bool) -> None:
        """The period ends, with what members accepted or without."""
        split, proposal = self.accepted if is_distributed and self.accepted else (None, b"")
        self.world.run(close(self.period + 1))
        assert self.world.refusals == [RefusalCode.PERIOD_OTHER]
        self.world.run(close(self.period, proposal=proposal, split=split))
        assert self.world.refusals == [None]
        self._close(split)
        period = view_of(self.world).get_period(COOPERATIVE, self.period)
        assert period is not None
        assert period.members_count == MEMBERS_COUNT
        self.earned = self.spent = self.sold = self.bought = 0
        self.period += 1
        self.distributed += split is not None
        self.accepted = None

    def _close(self, split: DistributionSplit | None) -> None:
        result, carried = self.earned - self.spent, self.held[SURPLUS]
        result += self.sold - self.bought
        gain = Fraction(max(0, result + min(0, carried)))
        room = max(0, CAPITAL_MINOR_MIN - self.held[LEGAL_RESERVE])
        legal = min(ceil(gain * Fraction(15, 100)), room)
        self.held[LEGAL_RESERVE] += legal
        left = result + carried - legal
        if split is not None:
            left = self._distribute(split, left)
        self.held[SURPLUS] = left

    def _distribute(self, split: DistributionSplit, before: int) -> int:
        """Move what may be distributed where members want it; the surplus that stays."""
        available = max(0, before)
        endowed = floor(Fraction(available * split.endowment_bps, 10_000))
        rest = available - endowed
        parts = [floor(Fraction(rest * bps, 10_000)) for bps in split.parts_bps]
        dividend = parts[-1]
        pools = [floor(Fraction(dividend * share, 100)) for share in (40, 40, 20)]
        for code, amount in zip(
            (ENDOWMENT, LEGAL_RESERVE, RESEARCH, INFORMATION, EDUCATION),
            (endowed, *parts[:4]),
            strict=True,
        ):
            self.held[code] += amount
        for code, amount in zip((EQUAL_POOL, CONTRIBUTION_POOL, NEED_POOL), pools, strict=True):
            self.held[code] += amount
        owed = self.held[EQUAL_POOL] // MEMBERS_COUNT * MEMBERS_COUNT
        self.held[EQUAL_POOL] -= owed
        self.held[MEMBERS_PAYABLE] += owed
        return before - endowed - sum(parts[:4]) - sum(pools)

    def _post(self, *legs: tuple[int, int]) -> None:
        self.number += 1
        self.world.run(post(draft(1_000 + self.number, *legs)))
        assert self.world.refusals == [None]

    @invariant()
    def every_account_is_the_models(self) -> None:
        for code, amount in self.held.items():
            assert -balance(self.world, code) == amount, code
        assert balance(self.world, BANK) == self.bank
        assert -balance(self.world, LICENCES) == self.earned
        assert balance(self.world, COSTS) == self.spent
        assert -balance(self.world, INSIGHTS_EARNED) == self.sold
        assert balance(self.world, INSIGHTS_USED) == self.bought
        assert balance(self.world, PARTNERS) == self.partners

    @invariant()
    def the_books_balance(self) -> None:
        accounts = view_of(self.world).scan_book_accounts(COOPERATIVE)
        assert sum(account.balance_minor for account in accounts) == 0
        assert books_of(self.world).get_book_account(BANK) is not None

    def teardown(self) -> None:
        """An audit makes every close anew, and finds nothing."""
        found = audit_chain(self.world.kv, time_ms=self.world.time_ms)
        assert found.difference is None
        assert found.distributions_count == self.distributed
        assert found.nettings_count == self.nettings


TestDistributionsAgainstModel = DistributionsAgainstModel.TestCase
TestDistributionsAgainstModel.settings = settings(
    max_examples=CASES,
    stateful_step_count=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    deadline=None,
)
