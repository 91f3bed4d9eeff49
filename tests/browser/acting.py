"""What people do beside a browser: a registrar admits; a member proposes, complains, logs in.

In a thread of its own, because the browser's driver holds the event loop of the main one.
"""

import asyncio
import hashlib
import json
import time
import urllib.request
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

from did.login.pkce import compute_challenge
from did.login.scopes import SCOPES
from governance.accountability_transactions import OpenComplaint
from governance.complaint_records import About
from node.login_client import CLIENT_ID, LoginClient
from node.member import Actor
from node.member_client import NodeClient
from node.registrar import admit_members
from node.settings import load_settings
from testnet.community import Member, now_ms
from tests.browser.site import Site

CALLBACK = "http://127.0.0.1:4711/callback"
"""Where the application waits that a member logs in to."""
_WAIT_S = 60.0
VOTING_DAYS = 366
"""The longest; two and a half minutes at the scale of the test chain."""


def admit(site: Site) -> None:
    """The registrar admits everybody who waits."""
    settings = load_settings(site.home.settings_path, environ={})
    run_beside(admit_members(site.home, settings, None, now_ms=now_ms))


def propose(site: Site, text: str) -> str:
    """A member proposes; the proposal's id, once it takes ballots."""
    return str(run_beside(_propose(site.origin, site.members[0], text)))


async def complain(origin: str, member: Member, text: str) -> None:
    """A member complains; nobody sits who could hear it, so members vote at once."""
    async with NodeClient(origin) as client:
        chain_id = str((await client.get_status())["chain_id"])
        actor = Actor(member.wallet, client, chain_id=chain_id, now_ms=now_ms)
        payload = OpenComplaint(
            cooperative=member.wallet.get_home().cooperative_id,
            about=About.OTHER,
            subject=b"",
            text_hash=hashlib.sha256(text.encode()).digest(),
            is_serious=False,
        )
        committed, _ = await actor.act(payload)
        deadline_s = time.monotonic() + _WAIT_S
        while (await client.get_status())["height"] < committed.height:
            assert time.monotonic() < deadline_s, "the node does not read the block"
            await asyncio.sleep(0.2)


def begin_login(site: Site) -> str:
    """An application asks for all that there is; the address that it opens in a browser."""
    form = {
        "client_id": CLIENT_ID,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": " ".join(SCOPES),
        "state": "xyz",
        "code_challenge": compute_challenge("v" * 43),
        "code_challenge_method": "S256",
    }
    data = urlencode(form).encode()
    url = f"{site.origin}/oauth/par"
    with urllib.request.urlopen(url, data, timeout=10) as answer:  # noqa: S310 - our own address
        pushed = json.loads(answer.read())
    query = urlencode({"client_id": CLIENT_ID, "request_uri": pushed["request_uri"]})
    return f"{site.origin}/oauth/authorize?{query}"


def answer_login(site: Site, address: str) -> str:
    """A member's wallet signs on another device; the code that it shows.

    Args:
        site: Whose member.
        address: As the login's page shows it.
    """
    return str(run_beside(_answer_login(site, address)))


async def _answer_login(site: Site, address: str) -> str:
    issuer = address.partition("/login/")[0]
    async with LoginClient(site.origin, origin=issuer) as client:
        answer = await client.answer_challenge(address, site.members[0].wallet)
        return str(answer["response_code"])


async def _propose(origin: str, member: Member, text: str) -> str:
    async with NodeClient(origin) as client:
        chain_id = str((await client.get_status())["chain_id"])
        actor = Actor(member.wallet, client, chain_id=chain_id, now_ms=now_ms)
        sent = await actor.propose(text, voting_days=VOTING_DAYS)
        proposal_id = sent.proposal_id.hex()
        await wait_for_stage(client, proposal_id, "voting")
        return proposal_id


async def wait_for_stage(client: NodeClient, proposal: str, stage: str) -> None:
    """Until the node reports a proposal at a stage."""
    deadline_s = time.monotonic() + _WAIT_S
    while (found := (await client.find_proposal(proposal) or {}).get("stage")) != stage:
        assert time.monotonic() < deadline_s, f"the proposal is at {found} still, not {stage}"
        await asyncio.sleep(0.2)


def run_beside(work: Coroutine[Any, Any, Any]) -> Any:
    """Run in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
