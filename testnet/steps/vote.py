"""Step 5: proposals, ballots, outcomes and receipts that are checked offline."""

import asyncio
import statistics

from config.errors import RefusedError
from testnet.community import Member, Motion
from testnet.story import Story
from testnet.story_checks import StepFailedError, check, for_each, wait_until

_CLOSE_TIMEOUT_S = 60.0


async def run(story: Story) -> None:
    """One proposal passes, one fails its quorum, one ballot is refused."""
    community = story.community
    node = story.federation.nodes[0]
    voters = community.members_of(node)
    motion, quiet = await asyncio.gather(
        voters[0].propose("Publish our quarterly report in plain language"),
        voters[1].propose("Rename the newsletter"),
    )
    story.tell(f"{voters[0].label} and {voters[1].label} proposed; the discussion is open")
    await for_each(wait_open(item) for item in (motion, quiet))
    story.tell("the discussion window has passed, ballots may be cast")
    await for_each([_vote(story, motion, voters), _vote_alone(quiet, voters[2])])
    await _show_refusals(story, motion)
    await for_each(wait_closed(story, item) for item in (motion, quiet))
    await _check_outcome(story, motion, "accepted")
    await _check_outcome(story, quiet, "no_quorum")
    await for_each(_check_counted(voter, motion) for voter in voters)
    story.tell(
        f"{len(voters)} members proved offline that their ballot was counted; "
        "the second proposal failed its quorum of 30 %"
    )


async def wait_open(motion: Motion) -> None:
    """Wait until a proposal takes ballots at its own node."""
    await wait_until(lambda: motion.find_lag("voting"), timeout_s=_CLOSE_TIMEOUT_S, poll_s=0.1)


async def wait_closed(story: Story, motion: Motion) -> None:
    """Wait until every running node knows a proposal's outcome."""
    await wait_until(lambda: _find_open(story, motion), timeout_s=_CLOSE_TIMEOUT_S)


async def _find_open(story: Story, motion: Motion) -> str | None:
    for node in story.federation.running:
        if (lag := await motion.find_lag("closed", at=node)) is not None:
            return lag
    return None


async def _vote(story: Story, motion: Motion, voters: list[Member]) -> None:
    """Everybody votes; two of five against."""
    final_s: list[float] = []
    receipt_s: list[float] = []

    async def cast(index: int, voter: Member) -> None:
        cast_ballot = await voter.vote(motion, "no" if index in {1, 3} else "yes")
        final_s.append(cast_ballot.final_s)
        receipt_s.append(cast_ballot.receipt_s)

    await for_each(cast(index, voter) for index, voter in enumerate(voters))
    story.report.figures.ballot_final_p50_s = round(statistics.median(final_s), 3)
    story.report.figures.receipt_p50_s = round(statistics.median(receipt_s), 3)
    story.tell(f"{len(voters)} ballots are final, {len(voters)} receipts verified offline")


async def _vote_alone(motion: Motion, voter: Member) -> None:
    await voter.vote(motion, "yes")


async def _show_refusals(story: Story, motion: Motion) -> None:
    """The ballots of a stranger and of a partner's member are refused, with the reason."""
    community, nodes = story.community, story.federation.nodes
    strangers = [community.create_stranger(motion.node)]
    if len(nodes) > 1:
        foreign = community.members_of(nodes[1])[0]
        strangers.append(community.create_intruder(foreign, motion.node))
    for stranger in strangers:
        try:
            await stranger.vote(motion, "yes")
        except RefusedError as refused:
            story.tell(f"the ballot of {stranger.label} was refused: {refused.reason}")
        else:
            raise StepFailedError(f"the ballot of {stranger.label} was taken")


async def _check_outcome(story: Story, motion: Motion, outcome: str) -> None:
    """Every running node reports the same, in every figure."""
    found = [await motion.fetch(at=node) for node in story.federation.running]
    tallies = [{key: row[key] for key in ("outcome", "tally")} for row in found]
    check(
        all(tally == tallies[0] for tally in tallies) and tallies[0]["outcome"] == outcome,
        f"expected {outcome} everywhere, nodes say {tallies}",
    )
    tally = tallies[0]["tally"]
    story.tell(
        f"every node reports “{motion.title}”: {outcome} ({tally['yes']} yes, {tally['no']} no, "
        f"{tally['electorate']} entitled)"
    )


async def _check_counted(voter: Member, motion: Motion) -> None:
    await voter.prove_counted(motion)
