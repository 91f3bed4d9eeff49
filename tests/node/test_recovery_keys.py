"""Changes of keys that were under way when a chain stood still, and receipts of before.

Two founders, of whom one is lost but for its next key: both have to sign, one beside its node.
"""

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.errors import RefusedError
from governance.federal_view import FederalView
from governance.state_keys import FEDERATION, Collection, state_key
from ledger.light_source import LightSource
from ledger.receipt_builder import build_block_receipt, build_state_receipt
from ledger.rpc import EngineClient
from ledger.store import Store
from node.chain import load_genesis
from node.home import Home, open_home
from node.keystore import load_key
from node.own_cooperative import load_own_cooperative
from node.settings import load_settings
from tests.node.small_federation import Member, found_members, grow, run_command, wait_until

PARAMETERS = state_key(FEDERATION, Collection.PARAMETERS, b"")
RECOVER = ("genesis", "recover")


@pytest.fixture
def two(tmp_path: Path) -> Iterator[list[Member]]:
    """Two founders that run; ended even if the test fails."""
    members = found_members(tmp_path, 2)
    try:
        for member in members:
            member.start()
        wait_until(lambda: all(member.height() > 1 for member in members))
        yield members
    finally:
        for member in members:
            member.stop()


@pytest.mark.timeout(300)
def test_changes_of_keys_that_were_under_way_hold_on_the_chain_that_goes_on(
    two: list[Member], tmp_path: Path
) -> None:
    """The ledger knows the new keys already, the home has not put them in their places yet."""
    first, second = two
    for command in ("rotate-root", "rotate-validator"):
        do("federation", command, "--home", str(first.home.root))
    grow(first)
    undo_last_steps(first.home)
    new_consensus = load_key(first.home.keys, "consensus-new")
    committed = load_key(first.home.keys, "cooperative-next-new")

    new = recover(first, second, tmp_path)
    two.append(new)

    new.start()
    wait_until(lambda: new.height() > first_height(new) + 2)
    assert load_key(new.home.keys, "consensus") == new_consensus
    do("federation", "rotate-root", "--home", str(new.home.root))
    assert load_key(new.home.keys, "cooperative-next") == committed
    do("federation", "rotate-root", "--home", str(new.home.root))
    assert load_key(new.home.keys, "cooperative") == committed
    new.stop()
    check_root(new.home)


@pytest.mark.timeout(300)
def test_a_home_with_nothing_but_the_next_key_goes_on(two: list[Member], tmp_path: Path) -> None:
    """It signs, and rotates to that key as soon as there is a chain; receipts of before hold."""
    first, second = two
    grow(first)
    asyncio.run(write_receipts(first, tmp_path))
    bundle = tmp_path / "old-trust.json"
    do("trust", "export", "--home", str(first.home.root), "-o", str(bundle))
    (first.home.keys / "cooperative.key").unlink()

    new = recover(first, second, tmp_path)
    two.append(new)

    new.start()
    wait_until(lambda: new.height() > first_height(new) + 2)
    do("federation", "rotate-root", "--home", str(new.home.root))
    do("trust", "export", "--home", str(new.home.root), "-o", str(tmp_path / "new-trust.json"))
    asyncio.run(check_receipts_of_now(new))
    new.stop()
    check_root(new.home)
    check_receipts_of_before(first, new, tmp_path)


def undo_last_steps(home: Home) -> None:
    """As if both commands had been interrupted after the ledger's answer."""
    keys = home.keys
    (keys / "cooperative-next.key").rename(keys / "cooperative-next-new.key")
    (keys / "cooperative.key").rename(keys / "cooperative-next.key")
    (keys / "cooperative-retired-1.key").rename(keys / "cooperative.key")
    (keys / "consensus.key").rename(keys / "consensus-new.key")
    (keys / "consensus-retired-1.key").rename(keys / "consensus.key")


def recover(first: Member, second: Member, directory: Path) -> Member:
    """The second is lost but for its next key; the first's new home."""
    kept = shutil.copytree(second.home.keys, directory / "safe") / "cooperative-next.key"
    second_id = own_id(second.home).hex()
    second.stop()
    shutil.rmtree(second.home.root)
    document, genesis = str(directory / "recovery.json"), str(directory / "after.json")
    ours, theirs = str(directory / "ours.json"), str(directory / "theirs.json")
    at = ("--home", str(first.home.root))
    wait_until(lambda: waits_for(first) == ["Cooperative 1"])
    do(*RECOVER, "draft", "--validator", "Cooperative 0", "-o", document, *at)
    do(*RECOVER, "sign", document, "-o", ours, *at)
    signing = ("--key", str(kept), "--cooperative", second_id)
    do(*RECOVER, "sign", document, "-o", theirs, *signing)
    do(*RECOVER, "assemble", document, ours, theirs, "-o", genesis)
    first.stop()
    root = directory / "new"
    do(*RECOVER, "adopt", genesis, "--from", str(first.home.root), "--home", str(root))
    return Member(open_home(root))


def check_root(home: Home) -> None:
    """The keys that a stopped home has are those that its state knows."""
    with closing(Store.open(home.ledger)) as store:
        account = FederalView(store).get_account(own_id(home))
    assert account is not None
    assert [item.public_key for item in account.keys] == [
        load_key(home.keys, "cooperative").public_key
    ]


async def write_receipts(member: Member, directory: Path) -> None:
    """Of a state key and of a block."""
    async with EngineClient(member.home.rpc_socket) as client:
        source = LightSource(client, load_genesis(member.home).trust)
        made = {
            "state": await build_state_receipt(source, PARAMETERS),
            "block": await build_block_receipt(source, 2),
        }
    for name, receipt in made.items():
        (directory / f"{name}.json").write_text(json.dumps(receipt.to_json()))


async def check_receipts_of_now(member: Member) -> None:
    """The new chain gives receipts of its own, from its first block on."""
    async with EngineClient(member.home.rpc_socket) as client:
        source = LightSource(client, load_genesis(member.home).trust)
        receipt = await build_block_receipt(source, first_height(member))
        assert receipt.chain_id == "test-four-2"
        with pytest.raises(RefusedError, match=r"begins with block \d+: .* are of test-four-1"):
            await build_block_receipt(source, first_height(member) - 1)


def check_receipts_of_before(first: Member, new: Member, directory: Path) -> None:
    """By the old chain's trust they hold as ever; by the new one's the sentence says what to do."""
    for name in ("state", "block"):
        receipt = str(directory / f"{name}.json")
        for trust in (first.home.genesis_path, directory / "old-trust.json"):
            assert "The receipt holds." in do("ledger", "verify", receipt, "--trust", str(trust))
        for trust in (new.home.genesis_path, directory / "new-trust.json"):
            refused = run_command("ledger", "verify", receipt, "--trust", str(trust))
            said = " ".join(refused.stderr.split())
            assert refused.returncode == 1
            assert "another chain than 'test-four-2': name a genesis file or trust bundle" in said


def waits_for(member: Member) -> list[str]:
    """For whose validators a chain waits, as `status` says."""
    told = json.loads(run_command("status", "--json", "--home", str(member.home.root)).stdout)
    return list((told["ledger"] or {}).get("missing", []))


def first_height(member: Member) -> int:
    """Of a chain that goes on."""
    return int(json.loads(member.home.genesis_path.read_bytes())["initial_height"])


def own_id(home: Home) -> bytes:
    return load_own_cooperative(home, load_settings(home.settings_path, environ={})).id


def do(*arguments: str) -> str:
    result = run_command(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout
