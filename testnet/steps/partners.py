"""Step 3: each follows the partners it found, over signed ActivityPub."""

from testnet.story import Story
from testnet.story_checks import wait_until


async def run(story: Story) -> None:
    """Wait until every follow is accepted, in both directions."""
    count = len(story.federation.nodes)
    if count == 1:
        story.tell("no partner yet: nothing to follow")
        return
    await wait_until(lambda: _find_unfollowed(story), timeout_s=60.0)
    story.tell(f"{count * (count - 1)} signed Follows, {count * (count - 1)} Accepts came back")


async def _find_unfollowed(story: Story) -> str | None:
    for node in story.federation.nodes:
        partners = {row["did"]: row for row in (await node.get_status())["partners"]}
        for other in story.federation.nodes:
            if other is node:
                continue
            row = partners.get(other.did)
            if row is None or not row["follows"] or not row["followed_by"]:
                return f"{node.plan.name} and {other.plan.name} do not follow each other"
    return None
