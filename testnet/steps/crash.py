"""Step 8: a node is killed, comes back and misses nothing; a process is killed alone.

With four or more, one may fail and the others go on. Under four there is no fault to
tolerate: the chain halts, the page says so, and it goes on when the node is back.
"""

import signal
import time

from testnet.federation import FederationNode
from testnet.invariants import (
    check_acknowledged,
    check_agreement,
    check_progress,
    wait_for_height,
)
from testnet.steps.insights import publish_insight, wait_verified
from testnet.story import Story
from testnet.story_checks import StepFailedError, check, wait_until

_RETURN_TIMEOUT_S = 60.0


async def run(story: Story) -> None:
    """Kill a whole node, then one process."""
    nodes = story.federation.nodes
    if len(nodes) >= 4:
        await _lose_one_of_many(story, nodes[-1])
    elif len(nodes) > 1:
        await _halt_by_loss(story, nodes[-1])
    else:
        await _halt_alone(story, nodes[0])
    await _kill_ledger(story, nodes[0])
    acknowledged = [told for member in story.community.members for told in member.acknowledged]
    await check_acknowledged(nodes, acknowledged)
    story.tell(
        f"all {len(acknowledged)} transactions that members were told are final are in the same "
        "blocks on every node"
    )


async def _lose_one_of_many(story: Story, lost: FederationNode) -> None:
    lost.processes.kill_all()
    story.tell(f"{lost.plan.name} was killed, supervisor and all")
    digest = await _publish_meanwhile(story)
    began_s = time.monotonic()
    lost.processes.start()
    await wait_until(lambda: _find_behind(story, lost), timeout_s=_RETURN_TIMEOUT_S)
    await wait_verified(digest, at=[lost])
    await _check_invariants(story)
    story.report.figures.catch_up_s = round(time.monotonic() - began_s, 3)
    story.tell(f"{lost.plan.name} is back at the same app hash, with the insight it missed")


async def _publish_meanwhile(story: Story) -> str:
    for author in story.federation.running[1:]:
        digest = await publish_insight(story, author)
        if digest is not None:
            await wait_verified(digest, at=story.federation.running)
            story.tell(f"the others went on: an insight of {author.plan.name} reached them all")
            return digest
    raise StepFailedError("no cooperative had a group large enough to be shown")


async def _halt_by_loss(story: Story, lost: FederationNode) -> None:
    lost.processes.kill_all()
    story.tell(f"{lost.plan.name} was killed, supervisor and all")
    witness = story.federation.nodes[0]
    await _wait_standing_still(story, witness, lost)
    began_s = time.monotonic()
    lost.processes.start()
    await wait_until(lambda: _find_still(witness), timeout_s=_RETURN_TIMEOUT_S)
    await wait_until(lambda: _find_behind(story, lost), timeout_s=_RETURN_TIMEOUT_S)
    await _check_invariants(story)
    story.report.figures.catch_up_s = round(time.monotonic() - began_s, 3)
    story.tell(f"{lost.plan.name} is back, and the chain goes on")


async def _halt_alone(story: Story, node: FederationNode) -> None:
    node.processes.signal_process("engine", signal.SIGSTOP)
    story.tell(f"the engine of {node.plan.name}, the only validator, was suspended")
    try:
        await _wait_standing_still(story, node, node)
    finally:
        node.processes.signal_process("engine", signal.SIGCONT)
    began_s = time.monotonic()
    await wait_until(lambda: _find_still(node), timeout_s=_RETURN_TIMEOUT_S)
    story.report.figures.catch_up_s = round(time.monotonic() - began_s, 3)
    story.tell("it goes on where it stood")


async def _wait_standing_still(story: Story, witness: FederationNode, lost: FederationNode) -> None:
    await wait_until(lambda: _find_moving(witness, lost), timeout_s=_RETURN_TIMEOUT_S)
    page = await witness.fetch_page("/")
    check(
        "stands still" in page and lost.plan.name in page,
        "the page does not say that the chain stands still and who is missing",
    )
    story.tell(f"the chain stands still; the page says so and names {lost.plan.name}")


async def _kill_ledger(story: Story, node: FederationNode) -> None:
    before = await node.processes.wait_running(timeout_s=_RETURN_TIMEOUT_S)
    height = await node.get_height()
    node.processes.kill_process("ledger")
    await wait_until(lambda: _find_not_restarted(node, before), timeout_s=_RETURN_TIMEOUT_S)
    await wait_for_height([node], height + 1)
    await _check_invariants(story)
    story.tell(
        f"only the ledger process of {node.plan.name} was killed: its supervisor brought engine "
        "and ledger back"
    )


async def _find_not_restarted(node: FederationNode, before: dict[str, int]) -> str | None:
    now = node.processes.find_pids()
    for name in ("engine", "ledger"):
        if now.get(name) in {None, before[name]}:
            return f"the {name} process of {node.plan.name} was not brought back"
    for name in ("web", "discovery"):
        check(now.get(name) == before[name], f"{name} was restarted for nothing")
    return None


async def _check_invariants(story: Story) -> None:
    height = await check_progress(story.federation.nodes)
    await check_agreement(story.federation.nodes, height=height)


async def _find_behind(story: Story, node: FederationNode) -> str | None:
    highest = max([await other.get_height() for other in story.federation.running])
    if await node.get_height() < highest - 1:
        return f"{node.plan.name} has not caught up with height {highest}"
    return None


async def _find_moving(witness: FederationNode, lost: FederationNode) -> str | None:
    status = await witness.get_status()
    if not status["stands_still"] or lost.plan.name not in status["missing"]:
        return f"{witness.plan.name} does not say that the chain stands still"
    return None


async def _find_still(witness: FederationNode) -> str | None:
    if (await witness.get_status())["stands_still"]:
        return "the chain still stands still"
    return None
