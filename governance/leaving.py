"""Leaving the federation: a notice that nobody can refuse, and its end.

Notice, then power 0; the validator signs one more block and its key is retired. Members'
accounts and all history stay, and so does what others may still ask for
(`governance.settlements`).
"""

from msgspec.structs import replace

from governance.bylaws import compute_window_ms
from governance.charter import NOTICE_S
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.federal_events import NoticeExtended, NoticeGiven
from governance.federal_view import DueKind, FederalView
from governance.records import Cooperative, CooperativeStatus
from governance.refusals import RefusalCode, TxRefusedError
from governance.registry import part, require_root
from governance.settlements import list_settlement
from governance.validators import is_last


def apply_give_notice(view: FederalView, *, sender: Sender, block: BlockContext) -> Events:
    """Note that a cooperative leaves; it is a member until the notice ends.

    Raises:
        TxRefusedError: NOT_ROOT, COOPERATIVE_LEFT, NOTICE_GIVEN, LAST_VALIDATOR; in this
            order.
    """
    return give_notice(view, require_root(view, sender), block=block)


def give_notice(view: FederalView, cooperative: Cooperative, *, block: BlockContext) -> Events:
    """Note that a member cooperative leaves.

    Raises:
        TxRefusedError: NOTICE_GIVEN, LAST_VALIDATOR; in this order.
    """
    if cooperative.status is CooperativeStatus.LEAVING:
        raise TxRefusedError(RefusalCode.NOTICE_GIVEN)
    if is_last(view, cooperative):
        raise TxRefusedError(RefusalCode.LAST_VALIDATOR)
    leaves_at_ms = _begin_notice(view, cooperative, block=block)
    given = NoticeGiven(cooperative=cooperative.id, leaves_at_ms=leaves_at_ms)
    return (given, *list_settlement(view, cooperative.id))


def end_notice(view: FederalView, cooperative: bytes, *, block: BlockContext) -> Events:
    """Let a cooperative go whose notice ends, unless the chain would have no validator left."""
    leaving = view.require_cooperative(cooperative)
    if not leaving.is_member:  # expelled meanwhile
        return ()
    if is_last(view, leaving):
        leaves_at_ms = _begin_notice(view, leaving, block=block)
        return (NoticeExtended(cooperative=cooperative, leaves_at_ms=leaves_at_ms),)
    return part(view, leaving, CooperativeStatus.LEFT, block=block)


def _begin_notice(view: FederalView, cooperative: Cooperative, *, block: BlockContext) -> int:
    scale = view.get_parameters().time_scale
    leaves_at_ms = block.time_ms + compute_window_ms(NOTICE_S, time_scale=scale)
    view.put_cooperative(
        replace(cooperative, status=CooperativeStatus.LEAVING, leaves_at_ms=leaves_at_ms)
    )
    view.put_due(DueKind.NOTICE, due_ms=leaves_at_ms, subject=cooperative.id)
    return leaves_at_ms
