"""Two cooperatives' web contexts on this machine, and an engine that knows only decisions.

Keys, genesis, databases, HTTP and signatures are the real ones. The chain is not run: its
decisions are put into a log here and served over the engine's socket, with proofs by the same
RFC 6962 code that the ledger uses.
"""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from config.settings import Settings
from did.codec import decode, encode
from did.jcs import JsonObject, canonicalize
from federation.aggregate import AgeBand, Aggregate, Cell, Group, Sex
from federation.anchors import compute_insight_digest
from federation.budget import Budget, BudgetAccount
from federation.directory import EntryState
from federation.discovery_client import DirectoryItem
from federation.insights import Study, build_insight
from federation.record import (
    CooperativeRecord,
    LedgerAddress,
    compute_peer_id,
    compute_peer_proof_message,
    sign_record,
)
from governance.events import ProposalClosed, ProposalSubmitted
from governance.insights import EFFECTS
from governance.merkle_log import compute_root
from governance.proposal_records import DecisionLeaf, Outcome, ProposalKind
from ledger.genesis import assemble_genesis
from ledger.queries import STATE_PATH
from node.chain import adopt_genesis, make_offer
from node.founding import complete_settings, create_node
from node.home import Home, prepare_run
from node.keystore import load_key
from node.web.context import WebContext
from node.web.main import create_app, create_runner
from node.web.opening import open_context
from node.web.projection import ProjectedBlock
from tests.bylaws import make_bylaws
from tests.merkle import compute_path
from tests.ports import find_ports

CHAIN_ID = "test-web-1"


@dataclass
class DecisionEngine:
    """Answers the engine queries that insights, logins and credentials need."""

    leaves: list[bytes] = field(default_factory=list)
    state: dict[bytes, bytes] = field(default_factory=dict)
    is_down: bool = False
    methods: dict[str, Callable[[JsonObject], JsonObject]] = field(default_factory=dict)
    """Answers to other calls; one that raises ConnectionError is lost on the way."""
    get: Callable[[bytes], bytes | None] | None = None
    """State, if it is another than `state`."""
    block_times: dict[str, str] = field(default_factory=dict)
    """Height to header time, of the blocks that are kept; "0" is the newest."""

    async def handle(self, request: web.Request) -> web.Response:
        call = await request.json()
        if self.is_down:
            raise web.HTTPServiceUnavailable
        if call["method"] in self.methods:
            try:
                return web.json_response({"result": self.methods[call["method"]](call["params"])})
            except ConnectionError:
                raise web.HTTPServiceUnavailable from None
        if call["method"] == "commit":
            time = self.block_times.get(call["params"].get("height", "0"))
            if time is None:
                return web.json_response({"error": {"code": -32603, "message": "not kept"}})
            return web.json_response({"result": {"signed_header": {"header": {"time": time}}}})
        assert call["method"] == "abci_query"
        if call["params"]["path"] == STATE_PATH:
            found = (self.get or self.state.get)(bytes.fromhex(call["params"]["data"])) or b""
            return _answer_query(found)
        assert call["params"]["path"] == "/log/decisions"
        size, index = decode(bytes.fromhex(call["params"]["data"]), bytes_max=1_024)
        leaves = self.leaves[:size]
        path = compute_path(leaves, index=index)
        value = encode([leaves[index], size, compute_root(leaves), [*path]])
        return _answer_query(value)


def _answer_query(value: bytes) -> web.Response:
    response = {"code": 0, "value": base64.b64encode(value).decode(), "height": "1"}
    return web.json_response({"result": {"response": response}})


@dataclass
class WebNode:
    """One cooperative's web process, without its loops."""

    home: Home
    context: WebContext
    engine: DecisionEngine
    url: str
    """Where it listens on loopback."""
    runner: web.AppRunner

    def learn(self, leaf: DecisionLeaf) -> None:
        """Let this node's ledger and read model know a decision, and what followed from it."""
        fields = {"insight": leaf.subject, "proposal": leaf.proposal}
        told = [
            EFFECTS[kind][1](cooperative=leaf.cooperative, **fields)
            for kind in EFFECTS
            if kind is leaf.kind and leaf.outcome is Outcome.ACCEPTED
        ]
        height = self.context.projection.height + 1
        self.context.projection.apply_block(
            ProjectedBlock(
                height=height,
                time_ms=height * 1_000,
                app_hash=bytes(32),
                events=(
                    ProposalSubmitted(
                        cooperative=leaf.cooperative,
                        proposal=leaf.proposal,
                        kind=leaf.kind,
                        proposer=bytes(32),
                        text_hash=bytes(32),
                        subject=leaf.subject,
                        bylaws_hash=bytes(32),
                    ),
                    ProposalClosed(
                        cooperative=leaf.cooperative,
                        proposal=leaf.proposal,
                        kind=leaf.kind,
                        outcome=leaf.outcome,
                        subject=leaf.subject,
                        yes_count=leaf.yes_count,
                        no_count=leaf.no_count,
                        abstain_count=leaf.abstain_count,
                        electorate_count=leaf.electorate_count,
                        quorum_bps=3_000,
                        ballots_root=bytes(32),
                        decision_index=len(self.engine.leaves),
                        yes_of_roll_bps=500,
                        call=1,
                    ),
                    *told,
                ),
            )
        )
        self.engine.leaves.append(leaf.encode())

    def draft_insight(self) -> bytes:
        """Keep a draft as the operator's command would; its digest."""
        now_ms = self.context.clock.now_ms()
        document = build_insight(
            actor=self.context.actor,
            insight_id="ab" * 16,
            study=Study(
                name="Heart disease by age and sex",
                condition=(("http://hl7.org/fhir/sid/icd-10", "I25"),),
                license="https://creativecommons.org/licenses/by/4.0/",
            ),
            basis=None,
            aggregate=Aggregate(
                epsilon_millionths=500_000,
                cell_people_min=50,
                cells=(Cell(Group(Sex.MALE, tuple(AgeBand)), 80, 40),),
                suppressed=(Group(Sex.FEMALE, tuple(AgeBand)),),
            ),
            budget=Budget(
                account=BudgetAccount(dataset="members", period="2026", total_millionths=1_000_000),
                spent_millionths=500_000,
            ),
            now_s=now_ms // 1_000,
        )
        digest = compute_insight_digest(document)
        self.context.private.put_draft(
            digest=digest, document=canonicalize(document), now_ms=now_ms
        )
        return digest

    def decide(
        self,
        digest: bytes,
        *,
        kind: ProposalKind = ProposalKind.INSIGHT,
        outcome: Outcome = Outcome.ACCEPTED,
    ) -> DecisionLeaf:
        """What the members of this cooperative decide about an insight's digest."""
        return DecisionLeaf(
            cooperative=self.context.registry.own.id,
            proposal=bytes([kind]) + digest[::-1][1:],
            kind=kind,
            outcome=outcome,
            subject=digest,
            yes_count=3,
            no_count=1,
            abstain_count=0,
            electorate_count=5,
        )

    def render_record(self) -> DirectoryItem:
        """The record that this node's discovery would have carried."""
        own, peer_key = self.context.registry.own, load_key(self.home.keys, "libp2p")
        now_s = self.context.clock.now_s()
        peer_id = compute_peer_id(peer_key.public_key)
        message = compute_peer_proof_message(
            did=own.did, peer_id=peer_id, seq=now_s, exp=now_s + 600
        )
        record = CooperativeRecord(
            did=own.did,
            name=own.name,
            actor=self.context.actor,
            inbox=f"{own.origin}/inbox",
            ledger=LedgerAddress(chain_id=CHAIN_ID, node_id=own.node_id, address=own.p2p_address),
            peer_id=peer_id,
            peer_addresses=("/ip4/127.0.0.1/tcp/4001",),
            software="rochdale/test",
            seq=now_s,
            iat=now_s,
            exp=now_s + 600,
            peer_proof=peer_key.sign(message),
        )
        jws = sign_record(record, key=self.context.assertion_key, kid=f"{own.did}#assertion")
        return DirectoryItem(did=own.did, record_jws=jws, state=EntryState.FRESH)


Pair = tuple[WebNode, WebNode]


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    """Two founded cooperatives, each serving on loopback."""
    ports = find_ports(2)
    settings = [_settings(name, ports) for name in ("ash", "birch")]
    homes = [create_node(tmp_path / item.node.name.lower(), item) for item in settings]
    genesis = assemble_genesis(
        [make_offer(home, item) for home, item in zip(homes, settings, strict=True)],
        chain_id=CHAIN_ID,
        network="test-web",
        bylaws=make_bylaws(),
        time_scale=1,
        genesis_time_ms=1_700_000_000_000,
    )
    async with AsyncExitStack() as stack:
        nodes = []
        for home, item, port in zip(homes, settings, ports, strict=True):
            adopt_genesis(home, item, genesis)
            prepare_run(home)
            nodes.append(await _serve(stack, home, item, port))
        yield nodes[0], nodes[1]


def _settings(name: str, ports: list[int]) -> Settings:
    hosts = {"ash.test": f"127.0.0.1:{ports[0]}", "birch.test": f"127.0.0.1:{ports[1]}"}
    return complete_settings(
        {
            "node.name": name.title(),
            "node.origin": f"https://{name}.test",
            "network.chain_id": CHAIN_ID,
            "network.network": "test-web",
            "network.hosts": hosts,
            "engine.p2p_listen": f"127.0.0.1:{20_000 + (name == 'birch')}",
            "web.listen": hosts[f"{name}.test"],
        }
    )


async def _serve(stack: AsyncExitStack, home: Home, settings: Settings, port: int) -> WebNode:
    engine = DecisionEngine()
    engine_app = web.Application()
    engine_app.router.add_post("/", engine.handle)
    engine_runner = web.AppRunner(engine_app, shutdown_timeout=0.1)
    await engine_runner.setup()
    stack.push_async_callback(engine_runner.cleanup)
    await web.UnixSite(engine_runner, str(home.rpc_socket)).start()
    context = await stack.enter_async_context(open_context(home, settings))
    runner = create_runner(create_app(context))
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return WebNode(
        home=home,
        context=context,
        engine=engine,
        url=f"http://127.0.0.1:{port}",
        runner=runner,
    )
