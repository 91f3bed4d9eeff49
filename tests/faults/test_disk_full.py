"""Full disks: the ledger's, the engine's, the whole home's."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from node import exit_codes
from node.home import prepare_run
from tests.faults.disks import (
    fill,
    fill_wholly,
    make_read_only,
    make_room,
    memory_disk,
    needs_mounting,
)
from tests.faults.load import Load
from tests.faults.oracle import Oracle
from tests.faults.rounds import ROUNDS
from tests.node.small_federation import Member, found_members, run_command, wait_until

FULL = max(1, ROUNDS // 20)
"""How often in a row."""


def check_full_disk(member: Member, disk: Path, *, work: Path) -> None:
    """The node waits, says what to do, and goes on when there is room."""
    oracle, load = Oracle(), Load(member.home)
    member.start(backoff_s_max=1)
    with member, load:
        for _ in range(FULL):
            oracle.check_progress(member)
            fill(disk)
            wait_until(lambda: not member.count_processes())
            said = run_command("status", "--home", str(member.home.root)).stdout
            assert "waiting: the disk of" in said
            assert "free space there" in " ".join(said.split())
            make_room(disk)
        oracle.check_progress(member)
    oracle.check_whole(member, load, work=work)


@needs_mounting
@pytest.mark.parametrize("folder", ["ledger", "engine"])
@pytest.mark.timeout(180 + FULL * 60)
def test_a_node_whose_disk_is_full_says_so_and_goes_on_when_there_is_room(
    tmp_path: Path, folder: str
) -> None:
    """Nothing that was acknowledged is lost; nobody starts anything again."""
    [member] = found_members(tmp_path, 1)
    disk = member.home.root / folder
    with memory_disk(disk):
        check_full_disk(member, disk, work=tmp_path / "replay")


@needs_mounting
@pytest.mark.timeout(180 + FULL * 60)
def test_a_home_without_room_for_a_log_line_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """Its supervisor does not end of it."""
    with memory_disk(tmp_path / "disk"):
        [member] = found_members(tmp_path / "disk", 1)

        check_full_disk(member, tmp_path / "disk", work=tmp_path / "replay")


@needs_mounting
@pytest.mark.parametrize("name", ["ledger", "engine"])
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(fill_wholly, "No space left on device"), (make_read_only, "Read-only file system")],
)
def test_a_process_that_meets_a_disk_full_or_failed_ends_with_what_to_do(
    tmp_path: Path, name: str, spoil: Callable[[Path], None], reason: str
) -> None:
    """As when it filled faster than the supervisor looks."""
    [member] = found_members(tmp_path, 1)
    home = member.home
    prepare_run(home)
    disk = home.root / name
    reading, writing = os.pipe()  # the supervisor's, which stays open
    with memory_disk(disk):
        spoil(disk)

        ended = subprocess.run(
            [sys.executable, "-m", "node.processes", name, str(home.root)],
            capture_output=True,
            text=True,
            stdin=reading,
            check=False,
            timeout=60,
        )
    os.close(reading)
    os.close(writing)

    assert ended.returncode == exit_codes.UNAVAILABLE, ended.stderr
    assert reason in ended.stderr.splitlines()[-1]
    assert "free space on it" in ended.stderr or "free space on its disk" in ended.stderr
