"""What is open when a cooperative leaves the federation: told, and enforceable after it.

Nobody votes on an exit and nothing that is open holds it up (`governance.leaving`). A netting
reads what was reported, whoever is a member by then; disputes and cases go on. The notice and the
parting each list what others may still ask for.
"""

from config.limits import SETTLEMENT_ITEMS_MAX
from governance.events import Events
from governance.federal_events import SettlementListed
from governance.open_matters import MatterKind, list_open_matters
from governance.view import StateView


def list_settlement(view: StateView, cooperative: bytes) -> Events:
    """What is open of a cooperative that gave notice or parts; nothing if nothing is.

    Each list is cut at a limit: one that is full says that there may be more.
    """
    agreements, disputes, cases = (
        list_open_matters(view, kind, cooperative=cooperative, entries_max=SETTLEMENT_ITEMS_MAX)
        for kind in (MatterKind.AGREEMENT, MatterKind.DISPUTE, MatterKind.CASE)
    )
    if not (agreements or disputes or cases):
        return ()
    listed = SettlementListed(
        cooperative=cooperative, agreements=agreements, disputes=disputes, cases=cases
    )
    return (listed,)
