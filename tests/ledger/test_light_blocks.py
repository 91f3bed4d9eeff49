"""Light blocks in files: one spelling each, the engine's where it has one."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from config.errors import RefusedError
from config.limits import COOPERATIVES_MAX, VALIDATOR_POWER_MAX
from ledger.headers import Validator, parse_header
from ledger.light_blocks import (
    LightBlockError,
    check_validators,
    parse_light_block,
    parse_validators,
    render_header,
    render_light_block,
    render_validators,
)
from tests.ledger.signed_chain import SignedChain, make_validators

VECTORS = Path(__file__).parent.parent / "vectors"
RECORDED = json.loads((VECTORS / "light_blocks.json").read_text())["light_blocks"]
KEY = bytes(range(32))


@pytest.mark.parametrize("value", RECORDED, ids=lambda value: value["header"]["height"])
def test_spells_header_and_commit_as_the_engine_does(value: dict[str, Any]) -> None:
    """What real engines wrote is read and written back, absent and contrary votes included."""
    assert render_light_block(parse_light_block(value)) == value


@pytest.mark.parametrize("votes", ["YYYY", "YNY.", "...."])
def test_a_light_block_survives_its_file(votes: str) -> None:
    """The first block too, whose predecessor is none."""
    chain = SignedChain([[0, 1, 2, 3]])

    for height in (1, 2, 10_000):
        block = chain.get_block(height, votes=votes)
        assert parse_light_block(json.loads(json.dumps(render_light_block(block)))) == block


def test_leaves_a_version_of_zero_and_an_empty_fraction_out() -> None:
    """As the engine does: both are its default."""
    value = copy.deepcopy(RECORDED[0]["header"])
    del value["version"]["app"]
    value["time"] = "2026-11-25T00:00:00Z"

    assert render_header(parse_header(value)) == value


def test_validators_survive_their_file_in_one_order() -> None:
    """Most power first, then by address; another order would be another spelling."""
    validators = make_validators(range(5))

    assert parse_validators(render_validators(validators)) == validators
    with pytest.raises(LightBlockError, match="order"):
        parse_validators(list(reversed(render_validators(validators))))


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        ["x"],
        [{"public_key": KEY.hex()}],
        [{"public_key": KEY.hex(), "power": 1, "name": ""}],
        [{"public_key": KEY.hex().upper(), "power": 1}],
        [{"public_key": "zz", "power": 1}],
        [{"public_key": 7, "power": 1}],
        [{"public_key": "00" * 31, "power": 1}],
        [{"public_key": KEY.hex(), "power": 0}],
        [{"public_key": KEY.hex(), "power": True}],
        [{"public_key": KEY.hex(), "power": "1"}],
        [{"public_key": KEY.hex(), "power": VALIDATOR_POWER_MAX + 1}],
        [{"public_key": KEY.hex(), "power": 1}] * 2,
    ],
)
def test_refuses_validators_in_any_other_form(value: object) -> None:
    """Who may sign is never guessed at."""
    with pytest.raises(LightBlockError):
        parse_validators(value)


def test_refuses_more_validators_than_cooperatives_fit_a_chain() -> None:
    """The set is bounded before any signature is checked."""
    validators = tuple(
        Validator(public_key=index.to_bytes(32, "big"), power=1)
        for index in range(COOPERATIVES_MAX + 1)
    )

    with pytest.raises(LightBlockError):
        check_validators(validators)
    assert len(check_validators(validators[1:])) == COOPERATIVES_MAX


@pytest.mark.parametrize("change", [{"note": 1}, {"commit": None}, {"validators": {}}])
def test_refuses_a_light_block_with_other_fields(change: dict[str, Any]) -> None:
    """What no hash covers may not travel along."""
    with pytest.raises(RefusedError):
        parse_light_block(RECORDED[0] | change)
    with pytest.raises(LightBlockError):
        parse_light_block([])
