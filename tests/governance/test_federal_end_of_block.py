"""What a block does by itself never raises, whatever cooperatives ask of each other.

Motions of every kind, disputes, agreements and their netting, books and settlements, by root
accounts that stop at nothing; the members' side is `test_end_of_block`'s.
"""

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from config.limits import PRICE_MINOR_MAX, USES_MAX
from governance.accountability_transactions import (
    AnswerDispute,
    EscalateDispute,
    OpenDispute,
    WithdrawDispute,
    compute_dispute_id,
)
from governance.acts import (
    AdmitNode,
    AppointValidator,
    ChangeCharter,
    DecideDispute,
    ExpelCooperative,
    FederalAct,
    LiftSuspension,
    ScheduleUpgrade,
    StopValidator,
    WithdrawUpgrade,
)
from governance.member_acts import AnswerCharter, SupportMotion
from governance.proposal_records import Choice, ProposalKind
from governance.records import Upgrade
from governance.transactions import GiveNotice
from governance.value.books import Draft, Leg
from governance.value.chart import BANK, CAPITAL, PARTNERS
from governance.value.records import Agreement, Debt
from governance.value.transactions import (
    ClosePeriod,
    NewAccount,
    OpenAccounts,
    PostEntries,
    RecordSettlement,
    ResolveSettlement,
    SignAgreement,
)
from tests.governance.federation_world import approve, coop, motion_of, propose_act, spare_key
from tests.governance.hostile_world import HostileWorld, watch
from tests.governance.test_end_of_block import OPERATIONS_MAX
from tests.governance.value.books_world import COSTS, LICENCES
from tests.governance.value.test_agreements import QUARTER, close_netting, report
from tests.governance.world import (
    DISCUSSION_MS,
    TIME_SCALE,
    VOTING_MS,
    Act,
    admit,
    make_world,
    proposal_id_of,
    propose,
    vote,
)

EXAMPLES = max(150, int(os.environ.get("SOAK_CASES", "0")) // 10)
STEPS_MAX = 40
COUNT = 4
DAY_MS = 86_400_000 // TIME_SCALE
TEXT = bytes([9]) * 32
STEPS = st.tuples(
    st.integers(min_value=0, max_value=11),
    st.integers(min_value=0, max_value=COUNT - 1),
    st.integers(min_value=0, max_value=63),
    st.sampled_from([1, 1, DAY_MS, VOTING_MS, DISCUSSION_MS, 30 * DAY_MS, 93 * DAY_MS]),
)


def make_agreement(provider: int, user: int) -> Agreement:
    return Agreement(
        provider=coop(provider),
        user=coop(user),
        currency="EUR",
        price_minor=PRICE_MINOR_MAX,
        terms_hash=TEXT,
        first_quarter=QUARTER,
        last_quarter=QUARTER + 40,
    )


class FederalAttacker:
    """Turns numbers into whatever root accounts, and members about the federation, can ask for."""

    def __init__(self) -> None:
        world = make_world(COUNT)
        for number in range(COUNT):
            world.run(admit(range(10 * number + 1, 10 * number + 4), cooperative=coop(number)))
            assert world.refusals == [None]
        self.world: HostileWorld = watch(world)
        self.motions: list[Act] = []
        self.disputes: list[bytes] = []
        self.assemblies: list[tuple[int, Act]] = []
        self.nonce = 100

    def step(self, what: int, who: int, which: int, after_ms: int) -> None:
        self.nonce += 1
        choose = (
            *(self._move, self._move, self._approve, self._dispute, self._answer, self._ask),
            *(self._vote, self._vote, self._agree, self._keep_books, self._keep_books, self._end),
        )[what]
        self.world.run(*choose(who, which), after_ms=after_ms)
        assert self.world.own_operations_count <= OPERATIONS_MAX

    def _move(self, who: int, which: int) -> list[Act]:
        other = coop(which % COUNT)
        upgrade = Upgrade(
            height=self.world.height + which, rules_version=2, software_version_min="9.9.9"
        )
        acts: list[FederalAct] = [
            ChangeCharter(text_hash=TEXT),
            DecideDispute(dispute=self._pick_dispute(which), text_hash=TEXT),
            ExpelCooperative(cooperative=other),
            StopValidator(cooperative=other),
            LiftSuspension(cooperative=other),
            AppointValidator(consensus_key=spare_key(which)),
            AdmitNode(node_id=bytes([which]) * 20),
            ScheduleUpgrade(upgrade=upgrade),
            WithdrawUpgrade(),
        ]
        asked = propose_act(who, acts[which % len(acts)], nonce=self.nonce)
        self.motions.append(asked)
        return [asked, *(approve(number, asked, nonce=self.nonce) for number in range(which % 5))]

    def _approve(self, who: int, which: int) -> list[Act]:
        if not self.motions:
            return []
        return [approve(who, self.motions[which % len(self.motions)], nonce=self.nonce)]

    def _dispute(self, who: int, which: int) -> list[Act]:
        payload = OpenDispute(respondent=coop(which % COUNT), text_hash=TEXT)
        self.disputes.append(
            compute_dispute_id(account=coop(who), nonce=self.nonce, payload=payload)
        )
        return [Act(coop(who), payload, self.nonce)]

    def _answer(self, who: int, which: int) -> list[Act]:
        dispute = self._pick_dispute(which)
        payload = (
            AnswerDispute(dispute=dispute, text_hash=bytes([which % 2]) * 32),
            AnswerDispute(dispute=dispute, text_hash=TEXT),
            EscalateDispute(dispute=dispute),
            WithdrawDispute(dispute=dispute),
        )[which % 4]
        return [Act(coop(number), payload, self.nonce) for number in (who, (who + 1) % COUNT)]

    def _ask(self, who: int, which: int) -> list[Act]:
        """A member asks the assembly about a motion of the federation."""
        if not self.motions:
            return []
        motion = motion_of(self.motions[which % len(self.motions)])
        act = (
            SupportMotion(motion=motion),
            AnswerCharter(motion=motion, is_bound=True),
            AnswerCharter(motion=motion, is_bound=False),
        )[which % 3]
        asked = propose(
            10 * who + 1,
            kind=ProposalKind.FEDERAL,
            act=act,
            cooperative=coop(who),
            nonce=self.nonce,
        )
        self.assemblies.append((who, asked))
        return [asked]

    def _vote(self, who: int, which: int) -> list[Act]:
        del who
        if not self.assemblies:
            return []
        number, asked = self.assemblies[which % len(self.assemblies)]
        return [
            vote(10 * number + voter, proposal_id_of(asked), Choice.YES, cooperative=coop(number))
            for voter in (1, 2, 3)
        ]

    def _agree(self, who: int, which: int) -> list[Act]:
        agreement = make_agreement(who, which % COUNT)
        signed = [
            Act(party, SignAgreement(cooperative=party, agreement=agreement), self.nonce)
            for party in (agreement.provider, agreement.user)
        ]
        quarter = QUARTER + which % 3
        uses = USES_MAX * (which % 3 > 0)
        reports = [
            report(party, uses, agreement=agreement, quarter=quarter)
            for party in (agreement.provider, agreement.user)
        ]
        return [*signed, *reports, close_netting(sender=coop(who), quarter=quarter)]

    def _keep_books(self, who: int, which: int) -> list[Act]:
        own = coop(who)
        largest = 10**15 >> (which % 8)
        accounts = tuple(NewAccount(code=code, fund=0) for code in (LICENCES, COSTS))
        legs = (
            ((BANK, largest), (LICENCES, -largest)),
            ((COSTS, largest), (BANK, -largest)),
            ((BANK, largest), (CAPITAL, -largest)),
            ((PARTNERS, largest), (BANK, -largest)),
        )[which % 4]
        entry = Draft(
            id=self.nonce.to_bytes(32, "big"),
            reference=TEXT,
            legs=tuple(Leg(account=code, amount_minor=amount) for code, amount in legs),
            is_pending=which % 7 == 0,
        )
        payloads = (
            OpenAccounts(
                cooperative=own, currency="EUR", accounts=accounts, opening=(), reference=b""
            ),
            PostEntries(cooperative=own, entries=(entry,)),
            ClosePeriod(cooperative=own, period=which % 4, proposal=b"", split=None),
            RecordSettlement(
                cooperative=own,
                debt=Debt.PARTNERS,
                bank=BANK,
                file_hash=TEXT,
                control_sum_minor=1 + which,
                payments_count=1,
            ),
            ResolveSettlement(cooperative=own, file_hash=TEXT, paid_minor=which),
        )
        return [
            Act(own, payload, 10 * self.nonce + place) for place, payload in enumerate(payloads)
        ]

    def _end(self, who: int, which: int) -> list[Act]:
        return [Act(coop(who), GiveNotice(), self.nonce)] if which > 40 else []

    def _pick_dispute(self, which: int) -> bytes:
        return self.disputes[which % len(self.disputes)] if self.disputes else bytes(32)


@settings(max_examples=EXAMPLES, deadline=None)
@given(steps=st.lists(STEPS, max_size=STEPS_MAX))
def test_whatever_cooperatives_ask_for_a_blocks_own_work_goes_on(
    steps: list[tuple[int, int, int, int]],
) -> None:
    """No rule's refusal, no record that nobody reads, and no long block comes out of it."""
    attacker = FederalAttacker()

    for step in steps:
        attacker.step(*step)
    for _ in range(8):
        attacker.world.run(after_ms=60 * DAY_MS)
        assert attacker.world.own_operations_count <= OPERATIONS_MAX
