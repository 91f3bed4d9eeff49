"""A node's ledger and engine under the real supervisor; web and discovery stay out.

Run as `python supervising.py HOME BACKOFF_S_MAX FAIL_AT [LEDGER …]`. Faults in a row would
wait ever longer, so the longest back-off is given. `FAIL_AT` are values for the engine's own
`FAIL_TEST_INDEX`, with commas between, one for each of its starts; later starts are without.
`LEDGER` is another ledger program with its arguments, before the home.
"""

import os
import subprocess
import sys
from dataclasses import replace
from unittest import mock

from node import process_group, supervisor
from node.home import open_home
from node.process_group import ProcessSpec
from node.process_table import build_groups
from node.spawn import Spawner

FAIL_VARIABLE = "FAIL_TEST_INDEX"


class FailingSpawner(Spawner):
    """Tells each engine where to fail."""

    fail_at: tuple[str, ...] = ()

    def spawn(self, spec: ProcessSpec) -> "subprocess.Popen[bytes]":
        """Start a process; an engine with the next fail point."""
        os.environ.pop(FAIL_VARIABLE, None)
        if spec.name == "engine" and self.fail_at:
            os.environ[FAIL_VARIABLE], *later = self.fail_at
            FailingSpawner.fail_at = tuple(later)
        return super().spawn(spec)


def main() -> int:
    """Supervise until told to stop."""
    root, backoff_s_max, fail_at, *other = sys.argv[1:]
    home = open_home(root)
    (ledger, engine), *_ = build_groups(home, environ=os.environ)[0]
    if other:
        ledger = replace(ledger, argv=(sys.executable, "-P", *other, str(home.root)))
    FailingSpawner.fail_at = tuple(filter(None, fail_at.split(",")))
    with (
        mock.patch.object(process_group, "RESTART_BACKOFF_S_MAX", float(backoff_s_max)),
        mock.patch.object(supervisor, "Spawner", FailingSpawner),
    ):
        return supervisor.supervise(home, [[ledger, engine]], address="nowhere")


if __name__ == "__main__":
    raise SystemExit(main())
