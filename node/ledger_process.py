"""Putting the ledger process together, and saying why it ended.

A storage or memory error ends the process before anything more is acknowledged; the
supervisor starts it again, and the chain is replayed from the last commit. What an operator
can do about it is one sentence.
"""

import gc
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import plyvel

from config.errors import InvariantError, UnavailableError
from config.settings import Settings
from ledger.application import Application
from ledger.disk import MENDING, describe
from ledger.restoring import is_untouched
from ledger.snapshot_writer import SnapshotWriter
from ledger.state_sync import StateSync
from ledger.store import Store
from node import joining
from node.chain import list_known_peers
from node.first_block import take_back_first_block
from node.home import Home
from node.remote_signer import has_remote_signer
from node.signing_guard import watch_signatures

_GARBAGE_THRESHOLDS = (50_000, 20, 100)
"""Objects, and rounds of the younger generation, before the collector looks."""


def collect_garbage_seldom() -> None:
    """Let Python look for reference cycles a hundred times less often, and never at the start's.

    A block makes tens of thousands of small objects and no cycle among them: looking takes a
    tenth of the time that a ballot costs. What is not part of a cycle is freed at once anyway.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)


def open_application(home: Home, settings: Settings, *, software_version: str) -> Application:
    """Open a node's ledger; `close` it in the end.

    Raises:
        MisconfiguredError: There is none, or the node has no state and its trust bundle cannot
            be used.
        UnavailableError: Another process has it.
        InvariantError: LevelDB finds damage, or what lies on disk is not what the last commit
            recorded.
        OutdatedError: Its next block needs other software.
    """
    chain_id = settings.network.chain_id
    sync = StateSync(
        home.ledger,
        chain_id=chain_id,
        now_ms=lambda: int(time.time() * 1_000),
        report=partial(joining.report, home),
    )
    snapshots = SnapshotWriter(
        home.snapshots,
        interval_blocks=settings.engine.snapshot_interval_blocks,
        wanted=home.snapshot_wanted_path,
    )
    take_back_first_block(home)
    store = Store.open(home.ledger)
    try:
        is_former = bool(store.record.height) and store.record.chain_id != chain_id
        joining.begin(home, lacks_state=is_untouched(store) and not is_former)
        return Application(
            store,
            software_version=software_version,
            chain_id=chain_id,
            watch=None if has_remote_signer(settings) else watch_signatures(home),
            peers=list_known_peers(home, settings),
            snapshots=snapshots,
            sync=sync,
        )
    except BaseException:
        store.close()
        raise


@contextmanager
def explain_failures(home: Home) -> Iterator[None]:
    """Turn what disk and memory say into a sentence; the rest passes.

    Raises:
        InvariantError: The state is damaged.
        UnavailableError: It cannot be written or read now, or memory ran out.
    """
    try:
        yield
    except plyvel.CorruptionError as error:
        raise InvariantError(
            f"the state in {home.ledger} is damaged ({describe(error)}): {MENDING}"
        ) from error
    except plyvel.Error as error:
        traceback.print_exc()
        raise UnavailableError(
            f"the state in {home.ledger} cannot be read or written ({describe(error)}): free space "
            "on its disk or mend it; nothing that was acknowledged is lost, and the node goes on "
            "by itself then"
        ) from error
    except MemoryError as error:
        traceback.print_exc()
        raise UnavailableError(
            "the ledger ran out of memory and ended before it could acknowledge anything more: "
            "give the machine more memory"
        ) from error
