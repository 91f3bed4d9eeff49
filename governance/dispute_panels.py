"""Who is uninvolved in a dispute, and which of them are drawn for its panel.

The lot is drawn from what every node knows: the dispute's id and the members at that time. No
block's hash takes part, which a proposer could choose.
"""

import hashlib

from governance.dispute_records import PANEL_SEATS, Dispute
from governance.federal_view import FederalView

_LOT_DOMAIN = b"rochdale/dispute-lot/v1"


def list_uninvolved(view: FederalView, dispute: Dispute) -> tuple[bytes, ...]:
    """Member cooperatives that are no party; ascending by id."""
    members = (item.id for item in view.scan_cooperatives() if item.is_member)
    return tuple(item for item in members if item not in dispute.parties)


def draw_panel(dispute_id: bytes, uninvolved: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Three of the uninvolved by lot; all of them where there are fewer.

    Args:
        dispute_id: Seeds the lot, with the ids that it is drawn from.
        uninvolved: Ascending.

    Returns:
        Who sits on the panel, ascending.
    """
    seed = hashlib.sha256(_LOT_DOMAIN + dispute_id + b"".join(uninvolved)).digest()
    drawn = sorted(uninvolved, key=lambda item: hashlib.sha256(seed + item).digest())
    return tuple(sorted(drawn[:PANEL_SEATS]))
