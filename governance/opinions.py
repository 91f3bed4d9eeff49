"""What bodies say of proposals before members vote: review and recommendation.

Advice, which binds nobody and holds nothing up: a window ends when all who are asked have
spoken, and at its deadline in any case (specification §4.2.1). Advice on a text that was
amended since does not count.
"""

from governance.body_acts import Recommend, Review, Stance
from governance.body_events import OpinionGiven
from governance.body_records import BodyKind, Opinion
from governance.body_view import BodyView
from governance.context import BlockContext
from governance.events import Events
from governance.kinds import KINDS
from governance.proposal_records import Proposal, Stage
from governance.refusals import RefusalCode, TxRefusedError

_REVIEWABLE = (Stage.SUBMITTED, Stage.REVIEW, Stage.DISCUSSION)
_RECOMMENDABLE = (Stage.DISCUSSION, Stage.RECOMMENDATION)


def is_review_awaited(view: BodyView, proposal: Proposal) -> bool:
    """Check if a working group that is asked sits and has not spoken on this text."""
    reviewers = KINDS[proposal.kind].reviewers
    return any(_is_awaited(view, proposal, body) for body in reviewers)


def is_recommendation_awaited(view: BodyView, proposal: Proposal) -> bool:
    """Check if the committee is asked, sits, and has not spoken on this text."""
    is_asked = KINDS[proposal.kind].is_recommended
    return is_asked and _is_awaited(view, proposal, BodyKind.COMMITTEE)


def give_opinion(
    view: BodyView,
    act: Review | Recommend,
    *,
    cooperative: bytes,
    body: BodyKind,
    block: BlockContext,
) -> tuple[Proposal, Events]:
    """Keep what a body says; the proposal that it is about, and the event.

    Raises:
        TxRefusedError: PROPOSAL_UNKNOWN, ACT_NOT_OF_BODY, STAGE_WRONG; in this order.
    """
    proposal = view.get_proposal(cooperative, act.proposal)
    if proposal is None:
        raise TxRefusedError(RefusalCode.PROPOSAL_UNKNOWN)
    kind = KINDS[proposal.kind]
    is_review = isinstance(act, Review)
    if not (body in kind.reviewers if is_review else kind.is_recommended):
        raise TxRefusedError(RefusalCode.ACT_NOT_OF_BODY)
    if proposal.stage not in (_REVIEWABLE if is_review else _RECOMMENDABLE):
        raise TxRefusedError(RefusalCode.STAGE_WRONG)
    opinion = Opinion(
        stance=Stance(act.stance),
        text_hash=act.text_hash,
        amendment=proposal.amendments_count,
        height=block.height,
    )
    view.put_opinion(cooperative, proposal.id, body, opinion)
    told = OpinionGiven(
        cooperative=cooperative,
        proposal=proposal.id,
        body=body,
        stance=act.stance,
        text_hash=act.text_hash,
    )
    return proposal, (told,)


def _is_awaited(view: BodyView, proposal: Proposal, body: BodyKind) -> bool:
    if not view.get_body(proposal.cooperative, body).seats:
        return False
    opinion = view.get_opinion(proposal.cooperative, proposal.id, body)
    return opinion is None or opinion.amendment != proposal.amendments_count
