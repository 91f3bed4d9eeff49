"""What this node says about itself, its chain and its partners: one answer for page and API.

Gathers; decides nothing. Names of people are in none of it.
"""

from config.limits import PAGE_ITEMS_MAX
from did.jcs import JsonObject
from did.times import render_time
from governance.proposal_records import Stage
from governance.refusals import RefusalCode
from node.web.clock import describe_time
from node.web.context import WebContext
from node.web.insight_store import HeldInsight, InsightState
from node.web.mailbox import Following, Partner
from node.web.projection_proposals import ProjectedProposal
from node.web.registry import KnownCooperative

_THIRDS = 3


def render_status(context: WebContext) -> JsonObject:
    """The whole, as `/api/status` serves it."""
    chain, projection = context.chain, context.projection
    now_s = context.clock.steady_s()
    missing = list_missing(context, now_s=now_s)
    height = projection.height
    return {
        "name": context.registry.own.name,
        "did": context.registry.own.did,
        "cooperative": context.registry.own.id.hex(),
        "origin": context.origin,
        "network": context.genesis.network,
        "now": render_time(context.clock.now_ms()),
        "chain_id": context.genesis.chain_id,
        "height": height,
        "engine_height": chain.height,
        "behind_blocks": max(0, chain.height - height),
        "begins_height": projection.begins_height,
        "time": render_time(projection.time_ms) if height else None,
        "app_hash": projection.app_hash.hex(),
        "ledger_reachable": chain.is_reachable,
        "halted": chain.halted or None,
        "catching_up": chain.is_catching_up,
        "silent_s": int(now_s - chain.grew_at_s),
        "validators": _render_validators(context, missing),
        "stands_still": missing is not None,
        "missing": [context.registry.get_name(item.id) for item in missing or ()],
        "partners": _render_partners(context),
        "insights": [
            _render_insight_line(insight)
            for insight in context.insights.list_newest(limit=PAGE_ITEMS_MAX)
        ],
        "discovery": dict(context.discovery_status),
    }


def list_missing(context: WebContext, *, now_s: float) -> tuple[KnownCooperative, ...] | None:
    """Whose validators the chain waits for; none while it does not stand still.

    Args:
        context: Of the web process.
        now_s: The steady clock's.
    """
    chain, registry = context.chain, context.registry
    if chain.stands_still(now_s=now_s):
        found = (registry.find_by_validator(address) for address in chain.absent)
        return tuple(item for item in found if item is not None)
    # A silent engine of ours tells nothing about the others, unless they cannot go on alone.
    count = sum(1 for item in registry.members if item.is_validating)
    is_needed = registry.own.is_validating and (count - 1) * _THIRDS <= count * (_THIRDS - 1)
    is_silent = not chain.is_reachable and not chain.halted
    if is_silent and is_needed and now_s - chain.grew_at_s > chain.standstill_s:
        return (registry.own,)
    return None


def render_proposal(context: WebContext, proposal: ProjectedProposal) -> JsonObject:
    """One proposal, as `/api/proposals` serves it."""
    return {
        "id": proposal.id.hex(),
        "cooperative": proposal.cooperative.hex(),
        "cooperative_name": context.registry.get_name(proposal.cooperative),
        "kind": proposal.kind.name.lower(),
        "stage": proposal.stage.name.lower(),
        "outcome": None if proposal.outcome is None else proposal.outcome.name.lower(),
        "proposer": proposal.proposer.hex(),
        "text_hash": proposal.text_hash.hex(),
        "subject": proposal.subject.hex(),
        "submitted_height": proposal.submitted_height,
        "submitted_ms": proposal.submitted_ms,
        "review_ends_ms": proposal.review_ends_ms,
        "discussion_ends_ms": proposal.discussion_ends_ms,
        "recommendation_ends_ms": proposal.recommendation_ends_ms,
        "nomination_ends_ms": proposal.nomination_ends_ms,
        "reveal_ends_ms": proposal.reveal_ends_ms,
        "reopens_ms": proposal.reopens_ms,
        "closes_at_ms": proposal.closes_at_ms,
        "closed_height": proposal.closed_height,
        "closed_ms": proposal.closed_ms,
        "decision_index": proposal.decision_index,
        "tally": {
            "yes": proposal.yes_count,
            "no": proposal.no_count,
            "abstain": proposal.abstain_count,
            "ballots": proposal.ballots_count,
            "ballots_known": proposal.are_ballots_known,
            "electorate": proposal.electorate_count,
            "quorum_bps": proposal.quorum_bps,
            "yes_of_roll_bps": proposal.yes_of_roll_bps,
        },
    }


def render_insight(context: WebContext, insight: HeldInsight) -> JsonObject:
    """One insight with all that this node knows about it, as `/api/insights` serves it."""
    return {
        **_render_insight_line(insight),
        "url": insight.url,
        "cooperative_name": context.registry.get_name(insight.cooperative),
        "state": insight.state.value,
        "reason": insight.reason,
        **_render_decisions(context, insight),
        "received_at_ms": insight.received_at_ms,
        "verified_at_ms": insight.verified_at_ms,
    }


def _render_decisions(context: WebContext, insight: HeldInsight) -> JsonObject:
    """By which proposals it was released, found valid by partners, and withdrawn."""
    decided = context.projection.find_insight(insight.cooperative, insight.digest)
    return {
        "released_by": decided.released_by.hex() or None,
        "withdrawn_by": decided.withdrawn_by.hex() or None,
        "validations": [
            {
                "cooperative": item.cooperative.hex(),
                "cooperative_name": context.registry.get_name(item.cooperative),
                "proposal": item.validated_by.hex(),
            }
            for item in context.projection.list_validations(insight.digest)
        ],
    }


def render_result(code: int, log: str) -> dict[str, int | str]:
    """A transaction's result: 0 is applied."""
    try:
        refusal = RefusalCode(code)
    except ValueError:
        return {"code": code, "name": "applied" if code == 0 else "unknown", "reason": log}
    return {"code": code, "name": refusal.name.lower(), "reason": log or refusal.reason}


def describe_standing(proposal: ProjectedProposal) -> str:
    """Where a proposal stands, in words."""
    if proposal.stage is Stage.SUBMITTED:
        return "Submitted; the discussion begins in a moment"
    if proposal.stage is Stage.REVIEW:
        return f"Reviewed by working groups until {describe_time(proposal.review_ends_ms)}"
    if proposal.stage is Stage.RECOMMENDATION:
        ends = describe_time(proposal.recommendation_ends_ms)
        return f"Discussed; the committee may recommend until {ends}"
    if proposal.stage is Stage.DISCUSSION:
        return f"In discussion until {describe_time(proposal.discussion_ends_ms)}"
    if proposal.stage is Stage.NOMINATION:
        return f"Candidates come forward until {describe_time(proposal.nomination_ends_ms)}"
    if proposal.stage is Stage.REVEAL:
        return f"Voted; counted after {describe_time(proposal.reveal_ends_ms)}, when lots are drawn"
    if proposal.stage is Stage.COUNTING:
        return "Voted; the ballots are being counted"
    if proposal.stage is Stage.SECOND_CALL:
        return f"Too few voted; voting opens once more on {describe_time(proposal.reopens_ms)}"
    if proposal.stage is Stage.WITHDRAWN:
        return "Withdrawn by its proposer"
    if proposal.stage is Stage.VOTING:
        return f"Voting until {describe_time(proposal.closes_at_ms)}"
    if proposal.stage is Stage.VOID or proposal.outcome is None:
        return "Ended without an outcome"
    return {
        "accepted": "Accepted",
        "rejected": "Rejected",
        "no_quorum": "Not decided: too few members voted",
        "too_few_yes": "Not accepted: too small a part of all members said yes",
    }[proposal.outcome.name.lower()]


def describe_votes(proposal: ProjectedProposal) -> str:
    """The votes so far or the count, in words."""
    if proposal.electorate_count == 0:
        return "Voting has not opened"
    if proposal.outcome is None:
        if not proposal.are_ballots_known:
            return (
                f"At least {proposal.ballots_count} of {proposal.electorate_count} have voted; "
                "this node does not know of ballots before it had this ledger's blocks"
            )
        return f"{proposal.ballots_count} of {proposal.electorate_count} have voted"
    counted = f"{proposal.yes_count} for, {proposal.no_count} against"
    if proposal.abstain_count:
        counted += f", {proposal.abstain_count} abstained"
    return f"{counted}; {proposal.electorate_count} could vote"


def describe_insight(insight: HeldInsight) -> str:
    """What is known of an insight, in words."""
    if insight.state is InsightState.PENDING:
        return f"Waiting: {insight.reason}"
    if insight.state is InsightState.REFUSED:
        return f"Refused: {insight.reason}"
    if insight.state is InsightState.WITHDRAWN:
        return "Withdrawn"
    return "Released by our own members" if insight.is_own else "Verified"


def _render_validators(
    context: WebContext, missing: tuple[KnownCooperative, ...] | None
) -> list[JsonObject]:
    members = context.projection.count_members()
    absent = {item.id for item in missing or ()}
    return [
        {
            "cooperative": item.id.hex(),
            "name": item.name,
            "standing": "member" if item.standing is None else item.standing.name.lower(),
            "voting": item.is_validating
            and (
                item.id not in absent
                if missing is not None
                else context.chain.takes_part(item.validator_address)
            ),
            "members": members.get(item.id, 0),
        }
        for item in context.registry.members
    ]


def _render_partners(context: WebContext) -> list[JsonObject]:
    known = {partner.did: partner for partner in context.mailbox.list_partners()}
    return [
        _render_partner(context, item, known.get(item.did)) for item in context.registry.partners
    ]


def _render_partner(
    context: WebContext, item: KnownCooperative, partner: Partner | None
) -> JsonObject:
    state = context.directory_states.get(item.did, "unknown")
    follows = partner is not None and partner.following is Following.ACCEPTED
    followed_by = partner is not None and partner.is_follower
    exchange = {
        (True, True): "both ways",
        (True, False): "we receive",
        (False, True): "they receive",
        (False, False): "not yet",
    }[follows, followed_by]
    found = {"fresh": "lately", "stale": "long ago", "unknown": "not yet"}
    return {
        "did": item.did,
        "name": item.name,
        "state": state,
        "found": found[state],
        "follows": follows,
        "following": "no" if partner is None else partner.following.value,
        "followed_by": followed_by,
        "exchange": exchange,
        "delivery": None if partner is None else partner.delivery.state.value,
    }


def _render_insight_line(insight: HeldInsight) -> JsonObject:
    return {
        "digest": insight.digest.hex(),
        "cooperative": insight.cooperative.hex(),
        "verified": insight.state is InsightState.VERIFIED,
        "own": insight.is_own,
    }
