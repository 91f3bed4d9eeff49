"""Pages for people: what the cooperative decides and shares, in plain language.

Work without scripts, from 320 px on, light and dark. An insight's table is made here from its
checked cells, never from foreign markup.
"""

from aiohttp import web

from activitypub.vocabulary import ACTIVITY_TYPE
from config.errors import RefusedError
from config.limits import PAGE_ITEMS_MAX
from did.jcs import JsonObject, canonicalize, parse_json_object
from federation.insight_content import render_insight_table
from governance.counting import WHOLE_BPS
from governance.kinds import KINDS, Threshold
from governance.proposal_records import ProposalKind
from node.web.clock import describe_time
from node.web.context import WebContext
from node.web.insight_store import HeldInsight, InsightState
from node.web.page_files import answer_file, answer_missing, answer_page
from node.web.projection_proposals import ProjectedProposal
from node.web.requests import get_context, read_hash
from node.web.routes_governance import find_options
from node.web.status import (
    describe_insight,
    describe_standing,
    describe_votes,
    render_insight,
    render_proposal,
)
from node.web.withdrawing import is_withdrawn, render_tombstone

_TITLE_CHARACTERS_MAX = 120
_THRESHOLDS = {
    Threshold.MAJORITY: "and is won if more are for than against",
    Threshold.TWO_THIRDS: "and is won if at least twice as many are for as against",
}
_ASKS = {
    ProposalKind.INSIGHT: "release an insight, a result from health records. Only an accepted one"
    " is published",
    ProposalKind.VALIDATION: "find a partner's insight valid",
    ProposalKind.WITHDRAWAL: "take back an insight that was released",
    ProposalKind.DATA_USE: "let somebody use members' data for a purpose. The privacy group may"
    " stop it, and members may override that",
    ProposalKind.CONSTITUTIONAL: "change the bylaws, or what else the cooperative rests on",
    ProposalKind.LICENCE: "grant or revoke a licence to an insight",
    ProposalKind.BUDGET: "share a pool among items, or put them in order",
    ProposalKind.ELECTION: "elect who sits in a body",
    ProposalKind.RECALL: "take a seat from an officer. Enough members have signed a petition",
    ProposalKind.VETO_OVERRIDE: "let a data use begin that the privacy group has stopped",
    ProposalKind.RATIFICATION: "let an emergency act of the committee stand. If members do not"
    " accept it, it is undone",
    ProposalKind.DISTRIBUTION: "split a period's surplus",
    ProposalKind.FEDERAL: "approve a motion of the federation in the cooperative's name",
    ProposalKind.EXIT: "leave the federation",
    ProposalKind.ENDING: "end the cooperative. It is voted on twice, ninety days apart",
    ProposalKind.APPEAL: "exclude a member, who has appealed",
    ProposalKind.CONFIDENCE: "take all seats from a body that did not do what it owes. Another one"
    " is elected then",
    ProposalKind.COMPLAINT: "agree with a complaint that nobody has settled before. Who complains,"
    " of whom and of what is not public",
}
"""What a proposal of a kind asks members to do, in words."""
_ASKS_OF_INSIGHT = {
    ProposalKind.INSIGHT: "release the insight",
    ProposalKind.VALIDATION: "find a partner's insight valid:",
    ProposalKind.WITHDRAWAL: "withdraw what was said of the insight",
}
"""The same, before the title of an insight that this node holds."""
_BY_RULES = {
    ProposalKind.CONFIDENCE: "Shall a body lose its seats?",
    ProposalKind.COMPLAINT: "Is a complaint justified?",
}
"""Titles of what nobody proposes: the rules submit it, and it has no public text."""
_CHECKS = (
    "{name} signed it, with the key that the ledger holds for {name}.",
    "The ledger holds the decision of the members of {name} to release exactly this.",
    "It states its privacy cost (ε), which is within the limit of all cooperatives.",
    "No group of fewer than fifty people is shown, after noise was added.",
)

_GONE = "This node's own ledger holds the decision to withdraw it."

routes = web.RouteTableDef()


@routes.get("/")
async def get_overview(request: web.Request) -> web.Response:
    """The transparency page."""
    context = get_context(request)
    proposals = context.projection.list_proposals(limit=PAGE_ITEMS_MAX)
    return answer_page(
        context,
        "index.html",
        now=describe_time(context.clock.now_ms()),
        block_time=describe_time(context.projection.time_ms),
        proposals=[_describe_proposal(context, item) for item in proposals],
        insights=[
            _describe_insight(context, item)
            for item in context.insights.list_newest(limit=PAGE_ITEMS_MAX)
        ],
    )


@routes.get("/proposals/{id}")
async def get_proposal(request: web.Request) -> web.Response:
    """One proposal."""
    context = get_context(request)
    try:
        proposal = context.projection.find_proposal(read_hash(request, "id"))
    except RefusedError:
        proposal = None
    if proposal is None:
        return answer_missing(context, "This node knows no such proposal.")
    described = _describe_proposal(context, proposal)
    is_insight = proposal.kind is ProposalKind.INSIGHT
    return answer_page(
        context,
        "proposal.html",
        proposal=described,
        text=described["title"] if is_insight else _find_text(context, proposal),
        asks=_ASKS.get(proposal.kind, ""),
        is_by_rules=proposal.kind in _BY_RULES,
        options=await find_options(context, proposal.id),
        dates=_list_dates(proposal),
        needed=_count_share(proposal, proposal.quorum_bps),
        needed_yes=_count_share(proposal, proposal.yes_of_roll_bps),
        threshold=_THRESHOLDS[KINDS[proposal.kind].threshold],
        quorum=_describe_quorum(proposal),
        asks_of_insight=_ASKS_OF_INSIGHT.get(proposal.kind),
        insight_title=_find_insight_title(context, proposal.subject),
    )


@routes.get("/insights/{id}")
async def get_insight(request: web.Request) -> web.Response:
    """One insight: a page for browsers, its document for other software.

    Its id is the last part of an own insight's URL, or any insight's digest. Of one that was
    withdrawn there is a Tombstone, and the page says by which decision (status 410).
    """
    context = get_context(request)
    insight = _find_insight(context, request.match_info["id"])
    if insight is None:
        return answer_missing(context, "This node holds no such insight.")
    if _wants_json(request):
        response = _answer_document(context, insight)
    else:
        response = answer_page(context, "insight.html", **_describe_whole(context, insight))
    if is_withdrawn(context, insight):
        response.set_status(410)
    response.headers["Vary"] = "Accept"
    return response


@routes.get("/style.css")
async def get_style(_request: web.Request) -> web.Response:
    """The one style sheet."""
    return answer_file("style.css", content_type="text/css")


@routes.get("/icon.svg")
async def get_icon(_request: web.Request) -> web.Response:
    """The icon of browser tabs."""
    return answer_file("icon.svg", content_type="image/svg+xml")


def _describe_proposal(context: WebContext, proposal: ProjectedProposal) -> JsonObject:
    return {
        **render_proposal(context, proposal),
        "title": _find_title(context, proposal),
        "standing": describe_standing(proposal),
        "votes": describe_votes(proposal),
    }


def _find_text(context: WebContext, proposal: ProjectedProposal) -> str | None:
    text = context.private.get_text(proposal.text_hash)
    return None if text is None else text.decode()


def _find_title(context: WebContext, proposal: ProjectedProposal) -> str:
    """The first line of the text; an insight's proposal is titled by the insight."""
    text = _find_text(context, proposal)
    if text is None:
        start = proposal.id.hex()[:8]
        title = _BY_RULES.get(proposal.kind)
        return f"{title} ({start})" if title else f"Proposal {start}"
    if proposal.kind is ProposalKind.INSIGHT:
        try:
            name = parse_json_object(text.encode()).get("name")
        except RefusedError:
            name = None
        if isinstance(name, str):
            return f"Release the insight “{name[:_TITLE_CHARACTERS_MAX]}”"
    return text.strip().partition("\n")[0].strip()[:_TITLE_CHARACTERS_MAX] or "Untitled"


def _list_dates(proposal: ProjectedProposal) -> list[tuple[str, str]]:
    dates = [
        ("Submitted", proposal.submitted_ms),
        ("Review until", proposal.review_ends_ms),
        ("Discussion until", proposal.discussion_ends_ms),
        ("Recommendation until", proposal.recommendation_ends_ms),
        ("Nominations until", proposal.nomination_ends_ms),
        ("Second call", proposal.reopens_ms),
        ("Voting until", proposal.closes_at_ms),
        ("Counted", proposal.closed_ms),
    ]
    return [(term, describe_time(time_ms)) for term, time_ms in dates if time_ms]


def _describe_quorum(proposal: ProjectedProposal) -> str:
    whole, rest = divmod(proposal.quorum_bps, 100)
    number = f"{whole}.{rest:02}" if rest else str(whole)
    return f"{number}\u00a0%"  # never a line of its own


def _count_share(proposal: ProjectedProposal, share_bps: int) -> int:
    """How many members make a share of the electorate, rounded up."""
    return -(-share_bps * proposal.electorate_count // WHOLE_BPS)


def _find_insight_title(context: WebContext, digest: bytes) -> str | None:
    """What an insight is called, if this node holds it."""
    insight = context.insights.find_by_digest(digest) if digest else None
    return None if insight is None else str(_describe_insight(context, insight)["title"])


def _describe_checks(insight: JsonObject, *, is_verified: bool, is_gone: bool) -> tuple[str, ...]:
    if is_gone:
        return (_GONE,)
    if not is_verified:
        return (insight["standing"],)
    return tuple(check.format(name=insight["cooperative_name"]) for check in _CHECKS)


def _describe_insight(context: WebContext, insight: HeldInsight) -> JsonObject:
    document = parse_json_object(insight.activity)["object"]
    return {
        "digest": insight.digest.hex(),
        "title": str(document["name"])[:_TITLE_CHARACTERS_MAX],
        "cooperative_name": context.registry.get_name(insight.cooperative),
        "standing": describe_insight(insight),
    }


def _describe_whole(context: WebContext, insight: HeldInsight) -> JsonObject:
    """All that the page of an insight shows; its content only if it was checked and stands."""
    document = parse_json_object(insight.activity)["object"]
    is_gone = is_withdrawn(context, insight)
    is_verified = insight.state is InsightState.VERIFIED and not is_gone
    described = {**_describe_insight(context, insight), **render_insight(context, insight)}
    return {
        **described,
        "table": render_insight_table(document) if is_verified else None,
        "checks": _describe_checks(described, is_verified=is_verified, is_gone=is_gone),
        "proposal_id": document["validation"]["proposal"].rpartition("/")[2] if is_verified else "",
    }


def _answer_document(context: WebContext, insight: HeldInsight) -> web.Response:
    document = parse_json_object(insight.activity)["object"]
    if is_withdrawn(context, insight):
        document = render_tombstone(context, insight)
    return web.Response(body=canonicalize(document), content_type=ACTIVITY_TYPE)


def _find_insight(context: WebContext, name: str) -> HeldInsight | None:
    found = context.insights.find(f"{context.origin}/insights/{name}")
    if found is None and len(name) == 64:
        try:
            found = context.insights.find_by_digest(bytes.fromhex(name))
        except ValueError:
            return None
    return found


def _wants_json(request: web.Request) -> bool:
    accepted = request.headers.get("Accept", "")
    return "json" in accepted and "text/html" not in accepted
