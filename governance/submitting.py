"""How a motion comes before a cooperative, be it a member's or one that the rules submit.

Apart from `governance.proposals`, which decides who may: what an accepted proposal brings about
may be another one.
"""

from governance.body_view import BodyView
from governance.context import BlockContext
from governance.elections import note_election
from governance.events import Events, ProposalSubmitted
from governance.member_acts import compute_subject
from governance.proposal_records import Proposal, Stage
from governance.queues import put_opening
from governance.records import Cooperative
from governance.transactions import SubmitProposal

_DAY_S = 86_400


def submit(
    view: BodyView,
    tx: SubmitProposal,
    *,
    cooperative: Cooperative,
    proposal_id: bytes,
    proposer: bytes,
    block: BlockContext,
) -> Events:
    """Put a motion that may be put before a cooperative.

    Args:
        view: State.
        tx: What a member submits, or the rules do by themselves.
        cooperative: Whose members decide.
        proposal_id: Of no proposal that is there.
        proposer: The author's account; the cooperative's id for what the rules submit.
        block: The block in which it happens.
    """
    bylaws = view.get_bylaws(cooperative.bylaws_hash)
    proposal = Proposal(
        id=proposal_id,
        cooperative=tx.cooperative,
        kind=tx.kind,
        proposer=proposer,
        text_hash=tx.text_hash,
        subject=tx.subject if tx.act is None else compute_subject(tx.act),
        bylaws_hash=cooperative.bylaws_hash,
        voting_s=max(bylaws.get_voting_s(tx.kind), tx.voting_days * _DAY_S),
        stage=Stage.SUBMITTED,
        submitted_height=block.height,
        submitted_ms=block.time_ms,
    )
    view.put_proposal(proposal)
    if tx.act is not None:
        view.put_act(tx.cooperative, proposal_id, tx.act)
    note_election(view, proposal, is_open=True)
    put_opening(view, cooperative=tx.cooperative, proposal_id=proposal_id)
    return (_render_submitted(proposal),)


def _render_submitted(proposal: Proposal) -> ProposalSubmitted:
    return ProposalSubmitted(
        cooperative=proposal.cooperative,
        proposal=proposal.id,
        kind=proposal.kind,
        proposer=proposal.proposer,
        text_hash=proposal.text_hash,
        subject=proposal.subject,
        bylaws_hash=proposal.bylaws_hash,
    )
