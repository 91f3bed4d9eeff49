"""Several nodes, one of them hostile or wrong: the others notice, and go on."""

import asyncio
import base64
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from config.errors import RochdaleError
from did.keys import SEED_BYTES
from governance.transactions import UpdateCooperative
from ledger.engine import compute_node_id
from ledger.envelope import decode_transaction
from ledger.rpc import EngineClient
from node import exit_codes
from node.federation_office import fetch_federation
from node.keystore import load_key
from testnet.ports import choose_ports
from tests.faults.garbage_ledger import KINDS
from tests.faults.roots import rename
from tests.node.small_federation import (
    Member,
    check_agreement,
    copy_home,
    found_members,
    run_command,
    wait_until,
)

_HERE = Path(__file__).parent
_REFUSED = "state machine rejected a proposed block"
"""What an honest engine logs when its ledger refuses a proposal."""


@pytest.fixture
def members(tmp_path: Path) -> Iterator[list[Member]]:
    """Four validators, not started."""
    members = found_members(tmp_path)
    yield members
    for member in members:
        member.stop()


def make_twin(member: Member, path: Path, *, beside: Member) -> Member:
    """Another node with the same validator's key, which a third one talks to.

    Made before either has started: of that, no home can know.
    """
    twin = copy_home(member, path)
    (twin.home.keys / "node.key").write_text(os.urandom(SEED_BYTES).hex() + "\n")
    address = f"127.0.0.1:{choose_ports(1, base=None)[0].engine}"
    node_id = compute_node_id(load_key(twin.home.keys, "node").public_key)
    twin.environment["ROCHDALE_ENGINE__P2P_LISTEN"] = address
    beside.environment["ROCHDALE_ENGINE__PERSISTENT_PEERS"] = f"{node_id}@{address}"
    return twin


@pytest.mark.timeout(240)
def test_a_validator_that_signs_twice_is_suspended_and_the_others_go_on(
    members: list[Member], tmp_path: Path
) -> None:
    """Two nodes with one key: evidence, a case that members see, power 0, agreement."""
    honest, accused = members[:3], members[3]
    twin = make_twin(accused, tmp_path / "twin", beside=honest[0])
    members.append(twin)
    for member in members:
        member.start()
    witness = honest[1]

    wait_until(lambda: asyncio.run(has_case(witness)), timeout_s=120)

    listed = run_command("federation", "list", "--json", "--home", str(witness.home.root))
    case = json.loads(listed.stdout)["cases"][-1]
    height = case["opened_height"]
    wait_until(lambda: min(member.height() for member in honest) >= height + 5)
    assert case["kind"] == "duplicate_vote"
    evidence = witness.call("block", height=str(height))["block"]["evidence"]["evidence"]
    assert {item["type"] for item in evidence} == {"tendermint/DuplicateVoteEvidence"}
    votes = [evidence[0]["value"]["vote_a"], evidence[0]["value"]["vote_b"]]
    assert [bytes.fromhex(vote["validator_address"]) for vote in votes] == [accused.address] * 2
    assert votes[0]["block_id"] != votes[1]["block_id"]
    check_power_is_gone(witness, accused, height=height)
    for member in honest:
        shown = run_command("federation", "list", "--home", str(member.home.root)).stdout
        assert "suspended: signed twice" in shown
        assert "signing twice" in shown
    assert check_agreement(honest) >= height + 5


async def has_case(member: Member) -> bool:
    """Whether its ledger holds an accusation."""
    with suppress(RochdaleError):  # it may not have begun
        async with EngineClient(member.home.rpc_socket) as engine:
            return bool((await fetch_federation(engine)).cases)
    return False


def check_power_is_gone(witness: Member, accused: Member, *, height: int) -> None:
    """The block that decides, then one more, then it is in no set and no commit."""
    for at, has_power in ((height + 1, True), (height + 2, False)):
        listed = witness.call("validators", height=str(at))["validators"]
        addresses = {bytes.fromhex(item["address"]) for item in listed}
        assert (accused.address in addresses) is has_power
        assert len(addresses) == 3 + has_power
    assert accused.address not in witness.signers(height + 3)
    events = witness.call("block_results", height=str(height))["finalize_block_events"]
    types = [event["type"] for event in events]
    assert {"rochdale.CaseOpened", "rochdale.ValidatorSuspended"} <= set(types)


@pytest.mark.timeout(240)
def test_a_node_whose_state_differs_halts_loudly_and_the_others_go_on(
    members: list[Member],
) -> None:
    """It says so in a sentence, is not started again, and comes back by the remedy it names."""
    honest, odd = members[:3], members[3]
    odd.ledger_argv = (str(_HERE / "odd_ledger.py"), "6")
    for member in members:
        member.start()
    wait_until(lambda: odd.status()["halted"])

    height = honest[0].height() + 5
    wait_until(lambda: min(member.height() for member in honest) >= height)
    shown = run_command("status", "--home", str(odd.home.root))
    assert shown.returncode == exit_codes.INTERNAL
    assert "halted: this node's state is not what the others have agreed on" in " ".join(
        shown.stdout.split()
    )
    assert "`rochdale ledger reset`" in " ".join(shown.stdout.split())
    assert [row["pid"] for row in odd.status()["processes"]] == [None, None]
    assert odd.said.count("group_halted") == 1
    check_halts_again(odd)
    check_agreement(honest)

    odd.stop()
    assert run_command("ledger", "reset", "--yes", "--home", str(odd.home.root)).returncode == 0
    odd.start()
    wait_until(lambda: odd.height() >= height)
    wait_until(lambda: odd.address in honest[0].signers(honest[0].height()))
    check_agreement(members)


@pytest.mark.timeout(240)
def test_what_a_hostile_proposer_puts_into_blocks_is_never_committed(
    members: list[Member],
) -> None:
    """Every honest node refuses it, and the chain goes on with the others' proposals."""
    honest, hostile = members[:3], members[3]
    hostile.ledger_argv = (str(_HERE / "garbage_ledger.py"),)
    for member in members:
        member.start()
    proposed = hostile.home.logs / "garbage.txt"
    wait_until(lambda: min(member.height() for member in honest) >= 1)

    names: list[str] = []
    kinds: set[str] = set()
    while len(kinds) < len(KINDS):
        assert len(names) < 100, f"only {kinds} were proposed"
        names.append(f"Another name {len(names)}")
        height = asyncio.run(rename(honest[0], names[-1]))
        kinds = set(proposed.read_text().splitlines()) if proposed.exists() else kinds

    wait_until(lambda: min(member.height() for member in members) >= height + 3)
    common = check_agreement(members)
    committed, rounds = [], []
    for at in range(1, common + 1):
        block = honest[1].call("block", height=str(at))["block"]
        rounds.append(block["last_commit"]["round"])
        committed += [read_name(base64.b64decode(item)) for item in block["data"]["txs"]]
    assert committed == names
    assert sum(number > 0 for number in rounds) >= len(KINDS)
    for member in honest:
        refused = (member.home.logs / "engine.log").read_text().count(_REFUSED)
        assert refused >= len(KINDS)


def read_name(transaction: bytes) -> str:
    """Which name a committed transaction gives; whatever else is in a block is a failure."""
    payload = decode_transaction(transaction).payload
    assert isinstance(payload, UpdateCooperative)
    return payload.name


def check_halts_again(odd: Member) -> None:
    """Starting it again, with a ledger that is sound now, does not help: its state stays odd."""
    odd.stop()
    odd.ledger_argv = ()
    odd.start()
    wait_until(lambda: odd.status()["halted"])
