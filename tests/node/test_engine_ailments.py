"""What the engine's log says of an engine that lives on and makes no more blocks."""

import json

import pytest

from node.engine_ailments import explain_engine_end, find_engine_ailment

_APP_HASH = "wrong Block.Header.AppHash.  Expected C356, got 43F6"


def line(message: str, error: str) -> str:
    """As the engine writes it."""
    return json.dumps({"_msg": message, "err": error, "level": "error", "module": "consensus"})


@pytest.mark.parametrize(
    "told",
    [
        line("CONSENSUS FAILURE!!!", f"precommit step; +2/3 prevoted for an invalid {_APP_HASH}"),
        line("CONSENSUS FAILURE!!!", f"+2/3 committed an invalid block: {_APP_HASH}"),
        line("Error in validation", _APP_HASH),
        line("Error in validation", "wrong Block.Header.NextValidatorsHash.  Expected A, got B"),
    ],
)
def test_a_state_that_differs_from_the_others_halts(told: str) -> None:
    """More than two thirds have signed another one, and no restart changes that."""
    ailment = find_engine_ailment(told)

    assert ailment is not None
    assert ailment.halts
    assert "`rochdale ledger reset`" in ailment.sentence
    assert "wrong Block.Header" in ailment.sentence


def test_any_other_failure_of_consensus_is_one_to_start_again_from() -> None:
    """Such as a full disk under its log."""
    ailment = find_engine_ailment(line("CONSENSUS FAILURE!!!", "failed to write WAL: no space"))

    assert ailment is not None
    assert not ailment.halts
    assert "no space" in ailment.sentence


@pytest.mark.parametrize(
    "told",
    [
        line("prevote step: consensus deems this block invalid; prevoting nil", _APP_HASH),
        line("Error in validation", "wrong Block.Header.LastBlockID.  Expected A, got B"),
        line("Stopping peer for error", "reactor validation error: Error in validation"),
        line("finalized block", "CONSENSUS FAILURE!!!"),
        "CONSENSUS FAILURE!!! Error in validation, but no JSON",
    ],
)
def test_what_one_validator_or_peer_says_halts_nobody(told: str) -> None:
    """A hostile proposer or peer must not be able to stop an honest node."""
    assert find_engine_ailment(told) is None


def test_an_end_that_a_person_can_mend_says_how() -> None:
    """Others are shown as they are."""
    panic = "panic: state.AppHash does not match AppHash after replay. Got"

    said = explain_engine_end(panic)

    assert said.startswith("panic: state.AppHash does not match AppHash after replay. The ledger")
    assert "`rochdale ledger reset --keep-blocks`" in said
    panic = "error during handshake: app block height (0) is too far below block store base (9)"
    said = explain_engine_end(panic)
    assert said.startswith(f"{panic}. This node has not kept the blocks")
    assert "let `rochdale ledger reset` take the state from the other nodes" in said
    assert explain_engine_end("panic: no blocks") == "panic: no blocks"
