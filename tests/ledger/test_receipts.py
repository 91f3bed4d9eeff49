"""Receipts: checked offline, and refused when anything in them was changed."""

import copy
import dataclasses
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from config.errors import RefusedError
from config.limits import BRIDGE_BLOCKS_MAX, COOPERATIVES_MAX, RECEIPT_BYTES_MAX
from did.jcs import parse_json
from governance.fields import STATE_VALUE_BYTES_MAX
from governance.proposal_records import Choice
from ledger.light import LightError, TrustExpiredError
from ledger.receipt_builder import _fit
from ledger.receipt_extras import CountedBallot
from ledger.receipt_meaning import render_meaning
from ledger.receipts import (
    Receipt,
    ReceiptError,
    ReceiptKind,
    Verified,
    check_receipt,
    parse_receipt,
)
from tests.ledger import receipt_samples as samples
from tests.ledger.receipt_samples import FAR, NOW_MS, TRUST, make_ballot_receipt, render
from tests.ledger.signed_chain import SignedChain

SAMPLES = samples.make_samples()
SEED = 20_261_125
BYTES_CHANGED = 400


def check(receipt: Receipt | bytes) -> Verified:
    """As a reader who trusts the first validators."""
    data = receipt if isinstance(receipt, bytes) else render(receipt)
    return check_receipt(parse_receipt(data), trust=TRUST, now_ms=NOW_MS)


def test_a_ballots_receipt_shows_the_ballot() -> None:
    """The account recognises its own ballot identity."""
    item, ballot = samples.BALLOTS[0]

    verified = check(make_ballot_receipt())

    assert verified.kind is ReceiptKind.BALLOT
    assert verified.ballot is not None
    assert verified.ballot.cooperative == samples.COOPERATIVE
    assert verified.ballot.proposal_id == samples.PROPOSAL
    assert (verified.ballot.ballot_id, verified.ballot.choice) == (item, ballot.choice)
    assert verified.height == 6
    assert f"says {ballot.choice.name.lower()}" in render_meaning(verified)


@pytest.mark.parametrize("index", range(len(samples.BALLOTS)))
def test_a_counted_receipt_shows_ballot_and_result(index: int) -> None:
    """Every ballot has a path to the root that the decision holds."""
    verified = check(samples.make_counted_receipt(index))

    assert verified.kind is ReceiptKind.COUNTED
    assert verified.decision == samples.DECISION
    assert verified.ballot is not None
    assert verified.ballot.ballot_id == samples.BALLOTS[index][0]
    assert "3 yes, 1 no, 1 abstained, of 9 entitled; outcome: accepted" in render_meaning(verified)


def test_a_state_receipt_shows_a_value_or_its_absence() -> None:
    """Absence is a fact too: a ballot that never arrived."""
    shown, missing = check(SAMPLES["present"]), check(SAMPLES["absent"])

    assert (shown.value, missing.value) == (b"parameters", None)
    assert "has this value" in render_meaning(shown)
    assert "has no value" in render_meaning(missing)


def test_a_blocks_receipt_shows_hash_and_app_hash() -> None:
    """Nothing of the state is in it: only what its validators signed."""
    receipt = samples.make_block_receipt()
    header = receipt.block.header

    verified = check(receipt)

    assert (verified.kind, verified.height) == (ReceiptKind.BLOCK, samples.NEAR)
    assert verified.app_hash == header.app_hash == samples.PARTS.compute()
    assert f"its hash is {header.compute_hash().hex()}" in render_meaning(verified)
    assert f"the app hash {header.app_hash.hex()}" in render_meaning(verified)


@pytest.mark.parametrize(
    ("sample", "changes", "said"),
    [
        ("block", {"key": b"key"}, "of kind state, not block"),
        ("block", {"value": b"value"}, "of kind state, not block"),
        ("block", {"proof": (b"", b"")}, "a block's has none"),
        ("block", {"kind": ReceiptKind.STATE}, "two proofs"),
        ("absent", {"kind": ReceiptKind.BLOCK}, "a block's has none"),
        ("absent", {"kind": ReceiptKind.BLOCK, "proof": ()}, "of kind state, not block"),
        ("counted", {"kind": ReceiptKind.BLOCK, "proof": ()}, "of kind counted, not block"),
    ],
)
def test_a_blocks_receipt_shows_nothing_else(
    sample: str, changes: dict[str, Any], said: str
) -> None:
    """A fact without its proofs is not believed because the block is true."""
    with pytest.raises(RefusedError, match=said):
        check(dataclasses.replace(SAMPLES[sample], **changes))


def test_a_bridge_leads_to_validators_that_the_reader_does_not_know() -> None:
    """Trust moves on with the receipt, and back without one."""
    receipt = make_ballot_receipt(height=FAR)

    verified = check(receipt)

    assert verified.trust.height == FAR
    assert verified.trust.validators == samples.CHAIN.get_validators(FAR)
    assert (verified.trust.genesis_hash, verified.trust.peers) == (TRUST.genesis_hash, TRUST.peers)
    with pytest.raises(LightError, match="nothing leads"):
        check(dataclasses.replace(receipt, bridge=()))
    earlier = check_receipt(
        make_ballot_receipt(height=30), trust=samples.CHAIN.get_trust(35), now_ms=NOW_MS
    )
    assert (earlier.height, earlier.trust.height) == (30, 35)


@pytest.mark.parametrize("name", SAMPLES)
def test_refuses_every_changed_field(name: str) -> None:
    """Whatever place of the file is changed, added to or left out."""
    original = json.loads(render(SAMPLES[name]))
    check(json.dumps(original).encode())

    count = 0
    for changed in _change_each(original):
        count += 1
        with pytest.raises(RefusedError):
            check(json.dumps(changed).encode())
    assert count > 350


@pytest.mark.parametrize("name", SAMPLES)
def test_refuses_every_changed_byte(name: str) -> None:
    """A byte exchanged, left out or put in, unless the JSON still says the very same."""
    chance = random.Random(SEED)
    original = render(SAMPLES[name])
    said = parse_json(original)

    for changed in samples.change_bytes(original, chance, count=BYTES_CHANGED):
        try:
            verified = check(changed)
        except RefusedError:
            continue
        assert parse_json(changed) == said, (changed, verified)


def test_refuses_a_ballot_that_claims_anothers_choice() -> None:
    """The choice is part of the leaf."""
    receipt = samples.make_counted_receipt(0)
    assert isinstance(receipt.extra, CountedBallot)
    other = Choice.NO if receipt.extra.choice is not Choice.NO else Choice.YES
    counted = dataclasses.replace(receipt.extra, choice=other)

    with pytest.raises(ReceiptError, match="not among those counted"):
        check(dataclasses.replace(receipt, extra=counted))


def test_refuses_ids_of_another_length() -> None:
    """A ballot's identity is 32 bytes."""
    document = samples.make_counted_receipt(0).to_json()
    document["extra"] |= {"ballot_id": "00"}

    with pytest.raises(ReceiptError, match="expected 32 bytes"):
        parse_receipt(json.dumps(document).encode())


def test_refuses_a_counted_ballot_under_any_other_key() -> None:
    """Only the result of the vote knows what was counted."""
    counted = samples.make_counted_receipt(0).extra
    receipt = dataclasses.replace(make_ballot_receipt(), extra=counted, kind=ReceiptKind.COUNTED)

    with pytest.raises(ReceiptError, match="result of its vote"):
        check(receipt)


def test_refuses_a_receipt_of_a_chain_that_is_not_trusted() -> None:
    """The same state may exist elsewhere."""
    receipt = make_ballot_receipt()
    other = dataclasses.replace(TRUST, chain_id="other")

    with pytest.raises(ReceiptError, match="another chain"):
        check_receipt(receipt, trust=other, now_ms=NOW_MS)
    with pytest.raises(LightError, match="is of chain"):
        check_receipt(dataclasses.replace(receipt, chain_id="other"), trust=other, now_ms=NOW_MS)


def test_refuses_old_trust_unless_it_is_accepted() -> None:
    """The clock of the reader decides, not the receipt's."""
    receipt, late_ms = make_ballot_receipt(), NOW_MS + 90 * 86_400_000

    with pytest.raises(TrustExpiredError):
        check_receipt(receipt, trust=TRUST, now_ms=late_ms)
    check_receipt(receipt, trust=TRUST, now_ms=late_ms, accepts_old_trust=True)


def test_refuses_a_header_about_another_state() -> None:
    """A true proof and a true header do not make a true receipt."""
    receipt = make_ballot_receipt()
    parts = dataclasses.replace(samples.PARTS, log_root=bytes(32))

    with pytest.raises(RefusedError, match="to the root"):
        check(dataclasses.replace(receipt, proof=(receipt.proof[0], parts.prove_state())))


def test_refuses_a_key_that_is_outside_the_state() -> None:
    """Derived collections are not in the tree: all of their keys are absent from it."""
    key = bytes([1]) * 32 + b"\x80" + bytes(32)

    with pytest.raises(ReceiptError, match="outside the state"):
        check(samples.make_receipt(key))


def test_refuses_more_blocks_and_other_versions_than_there_are() -> None:
    """Before anything is computed."""
    document = make_ballot_receipt(height=FAR).to_json()
    [first, *_] = document["bridge"]

    for changes in ({"bridge": [first] * (BRIDGE_BLOCKS_MAX + 1)}, {"version": 1}, {"bridge": {}}):
        with pytest.raises(ReceiptError):
            parse_receipt(json.dumps(document | changes).encode())


def test_the_largest_bridge_fits_and_the_oldest_blocks_go_first() -> None:
    """Sixty-four validators and the longest value: what is left still leads from younger trust."""
    chain = SignedChain([range(COOPERATIVES_MAX)], app_hash=samples.PARTS.compute())
    bridge = tuple(chain.get_block(height) for height in range(1, BRIDGE_BLOCKS_MAX + 1))
    receipt = dataclasses.replace(
        make_ballot_receipt(),
        chain_id=chain.chain_id,
        block=chain.get_block(BRIDGE_BLOCKS_MAX + 1),
        bridge=bridge,
    )
    longest = bytes(STATE_VALUE_BYTES_MAX)
    larger = dataclasses.replace(receipt, value=longest, proof=(longest * 3, b""))

    check_receipt(parse_receipt(render(_fit(receipt))), trust=chain.genesis_trust, now_ms=NOW_MS)
    fitted = _fit(larger)

    assert _fit(receipt) == receipt
    assert 0 < len(fitted.bridge) < len(bridge)
    assert fitted.bridge == bridge[-len(fitted.bridge) :]
    assert len(render(fitted)) <= RECEIPT_BYTES_MAX < len(render(larger))


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
