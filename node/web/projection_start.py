"""Where the read model begins when the chain's first blocks are not here.

A node that joined by a snapshot, or has let old blocks go, has all that they led to in state:
the logs list it. What was ever cast in a vote that is still open is in no list, so such a vote
says that its turnout is not known. Reads through this node's own engine.
"""

from config.errors import InvariantError, RefusedError
from config.limits import LIST_PAGE_ENTRIES_MAX
from did.codec import decode, encode
from governance.insights import EFFECTS
from governance.logs import COOPERATIVES, Log, LogName
from governance.merkle_log import Frontier
from governance.proposal_records import DecidedInsight, Decision, Outcome, Proposal
from governance.records import Account, Roll, RollEntry
from governance.state_keys import Collection, state_key
from ledger.queries import LOG_PATH
from ledger.rpc import EngineClient
from node.sending import read_state
from node.web.projection import ProjectedMember, Projection
from node.web.projection_insights import ProjectedInsight
from node.web.projection_proposals import ProjectedProposal

_ANSWER_BYTES_MAX = 393_216


async def begin_from_state(projection: Projection, engine: EngineClient, *, height: int) -> None:
    """Let a read model begin with the state that there is; blocks follow from a height on.

    Args:
        projection: What it held is replaced.
        engine: Has committed this block.
        height: State may be of later blocks by the time that it is read.

    Raises:
        RefusedError: The ledger cannot answer yet.
        UnavailableError: The engine does not answer.
    """
    members: list[ProjectedMember] = []
    proposals: list[ProjectedProposal] = []
    for cooperative in await _read_list(engine, COOPERATIVES):
        members += await _read_members(engine, cooperative)
        proposals += [
            await _read_proposal(engine, cooperative, proposal_id)
            for proposal_id in await _read_list(
                engine, Log(LogName.PROPOSALS, namespace=cooperative)
            )
        ]
    insights = await _read_insights(engine, proposals)
    projection.begin_at(height, members=members, proposals=proposals, insights=insights)


async def _read_list(engine: EngineClient, log: Log) -> list[bytes]:
    entries: list[bytes] = []
    size = 1
    while len(entries) < size:
        question = encode([log.namespace, log.id, len(entries), LIST_PAGE_ENTRIES_MAX])
        answer = await engine.abci_query(LOG_PATH, question)
        if answer.code:
            raise RefusedError(answer.log, code=answer.code)
        match decode(answer.value, bytes_max=_ANSWER_BYTES_MAX):
            case [None, [], []]:
                return []
            case [bytes(record), list(page), list()]:
                size = Frontier.decode(record).size
                entries += [item for item in page if isinstance(item, bytes)]
            case _:
                raise InvariantError("the ledger's answer about a list has another shape")
    return entries


async def _read_members(engine: EngineClient, cooperative: bytes) -> list[ProjectedMember]:
    roll = Log(LogName.ROLL, namespace=cooperative)
    entries = [RollEntry.decode(item) for item in await _read_list(engine, roll)]
    members = [
        ProjectedMember(account=entry.account, cooperative=cooperative, joined_height=entry.height)
        for entry in entries
    ]
    data = await read_state(engine, state_key(cooperative, Collection.ROLL, b""))
    if data and Roll.decode(data).active_count == len(members):
        return members
    return [item for item in members if await _is_active(engine, item)]


async def _is_active(engine: EngineClient, member: ProjectedMember) -> bool:
    """Some on an imported roll have left, or are another cooperative's members."""
    key = state_key(member.cooperative, Collection.ACCOUNT, member.account)
    data = await read_state(engine, key)
    return bool(data) and Account.decode(data).left_height is None


async def _read_proposal(
    engine: EngineClient, cooperative: bytes, proposal_id: bytes
) -> ProjectedProposal:
    key = state_key(cooperative, Collection.PROPOSAL, proposal_id)
    proposal = Proposal.decode(await read_state(engine, key))
    key = state_key(cooperative, Collection.DECISION, proposal_id)
    data = await read_state(engine, key)
    decision = Decision.decode(data) if data else None
    return ProjectedProposal(
        id=proposal_id,
        cooperative=cooperative,
        kind=proposal.kind,
        proposer=proposal.proposer,
        text_hash=proposal.text_hash,
        subject=proposal.subject,
        stage=proposal.stage,
        submitted_height=proposal.submitted_height,
        submitted_ms=proposal.submitted_ms,
        review_ends_ms=proposal.review_ends_ms,
        discussion_ends_ms=proposal.discussion_ends_ms,
        recommendation_ends_ms=proposal.recommendation_ends_ms,
        nomination_ends_ms=proposal.nomination_ends_ms,
        reveal_ends_ms=proposal.reveal_ends_ms,
        reopens_ms=proposal.reopens_ms,
        closes_at_ms=proposal.closes_at_ms,
        electorate_count=proposal.electorate_count,
        quorum_bps=proposal.quorum_bps,
        yes_of_roll_bps=proposal.yes_of_roll_bps,
        ballots_count=0 if decision is None else decision.ballots_count,
        are_ballots_known=decision is not None,
        outcome=None if decision is None else decision.outcome,
        yes_count=0 if decision is None else decision.yes_count,
        no_count=0 if decision is None else decision.no_count,
        abstain_count=0 if decision is None else decision.abstain_count,
        decision_index=None if decision is None else decision.decision_index,
        closed_height=None if decision is None else decision.closed_height,
        closed_ms=None if decision is None else decision.closed_ms,
    )


async def _read_insights(
    engine: EngineClient, proposals: list[ProjectedProposal]
) -> list[ProjectedInsight]:
    """What was decided on insights: each stands under its digest."""
    places = {
        (proposal.cooperative, proposal.subject): None
        for proposal in proposals
        if proposal.kind in EFFECTS and proposal.outcome is Outcome.ACCEPTED
    }
    insights = []
    for cooperative, insight in places:
        data = await read_state(engine, state_key(cooperative, Collection.INSIGHT, insight))
        if data:
            decided = DecidedInsight.decode(data)
            insights.append(
                ProjectedInsight(
                    cooperative=cooperative,
                    insight=insight,
                    released_by=decided.released_by,
                    validated_by=decided.validated_by,
                    withdrawn_by=decided.withdrawn_by,
                )
            )
    return insights
