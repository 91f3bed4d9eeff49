"""Disks that answer with an I/O error: at one call, or from a moment on at every one.

One call that fails is made by a library that is loaded before libc; a disk that fails is a real
file system on a block device that ceases to answer. Either way the process ends before it
acknowledges anything, says what to do, and guesses nothing.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.disks import failing_disk, needs_mounting
from tests.faults.load import Load
from tests.faults.oracle import Oracle
from tests.faults.rounds import ROUNDS
from tests.node.small_federation import Member, found_members, run_command, wait_until

FAILURES = max(1, ROUNDS // 20)
"""How often in a row."""
SOURCE = Path(__file__).with_name("failing_calls.c")
SAID_DISK = "Input/output error"
SAID_MEND = "mend it; nothing that was acknowledged is lost"
PAUSE_S = 1.5
"""Long enough for a node that does not care to make blocks."""


@dataclass
class FailingCalls:
    """A node whose ledger's calls to its disk can fail."""

    member: Member
    signs: Path
    """Where a call is named that is to fail."""

    def fail(self, call: str) -> Path:
        """Let a call fail; once, if it is named so."""
        sign = self.signs / call
        sign.touch()
        return sign


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled library."""
    built = tmp_path_factory.mktemp("library") / "failing_calls.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(built), str(SOURCE)]
    subprocess.run([*command, "-ldl"], check=True)
    return built


@pytest.fixture
def failing(library: Path, tmp_path: Path) -> Iterator[FailingCalls]:
    """A node that runs with it."""
    [member] = found_members(tmp_path, 1)
    signs = tmp_path / "signs"
    signs.mkdir()
    member.environment = {
        "LD_PRELOAD": str(library),
        "FAILING_PATH": f"{member.home.ledger}/",
        "FAILING_CALLS": str(signs),
    }
    yield FailingCalls(member, signs)
    member.stop()


def wait_for_words(member: Member, *words: str) -> None:
    """Wait until `rochdale status` says something."""

    def is_said() -> bool:
        shown = run_command("status", "--home", str(member.home.root)).stdout
        return all(each in " ".join(shown.split()) for each in words)

    wait_until(is_said)


def scrub(member: Member) -> "subprocess.CompletedProcess[str]":
    """Read every byte of a stopped node's state."""
    return run_command("ledger", "scrub", "--home", str(member.home.root), **member.environment)


@pytest.mark.parametrize("call", ["write", "fdatasync"])
@pytest.mark.timeout(180 + FAILURES * 60)
def test_one_call_that_fails_ends_the_ledger_before_it_commits(
    failing: FailingCalls, tmp_path: Path, call: str
) -> None:
    """Also if the next one would succeed: LevelDB itself would go on after a failed write."""
    member, oracle, load = failing.member, Oracle(), Load(failing.member.home)
    member.start(backoff_s_max=1)
    with member, load:
        for number in range(1, FAILURES + 1):
            oracle.check_progress(member)

            sign = failing.fail(f"{call}.once")

            wait_until(lambda count=number: member.restarts("ledger") >= count)
            assert not sign.exists()
            wait_for_words(member, SAID_DISK, SAID_MEND)
        oracle.check_progress(member)
    assert "is damaged" not in member.said
    oracle.check_whole(member, load, work=tmp_path / "replay")


@pytest.mark.parametrize("call", ["write", "fdatasync"])
@pytest.mark.timeout(180 + FAILURES * 60)
def test_a_disk_that_takes_nothing_stops_the_node_until_it_does(
    failing: FailingCalls, tmp_path: Path, call: str
) -> None:
    """It tries again by itself, acknowledges nothing meanwhile, and goes on."""
    member, oracle, load = failing.member, Oracle(), Load(failing.member.home)
    member.start(backoff_s_max=1)
    with member, load:
        for _ in range(FAILURES):
            oracle.check_progress(member)
            sign = failing.fail(call)
            wait_for_words(member, SAID_DISK, SAID_MEND)
            told, starts = len(load.committed), member.restarts("ledger")

            wait_until(lambda least=starts + 2: member.restarts("ledger") >= least)

            assert len(load.committed) == told
            sign.unlink()
            oracle.check_progress(member)
    assert "is damaged" not in member.said
    oracle.check_whole(member, load, work=tmp_path / "replay")


@pytest.mark.parametrize("call", ["read", "mmap"])
@pytest.mark.timeout(180)
def test_a_disk_that_cannot_be_read_is_not_called_a_damaged_state(
    failing: FailingCalls, tmp_path: Path, call: str
) -> None:
    """Nobody should set a state aside that is sound; a scrub says the same."""
    member, oracle, load = failing.member, Oracle(), Load(failing.member.home)
    member.start(backoff_s_max=1)
    with member, load:
        oracle.check_progress(member)
    assert scrub(member).returncode == 0  # which moves the log's blocks into a table
    sign = failing.fail(call)

    member.start(backoff_s_max=1)

    with member:
        wait_for_words(member, SAID_DISK, SAID_MEND)
        member.stop()
        scrubbed = scrub(member)
        assert scrubbed.returncode == 3
        assert SAID_DISK in scrubbed.stderr
        sign.unlink()
        member.start(backoff_s_max=1)
        oracle.check_progress(member)
    assert "is damaged" not in member.said + scrubbed.stderr
    oracle.check_whole(member, load, work=tmp_path / "replay")


@needs_mounting
@pytest.mark.parametrize("folder", ["ledger", "engine"])
@pytest.mark.timeout(180 + FAILURES * 60)
def test_a_disk_that_fails_under_ledger_or_engine_loses_nothing(
    tmp_path: Path, folder: str
) -> None:
    """The kernel gives it up; who replaces it, with what it had, finds the node as it was."""
    [member] = found_members(tmp_path, 1)
    oracle, load = Oracle(), Load(member.home)
    with failing_disk(member.home.root / folder) as disk:
        member.start(backoff_s_max=1)
        with member, load:
            for _ in range(FAILURES):
                oracle.check_progress(member)
                disk.fail()
                wait_until(lambda: member.restarts(folder) >= 2)
                wait_for_words(member, "mend it", "the node goes on by itself")
                told = len(load.committed)
                time.sleep(PAUSE_S)
                assert len(load.committed) == told
                member.stop()
                disk.mend()
                member.start(backoff_s_max=1)
            oracle.check_progress(member)
        assert "is damaged" not in member.said
        oracle.check_whole(member, load, work=tmp_path / "replay")


@pytest.mark.timeout(120)
def test_a_ledger_that_the_kernel_ends_in_a_read_is_said_to_have_a_bad_disk(tmp_path: Path) -> None:
    """LevelDB maps its tables: a sector that cannot be read is a signal, not an error.

    On a disk of `failing_disk` a cold table makes the same signal, at a moment of its own.
    """
    [member] = found_members(tmp_path, 1)
    oracle, load = Oracle(), Load(member.home)
    member.start(backoff_s_max=1)
    with member, load:
        oracle.check_progress(member)

        os.kill(member.pids()["ledger"], signal.SIGBUS)

        wait_for_words(member, "ledger ended lately: its disk could not be read", SAID_MEND)
        oracle.check_progress(member)
    oracle.check_whole(member, load, work=tmp_path / "replay")
