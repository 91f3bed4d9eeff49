"""Whom to believe: genesis files and trust bundles say who, or are refused."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from config.errors import RefusedError
from config.limits import (
    COOPERATIVES_MAX,
    TRUST_BUNDLE_BYTES_MAX,
    TRUSTING_DAYS,
    TRUSTING_DAYS_MAX,
)
from ledger.headers import compute_validators_hash
from ledger.trust import (
    TrustError,
    TrustPeer,
    compute_trust_bundle,
    parse_trust_bundle,
    read_trust_bundle,
    render_trust_bundle,
    write_trust_bundle,
)
from tests.ledger.signed_chain import SignedChain, make_validators

VECTOR = json.loads((Path(__file__).parent.parent / "vectors" / "signed_headers.json").read_text())
GENESIS: str = VECTOR["genesis"]
PEER = TrustPeer(
    node_id="0123456789" * 4, p2p_address="[2001:db8::1]:26656", origin="https://a.test:8443"
)
CHAIN = SignedChain([[0, 1, 2, 3]])
TRUST = dataclasses.replace(CHAIN.get_trust(7), trusting_days=30, peers=(PEER,))
DOCUMENT = render_trust_bundle(TRUST)


def test_a_genesis_file_is_trust_in_its_validators() -> None:
    """Height 0, from the time that the chain begins, for ninety days."""
    trust = compute_trust_bundle(GENESIS.encode())

    assert (trust.chain_id, trust.height, trust.header_hash) == ("test-four-1", 0, b"")
    assert trust.next_validators_hash == compute_validators_hash(trust.validators)
    assert (trust.trusting_days, trust.peers) == (TRUSTING_DAYS, ())
    assert trust.expires_ns - trust.time_ns == 90 * 86_400 * 10**9
    with pytest.raises(TrustError, match="genesis file"):
        render_trust_bundle(trust)


def test_a_trust_bundle_survives_its_file() -> None:
    """What is handed over is what was meant."""
    data = write_trust_bundle(TRUST)

    assert read_trust_bundle(data) == TRUST
    assert data.endswith(b"}\n")


def test_the_headers_hash_stands_for_all_that_is_believed() -> None:
    """Two people who compare it compare chain, time, validators and their successors."""
    header = TRUST.header
    assert header is not None

    assert TRUST.header_hash == header.compute_hash()
    assert TRUST.next_validators_hash == header.next_validators_hash
    for validators in (make_validators([0, 1, 2, 4]), make_validators([0, 1, 2, 3], power=99)):
        changed = DOCUMENT | {
            "validators": render_trust_bundle(dataclasses.replace(TRUST, validators=validators))[
                "validators"
            ]
        }
        with pytest.raises(TrustError, match="not the ones that the header names"):
            parse_trust_bundle(changed)


def test_the_largest_bundle_fits_its_limit() -> None:
    """As many validators and peers as a chain may have, with long names."""
    chain = SignedChain([range(COOPERATIVES_MAX)])
    long = dataclasses.replace(
        PEER, p2p_address=f"{'a' * 260}:26656", origin=f"https://{'a' * 60}.{'b' * 60}.test"
    )
    trust = dataclasses.replace(chain.get_trust(1), peers=(long,) * COOPERATIVES_MAX)

    data = write_trust_bundle(trust)

    assert read_trust_bundle(data) == trust
    assert len(data) < TRUST_BUNDLE_BYTES_MAX


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", 1),
        ("version", True),
        ("chain_id", ""),
        ("chain_id", "test-other-1"),
        ("chain_id", "a" * 51),
        ("chain_id", 5),
        ("genesis_hash", "00"),
        ("genesis_hash", "AB" * 32),
        ("genesis_hash", "zz" * 32),
        ("genesis_hash", None),
        ("trusting_days", 0),
        ("trusting_days", TRUSTING_DAYS_MAX + 1),
        ("trusting_days", 1.5),
        ("trusting_days", True),
        ("header", None),
        ("header", {}),
        ("validators", []),
        ("peers", {}),
        ("peers", [render_trust_bundle(TRUST)["peers"][0]] * (COOPERATIVES_MAX + 1)),
        ("note", ""),
    ],
)
def test_refuses_a_malformed_trust_bundle(name: str, value: object) -> None:
    """A bundle with a field of another kind is nobody to trust."""
    with pytest.raises(RefusedError):
        parse_trust_bundle(DOCUMENT | {name: value})


@pytest.mark.parametrize("name", sorted(DOCUMENT))
def test_refuses_a_bundle_that_lacks_a_field(name: str) -> None:
    """Nothing is filled in."""
    with pytest.raises(TrustError, match="exactly the fields"):
        parse_trust_bundle({key: value for key, value in DOCUMENT.items() if key != name})


@pytest.mark.parametrize(
    "change",
    [
        {"node_id": "0123"},
        {"node_id": "A" * 40},
        {"p2p_address": "a.test"},
        {"p2p_address": "a.test:0"},
        {"p2p_address": 5},
        {"origin": "http://a.test"},
        {"origin": "https://a.test/path"},
        {"origin": "https://[a.test"},
        {"note": ""},
    ],
)
def test_refuses_a_malformed_peer(change: dict[str, Any]) -> None:
    """An address that cannot be dialled helps nobody."""
    with pytest.raises(RefusedError):
        parse_trust_bundle(DOCUMENT | {"peers": [DOCUMENT["peers"][0] | change]})
    with pytest.raises(TrustError):
        parse_trust_bundle(DOCUMENT | {"peers": [5]})


@pytest.mark.parametrize(
    "genesis",
    [
        b"{}",
        b'{"validators": [1]}',
        b"[]",
        b'{"validators": []}',
        GENESIS.replace('"100"', '"0"', 1).encode(),
        GENESIS.replace('"100"', '"1e2"', 1).encode(),
        GENESIS.replace('"100"', "null", 1).encode(),
        GENESIS.replace('"genesis_time"', '"time"', 1).encode(),
        GENESIS.replace('"test-four-1"', '""', 1).encode(),
    ],
)
def test_refuses_a_genesis_file_without_chain_time_or_validators(genesis: bytes) -> None:
    """Trust in nobody is no trust."""
    with pytest.raises(RefusedError):
        compute_trust_bundle(genesis)
