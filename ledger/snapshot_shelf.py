"""Finished snapshots on disk, as others fetch them.

A directory for each, named by its height: the metadata and one file per chunk. One that is
being written has another name, and what a crash left of it is removed at the next start. A
chunk is handed out only if it still has its hash, so that a bad disk makes no liar of us.
"""

import hashlib
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path

import structlog

from config.snapshot_limits import SNAPSHOTS_KEPT
from ledger.snapshots import SnapshotError, SnapshotInfo, parse_info

log = structlog.get_logger()

_METADATA = "metadata"
_UNFINISHED = ".unfinished"


class SnapshotShelf:
    """One directory of snapshots; one thread writes to it, another reads."""

    def __init__(self, directory: Path) -> None:
        """Look at what is there, and remove what is unfinished or cannot be read."""
        self._directory = directory
        self._infos: dict[int, SnapshotInfo] = {}
        self._lock = threading.Lock()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in sorted(directory.iterdir()):
            info = _read_info(path)
            if info is None:
                shutil.rmtree(path, ignore_errors=True)
            else:
                self._infos[info.height] = info

    def list_infos(self) -> list[SnapshotInfo]:
        """Finished ones, newest first."""
        with self._lock:
            return [self._infos[height] for height in sorted(self._infos, reverse=True)]

    def load_chunk(self, *, height: int, index: int) -> bytes:
        """A chunk, or nothing if it is not there or damaged; that snapshot goes then."""
        info = self._infos.get(height)
        if info is None or not 0 <= index < len(info.chunks):
            return b""
        try:
            chunk = _chunk_path(self._directory / str(height), index).read_bytes()
        except OSError:
            chunk = b""
        if hashlib.sha256(chunk).digest() != info.chunks[index]:
            log.error("snapshot_damaged", height=height, chunk=index)
            self._remove(height)
            return b""
        return chunk

    def begin(self, height: int) -> "UnfinishedSnapshot":
        """Begin to write one.

        Raises:
            OSError: The disk.
        """
        path = self._directory / f"{height}{_UNFINISHED}"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(mode=0o700)
        return UnfinishedSnapshot(path)

    def finish(self, unfinished: "UnfinishedSnapshot", info: SnapshotInfo) -> None:
        """Put a written one on the shelf, and take the oldest off.

        Raises:
            OSError: The disk.
        """
        (unfinished.path / _METADATA).write_bytes(info.encode())
        path = self._directory / str(info.height)
        shutil.rmtree(path, ignore_errors=True)
        unfinished.path.rename(path)
        with self._lock:
            self._infos[info.height] = info
            old = sorted(self._infos)[:-SNAPSHOTS_KEPT]
        for height in old:
            self._remove(height)

    def _remove(self, height: int) -> None:
        with self._lock:
            self._infos.pop(height, None)
        shutil.rmtree(self._directory / str(height), ignore_errors=True)


class UnfinishedSnapshot:
    """Chunks as they are written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.hashes: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        """Write the next one.

        Raises:
            OSError: The disk.
        """
        _chunk_path(self.path, len(self.hashes)).write_bytes(chunk)
        self.hashes.append(hashlib.sha256(chunk).digest())

    def discard(self) -> None:
        """Remove what was written."""
        shutil.rmtree(self.path, ignore_errors=True)


def read_snapshot(path: Path) -> tuple[SnapshotInfo, Iterable[bytes]]:
    """A finished snapshot's directory: what it says of itself, and its chunks as they lie there.

    Raises:
        SnapshotError: There is none.
    """
    info = _read_info(path)
    if info is None:
        raise SnapshotError(f"{path} is no snapshot's directory: name one below `snapshots/`")
    return info, (_chunk_path(path, index).read_bytes() for index in range(len(info.chunks)))


def find_snapshot(directory: Path, *, from_height: int) -> Path | None:
    """The newest finished snapshot that is not older; None if there is none (yet)."""
    heights = [int(path.name) for path in directory.iterdir() if path.name.isdecimal()]
    newest = max(heights, default=-1)
    path = directory / str(newest)
    return path if newest >= from_height and _read_info(path) is not None else None


def _read_info(path: Path) -> SnapshotInfo | None:
    if path.name.endswith(_UNFINISHED):
        return None
    try:
        return parse_info((path / _METADATA).read_bytes())
    except (OSError, SnapshotError):
        return None


def _chunk_path(directory: Path, index: int) -> Path:
    return directory / f"{index:05}"
