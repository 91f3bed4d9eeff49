"""Commands as somebody beside the browser types them, in a process of their own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_RUN = "from testnet.cli import main; main()"


def run_command(*words: str | Path) -> str:
    """What `rochdale …` prints; it must succeed."""
    command = [sys.executable, "-c", _RUN, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ask_command(*words: str | Path) -> Any:
    """The same as data."""
    return json.loads(run_command(*words, "--json"))
