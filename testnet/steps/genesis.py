"""Step 1: four validators from one ceremony, sixteen processes, blocks, one app hash."""

import time

from testnet.invariants import check_agreement, check_progress, wait_for_height
from testnet.processes import PROCESS_NAMES
from testnet.story import Story
from testnet.story_checks import check

_START_TIMEOUT_S = 60.0


async def run(story: Story) -> None:
    """Make the homes, hold the ceremony, start everything, compare blocks and keys."""
    federation = story.federation
    await federation.found()
    nodes = federation.nodes
    story.tell(f"{len(nodes)} founder files signed, one genesis file that every founder checked")
    story.started_s = time.monotonic()
    federation.start()
    await wait_for_height(nodes, 1)
    story.report.figures.first_block_s = round(time.monotonic() - story.started_s, 3)
    for node in nodes:
        pids = await node.processes.wait_running(timeout_s=_START_TIMEOUT_S)
        check(set(pids) == set(PROCESS_NAMES), f"{node.plan.name} runs only {sorted(pids)}")
        document = await node.fetch_did_document()
        check(
            document.get_key(f"{node.did}#assertion", purpose="assertionMethod").public_key
            == node.founder.assertion_key,
            f"the did:web document of {node.plan.name} names another key than the genesis file",
        )
    story.tell(f"{len(nodes)} supervisors and {len(nodes) * len(PROCESS_NAMES)} processes are up")
    story.tell("every did:web document names the keys of the genesis file")
    height = await check_progress(nodes)
    await check_agreement(nodes, height=height)
    story.tell(f"heights advance, and every node has the same {height} blocks and app hashes")
