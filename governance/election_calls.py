"""Elections that the rules submit themselves: before terms end, and of a body that was dismissed.

Members need not think of it, and no officer can let an election wait: it begins so long before
the first term ends as the bylaws give all its stages, and a fortnight more.
"""

import hashlib
from typing import Final

from governance.body_records import BodyKind
from governance.body_view import BodyView
from governance.context import BlockContext
from governance.elections import count_free_seats
from governance.events import Events
from governance.member_acts import ElectBody
from governance.proposal_records import ProposalKind
from governance.records import Cooperative
from governance.submitting import submit
from governance.transactions import SubmitProposal

_DOMAIN: Final = b"rochdale/election-call/v1"
_NO_TEXT: Final = bytes(32)
"""What the rules ask has no text: the act says it all."""


def call_election(
    view: BodyView,
    cooperative: Cooperative,
    body: BodyKind,
    *,
    proposal_id: bytes,
    block: BlockContext,
) -> Events:
    """Submit the election of a body, unless one is under way."""
    if view.get_body(cooperative.id, body).election:
        return ()
    election = SubmitProposal(
        cooperative=cooperative.id,
        kind=ProposalKind.ELECTION,
        text_hash=_NO_TEXT,
        subject=b"",
        act=ElectBody(body=body),
    )
    return submit(
        view,
        election,
        cooperative=cooperative,
        proposal_id=proposal_id,
        proposer=cooperative.id,
        block=block,
    )


def call_before_terms_end(
    view: BodyView, cooperative_id: bytes, body: BodyKind, *, due_ms: int, block: BlockContext
) -> Events:
    """Submit the election of a body whose terms end soon, if there is anything to elect.

    Args:
        view: State.
        cooperative_id: Whose.
        body: Which body.
        due_ms: When this was to happen.
        block: The block in which it does.
    """
    cooperative = view.require_cooperative(cooperative_id)
    if not cooperative.is_member:
        return ()
    bylaws = view.get_bylaws(cooperative.bylaws_hash)
    found = view.get_body(cooperative_id, body)
    if count_free_seats(view, found, bylaws=bylaws, block=block) == 0:
        return ()
    call_id = compute_call_id(cooperative_id, body, due_ms=due_ms)
    return call_election(view, cooperative, body, proposal_id=call_id, block=block)


def compute_call_id(cooperative: bytes, body: BodyKind, *, due_ms: int) -> bytes:
    """The id of the election that the rules submit before terms end.

    Args:
        cooperative: Whose.
        body: Which body.
        due_ms: When it was to be submitted.
    """
    return hashlib.sha256(
        _DOMAIN + cooperative + bytes([body]) + due_ms.to_bytes(8, "big")
    ).digest()
