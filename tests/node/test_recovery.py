"""A federation that has lost half of its nodes for good goes on from its last agreed state."""

import asyncio
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from did.accounts import Inception
from did.keys import KeyPair
from governance.federal_view import FederalView
from governance.logs import get_frontier
from governance.proposal_records import ProposalKind
from governance.records import CooperativeStatus, Role, Standing, compute_office_account_id
from governance.refusals import RefusalCode
from governance.roll import roll_log
from governance.transactions import AdmitMembers, Payload, SubmitProposal, compute_proposal_id
from ledger.disk import CommitRecord
from ledger.envelope import sign_transaction
from ledger.rpc import EngineClient
from ledger.store import Store
from node import exit_codes
from node.home import open_home
from node.keystore import load_key
from node.own_cooperative import load_own_cooperative
from node.sending import Sender
from node.settings import load_settings
from tests.node.small_federation import (
    CHAIN_ID,
    Member,
    copy_home,
    run_command,
    run_members,
    wait_until,
)

AFTER = "test-four-2"
PERSON = KeyPair(b"a member of cooperative 0".ljust(32, b"."))
INCEPTION = Inception(
    public_key=PERSON.public_key, next_key_commitment=bytes(32), guardians_commitment=bytes(32)
)
ACCOUNT = INCEPTION.compute_id()


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What must not be lost."""

    joined_height: int
    proposal: object
    roll: object
    roll_root: bytes


@pytest.fixture
def four(tmp_path: Path) -> Iterator[list[Member]]:
    """Four founders that run; ended even if the test fails."""
    with run_members(tmp_path) as members:
        yield members


@pytest.mark.timeout(400)
def test_the_two_that_remain_go_on_with_everything(four: list[Member], tmp_path: Path) -> None:
    """Accounts, roll and proposals stay; old transactions do not count; the dead do not disturb.

    Of the two that are lost one has kept its next key elsewhere, as it was told at its start,
    and signs with that: more than half of the members have to.
    """
    wait_until(lambda: all(member.height() > 1 for member in four))
    first, second, third, fourth = four
    check_nothing_to_recover(first, tmp_path)
    proposal, sent = decide(first)
    saved = shutil.copytree(third.home.keys, tmp_path / "safe")
    saved.chmod(0o755)  # a stick's own
    third_id, fourth_id = own_id(third), own_id(fourth)
    for lost in (third, fourth):
        lost.stop()
    old_data = copy_home(fourth, tmp_path / "from-a-backup")
    for lost in (third, fourth):
        shutil.rmtree(lost.home.root)
    four[2:] = []
    check_names_missing(first)

    genesis = agree(first, second, third_id, saved / "cooperative-next.key", tmp_path)
    check_running_node_is_not_adopted(first, genesis, tmp_path)
    height = first.height()
    for member in (first, second):
        member.stop()
    check_few_are_refused(tmp_path / "too-few.json", first, tmp_path)
    before = read_facts(first, own_id(first), proposal)
    new = [adopt(member, genesis, tmp_path / f"new-{member.home.root.name}") for member in four]
    four += new
    begin(new, first_height=height + 1)
    wait_until(lambda: all(member.height() > height + 2 for member in new))
    check_old_transactions_fail(new[0], sent)
    check_nobody_comes_back(old_data, new)
    check_connected(new[0], first, height)
    asyncio.run(send(new[0], ACCOUNT, PERSON, motion(new[0], text=2)))
    check_agreement_from(new, height + 1)
    for member in new:
        member.stop()
        assert read_facts(member, own_id(first), proposal) == before
        check_standings(member, third_id, fourth_id)
    check_former_home_is_retired(first, new[0])


def decide(member: Member) -> tuple[bytes, bytes]:
    """Somebody is admitted and proposes; the proposal's id, and the transaction's bytes."""
    cooperative = own_id(member)
    registrar = compute_office_account_id(cooperative=cooperative, role=Role.REGISTRAR)
    asyncio.run(
        send(
            member,
            registrar,
            load_key(member.home.keys, "registrar"),
            AdmitMembers(cooperative=cooperative, inceptions=(INCEPTION,)),
        )
    )
    payload = motion(member, text=1)
    nonce = asyncio.run(send(member, ACCOUNT, PERSON, payload))
    height = member.height()
    wait_until(lambda: member.height() > height + 1)  # its discussion has begun
    signed = sign(CHAIN_ID, payload, nonce=nonce + 1)
    return compute_proposal_id(account=ACCOUNT, nonce=nonce, payload=payload), signed


def motion(member: Member, *, text: int) -> SubmitProposal:
    return SubmitProposal(
        cooperative=own_id(member),
        kind=ProposalKind.ORDINARY,
        text_hash=bytes([text]) * 32,
        subject=b"",
        voting_days=0,
    )


def sign(chain_id: str, payload: Payload, *, nonce: int) -> bytes:
    """A transaction of the person's that nobody has sent yet."""
    return sign_transaction(
        chain_id=chain_id,
        account=ACCOUNT,
        nonce=nonce,
        valid_until_ms=now_ms() + 600_000,
        payload=payload,
        keys=[PERSON],
    )


async def send(member: Member, account: bytes, key: KeyPair, payload: Payload) -> int:
    """Send and wait for the block; the nonce."""
    async with EngineClient(member.home.rpc_socket) as engine:
        chain_id = (await engine.status()).chain_id
        sender = Sender(engine, chain_id=chain_id, account=account, keys=[key], now_ms=now_ms)
        await sender.send(payload)
        return sender.nonce


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def own_id(member: Member) -> bytes:
    settings = load_settings(member.home.settings_path, environ={})
    return load_own_cooperative(member.home, settings).id


def check_nothing_to_recover(member: Member, directory: Path) -> None:
    """A chain that goes on is not recovered."""
    result = run_command(
        *("genesis", "recover", "draft", "--validator", "Cooperative 0"),
        *("-o", str(directory / "no.json"), "--home", str(member.home.root)),
    )
    assert result.returncode == 1
    assert "does not stand still" in result.stderr
    assert not (directory / "no.json").exists()


def check_names_missing(member: Member) -> None:
    """The chain stands still, and `status` says for whom it waits."""

    def waits_for() -> list[str]:
        told = json.loads(run_command("status", "--json", "--home", str(member.home.root)).stdout)
        return list((told["ledger"] or {}).get("missing", []))

    wait_until(lambda: waits_for() == ["Cooperative 2", "Cooperative 3"])
    height = member.height()
    time.sleep(2)
    assert member.height() == height


def agree(first: Member, second: Member, third_id: bytes, key: Path, directory: Path) -> Path:
    """Drafted by one, signed by two beside their nodes and by the third with the key it kept."""
    recovery, genesis = directory / "recovery.json", directory / "genesis-after.json"
    at = ("--home", str(first.home.root))
    names = ("--validator", "Cooperative 0", "--validator", "Cooperative 1")
    command = ("genesis", "recover")
    both = ("--lost", "Cooperative 0", "-o", str(recovery))
    refused = run_command(*command, "draft", *names, *both, *at)
    assert "'Cooperative 0' is lost and validates" in refused.stderr
    assert not recovery.exists()
    said = do(*command, "draft", *names, "--lost", "Cooperative 3", "-o", str(recovery), *at)
    assert "Cooperative 3: its membership ends" in said
    signatures = []
    for member in (first, second):
        signatures.append(str(directory / f"{member.home.root.name}.json"))
        place = ("--home", str(member.home.root))
        do(*command, "sign", str(recovery), "-o", signatures[-1], *place)
    too_few = directory / "too-few.json"
    check_few_stop_nobody(first, [str(recovery), *signatures], too_few)
    signatures.append(str(directory / "third.json"))
    do(
        *(*command, "sign", str(recovery), "-o", signatures[-1]),
        *("--key", str(key), "--cooperative", third_id.hex()),
    )
    check_changed_is_refused(recovery, second, directory)
    place = ("-o", str(genesis), "--from", str(first.home.root))
    said = do(*command, "assemble", str(recovery), *signatures, *place)
    assert "signed by 3 cooperatives" in said
    assert all(f"Cooperative {number}" in said for number in range(3))
    assert "Each who validates stops its node" in said
    return genesis


def check_few_stop_nobody(member: Member, files: list[str], genesis: Path) -> None:
    """Whoever assembles learns who has signed, and by a node's state that they are too few."""
    command = ("genesis", "recover", "assemble", *files, files[-1], "-o", str(genesis))
    refused = run_command(*command, "--from", str(member.home.root))
    assert "2 of 4 members have signed" in refused.stderr
    assert not genesis.exists()
    said = do(*command)
    assert "signed by 2 cooperatives" in said
    assert "More than half of the members" in said
    assert "stops its node" not in said


def check_changed_is_refused(recovery: Path, member: Member, directory: Path) -> None:
    """Nobody signs another state, height or chain than their own node's."""
    document = json.loads(recovery.read_bytes())
    changed = directory / "changed.json"
    for field, value, said in (
        ("app_hash", "00" * 32, "its state is another"),
        ("height", document["height"] - 1, "this node's last is"),
        ("header_hash", "11" * 32, "its last block is another"),
        ("former_genesis_hash", "22" * 32, "another chain"),
    ):
        changed.write_text(json.dumps({**document, field: value}))
        result = run_command(
            *("genesis", "recover", "sign", str(changed), "-o", str(directory / "no.json")),
            *("--home", str(member.home.root)),
        )
        assert result.returncode == 1, result.stderr
        assert said in " ".join(result.stderr.split()), result.stderr


def check_few_are_refused(genesis: Path, member: Member, directory: Path) -> None:
    """Two of four are not more than half; said before anything is made."""
    result = run_command(
        *("genesis", "recover", "adopt", str(genesis), "--from", str(member.home.root)),
        *("--home", str(directory / "no")),
    )
    assert result.returncode == 1
    assert "more than half" in result.stderr
    assert not (directory / "no").exists()


def check_running_node_is_not_adopted(member: Member, genesis: Path, directory: Path) -> None:
    """Its state could still change."""
    result = run_command(
        *("genesis", "recover", "adopt", str(genesis), "--from", str(member.home.root)),
        *("--home", str(directory / "no")),
    )
    assert "is running" in result.stderr
    assert not (directory / "no").exists()


def adopt(member: Member, genesis: Path, root: Path) -> Member:
    said = do(
        *("genesis", "recover", "adopt", str(genesis), "--from", str(member.home.root)),
        *("--home", str(root)),
    )
    assert AFTER in said
    return Member(open_home(root))


def begin(members: list[Member], *, first_height: int) -> None:
    """One is killed in its very first block, and comes back by itself (`node.first_block`)."""
    broken = members[0]
    broken.environment["ROCHDALE_CRASH_AT"] = f"finalize_block:{first_height}"
    for member in members:
        member.start()
    wait_until(lambda: broken.height() > first_height)
    assert "> StateBlockHeight + 1" in broken.said


def check_old_transactions_fail(member: Member, sent: bytes) -> None:
    """Neither one that was signed for the former chain nor, by chance, its bytes again."""

    async def offer() -> int:
        async with EngineClient(member.home.rpc_socket) as engine:
            return (await engine.broadcast_tx_sync(sent)).code

    assert asyncio.run(offer()) == RefusalCode.WRONG_CHAIN


def check_nobody_comes_back(old: Member, new: list[Member]) -> None:
    """A node with the former chain's data talks to nobody, and the others go on."""
    height = new[0].height()
    old.start()
    try:
        wait_until(lambda: old.height() > 0)
        stood = old.height()
        wait_until(lambda: all(member.height() > height + 5 for member in new))
        assert old.height() == stood
        assert old.call("net_info")["n_peers"] == "0"
    finally:
        old.stop()


def check_former_home_is_retired(former: Member, new: Member) -> None:
    """It may not sign beside the new one, whatever its operator says of the chain."""
    root = str(former.home.root)
    for options in (("--chain-waits", "--yes"), ("--yes",)):
        refused = run_command("validator", "resume", "--home", root, *options)
        assert refused.returncode == exit_codes.FAILED
        assert f"goes on as {AFTER}" in refused.stderr
        assert f"rochdale start --home {new.home.root}" in refused.stderr
        do("validator", "hold", "--home", root)
    former.start()
    try:
        wait_until(lambda: former.height() > 0)
        said = do("status", "--home", root)
    finally:
        former.stop()
    assert f"start {new.home.root} instead" in said
    assert "validator resume" not in said


def check_connected(new: Member, old: Member, height: int) -> None:
    """The new genesis names the former chain's last block and state, and begins after them."""
    document = json.loads(new.home.genesis_path.read_bytes())
    recovery = document["app_state"]["recovery"]
    assert (document["chain_id"], recovery["former_chain_id"]) == (AFTER, CHAIN_ID)
    assert (recovery["height"], document["initial_height"]) == (height, str(height + 1))
    record = read_record(old)
    assert recovery["app_hash"] == document["app_hash"].lower() == record.app_hash.hex()
    header = new.call("commit", height=str(height + 1))["signed_header"]["header"]
    assert (header["chain_id"], header["last_block_id"]["hash"]) == (AFTER, "")


def check_agreement_from(members: list[Member], height: int) -> None:
    """The same blocks, from the new chain's first on."""
    common = min(member.height() for member in members)
    for each in range(height, common + 1):
        headers = [
            member.call("commit", height=str(each))["signed_header"]["header"] for member in members
        ]
        assert all(header == headers[0] for header in headers)


def read_record(member: Member) -> CommitRecord:
    with closing(Store.open(member.home.ledger)) as store:
        return store.record


def read_facts(member: Member, cooperative: bytes, proposal: bytes) -> Facts:
    with closing(Store.open(member.home.ledger)) as store:
        view = FederalView(store)
        account = view.get_account(ACCOUNT)
        assert account is not None
        return Facts(
            joined_height=account.joined_height,
            proposal=view.get_proposal(cooperative, proposal),
            roll=view.get_roll(cooperative),
            roll_root=get_frontier(view, roll_log(cooperative)).compute_root(),
        )


def check_standings(member: Member, third: bytes, fourth: bytes) -> None:
    """Who is missing is suspended and may return; who is lost is no member."""
    with closing(Store.open(member.home.ledger)) as store:
        view = FederalView(store)
        missing, lost = view.require_cooperative(third), view.require_cooperative(fourth)
        assert missing.is_member
        assert missing.validator is not None
        assert missing.validator.standing is Standing.SILENT
        assert (lost.status, lost.validator) == (CooperativeStatus.LEFT, None)
        assert len(view.get_validators().seats) == 2
        assert view.went_on_from(CHAIN_ID)


def do(*arguments: str) -> str:
    result = run_command(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout
