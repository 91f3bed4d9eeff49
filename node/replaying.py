"""Executing a node's blocks again, from nothing, and comparing every app hash on the way.

The engine does it itself: at its start it hands the application every block that it lacks and
stops at the first whose app hash is another than the next header's. So it gets a copy of its
own blocks, a ledger without a state, no peers and a key that signs nothing, and is ended as
soon as it is through. The node's own data is only read.
"""

import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from config.errors import MisconfiguredError, RefusedError
from config.settings import Settings
from did.keys import KeyPair
from ledger.abci import serve_abci
from ledger.application import Application
from ledger.engine import (
    EngineHome,
    check_engine,
    engine_argv,
    get_engine_environment,
    write_engine_home,
)
from ledger.restoring import build_store
from ledger.rpc import EngineClient
from ledger.snapshot_shelf import read_snapshot
from ledger.store import Store, create_store
from node.chain import load_genesis
from node.home import Home
from node.processes import find_engine

_DATABASES = ("blockstore.db", "state.db")
_TABLE = ".ldb"
"""Files of the engine's LevelDB that never change once they are written."""
_POLL_S = 0.2
_LOG = "engine.log"


class ReplayError(RefusedError):
    """The blocks do not lead to what the chain says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of it."""

    height: int
    app_hash: bytes
    took_s: float


@dataclass(frozen=True, slots=True)
class _Work:
    """Where a replay happens."""

    root: Path
    """In the node's home, so that the engine's tables need no copying."""
    sockets: Path
    """A short path."""

    @property
    def ledger(self) -> Path:
        return self.root / "ledger"

    @property
    def engine(self) -> Path:
        return self.root / "engine"

    @property
    def log(self) -> Path:
        return self.root / _LOG


def replay(
    home: Home,
    settings: Settings,
    *,
    snapshot: Path | None,
    output: Path,
    tell: Callable[[int], None],
) -> Replayed:
    """Replay a stopped node's blocks.

    Args:
        home: The node's.
        settings: The node's.
        snapshot: A snapshot's directory to begin from; None for the genesis.
        output: Directory to work in, which does not exist yet; `ledger` below it is the state
            that came out. It stays if a block led elsewhere, and goes if nothing was replayed.
        tell: Given the height every now and then.

    Raises:
        MisconfiguredError: The node has no blocks or no genesis file.
        RefusedError: The snapshot is none or another chain's, or the blocks begin later than this.
        ReplayError: A block leads to another app hash than the next header says.
    """
    genesis = _read_genesis(home, is_whole=snapshot is None)
    if snapshot is not None:
        _check_chain(snapshot, chain_id=settings.network.chain_id)
    try:
        output.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise MisconfiguredError(
            f"{output} cannot be made ({error.strerror}): name a new directory with `--output`"
        ) from error
    sockets = Path(tempfile.mkdtemp(prefix="rochdale-replay-"))
    work = _Work(output, sockets)
    try:
        _prepare(home, settings, work, genesis=genesis, snapshot=snapshot)
        return asyncio.run(_run(work, settings, tell=tell))
    except ReplayError:
        raise
    except BaseException:
        shutil.rmtree(output, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(sockets, ignore_errors=True)
        shutil.rmtree(work.engine, ignore_errors=True)


def clear_place(place: Path) -> None:
    """Remove what an earlier replay left, and nothing else.

    Raises:
        MisconfiguredError: Something else is there.
    """
    if not os.path.lexists(place):
        return
    found = {item.name for item in place.iterdir()} if place.is_dir() else set()
    if _LOG not in found or found - {_LOG, "ledger", "engine"}:
        raise MisconfiguredError(
            f"{place} is there already and no earlier replay's: move it away, or name a new "
            "directory with `--output`"
        )
    shutil.rmtree(place, ignore_errors=True)


def _read_genesis(home: Home, *, is_whole: bool) -> bytes:
    """The genesis file, once it is sure that the node has blocks to replay."""
    if not (home.engine_data / _DATABASES[0]).is_dir():
        raise MisconfiguredError(f"the node at {home.root} has no blocks to replay")
    if load_genesis(home).recovery is not None and is_whole:
        raise MisconfiguredError(
            "this chain goes on from another's state, which its blocks do not tell: begin from a "
            "snapshot's directory with `--from`"
        )
    return home.genesis_path.read_bytes()


def _check_chain(snapshot: Path, *, chain_id: str) -> None:
    """Check that a snapshot says it is of the chain whose blocks follow; no app hash does."""
    info, _ = read_snapshot(snapshot)
    if info.chain_id != chain_id:
        raise RefusedError(
            f"{snapshot} is of chain {info.chain_id}, and this node's blocks are of {chain_id}: "
            "name a snapshot of that chain with `--from`"
        )


def _prepare(
    home: Home, settings: Settings, work: _Work, *, genesis: bytes, snapshot: Path | None
) -> None:
    if snapshot is None:
        create_store(work.ledger)
    else:
        build_store(snapshot, work.ledger)
    write_engine_home(
        _engine_home(settings, work),
        node_key=KeyPair(os.urandom(32)),
        consensus_key=KeyPair(os.urandom(32)),
        genesis=genesis,
    )
    for name in _DATABASES:
        shutil.copytree(
            home.engine_data / name, work.engine / "data" / name, copy_function=_copy_or_link
        )


def _engine_home(settings: Settings, work: _Work) -> EngineHome:
    alone = replace(
        settings.engine, p2p_listen="127.0.0.1:0", p2p_advertise="", persistent_peers=()
    )
    return EngineHome(
        path=work.engine,
        chain_id=settings.network.chain_id,
        moniker="replay",
        abci_socket=work.sockets / "abci.sock",
        rpc_socket=work.sockets / "rpc.sock",
        settings=alone,
        may_sign=False,
    )


def _copy_or_link(source: str, target: str) -> None:
    if source.endswith(_TABLE):
        with suppress(OSError):  # another file system
            os.link(source, target)
            return
    shutil.copy2(source, target)


async def _run(work: _Work, settings: Settings, *, tell: Callable[[int], None]) -> Replayed:
    began_s = time.monotonic()
    home = _engine_home(settings, work)
    application = Application(Store.open(work.ledger), software_version=version("rochdale"))
    serving = asyncio.create_task(serve_abci(application, home.abci_socket))
    try:
        while not home.abci_socket.exists() and not serving.done():  # noqa: ASYNC110 - a file tells
            await asyncio.sleep(_POLL_S)
        with work.log.open("wb") as log:
            engine = await asyncio.create_subprocess_exec(
                *engine_argv(check_engine(find_engine(settings)).path, home.path),
                env=get_engine_environment(),
                stdout=log,
                stderr=log,
            )
        try:
            await _follow(application, engine, serving, home=home, work=work, tell=tell)
        finally:
            with suppress(ProcessLookupError):
                engine.kill()
            await engine.wait()
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        height, app_hash = application.next_height - 1, application.app_hash
        application.close()
    return Replayed(height=height, app_hash=app_hash, took_s=time.monotonic() - began_s)


async def _follow(
    application: Application,
    engine: asyncio.subprocess.Process,
    serving: "asyncio.Task[None]",
    *,
    home: EngineHome,
    work: _Work,
    tell: Callable[[int], None],
) -> None:
    """Wait until the engine serves, which it does once the application has every block."""
    async with EngineClient(home.rpc_socket, timeout_s=1) as client:
        while True:
            tell(application.next_height - 1)
            if serving.done():
                await serving  # says why
            if engine.returncode is not None:
                raise _explain(work, height=application.next_height - 1)
            with suppress(Exception):
                await client.status()
                return
            await asyncio.sleep(_POLL_S)


def _explain(work: _Work, *, height: int) -> RefusedError:
    said = work.log.read_text(encoding="utf-8", errors="replace")
    kept = f"the state up to there is kept in {work.ledger}"
    if "AppHash does not match" in said:
        line = next(line for line in said.splitlines() if "AppHash does not match" in line)
        return ReplayError(
            f"block {height} leads to another app hash than the chain has: {line.strip()[:300]}. "
            f"{kept}: compare it with `rochdale ledger diff`"
        )
    if "is too far below block store base" in said:
        return RefusedError(
            f"this node has not kept block {height + 1} and all that follow, as it joined by state "
            "sync or pruned them: begin from a newer snapshot (`--from snapshots/HEIGHT`), or "
            "replay on another node"
        )
    if "is higher than core" in said:
        return RefusedError(
            f"the snapshot of block {height} is newer than this node's blocks: begin from an older"
        )
    return ReplayError(f"the engine ended at block {height} ({_last_words(said)}): {kept}")


def _last_words(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    if not lines:
        return "without a word"
    with suppress(ValueError):
        parsed = json.loads(lines[-1])
        return str(parsed.get("err") or parsed.get("_msg") or lines[-1])[:300]
    return lines[-1][:300]
