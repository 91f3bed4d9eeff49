"""Officers resign, and registrars close offices that nobody needs.

An office without a seat may be closed by the registrar, one with a seat by its holder alone:
elected people are recalled, not deleted.
"""

from msgspec.structs import replace

from governance.body_events import OfficeClosed
from governance.body_records import BodyKind
from governance.body_transactions import CloseOffice
from governance.body_view import BodyView
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.offices import is_office
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import require_registrar
from governance.vacancies import vacate


def apply_close_office(
    view: BodyView, tx: CloseOffice, *, sender: Sender, block: BlockContext
) -> Events:
    """Close an office account, and give up its seats.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, OFFICE_UNKNOWN, then for the holder nothing, for
            others as `require_registrar`, OFFICE_SEATED; in this order.
    """
    if view.get_cooperative(tx.cooperative) is None:
        raise TxRefusedError(RefusalCode.COOPERATIVE_UNKNOWN)
    account = view.get_account(tx.office)
    if account is None or not is_office(account, tx.cooperative):
        raise TxRefusedError(RefusalCode.OFFICE_UNKNOWN)
    held = [kind for kind in BodyKind if tx.office in view.get_body(tx.cooperative, kind).offices]
    if sender.account != tx.office:
        require_registrar(view, tx.cooperative, sender=sender)
        if held:
            raise TxRefusedError(RefusalCode.OFFICE_SEATED)
    view.put_account(tx.office, replace(account, left_height=block.height))
    view.put_offices_count(tx.cooperative, view.get_offices_count(tx.cooperative) - 1)
    events: Events = (
        OfficeClosed(cooperative=tx.cooperative, office=tx.office, bodies=tuple(held)),
    )
    for kind in held:
        events += vacate(view, tx.cooperative, kind, tx.office, block=block)
    return events
