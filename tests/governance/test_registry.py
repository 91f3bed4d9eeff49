"""The registry: what a cooperative says of itself and whose engine may connect."""

import pytest

from config.errors import InvariantError
from governance.federal_events import CooperativeUpdated
from governance.key_view import KeyView
from governance.records import Role, compute_office_account_id
from governance.refusals import RefusalCode
from governance.registry import is_node_admitted
from governance.roll import require_account
from governance.transactions import UpdateCooperative
from tests.governance.federation_world import (
    FederationWorld,
    coop,
    make_federation,
    propose_act,
    request_of,
)
from tests.governance.world import Act, admit, member

NEW_NODE = b"n" * 20


def _update(number: int = 0, **changes: object) -> Act:
    fields: dict[str, object] = {
        "did": "did:web:new.test",
        "assertion_key": b"a" * 32,
        "node_id": NEW_NODE,
        "name": "New",
        "p2p_address": "new.test:26656",
    }
    return Act(coop(number), UpdateCooperative(**(fields | changes)))  # type: ignore[arg-type]


def _admitted(world: FederationWorld, node_id: bytes, *, after_ms: int = 0) -> bool:
    return is_node_admitted(world.federal, node_id, time_ms=world.time_ms + after_ms)


def test_a_cooperative_says_anew_who_it_is() -> None:
    """By its root; the event carries all that pages need."""
    world = make_federation(2)

    events = world.run(_update())

    assert events == [
        CooperativeUpdated(
            cooperative=coop(0),
            did="did:web:new.test",
            name="New",
            assertion_key=b"a" * 32,
            node_id=NEW_NODE,
            p2p_address="new.test:26656",
        )
    ]
    record = world.cooperative(0)
    assert (record.did, record.assertion_key, record.name) == (
        "did:web:new.test",
        b"a" * 32,
        "New",
    )


def test_another_web_name_begins_a_version_of_the_roots_document() -> None:
    """What it said before stays; the same name once more is no version, an office has none."""
    world = make_federation(2)
    before = require_account(world.view, coop(0))
    world.run(_update(node_id=NEW_NODE))
    world.run(_update(name="Newer"))
    after = require_account(world.view, coop(0))

    assert (before.keys_version, after.keys_version) == (0, 1)
    assert (before.also_known_as, after.also_known_as) == ("did:web:c0.test", "did:web:new.test")
    assert [key.public_key for key in after.keys] == [key.public_key for key in before.keys]
    assert world.cooperative(0).name == "Newer"
    (former,) = KeyView(world.kv).scan_key_states(coop(0), coop(0))
    assert (former.version, former.also_known_as) == (0, before.also_known_as)
    assert former.keys == tuple(key.public_key for key in before.keys)
    assert former.created_ms == before.created_ms == after.created_ms
    assert former.until_ms == after.keys_since_ms
    office = compute_office_account_id(cooperative=coop(0), role=Role.REGISTRAR)
    assert require_account(world.view, office).also_known_as == ""


def test_an_old_node_may_connect_until_its_successor_has_taken_over() -> None:
    """Then it is a stranger."""
    world = make_federation(2)
    old = world.cooperative(0).node_id

    world.run(_update())

    assert _admitted(world, NEW_NODE)
    assert _admitted(world, old)
    assert not _admitted(world, old, after_ms=86_400_000)
    assert _admitted(world, NEW_NODE, after_ms=10**12)


def test_a_node_that_stays_the_same_stays_for_good() -> None:
    """Only what changes is let go."""
    world = make_federation(2)
    node_id = world.cooperative(0).node_id

    world.run(_update(node_id=node_id))

    assert _admitted(world, node_id, after_ms=10**12)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"did": "did:web:c1.test"}, RefusalCode.IDENTITY_TAKEN),
        ({"assertion_key": "of the other"}, RefusalCode.IDENTITY_TAKEN),
        ({"node_id": (10_015).to_bytes(20, "big")}, RefusalCode.NODE_TAKEN),
    ],
)
def test_nobody_takes_anothers_identity(changes: dict[str, object], refusal: RefusalCode) -> None:
    """DID, assertion key and node belong to one cooperative."""
    world = make_federation(2)
    if "assertion_key" in changes:
        changes = {"assertion_key": world.cooperative(1).assertion_key}

    assert world.refuse(_update(**changes)) is refusal


def test_only_the_root_speaks_for_its_cooperative() -> None:
    """A member cannot."""
    world = make_federation(2)
    world.run(admit([1], cooperative=coop(0)))

    assert world.refuse(Act(member(1), _update().payload)) is RefusalCode.NOT_ROOT


def test_strangers_do_not_connect() -> None:
    """Who is nobody's node is refused."""
    assert not _admitted(make_federation(1), b"x" * 20)


def test_what_is_registered_is_not_admitted_again() -> None:
    """Its id says who it is."""
    world = make_federation(2, members=1)

    world.run(propose_act(0, request_of(2)))

    assert world.refusals == [RefusalCode.COOPERATIVE_EXISTS]


def test_a_cooperative_that_must_be_there_and_is_not_stops_the_node() -> None:
    """State that lacks what it names is not repaired by guess."""
    with pytest.raises(InvariantError, match="lacks the cooperative"):
        make_federation(2).federal.require_cooperative(coop(5))
