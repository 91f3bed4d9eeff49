"""Receipts: checked offline, and refused when anything in them was changed."""

import base64
import copy
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.errors import RefusedError
from did.keys import KeyPair
from governance.ballots import compute_ballot_leaf
from governance.merkle_log import compute_root
from governance.records import Ballot, Choice, Decision, Outcome, compute_ballot_id
from governance.view import DERIVED_FROM, FEDERATION, Collection, state_key
from ledger.app_hash import AppHashParts
from ledger.headers import (
    Validator,
    compute_validators_hash,
    compute_vote_sign_bytes,
    parse_signed_header,
)
from ledger.ics23 import ProofError
from ledger.light import LightError, TrustBundle
from ledger.receipts import (
    CountedBallot,
    Receipt,
    ReceiptError,
    ReceiptKind,
    ballot_key,
    check_receipt,
    decision_key,
    parse_receipt,
    render_meaning,
)
from tests.ledger.plain_tree import compute_root as compute_state_root
from tests.ledger.plain_tree import hash_leaves, prove
from tests.merkle import compute_path

VECTOR = json.loads((Path(__file__).parent.parent / "vectors" / "signed_headers.json").read_text())
KEY = KeyPair(bytes([5]) * 32)
VALIDATORS = (Validator(public_key=KEY.public_key, power=100),)
COOPERATIVE, PROPOSAL = bytes([1]) * 32, bytes([2]) * 32
ACCOUNTS = [bytes([10 + number]) * 32 for number in range(5)]
CHOICES = [Choice.YES, Choice.YES, Choice.NO, Choice.YES, Choice.ABSTAIN]
BALLOTS = sorted(
    (
        (compute_ballot_id(proposal_id=PROPOSAL, account=account), Ballot(choice=choice))
        for account, choice in zip(ACCOUNTS, CHOICES, strict=True)
    ),
    key=lambda item: item[0],
)
LEAVES = [compute_ballot_leaf(ballot_id=item, choice=ballot.choice) for item, ballot in BALLOTS]
DECISION = Decision(
    yes_count=3,
    no_count=1,
    abstain_count=1,
    electorate_count=9,
    quorum_bps=3_000,
    outcome=Outcome.ACCEPTED,
    ballots_root=compute_root(LEAVES),
    decision_index=0,
    closed_height=6,
    closed_ms=1_700_000_000_000,
)
STATE = {
    decision_key(cooperative=COOPERATIVE, proposal_id=PROPOSAL): DECISION.encode(),
    state_key(FEDERATION, Collection.PARAMETERS, b""): b"parameters",
} | {
    ballot_key(cooperative=COOPERATIVE, proposal_id=PROPOSAL, ballot_id=item): ballot.encode()
    for item, ballot in BALLOTS
}
PARTS = AppHashParts(
    state_root=compute_state_root(hash_leaves(STATE)),
    log_root=bytes([3]) * 32,
    params_root=bytes([4]) * 32,
)


def test_a_ballots_receipt_shows_the_ballot() -> None:
    """The account recognises its own ballot identity."""
    item, ballot = BALLOTS[0]

    verified = check_receipt(parse_receipt(_render(_ballot_receipt())), trust=TRUST)

    assert verified.kind is ReceiptKind.BALLOT
    assert verified.ballot is not None
    assert (verified.ballot.cooperative, verified.ballot.proposal_id) == (COOPERATIVE, PROPOSAL)
    assert (verified.ballot.ballot_id, verified.ballot.choice) == (item, ballot.choice)
    assert verified.height == 6
    assert f"says {ballot.choice.name.lower()}" in render_meaning(verified)


@pytest.mark.parametrize("index", range(len(BALLOTS)))
def test_a_counted_receipt_shows_ballot_and_result(index: int) -> None:
    """Every ballot has a path to the root that the decision holds."""
    verified = check_receipt(parse_receipt(_render(_counted_receipt(index))), trust=TRUST)

    assert verified.kind is ReceiptKind.COUNTED
    assert verified.decision == DECISION
    assert verified.ballot is not None
    assert verified.ballot.ballot_id == BALLOTS[index][0]
    assert "3 yes, 1 no, 1 abstained, of 9 entitled; outcome: accepted" in render_meaning(verified)


def test_a_state_receipt_shows_a_value_or_its_absence() -> None:
    """Absence is a fact too: a ballot that never arrived."""
    present = state_key(FEDERATION, Collection.PARAMETERS, b"")
    absent = ballot_key(cooperative=COOPERATIVE, proposal_id=PROPOSAL, ballot_id=bytes(32))

    shown = check_receipt(_receipt(present, ReceiptKind.STATE), trust=TRUST)
    missing = check_receipt(_receipt(absent, ReceiptKind.STATE), trust=TRUST)

    assert (shown.value, missing.value) == (b"parameters", None)
    assert "has this value" in render_meaning(shown)
    assert "has no value" in render_meaning(missing)


@pytest.mark.parametrize("name", ["ballot", "counted", "absent"])
def test_refuses_every_changed_field(name: str) -> None:
    """Whatever place of the file is changed, added to or left out."""
    absent = ballot_key(cooperative=COOPERATIVE, proposal_id=PROPOSAL, ballot_id=bytes(32))
    receipts = {
        "ballot": _ballot_receipt(),
        "counted": _counted_receipt(2),
        "absent": _receipt(absent, ReceiptKind.STATE),
    }
    original = json.loads(_render(receipts[name]))
    check_receipt(parse_receipt(json.dumps(original).encode()), trust=TRUST)

    count = 0
    for changed in _change_each(original):
        count += 1
        with pytest.raises(RefusedError):
            check_receipt(parse_receipt(json.dumps(changed).encode()), trust=TRUST)
    assert count > 100


def test_refuses_a_ballot_that_claims_anothers_choice() -> None:
    """The choice is part of the leaf."""
    receipt = _counted_receipt(0)
    assert receipt.counted is not None
    other = Choice.NO if receipt.counted.choice is not Choice.NO else Choice.YES
    counted = dataclasses.replace(receipt.counted, choice=other)

    with pytest.raises(ReceiptError, match="not among those counted"):
        check_receipt(dataclasses.replace(receipt, counted=counted), trust=TRUST)


def test_refuses_a_counted_ballot_under_any_other_key() -> None:
    """Only the result of the vote knows what was counted."""
    counted = _counted_receipt(0).counted
    receipt = dataclasses.replace(_ballot_receipt(), counted=counted, kind=ReceiptKind.COUNTED)

    with pytest.raises(ReceiptError, match="result of its vote"):
        check_receipt(receipt, trust=TRUST)


def test_refuses_a_receipt_of_a_chain_that_is_not_trusted() -> None:
    """The same state may exist elsewhere."""
    with pytest.raises(ReceiptError, match="another chain"):
        check_receipt(_ballot_receipt(), trust=dataclasses.replace(TRUST, chain_id="other"))
    with pytest.raises(LightError, match="validators"):
        check_receipt(
            _ballot_receipt(),
            trust=dataclasses.replace(
                TRUST, validators=(Validator(public_key=bytes(32), power=100),)
            ),
        )


def test_refuses_what_a_proof_cannot_show() -> None:
    """Derived keys are never in the tree: that they are absent from it says nothing."""
    derived = state_key(FEDERATION, Collection.PARAMETERS, b"")
    derived = derived[:32] + DERIVED_FROM + derived[33:]

    with pytest.raises(ReceiptError, match="outside the state's tree"):
        check_receipt(_receipt(derived, ReceiptKind.STATE), trust=TRUST)


def test_refuses_a_header_about_another_state() -> None:
    """A true proof and a true header do not make a true receipt."""
    receipt = _ballot_receipt()
    others = dataclasses.replace(PARTS, log_root=bytes(32))
    proof = (receipt.proof[0], others.prove_state())

    with pytest.raises(ProofError, match="to the root"):
        check_receipt(dataclasses.replace(receipt, proof=proof), trust=TRUST)


def _receipt(key: bytes, kind: ReceiptKind, counted: CountedBallot | None = None) -> Receipt:
    return Receipt(
        chain_id="test-four-1",
        kind=kind,
        key=key,
        value=STATE.get(key),
        proof=(prove(STATE, key), PARTS.prove_state()),
        signed_header=_sign_header(PARTS.compute()),
        counted=counted,
    )


def _ballot_receipt() -> Receipt:
    key = ballot_key(cooperative=COOPERATIVE, proposal_id=PROPOSAL, ballot_id=BALLOTS[0][0])
    return _receipt(key, ReceiptKind.BALLOT)


def _counted_receipt(index: int) -> Receipt:
    item, ballot = BALLOTS[index]
    counted = CountedBallot(
        ballot_id=item,
        choice=ballot.choice,
        index=index,
        path=compute_path(LEAVES, index=index),
    )
    key = decision_key(cooperative=COOPERATIVE, proposal_id=PROPOSAL)
    return _receipt(key, ReceiptKind.COUNTED, counted)


def _render(receipt: Receipt) -> bytes:
    return json.dumps(receipt.to_json()).encode()


def _sign_header(app_hash: bytes) -> dict[str, Any]:
    """A recorded header, made to carry this app hash and signed by our one validator."""
    value = copy.deepcopy(VECTOR["signed_headers"][2])
    value["header"]["app_hash"] = app_hash.hex().upper()
    value["header"]["validators_hash"] = compute_validators_hash(VALIDATORS).hex().upper()
    entry = value["commit"]["signatures"][0]
    entry["validator_address"] = VALIDATORS[0].address.hex().upper()
    value["commit"]["signatures"] = [entry]
    signed = parse_signed_header(value)
    value["commit"]["block_id"]["hash"] = signed.header.compute_hash().hex().upper()
    commit = parse_signed_header(value).commit
    message = compute_vote_sign_bytes(commit, 0, chain_id="test-four-1")
    entry["signature"] = base64.b64encode(KEY.sign(message)).decode()
    return value


def _change_each(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in _list_places(value, ()):
        original: Any = value
        for step in path:
            original = original[step]
        for other in _list_others(original):
            changed = copy.deepcopy(value)
            parent: Any = changed
            for step in path[:-1]:
                parent = parent[step]
            parent[path[-1]] = other
            yield changed


def _list_places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _list_places(value[key], (*path, key))


def _list_others(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value | {"note": 1}, {}, None if value else 0, []]
    if isinstance(value, list):
        return [[*value, "00" * 32], value[1:] if value else 0, {}, "x"]
    if isinstance(value, int):
        return [value + 1, value - 1, str(value), None, True]
    if value is None:
        return ["", "00" * 32, {}, 0]
    places = {0, len(value) // 2, max(0, len(value) - 2)}
    flipped = [value[:i] + chr(ord(value[i]) ^ 1) + value[i + 1 :] for i in sorted(places) if value]
    return [*flipped, value + "0", value[:-1] if value else 1, None, 5]


TRUST = TrustBundle(chain_id="test-four-1", genesis_hash=bytes(32), validators=VALIDATORS)
