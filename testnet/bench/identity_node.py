"""Logins and resolutions at a real node, alone on a test chain that is begun for it.

Members join as anybody does. Client and node share this machine's cores.
"""

import asyncio
import time
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp

from config.errors import RefusedError, UnavailableError
from did.wallets import Wallet
from node.answer_shapes import Notices
from node.login_client import LoginClient
from testnet.community import Community
from testnet.federation import FederationNode, LocalFederation
from testnet.manifest import DEFAULT_MANIFEST, load_manifest, resize
from testnet.ports import choose_ports

TOGETHER = 20
"""Logins at a time, each by a member of their own."""
_START_TIMEOUT_S = 60.0
_POLL_S = 0.2
_PATH = "/api/v1/holders/me/notices"
"""The first answer of the API: what the person has been told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTimes:
    """Seconds of single requests."""

    logins_s: tuple[float, ...]
    """From asking for a challenge to the first answer of the API."""
    resolutions_s: tuple[float, ...]


async def measure_node(directory: Path, *, is_quick: bool) -> NodeTimes:
    """Begin a chain of one cooperative with twenty members, and measure.

    Raises:
        RochdaleError: The node does not start, or refuses a login.
    """
    manifest = replace(resize(load_manifest(DEFAULT_MANIFEST), 1), members=TOGETHER)
    async with LocalFederation(
        manifest, directory=directory, ports=choose_ports(1, base=None)
    ) as federation:
        await federation.found()
        federation.start()
        node = federation.nodes[0]
        await _wait_until_it_runs(node)
        community = Community(federation, directory=directory)
        await community.join(node)
        wallets = [member.wallet for member in community.members]
        resolutions = await _resolve(node, wallets, count=50 if is_quick else 500)
        logins: list[float] = []
        for _ in range(1 if is_quick else 5):
            logins += await asyncio.gather(*(_log_in(node, wallet) for wallet in wallets))
    return NodeTimes(logins_s=tuple(logins), resolutions_s=resolutions)


async def _wait_until_it_runs(node: FederationNode) -> None:
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while await node.get_height() < 2:
        if time.monotonic() > deadline_s:
            raise UnavailableError(f"the node has no block after {_START_TIMEOUT_S:g} s")
        await asyncio.sleep(_POLL_S)


async def _log_in(node: FederationNode, wallet: Wallet) -> float:
    async with LoginClient(node.url, origin=wallet.get_home().origin) as client:
        began_s = time.monotonic()
        await client.login(wallet)
        await client.call("GET", _PATH, Notices)
        return time.monotonic() - began_s


async def _resolve(node: FederationNode, wallets: list[Wallet], *, count: int) -> tuple[float, ...]:
    taken_s = []
    async with aiohttp.ClientSession() as session:
        for number in range(count):
            did = wallets[number % len(wallets)].account_did
            began_s = time.monotonic()
            async with session.get(f"{node.url}/1.0/identifiers/{did}") as answer:
                result = await answer.json(content_type=None)
            taken_s.append(time.monotonic() - began_s)
            if "proof" not in result["didResolutionMetadata"]:
                raise RefusedError(f"a ledger DID resolved without proof: {answer.status}")
    return tuple(taken_s)
