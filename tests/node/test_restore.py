"""A restored or copied validator signs nothing until it is safe: real engines throughout."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.limits import RESUME_MARGIN_BLOCKS, RESUME_QUIET_BLOCKS
from ledger.headers import compute_address
from ledger.signing_state import SignedPoint
from node import exit_codes
from node.keystore import load_key
from node.signing_guard import hold, load_guard
from tests.node.small_federation import (
    Member,
    copy_home,
    found_members,
    grow,
    run_command,
    run_members,
    wait_until,
)


@pytest.fixture
def members(tmp_path: Path) -> Iterator[list[Member]]:
    """Four validators: one may be missing."""
    with run_members(tmp_path) as members:
        yield members


def is_held(member: Member) -> bool:
    """Whether its engine runs with another key than its validator's."""
    key = compute_address(load_key(member.home.keys, "consensus").public_key)
    try:
        info = member.call("status")["validator_info"]
    except Exception:  # noqa: BLE001 - it starts
        return False
    return bytes.fromhex(info["address"]) != key


def check_no_evidence(member: Member, *, up_to: int) -> None:
    """No block holds a proof that somebody signed twice."""
    for height in range(1, up_to + 1):
        block = member.call("block", height=str(height))["block"]
        assert block["evidence"]["evidence"] == [], height


def read_released_height(said: str) -> int:
    """Above which height the command lets the validator sign; the guard's own grows with it."""
    found = re.search(r"only above height (\d+)", said)
    assert found is not None, said
    return int(found[1])


def resume(member: Member, *options: str) -> str:
    ended = run_command("validator", "resume", "--home", str(member.home.root), *options)
    assert ended.returncode == exit_codes.OK, ended.stdout + ended.stderr
    return ended.stdout


def refuse(member: Member, *options: str, code: int = exit_codes.FAILED) -> str:
    """What is said, on one line."""
    ended = run_command("validator", "resume", "--home", str(member.home.root), *options)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return " ".join(ended.stderr.split())


@pytest.mark.timeout(240)
def test_an_old_backup_of_a_validator_signs_no_old_height_again(
    members: list[Member], tmp_path: Path
) -> None:
    """It follows the chain, waits until its key is silent, and goes on above the tip."""
    witness, victim = members[0], members[3]
    grow(witness, 5)
    victim.stop()
    backup = copy_home(victim, tmp_path / "backup")
    before = victim.signed
    assert before is not None
    victim.start()
    grow(witness, 8)
    wait_until(lambda: (victim.signed or SignedPoint()).height > before.height)
    victim.stop()
    signed_last = victim.signed
    assert signed_last is not None
    assert signed_last.height > before.height
    shutil.rmtree(victim.home.root)
    shutil.copytree(backup.home.root, victim.home.root)

    victim.start()
    wait_until(lambda: is_held(victim))
    wait_until(lambda: victim.height() >= witness.height() - 1)
    assert victim.signed == before
    status = run_command("status", "--home", str(victim.home.root))
    assert "signs no blocks" in status.stdout
    said = resume(victim, "--yes")
    released = read_released_height(said)
    assert f"It signs from block {released + 1} on" in said

    assert released >= signed_last.height + RESUME_QUIET_BLOCKS + RESUME_MARGIN_BLOCKS
    wait_until(lambda: (victim.signed or SignedPoint()).height > released)
    wait_until(lambda: victim.address in witness.signers(grow(witness, 1)))
    height = witness.height()
    quiet = range(signed_last.height + 1, released + 1)
    assert [h for h in quiet if victim.address in witness.signers(h)] == []
    check_no_evidence(witness, up_to=height)


@pytest.mark.timeout(240)
def test_a_copy_of_a_running_validator_does_not_sign_beside_it(
    members: list[Member], tmp_path: Path
) -> None:
    """Nor does the original, once the copy has been allowed to sign instead."""
    witness, original = members[0], members[3]
    grow(witness, 3)
    original.stop()
    copy = copy_home(original, tmp_path / "copy")
    original.start()
    wait_until(lambda: original.address in witness.signers(grow(witness, 1)))
    at_copy = copy.signed

    original.stop()
    copy.start()
    members.append(copy)
    wait_until(lambda: is_held(copy))
    wait_until(lambda: copy.height() >= witness.height() - 1)
    assert copy.signed == at_copy
    assert "is a copy" in load_guard(copy.home).held
    refused = run_command(
        "validator", "resume", "--home", str(copy.home.root), "--chain-waits", "--yes"
    )
    assert refused.returncode == exit_codes.FAILED
    assert "goes on without this validator" in refused.stderr
    resume(copy, "--yes")
    released = load_guard(copy.home).signed_height
    wait_until(lambda: (copy.signed or SignedPoint()).height > released + 2)
    copy.stop()

    original.start()
    wait_until(lambda: "this home remembers" in load_guard(original.home).held)
    wait_until(lambda: is_held(original))
    height = grow(witness, 3)
    assert original.address not in witness.signers(height)
    assert "signs with the same key" in original.said
    check_no_evidence(witness, up_to=height)


@pytest.mark.timeout(240)
def test_a_chain_that_waits_for_a_restored_validator_goes_on(
    members: list[Member], tmp_path: Path
) -> None:
    """What the others have of its votes is not signed again; a person says that it waits."""
    witness, restored, lost = members[0], members[2], members[3]
    grow(witness, 3)
    restored.stop()
    lost.stop()
    height = witness.height()
    moved = restored.home.root.with_name("moved")
    shutil.copytree(restored.home.root, moved)
    shutil.rmtree(restored.home.root)
    moved.rename(restored.home.root)

    restored.start()
    wait_until(lambda: is_held(restored))
    wait_until(lambda: restored.height() >= height)
    wait_until(lambda: not restored.call("status")["sync_info"]["catching_up"])
    refused = run_command("validator", "resume", "--home", str(restored.home.root), "--yes")
    assert refused.returncode == exit_codes.FAILED
    assert "no block came" in refused.stderr
    resume(restored, "--chain-waits", "--yes")

    height = grow(witness, 3)
    wait_until(lambda: restored.address in witness.signers(grow(witness, 1)))
    check_no_evidence(witness, up_to=height)
    assert "nothing to resume" in refuse(restored, "--chain-waits", "--yes")


@pytest.mark.timeout(240)
def test_a_chain_that_stops_before_a_resumed_validator_signs_again_goes_on(
    members: list[Member],
) -> None:
    """The blocks that it leaves out may never come without it; a person says that it waits."""
    witness, other, resumed = members[0], members[2], members[3]
    grow(witness, 2)
    hold(resumed.home, "for a test")
    resumed.kill("engine")
    wait_until(lambda: is_held(resumed))
    wait_until(lambda: not resumed.call("status")["sync_info"]["catching_up"])
    released = read_released_height(resume(resumed, "--yes"))
    other.stop()
    wait_until(lambda: resumed.height() > 0 and not is_held(resumed))
    assert released > resumed.height()

    at = ("--home", str(resumed.home.root))
    assert f"signs from block {released + 1} on" in run_command("status", *at).stdout
    assert f"signs from block {released + 1} on" in refuse(resumed, "--yes")
    resume(resumed, "--chain-waits", "--yes")

    height = grow(witness, 3)
    assert resumed.address in witness.signers(height)
    assert "signs from" not in run_command("status", *at).stdout
    other.start()
    check_no_evidence(witness, up_to=grow(witness, 2))


@pytest.mark.timeout(120)
def test_a_restored_validator_that_is_alone_is_told_how_to_go_on(tmp_path: Path) -> None:
    """It has nobody to fetch blocks from, however long it waits."""
    [alone] = found_members(tmp_path, 1)
    with alone:
        alone.start()
        grow(alone)
        alone.stop()
        with copy_home(alone, tmp_path / "copy") as copy:
            copy.start()
            wait_until(lambda: is_held(copy))
            assert "validator resume --chain-waits" in refuse(
                copy, "--yes", code=exit_codes.UNAVAILABLE
            )

            resume(copy, "--chain-waits", "--yes")

            grow(copy)
