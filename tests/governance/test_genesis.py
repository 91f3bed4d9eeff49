"""What a chain may begin with."""

import copy
import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from config.errors import RefusedError
from config.limits import COOPERATIVES_MAX
from did.jcs import parse_json
from governance.genesis import GenesisError, check_genesis, parse_genesis
from tests.governance.world import CHAIN_ID, make_cooperative, make_genesis

GOOD = make_genesis().to_json()


def test_a_genesis_survives_its_json() -> None:
    """All nodes read the same state from the same file, whatever its white space."""
    data = json.dumps(GOOD, indent=2).encode()

    state = parse_genesis(parse_json(data))

    assert state == make_genesis()
    assert state.to_json() == GOOD
    check_genesis(state, chain_id=CHAIN_ID)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("network", 5),
        ("time_scale", "1"),
        ("time_scale", True),
        ("bylaws", []),
        ("cooperatives", {}),
        ("cooperatives", GOOD["cooperatives"] * COOPERATIVES_MAX),
        ("cooperatives", [5]),
        ("extra", 1),
        ("network", None),
    ],
)
def test_refuses_a_malformed_state(name: str, value: Any) -> None:
    """A field too many, too few or of the wrong type is named, not guessed."""
    document = copy.deepcopy(GOOD)
    document[name] = value
    if value is None:
        del document[name]

    with pytest.raises(GenesisError, match="genesis: "):
        parse_genesis(document)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("did", "did:key:z6Mk"),
        ("did", "did:web:" + "a" * 256),
        ("did", 1),
        ("inception", "00" * 32),
        ("inception", ["00" * 32]),
        ("registrar_key", "00" * 31),
        ("registrar_key", "zz" * 32),
        ("registrar_key", "AA" * 32),
        ("node_id", "00" * 32),
        ("consensus_key", 5),
        ("name", 5),
        ("name", "two\nlines"),
        ("name", "n" * 101),
        ("p2p_address", "a b"),
    ],
)
def test_refuses_a_malformed_cooperative(name: str, value: Any) -> None:
    """Bytes have one spelling, and every field its own size."""
    document = copy.deepcopy(GOOD)
    document["cooperatives"][0][name] = value

    with pytest.raises(RefusedError):
        parse_genesis(document)


def test_refuses_scaled_windows_on_a_real_chain() -> None:
    """G4: only a chain that says it is a test may shorten the charter's windows."""
    state = make_genesis()

    with pytest.raises(GenesisError, match="test-"):
        check_genesis(state, chain_id="heart-1")
    check_genesis(replace(state, time_scale=1), chain_id="heart-1")


@pytest.mark.parametrize(
    "changes",
    [
        {"network": "Heart"},
        {"time_scale": 0},
        {"time_scale": 10**10},
        {"cooperatives": ()},
        {"cooperatives": make_genesis().cooperatives[::-1]},
        {"cooperatives": make_genesis().cooperatives[:1] * 2},
        {"bylaws": {}},
    ],
)
def test_refuses_a_state_that_breaks_a_rule(changes: dict[str, Any]) -> None:
    """A chain that began wrongly could not be mended."""
    with pytest.raises(RefusedError):
        check_genesis(make_genesis(**changes), chain_id=CHAIN_ID)


@pytest.mark.parametrize(
    "name", ["did", "registrar_key", "assertion_key", "consensus_key", "node_id"]
)
def test_refuses_two_cooperatives_that_share_what_names_one(name: str) -> None:
    """Whoever shares a key or a name could speak for the other."""
    first, second = make_genesis().cooperatives
    twin = msgspec.structs.replace(second, **{name: getattr(first, name)})

    with pytest.raises(GenesisError, match=name):
        check_genesis(make_genesis(cooperatives=(first, twin)), chain_id=CHAIN_ID)


def test_a_founder_without_a_consensus_key_is_a_member_that_does_not_validate() -> None:
    """Its node follows the chain; at least one founder validates."""
    validating, member = make_cooperative(0), make_cooperative(1, is_validating=False)
    both = tuple(sorted((validating, member), key=lambda cooperative: cooperative.id))
    state = make_genesis(cooperatives=both)

    check_genesis(parse_genesis(state.to_json()), chain_id=CHAIN_ID)
    with pytest.raises(GenesisError, match="validates"):
        check_genesis(make_genesis(cooperatives=(member,)), chain_id=CHAIN_ID)
