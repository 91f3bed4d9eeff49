"""Making the home that goes on: for a member that is lost, and once only."""

import shutil
import time
from contextlib import closing
from pathlib import Path

import pytest

from governance.federal_view import FederalView
from governance.recovery import Recovery, compute_next_chain_id, describe_validator
from ledger.genesis import check_genesis
from ledger.recovery import assemble_recovery_genesis, read_approvals, sign_recovery
from ledger.store import Store
from node.keystore import load_key
from node.own_cooperative import load_own_cooperative
from node.settings import load_settings
from tests.node.small_federation import Member, found_members, grow, run_command


@pytest.mark.timeout(120)
def test_a_lost_member_is_told_and_no_home_goes_on_twice(tmp_path: Path) -> None:
    """Two of three validate from now on; the third's node follows, and makes one home of its own.

    Their signed recovery is made by hand from the third's state: nobody has to be missing.
    """
    members = found_members(tmp_path, 3)
    try:
        for member in members:
            member.start()
        grow(members[2])
    finally:
        for member in members:
            member.stop()
    genesis = tmp_path / "after.json"
    genesis.write_bytes(make_recovery(members[:2], lost=members[2]))
    old, new, other = members[2].home.root, tmp_path / "new", tmp_path / "other"

    said = adopt(genesis, old, new)
    assert "no member of test-four-2 any more" in said
    assert "federation request" in said
    refused = adopt(genesis, old, other)
    assert f"goes on in {new} already" in refused
    assert not other.exists()

    shutil.rmtree(new)
    assert f"Made {other}" in adopt(genesis, old, other)


def adopt(genesis: Path, old: Path, new: Path) -> str:
    """What is said, on one line."""
    place = ("--from", str(old), "--home", str(new))
    ended = run_command("genesis", "recover", "adopt", str(genesis), *place)
    assert ended.returncode in {0, 1}, ended.stderr
    return " ".join((ended.stdout + ended.stderr).split())


def make_recovery(remaining: list[Member], *, lost: Member) -> bytes:
    """What those who remain have signed, of the lost one's last state."""
    genesis = check_genesis(lost.home.genesis_path.read_bytes())
    with closing(Store.open(lost.home.ledger)) as store:
        view = FederalView(store)
        own = {own_id(member): member for member in remaining}
        described = [describe_validator(view.get_cooperative(item)) for item in sorted(own)]
        recovery = Recovery(
            chain_id=compute_next_chain_id(genesis.chain_id),
            former_chain_id=genesis.chain_id,
            network=genesis.network,
            former_genesis_hash=genesis.genesis_hash,
            height=store.record.height,
            header_hash=bytes(32),
            app_hash=store.record.app_hash,
            begins_ms=time.time_ns() // 1_000_000,
            rules_version=view.get_parameters().rules_version,
            validators=tuple(item for item in described if item is not None),
            lost=(own_id(lost),),
        )
    approvals = []
    for cooperative, member in own.items():
        root = load_key(member.home.keys, "cooperative")
        signed = sign_recovery(recovery, cooperative=cooperative, keys=[root])
        approvals += read_approvals(signed)
    return assemble_recovery_genesis(recovery, approvals)


def own_id(member: Member) -> bytes:
    settings = load_settings(member.home.settings_path, environ={})
    return load_own_cooperative(member.home, settings).id
