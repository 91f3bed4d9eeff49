"""Step 6: aggregates instead of records, approved by members, verified by partners."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from config.limits import CELL_PEOPLE_MIN
from did.jcs import JsonObject
from federation.insight_refusals import InsightRefusal, InsightRefusedError
from governance.proposal_records import ProposalKind
from node.drafting import Wanted, compute_insight_draft
from node.settings import load_settings
from testnet.community import Member, Motion
from testnet.federation import FederationNode
from testnet.records import DATA_SOURCE, RECORDS_FILE
from testnet.steps.vote import wait_closed, wait_open
from testnet.story import Story
from testnet.story_checks import check, for_each, wait_until

EPSILON = "0.5"
_VERIFY_TIMEOUT_S = 30.0


async def run(story: Story) -> None:
    """Every cooperative releases one insight, and every other verifies it."""
    nodes = story.federation.nodes
    digests: list[str] = []

    async def publish(node: FederationNode) -> None:
        digest = await publish_insight(story, node)
        if digest is not None:
            digests.append(digest)

    await for_each(publish(node) for node in nodes)
    check(bool(digests), "no cooperative had a group large enough to be shown")
    for digest in digests:
        await wait_verified(digest, at=nodes)
    await _measure_verification(story, digests)
    await _check_cells(nodes[-1])
    people = sum(story.federation.people_counts.values())
    story.tell(
        f"insights of {len(digests)} of {len(nodes)} cooperatives, on {people} people in all, "
        f"ε {EPSILON} each, anchored by approved proposals"
    )
    story.tell(f"each is verified on all {len(nodes)} nodes, and no cell under 50 is shown")
    story.report.figures.node_memory_mib_max = round(
        max(node.processes.measure_memory_mib() for node in nodes), 1
    )


async def publish_insight(story: Story, node: FederationNode) -> str | None:
    """Compute a draft and have it approved; its digest.

    None if the cooperative stands for a part of a site and its noised groups are all too
    small to be shown, which is as it should be.
    """
    settings = load_settings(node.home.settings_path, environ={})
    try:
        draft = await asyncio.to_thread(
            compute_insight_draft,
            node.home,
            settings,
            Wanted(
                records=Path(RECORDS_FILE),
                site=node.plan.site,
                purpose=None,
                epsilon=EPSILON,
                sources=(DATA_SOURCE,),
            ),
            now_ms=int(time.time() * 1_000),
        )
    except InsightRefusedError as refused:
        if node.plan.shares == 1 or refused.refusal is not InsightRefusal.CELL_TOO_SMALL:
            raise
        story.tell(f"{node.plan.name} publishes nothing: {refused.reason}")
        return None
    members = story.community.members_of(node)
    motion = await members[0].propose(
        f"Publish how common heart disease is in {node.plan.name}, by age and sex",
        kind=ProposalKind.INSIGHT,
        subject=draft.digest,
    )
    await wait_open(motion)
    await for_each(_vote_yes(member, motion) for member in members)
    await wait_closed(story, motion)
    return draft.digest.hex()


async def wait_verified(digest: str, *, at: Sequence[FederationNode]) -> None:
    """Wait until nodes have an insight and have verified all of it."""
    await wait_until(lambda: _find_unverified(digest, at), timeout_s=_VERIFY_TIMEOUT_S)


async def _vote_yes(member: Member, motion: Motion) -> None:
    await member.vote(motion, "yes")


async def _find_unverified(digest: str, nodes: Sequence[FederationNode]) -> str | None:
    for node in nodes:
        found = {row["digest"]: row for row in await _fetch_insights(node)}
        if digest not in found or not found[digest]["verified"]:
            return f"{node.plan.name} has not verified the insight {digest[:12]}…"
    return None


async def _fetch_insights(node: FederationNode) -> list[JsonObject]:
    return await node.client.list_insights()


async def _measure_verification(story: Story, digests: list[str]) -> None:
    """From the author's publishing to the last partner's verifying; one clock, one machine."""
    rows = [row for node in story.federation.nodes for row in await _fetch_insights(node)]
    longest_ms = 0
    for digest in digests:
        mine = [row for row in rows if row["digest"] == digest]
        published_ms = min(row["received_at_ms"] for row in mine if row["own"])
        verified_ms = max(row["verified_at_ms"] for row in mine)
        longest_ms = max(longest_ms, verified_ms - published_ms)
    if len(story.federation.nodes) > 1:
        story.report.figures.insight_verified_max_s = longest_ms / 1_000


async def _check_cells(node: FederationNode) -> None:
    """What a node shows of every cooperative: no cell is under the floor."""
    for row in await _fetch_insights(node):
        document = await node.fetch_insight(row["digest"])
        check(bool(document["cells"]), f"{row['url']} shows nothing")
        for cell in document["cells"]:
            check(cell["people"] >= CELL_PEOPLE_MIN, f"a cell shows {cell['people']} people")
