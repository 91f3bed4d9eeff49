"""A ledger that dies at every point where the engine asks something of it, under load."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from config.errors import RochdaleError
from governance.state_keys import FEDERATION, Collection, state_key
from ledger.crash_points import POINTS, VARIABLE
from ledger.queries import STATE_PATH
from node import exit_codes
from node.founding import complete_settings, found_alone
from tests.bylaws import make_bylaws
from tests.faults.load import Load
from tests.faults.oracle import Oracle
from tests.faults.rounds import ROUNDS
from tests.node.small_federation import Member, found_members

LAPS = max(1, ROUNDS // 50)
JOINING = (
    "list_snapshots",
    "offer_snapshot",
    "load_snapshot_chunk",
    "apply_snapshot_chunk",
    "take_over",
)
"""Calls that come only when a node joins by another's snapshot."""

QUESTION = state_key(FEDERATION, Collection.PARAMETERS, b"")


def of_joining(point: str) -> bool:
    return point.removesuffix(".end") in JOINING


def plan_crashes() -> list[str]:
    """A height of its own for each point, lap by lap; those of the beginning come at no other."""
    points = [point for point in POINTS if not of_joining(point)]
    first = [point for point in points if point.startswith(("info", "init_chain"))]
    later = LAPS * [point for point in points if point not in first]
    return [f"{point}:1" for point in first] + [
        f"{point}:{height}" for height, point in enumerate(later, start=2)
    ]


def died(member: Member) -> list[str]:
    """The points at which it has died so far."""
    if not member.home.died_path.exists():
        return []
    found: list[str] = json.loads(member.home.died_path.read_bytes())
    return found


@pytest.mark.timeout(300 * LAPS)
def test_a_ledger_that_dies_at_any_point_of_a_block_loses_and_repeats_nothing(
    tmp_path: Path,
) -> None:
    """Each point at a height of its own, so that a block or two lie between two crashes."""
    [member] = found_members(
        tmp_path, 1, engine__snapshot_interval_blocks=2, engine__timeout_commit_ms=20
    )
    plan = plan_crashes()
    oracle, load = Oracle(), Load(member.home)

    member.environment[VARIABLE] = ",".join(plan)
    member.start(backoff_s_max=0.2)
    with member:
        with load:
            while len(died(member)) < len(plan):
                oracle.check_progress(member, 1)
                with suppress(RochdaleError):  # it dies of the question
                    member.call("abci_query", path=STATE_PATH, data=QUESTION.hex())
        oracle.check_progress(member)

    oracle.check_whole(member, load, work=tmp_path / "replay")


@pytest.mark.parametrize(
    ("origin", "crash_at", "said"),
    [
        ("https://coop.example", "commit:3", "ROCHDALE_CRASH_AT is for test chains only: unset it"),
        ("https://coop.test", "kommit:3", "ROCHDALE_CRASH_AT reads <point>:<height>"),
        ("https://coop.test", "commit", "ROCHDALE_CRASH_AT reads <point>:<height>"),
    ],
)
def test_nobody_dies_on_purpose_on_a_real_chain_or_by_a_misspelt_point(
    tmp_path: Path, origin: str, crash_at: str, said: str
) -> None:
    """The ledger does not even start, and says why."""
    home, _ = found_alone(
        tmp_path / "home",
        complete_settings({"node.origin": origin}),
        bylaws=make_bylaws(),
        time_scale=1,
        genesis_time_ms=0,
    )

    reading, writing = os.pipe()  # the supervisor's, which stays open

    ended = subprocess.run(
        [sys.executable, "-m", "node.processes", "ledger", str(home.root)],
        capture_output=True,
        text=True,
        stdin=reading,
        check=False,
        env=os.environ | {VARIABLE: crash_at},
    )
    os.close(reading)
    os.close(writing)

    assert ended.returncode == exit_codes.MISCONFIGURED
    assert ended.stderr.startswith(said)
    assert ended.stderr.count("\n") == 1
