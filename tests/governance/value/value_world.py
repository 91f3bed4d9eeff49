"""A cooperative with books on the ledger, brought to where a test wants it."""

import random
from collections.abc import Sequence
from typing import Any

from governance.proposal_records import Choice, ProposalKind
from governance.value.books import Draft, Entry, Leg
from governance.value.chart import BANK
from governance.value.commitments import add_blindings, commit, encode_scalar, make_scalar
from governance.value.contribution import Metric
from governance.value.need import PROOF_RANDOM_BYTES, NeedBand, NeedCase, prove_case
from governance.value.period import DistributionSplit
from governance.value.records import Debt, Pool, compute_pool_id
from governance.value.transactions import (
    AttestMetric,
    ClosePeriod,
    CommitAllocation,
    CommittedSlot,
    NewAccount,
    OpenAccounts,
    OpenAllocation,
    PostEntries,
    RecordSettlement,
    ResolveSettlement,
    ValuePayload,
)
from governance.value.view import LedgerBooks, ValueView
from tests.bylaws import make_bylaws
from tests.governance.value.books_world import LICENCES, OWN_ACCOUNTS, draft
from tests.governance.value.test_period import make_split as make_any_split
from tests.governance.world import (
    COOPERATIVE,
    FOUNDING_MS,
    VOTING_MS,
    Act,
    World,
    make_world_with_members,
    proposal_id_of,
    propose,
    registrar,
    vote,
)

MEMBERS_COUNT = 8
REVENUE_MINOR = 10_000_000
FILE_HASH = b"f" * 32
ROOT_OF_LIST = b"l" * 32
POINTS = (0, 30, 20, 10, 4)
"""Totals of the metrics in the order of the metrics, as attested."""
WEIGHT_TOTAL = 64 * 250


def by_treasurer(payload: ValuePayload) -> Act:
    return Act(COOPERATIVE, payload)


def by_registrar(payload: ValuePayload) -> Act:
    """Who stands in for panel and attestors."""
    return Act(registrar(), payload)


def view_of(world: World) -> ValueView:
    return ValueView(world.kv)


def books_of(world: World) -> LedgerBooks:
    return LedgerBooks(view_of(world), COOPERATIVE)


def balance(world: World, code: int) -> int:
    account = books_of(world).get_book_account(code)
    assert account is not None
    return account.balance_minor


def entry(world: World, entry_id: bytes) -> Entry:
    found = books_of(world).get_entry(entry_id)
    assert found is not None
    return found


def open_accounts(
    *accounts: tuple[int, int],
    currency: str = "EUR",
    opening: Sequence[tuple[int, int]] = (),
    reference: bytes = b"",
) -> Act:
    payload = OpenAccounts(
        cooperative=COOPERATIVE,
        currency=currency,
        accounts=tuple(NewAccount(code=code, fund=fund) for code, fund in accounts),
        opening=tuple(Leg(account=code, amount_minor=amount) for code, amount in opening),
        reference=reference,
    )
    return by_treasurer(payload)


def post(*drafts: Draft) -> Act:
    return by_treasurer(PostEntries(cooperative=COOPERATIVE, entries=drafts))


def close(period: int = 0, *, proposal: bytes = b"", split: DistributionSplit | None = None) -> Act:
    return by_treasurer(
        ClosePeriod(cooperative=COOPERATIVE, period=period, proposal=proposal, split=split)
    )


def make_split(**changes: Any) -> DistributionSplit:
    return make_any_split(cooperative=COOPERATIVE, **changes)


def make_books_world(*, earned_minor: int = REVENUE_MINOR, **value: int) -> World:
    """Eight members, no longer being founded, and books with revenue in the first period.

    Args:
        earned_minor: That revenue.
        value: Settings of the bylaws' table of that name.
    """
    world = make_world_with_members(MEMBERS_COUNT, bylaws=make_bylaws(value=value))
    world.run(after_ms=FOUNDING_MS)
    world.run(open_accounts(*((account.code, account.fund) for account in OWN_ACCOUNTS)))
    assert world.refusals == [None]
    if earned_minor:
        world.run(post(draft(1, (BANK, earned_minor), (LICENCES, -earned_minor))))
        assert world.refusals == [None]
    return world


def decide(
    world: World,
    subject: bytes,
    *,
    choice: Choice = Choice.YES,
    kind: ProposalKind = ProposalKind.DISTRIBUTION,
    nonce: int = 1,
) -> bytes:
    """Let all members vote alike on a split; the proposal's id."""
    motion = propose(1, kind=kind, subject=subject, nonce=nonce)
    world.open_voting(motion)
    proposal_id = proposal_id_of(motion)
    world.run(*(vote(number, proposal_id, choice) for number in range(1, MEMBERS_COUNT + 1)))
    world.run(after_ms=VOTING_MS)
    world.run()
    return proposal_id


def make_closed_world(**value: int) -> World:
    """The first period is closed by a vote, under bylaws with these settings of value."""
    world = make_books_world(**value)
    split = make_split()
    world.run(close(proposal=decide(world, split.compute_hash()), split=split))
    assert world.refusals == [None]
    return world


def attest(metric: Metric, points: int, *, period: int = 0) -> Act:
    return by_registrar(
        AttestMetric(
            cooperative=COOPERATIVE,
            period=period,
            metric=metric,
            points_total=points,
            attestations_root=ROOT_OF_LIST,
        )
    )


def attest_all(world: World) -> None:
    acts = [attest(metric, points) for metric, points in zip(Metric, POINTS, strict=True)]
    world.run(*acts)
    assert world.refusals == [None] * len(acts)


def commit_slots(slots: Sequence[CommittedSlot], *, pool: Pool = Pool.NEED, period: int = 0) -> Act:
    return by_registrar(
        CommitAllocation(
            cooperative=COOPERATIVE, period=period, pool=pool, commitments=tuple(slots)
        )
    )


def open_pool(
    weight: int, blinding: int, paid: int, *, pool: Pool = Pool.NEED, period: int = 0
) -> Act:
    return by_registrar(
        OpenAllocation(
            cooperative=COOPERATIVE,
            period=period,
            pool=pool,
            weight_total=weight,
            blinding_total=encode_scalar(blinding),
            paid_minor=paid,
        )
    )


def make_cases(bands: Sequence[NeedBand]) -> list[NeedCase]:
    source = random.Random(7)
    return [
        NeedCase(
            account=number.to_bytes(32, "big"),
            band=band,
            blinding=make_scalar(source.randbytes(64)),
            salt=source.randbytes(32),
        )
        for number, band in enumerate(bands)
    ]


def make_need_slots(cases: Sequence[NeedCase]) -> list[CommittedSlot]:
    """Ascending, each with the proof for this cooperative's first period."""
    pool = compute_pool_id(cooperative=COOPERATIVE, period=0, pool=Pool.NEED)
    source = random.Random(8)
    found = [
        prove_case(case, pool=pool, randomness=source.randbytes(PROOF_RANDOM_BYTES))
        for case in cases
    ]
    return [
        CommittedSlot(slot=item.slot, commitment=item.commitment, proof=item.proof)
        for item in sorted(found, key=lambda item: item.slot)
    ]


def make_contribution_slots(weights: Sequence[int]) -> tuple[list[CommittedSlot], int]:
    """Ascending, without proofs; and the sum of the blindings."""
    blindings = [make_scalar(random.Random(number).randbytes(64)) for number in range(len(weights))]
    slots = [
        CommittedSlot(
            slot=number.to_bytes(32, "big"),
            commitment=commit(weight, blinding=blinding),
            proof=b"",
        )
        for number, (weight, blinding) in enumerate(zip(weights, blindings, strict=True))
    ]
    return slots, add_blindings(blindings)


def settle(
    amount: int,
    *,
    file_hash: bytes = FILE_HASH,
    debt: Debt = Debt.MEMBERS,
    bank: int = BANK,
) -> Act:
    return by_treasurer(
        RecordSettlement(
            cooperative=COOPERATIVE,
            debt=debt,
            bank=bank,
            file_hash=file_hash,
            control_sum_minor=amount,
            payments_count=MEMBERS_COUNT,
        )
    )


def resolve_settlement(paid: int, *, file_hash: bytes = FILE_HASH) -> Act:
    return by_treasurer(
        ResolveSettlement(cooperative=COOPERATIVE, file_hash=file_hash, paid_minor=paid)
    )
