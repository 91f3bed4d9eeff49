"""The whole machine: genesis, blocks, and what must hold over all of them."""

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import governance
from config.errors import RefusedError
from governance import machine
from governance.context import BlockContext, Sender
from governance.federal_events import CooperativeRegistered, ValidatorUpdated
from governance.proposal_records import Choice, ProposalKind
from governance.records import CooperativeStatus, Role
from governance.refusals import TxRefusedError
from governance.roll import require_account
from governance.view import MemoryKeyValue, Savepoint
from tests.governance.world import (
    COOPERATIVE,
    GENESIS_MS,
    INSIGHT,
    OTHER_COOPERATIVE,
    TIME_SCALE,
    VOTING_MS,
    Act,
    World,
    admit,
    make_cooperative,
    make_genesis,
    make_world,
    make_world_with_members,
    member,
    proposal_id_of,
    propose,
    registrar,
    vote,
)

MODULES = sorted(Path(governance.__file__).parent.rglob("*.py"))
MOTION_ID = proposal_id_of(propose(1))


def test_genesis_registers_the_founding_cooperatives() -> None:
    """Each with its bylaws, an empty roll and its two offices."""
    kv = MemoryKeyValue()
    block = BlockContext(height=1, time_ms=GENESIS_MS, chain_id="test-heart-1")

    events = machine.init_state(kv, make_genesis(), block, rules_version=1)

    world = World(kv=kv)
    cooperatives = [
        each
        for each in map(world.view.get_cooperative, sorted([COOPERATIVE, OTHER_COOPERATIVE]))
        if each is not None
    ]
    assert world.view.get_parameters().time_scale == TIME_SCALE
    assert [each.id for each in cooperatives] == sorted([COOPERATIVE, OTHER_COOPERATIVE])
    assert all(each.status is CooperativeStatus.ACTIVE for each in cooperatives)
    registered = [event for event in events if isinstance(event, CooperativeRegistered)]
    assert [event.cooperative for event in registered] == [each.id for each in cooperatives]
    updates = [event for event in events if isinstance(event, ValidatorUpdated)]
    assert [(event.cooperative, event.power) for event in updates] == [
        (each.id, 100) for each in cooperatives
    ]
    assert world.view.get_roll(COOPERATIVE).active_count == 0
    founder = make_cooperative(0)
    root, office = (
        require_account(world.view, COOPERATIVE),
        require_account(world.view, registrar()),
    )
    assert (root.role, root.keys[0].public_key) == (Role.ROOT, founder.inception.public_key)
    assert (office.role, office.keys[0].public_key) == (Role.REGISTRAR, founder.registrar_key)


def test_a_real_chain_cannot_begin_with_scaled_windows() -> None:
    """G4: the charter's floors hold wherever it counts."""
    block = BlockContext(height=1, time_ms=GENESIS_MS, chain_id="heart-1")

    with pytest.raises(RefusedError, match="test-"):
        machine.init_state(MemoryKeyValue(), make_genesis(), block, rules_version=1)


def test_a_block_without_anything_due_changes_nothing() -> None:
    """DESIGN §10: otherwise each block would call for the next, for ever."""
    world = make_world_with_members()
    world.open_voting(propose(1))
    before = world.dump()

    events = world.run(after_ms=1)

    assert events == []
    assert world.dump() == before


def test_f1_one_cooperatives_acts_stay_in_its_own_range() -> None:
    """F1: autonomy: what a cooperative does never touches another's state."""
    world = make_world_with_members(3)
    before = list(world.kv.scan(OTHER_COOPERATIVE))

    world.open_voting(propose(1))
    world.run(vote(1, MOTION_ID, Choice.YES))
    world.run(after_ms=VOTING_MS)

    assert list(world.kv.scan(OTHER_COOPERATIVE)) == before


INDEPENDENT = (
    *(vote(number, MOTION_ID, choice) for number, choice in ((1, Choice.NO), (2, Choice.YES))),
    admit([7, 8]),
    admit([20], cooperative=OTHER_COOPERATIVE),
    propose(3, nonce=9),
    propose(2, kind=ProposalKind.INSIGHT, subject=INSIGHT),
    vote(6, MOTION_ID, Choice.YES),
    propose(30),
)
"""One per sender and resource; the last two are refused wherever they stand."""


@settings(max_examples=30)
@given(st.permutations(INDEPENDENT))
def test_the_order_of_independent_transactions_does_not_matter(acts: list[Act]) -> None:
    """A block's proposer gains nothing by sorting other people's transactions."""
    worlds = []
    for order in (INDEPENDENT, acts):
        world = make_world_with_members()
        world.run(admit([30], cooperative=OTHER_COOPERATIVE))
        world.open_voting(propose(1))
        world.run(admit([6]))
        world.run(*order)
        worlds.append(world)

    assert worlds[0].dump() == worlds[1].dump()
    assert worlds[0].refusals.count(None) == 6
    assert sorted(map(repr, worlds[0].events)) == sorted(map(repr, worlds[1].events))


ACTS = st.one_of(
    st.builds(
        admit,
        st.lists(st.integers(1, 9), min_size=1, max_size=3),
        cooperative=st.sampled_from([COOPERATIVE, OTHER_COOPERATIVE, bytes(32)]),
    ).filter(lambda act: act.account != registrar(bytes(32))),
    st.builds(
        propose,
        st.integers(1, 3),
        kind=st.sampled_from(ProposalKind),
        subject=st.sampled_from([b"", INSIGHT]),
        nonce=st.integers(1, 3),
    ),
    st.builds(vote, st.integers(1, 3), st.just(MOTION_ID), st.sampled_from(Choice)),
)


@settings(max_examples=40)
@given(st.lists(st.tuples(ACTS, st.integers(1, 20_000)), max_size=15))
def test_a_refused_transaction_leaves_no_trace(steps: list[tuple[Act, int]]) -> None:
    """A savepoint that is dropped leaves state identical, after any history."""
    world = make_world_with_members(3)
    for act, after_ms in steps:
        world.run(after_ms=after_ms)
        before = world.dump()
        savepoint = Savepoint(world.kv)
        block = BlockContext(height=world.height, time_ms=world.time_ms, chain_id="test-heart-1")
        record = require_account(world.view, act.account)
        sender = Sender(account=act.account, record=record, keys=(bytes(32),), nonce=act.nonce)
        try:
            machine.apply(savepoint, sender=sender, payload=act.payload, block=block)
        except TxRefusedError:
            assert world.dump() == before
        else:
            assert world.dump() == before
            savepoint.commit()


@settings(max_examples=25)
@given(st.lists(st.tuples(ACTS, st.integers(1, 20_000)), max_size=15))
def test_the_same_blocks_lead_to_the_same_state(steps: list[tuple[Act, int]]) -> None:
    """Validators agree bit for bit; nobody has more open motions than the log can explain."""
    worlds = [make_world_with_members(3), make_world_with_members(3)]
    for world in worlds:
        for act, after_ms in steps:
            world.run(act, after_ms=after_ms)

    assert worlds[0].dump() == worlds[1].dump()
    assert worlds[0].view.get_roll(COOPERATIVE).active_count >= 3


def test_members_of_a_cooperative_without_others_decide_alone() -> None:
    """DESIGN §10: any cooperative starts alone on a chain of its own."""
    world = make_world(1)
    world.run(admit([1]))
    world.open_voting(propose(1))
    world.run(vote(1, MOTION_ID, Choice.YES))
    world.run(after_ms=VOTING_MS)

    decision = world.view.get_decision(COOPERATIVE, MOTION_ID)
    assert decision is not None
    assert decision.yes_count == 1
    assert world.view.get_account(member(2)) is None


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.stem))
def test_the_rules_have_no_float_and_no_set(path: Path) -> None:
    """STYLE §2: floats differ between machines, and sets have no order."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Set | ast.SetComp | ast.Div)
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            assert node.id not in {"float", "frozenset", "round", "hash", "id"}
