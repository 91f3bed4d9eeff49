"""Anchors: what an insight says about the ledger must be what the ledger says."""

import json
from dataclasses import replace
from typing import Any

import pytest

from config.limits import INSIGHT_BYTES_MAX
from did.jcs import JsonObject, canonicalize
from federation.anchors import (
    AnchoredDecision,
    check_anchor,
    compute_insight_digest,
    parse_anchor,
)
from federation.insight_refusals import InsightRefusal, InsightRefusedError
from tests.federation.insight_samples import (
    DID,
    ORIGIN,
    build_draft,
    decide,
    replace_at,
    seal,
    sign_again,
)


def _get_anchor_refusal(document: JsonObject, decision: AnchoredDecision | None) -> InsightRefusal:
    with pytest.raises(InsightRefusedError) as refused:
        check_anchor(document, decision, did=DID, origin=ORIGIN)
    return refused.value.refusal


def test_refuses_an_anchor_that_the_ledger_does_not_hold() -> None:
    """A partner's word about the ledger counts for nothing."""
    draft = build_draft()
    sealed, decision = seal(draft), decide(draft)
    cases = {
        InsightRefusal.ANCHOR_UNKNOWN: None,
        InsightRefusal.DECISION_OF_ANOTHER: replace(decision, cooperative_did="did:web:b.example"),
        InsightRefusal.DECISION_ABOUT_ANOTHER: replace(decision, subject=b"x" * 32),
        InsightRefusal.DECISION_NOT_ACCEPTED: replace(decision, is_accepted_insight=False),
        InsightRefusal.VALIDATION_WRONG: replace(decision, yes=4),
    }

    for refusal, held in cases.items():
        assert _get_anchor_refusal(sealed, held) is refusal


@pytest.mark.parametrize(
    "change",
    [
        {"height": 13},
        {"chain_id": "test-heart-2"},
        {"leaf": b"another"},
        {"root": b"s" * 32},
        {"path": ()},
        {"path": (b"q" * 32, b"p" * 32)},
        {"leaf_index": 0},
    ],
)
def test_refuses_an_anchor_that_differs_from_the_ledger(change: dict[str, Any]) -> None:
    """Every field of it, to the byte."""
    draft = build_draft()

    refusal = _get_anchor_refusal(seal(draft), replace(decide(draft), **change))

    assert refusal is InsightRefusal.ANCHOR_WRONG


def test_refuses_an_anchor_outside_its_own_log() -> None:
    """LeafIndex lies below leafCount."""
    sealed = seal(build_draft())

    changed = sign_again(replace_at(sealed, ("anchor", "leafIndex"), lambda _: 3))

    with pytest.raises(InsightRefusedError) as refused:
        parse_anchor(changed)

    assert refused.value.refusal is InsightRefusal.ANCHOR_WRONG


def test_the_digest_is_of_canonical_json_without_what_follows_the_vote() -> None:
    """SHA-256 over RFC 8785, so that anybody can compute it."""
    sealed = seal(build_draft())
    reordered = json.loads(json.dumps(sealed, sort_keys=True))

    assert compute_insight_digest(reordered) == compute_insight_digest(build_draft())
    assert len(canonicalize(sealed)) < INSIGHT_BYTES_MAX
