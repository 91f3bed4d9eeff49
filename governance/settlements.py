"""What is open when a cooperative leaves the federation: told, and enforceable after it.

Nobody votes on an exit and nothing that is open holds it up (`governance.leaving`). A netting
reads what was reported, whoever is a member by then; disputes and cases go on. The notice and the
parting each list what others may still ask for.
"""

from collections.abc import Iterator
from itertools import islice

from config.limits import SETTLEMENT_ITEMS_MAX, SETTLEMENT_SCAN_MAX
from governance.dispute_records import DisputeStep
from governance.events import Events
from governance.federal_events import SettlementListed
from governance.federal_records import CaseStatus
from governance.federal_view import FederalView
from governance.value.view import ValueView


def list_settlement(view: FederalView, cooperative: bytes) -> Events:
    """What is open of a cooperative that gave notice or parts; nothing if nothing is.

    Each list is cut at a limit: one that is full says that there may be more.
    """
    disputes = (
        item.id
        for item in islice(view.scan_disputes(), SETTLEMENT_SCAN_MAX)
        if cooperative in item.parties and item.step is not DisputeStep.CLOSED
    )
    cases = (
        item.id
        for item in islice(view.scan_cases(), SETTLEMENT_SCAN_MAX)
        if item.cooperative == cooperative and item.status is CaseStatus.OPEN
    )
    listed = SettlementListed(
        cooperative=cooperative,
        agreements=_cut(_iterate_unnetted(ValueView(view.kv), cooperative)),
        disputes=_cut(disputes),
        cases=_cut(cases),
    )
    is_anything = listed.agreements or listed.disputes or listed.cases
    return (listed,) if is_anything else ()


def _cut(items: Iterator[bytes]) -> tuple[bytes, ...]:
    return tuple(islice(dict.fromkeys(items), SETTLEMENT_ITEMS_MAX))


def _iterate_unnetted(view: ValueView, cooperative: bytes) -> Iterator[bytes]:
    """Agreements of a cooperative whose usage was reported and is not netted yet."""
    for agreement_id in islice(view.scan_unnetted(), SETTLEMENT_SCAN_MAX):
        signed = view.get_agreement(agreement_id)
        if signed is not None:
            agreement = signed.agreement
            if cooperative in (agreement.provider, agreement.user):
                yield agreement_id
