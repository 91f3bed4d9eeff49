"""Both processes killed at random moments: a few times here, two hundred times in `make soak`."""

import random
import time
from pathlib import Path

import pytest

from tests.faults.load import Load
from tests.faults.oracle import Oracle
from tests.faults.rounds import ROUNDS, SAID, SEED
from tests.node.small_federation import found_members

ALIVE_S_MAX = 1.5
VICTIMS = (("ledger",), ("engine",), ("ledger", "engine"), ("engine", "ledger"))
PASS_ON_S = 20
"""What a round may take at most, on a busy machine."""


@pytest.mark.timeout(120 + ROUNDS * PASS_ON_S)
def test_processes_killed_at_random_lose_and_repeat_nothing(tmp_path: Path) -> None:
    """`FAULT_ROUNDS` times."""
    print(SAID)  # noqa: T201 - shown when it fails
    chance = random.Random(SEED)
    [member] = found_members(tmp_path, 1, engine__snapshot_interval_blocks=5)
    oracle, load = Oracle(), Load(member.home)

    member.start(backoff_s_max=0.2)
    with member:
        with load:
            oracle.check_progress(member, 1)
            for _ in range(ROUNDS):
                time.sleep(chance.uniform(0, ALIVE_S_MAX))
                member.kill(*chance.choice(VICTIMS))
                # Sometimes the next comes while it is still starting.
                if chance.random() < 0.8:
                    oracle.check_progress(member, 1)
        oracle.check_progress(member)

    oracle.check_whole(member, load, work=tmp_path / "replay")
