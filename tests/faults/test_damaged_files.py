"""Bits that flip and ends that vanish in a stopped node's files, under the real engine.

Whatever the place, the node either goes on from what it has and loses nothing, or stops with a
sentence; then what that sentence names brings it back. A byte that nobody reads may lie there
unseen, until a scrub. It is never a state of its own.
"""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.load import Load
from tests.faults.oracle import RECOVERY_S, Oracle
from tests.faults.rounds import ROUNDS, SAID, SEED
from tests.node.small_federation import Member, found_members, run_command, wait_until

FLIPS = max(1, ROUNDS // 5)
"""How often the files of one kind are damaged."""
STARTS_IN_VAIN = 3
CHANCE = random.Random(SEED)

Damage = Callable[[Path], None]


def flip(path: Path) -> None:
    """Flip one bit somewhere."""
    content = bytearray(path.read_bytes())
    content[CHANCE.randrange(len(content))] ^= 1 << CHANCE.randrange(8)
    path.write_bytes(content)


def cut_off(path: Path) -> None:
    """Lose the last bytes, up to all."""
    content = path.read_bytes()
    path.write_bytes(content[: CHANCE.randrange(len(content))])


def make_blocks(member: Member, oracle: Oracle, load: Load) -> None:
    """Make some under load, and stop in order."""
    member.start(backoff_s_max=0.5)
    with member, load:
        oracle.check_progress(member, 4)


def find_stop(member: Member) -> str:
    """What a ledger that starts in vain says."""
    if member.restarts("ledger") < STARTS_IN_VAIN:
        return ""
    [row] = [row for row in member.status()["processes"] if row["name"] == "ledger"]
    return str(row["said"])


def go_on_or_stop(member: Member, oracle: Oracle) -> str:
    """Start a node; nothing if it makes blocks, or what it says instead."""
    height = max(oracle.blocks)
    member.start(backoff_s_max=0.5)
    with member:
        wait_until(lambda: member.height() >= height + 2 or find_stop(member), timeout_s=RECOVERY_S)
        if member.height() >= height + 2:
            oracle.look(member)
            return ""
        said = find_stop(member)
        shown = run_command("status", "--home", str(member.home.root)).stdout
        assert " ".join(said.split()) in " ".join(shown.split())
        return said


def is_sound(member: Member) -> bool:
    """Whether a scrub finds the state of a stopped node sound."""
    return run_command("ledger", "scrub", "--home", str(member.home.root)).returncode == 0


@pytest.mark.parametrize(("suffix", "damage"), [(".log", flip), (".ldb", flip), (".log", cut_off)])
@pytest.mark.timeout(120 + FLIPS * 60)
def test_a_damaged_state_is_made_whole_from_blocks_or_stops_the_node(
    tmp_path: Path, suffix: str, damage: Damage
) -> None:
    """In LevelDB's log or a table: the oracle holds, at once or after what the node asks for."""
    print(SAID)  # noqa: T201 - shown when it fails
    [member] = found_members(tmp_path, 1, engine__timeout_commit_ms=20)
    oracle, load = Oracle(), Load(member.home)
    make_blocks(member, oracle, load)
    for _ in range(FLIPS):
        make_blocks(member, oracle, load)  # the start moves the log's blocks into a table
        files = [path for path in member.home.ledger.glob("*" + suffix) if path.stat().st_size]
        damage(CHANCE.choice(sorted(files)))

        said = go_on_or_stop(member, oracle)

        if said:
            assert "rochdale ledger reset --keep-blocks" in said
        if said or not is_sound(member):
            mend = ("ledger", "reset", "--keep-blocks", "--yes")
            done = run_command(*mend, "--home", str(member.home.root))
            assert done.returncode == 0, done.stderr
            assert not go_on_or_stop(member, oracle)
        oracle.check_whole(member, load, work=tmp_path / "replay")


@pytest.mark.parametrize("damage", [flip, cut_off])
@pytest.mark.timeout(120 + FLIPS * 60)
def test_an_engine_whose_log_is_damaged_goes_on_by_itself(tmp_path: Path, damage: Damage) -> None:
    """It drops what it cannot read; blocks and the last signature lie elsewhere."""
    print(SAID)  # noqa: T201 - shown when it fails
    [member] = found_members(tmp_path, 1, engine__timeout_commit_ms=20)
    oracle, load = Oracle(), Load(member.home)
    for _ in range(FLIPS):
        make_blocks(member, oracle, load)
        damage(member.home.engine_data / "cs.wal" / "wal")

        said = go_on_or_stop(member, oracle)

        assert not said
        oracle.check_whole(member, load, work=tmp_path / "replay")
