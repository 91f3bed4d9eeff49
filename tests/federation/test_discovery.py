"""The discovery process: real processes that find each other on this machine."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from config.errors import RefusedError, UnavailableError
from config.limits import DISCOVERY_FRAME_BYTES_MAX
from federation.discovery_client import DiscoveryClient
from federation.discovery_wire import Request, encode_frame, encode_request
from federation.record import compute_peer_id, open_record
from tests.ports import find_ports

MAIN = """
import sys, time
from pathlib import Path
from config.errors import MisconfiguredError
from federation.discovery import DiscoverySettings, run_discovery
home, seed, listen, bootstrap, stop = sys.argv[1:]
settings = DiscoverySettings(
    socket_path=Path(home, "s"), directory_path=Path(home, "d"), listen=listen,
    bootstrap=tuple(bootstrap.split()),
)
try:
    run_discovery(
        settings, seed=bytes.fromhex(seed), now_s=lambda: int(time.time()),
        stop_descriptor=int(stop) if stop else None,
    )
except MisconfiguredError as error:
    sys.exit(str(error))
"""


class Node:
    """One cooperative's discovery process."""

    def __init__(self, cooperative: Any, home: Path, *, bootstrap: "Node | None") -> None:
        home.mkdir()
        self.cooperative = cooperative
        self.home = home
        self.bootstrap = "" if bootstrap is None else bootstrap.address
        self.client = DiscoveryClient(home / "s")
        self.process: subprocess.Popen[bytes] | None = None
        self.listen = f"/ip4/127.0.0.1/tcp/{find_ports(1)[0]}"

    @property
    def address(self) -> str:
        return f"{self.listen}/p2p/{compute_peer_id(self.cooperative.peer_key.public_key)}"

    def start(self, *, stop_descriptor: int | None = None) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-c", MAIN, str(self.home), self.cooperative.peer_key.seed.hex()),
                *(self.listen, self.bootstrap, str(stop_descriptor or "")),
            ],
            cwd=Path(__file__).parents[2],
            pass_fds=[] if stop_descriptor is None else [stop_descriptor],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        assert self.process is not None
        _, self.errors = self.process.communicate(timeout=10)
        return self.process.returncode

    async def join(self, cooperatives: list[Any]) -> None:
        """What web does: say who is registered, publish the own record."""
        registry = {item.did: item.assertion_key.public_key for item in cooperatives}
        await call_when_up(lambda: self.client.set_registry(registry))
        now_s = int(time.time())
        peer = await self.client.get_peer()
        record = self.cooperative.build(seq=now_s, exp=now_s + 86_400)
        await self.client.publish(
            self.cooperative.sign(record, peer_addresses=tuple(peer.addresses))
        )

    async def wait_for(self, **figures: int) -> None:
        """Wait until the status shows at least these figures."""
        async with asyncio.timeout(30):
            while True:
                status = await call_when_up(self.client.get_status)
                if all(int(status[name]) >= figure for name, figure in figures.items()):
                    return
                await asyncio.sleep(0.05)


async def call_when_up(call: Callable[[], Any]) -> Any:
    """Call until the process answers."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await call()
            except UnavailableError:
                await asyncio.sleep(0.05)


@pytest.fixture
async def make_node(tmp_path: Path) -> AsyncIterator[Callable[..., Node]]:
    """Nodes that are killed at the end of the test, if they still run."""
    nodes: list[Node] = []

    def make(cooperative: Any, *, bootstrap: Node | None = None) -> Node:
        nodes.append(Node(cooperative, tmp_path / str(len(nodes)), bootstrap=bootstrap))
        return nodes[-1]

    yield make
    for node in nodes:
        await node.client.close()
        if node.process is not None and node.process.poll() is None:
            node.stop(signal.SIGKILL)


async def test_four_processes_find_all_four(
    make_node: Callable[..., Node], make_cooperative: Callable[[int], Any]
) -> None:
    """From one bootstrap address, started last, and again after restarts without it."""
    cooperatives = [make_cooperative(number) for number in range(1, 5)]
    first = make_node(cooperatives[0])
    others = [make_node(item, bootstrap=first) for item in cooperatives[1:]]
    nodes = [first, *others]

    for node in reversed(nodes):
        node.start()
    await asyncio.gather(*(node.join(cooperatives) for node in nodes))
    await asyncio.gather(*(node.wait_for(fresh=4, connected=3, holders=3) for node in nodes))
    for item in await first.client.get_directory():
        key = {each.did: each.assertion_key.public_key for each in cooperatives}[item.did]
        assert open_record(item.record_jws, assertion_key=key).did == item.did

    # A node that lost its directory is told again.
    assert others[0].stop(signal.SIGKILL) == -signal.SIGKILL
    (others[0].home / "d").unlink()
    others[0].start()
    await others[0].join(cooperatives)
    await others[0].wait_for(fresh=4, connected=3)

    # A node that kept it rejoins by itself while bootstrap is down.
    assert first.stop() == 0
    assert others[1].stop() == 0
    others[1].start()
    await others[1].wait_for(fresh=4, connected=2, holders=2)

    for node in others:
        assert node.stop() == 0


async def test_a_node_without_its_bootstrap_goes_on(
    make_node: Callable[..., Node], cooperative: Any, other: Any
) -> None:
    """Bootstrap being down is no failure: the node serves its own processes and waits."""
    absent = make_node(other)
    node = make_node(cooperative, bootstrap=absent)
    node.start()

    await node.join([cooperative, other])
    await asyncio.sleep(1)
    status = await node.client.get_status()

    assert status["fresh"] == 1
    assert status["connected"] == 0
    absent.start()
    await absent.join([cooperative, other])
    await node.wait_for(fresh=2, connected=1)


async def test_damaged_frames_cost_the_connection_alone(
    make_node: Callable[..., Node], cooperative: Any
) -> None:
    """Oversized, empty, malformed and cut-off frames are refused without harm."""
    node = make_node(cooperative)
    node.start()
    await call_when_up(node.client.get_peer)

    too_long = (DISCOVERY_FRAME_BYTES_MAX + 1).to_bytes(4, "big")
    for damaged in (bytes(4), too_long, b"\xff" * 64, encode_frame([1]), encode_frame(None), b"\0"):
        reader, writer = await asyncio.open_unix_connection(node.home / "s")
        writer.write(damaged)
        writer.write_eof()
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()

    reader, writer = await asyncio.open_unix_connection(node.home / "s")
    unknown = encode_request(Request(request_id=1, method="destroy", arguments=()))
    writer.write(unknown)
    assert len(await reader.readexactly(4)) == 4
    writer.close()
    with pytest.raises(RefusedError):
        await node.client.publish("not a record")
    assert (await node.client.get_peer()).addresses == (node.listen,)
    assert (node.home / "s").stat().st_mode & 0o777 == 0o600


async def test_ends_when_its_parents_pipe_closes(
    make_node: Callable[..., Node], cooperative: Any
) -> None:
    """A supervisor that dies takes its processes with it, in less than two seconds."""
    node = make_node(cooperative)
    reading, writing = os.pipe()
    node.start(stop_descriptor=reading)
    os.close(reading)
    await call_when_up(node.client.get_peer)

    os.close(writing)
    started = time.monotonic()

    assert node.wait() == 0
    assert time.monotonic() - started < 2


async def test_says_which_setting_is_wrong_when_the_port_is_taken(
    make_node: Callable[..., Node], cooperative: Any, other: Any
) -> None:
    """A taken port ends the start with a sentence for the operator."""
    node, late = make_node(cooperative), make_node(other)
    node.start()
    await call_when_up(node.client.get_peer)
    late.listen = node.listen
    late.start()

    assert late.wait() == 1
    assert b"Address already in use" in late.errors


async def test_a_client_learns_that_the_process_is_down(tmp_path: Path) -> None:
    """A call without a process fails as unavailable, to be tried later."""
    async with DiscoveryClient(tmp_path / "absent") as client:
        with pytest.raises(UnavailableError):
            await client.get_status()
