"""A federation of nodes on this machine: founding, starting, asking, ending.

Nodes are made as an operator makes them and asked over their public HTTP API. What the story
trusts (keys, genesis) comes from the ceremony, never from a node.
"""

import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from activitypub.vocabulary import ACTIVITY_TYPE
from config.errors import UnavailableError
from did.documents import DidDocument, parse_did_document
from did.jcs import JsonObject, parse_json_object
from federation.record import (
    CooperativeRecord,
    check_registered_record,
    compute_peer_id,
)
from ledger.genesis import Founder, Genesis, assemble_genesis, check_genesis
from node.chain import adopt_genesis, load_bylaws, make_offer
from node.founding import complete_settings, create_node
from node.home import Home
from node.keystore import load_key
from node.member_client import NodeClient
from node.settings import Setting
from testnet.manifest import CooperativePlan, Manifest
from testnet.ports import NodePorts
from testnet.processes import NodeProcesses
from testnet.records import write_site_records

_HEARTBEAT_MS = 200
_STOP_TIMEOUT_S = 12.0


@dataclass(slots=True, kw_only=True)
class FederationNode:
    """One cooperative's node, from outside."""

    plan: CooperativePlan
    ports: NodePorts
    processes: NodeProcesses
    founder: Founder
    """Its identity, as the ceremony made it."""
    founders: tuple[Founder, ...]
    """Everybody's."""
    client: NodeClient
    session: aiohttp.ClientSession

    @property
    def home(self) -> Home:
        """Where it lives."""
        return self.processes.home

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        return f"http://127.0.0.1:{self.ports.web}"

    @property
    def did(self) -> str:
        """The cooperative's did:web."""
        return self.founder.did

    async def get_status(self) -> JsonObject:
        """`/api/status`."""
        return await self.client.get_status()

    async def get_height(self) -> int:
        """Height of the last block; 0 while the node does not answer."""
        try:
            return int((await self.get_status())["height"])
        except UnavailableError:
            return 0

    async def get_block_id(self, height: int) -> str:
        """Hash of a block's header, which names the app hash before it; in hex."""
        commit = await self.client.get_ledger("commit", height=height)
        return str(commit["signed_header"]["commit"]["block_id"]["hash"])

    async def fetch_did_document(self) -> DidDocument:
        """The cooperative's did:web document, as its node serves it."""
        async with self.session.get(f"{self.url}/.well-known/did.json") as answer:
            return parse_did_document(await answer.read(), did=self.did)

    async def fetch_records(self) -> dict[str, CooperativeRecord]:
        """Cooperative records that the node has found, by DID, each checked here.

        Raises:
            RefusedError: A record is of a stranger, or not signed by its founder's key.
        """
        registry = {founder.did: founder.assertion_key for founder in self.founders}
        answer = await self.client.get_directory()
        return {
            item["did"]: check_registered_record(
                item["record"], now_s=int(time.time()), registry=registry
            )
            for item in answer["records"]
        }

    async def fetch_insight(self, digest: str) -> JsonObject:
        """An insight as the node holds it."""
        url = f"{self.url}/insights/{digest}"
        async with self.session.get(url, headers={"Accept": ACTIVITY_TYPE}) as answer:
            return parse_json_object(await answer.read())

    async def fetch_page(self, path: str) -> str:
        """A page, as a browser gets it."""
        async with self.session.get(self.url + path, headers={"Accept": "text/html"}) as answer:
            return await answer.text()


class LocalFederation:
    """All nodes of a manifest; use as `async with LocalFederation(…)`, which ends them."""

    def __init__(self, manifest: Manifest, *, directory: Path, ports: list[NodePorts]) -> None:
        self.manifest = manifest
        self.directory = directory
        self.nodes: list[FederationNode] = []
        self.genesis: Genesis
        self.people_counts: dict[str, int] = {}
        """Records in each cooperative's home, by its name."""
        self._ports = ports
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        await self._stack.aclose()

    @property
    def running(self) -> list[FederationNode]:
        """Nodes whose supervisor runs."""
        return [node for node in self.nodes if node.processes.is_alive]

    @property
    def genesis_path(self) -> Path:
        """The genesis file that every node has adopted."""
        return self.directory / "genesis.json"

    async def found(self) -> None:
        """Make every home, hold the ceremony, hand out records.

        Raises:
            RochdaleError: A port, a path or an offer is not fit.
        """
        offers: list[str] = []
        homes: list[Home] = []
        bootstrap = ""
        for plan, ports in zip(self.manifest.cooperatives, self._ports, strict=True):
            settings = complete_settings(self._settings(plan, ports, bootstrap=bootstrap))
            home = create_node(self.directory / plan.slug, settings)
            homes.append(home)
            offers.append(make_offer(home, settings))
            self.people_counts[plan.name] = write_site_records(plan, home.records)
            if not bootstrap:
                peer_id = compute_peer_id(load_key(home.keys, "libp2p").public_key)
                bootstrap = f"{settings.discovery.listen}/p2p/{peer_id}"
        genesis = assemble_genesis(
            offers,
            chain_id=self.manifest.chain_id,
            network=self.manifest.network,
            bylaws=load_bylaws(str(self.manifest.bylaws)),
            time_scale=self.manifest.time_scale,
            genesis_time_ms=int(time.time() * 1_000),
        )
        self.genesis = check_genesis(genesis)
        self.genesis_path.write_bytes(genesis)
        founders = {founder.name: founder for founder in self.genesis.founders}
        for plan, ports, home in zip(self.manifest.cooperatives, self._ports, homes, strict=True):
            adopt_genesis(home, complete_settings(self._settings(plan, ports)), genesis)
            await self._add_node(plan, ports, home, founders[plan.name])

    def start(self) -> None:
        """Start every node's supervisor."""
        for node in self.nodes:
            node.processes.start()

    def stop(self) -> None:
        """End every node, all at once; what does not end in time is killed."""
        for node in self.nodes:
            node.processes.ask_to_stop()
        for node in self.nodes:
            node.processes.wait_stopped(timeout_s=_STOP_TIMEOUT_S)

    async def _add_node(
        self, plan: CooperativePlan, ports: NodePorts, home: Home, founder: Founder
    ) -> None:
        client = NodeClient(f"http://127.0.0.1:{ports.web}")
        session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        await self._stack.enter_async_context(client)
        await self._stack.enter_async_context(session)
        self.nodes.append(
            FederationNode(
                plan=plan,
                ports=ports,
                processes=NodeProcesses(home),
                founder=founder,
                founders=self.genesis.founders,
                client=client,
                session=session,
            )
        )

    def _settings(
        self, plan: CooperativePlan, ports: NodePorts, *, bootstrap: str = ""
    ) -> Mapping[str, Setting]:
        hosts = {
            other.host: f"127.0.0.1:{theirs.web}"
            for other, theirs in zip(self.manifest.cooperatives, self._ports, strict=True)
        }
        return {
            "node.name": plan.name,
            "node.origin": f"https://{plan.host}",
            "network.chain_id": self.manifest.chain_id,
            "network.network": self.manifest.network,
            "network.hosts": hosts,
            "web.listen": f"127.0.0.1:{ports.web}",
            "web.catch_up_interval_s": 2,
            "engine.p2p_listen": f"127.0.0.1:{ports.engine}",
            "engine.heartbeat_ms": _HEARTBEAT_MS,
            "engine.timeout_commit_ms": self.manifest.timeout_commit_ms,
            "discovery.listen": f"/ip4/127.0.0.1/tcp/{ports.discovery}",
            "discovery.bootstrap": (bootstrap,) if bootstrap else (),
        }
