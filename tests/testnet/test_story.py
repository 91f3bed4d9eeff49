"""The whole story with real processes, and its endings: nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from config.errors import RochdaleError
from tests.node.full_nodes import fetch, get_url

ROCHDALE = Path(sys.executable).with_name("rochdale")
FIGURES = {
    "first_block_s",
    "discovery_s",
    "ballot_final_p50_s",
    "receipt_p50_s",
    "insight_verified_max_s",
    "catch_up_s",
    "node_memory_mib_max",
    "story_s",
}


def start(directory: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [ROCHDALE, "testnet", "run", "--dir", directory, "--keep", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def find_processes(directory: Path) -> list[str]:
    """Command lines of living processes that name a directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(directory) in command:
            found.append(command)
    return found


def wait_for_chain(directory: Path) -> str:
    """Where a federation's one node is reached, once its chain has a block."""
    deadline_s = time.monotonic() + 120
    while True:
        with suppress(RochdaleError, OSError, ValueError, StopIteration, HTTPException):
            home = next(path for path in directory.iterdir() if path.is_dir())
            if json.loads(fetch(home, "/api/status")[1])["height"] > 0:
                return get_url(home)
        assert time.monotonic() < deadline_s, f"no block in {directory}"
        time.sleep(0.5)


@pytest.mark.timeout(400)
def test_four_cooperatives_tell_the_whole_story(tmp_path: Path) -> None:
    """Every step holds, every figure is measured, nothing is left running."""
    directory, report = tmp_path / "federation", tmp_path / "report.json"
    process = start(directory, "--once", "--json", str(report))
    output, _ = process.communicate(timeout=380)

    assert process.returncode == 0, output
    told = json.loads(report.read_text())
    assert told["ok"]
    assert [step["ok"] for step in told["steps"]] == [True] * 8
    assert all(isinstance(told[name], float) and told[name] > 0 for name in FIGURES)
    assert find_processes(directory) == []


@pytest.mark.timeout(200)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_federation_leaves_no_process(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C and SIGTERM, in the middle of the story."""
    directory = tmp_path / "federation"
    process = start(directory, "--cooperatives", "2")
    deadline_s = time.monotonic() + 60
    while len(find_processes(directory)) < 6 and time.monotonic() < deadline_s:
        time.sleep(0.2)
    assert len(find_processes(directory)) >= 6
    os.kill(process.pid, number)
    process.communicate(timeout=60)

    assert find_processes(directory) == []


@pytest.mark.timeout(300)
def test_two_federations_run_side_by_side(tmp_path: Path) -> None:
    """Each finds free ports of its own, and makes blocks beside the other."""
    directories = [tmp_path / "first", tmp_path / "second"]
    processes = [start(directory, "--cooperatives", "1") for directory in directories]
    try:
        urls = [wait_for_chain(directory) for directory in directories]
        assert urls[0] != urls[1]
        assert [process.poll() for process in processes] == [None, None]
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            process.communicate(timeout=60)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--cooperatives", "11"), "1 to 10"),
        (("--manifest", "/nowhere.toml"), "cannot be read"),
        (("--port", "80"), "--port takes"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    """No traceback, exit code 2."""
    process = start(tmp_path / "federation", *arguments)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 2
    assert sentence in output
    assert "Traceback" not in output


def test_an_earlier_federations_directory_is_not_overwritten(tmp_path: Path) -> None:
    """The sentence names the command that removes it."""
    (tmp_path / "leftover").touch()
    process = start(tmp_path)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "rm -r" in output.replace("\n", " ")
