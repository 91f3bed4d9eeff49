"""A real engine for the ledger's tests, with its built-in key-value application."""

import asyncio
import base64
import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import UnavailableError
from config.settings import EngineSection
from did.keys import KeyPair
from ledger.application import Application
from ledger.engine import (
    EngineHome,
    engine_argv,
    get_default_engine_path,
    get_engine_environment,
    write_engine_home,
)
from ledger.rpc import EngineClient
from tests.ledger.scenario import Chain

CONSENSUS_KEY = KeyPair(bytes([7]) * 32)
NODE_KEY = KeyPair(bytes([8]) * 32)
CHAIN_ID = "test-one-1"


@pytest.fixture(scope="session")
def kvstore_engine() -> Iterator[EngineHome]:
    """One running validator; blocks every 0.3 s."""
    directory = Path(tempfile.mkdtemp(prefix="l2-", dir="/tmp"))
    home = EngineHome(
        path=directory / "engine",
        chain_id=CHAIN_ID,
        moniker="one",
        abci_socket=directory / "abci.sock",
        rpc_socket=directory / "rpc.sock",
        settings=EngineSection(p2p_listen="127.0.0.1:0", heartbeat_ms=200, timeout_commit_ms=100),
    )
    write_engine_home(
        home, node_key=NODE_KEY, consensus_key=CONSENSUS_KEY, genesis=render_kvstore_genesis()
    )
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *engine_argv(get_default_engine_path(), home.path),
                "--proxy_app=kvstore",
            ],
            env=get_engine_environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    asyncio.run(_wait_for_first_block(home))
    yield home
    process.terminate()
    process.wait(10)
    shutil.rmtree(directory)


async def _wait_for_first_block(home: EngineHome) -> None:
    async with asyncio.timeout(30), EngineClient(home.rpc_socket) as client:
        while True:
            with contextlib.suppress(UnavailableError):
                await client.wait_for_height(1)
                break
            await asyncio.sleep(0.1)


def render_kvstore_genesis() -> bytes:
    """A chain with one validator and no state of ours."""
    validator = {
        "address": "",
        "pub_key": {
            "type": "tendermint/PubKeyEd25519",
            "value": base64.b64encode(CONSENSUS_KEY.public_key).decode(),
        },
        "power": "100",
        "name": "",
    }
    return json.dumps(
        {
            "genesis_time": "2026-11-24T00:00:00Z",
            "chain_id": CHAIN_ID,
            "initial_height": "1",
            "validators": [validator],
            "app_hash": "",
        }
    ).encode()


@pytest.fixture
def socket_path() -> Iterator[Path]:
    """Where a test's application is served."""
    directory = Path(tempfile.mkdtemp(prefix="abci-", dir="/tmp"))
    yield directory / "abci.sock"
    shutil.rmtree(directory)


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Application]:
    """An application whose chain has begun."""
    begun = Chain.start(tmp_path / "ledger").application
    yield begun
    begun.close()
