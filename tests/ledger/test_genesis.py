"""The ceremony: offers in, one file out, checked by everybody."""

import dataclasses
import json
from typing import Any

import pytest

from config.errors import RefusedError
from did.accounts import Inception
from did.jcs import canonicalize
from did.jws import sign_jws
from did.keys import KeyPair
from ledger.engine import compute_node_id
from ledger.genesis import (
    FOUNDER_TYPE,
    Founder,
    GenesisError,
    assemble_genesis,
    check_founder,
    check_genesis,
    render_founder,
)
from ledger.trust import compute_trust_bundle
from tests.bylaws import make_bylaws

BYLAWS = make_bylaws(stages={"voting_s": 604_800})


def _key(seed: int) -> KeyPair:
    return KeyPair(bytes([seed]) * 32)


def _founder(number: int, **changes: Any) -> Founder:
    founder = Founder(
        chain_id="test-heart-1",
        network="test-heart",
        name=f"Cooperative {number} ❤",
        origin=f"https://coop{number}.test",
        inception=Inception(
            public_key=_key(number).public_key,
            next_key_commitment=bytes([number]) * 32,
            guardians_commitment=bytes(32),
        ),
        registrar_key=_key(number + 20).public_key,
        assertion_key=_key(number + 40).public_key,
        consensus_key=_key(number + 60).public_key,
        node_id=compute_node_id(_key(number + 80).public_key),
        p2p_address=f"127.0.0.1:{26_000 + number}",
    )
    return dataclasses.replace(founder, **changes)


def _offer(number: int, **changes: Any) -> str:
    return render_founder(_founder(number, **changes), root_key=_key(number))


def _assemble(offers: list[str], **changes: Any) -> bytes:
    arguments: dict[str, Any] = {
        "chain_id": "test-heart-1",
        "network": "test-heart",
        "bylaws": BYLAWS,
        "time_scale": 100_000,
        "genesis_time_ms": 1_700_000_000_120,
    }
    return assemble_genesis(offers, **(arguments | changes))


def test_an_offer_says_what_was_signed() -> None:
    """Name, origin, keys and addresses come back."""
    assert check_founder(_offer(1)) == _founder(1)


def test_any_order_of_offers_gives_the_same_file() -> None:
    """Everybody can assemble; nobody decides."""
    offers = [_offer(number) for number in range(1, 5)]

    assert _assemble(offers) == _assemble(offers[::-1])


def test_every_founder_checks_the_file_before_starting() -> None:
    """The check returns what a node needs: peers, hash and whom to trust."""
    offers = [_offer(number) for number in range(1, 5)]
    genesis = _assemble(offers)

    checked = check_genesis(genesis, own_founder=offers[2])

    own = check_founder(offers[2])
    assert checked.chain_id == "test-heart-1"
    assert sorted(item.name for item in checked.founders) == [
        f"Cooperative {number} ❤" for number in range(1, 5)
    ]
    assert dataclasses.replace(checked.trust, peers=()) == compute_trust_bundle(genesis)
    assert [item.origin for item in checked.trust.peers] == [
        item.origin for item in checked.founders
    ]
    peers = checked.list_peers(except_node_id=own.node_id)
    assert len(peers) == 3
    assert own.peer not in peers


def test_the_files_validators_have_equal_power() -> None:
    """One cooperative, one vote."""
    document = json.loads(_assemble([_offer(1), _offer(2)]))

    assert [item["power"] for item in document["validators"]] == ["100", "100"]
    assert document["genesis_time"] == "2023-11-14T22:13:20.12Z"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("chain_id",), "test-heart-2"),
        (("genesis_time",), "2026-01-01T00:00:00.001Z "),
        (("validators", 0, "power"), "101"),
        (("validators", 0, "name"), "Other"),
        (("app_state", "cooperatives", 0, "assertion_key"), "00" * 32),
        (("app_state", "time_scale"), 7.5),
        (("consensus_params", "block", "max_gas"), "1"),
        (("app_hash",), "00"),
        (("founders",), []),
        (("founders",), 3),
        (("app_state",), []),
    ],
)
def test_a_file_changed_by_hand_is_refused(path: tuple[Any, ...], value: Any) -> None:
    """What is not in the offers cannot be slipped into the file."""
    document = json.loads(_assemble([_offer(1), _offer(2)]))
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value

    with pytest.raises(RefusedError):
        check_genesis(json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n")


def test_refuses_a_file_without_the_own_offer() -> None:
    """Somebody else's genesis, or an older offer of ours."""
    genesis = _assemble([_offer(1), _offer(2)])

    check_genesis(genesis)
    with pytest.raises(GenesisError, match="own offer"):
        check_genesis(genesis, own_founder=_offer(1, name="Renamed"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"origin": "https://coop1.test"}, "origin"),
        ({"consensus_key": _key(61).public_key}, "consensus key"),
        ({"node_id": compute_node_id(_key(81).public_key)}, "node id"),
        ({"p2p_address": "127.0.0.1:26001"}, "p2p address"),
        ({"chain_id": "test-heart-2"}, "not test-heart-1"),
        ({"network": "test-liver"}, "not test-heart-1"),
    ],
)
def test_refuses_offers_that_contradict_each_other(changes: dict[str, Any], message: str) -> None:
    """Two validators with one key would halt the chain at its first block."""
    with pytest.raises(GenesisError, match=message):
        _assemble([_offer(1), _offer(2, **changes)])


def test_refuses_the_same_cooperative_twice_and_nobody_at_all() -> None:
    """A chain has at least one founder, each once."""
    twice = [_offer(1, name="Ash"), _offer(1, name="Birch", p2p_address="127.0.0.1:1")]
    with pytest.raises(GenesisError, match=r"same id, .*(Ash and Birch|Birch and Ash): take one"):
        _assemble(twice)
    with pytest.raises(GenesisError, match="founders"):
        _assemble([])


@pytest.mark.parametrize(
    "changes",
    [
        {"chain_id": "Heart"},
        {"chain_id": ""},
        {"network": "-"},
        {"name": "x" * 101},
        {"name": "a\nb"},
        {"origin": "http://coop1.test"},
        {"origin": "https://coop1.test/path"},
        {"registrar_key": bytes(31)},
        {"node_id": "AB" * 20},
        {"p2p_address": "no-port"},
        {"p2p_address": "a,b@c:1"},
    ],
)
def test_refuses_to_sign_a_malformed_offer(changes: dict[str, Any]) -> None:
    """A founder learns at once, not when the chain does not start."""
    with pytest.raises(RefusedError):
        _offer(1, **changes)


def test_refuses_an_offer_signed_by_another_key() -> None:
    """Only the root key speaks for a cooperative that does not exist yet."""
    with pytest.raises(RefusedError):
        render_founder(_founder(1), root_key=_key(2))


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"v": True},
        {"v": 2},
        {"did": "did:web:coop2.test"},
        {"inception": ["00" * 32] * 2},
        {"inception": 5},
        {"node_id": 5},
        {"name": None},
    ],
)
def test_refuses_an_offer_with_other_fields(change: dict[str, Any]) -> None:
    """What nobody reads may not be signed along."""
    payload = json.loads(_payload(_offer(1))) | change
    jws = sign_jws(
        canonicalize(payload), key=_key(1), kid="did:web:coop1.test#root", typ=FOUNDER_TYPE
    )

    with pytest.raises(RefusedError):
        check_founder(jws)


def test_refuses_an_offer_that_names_anothers_key() -> None:
    """The key id is the cooperative's own."""
    jws = sign_jws(
        _payload(_offer(1)), key=_key(1), kid="did:web:coop2.test#root", typ=FOUNDER_TYPE
    )

    with pytest.raises(GenesisError, match="own cooperative"):
        check_founder(jws)


def test_reads_an_offer_with_a_newline_at_its_end() -> None:
    """Offers are files, and editors add newlines."""
    offer = _offer(1)

    assert _assemble([offer + "\n"]) == _assemble([offer])


def _payload(jws: str) -> bytes:
    from did.jws import parse_jws

    return parse_jws(jws, typ=FOUNDER_TYPE, bytes_max=4_096).payload
