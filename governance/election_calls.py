"""Elections that the rules submit themselves: before terms end, and of a body that was dismissed.

Members need not think of it, and no officer can let an election wait: it begins so long before
the first term ends as the bylaws give all its stages, and a fortnight more. One that finds
nobody is submitted again, some times; then the committee owes members an assembly about it.
Terms end when they end.
"""

import hashlib
from typing import Final

from msgspec.structs import replace

from governance.accountability_view import AccountabilityView
from governance.body_events import ElectionFailed
from governance.body_records import BodyKind
from governance.body_view import BodyView
from governance.bylaws import compute_window_ms
from governance.charter import ELECTION_AGAIN_S, ELECTION_CALLS
from governance.context import BlockContext
from governance.duties import hasten
from governance.duty_records import DutyKind
from governance.elections import count_free_seats, require_election
from governance.events import Events
from governance.member_acts import ElectBody
from governance.proposal_records import Proposal, ProposalKind
from governance.queues import Turn, put_due
from governance.records import Cooperative
from governance.submitting import submit
from governance.transactions import SubmitProposal

_DOMAIN: Final = b"rochdale/election-call/v1"
_SUBJECT_BYTES: Final = 32
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


def call_again(view: AccountabilityView, proposal: Proposal, *, block: BlockContext) -> Events:
    """Let an election that the rules submitted, and that found nobody, be submitted once more.

    Other proposals pass, and elections by which there is nothing to fill any more.

    Args:
        view: State.
        proposal: Void, or closed without a quorum.
        block: The block in which it ended.
    """
    if proposal.kind is not ProposalKind.ELECTION or proposal.proposer != proposal.cooperative:
        return ()
    cooperative = view.require_cooperative(proposal.cooperative)
    body = view.get_body(cooperative.id, require_election(view, proposal).body)
    bylaws = view.get_bylaws(cooperative.bylaws_hash)
    is_needed = count_free_seats(view, body, bylaws=bylaws, block=block) > 0
    if not cooperative.is_member or not is_needed:
        return ()
    count = body.failed_calls_count + 1
    is_last = count >= ELECTION_CALLS
    view.put_body(cooperative.id, replace(body, failed_calls_count=0 if is_last else count))
    again_ms = 0
    if not is_last:
        scale = view.get_parameters().time_scale
        again_ms = block.time_ms + compute_window_ms(ELECTION_AGAIN_S, time_scale=scale)
        subject = body.kind.to_bytes(_SUBJECT_BYTES, "big")
        put_due(view, Turn.ELECTION, due_ms=again_ms, cooperative=cooperative.id, subject=subject)
    failed = ElectionFailed(
        cooperative=cooperative.id,
        proposal=proposal.id,
        body=body.kind,
        failed_calls_count=count,
        calls_again_ms=again_ms,
    )
    owed = hasten(view, cooperative.id, DutyKind.ASSEMBLY, block=block) if is_last else ()
    return (failed, *owed)


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
