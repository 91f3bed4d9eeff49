"""Filling a ledger's store to a size, and timing the tree there: a process of its own.

`python -m testnet.bench.grow HOME KEYS BATCHES` writes filler through the store's own
`stage` and `commit` until its tree has so many keys, waits until LevelDB has nothing more to
merge, then times batches of a thousand keys, as blocks of ballots write them: half of them are
accounts that change, half are new. Each key is read before, as the rules read what they
change; that is timed by itself. CPU is the whole process's, LevelDB's
thread included, until LevelDB is at rest again. Prints one line of JSON.
"""

import hashlib
import json
import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from governance.state_keys import is_derived
from ledger.app_hash import compute_parts
from ledger.store import Store
from node.home import Home
from node.ledger_process import collect_garbage_seldom
from testnet.bench.filler import (
    ACCOUNT_EVERY,
    NAMESPACE,
    make_filler_key,
    make_filler_value,
)

BATCH_KEYS = 1_000
_FILL_KEYS = 20_000
_IDLE_S = 0.3
_IDLE_SHARE = 0.05
_SETTLE_S_MAX = 60.0
_HASHES = 2_000
"""After every batch."""

Changes = list[tuple[bytes, bytes]]


def grow(store: Store, *, keys: int, batches: int) -> dict[str, object]:
    """Fill a store, then time it.

    Args:
        store: Of a chain that has begun.
        keys: How many its tree has before the clock runs.
        batches: How many are timed.
    """
    own, filled = _count_keys(store)
    for start in range(filled, keys - own, _FILL_KEYS):
        numbers = range(start, min(start + _FILL_KEYS, keys - own))
        write(store, [(make_filler_key(number), make_filler_value(number)) for number in numbers])
    settle()
    filled = max(filled, keys - own)
    timed = _time_batches(store, _prepare(filled, batches))
    return {"keys": own + filled, **timed}


def _time_batches(store: Store, batches: Iterable[Changes]) -> dict[str, float]:
    """Commit batches; between them hash, so that both see the machine in the same state."""
    prepared = list(batches)
    reading_s, wall_s, hashing_s = 0.0, 0.0, 0.0
    used_s = time.process_time()
    for batch in prepared:
        began_s = time.thread_time()
        for key, _ in batch:
            store.get(key)
        reading_s += time.thread_time() - began_s
        began_s = time.monotonic()
        write(store, batch)
        wall_s += time.monotonic() - began_s
        hashing_s += measure_hashing_s(_HASHES)
    settle()
    cpu_s = time.process_time() - used_s - reading_s - hashing_s
    count = len(prepared)
    return {
        "cpu_us_per_key": cpu_s * 1e6 / (count * BATCH_KEYS),
        "reading_us_per_key": reading_s * 1e6 / (count * BATCH_KEYS),
        "wall_ms_per_batch": wall_s * 1e3 / count,
        "sha_us": hashing_s * 1e6 / (count * _HASHES),
    }


def write(store: Store, changes: Changes) -> None:
    """Commit changes as the next block would."""
    last, staged = store.record, store.stage(changes)
    height = last.height + 1
    # Filler is neither in the decision log nor among the parameters.
    parts = compute_parts(store, state_root=staged.root)
    record = replace(
        last,
        height=height,
        app_hash=parts.compute(),
        state_root=staged.root,
        since_height=height,
    )
    store.commit(staged, record)


def measure_hashing_s(count: int) -> float:
    """CPU of so many SHA-256 of 65 bytes, as an inner node is hashed; seconds."""
    data, sha256 = bytes(65), hashlib.sha256
    used_s = time.thread_time()
    for _ in range(count):
        sha256(data).digest()
    return time.thread_time() - used_s


def settle() -> None:
    """Wait until LevelDB merges nothing any more."""
    deadline_s = time.monotonic() + _SETTLE_S_MAX
    while time.monotonic() < deadline_s:
        used_s = time.process_time()
        time.sleep(_IDLE_S)
        if time.process_time() - used_s < _IDLE_S * _IDLE_SHARE:
            return


def _count_keys(store: Store) -> tuple[int, int]:
    """Keys of the tree that are not filler, and filler."""
    counts = [0, 0]
    for key, _ in store.scan(b""):
        if not is_derived(key):
            counts[key.startswith(NAMESPACE)] += 1
    return counts[0], counts[1]


def _prepare(filled: int, batches: int) -> Iterator[Changes]:
    chance = random.Random(filled)  # noqa: S311 - the same keys in every run
    half = BATCH_KEYS // 2
    for number in range(1, batches + 1):
        changed = chance.sample(range(0, filled, ACCOUNT_EVERY), half)
        batch = [
            (make_filler_key(item), make_filler_value(item, version=number)) for item in changed
        ]
        added = range(filled, filled + half)
        filled += half
        yield batch + [(make_filler_key(item), make_filler_value(item)) for item in added]


def main(arguments: Sequence[str]) -> int:
    """Grow the store of a home."""
    root, keys, batches = arguments
    store = Store.open(Home(Path(root)).ledger)
    collect_garbage_seldom()  # as the process that is measured here does
    try:
        sys.stdout.write(json.dumps(grow(store, keys=int(keys), batches=int(batches))) + "\n")
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
