"""Joining a chain that runs: the trust bundle that a node begins from, and how far it is.

The bundle lies in the home. At each start the ledger's process says here whether the node
lacks a state; only then does the engine's process look for nodes to take it over from
(`node.joining_sources`). Without a bundle the engine executes every block. No network here.
"""

import asyncio
import datetime
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from config.errors import MisconfiguredError, RefusedError, UnavailableError
from ledger.state_sync import SyncProgress
from ledger.trust import TrustBundle, read_trust_bundle
from node.home import Home

IDLE_S_MAX = 600.0
"""How long a joining node may get nothing before engine and ledger begin anew."""
_LOOK_S = 5.0


def load_bundle(home: Home) -> TrustBundle | None:
    """The bundle that this node joins by; None if it executes every block.

    Raises:
        MisconfiguredError: It cannot be read, is of another chain, or is too old to begin from.
    """
    try:
        trust = read_trust_bundle(home.trust_path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, RefusedError) as error:
        raise MisconfiguredError(
            f"{home.trust_path} is no trust bundle ({error}): put one there that a partner's "
            "`rochdale trust export` wrote"
        ) from error
    if trust.genesis_hash != hashlib.sha256(home.genesis_path.read_bytes()).digest():
        raise MisconfiguredError(
            f"{home.trust_path} is of another chain than {home.genesis_path}: put one there that "
            "a partner's `rochdale trust export` wrote"
        )
    check_fresh(trust, where=str(home.trust_path))
    return trust


def check_fresh(trust: TrustBundle, *, where: str) -> None:
    """Check that a bundle is young enough to begin from.

    Raises:
        MisconfiguredError: It is not.
    """
    if trust.expires_ns > time.time_ns():
        return
    moment = datetime.datetime.fromtimestamp(trust.time_ns // 1_000_000_000, tz=datetime.UTC)
    raise MisconfiguredError(
        f"{where} is of {moment:%Y-%m-%d}, more than {trust.trusting_days} days old: since then "
        "validators may have changed and their old keys may be in other hands. Put a fresh one "
        "in its place (`rochdale trust export` on a partner's node), or begin from genesis.json"
    )


def begin(home: Home, *, lacks_state: bool) -> None:
    """Say whether this node takes over a state: by the ledger's process, before the engine starts.

    Raises:
        MisconfiguredError: It lacks one, and its bundle cannot be used.
    """
    home.joining_path.unlink(missing_ok=True)
    if not lacks_state:
        return
    try:
        if load_bundle(home) is not None:
            report(home, SyncProgress())
    except MisconfiguredError as error:
        note_problem(home, str(error))
        raise


def report(home: Home, progress: SyncProgress) -> None:
    """Write down how far joining is, for `rochdale status` and the engine's process."""
    _write(home, {**asdict(progress), "problem": None})


def note_problem(home: Home, problem: str) -> None:
    """Write down why joining cannot begin."""
    _write(home, {**asdict(SyncProgress()), "problem": problem})


def read_progress(home: Home) -> Mapping[str, Any] | None:
    """What was written down last: a `SyncProgress`, and the `problem` that keeps it from beginning.

    None if this node had a state at its last start.
    """
    try:
        told: dict[str, Any] = json.loads(home.joining_path.read_bytes())
    except (OSError, ValueError):
        return None
    return told


async def watch(home: Home, *, get_height: Callable[[], int]) -> None:
    """Wait until a state was taken over; at once if none is lacking.

    Args:
        home: Of this node.
        get_height: What the ledger has got to.

    Raises:
        UnavailableError: Nothing came for long. The engine gives up for good where its light
            client lost all who could vouch for a header: then both begin anew.
    """
    first = get_height()
    while (told := read_progress(home)) is not None and get_height() == first:
        with suppress(OSError):
            if time.time() - home.joining_path.stat().st_mtime > IDLE_S_MAX:
                raise UnavailableError(describe(told))
        await asyncio.sleep(_LOOK_S)


def describe(told: Mapping[str, Any]) -> str:
    """Where joining stands, as one sentence."""
    if told["problem"]:
        return f"cannot join yet: {told['problem']}"
    refused = ""
    if told["refused_count"]:
        times = "once" if told["refused_count"] == 1 else f"{told['refused_count']} times"
        refused = f"; what others sent was refused {times}, last because {told['refused_last']}"
    if told["is_done"]:
        return f"the state of block {told['height']} was taken over{refused}"
    if not told["height"]:
        return (
            "waiting for a snapshot that can be taken over: partners make one every "
            "`engine.snapshot_interval_blocks`, and connect only with engines that the ledger "
            f"knows (`rochdale federation propose node`){refused}"
        )
    unit = "chunk" if told["chunks_total"] == 1 else "chunks"
    counted = f"{told['chunks_count']} of {told['chunks_total']} {unit}"
    return f"taking over the state of block {told['height']}: {counted}{refused}"


def _write(home: Home, told: Mapping[str, object]) -> None:
    written = home.joining_path.with_suffix(".new")
    with suppress(OSError):  # a full disk is told of elsewhere
        written.write_text(json.dumps(told), encoding="utf-8")
        written.replace(home.joining_path)
