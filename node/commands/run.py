"""`rochdale start` and `rochdale stop`."""

import os
import signal
import sys
import time
from typing import NoReturn

from node.commands.options import DEFAULT_HOME, HomeOption, say

_STOP_S = 12.0
"""A little more than a stop may take."""


def start(home: HomeOption = DEFAULT_HOME) -> NoReturn:
    """Run the node until Ctrl-C or `rochdale stop`; every setting is also a flag.

    For a service manager: it stays in the foreground, ends on SIGTERM within ten seconds and
    writes its logs into the home.
    """
    from node.home import open_home  # noqa: PLC0415
    from node.preflight import check_start  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    opened = open_home(home)
    settings = load_settings(opened.settings_path, environ=os.environ)
    check_start(opened, settings)
    sys.stdout.flush()
    # A new program in this process: the command line's imports are too much to carry along.
    # -P: a folder named like one of ours in the current directory is not ours.
    arguments = [sys.executable, "-P", "-m", "node.supervisor", str(opened.root)]
    os.execv(sys.executable, arguments)  # noqa: S606 - an argument vector, no shell


def stop(home: HomeOption = DEFAULT_HOME) -> None:
    """Stop the node and wait until its last process has ended."""
    from config.errors import UnavailableError  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415
    from node.lock import find_supervisor, is_locked  # noqa: PLC0415

    opened = open_home(home)
    pid = find_supervisor(opened.lock_path)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
    elif not is_locked(opened.lock_path):
        say(f"The node at {opened.root} is not running.")
        return
    deadline_s = time.monotonic() + _STOP_S
    while is_locked(opened.lock_path):
        if time.monotonic() >= deadline_s:
            raise UnavailableError(
                f"the node at {opened.root} is still stopping after {_STOP_S:.0f} s: "
                f"see `fuser {opened.lock_path}` and {opened.logs}"
            )
        time.sleep(0.05)
    say(f"The node at {opened.root} has stopped.")
