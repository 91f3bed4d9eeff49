"""The engine ends at each of its own fail points, under load.

It counts its ten `fail.Fail()` calls from its start; eleven come by in a block of the only
validator, as one is passed with each of its two votes. A start after a crash passes some of
them again, more or fewer, so each point is counted to from a start after an orderly stop.
"""

from pathlib import Path

import pytest

from tests.faults.load import Load
from tests.faults.oracle import Oracle
from tests.faults.rounds import ROUNDS
from tests.node.small_federation import Member, found_members

CALLS_PER_BLOCK = 11
LAPS = max(1, ROUNDS // 50)


def count_failures(member: Member, index: int) -> int:
    """How often its engine has ended at a point."""
    logs = [path.read_text() for path in sorted(member.home.logs.glob("engine.log*"))]
    return "".join(logs).count(f"*** fail-test {index} ***")


@pytest.mark.timeout(300 * LAPS)
def test_an_engine_that_ends_at_any_of_its_points_loses_and_repeats_nothing(
    tmp_path: Path,
) -> None:
    """In the second block after a start; its supervisor starts both again, and they go on."""
    [member] = found_members(tmp_path, 1, engine__timeout_commit_ms=20)
    oracle, load = Oracle(), Load(member.home)
    for index in LAPS * [*range(CALLS_PER_BLOCK, 2 * CALLS_PER_BLOCK)]:
        failed = count_failures(member, index)
        member.start(fail_at=[index])
        with member, load:
            while not member.restarts("engine"):
                oracle.check_progress(member, 1)
            oracle.check_progress(member, 1)

        assert count_failures(member, index) == failed + 1
    oracle.check_whole(member, load, work=tmp_path / "replay")
