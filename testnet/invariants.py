"""What must hold on every node, whatever happened: black box, over the public API.

Any test of a federation ends with these; none of them knows what the test did.
"""

from collections.abc import Iterable
from functools import partial

from node.member_client import Committed
from testnet.federation import FederationNode
from testnet.story_checks import check, wait_until

_PROGRESS_TIMEOUT_S = 60.0


async def wait_for_height(nodes: Iterable[FederationNode], height: int) -> None:
    """Wait until nodes have committed a height.

    Raises:
        StepFailedError: One does not; says which.
    """
    for node in nodes:
        await wait_until(partial(_find_below, node, height), timeout_s=_PROGRESS_TIMEOUT_S)


async def check_progress(nodes: list[FederationNode]) -> int:
    """Check that every node commits a block that none had; its height.

    Raises:
        StepFailedError: The chain stands still, or a node does not follow it.
    """
    height = max([await node.get_height() for node in nodes]) + 1
    await wait_for_height(nodes, height)
    return height


async def check_agreement(nodes: list[FederationNode], *, height: int) -> None:
    """Check that all nodes have the same blocks, and with them the same app hashes.

    Args:
        nodes: All have committed the height.
        height: From the first block up to this one.

    Raises:
        StepFailedError: Two nodes differ; says where.
    """
    for level in range(1, height + 1):
        found = {node.plan.name: await node.get_block_id(level) for node in nodes}
        check(len(set(found.values())) == 1, f"blocks differ at height {level}: {found}")


async def check_acknowledged(
    nodes: list[FederationNode], acknowledged: Iterable[Committed]
) -> None:
    """Check that every transaction that a member was told is final is so on every node.

    Raises:
        StepFailedError: One is missing, elsewhere or refused; says which and where.
    """
    for told in acknowledged:
        for node in nodes:
            found = await node.client.find_transaction(told.hash)
            check(
                found is not None and (found["height"], found["code"]) == (told.height, told.code),
                f"{node.plan.name} has the transaction {told.hash[:12]}… as {found}, not in block "
                f"{told.height}",
            )


async def _find_below(node: FederationNode, height: int) -> str | None:
    if await node.get_height() < height:
        return f"{node.plan.name} has not committed height {height}"
    return None
