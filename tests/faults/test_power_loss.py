"""Power cuts: what was not synced is gone, on the ledger's disk, the engine's, the home's."""

import random
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.disks import LoopDisk, loop_disk, needs_mounting
from tests.faults.load import Load
from tests.faults.oracle import Oracle
from tests.faults.rounds import ROUNDS, SAID, SEED
from tests.node.small_federation import Member, check_agreement, found_members, wait_until

CUTS = max(1, ROUNDS // 10)
UNSYNCED = "unsynced"


def cut_power(member: Member, disks: list[LoopDisk]) -> None:
    """Everything ends at once, and what was not synced is gone when the disks are back."""
    for disk in disks:
        (disk.path / UNSYNCED).write_bytes(b"x")
        disk.cut_power()
    member.kill_all()
    for disk in disks:
        disk.unmount()
        disk.mount()
        # Another file's sync may have written its name, but not its content.
        left = disk.path / UNSYNCED
        assert not left.exists() or not left.read_bytes()


def cut_power_of_all(members: list[Member], disks: list[LoopDisk]) -> None:
    """Of a whole building: nobody is left who would have what the others lost."""
    for disk in disks:
        disk.cut_power()
    for member in members:
        member.kill_all()
    for disk in disks:
        disk.unmount()
        disk.mount()


def check_power_cuts(member: Member, disks: list[LoopDisk], *, work: Path) -> None:
    """While blocks are made, `CUTS` times; what the disks kept is enough."""
    print(SAID)  # noqa: T201 - shown when it fails
    oracle, load = Oracle(), Load(member.home)
    chance = random.Random(SEED)
    member.start()
    with member, load:
        for _ in range(CUTS):
            oracle.check_progress(member, 3)
            time.sleep(chance.uniform(0, 0.5))
            cut_power(member, disks)
            member.start()
        oracle.check_progress(member)
    oracle.check_whole(member, load, work=work)


@needs_mounting
@pytest.mark.parametrize("folders", [("ledger",), ("engine",), ("ledger", "engine")])
@pytest.mark.timeout(120 + CUTS * 30)
def test_a_power_cut_loses_nothing_that_was_acknowledged(
    tmp_path: Path, folders: tuple[str, ...]
) -> None:
    """Whichever disk it is that loses what was not synced."""
    [member] = found_members(tmp_path, 1)
    with ExitStack() as stack:
        paths = [member.home.root / folder for folder in folders]
        disks = [stack.enter_context(loop_disk(path)) for path in paths]

        check_power_cuts(member, disks, work=tmp_path / "replay")


@needs_mounting
@pytest.mark.timeout(120 + CUTS * 30)
def test_a_power_cut_of_a_whole_new_home_loses_nothing(tmp_path: Path) -> None:
    """Not even keys, settings and genesis that were made a moment ago."""
    with loop_disk(tmp_path / "disk") as disk:
        [member] = found_members(disk.path, 1)

        check_power_cuts(member, [disk], work=tmp_path / "replay")


@needs_mounting
@pytest.mark.timeout(400 + CUTS * 60)
def test_a_power_cut_of_all_four_validators_at_once_loses_nothing(tmp_path: Path) -> None:
    """What anybody was told is on more than two thirds of the disks."""
    members = found_members(tmp_path, 4)
    first, oracle, load = members[0], Oracle(), Load(members[0].home)
    with ExitStack() as stack:
        disks = [stack.enter_context(loop_disk(member.home.root)) for member in members]
        for member in members:
            stack.callback(member.stop)
            member.start()
        with load:
            for _ in range(CUTS):
                oracle.check_progress(first, 3)
                cut_power_of_all(members, disks)
                for member in members:
                    member.start()
            oracle.check_progress(first)
        height = first.height()
        wait_until(lambda: all(member.height() >= height for member in members), timeout_s=120)
        assert check_agreement(members) >= height
        for member in members:
            member.stop()
        oracle.check_whole(first, load, work=tmp_path / "replay")
