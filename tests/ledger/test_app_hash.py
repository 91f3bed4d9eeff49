"""The app hash: three roots under their names, as the engine's own proof operators combine them."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ledger.app_hash import STATE_PART, AppHashParts
from ledger.ics23 import TENDERMINT, check_membership
from tests.ledger.plain_tree import sha256

ROOTS = st.binary(min_size=32, max_size=32)


def test_three_named_roots_make_a_simple_map() -> None:
    """CometBFT v0.38 `crypto/merkle`, written out for this one shape."""
    parts = AppHashParts(state_root=b"s" * 32, log_root=b"l" * 32, params_root=b"p" * 32)

    log, params, state = (
        sha256(b"\x00" + bytes([len(name)]) + name + b"\x20" + sha256(root))
        for name, root in ((b"log", b"l" * 32), (b"params", b"p" * 32), (b"state", b"s" * 32))
    )

    assert parts.compute() == sha256(b"\x01" + sha256(b"\x01" + log + params) + state)


@given(ROOTS, ROOTS, ROOTS)
def test_each_root_has_its_own_place(state: bytes, log: bytes, params: bytes) -> None:
    """One root cannot pass for another."""
    parts = AppHashParts(state_root=state, log_root=log, params_root=params)
    swapped = replace(parts, state_root=log, log_root=state)
    bent = replace(parts, params_root=sha256(params))

    assert (swapped.compute() == parts.compute()) is (state == log)
    assert bent.compute() != parts.compute()


@given(ROOTS, ROOTS, ROOTS)
def test_the_states_root_is_proved_under_the_app_hash(
    state: bytes, log: bytes, params: bytes
) -> None:
    """Whatever the other two are."""
    parts = AppHashParts(state_root=state, log_root=log, params_root=params)

    check_membership(
        spec=TENDERMINT,
        root=parts.compute(),
        key=STATE_PART,
        value=state,
        proof=parts.prove_state(),
    )
