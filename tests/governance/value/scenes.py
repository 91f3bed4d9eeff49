"""A world for each kind of transaction about value, and one that it takes."""

from collections.abc import Callable

from governance.transactions import Payload
from governance.value.chart import BANK
from governance.value.contribution import Metric
from governance.value.transactions import (
    AttestMetric,
    CloseNetting,
    ClosePeriod,
    CommitAllocation,
    OpenAccounts,
    OpenAllocation,
    PostEntries,
    RecordSettlement,
    ReportUsage,
    ResolveEntry,
    ResolveSettlement,
    ReverseEntry,
    SignAgreement,
)
from tests.governance.value.books_world import LICENCES, draft
from tests.governance.value.test_agreements import (
    close_netting,
    end_quarter,
    make_agreed_world,
    report,
    sign,
)
from tests.governance.value.test_allotting import SLOTS
from tests.governance.value.test_bookkeeping import resolve, reverse
from tests.governance.value.value_world import (
    attest,
    close,
    commit_slots,
    make_books_world,
    make_closed_world,
    open_accounts,
    open_pool,
    post,
    resolve_settlement,
    settle,
)
from tests.governance.world import COOPERATIVE, Act, World, make_world


def _resolve() -> tuple[World, Act]:
    world = make_books_world()
    world.run(post(draft(2, (BANK, 1), (LICENCES, -1), is_pending=True)))
    return world, resolve(2, is_posted=True)


def _resolve_settlement() -> tuple[World, Act]:
    world = make_closed_world()
    world.run(settle(100))
    return world, resolve_settlement(100)


def _net() -> tuple[World, Act]:
    world = make_agreed_world()
    end_quarter(world)
    return world, close_netting()


VALUE_SCENES: dict[type[Payload], Callable[[], tuple[World, Act]]] = {
    OpenAccounts: lambda: (make_world(), open_accounts()),
    PostEntries: lambda: (make_books_world(), post(draft(2, (BANK, 1), (LICENCES, -1)))),
    ResolveEntry: _resolve,
    ReverseEntry: lambda: (make_books_world(), reverse(1, 2)),
    AttestMetric: lambda: (make_books_world(), attest(Metric.DATA, 1)),
    ClosePeriod: lambda: (make_books_world(), close()),
    CommitAllocation: lambda: (make_closed_world(), commit_slots(SLOTS)),
    OpenAllocation: lambda: (make_closed_world(), open_pool(0, 0, 0)),
    RecordSettlement: lambda: (make_closed_world(), settle(100)),
    ResolveSettlement: _resolve_settlement,
    SignAgreement: lambda: (make_world(3), sign(COOPERATIVE)),
    ReportUsage: lambda: (make_agreed_world(), report(COOPERATIVE, 1)),
    CloseNetting: _net,
}
