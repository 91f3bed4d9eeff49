"""An insight from draft to seal, for the tests of everything that judges one."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from did.jcs import JsonObject
from did.keys import KeyPair
from did.proofs import add_proof
from federation.aggregate import Aggregate, release_cells
from federation.anchors import (
    AnchoredDecision,
    compute_insight_digest,
    encode_digest,
)
from federation.budget import Budget, BudgetAccount
from federation.insight_refusals import InsightRefusal, InsightRefusedError
from federation.insights import (
    ConsentBasis,
    InsightAuthor,
    Study,
    build_insight,
    check_insight,
    seal_insight,
)

ORIGIN = "https://coop-a.example"


DID = "did:web:coop-a.example"


KEY = KeyPair(b"k" * 32)


NOW_S = 1_790_000_000


AUTHOR = InsightAuthor(actor=f"{ORIGIN}/actor", did=DID, assertion_key=KEY.public_key)


STUDY = Study(
    name="Heart disease by age & sex",
    condition=(("http://hl7.org/fhir/sid/icd-10", "I25"),),
    license="https://creativecommons.org/licenses/by/4.0/",
    derived_from=("https://doi.org/10.24432/C52P4X",),
)


# Without, with the condition; women then men, youngest first. The women are merged.
_COUNTS = (24, 1, 23, 10, 25, 14, 39, 25, 41, 50, 3, 9)


def build_draft(
    counts: tuple[int, ...] = _COUNTS,
    *,
    spent: int = 500_000,
    study: Study = STUDY,
    basis: ConsentBasis | None = None,
) -> JsonObject:
    cells, suppressed = release_cells(counts, cell_people_min=50)
    return build_insight(
        actor=AUTHOR.actor,
        insight_id="0f" * 16,
        study=study,
        basis=basis,
        aggregate=Aggregate(
            epsilon_millionths=500_000, cell_people_min=50, cells=cells, suppressed=suppressed
        ),
        budget=Budget(
            account=BudgetAccount(dataset="heart", period="2026"), spent_millionths=spent
        ),
        now_s=NOW_S,
    )


def decide(draft: JsonObject) -> AnchoredDecision:
    return AnchoredDecision(
        chain_id="test-heart-1",
        height=12,
        leaf_index=1,
        leaf_count=3,
        leaf=b"the decision",
        root=b"r" * 32,
        path=(b"p" * 32, b"q" * 32),
        cooperative_did=DID,
        proposal_id=b"i" * 32,
        subject=compute_insight_digest(draft),
        is_accepted_insight=True,
        yes=3,
        no=1,
        abstain=0,
        electorate_count=5,
    )


def seal(draft: JsonObject) -> JsonObject:
    return seal_insight(draft, decision=decide(draft), key=KEY, did=DID, created_s=NOW_S + 60)


def sign_again(document: JsonObject) -> JsonObject:
    """What a dishonest cooperative can do: sign anything with its own key."""
    unsigned = {name: value for name, value in document.items() if name != "proof"}
    digest = compute_insight_digest(unsigned)
    unsigned["anchor"] = {**unsigned["anchor"], "digestMultibase": encode_digest(digest)}
    return add_proof(
        unsigned,
        key=KEY,
        verification_method=f"{DID}#assertion",
        created=document["proof"]["created"],
    )


def get_refusal(document: JsonObject, **options: Any) -> InsightRefusal:
    with pytest.raises(InsightRefusedError) as refused:
        check_insight(document, **{"author": AUTHOR, "now_s": NOW_S + 60, **options})
    assert refused.value.code == int(refused.value.refusal)
    return refused.value.refusal


def replace_at(value: Any, path: tuple[str | int, ...], change: Callable[[Any], Any]) -> Any:
    changed = copy.copy(value)
    if len(path) > 1:
        changed[path[0]] = replace_at(value[path[0]], path[1:], change)
    else:
        changed[path[0]] = change(value[path[0]])
    return changed
