"""Requests to join: signed as a whole, twice, by the newcomer alone."""

from dataclasses import replace

import pytest

from config.errors import RefusedError
from did.jcs import canonicalize, parse_json_object
from did.jws import parse_jws, sign_jws
from did.keys import KeyPair
from ledger.engine import compute_node_id
from ledger.genesis import Founder
from ledger.joining import REQUEST_TYPE, check_request, render_request
from tests.ledger.scenario import CONSENSUS, NODE, REGISTRAR, ROOT, make_inception

NEWCOMER = Founder(
    chain_id="test-scenario-1",
    network="test-scenario",
    name="Newcomer",
    origin="https://newcomer.test",
    inception=make_inception(ROOT),
    registrar_key=REGISTRAR.public_key,
    assertion_key=NODE.public_key,
    consensus_key=b"",
    node_id=compute_node_id(NODE.public_key),
    p2p_address="newcomer.test:26656",
)


def test_a_request_holds_for_the_ledger_as_it_was_signed() -> None:
    """Its member's proposal is the newcomer's own word."""
    asked = check_request(render_request(NEWCOMER, root_key=ROOT) + "\n")

    assert asked.cooperative == NEWCOMER
    assert asked.act.is_requested(network="test-scenario")
    assert not asked.act.is_requested(network="another")
    assert (asked.act.request.name, asked.act.request.consensus_key) == ("Newcomer", b"")


def test_a_request_may_bring_a_validator() -> None:
    """Then its consensus key is signed, too."""
    validating = replace(NEWCOMER, consensus_key=CONSENSUS.public_key)

    asked = check_request(render_request(validating, root_key=ROOT))

    assert asked.act.request.consensus_key == CONSENSUS.public_key


def test_nobody_asks_in_anothers_name() -> None:
    """The key is the inception's."""
    with pytest.raises(RefusedError):
        render_request(NEWCOMER, root_key=KeyPair(bytes(32)))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Another"},
        {"request_signature": "00" * 64},
        {"request_signature": "zz"},
        {"request_signature": None},
        {"sealed_chain": None},
        {"sealed_chain": ""},
        {"sealed_chain": 7},
        {"v": True},
        {"extra": 1},
    ],
)
def test_a_changed_request_is_refused(changes: dict[str, object]) -> None:
    """Also where the file's own signature is made anew: the ledger's stays with its words."""
    signed = parse_jws(render_request(NEWCOMER, root_key=ROOT), typ=REQUEST_TYPE, bytes_max=4_096)
    claims = {**parse_json_object(signed.payload), **changes}
    again = sign_jws(canonicalize(claims), key=ROOT, kid=signed.kid, typ=REQUEST_TYPE)

    with pytest.raises(RefusedError):
        check_request(again)


def test_a_request_has_one_spelling() -> None:
    """Two readers never take one file for different ones."""
    signed = parse_jws(render_request(NEWCOMER, root_key=ROOT), typ=REQUEST_TYPE, bytes_max=4_096)
    claims = parse_json_object(signed.payload)
    claims["request_signature"] = claims["request_signature"].upper()
    again = sign_jws(canonicalize(claims), key=ROOT, kid=signed.kid, typ=REQUEST_TYPE)

    with pytest.raises(RefusedError, match="lower-case"):
        check_request(again)


def test_a_request_with_anothers_name_on_its_key_is_refused() -> None:
    """The key id says whose root signed."""
    signed = parse_jws(render_request(NEWCOMER, root_key=ROOT), typ=REQUEST_TYPE, bytes_max=4_096)
    again = sign_jws(signed.payload, key=ROOT, kid="did:web:other.test#root", typ=REQUEST_TYPE)

    with pytest.raises(RefusedError, match="own root key"):
        check_request(again)
