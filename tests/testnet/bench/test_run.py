"""`rochdale bench ledger` as a command: what it refuses, and how it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from node import exit_codes
from testnet.bench.run import check_writable


def start(*arguments: str | Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", "from testnet.cli import main; main()", "bench", "ledger"]
    return subprocess.Popen(
        [*command, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def find_processes(directory: Path) -> list[str]:
    """Command lines of living processes that name a directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(directory) in command and path.parent.name != str(os.getpid()):
            found.append(command)
    return found


@pytest.mark.parametrize("flag", ["--json", "--chart"])
def test_a_file_that_cannot_be_written_ends_it_before_it_begins(tmp_path: Path, flag: str) -> None:
    """Nobody waits a quarter of an hour to learn that a directory is missing."""
    process = start(flag, tmp_path / "missing" / "file")
    output, _ = process.communicate(timeout=60)

    assert process.returncode == exit_codes.MISCONFIGURED
    assert flag in output


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    """An existing file may be replaced, a directory may not."""
    (tmp_path / "old").touch()
    check_writable(tmp_path / "old", flag="--json")
    check_writable(tmp_path / "new", flag="--json")
    check_writable(None, flag="--json")
    with pytest.raises(Exception, match="--json"):
        check_writable(tmp_path, flag="--json")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_stopped_at_any_time(short_directory: Path, number: signal.Signals) -> None:
    """Engines, applications and everything written are gone."""
    process = start("--quick", "--dir", short_directory)
    deadline_s = time.monotonic() + 60
    while not any("cometbft" in line for line in find_processes(short_directory)):
        assert process.poll() is None
        assert time.monotonic() < deadline_s
        time.sleep(0.1)
    process.send_signal(number)
    process.communicate(timeout=60)

    assert process.returncode == exit_codes.INTERRUPTED
    assert [line for line in find_processes(short_directory) if "pytest" not in line] == []
    assert list(short_directory.iterdir()) == []
