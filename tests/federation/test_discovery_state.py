"""What the discovery process decides: calls, look-ups, publication."""

from collections.abc import Callable
from typing import Any

import pytest

from config.errors import RefusedError
from did.keys import is_signature_valid
from federation.directory import Directory
from federation.discovery_state import (
    LOOKUP_INTERVAL_S_MAX,
    PUBLISH_INTERVAL_S_MIN,
    RENEW_INTERVAL_S,
    REPUBLISH_INTERVAL_S,
    DiscoveryState,
)
from federation.record import compute_peer_proof_message


@pytest.fixture
def state(cooperative: Any, now_s: int) -> DiscoveryState:
    """The state of the cooperative's node, with an empty registry."""
    return DiscoveryState(Directory(), key=cooperative.peer_key, now_s=lambda: now_s)


@pytest.fixture
def register(state: DiscoveryState, cooperative: Any, other: Any) -> Callable[[], None]:
    """Puts both cooperatives into the registry."""

    def call() -> None:
        pairs: list[Any] = [
            [item.did, item.assertion_key.public_key] for item in (cooperative, other)
        ]
        state.handle("set_registry", (pairs,))

    return call


def test_proves_its_peer_under_the_records_domain_only(
    state: DiscoveryState, cooperative: Any
) -> None:
    """The libp2p key signs that it belongs to a cooperative, and nothing else."""
    proof = state.handle("prove_peer", (cooperative.did, 7, 9))

    message = compute_peer_proof_message(did=cooperative.did, peer_id=state.peer_id, seq=7, exp=9)
    assert isinstance(proof, bytes)
    assert is_signature_valid(
        public_key=cooperative.peer_key.public_key, message=message, signature=proof
    )


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("destroy", ()),
        ("peer", (1,)),
        ("prove_peer", ("did:web:a.test",)),
        ("prove_peer", ("did:web:a.test", -1, 5)),
        ("prove_peer", (b"did", 1, 5)),
        ("set_registry", (5,)),
        ("publish", (b"record",)),
        ("publish", ("record",)),
    ],
)
def test_refuses_calls_that_make_no_sense(
    state: DiscoveryState, method: str, arguments: tuple[Any, ...]
) -> None:
    """A wrong call is refused with a reason."""
    with pytest.raises(RefusedError):
        state.handle(method, arguments)


def test_publishes_its_own_record_only(
    state: DiscoveryState, register: Callable[[], None], cooperative: Any, other: Any
) -> None:
    """A record that names another node's key is refused; its own is due at once."""
    register()
    assert not state.is_publication_due(0.0)

    with pytest.raises(RefusedError, match="another node"):
        state.handle("publish", (other.publish(),))
    assert state.handle("publish", (cooperative.publish(),)) is True
    assert state.handle("publish", (cooperative.publish(),)) is False

    assert state.is_publication_due(0.0)
    assert state.is_changed


def test_puts_its_record_again_until_enough_nodes_hold_it(
    state: DiscoveryState, register: Callable[[], None], cooperative: Any, now_s: int
) -> None:
    """Soon while nobody took it, seldom afterwards, at once when it is renewed."""
    register()
    state.handle("publish", (cooperative.publish(),))

    state.note_publication(holders_count=0, now=0.0)
    assert state.get_next_due(0.0) <= PUBLISH_INTERVAL_S_MIN
    assert state.is_publication_due(PUBLISH_INTERVAL_S_MIN)
    state.note_publication(holders_count=1, now=1.0)
    assert not state.is_publication_due(REPUBLISH_INTERVAL_S)
    assert state.is_publication_due(REPUBLISH_INTERVAL_S + 1.0)

    state.handle("publish", (cooperative.publish(seq=now_s + 1),))
    assert state.is_publication_due(1.0)


def test_looks_up_missing_partners_ever_more_seldom(
    state: DiscoveryState, register: Callable[[], None], cooperative: Any, other: Any
) -> None:
    """A dead partner costs little; a new connection makes it due at once."""
    register()
    state.handle("publish", (cooperative.publish(),))
    now = 0.0
    assert state.get_due_lookups(now) == [other.did]

    for _ in range(10):
        state.note_lookup(other.did, now)
        now += state.get_next_due(now) if state.get_next_due(now) > 0 else 0.5
    state.note_lookup(other.did, now)
    assert state.get_due_lookups(now + LOOKUP_INTERVAL_S_MAX - 1) == []

    state.expedite()
    assert state.get_due_lookups(now) == [other.did]


def test_renews_what_it_found_now_and_then(
    state: DiscoveryState, register: Callable[[], None], cooperative: Any, other: Any
) -> None:
    """A fresh record is looked up each minute, even when new peers appear."""
    register()
    state.handle("publish", (cooperative.publish(),))
    assert state.merge(other.publish())
    state.note_lookup(other.did, 0.0)
    state.expedite()

    assert state.get_due_lookups(RENEW_INTERVAL_S - 1) == []
    assert state.get_due_lookups(RENEW_INTERVAL_S) == [other.did]
    assert [record.did for record in state.get_partner_records()] == [other.did]


def test_answers_directory_and_status(
    state: DiscoveryState, register: Callable[[], None], cooperative: Any, other: Any
) -> None:
    """The node's other processes see every record with its state, and the figures."""
    register()
    jws = other.publish()
    state.merge(jws)

    assert state.handle("peer", ()) == [state.peer_id, []]
    assert state.handle("directory", ()) == [[other.did, jws, "fresh"]]
    status = state.handle("status", ())
    assert isinstance(status, list)
    assert ["fresh", 1] in status
    assert ["registered", 2] in status


def test_knows_its_own_record_after_a_restart(
    register: Callable[[], None], state: DiscoveryState, cooperative: Any, now_s: int
) -> None:
    """The kept directory is enough to publish again."""
    register()
    state.handle("publish", (cooperative.publish(),))
    directory = Directory()
    directory.restore(state.directory.encode())

    restarted = DiscoveryState(directory, key=cooperative.peer_key, now_s=lambda: now_s)

    assert restarted.is_publication_due(0.0)
