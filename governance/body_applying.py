"""Which rule applies to which transaction of officers, and of members about them."""

from typing import assert_never

from governance.bodies import apply_propose_body_act, apply_support_body_act
from governance.body_transactions import (
    BodyPayload,
    CloseOffice,
    Nominate,
    OpenOffices,
    ProposeBodyAct,
    RevealSalt,
    SignPetition,
    StartPetition,
    SupportBodyAct,
    WithdrawNomination,
)
from governance.context import BlockContext, Sender
from governance.elections import (
    apply_nominate,
    apply_reveal_salt,
    apply_withdraw_nomination,
)
from governance.events import Events
from governance.offices import apply_open_offices
from governance.petitions import apply_sign_petition, apply_start_petition
from governance.resignations import apply_close_office
from governance.roll_view import RollView


def apply_of_body(
    view: RollView, payload: BodyPayload, *, sender: Sender, block: BlockContext
) -> Events:
    """Apply one; arguments and refusals as `governance.machine.apply`."""
    match payload:
        case OpenOffices():
            return apply_open_offices(view, payload, sender=sender, block=block)
        case CloseOffice():
            return apply_close_office(view, payload, sender=sender, block=block)
        case ProposeBodyAct():
            return apply_propose_body_act(view, payload, sender=sender, block=block)
        case SupportBodyAct():
            return apply_support_body_act(view, payload, sender=sender, block=block)
        case Nominate():
            return apply_nominate(view, payload, sender=sender, block=block)
        case WithdrawNomination():
            return apply_withdraw_nomination(view, payload, sender=sender, block=block)
        case RevealSalt():
            return apply_reveal_salt(view, payload, sender=sender, block=block)
        case StartPetition():
            return apply_start_petition(view, payload, sender=sender, block=block)
        case SignPetition():
            return apply_sign_petition(view, payload, sender=sender, block=block)
        case _:
            assert_never(payload)
