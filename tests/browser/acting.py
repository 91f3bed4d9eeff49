"""What people do beside a browser: a registrar admits, a member proposes.

In a thread of its own, because the browser's driver holds the event loop of the main one.
"""

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from node.member import Actor
from node.member_client import NodeClient
from node.registrar import admit_members
from node.settings import load_settings
from testnet.community import Member, now_ms
from tests.browser.site import Site

_WAIT_S = 30.0
VOTING_DAYS = 366
"""The longest; two and a half minutes at the scale of the test chain."""


def admit(site: Site) -> None:
    """The registrar admits everybody who waits."""
    settings = load_settings(site.home.settings_path, environ={})
    _run(admit_members(site.home, settings, None, now_ms=now_ms))


def propose(site: Site, text: str) -> str:
    """A member proposes; the proposal's id, once it takes ballots."""
    return str(_run(_propose(site.origin, site.members[0], text)))


async def _propose(origin: str, member: Member, text: str) -> str:
    async with NodeClient(origin) as client:
        chain_id = str((await client.get_status())["chain_id"])
        actor = Actor(member.wallet, client, chain_id=chain_id, now_ms=now_ms)
        sent = await actor.propose(text, voting_days=VOTING_DAYS)
        proposal_id = sent.proposal_id.hex()
        deadline_s = time.monotonic() + _WAIT_S
        while (await client.find_proposal(proposal_id) or {}).get("stage") != "voting":
            assert time.monotonic() < deadline_s, "the vote does not open"
            await asyncio.sleep(0.2)
        return proposal_id


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
