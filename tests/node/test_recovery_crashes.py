"""A chain that goes on from another's state, interrupted while it makes its very first block."""

import json
import shutil
from pathlib import Path

import pytest

from node.home import open_home
from tests.faults.load import Load
from tests.node.full_nodes import make_recovery_alone
from tests.node.small_federation import Member, found_members, run_command, wait_until

POINTS = ("init_chain.end", "finalize_block", "finalize_block.end", "commit", "commit.end")
FAIL_POINTS = (1, 3, 4, 6)
"""The engine's own: it has voted; the block is stored, is marked as done, is executed."""


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a cooperative's stopped home, alone on its chain, and its recovery."""
    directory = tmp_path_factory.mktemp("stopped")
    [member] = found_members(directory, 1)
    load = Load(member.home)
    member.start()
    with member, load:
        wait_until(lambda: load.committed)
    member.home.root.rename(directory / "old")
    (directory / "after.json").write_bytes(make_recovery_alone(open_home(directory / "old")))
    return directory


@pytest.fixture
def member(stopped: Path, tmp_path: Path) -> Member:
    """A new home of the chain that goes on; an old one goes on in one alone."""
    old = shutil.copytree(stopped / "old", tmp_path / "old")
    done = run_command(
        *("genesis", "recover", "adopt", str(stopped / "after.json")),
        *("--from", str(old), "--home", str(tmp_path / "new")),
    )
    assert done.returncode == 0, done.stderr
    return Member(open_home(tmp_path / "new"))


def check_goes_on(member: Member) -> int:
    """It makes blocks by itself, after a first one that has none before it; its height."""
    first = int(json.loads(member.home.genesis_path.read_bytes())["initial_height"])
    wait_until(lambda: member.height() > first + 2)
    header = member.call("commit", height=str(first))["signed_header"]["header"]
    assert header["last_block_id"]["hash"] == ""
    return first


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.timeout(150)
def test_a_ledger_that_is_killed_in_the_first_block_comes_back(member: Member, point: str) -> None:
    """The engine alone could not execute that block again."""
    member.environment["ROCHDALE_CRASH_AT"] = f"{point}:1"
    member.start(backoff_s_max=0.5)
    with member:
        first = check_goes_on(member)
        assert json.loads(member.home.died_path.read_bytes()) == [f"{point}:1"]

    is_stuck = point != "init_chain.end"
    assert (f"panic: StoreBlockHeight ({first})" in member.said) is is_stuck


@pytest.mark.parametrize("index", FAIL_POINTS)
@pytest.mark.timeout(150)
def test_an_engine_that_ends_in_the_first_block_comes_back(member: Member, index: int) -> None:
    """At its own fail points."""
    member.start(backoff_s_max=0.5, fail_at=[index])
    with member:
        first = check_goes_on(member)
        assert member.restarts("engine") >= 1

    assert (f"panic: StoreBlockHeight ({first})" in member.said) is (index > 1)
