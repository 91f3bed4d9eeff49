"""Insights: what members vote on is what partners accept, and nothing else is."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from activitypub.contexts import INSIGHT_CONTEXT_FILE, OWN_CONTEXTS
from did.jcs import parse_json_object
from did.keys import KeyPair
from federation.aggregate import STRATA
from federation.anchors import (
    check_anchor,
    compute_insight_digest,
    encode_digest,
    parse_anchor,
)
from federation.insight_refusals import InsightRefusal, InsightRefusedError
from federation.insights import check_insight, seal_insight
from tests.federation.insight_samples import (
    AUTHOR,
    DID,
    KEY,
    NOW_S,
    ORIGIN,
    STUDY,
    build_draft,
    decide,
    get_refusal,
    replace_at,
    seal,
)


def test_a_sealed_insight_is_accepted_and_keeps_the_drafts_digest() -> None:
    """What the members voted on is what is published; the document survives JSON."""
    draft = build_draft()

    sealed = parse_json_object(json.dumps(seal(draft)).encode())
    digest = check_insight(sealed, author=AUTHOR, now_s=NOW_S + 60)
    check_anchor(sealed, decide(draft), did=DID, origin=ORIGIN)

    anchor = parse_anchor(sealed)
    assert (anchor.chain_id, anchor.leaf_index, anchor.leaf_count) == ("test-heart-1", 1, 3)
    assert digest == compute_insight_digest(draft)
    assert sealed["anchor"]["digestMultibase"] == encode_digest(digest)
    assert sealed["anchor"]["digestMultibase"].startswith("uEi")
    assert sealed["type"] == ["Article", "HealthInsight"]


def test_neither_building_nor_checking_changes_what_it_is_given() -> None:
    """Bytes are forwarded as received, so nothing here may edit them."""
    draft = build_draft()
    before = copy.deepcopy(draft)

    sealed = seal(draft)
    sealed_before = copy.deepcopy(sealed)
    check_insight(sealed, author=AUTHOR, now_s=NOW_S + 60)

    assert draft == before
    assert sealed == sealed_before


def test_the_cohort_counts_only_those_shown() -> None:
    """A total would give the suppressed men over sixty away by subtraction."""
    draft = build_draft()

    assert draft["suppressedCells"] == [{"sex": "male", "ageBands": ["60-and-over"]}]
    assert draft["cohort"]["size"] == sum(cell["people"] for cell in draft["cells"])
    assert draft["cohort"]["size"] == 97 + 64 + 91


def _walk(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in items:
        yield from _walk(item, (*path, key))


def _change(value: object) -> object:
    if isinstance(value, str):
        return value[:-1] + ("b" if value.endswith("a") else "a")
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return [*value, *(value[:1] or ["a"])]
    assert isinstance(value, dict)
    return {**value, "unknown": "a"}


def _drop(value: Any, path: tuple[str | int, ...]) -> Any:
    changed = copy.copy(value)
    if len(path) > 1:
        changed[path[0]] = _drop(value[path[0]], path[1:])
    else:
        del changed[path[0]]
    return changed


def test_every_field_changed_after_signing_is_refused() -> None:
    """Each value in turn, however deep, is changed or left out."""
    sealed = seal(build_draft())
    paths = list(_walk(sealed))

    assert len(paths) > 100
    for path in paths:
        get_refusal(replace_at(sealed, path, _change))
        get_refusal(_drop(sealed, path))


def test_sources_need_not_be_named() -> None:
    """A cooperative's own records have no address."""
    with_sources = build_draft()

    without = build_draft(study=replace(STUDY, derived_from=()))

    assert without.keys() == with_sources.keys() - {"derivedFrom"}
    check_insight(seal(without), author=AUTHOR, now_s=NOW_S + 60)


def test_refuses_a_proof_by_another_key() -> None:
    """The key must be the one under the author's #assertion."""
    sealed = seal(build_draft())

    other = replace(AUTHOR, assertion_key=KeyPair(b"o" * 32).public_key)
    other_method = {**sealed, "proof": {**sealed["proof"], "verificationMethod": f"{DID}#http"}}

    assert get_refusal(sealed, author=other) is InsightRefusal.PROOF_INVALID
    assert get_refusal(other_method) is InsightRefusal.PROOF_INVALID
    assert (
        get_refusal(sealed, author=replace(AUTHOR, did="did:web:b.example"))
        is InsightRefusal.PROOF_INVALID
    )


def test_refuses_another_document_under_an_anchor() -> None:
    """The anchor names the digest of exactly this document."""
    draft = build_draft()
    sealed = seal(draft)

    swapped = {
        **sealed,
        "anchor": {**sealed["anchor"], "digestMultibase": encode_digest(b"x" * 32)},
    }

    assert get_refusal(swapped) is InsightRefusal.DIGEST_WRONG


def test_nothing_is_sealed_that_the_members_did_not_accept() -> None:
    """A cooperative refuses its own draft for the reasons that partners would."""
    draft = build_draft()

    for change in ({"is_accepted_insight": False}, {"subject": b"x" * 32}):
        with pytest.raises(InsightRefusedError):
            seal_insight(
                draft,
                decision=replace(decide(draft), **change),
                key=KEY,
                did=DID,
                created_s=NOW_S,
            )


def test_an_insight_that_shows_nothing_is_not_built() -> None:
    """If every group is too small there is nothing to vote on."""
    with pytest.raises(InsightRefusedError, match="nothing can be shown"):
        build_draft((1,) * len(STRATA))


def test_a_draft_is_held_to_the_rules_for_partners() -> None:
    """A cooperative cannot put an insight to the vote that partners would refuse."""
    with pytest.raises(InsightRefusedError) as refused:
        build_draft(spent=400_000)

    assert refused.value.refusal is InsightRefusal.BUDGET_OVERSPENT


def test_the_context_defines_every_term_that_an_insight_uses() -> None:
    """JSON-LD readers drop undefined terms in silence."""
    sealed = seal(build_draft())
    (file,) = (data for name, data in OWN_CONTEXTS.items() if name == INSIGHT_CONTEXT_FILE)
    terms = json.loads(file)["@context"]["HealthInsight"]["@context"]
    others = {"@context", "id", "type", "attributedTo", "name", "content", "mediaType"}
    others |= {"published", "proof"}

    assert sealed.keys() - others <= terms.keys()
    for name in sealed.keys() - others:
        for item in sealed[name] if isinstance(sealed[name], list) else [sealed[name]]:
            if isinstance(item, dict):
                assert item.keys() <= terms[name]["@context"].keys(), name
