"""A federation of real engines with ledger processes: founders, motions, keys, agreement."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config.errors import UnavailableError
from config.settings import EngineSection
from did.accounts import Inception, compute_key_commitment
from did.keys import KeyPair
from governance.acts import (
    AdmitCooperative,
    FederalAct,
    NewCooperative,
    compute_request_input,
)
from governance.records import Cooperative
from governance.state_keys import FEDERATION, Collection, state_key
from governance.transactions import (
    ApproveFederalAct,
    Payload,
    ProposeFederalAct,
    compute_motion_id,
)
from ledger.engine import EngineHome, compute_node_id, write_engine_home
from ledger.envelope import sign_transaction
from ledger.genesis import Founder, assemble_genesis, render_founder
from ledger.queries import STATE_PATH
from ledger.rpc import EngineClient
from ledger.rpc_answers import TxResult
from ledger.store import create_store
from tests.ledger.engine_nodes import EngineNode
from tests.ledger.scenario import BYLAWS

CHAIN_ID = "test-federation-1"
NETWORK = "test-federation"
TIME_SCALE = 259_200
"""Thirty days take ten seconds."""
HEARTBEAT_MS = 1_000
BUCKET_S = 3
_LEDGER = Path(__file__).with_name("plain_ledger.py")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class FederationNode:
    """One cooperative: its keys and its node."""

    number: int
    port: int
    directory: Path
    consensus: KeyPair = field(init=False)
    retired: list[KeyPair] = field(default_factory=list)
    node: EngineNode = field(init=False)

    def __post_init__(self) -> None:
        self.consensus = self.key("consensus")

    def key(self, purpose: str) -> KeyPair:
        return KeyPair(f"{purpose}{self.number}".encode().ljust(32, b"."))

    @property
    def inception(self) -> Inception:
        return Inception(
            public_key=self.key("root").public_key,
            next_key_commitment=compute_key_commitment(self.key("root-next").public_key),
            guardians_commitment=bytes(32),
        )

    @property
    def id(self) -> bytes:
        return self.inception.compute_id()

    @property
    def node_id(self) -> str:
        return compute_node_id(self.key("node").public_key)

    @property
    def peer(self) -> str:
        return f"{self.node_id}@127.0.0.1:{self.port}"

    def make_founder(self) -> str:
        founder = Founder(
            chain_id=CHAIN_ID,
            network=NETWORK,
            name=f"Cooperative {self.number}",
            origin=f"https://c{self.number}.test",
            inception=self.inception,
            registrar_key=self.key("registrar").public_key,
            assertion_key=self.key("assertion").public_key,
            consensus_key=self.consensus.public_key,
            node_id=self.node_id,
            p2p_address=f"127.0.0.1:{self.port}",
        )
        return render_founder(founder, root_key=self.key("root"))

    def make_request(self) -> AdmitCooperative:
        """To become a member that does not validate."""
        request = NewCooperative(
            inception=self.inception,
            did=f"did:web:c{self.number}.test",
            registrar_key=self.key("registrar").public_key,
            assertion_key=self.key("assertion").public_key,
            node_id=bytes.fromhex(self.node_id),
        )
        signature = self.key("root").sign(compute_request_input(request, network=NETWORK))
        return AdmitCooperative(request=request, signature=signature)

    def write_home(self, genesis: bytes, peers: Sequence[str]) -> None:
        """Everything that its engine needs; may be called again after a rotation."""
        self.directory.mkdir(exist_ok=True)
        home = EngineHome(
            path=self.directory / "engine",
            chain_id=CHAIN_ID,
            moniker=f"c{self.number}",
            abci_socket=self.directory / "abci.sock",
            rpc_socket=self.directory / "rpc.sock",
            settings=EngineSection(
                p2p_listen=f"127.0.0.1:{self.port}",
                heartbeat_ms=HEARTBEAT_MS,
                timeout_commit_ms=100,
                persistent_peers=tuple(peers),
            ),
        )
        write_engine_home(
            home,
            node_key=self.key("node"),
            consensus_key=self.consensus,
            genesis=genesis,
            retired_keys=self.retired,
        )
        if not (self.directory / "ledger").exists():
            create_store(self.directory / "ledger")
        self.node = EngineNode(self.directory, home, _LEDGER)

    async def start(self) -> None:
        await self.node.start()

    async def stop(self) -> None:
        await self.node.stop()

    async def height(self) -> int:
        with suppress(UnavailableError):
            async with self.node.client() as client:
                return (await client.status()).height
        return 0


class FederationNetwork:
    """Founders numbered from 0, and others who may join."""

    def __init__(self, directory: Path, *, ports: Sequence[int], founders: int) -> None:
        self.all = [
            FederationNode(number, port, directory / f"n{number}")
            for number, port in enumerate(ports)
        ]
        self._founders = self.all[:founders]
        self.genesis = assemble_genesis(
            [founder.make_founder() for founder in self._founders],
            chain_id=CHAIN_ID,
            network=NETWORK,
            bylaws=BYLAWS,
            time_scale=TIME_SCALE,
            genesis_time_ms=now_ms(),
        )
        for each in self.all:
            self.write_home(each)
        self._nonce = now_ms()

    def write_home(self, node: FederationNode) -> None:
        node.write_home(self.genesis, [other.peer for other in self._founders if other is not node])

    async def start(self, *numbers: int) -> None:
        await asyncio.gather(*(self.all[number].start() for number in numbers))

    async def stop(self) -> None:
        await asyncio.gather(*(node.stop() for node in self.all if hasattr(node, "node")))

    def client(self, number: int = 0) -> EngineClient:
        return self.all[number].node.client()

    async def send(
        self, number: int, payload: Payload, *, key: KeyPair | None = None, at: int = 0
    ) -> TxResult:
        """Send a root's transaction through a node and wait for its block."""
        sender = self.all[number]
        self._nonce += 1
        transaction = sign_transaction(
            chain_id=CHAIN_ID,
            account=sender.id,
            nonce=max(self._nonce, 1),
            valid_until_ms=now_ms() + 600_000,
            payload=payload,
            keys=[key or sender.key("root")],
        )
        async with asyncio.timeout(60), self.client(at) as client:
            checked = await client.broadcast_tx_sync(transaction)
            assert checked.code == 0, checked.log
            result = await client.wait_for_tx(checked.hash)
        assert result.code == 0, result.log
        return result

    async def enact(
        self, act: FederalAct, *, by: int, approvals: Sequence[int], at: int = 0
    ) -> int:
        """Propose an act and let others approve it; the height of the enacting block."""
        payload = ProposeFederalAct(act=act)
        result = await self.send(by, payload, at=at)
        motion = compute_motion_id(account=self.all[by].id, nonce=self._nonce, payload=payload)
        for number in approvals:
            result = await self.send(number, ApproveFederalAct(motion=motion), at=at)
        return result.height

    async def cooperative(self, number: int, *, at: int = 0) -> Cooperative | None:
        """What the ledger holds about one."""
        key = state_key(FEDERATION, Collection.COOPERATIVE, self.all[number].id)
        async with self.client(at) as client:
            answer = await client.abci_query(STATE_PATH, key)
        return Cooperative.decode(answer.value) if answer.value else None

    async def wait_for_block(self, height: int, *numbers: int, timeout_s: float = 60) -> None:
        for number in numbers:
            await self.all[number].node.wait_for_height(height, timeout_s=timeout_s)

    async def validators(self, height: int, *, at: int = 0) -> dict[str, int]:
        """Address to power, of the set that signs a block."""
        async with self.client(at) as client:
            answer = await client.validators(height)
        return {item["address"]: int(item["voting_power"]) for item in answer["validators"]}

    async def check_agreement(self, *numbers: int) -> int:
        """Check that nodes hold the same block hashes and so the same app hashes; the height."""
        heights = [await self.all[number].height() for number in numbers]
        common = min(heights) - 1
        for height in range(1, common + 1, max(1, common // 25)):
            seen = []
            for number in numbers:
                async with self.client(number) as client:
                    header = (await client.commit(height))["header"]
                seen.append((header["app_hash"], header["validators_hash"]))
            assert len(set(seen)) == 1, f"nodes disagree at height {height}: {seen}"
        return common
