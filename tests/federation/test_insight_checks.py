"""The rules for an insight's own facts: each bad one is refused by its reason."""

from dataclasses import replace
from typing import Any

import pytest

from config.limits import INSIGHT_BYTES_MAX
from federation.insight_checks import PrivacyFloors
from federation.insight_refusals import InsightRefusal
from federation.insights import check_insight
from tests.federation.insight_samples import (
    AUTHOR,
    NOW_S,
    build_draft,
    get_refusal,
    replace_at,
    seal,
    sign_again,
)

_AS2 = "https://www.w3.org/ns/activitystreams"


_DATA_INTEGRITY = "https://w3id.org/security/data-integrity/v2"


_CELL = ("cells", 1)


_BAD: dict[str, tuple[tuple[str | int, ...], Any, InsightRefusal]] = {
    "inline context": (("@context", 2), {"actor": "as:object"}, InsightRefusal.CONTEXT_UNKNOWN),
    "unknown context": (("@context", 2), "https://e.example/c", InsightRefusal.CONTEXT_UNKNOWN),
    "context order": (("@context",), [_DATA_INTEGRITY, _AS2], InsightRefusal.CONTEXT_UNKNOWN),
    "fewer contexts": (("@context",), [_AS2], InsightRefusal.CONTEXT_UNKNOWN),
    "another's context": (
        ("@context", 2),
        f"https://b.example/contexts/{build_draft()['@context'][2].rpartition('/')[2]}",
        InsightRefusal.CONTEXT_UNKNOWN,
    ),
    "too long": (("limitations",), "x" * INSIGHT_BYTES_MAX, InsightRefusal.TOO_LARGE),
    "type": (("type",), ["HealthInsight"], InsightRefusal.SHAPE_UNKNOWN),
    "true for one": (("cohort", "cooperatives"), True, InsightRefusal.SHAPE_UNKNOWN),
    "a float": ((*_CELL, "people"), 64.0, InsightRefusal.SHAPE_UNKNOWN),
    "markup in the name": (("name",), "<script>", InsightRefusal.SHAPE_UNKNOWN),
    "reversed text": (("name",), "a\u202eb", InsightRefusal.SHAPE_UNKNOWN),
    "line break in the name": (("name",), "a\n", InsightRefusal.SHAPE_UNKNOWN),
    "script address": (("license",), "javascript:alert(1)", InsightRefusal.SHAPE_UNKNOWN),
    "null": (("limitations",), None, InsightRefusal.SHAPE_UNKNOWN),
    "author": (("attributedTo",), "https://b.example/actor", InsightRefusal.AUTHOR_WRONG),
    "another's id": (("id",), "https://b.example/insights/1", InsightRefusal.ORIGIN_WRONG),
    "http id": (("id",), "http://coop-a.example/insights/1", InsightRefusal.ORIGIN_WRONG),
    "another's proposal": (
        ("validation", "proposal"),
        "https://coop-a.example.b.example/proposals/1",
        InsightRefusal.ORIGIN_WRONG,
    ),
    "script": (("content",), "<script>alert(1)</script>", InsightRefusal.CONTENT_UNSAFE),
    "handler": (("content",), '<p onclick="x">y</p>', InsightRefusal.CONTENT_UNSAFE),
    "published later": (("published",), "2027-01-01T00:00:00Z", InsightRefusal.DATE_WRONG),
    "no such day": (("published",), "2026-02-30T00:00:00Z", InsightRefusal.DATE_WRONG),
    "ended later": (
        ("generatedBy", "endedAt"),
        "2026-12-31T00:00:00Z",
        InsightRefusal.DATE_WRONG,
    ),
    "mechanism": (
        ("privacy", "mechanism"),
        "https://w3id.org/health-insight/v1#Rounding",
        InsightRefusal.MECHANISM_UNKNOWN,
    ),
    "neighbours": (
        ("privacy", "neighbouring"),
        "https://w3id.org/health-insight/v1#OneRow",
        InsightRefusal.MECHANISM_UNKNOWN,
    ),
    "technique": (
        ("privacy", "technique"),
        ["https://w3id.org/dpv#Anonymisation"],
        InsightRefusal.MECHANISM_UNKNOWN,
    ),
    "no ε": (("privacy", "epsilon"), "0", InsightRefusal.EPSILON_TOO_LARGE),
    "ε over the floor": (("privacy", "epsilon"), "1.000001", InsightRefusal.EPSILON_TOO_LARGE),
    "spent less than ε": (
        ("privacy", "epsilonSpentTotal"),
        "0.4",
        InsightRefusal.BUDGET_OVERSPENT,
    ),
    "overspent": (("privacy", "epsilonSpentTotal"), "1.1", InsightRefusal.BUDGET_OVERSPENT),
    "budget over the floor": (("privacy", "epsilonBudget"), "2", InsightRefusal.BUDGET_OVERSPENT),
    "cell under fifty": ((*_CELL, "people"), 49, InsightRefusal.CELL_TOO_SMALL),
    "own minimum too low": (
        ("cohort", "minimumCellSize"),
        11,
        InsightRefusal.CELL_TOO_SMALL,
    ),
    "under its own minimum": (
        ("cohort", "minimumCellSize"),
        80,
        InsightRefusal.CELL_TOO_SMALL,
    ),
    "more ill than people": (
        (*_CELL, "withCondition"),
        65,
        InsightRefusal.CELLS_INCONSISTENT,
    ),
    "wrong share": ((*_CELL, "prevalence"), "1.0", InsightRefusal.CELLS_INCONSISTENT),
    "margin too small": ((*_CELL, "peopleMargin"), 1, InsightRefusal.CELLS_INCONSISTENT),
    "a group twice": ((*_CELL, "ageBands"), ["50-59"], InsightRefusal.CELLS_INCONSISTENT),
    "a group missing": (("suppressedCells",), [], InsightRefusal.CELLS_INCONSISTENT),
    "cohort of more": (("cohort", "size"), 304, InsightRefusal.CELLS_INCONSISTENT),
}


@pytest.mark.parametrize("name", _BAD)
def test_refuses_each_bad_insight_by_its_reason(name: str) -> None:
    """Signed by its own cooperative, so that only the rule can refuse it."""
    path, value, refusal = _BAD[name]
    sealed = sign_again(replace_at(seal(build_draft()), path, lambda _: value))

    assert get_refusal(sealed) is refusal


def test_refuses_a_deeply_nested_value() -> None:
    """The schema does not follow where it knows no field."""
    deep: Any = []
    for _ in range(30):
        deep = [deep]

    assert get_refusal({**seal(build_draft()), "cells": deep}) is InsightRefusal.SHAPE_UNKNOWN


def test_refuses_what_canonical_json_cannot_hold() -> None:
    """Whoever reads insights otherwise than by `parse_json` is not let down."""
    sealed = replace_at(seal(build_draft()), (*_CELL, "people"), lambda _: 1 << 60)

    assert get_refusal(sealed) is InsightRefusal.SHAPE_UNKNOWN


def test_refuses_contexts_appended_after_signing() -> None:
    """A proof covers only its own list of contexts."""
    sealed = seal(build_draft())

    changed = {**sealed, "@context": [*sealed["@context"], "https://w3id.org/security/v1"]}

    assert get_refusal(changed) is InsightRefusal.CONTEXT_UNKNOWN


def test_refuses_a_sender_who_is_not_the_author() -> None:
    """A partner cannot pass on another's insight as its own."""
    sender = replace(AUTHOR, actor="https://b.example/actor")

    assert get_refusal(seal(build_draft()), author=sender) is InsightRefusal.AUTHOR_WRONG


def test_refuses_an_insight_from_the_future() -> None:
    """Five minutes between clocks are allowed, no more."""
    sealed = seal(build_draft())

    check_insight(sealed, author=AUTHOR, now_s=NOW_S + 60 - 300)

    assert get_refusal(sealed, now_s=NOW_S + 60 - 301) is InsightRefusal.DATE_WRONG


def test_a_cooperative_may_ask_for_more_privacy_than_the_charter() -> None:
    """Floors are the reader's."""
    sealed = seal(build_draft())

    strict = PrivacyFloors(epsilon_millionths_max=400_000)
    large = PrivacyFloors(cell_people_min=65)

    assert get_refusal(sealed, floors=strict) is InsightRefusal.EPSILON_TOO_LARGE
    assert get_refusal(sealed, floors=large) is InsightRefusal.CELL_TOO_SMALL


def test_cells_carry_their_share_and_margin() -> None:
    """25 of 97 is 25.8 %; six noised counts make the number of people."""
    cell = build_draft()["cells"][0]

    assert (cell["people"], cell["withCondition"], cell["prevalence"]) == (97, 25, "25.8")
    assert (cell["peopleMargin"], cell["withConditionMargin"]) == (14, 10)


def test_an_added_field_is_refused_even_when_signed() -> None:
    """Nobody here looked at it, but JSON-LD readers would show it."""
    sealed = seal(build_draft())

    assert get_refusal({**sealed, "summary": "x"}) is InsightRefusal.SHAPE_UNKNOWN
    assert get_refusal(sign_again({**sealed, "summary": "x"})) is InsightRefusal.SHAPE_UNKNOWN
