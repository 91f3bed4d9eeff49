"""A state as lines of canonical JSON, for audits and to begin a chain anew from.

The first line is the header: chain, height, header time, app hash, state root and how many
records follow. Each further line is one record, in the order of the keys, derived ones too:
namespace, collection and id in words and hexadecimal, the value in hexadecimal
(docs/transactions.md says what it means). Two nodes at one height write the same bytes.
"""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from did.jcs import canonicalize
from governance.state_keys import is_derived
from ledger.comparison import name_key
from ledger.disk import CommitRecord, explained
from ledger.store import Store

EXPORT_FORMAT = "rochdale-state-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written."""

    record: CommitRecord
    records_count: int
    sha256: bytes
    """Of the file."""


def export_state(path: Path, output: Path) -> Exported:
    """Write a closed store's state into a new file.

    Raises:
        MisconfiguredError: There is no such store.
        InvariantError: It is damaged.
        UnavailableError: It is in use, or its disk fails.
        OSError: There is such a file, or it cannot be written; nothing is left of it then.
    """
    store = Store.open(path)
    digest = hashlib.sha256()
    count = 0
    with closing(store), explained(path):
        file = output.open("xb")
        try:
            with file:
                for line in _render_lines(store):
                    file.write(line)
                    digest.update(line)
                    count += 1
        except BaseException:
            output.unlink()
            raise
    return Exported(record=store.record, records_count=count - 1, sha256=digest.digest())


def _render_lines(store: Store) -> Iterator[bytes]:
    counts = [0, 0]
    for key, _ in store.scan(b""):
        counts[is_derived(key)] += 1
    record = store.record
    header = {
        "format": EXPORT_FORMAT,
        "chain_id": record.chain_id,
        "height": record.height,
        "time_ms": record.time_ms,
        "app_hash": record.app_hash.hex(),
        "state_root": record.state_root.hex(),
        "records": counts[False],
        "derived_records": counts[True],
    }
    yield canonicalize(header) + b"\n"
    for key, value in store.scan(b""):
        name = name_key(key)
        line = {
            "namespace": name.namespace,
            "collection": name.collection,
            "id": name.id,
            "value": value.hex(),
        }
        yield canonicalize(line) + b"\n"
