"""Software that lacks the rules of a block halts before it; the rest goes on."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tendermint.abci import types_pb2 as abci

from config.errors import InvariantError, OutdatedError
from governance.proposal_records import Choice, Outcome
from governance.records import Parameters
from governance.rules import RULES
from governance.transactions import AdmitMembers, CastBallot, Payload, compute_proposal_id
from governance.view import StateView
from ledger.application import Application
from ledger.rpc import EngineClient
from ledger.store import Store, create_store
from ledger.upgrades import RulesTable, is_software_enough
from node import exit_codes
from tests.ledger.engine_nodes import EngineNode, address_of, make_node, node_id_of
from tests.ledger.scenario import (
    BYLAWS,
    COOPERATIVE,
    MOTION,
    REGISTRAR,
    Chain,
    admit,
    cast,
    make_inception,
    make_member,
    render_block,
    render_genesis,
    render_init_chain,
    sign,
)
from tests.ledger.two_rules import FIRST, SCHEDULED_HEIGHT, SECOND, SOFTWARE, UPGRADE
from tests.ports import find_ports

PROGRAM = Path(__file__).with_name("two_rules.py")
PARAMETERS = Parameters(network="n", time_scale=1, bylaws_hash=bytes(32), rules_version=1)
MEMBERS = 3
"""One ballot is a third: enough for 30 %, not for 60 %."""


@pytest.mark.parametrize(
    ("installed", "needed", "enough"),
    [
        ("1.4.0", "1.4.0", True),
        ("1.10.0", "1.9.9", True),
        ("1.4.0rc1", "1.4.0", False),
        ("1.3.9", "1.4.0", False),
        ("2.0.0.dev3+local", "1.4.0", True),
    ],
)
def test_versions_compare_as_packages_do(installed: str, needed: str, enough: bool) -> None:
    """A pre-release is not its release; ten is more than nine."""
    assert is_software_enough(installed, needed) is enough


def test_a_package_without_a_version_starts_nothing() -> None:
    """Whoever built it must mend it: comparing would be guessing."""
    with pytest.raises(InvariantError):
        is_software_enough("unknown", "1.4.0")


def test_the_table_says_what_to_install_and_from_which_block() -> None:
    """Either the rules are unknown, or the software is older than the federation decided."""
    parameters = Parameters(
        **{name: getattr(PARAMETERS, name) for name in ("network", "time_scale", "bylaws_hash")},
        rules_version=1,
        upgrade=UPGRADE,
    )
    known = RulesTable((FIRST, SECOND), software_version="1.9.0")

    assert known.get(parameters, height=UPGRADE.height - 1) is FIRST
    with pytest.raises(OutdatedError, match=r"from block 40 on, which needs Rochdale 2\.0\.0"):
        known.get(parameters, height=UPGRADE.height)
    assert not known.is_ready_for(UPGRADE)
    enough = RulesTable((FIRST, SECOND), software_version="2.0.0")
    assert enough.get(parameters, height=UPGRADE.height) is SECOND
    assert enough.is_ready_for(UPGRADE)
    unknown = RulesTable((FIRST,), software_version="9.0.0")
    with pytest.raises(OutdatedError):
        unknown.get(parameters, height=UPGRADE.height)
    with pytest.raises(OutdatedError, match="genesis"):
        unknown.get_first(2)


def start_chain(path: Path, software: str) -> Chain:
    create_store(path)
    store = Store.open(path)
    application = Application(store, software_version=software, rules=SOFTWARE[software])
    application.init_chain(render_init_chain())
    return Chain(path, application, store)


def test_old_software_commits_the_last_block_and_touches_no_later_one(tmp_path: Path) -> None:
    """It says so at every way into the next block, and does not start again."""
    chain = start_chain(tmp_path / "ledger", "1.0.0")
    for _ in range(UPGRADE.height - 2):
        assert not chain.run().HasField("consensus_param_updates")

    last = chain.run()

    assert last.consensus_param_updates.version.app == 2
    assert not last.consensus_param_updates.HasField("block")
    assert chain.application.info(abci.RequestInfo()).app_version == 2
    assert chain.store.record.height == UPGRADE.height - 1
    for ask in (
        lambda: chain.application.prepare_proposal(abci.RequestPrepareProposal()),
        lambda: chain.application.process_proposal(abci.RequestProcessProposal()),
        lambda: chain.application.finalize_block(render_block(UPGRADE.height)),
    ):
        with pytest.raises(OutdatedError, match="needs Rochdale 2"):
            ask()
    with pytest.raises(OutdatedError, match="needs Rochdale 2"):
        Application(chain.store, software_version="1.0.0", rules=SOFTWARE["1.0.0"])
    chain.store.close()


def test_a_version_before_and_after_gives_what_each_rules_say(tmp_path: Path) -> None:
    """The header names the version; a downgrade is refused for ever."""
    chain = start_chain(tmp_path / "ledger", "2.0.0")
    decided = decide(chain)
    while chain.height < UPGRADE.height:
        chain.run()
    assert chain.application.info(abci.RequestInfo()).app_version == 2
    again = decide(chain)

    view = StateView(chain.store)
    assert view.get_parameters().rules_version == 2
    assert view.get_parameters().upgrade is None
    outcomes = [view.get_decision(COOPERATIVE, item) for item in (decided, again)]
    assert [item and item.outcome for item in outcomes] == [Outcome.ACCEPTED, Outcome.NO_QUORUM]
    with pytest.raises(OutdatedError, match="since before block"):
        Application(chain.store, software_version="1.0.0", rules=SOFTWARE["1.0.0"])
    chain.store.close()


def decide(chain: Chain) -> bytes:
    """Admit three, vote with one of them, close the vote; the proposal's id."""
    number = 10 * (chain.height + 1)
    members = [make_member(number + index) for index in range(MEMBERS)]
    chain.run(admit(*members, nonce=number))
    chain.run(sign(members[0], MOTION))
    chain.run()
    chain.run(after_ms=10_000)
    chain.run()
    account = make_inception(members[0]).compute_id()
    proposal = compute_proposal_id(account=account, nonce=1, payload=MOTION)
    assert chain.run(cast(number, proposal)).tx_results[0].code == 0
    chain.run(after_ms=5_000)
    chain.run()
    return proposal


def test_a_kind_of_transaction_begins_with_its_version(tmp_path: Path) -> None:
    """Newer software refuses it before, as older does: results and quotas are alike."""
    few = replace(RULES[0], payloads=(AdmitMembers,))
    create_store(tmp_path / "ledger")
    store = Store.open(tmp_path / "ledger")
    application = Application(store, software_version="1", rules=(few,))
    application.init_chain(render_init_chain())
    chain = Chain(tmp_path / "ledger", application, store)
    motion = sign(make_member(1), MOTION)
    chain.run(admit(make_member(1)))

    assert chain.check(motion) == 5
    assert (
        application.prepare_proposal(
            abci.RequestPrepareProposal(txs=[motion], max_tx_bytes=100_000)
        )
        == abci.ResponsePrepareProposal()
    )
    proposed = abci.RequestProcessProposal(txs=[motion])
    assert application.process_proposal(proposed).status == abci.ResponseProcessProposal.REJECT
    result = chain.run(motion).tx_results[0]
    assert (result.code, result.gas_used) == (5, 0)
    store.close()


@pytest.fixture
async def nodes(short_directory: Path) -> AsyncIterator[list[EngineNode]]:
    """A validator, a node that follows it, and one that will come later."""
    ports = find_ports(3)
    genesis = render_genesis(
        chain_id="test-scenario-1",
        network="test-scenario",
        bylaws=BYLAWS,
        time_scale=302_400,
        genesis_time_ms=time.time_ns() // 1_000_000,
        followers=[node_id_of(port) for port in ports],
    )
    made = [
        make_node(
            short_directory / name,
            genesis=genesis,
            program=PROGRAM,
            p2p_port=port,
            is_validator=name == "a",
            peers=[address_of(other) for other in ports if other != port],
        )
        for name, port in zip("abc", ports, strict=True)
    ]
    yield made
    for node in made:
        await node.stop()


async def test_a_chain_changes_its_rules_at_a_height(nodes: list[EngineNode]) -> None:
    """Old software halts with the same last block, new goes on, a newcomer replays both."""
    validator, follower, newcomer = nodes
    await validator.start("1.0.0")
    await follower.start("1.0.0")
    first = await vote(validator, number=1)

    ended = [await node.wait_ended() for node in (validator, follower)]

    assert [codes[0] for codes in ended] == [exit_codes.OUTDATED] * 2
    assert [node.read_height() for node in (validator, follower)] == [UPGRADE.height - 1] * 2
    assert "needs Rochdale 2.0.0 or later (this is 1.0.0)" in follower.log
    assert await follower.run_ledger("1.0.0") == exit_codes.OUTDATED

    await validator.start("2.0.0")
    await follower.start("2.0.0")
    second = await vote(validator, number=100)
    height = await validator.wait_for_height(UPGRADE.height + 3)
    await newcomer.start("2.0.0")
    hashes = {await read_app_hash(node, height) for node in nodes}
    assert len(hashes) == 1
    assert [await read_version(newcomer, at) for at in (1, UPGRADE.height - 1)] == [1, 1]
    assert [await read_version(newcomer, at) for at in (UPGRADE.height, height)] == [2, 2]
    for node in nodes:
        await node.stop()
    store = Store.open(newcomer.ledger)
    view = StateView(store)
    outcomes = [view.get_decision(COOPERATIVE, item) for item in (first, second)]
    store.close()
    assert [item and item.outcome for item in outcomes] == [Outcome.ACCEPTED, Outcome.NO_QUORUM]
    assert await newcomer.run_ledger("1.0.0") == exit_codes.OUTDATED


async def vote(node: EngineNode, *, number: int) -> bytes:
    """As `decide`, on a running chain."""
    members = [make_member(number + index) for index in range(MEMBERS)]
    await node.wait_for_height(SCHEDULED_HEIGHT + 1)
    admission = AdmitMembers(
        cooperative=COOPERATIVE, inceptions=tuple(make_inception(key) for key in members)
    )
    proposal = compute_proposal_id(
        account=make_inception(members[0]).compute_id(), nonce=number, payload=MOTION
    )
    ballot = CastBallot(cooperative=COOPERATIVE, proposal_id=proposal, choice=Choice.YES)
    async with node.client() as client, asyncio.timeout(30):
        await send(client, REGISTRAR, admission, nonce=number)
        await send(client, members[0], MOTION, nonce=number)
        while await send(client, members[0], ballot, nonce=number + 1):
            await asyncio.sleep(0.1)
        height = (await client.status()).height
    await node.wait_for_height(height + 10)
    return proposal


async def send(client: EngineClient, key: object, payload: Payload, *, nonce: int) -> int:
    """Send a transaction and wait for its block; the code that it was refused with."""
    valid_until_ms = time.time_ns() // 1_000_000 + 600_000
    data = sign(key, payload, nonce=nonce, valid_until_ms=valid_until_ms)  # type: ignore[arg-type]
    taken = await client.broadcast_tx_sync(data)
    return taken.code or (await client.wait_for_tx(taken.hash)).code


async def read_app_hash(node: EngineNode, height: int) -> str:
    """What a header names as the state before its block."""
    await node.wait_for_height(height)
    async with node.client() as client:
        return str((await client.commit(height))["header"]["app_hash"])


async def read_version(node: EngineNode, height: int) -> int:
    """The rules that a header names."""
    async with node.client() as client:
        return int((await client.commit(height))["header"]["version"]["app"])
