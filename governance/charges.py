"""Charges: what one officer does for the cooperative, as the committee has decided.

Until an officer is charged with something, or once their office account is closed, the
cooperative's root account or its registrar's office stands in, so that a young cooperative can
keep its books. An office account may ask for several of its keys to sign, which is how two of
a panel's three agree.
"""

from typing import Final

from governance.body_acts import ChargeOfficer
from governance.body_events import OfficerCharged
from governance.body_view import BodyView
from governance.charge_records import Charge
from governance.events import Events
from governance.offices import is_office
from governance.records import Role, compute_office_account_id
from governance.refusals import RefusalCode, TxRefusedError

_APART: Final = {Charge.TREASURER: Charge.PANEL, Charge.PANEL: Charge.TREASURER}
"""The panel knows bands, whoever pays knows amounts; nobody both."""


def charge_officer(view: BodyView, act: ChargeOfficer, *, cooperative: bytes) -> Events:
    """Do what the committee decided about a charge.

    Raises:
        TxRefusedError: OFFICE_UNKNOWN, CHARGES_APART; in this order.
    """
    if act.office:
        if not _is_open(view, cooperative, act.office):
            raise TxRefusedError(RefusalCode.OFFICE_UNKNOWN)
        apart = _APART.get(act.charge)
        if apart is not None and view.get_charged(cooperative, apart) == act.office:
            raise TxRefusedError(RefusalCode.CHARGES_APART)
    view.put_charged(cooperative, act.charge, act.office)
    return (OfficerCharged(cooperative=cooperative, charge=act.charge, office=act.office),)


def get_holder(view: BodyView, cooperative: bytes, charge: Charge) -> bytes:
    """The account that acts under a charge now: the officer's, else a stand-in's."""
    office = view.get_charged(cooperative, charge)
    if office and _is_open(view, cooperative, office):
        return office
    role = Role.ROOT if charge is Charge.TREASURER else Role.REGISTRAR
    return compute_office_account_id(cooperative=cooperative, role=role)


def _is_open(view: BodyView, cooperative: bytes, office: bytes) -> bool:
    account = view.get_account(office)
    return account is not None and is_office(account, cooperative)
