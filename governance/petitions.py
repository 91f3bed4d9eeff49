"""Petitions of members: enough signatures bring a recall before the assembly.

No officer can stop one (specification §4.1.2). The charter caps how many signatures it may
take; a new officer has some time in office first. A petition lapses when too few have signed
in time.
"""

from msgspec.structs import replace

from governance.body_events import PetitionSigned, PetitionStarted, PetitionSucceeded
from governance.body_records import Petition
from governance.body_transactions import (
    SignPetition,
    StartPetition,
    compute_petition_id,
    compute_recall_id,
)
from governance.bylaws import compute_window_ms
from governance.context import BlockContext, Sender
from governance.counting import WHOLE_BPS
from governance.events import Events
from governance.logs import Log, LogName, append
from governance.member_acts import RecallOfficer
from governance.proposal_records import ProposalKind
from governance.records import Cooperative
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import require_active_member
from governance.roll_view import RollView
from governance.submitting import submit
from governance.transactions import (
    SubmitProposal,
)


def apply_start_petition(
    view: RollView, tx: StartPetition, *, sender: Sender, block: BlockContext
) -> Events:
    """Ask for an officer's recall, and sign it.

    Raises:
        TxRefusedError: As `require_active_member`; then SEAT_UNKNOWN, RECALL_TOO_EARLY,
            PETITION_EXISTS; in this order.
    """
    cooperative = require_active_member(view, tx.cooperative, sender=sender)
    body = view.get_body(tx.cooperative, tx.body)
    seat = next((seat for seat in body.seats if seat.office == tx.office), None)
    if seat is None:
        raise TxRefusedError(RefusalCode.SEAT_UNKNOWN)
    bylaws = view.get_bylaws(cooperative.bylaws_hash)
    scale = view.get_parameters().time_scale
    grace_ms = compute_window_ms(bylaws.recall.grace_s, time_scale=scale)
    if bylaws.recall.grace_s and block.time_ms < seat.since_ms + grace_ms:
        raise TxRefusedError(RefusalCode.RECALL_TOO_EARLY)
    petition_id = compute_petition_id(account=sender.account, nonce=sender.nonce, payload=tx)
    if view.get_petition(tx.cooperative, petition_id) is not None:
        raise TxRefusedError(RefusalCode.PETITION_EXISTS)
    members_count = view.get_roll(tx.cooperative).active_count
    petition = Petition(
        id=petition_id,
        body=tx.body,
        office=tx.office,
        text_hash=tx.text_hash,
        needed_count=max(1, -(-bylaws.recall.petition_bps * members_count // WHOLE_BPS)),
        lapses_at_ms=block.time_ms + compute_window_ms(bylaws.recall.petition_s, time_scale=scale),
    )
    append(view, Log(LogName.PETITIONS, namespace=tx.cooperative), [petition_id])
    started = PetitionStarted(
        cooperative=tx.cooperative,
        petition=petition_id,
        body=tx.body,
        office=tx.office,
        text_hash=tx.text_hash,
        needed_count=petition.needed_count,
        lapses_at_ms=petition.lapses_at_ms,
    )
    return (started, *_sign(view, petition, cooperative, sender.account, block=block))


def apply_sign_petition(
    view: RollView, tx: SignPetition, *, sender: Sender, block: BlockContext
) -> Events:
    """Sign a petition; the signature that makes enough brings the recall.

    Raises:
        TxRefusedError: As `require_active_member`; then PETITION_UNKNOWN, PETITION_CLOSED,
            PETITION_SIGNED; in this order.
    """
    cooperative = require_active_member(view, tx.cooperative, sender=sender)
    petition = view.get_petition(tx.cooperative, tx.petition)
    if petition is None:
        raise TxRefusedError(RefusalCode.PETITION_UNKNOWN)
    if petition.has_succeeded or block.time_ms >= petition.lapses_at_ms:
        raise TxRefusedError(RefusalCode.PETITION_CLOSED)
    if view.has_signed(tx.cooperative, tx.petition, sender.account):
        raise TxRefusedError(RefusalCode.PETITION_SIGNED)
    return _sign(view, petition, cooperative, sender.account, block=block)


def _sign(
    view: RollView,
    petition: Petition,
    cooperative: Cooperative,
    account: bytes,
    *,
    block: BlockContext,
) -> Events:
    view.put_signature(cooperative.id, petition.id, account, until_ms=petition.lapses_at_ms)
    petition = replace(petition, signatures_count=petition.signatures_count + 1)
    has_succeeded = petition.signatures_count >= petition.needed_count
    view.put_petition(cooperative.id, replace(petition, has_succeeded=has_succeeded))
    signed = PetitionSigned(
        cooperative=cooperative.id,
        petition=petition.id,
        signatures_count=petition.signatures_count,
    )
    if not has_succeeded:
        return (signed,)
    recall = SubmitProposal(
        cooperative=cooperative.id,
        kind=ProposalKind.RECALL,
        text_hash=petition.text_hash,
        subject=b"",
        act=RecallOfficer(body=petition.body, office=petition.office),
    )
    recall_id = compute_recall_id(petition.id)
    succeeded = PetitionSucceeded(
        cooperative=cooperative.id, petition=petition.id, proposal=recall_id
    )
    return (
        signed,
        succeeded,
        *submit(
            view,
            recall,
            cooperative=cooperative,
            proposal_id=recall_id,
            proposer=cooperative.id,
            block=block,
        ),
    )
