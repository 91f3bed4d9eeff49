"""The cooperative record: what is signed, what is refused, which one holds."""

import json
from typing import Any

import base58
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.errors import RefusedError
from did.base64url import decode_base64url
from did.jws import sign_jws
from did.keys import KeyPair
from federation.record import (
    RECORD_TYPE,
    check_record,
    check_registered_record,
    compute_next_seq,
    compute_peer_id,
    compute_record_key,
    decode_peer_id,
    open_record,
    select_record,
)

FREE_CLAIMS = ("name", "software", "iat")
"""Claims that another valid value may take without any other rule's being broken."""
CLAIMS = (
    *("v", "did", "actor", "inbox", "ledger", "peer", "seq", "exp", "peer_proof"),
    *FREE_CLAIMS,
)
FIXTURES_ARE_CONSTANT = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_reads_what_was_signed(cooperative: Any, now_s: int) -> None:
    """A valid record comes back field for field."""
    record = cooperative.build()

    checked = check_record(
        cooperative.sign(record), now_s=now_s, assertion_key=cooperative.assertion_key.public_key
    )

    assert checked == record


@FIXTURES_ARE_CONSTANT
@given(st.data())
def test_refuses_a_record_with_any_character_changed(
    cooperative: Any, now_s: int, data: st.DataObject
) -> None:
    """No mutation of a signed record is accepted."""
    jws = cooperative.publish()
    index = data.draw(st.integers(0, len(jws) - 1))
    character = data.draw(st.characters(min_codepoint=1, max_codepoint=255))
    mutated = jws[:index] + character + jws[index + 1 :]

    if mutated != jws:
        with pytest.raises(RefusedError):
            check_record(mutated, now_s=now_s, assertion_key=cooperative.assertion_key.public_key)


@FIXTURES_ARE_CONSTANT
@given(st.text(max_size=300))
def test_refuses_anything_that_is_not_a_record(cooperative: Any, now_s: int, text: str) -> None:
    """Arbitrary text is refused, never an error of another kind."""
    with pytest.raises(RefusedError):
        check_record(text, now_s=now_s, assertion_key=cooperative.assertion_key.public_key)


@FIXTURES_ARE_CONSTANT
@given(
    name=st.sampled_from(CLAIMS),
    value=st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers()),
)
def test_refuses_claims_of_another_shape_even_when_signed(
    cooperative: Any, now_s: int, name: str, value: object
) -> None:
    """A registered cooperative cannot make readers fail either."""
    payload = decode_base64url(cooperative.publish().split(".")[1])
    claims = json.loads(payload)
    known = claims[name]
    claims[name] = value
    jws = sign_jws(
        json.dumps(claims).encode(),
        key=cooperative.assertion_key,
        kid=f"{cooperative.did}#assertion",
        typ=RECORD_TYPE,
    )

    if name not in FREE_CLAIMS and value != known:
        with pytest.raises(RefusedError):
            check_record(jws, now_s=now_s, assertion_key=cooperative.assertion_key.public_key)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actor", "https://elsewhere.test/actor"),
        ("actor", "https://cooperative-1.test@elsewhere.test/actor"),
        ("inbox", "ftp://cooperative-1.test/inbox"),
        ("inbox", "https://[broken/inbox"),
        ("name", ""),
        ("name", "two\nlines"),
        ("peer_addresses", ()),
        ("peer_addresses", ("/ip4/127.0.0.1/tcp/1",) * 9),
        ("peer_addresses", ("127.0.0.1:4001",)),
        ("peer_id", compute_peer_id(KeyPair(bytes(32)).public_key)),
        ("peer_id", "not base58 0OIl"),
        ("seq", 1),
        ("seq", 1 << 53),
        ("exp", 1_795_000_000 + 86_401),
        ("iat", 1_795_000_000 - 259_200),
        ("peer_proof", bytes(64)),
    ],
)
def test_refuses_a_signed_record_that_breaks_a_rule(
    cooperative: Any, now_s: int, field: str, value: object
) -> None:
    """Signing a record does not make its claims true."""
    jws = cooperative.sign(cooperative.build(), **{field: value})

    with pytest.raises(RefusedError):
        check_record(jws, now_s=now_s, assertion_key=cooperative.assertion_key.public_key)


def test_refuses_plain_http_outside_test_chains(cooperative: Any, now_s: int) -> None:
    """Addresses without TLS are for test chains alone."""
    record = cooperative.build()
    key = cooperative.assertion_key.public_key
    insecure = f"http://{cooperative.host}/actor"
    real = type(record.ledger)(chain_id="heart-1", node_id="ab" * 20, address="127.0.0.1:1")

    check_record(cooperative.sign(record, actor=insecure), now_s=now_s, assertion_key=key)

    with pytest.raises(RefusedError, match="https"):
        check_record(
            cooperative.sign(record, actor=insecure, ledger=real), now_s=now_s, assertion_key=key
        )


def test_refuses_an_expired_and_a_future_record(cooperative: Any, now_s: int) -> None:
    """A record holds from its issue, five minutes of skew allowed, to its expiry."""
    key = cooperative.assertion_key.public_key
    jws = cooperative.publish(exp=now_s + 86_400)

    check_record(jws, now_s=now_s + 86_399, assertion_key=key)
    check_record(jws, now_s=now_s - 300, assertion_key=key)

    with pytest.raises(RefusedError, match="expired"):
        check_record(jws, now_s=now_s + 86_400, assertion_key=key)
    with pytest.raises(RefusedError, match="future"):
        check_record(jws, now_s=now_s - 301, assertion_key=key)


def test_refuses_another_cooperatives_key(cooperative: Any, other: Any, now_s: int) -> None:
    """A record is its own cooperative's, even if a registered one signed it."""
    registry = {
        cooperative.did: cooperative.assertion_key.public_key,
        other.did: other.assertion_key.public_key,
    }
    forged = other.sign(cooperative.build())

    with pytest.raises(RefusedError, match="another cooperative"):
        check_registered_record(forged, now_s=now_s, registry=registry)
    with pytest.raises(RefusedError):
        open_record(forged, assertion_key=cooperative.assertion_key.public_key)


def test_refuses_an_unregistered_cooperative(cooperative: Any, now_s: int) -> None:
    """The registry is the authority."""
    with pytest.raises(RefusedError, match="not registered"):
        check_registered_record(cooperative.publish(), now_s=now_s, registry={})


def test_refuses_to_sign_a_record_that_is_too_long(cooperative: Any) -> None:
    """A record fits the DHT's limit or is not made."""
    with pytest.raises(RefusedError, match="4096"):
        cooperative.sign(cooperative.build(), name="x" * 4_096)


def test_selects_the_highest_seq_and_the_last_among_equals(cooperative: Any, now_s: int) -> None:
    """An identical record may be put again, or servers would forget it after a day."""
    registry = {cooperative.did: cooperative.assertion_key.public_key}
    old, new = cooperative.publish(seq=now_s), cooperative.publish(seq=now_s + 1)

    def select(*candidates: str) -> int | None:
        return select_record(candidates, now_s=now_s, registry=registry)

    assert select(old, new, old) == 1
    assert select(new, new) == 1
    assert select("damaged", old) == 1
    assert select("damaged") is None


def test_selects_one_of_two_records_with_one_seq_everywhere(cooperative: Any, now_s: int) -> None:
    """Every node keeps the same one of two contradictory records."""
    registry = {cooperative.did: cooperative.assertion_key.public_key}
    pair = [cooperative.publish(), cooperative.sign(cooperative.build(), name="Another name")]

    forwards = select_record(pair, now_s=now_s, registry=registry)
    backwards = select_record(pair[::-1], now_s=now_s, registry=registry)

    assert forwards is not None
    assert backwards == 1 - forwards


def test_a_dht_key_has_49_characters(cooperative: Any) -> None:
    """Peers reset streams that ask for keys over 50 bytes."""
    key = compute_record_key(cooperative.did)

    assert len(key) == 49
    assert key.startswith("/coop/")


def test_a_peer_id_is_the_one_of_libp2p() -> None:
    """The seed 00..1f has a PeerId known from js-libp2p, and it gives the key back."""
    key = KeyPair(bytes(range(32)))

    peer_id = compute_peer_id(key.public_key)

    assert peer_id.startswith("12D3KooWA4Xop1Ja")
    assert decode_peer_id(peer_id) == key.public_key


@pytest.mark.parametrize(
    "peer_id", ["", "0", "Qm", "1" * 100, base58.b58encode(bytes(38)).decode()]
)
def test_refuses_what_is_not_a_peer_id(peer_id: str) -> None:
    """Only PeerIds of Ed25519 keys are accepted."""
    with pytest.raises(RefusedError):
        decode_peer_id(peer_id)


def test_the_next_seq_passes_the_last_one_and_the_clock() -> None:
    """A restored backup cannot make a cooperative repeat a seq."""
    assert compute_next_seq(5, now_s=100) == 100
    assert compute_next_seq(100, now_s=100) == 101
