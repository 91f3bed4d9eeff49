"""Step 1: four validators from one ceremony, sixteen processes, blocks, one app hash."""

import time

from testnet.processes import PROCESS_NAMES
from testnet.story import Story
from testnet.story_checks import check, wait_until

_START_TIMEOUT_S = 60.0


async def run(story: Story) -> None:
    """Make the homes, hold the ceremony, start everything, compare app hashes."""
    federation = story.federation
    await federation.found()
    count = len(federation.nodes)
    story.tell(
        f"{count} did:web documents, {count} founder files signed, one genesis that all check"
    )
    story.started_s = time.monotonic()
    federation.start()
    await wait_until(lambda: find_without_block(story, height=1), timeout_s=_START_TIMEOUT_S)
    story.report.figures.first_block_s = round(time.monotonic() - story.started_s, 3)
    for node in federation.nodes:
        pids = await node.processes.wait_running(timeout_s=_START_TIMEOUT_S)
        check(set(pids) == set(PROCESS_NAMES), f"{node.plan.name} runs only {sorted(pids)}")
    story.tell(f"{count} supervisors and {count * len(PROCESS_NAMES)} processes are up")
    height = await agree_on_app_hash(story)
    story.tell(f"heights advance, and all {count} app hashes agree at height {height}")


async def agree_on_app_hash(story: Story) -> int:
    """Wait for a common new height and compare every node's app hash there; the height."""
    alive = [node for node in story.federation.nodes if node.processes.is_alive]
    heights = [await node.get_height() for node in alive]
    height = max(heights)
    await wait_until(lambda: find_without_block(story, height=height), timeout_s=30.0)
    found = {node.plan.name: await node.get_app_hash(height) for node in alive}
    check(len(set(found.values())) == 1, f"app hashes differ at height {height}: {found}")
    return height


async def find_without_block(story: Story, *, height: int) -> str | None:
    """Name a running node that has not committed a height yet."""
    for node in story.federation.nodes:
        if not node.processes.is_alive:
            continue
        if await node.get_height() < height:
            return f"{node.plan.name} has not committed height {height}"
    return None
