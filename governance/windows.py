"""A proposal's windows: which opens next, how long it lasts, and when it lasts longer.

Submitted → review, if a working group is asked and sits → discussion → recommendation, if the
committee sits → voting → perhaps a second call and voting once more. Each begins with the time
of the block after it was announced. Nobody can hold one up.
"""

from msgspec.structs import replace

from governance.body_events import (
    BallotPaperFixed,
    NominationOpened,
    RecommendationOpened,
    RevealOpened,
    ReviewOpened,
)
from governance.body_view import BodyView
from governance.bylaws import compute_window_ms
from governance.context import BlockContext
from governance.election_records import BallotPaper, Method
from governance.elections import make_ballot_paper
from governance.events import (
    DiscussionOpened,
    Events,
    SecondCallAnnounced,
    VotingOpened,
    WindowExtended,
)
from governance.kinds import KINDS
from governance.logs import Log, LogName, append, get_frontier
from governance.member_acts import FundItems
from governance.opinions import is_recommendation_awaited, is_review_awaited
from governance.outages import compute_extension_ms
from governance.proposal_records import Proposal, Stage
from governance.queues import Turn, delete_due, delete_opening, put_due, put_opening
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import roll_log
from governance.view import StateView

_WINDOW_ENDS = {
    Stage.REVIEW: "review_ends_ms",
    Stage.DISCUSSION: "discussion_ends_ms",
    Stage.NOMINATION: "nomination_ends_ms",
    Stage.REVEAL: "reveal_ends_ms",
    Stage.RECOMMENDATION: "recommendation_ends_ms",
    Stage.VOTING: "closes_at_ms",
    Stage.SECOND_CALL: "reopens_ms",
}
"""Which field says when a stage's window ends."""


def open_next_window(view: BodyView, proposal: Proposal, *, block: BlockContext) -> Events:
    """Start the window that was announced in an earlier block, with this block's time.

    Raises:
        TxRefusedError: As `make_ballot_paper`; then ELECTORATE_EMPTY.
    """
    kind = KINDS[proposal.kind]
    if proposal.stage is Stage.SUBMITTED:
        if proposal.amendments_count == 0:
            # Only now: the order of a block's transactions must not become the log's.
            append(view, Log(LogName.PROPOSALS, namespace=proposal.cooperative), [proposal.id])
        if is_review_awaited(view, proposal):
            return _open_review(view, proposal, block=block)
    if kind.is_nominated and proposal.stage is Stage.SUBMITTED:
        return _open_nomination(view, proposal, block=block)
    if kind.is_discussed and proposal.stage in (Stage.SUBMITTED, Stage.REVIEW):
        return _open_discussion(view, proposal, block=block)
    if proposal.stage is Stage.DISCUSSION and is_recommendation_awaited(view, proposal):
        return _open_recommendation(view, proposal, block=block)
    fixed: Events = ()
    if kind.has_options and proposal.call == 1:
        fixed = _fix_ballot_paper(view, proposal, block=block)
    return (*fixed, *_open_voting(view, proposal, block=block))


def open_reveal(view: BodyView, proposal: Proposal, *, block: BlockContext) -> Events:
    """Let candidates reveal their salts, now that nobody can vote any more."""
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    proposal, ends_ms = _begin(view, proposal, bylaws.stages.reveal_s, block=block)
    proposal = replace(proposal, stage=Stage.REVEAL, reveal_ends_ms=ends_ms)
    _call_up(view, proposal, due_ms=ends_ms)
    return (RevealOpened(cooperative=proposal.cooperative, proposal=proposal.id, ends_ms=ends_ms),)


def end_window_early(view: BodyView, proposal: Proposal) -> None:
    """Let the next window open with the next block, though this one's time is not over."""
    leave_queues(view, proposal)
    put_opening(view, cooperative=proposal.cooperative, proposal_id=proposal.id)


def extend_window(view: StateView, proposal: Proposal, *, ends_ms: int) -> Events:
    """Let a window that has come to its end go on if the chain had stood still within it."""
    more_ms = compute_extension_ms(view, proposal, ends_ms=ends_ms)
    if more_ms == 0:
        return ()
    ends_ms += more_ms
    extended = replace(proposal, extended_ms=proposal.extended_ms + more_ms)
    field = _WINDOW_ENDS[proposal.stage]
    _call_up(view, replace(extended, **{field: ends_ms}), due_ms=ends_ms)
    return (
        WindowExtended(cooperative=proposal.cooperative, proposal=proposal.id, ends_ms=ends_ms),
    )


def get_window_end_ms(proposal: Proposal) -> int:
    """When the window that a proposal is in ends; 0 where none is open."""
    field = _WINDOW_ENDS.get(proposal.stage)
    return 0 if field is None else int(getattr(proposal, field))


def has_second_call(view: StateView, proposal: Proposal) -> bool:
    """Check if voting opens once more after a vote without quorum.

    It does where the bylaws let fewer be enough then.
    """
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    second_bps = bylaws.get_quorum_bps(proposal.kind, call=2)
    is_lower = second_bps < proposal.quorum_bps
    return proposal.call == 1 and is_lower and KINDS[proposal.kind].has_second_call


def announce_second_call(
    view: StateView, proposal: Proposal, *, ballots_count: int, block: BlockContext
) -> Events:
    """Let voting open once more some time after a vote without quorum."""
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    scale = view.get_parameters().time_scale
    opens_ms = block.time_ms + compute_window_ms(bylaws.stages.second_call_s, time_scale=scale)
    waiting = replace(proposal, stage=Stage.SECOND_CALL, call=2, reopens_ms=opens_ms)
    _call_up(view, waiting, due_ms=opens_ms)
    return (
        SecondCallAnnounced(
            cooperative=proposal.cooperative,
            proposal=proposal.id,
            opens_ms=opens_ms,
            ballots_count=ballots_count,
        ),
    )


def leave_queues(view: StateView, proposal: Proposal) -> None:
    """Take a proposal out of the queues, whichever it is in."""
    delete_due(
        view,
        Turn.PROPOSAL,
        due_ms=get_window_end_ms(proposal),
        cooperative=proposal.cooperative,
        subject=proposal.id,
    )
    delete_opening(view, cooperative=proposal.cooperative, proposal_id=proposal.id)


def _open_review(view: BodyView, proposal: Proposal, *, block: BlockContext) -> Events:
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    proposal, ends_ms = _begin(view, proposal, bylaws.stages.review_s, block=block)
    proposal = replace(proposal, stage=Stage.REVIEW, review_ends_ms=ends_ms)
    _call_up(view, proposal, due_ms=ends_ms)
    return (ReviewOpened(cooperative=proposal.cooperative, proposal=proposal.id, ends_ms=ends_ms),)


def _open_discussion(view: BodyView, proposal: Proposal, *, block: BlockContext) -> Events:
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    proposal, ends_ms = _begin(view, proposal, bylaws.get_discussion_s(proposal.kind), block=block)
    proposal = replace(proposal, stage=Stage.DISCUSSION, discussion_ends_ms=ends_ms)
    _call_up(view, proposal, due_ms=ends_ms)
    return (
        DiscussionOpened(cooperative=proposal.cooperative, proposal=proposal.id, ends_ms=ends_ms),
    )


def _open_recommendation(view: BodyView, proposal: Proposal, *, block: BlockContext) -> Events:
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    proposal, ends_ms = _begin(view, proposal, bylaws.stages.recommendation_s, block=block)
    proposal = replace(proposal, stage=Stage.RECOMMENDATION, recommendation_ends_ms=ends_ms)
    _call_up(view, proposal, due_ms=ends_ms)
    return (
        RecommendationOpened(
            cooperative=proposal.cooperative, proposal=proposal.id, ends_ms=ends_ms
        ),
    )


def _open_nomination(view: BodyView, proposal: Proposal, *, block: BlockContext) -> Events:
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    proposal, ends_ms = _begin(view, proposal, bylaws.stages.nomination_s, block=block)
    proposal = replace(proposal, stage=Stage.NOMINATION, nomination_ends_ms=ends_ms)
    _call_up(view, proposal, due_ms=ends_ms)
    return (
        NominationOpened(cooperative=proposal.cooperative, proposal=proposal.id, ends_ms=ends_ms),
    )


def _fix_ballot_paper(view: BodyView, proposal: Proposal, *, block: BlockContext) -> Events:
    act = view.require_act(proposal.cooperative, proposal.id)
    if isinstance(act, FundItems):
        bylaws = view.get_bylaws(proposal.bylaws_hash)
        paper = BallotPaper(
            method=Method.QUADRATIC,
            options=act.items,
            seats_count=0,
            credits=bylaws.quadratic_voting.credits,
        )
    else:
        paper = make_ballot_paper(view, proposal, block=block)
    view.put_ballot_paper(proposal.cooperative, proposal.id, paper)
    return (
        BallotPaperFixed(
            cooperative=proposal.cooperative,
            proposal=proposal.id,
            method=paper.method,
            options=paper.options,
            seats_count=paper.seats_count,
        ),
    )


def _begin(
    view: StateView, proposal: Proposal, duration_s: int, *, block: BlockContext
) -> tuple[Proposal, int]:
    """A proposal whose next window begins with this block, and when that ends."""
    scale = view.get_parameters().time_scale
    ends_ms = block.time_ms + compute_window_ms(duration_s, time_scale=scale)
    return replace(proposal, opened_ms=block.time_ms, extended_ms=0), ends_ms


def _open_voting(view: StateView, proposal: Proposal, *, block: BlockContext) -> Events:
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    proposal, closes_at_ms = _begin(view, proposal, proposal.voting_s, block=block)
    if proposal.call == 1:
        proposal = _fix_electorate(view, proposal, block=block)
    proposal = replace(
        proposal,
        stage=Stage.VOTING,
        closes_at_ms=closes_at_ms,
        quorum_bps=bylaws.get_quorum_bps(proposal.kind, call=proposal.call),
        yes_of_roll_bps=bylaws.get_yes_of_roll_bps(proposal.kind),
    )
    _call_up(view, proposal, due_ms=closes_at_ms)
    return (
        VotingOpened(
            cooperative=proposal.cooperative,
            proposal=proposal.id,
            closes_at_ms=closes_at_ms,
            roll_epoch=proposal.roll_epoch,
            roll_root=proposal.roll_root,
            electorate_count=proposal.electorate_count,
            quorum_bps=proposal.quorum_bps,
            yes_of_roll_bps=proposal.yes_of_roll_bps,
            call=proposal.call,
        ),
    )


def _fix_electorate(view: StateView, proposal: Proposal, *, block: BlockContext) -> Proposal:
    roll = view.get_roll(proposal.cooperative)
    if roll.active_count == 0:
        raise TxRefusedError(RefusalCode.ELECTORATE_EMPTY)
    return replace(
        proposal,
        # This block's own admissions come after its deadlines: they are not of the electorate.
        roll_height=block.height - 1,
        roll_epoch=roll.epoch,
        roll_root=get_frontier(view, roll_log(proposal.cooperative)).compute_root(),
        electorate_count=roll.active_count,
    )


def _call_up(view: StateView, proposal: Proposal, *, due_ms: int) -> None:
    put_due(
        view,
        Turn.PROPOSAL,
        due_ms=due_ms,
        cooperative=proposal.cooperative,
        subject=proposal.id,
    )
    view.put_proposal(proposal)
