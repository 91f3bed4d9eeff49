"""A copy of a running node's state, for commands that read it record by record.

The node's store belongs to its ledger process, and its files change under a reader. So a command
asks that process for a snapshot, which LevelDB takes at one commit; it becomes a store of its
own, whole and led back to an app hash, and that to a header which is checked from the genesis on.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from config.errors import MisconfiguredError, RefusedError, UnavailableError
from config.snapshot_limits import SNAPSHOT_WANTED_WAIT_S
from ledger.headers import Header, parse_header
from ledger.light_source import LightSource
from ledger.restoring import build_store
from ledger.rpc import EngineClient
from ledger.snapshot_shelf import find_snapshot
from ledger.snapshots import SnapshotInfo
from ledger.store import Store
from node.chain import load_genesis
from node.home import Home

_POLL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What headers say of a block's commit."""

    app_hash: bytes
    time_ms: int | None
    """The block's own; None if the node does not have its header."""


@contextmanager
def copy_running(home: Home) -> Iterator[Store]:
    """Open a copy of a running node's state, as of a block from now on; it goes in the end.

    Raises:
        UnavailableError: The node does not answer, no block came in time, or the copy was
            replaced while it was read.
        RefusedError: What the node wrote is not the chain's state.
        MisconfiguredError: There is no room for it beside the node's.
    """
    height = asyncio.run(_fetch_height(home))
    with TemporaryDirectory(prefix="copy-", dir=home.root) as directory:
        path = Path(directory) / "ledger"
        info = _build(_await_snapshot(home, height), path)
        expected = asyncio.run(fetch_committed(home, info.chain_id, height=info.height))
        if expected.app_hash != info.app_hash:
            raise RefusedError(
                f"the node's state at height {info.height} is another than the chain's: stop the "
                "node, and see `rochdale ledger scrub`"
            )
        store = Store.open(path)
        try:
            yield store
        finally:
            store.close()


async def fetch_committed(home: Home, chain_id: str, *, height: int) -> Committed:
    """What the chain says of a block's commit: the app hash from the header that follows it.

    Args:
        home: Of a running node, whose headers are checked from the genesis on.
        chain_id: The chain that is meant.
        height: Of the block.

    Raises:
        MisconfiguredError: The node is of another chain.
        UnavailableError: The node cannot tell.
    """
    trust = load_genesis(home).trust
    if trust.chain_id != chain_id:
        raise MisconfiguredError(
            f"the snapshot is of {chain_id}, and the node at {home.root} of {trust.chain_id}: "
            "name a home of that chain, or the app hash with `--app-hash`"
        )
    try:
        async with EngineClient(home.rpc_socket) as client:
            source = LightSource(client, trust)
            await _await_height(client, height + 1)
            block = await source.fetch_block(height + 1)
            await source.find_bridge(block)
            return Committed(
                app_hash=block.header.app_hash, time_ms=await _fetch_time(client, block.header)
            )
    except (UnavailableError, RefusedError) as error:
        raise UnavailableError(
            f"the node at {home.root} cannot tell the header of block {height + 1} "
            f"({error}): start it, or name the app hash with `--app-hash`"
        ) from error


def check_committed(info: SnapshotInfo, committed: Committed, *, snapshot: Path) -> None:
    """Check that a snapshot says of its block what the chain does.

    Raises:
        RefusedError: It does not.
    """
    if committed.app_hash != info.app_hash:
        raise RefusedError(
            f"{snapshot} is another state than the chain's: its app hash at height {info.height} "
            f"is {info.app_hash.hex()}, the chain's {committed.app_hash.hex()}. Delete it"
        )
    if committed.time_ms not in {None, info.time_ms}:
        raise RefusedError(
            f"{snapshot} says another time of block {info.height} than its header: "
            f"{info.time_ms}, not {committed.time_ms}. Delete it"
        )


async def _fetch_time(client: EngineClient, after: Header) -> int | None:
    """The time of the block before a header that holds: of that block's own header, if it is there.

    Raises:
        RefusedError: The engine has another header there than the later one names.
    """
    try:
        signed = await client.commit(after.height - 1)
    except RefusedError:
        return None  # joined later, let go, or of a chain that this one goes on from
    header = parse_header(signed["header"])
    if header.compute_hash() != after.last_block_id.hash:
        raise RefusedError(f"the engine's header of block {header.height} is not the chain's")
    return header.time_ns // 1_000_000


async def _await_height(client: EngineClient, height: int) -> None:
    """A header with a block's app hash is the next one's, which a heartbeat may be away."""
    try:
        async with asyncio.timeout(SNAPSHOT_WANTED_WAIT_S):
            await client.wait_for_height(height)
    except TimeoutError as error:
        raise UnavailableError(f"no block {height} came: the chain stands still") from error


async def _fetch_height(home: Home) -> int:
    try:
        async with EngineClient(home.rpc_socket) as client:
            status = await client.call("status")
    except (UnavailableError, RefusedError) as error:
        raise UnavailableError(_describe_busy(home, f"its engine does not answer ({error})")) from (
            error
        )
    return int(status["sync_info"]["latest_block_height"])


def _await_snapshot(home: Home, height: int) -> Path:
    home.snapshot_wanted_path.touch(mode=0o600)
    deadline_s = time.monotonic() + SNAPSHOT_WANTED_WAIT_S
    while time.monotonic() < deadline_s:
        found = find_snapshot(home.snapshots, from_height=height)
        if found is not None:
            return found
        time.sleep(_POLL_S)
    home.snapshot_wanted_path.unlink(missing_ok=True)
    raise UnavailableError(_describe_busy(home, "it has made no copy of its state in time"))


def _build(snapshot: Path, path: Path) -> SnapshotInfo:
    try:
        return build_store(snapshot, path)
    except FileNotFoundError as error:
        raise UnavailableError("newer snapshots took this one's place: try again") from error


def _describe_busy(home: Home, why: str) -> str:
    return (
        f"the node at {home.root} is running, and {why}: see `rochdale status --home {home.root}`, "
        f"and try again; or stop it with `rochdale stop --home {home.root}` first"
    )
