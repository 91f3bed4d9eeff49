"""Whether the chain moves, and who takes part."""

import pytest

from node.web.chain_state import VOTES_LOOKED_AT, ChainState


def create_state(*, heartbeat_s: float = 60.0) -> ChainState:
    return ChainState(heartbeat_s=heartbeat_s, grew_at_s=100.0, is_reachable=True)


@pytest.mark.parametrize(("heartbeat_s", "standstill_s"), [(60.0, 180.0), (1.0, 5.0)])
def test_silence_is_measured_in_heartbeats(heartbeat_s: float, standstill_s: float) -> None:
    """Three of them; on quick test chains at least five seconds."""
    state = create_state(heartbeat_s=heartbeat_s)

    assert not state.stands_still(now_s=100.0 + standstill_s)
    assert state.stands_still(now_s=100.1 + standstill_s)


def test_a_new_block_ends_the_standstill() -> None:
    """Whoever was missing is forgotten with it."""
    state = create_state()
    state.absent = (b"a" * 20,)

    state.grow(1, now_s=400.0)

    assert not state.stands_still(now_s=401.0)
    assert state.absent == ()


def test_a_silent_engine_of_ours_is_not_the_chain() -> None:
    """Without our engine nothing is known; while it catches up, nothing is overdue."""
    unreachable, catching_up = create_state(), create_state()
    unreachable.is_reachable = False
    catching_up.is_catching_up = True

    assert not unreachable.stands_still(now_s=10_000.0)
    assert not catching_up.stands_still(now_s=10_000.0)


def test_a_validator_takes_part_if_it_signed_one_of_the_last_blocks() -> None:
    """Two thirds make a commit: being left out of one means nothing."""
    state = create_state()
    state.grow(20, now_s=101.0)
    state.note_votes(20, [b"a"])
    state.note_votes(20 - VOTES_LOOKED_AT + 1, [b"b"])
    state.note_votes(20 - VOTES_LOOKED_AT, [b"c"])

    assert [state.takes_part(address) for address in (b"a", b"b", b"c", b"d")] == [
        True,
        True,
        False,
        False,
    ]
