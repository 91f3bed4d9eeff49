"""The lock on a home: one node per home, ever.

The kernel frees it when the last process that inherited it has ended, so a file left behind
locks nothing and there is no stale lock to remove. The file names the supervisor.
"""

import fcntl
import os
import time
from pathlib import Path

from config.errors import MisconfiguredError, UnavailableError


def take_lock(path: Path, *, wait_s: float) -> int:
    """Lock a home for this process and those that inherit the descriptor.

    Args:
        path: The lock file; made if missing.
        wait_s: How long the processes of a killed supervisor may take to end.

    Returns:
        The open descriptor; keep it open.

    Raises:
        UnavailableError: The node is running.
        MisconfiguredError: The file cannot be opened by this user.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _closed(path, error) from error
    deadline_s = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            # A living supervisor will not let go; its orphans will.
            if find_supervisor(path) is not None or time.monotonic() >= deadline_s:
                os.close(descriptor)
                raise _taken(path) from None
            time.sleep(0.1)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def is_locked(path: Path) -> bool:
    """Check if any process of the node at this lock is alive.

    Raises:
        MisconfiguredError: The file cannot be opened by this user.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _closed(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def find_supervisor(path: Path) -> int | None:
    """The living supervisor's process id, or none: a number may be anybody's by now."""
    try:
        pid = int(path.read_text(encoding="ascii"))
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    at_home = os.fsencode(path.parent)
    return pid if at_home in command and is_locked(path) else None


def _closed(path: Path, error: OSError) -> MisconfiguredError:
    return MisconfiguredError(
        f"{path} cannot be opened ({error.strerror}): run this as the user who runs the node, and "
        "give that user what is in its home (`chown -R`)"
    )


def _taken(path: Path) -> UnavailableError:
    pid = find_supervisor(path)
    if pid is None:
        return UnavailableError(
            f"processes of an earlier run still use {path.parent}: "
            f"wait a moment, or see who they are with `fuser {path}`"
        )
    return UnavailableError(
        f"the node at {path.parent} is running already (process {pid}): "
        f"`rochdale status --home {path.parent}` shows it, `rochdale stop` ends it"
    )
