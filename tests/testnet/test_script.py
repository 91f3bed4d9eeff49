"""The console script's first moments."""

import signal
import subprocess
import sys

import pytest

INTERRUPTED = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == "node.cli":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
signal.signal(signal.SIGINT, {handler})
sys.argv = ["rochdale", "settings", "--help"]
from testnet.script import main
main()
"""


def run(handler: str) -> subprocess.CompletedProcess[str]:
    """Start the script; Ctrl-C comes while it loads."""
    command = [sys.executable, "-c", INTERRUPTED.format(handler=handler)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_an_interrupt_while_it_loads_is_no_traceback() -> None:
    """It ends as a shell expects of a program that was interrupted: 130, and nothing is said."""
    ended = run("signal.default_int_handler")

    assert ended.returncode == -signal.SIGINT
    assert (ended.stdout, ended.stderr) == ("", "")


@pytest.mark.parametrize("handler", ["signal.SIG_IGN", "lambda *_: None"])
def test_an_interrupt_that_somebody_wants_ignored_is(handler: str) -> None:
    """Such as of a program that `nohup` started."""
    ended = run(handler)

    assert ended.returncode == 0
    assert "Usage: rochdale settings" in ended.stdout
