"""Two of four remain, and of the others every key is lost: no recovery, and nothing spoiled."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node.small_federation import (
    Member,
    check_agreement,
    run_command,
    run_members,
    wait_until,
)

RECOVER = ("genesis", "recover")
LONG_S = 120
"""Four nodes, on a machine that may be busy."""


@pytest.fixture
def four(tmp_path: Path) -> Iterator[list[Member]]:
    """Four founders that run; ended even if the test fails."""
    with run_members(tmp_path) as members:
        yield members


@pytest.mark.timeout(500)
def test_half_of_the_members_recover_nothing_and_may_still_be_joined(
    four: list[Member], tmp_path: Path
) -> None:
    """Half is refused in words, makes no home and holds nobody: a third that turns up suffices."""
    wait_until(lambda: all(member.height() > 1 for member in four), timeout_s=LONG_S)
    first, second, third, fourth = four
    for lost in (third, fourth):
        lost.stop()
    wait_until(lambda: len(waits_for(first)) == 2, timeout_s=LONG_S)
    document, genesis = str(tmp_path / "recovery.json"), tmp_path / "after.json"
    names = ("--validator", "Cooperative 0", "--validator", "Cooperative 1")
    others = ("--lost", "Cooperative 2", "--lost", "Cooperative 3")
    at = ("--home", str(first.home.root))
    do(*RECOVER, "draft", *names, *others, "-o", document, *at)
    signed = []
    for member in (first, second):
        signed.append(str(tmp_path / f"{member.home.root.name}.json"))
        place = ("--home", str(member.home.root))
        do(*RECOVER, "sign", document, "-o", signed[-1], *place)
    do(*RECOVER, "assemble", document, *signed, "-o", str(genesis))
    for member in (first, second):
        member.stop()
        check_refused(member, genesis, tmp_path / "no")

    for member in (first, second, third):
        member.start()

    height = int(json.loads(Path(document).read_bytes())["height"])
    wait_until(lambda: third.height() > height + 2, timeout_s=LONG_S)
    check_agreement([first, second, third])
    assert {first.address, second.address, third.address} <= first.signers(height + 2)


def check_refused(member: Member, genesis: Path, root: Path) -> None:
    """Before anything is made, with the number that is lacking."""
    result = run_command(
        *(*RECOVER, "adopt", str(genesis), "--from", str(member.home.root), "--home", str(root))
    )
    assert result.returncode == 1
    said = " ".join(result.stderr.split())
    assert "2 of 4 members have signed: it takes more than half" in said
    assert "next key included" in said
    assert not root.exists()


def waits_for(member: Member) -> list[str]:
    """For whose validators a chain waits, as `status` says."""
    told = json.loads(run_command("status", "--json", "--home", str(member.home.root)).stdout)
    return list((told["ledger"] or {}).get("missing", []))


def do(*arguments: str) -> str:
    result = run_command(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout
