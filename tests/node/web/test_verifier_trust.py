"""What the pages' verifier is given besides receipts: trust files, and single signatures."""

import copy
import json
import random
from pathlib import Path
from typing import Any

from config.errors import RefusedError
from did.keys import KeyPair, is_signature_valid
from governance.state_keys import DERIVED_FROM, Collection
from ledger.trust import parse_trust_bundle, render_trust_bundle
from tests.ledger.receipt_samples import CHAIN, NOW_MS, TRUST, make_ballot_receipt, render
from tests.ledger.signed_chain import render_genesis
from tests.node.web.javascript import ask_verifier, make_question

ROOT = Path(__file__).parents[3]
SEED = 20_261_125
SPECCHECK = json.loads((ROOT / "tests" / "vectors" / "ed25519_speccheck.json").read_bytes())


def test_agrees_on_trust_files() -> None:
    """Bundles and genesis files that are none are refused before any receipt is looked at."""
    bundle = render_trust_bundle(TRUST)
    genesis = json.loads(render_genesis(CHAIN))
    other = render_trust_bundle(CHAIN.get_trust(15))["validators"]
    bundles = [
        bundle,
        *({**bundle, name: None} for name in bundle),
        *(copy_without(bundle, name) for name in bundle),
        bundle | {"validators": other},
        bundle | {"validators": bundle["validators"][::-1]},
        bundle | {"trusting_days": 366},
        bundle | {"trusting_days": 0},
        bundle | {"version": 1},
        bundle | {"chain_id": "test-other-1"},
        bundle | {"note": 1},
    ]
    believed = [is_trust(value) for value in bundles]
    twice = genesis | {"validators": genesis["validators"] * 2}
    weak = copy.deepcopy(genesis)
    weak["validators"][0]["power"] = "0"
    files = [*bundles, genesis, twice, weak, genesis | {"genesis_time": 5}, [], 7, {}]
    receipt = render(make_ballot_receipt())

    answers = ask_verifier(
        [make_question(receipt, json.dumps(file).encode(), now_ms=NOW_MS) for file in files]
    )

    assert believed == [answer.holds is not None for answer in answers[: len(bundles)]]
    assert (sum(believed), believed[0]) == (1, True)
    assert [answer.holds is not None for answer in answers[len(bundles) :]] == [True] + [False] * 6


def test_takes_no_signature_that_consensus_refuses() -> None:
    """The published cases on which libraries disagree, and honest ones with every bit changed."""
    chance = random.Random(SEED)
    questions = [
        (
            bytes.fromhex(case["pub_key"]),
            bytes.fromhex(case["message"]),
            bytes.fromhex(case["signature"]),
        )
        for case in SPECCHECK
    ]
    for _ in range(20):
        key, message = KeyPair(chance.randbytes(32)), chance.randbytes(chance.randrange(200))
        signature = key.sign(message)
        questions.append((key.public_key, message, signature))
        for _ in range(10):
            place = chance.randrange(512)
            flipped = bytearray(signature)
            flipped[place // 8] ^= 1 << place % 8
            questions.append((key.public_key, message, bytes(flipped)))
        questions.append((key.public_key, message, add_group_order(signature)))
        questions += [(key.public_key[:31], message, signature), (bytes(32), message, signature)]

    answers = ask_verifier(
        [
            {"key": key.hex(), "signed": message.hex(), "signature": signature.hex()}
            for key, message, signature in questions
        ]
    )

    valid = [
        is_signature_valid(public_key=key, message=message, signature=signature)
        for key, message, signature in questions
    ]
    assert [answer.holds for answer in answers] == valid
    assert sum(valid) == 1 + 20


def test_knows_the_same_collections() -> None:
    """Which keys are ballots and results."""
    source = (ROOT / "node" / "web" / "templates" / "verifier.mjs").read_text(encoding="utf-8")

    assert f"BALLOT_COLLECTION = 0x{Collection.BALLOT:02x};" in source
    assert f"DECISION_COLLECTION = 0x{Collection.DECISION:02x};" in source
    assert f"DERIVED_FROM = 0x{DERIVED_FROM.hex()};" in source


def is_trust(value: object) -> bool:
    """Whether ours reads it as a bundle."""
    try:
        parse_trust_bundle(value)
    except RefusedError:
        return False
    return True


def copy_without(value: dict[str, Any], name: str) -> dict[str, Any]:
    """All but one field."""
    return {key: item for key, item in value.items() if key != name}


def add_group_order(signature: bytes) -> bytes:
    """The same signature in a spelling that only lax libraries take."""
    order = (1 << 252) + 27742317777372353535851937790883648493
    scalar = int.from_bytes(signature[32:], "little") + order
    return signature[:32] + scalar.to_bytes(32, "little")
