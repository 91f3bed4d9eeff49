"""The rules that an insight's own facts must keep: shape, places, dates, privacy, cells.

Pure, and apart from building and sealing, so that a draft is held to the very rules by which
partners will judge it. Looks at no signature and at no ledger.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import fastjsonschema

from activitypub.contexts import (
    ACTIVITYSTREAMS_CONTEXT,
    check_contexts,
    get_insight_context_url,
)
from activitypub.origins import check_same_origin, get_origin
from config.errors import RefusedError
from config.limits import (
    CELL_PEOPLE_MIN,
    CLOCK_SKEW_S_MAX,
    EPSILON_BUDGET_MILLIONTHS_MAX,
    INSIGHT_BYTES_MAX,
)
from did.jcs import JsonObject, canonicalize
from did.proofs import DATA_INTEGRITY_CONTEXT
from federation.aggregate import (
    AgeBand,
    Cell,
    Group,
    Sex,
    compute_count_margin,
    compute_prevalence,
    parse_decimal,
)
from federation.insight_content import check_content
from federation.insight_refusals import InsightRefusal, InsightRefusedError
from federation.insight_schema import (
    MECHANISM_DISCRETE_LAPLACE,
    NEIGHBOURS_ADD_REMOVE_ONE,
    TECHNIQUE_DIFFERENTIAL_PRIVACY,
    get_validator,
)

_MECHANISMS = frozenset({MECHANISM_DISCRETE_LAPLACE})


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyFloors:
    """The least privacy that a cooperative accepts from partners; the charter's by default."""

    epsilon_millionths_max: int = EPSILON_BUDGET_MILLIONTHS_MAX
    """ε of one insight."""
    budget_millionths_max: int = EPSILON_BUDGET_MILLIONTHS_MAX
    """ε of all insights about the same people in one period."""
    cell_people_min: int = CELL_PEOPLE_MIN


CHARTER_FLOORS = PrivacyFloors()


def check_facts(
    document: JsonObject, *, actor: str, now_s: int, floors: PrivacyFloors, is_sealed: bool
) -> None:
    """Check all that an insight says about itself.

    Args:
        document: A draft, or a sealed insight.
        actor: URL of the actor that it must be attributed to.
        now_s: Wall clock; Unix seconds.
        floors: The least privacy accepted.
        is_sealed: Whether validation, anchor and proof must be there, or must not.

    Raises:
        InsightRefusedError: Codes 1 to 12.
    """
    origin = get_origin(actor)
    _check_size(document)
    if document.get("attributedTo") != actor:
        raise InsightRefusedError(InsightRefusal.AUTHOR_WRONG)
    _check_contexts(document, expected=get_expected_contexts(origin))
    _check_shape(document, is_sealed=is_sealed)
    _check_places(document, origin=origin)
    try:
        check_content(document["content"])
    except RefusedError as error:
        raise InsightRefusedError(InsightRefusal.CONTENT_UNSAFE, error.reason) from error
    _check_dates(document, now_s=now_s)
    _check_privacy(document["privacy"], floors=floors)
    _check_cells(document, floors=floors)


def get_expected_contexts(origin: str) -> list[str]:
    """The `@context` of every insight under an origin."""
    return [ACTIVITYSTREAMS_CONTEXT, DATA_INTEGRITY_CONTEXT, get_insight_context_url(origin)]


def render_cell(cell: Cell, epsilon_millionths: int) -> JsonObject:
    """A released cell with what follows from it: share and margins."""
    bands_count = len(cell.group.age_bands)
    return {
        **render_group(cell.group),
        "people": cell.people,
        "withCondition": cell.with_condition,
        "prevalence": compute_prevalence(cell),
        "peopleMargin": _get_margin(2 * bands_count, epsilon_millionths),
        "withConditionMargin": _get_margin(bands_count, epsilon_millionths),
    }


def render_group(group: Group) -> JsonObject:
    """A group of people, shown or suppressed."""
    return {"sex": group.sex.value, "ageBands": [band.value for band in group.age_bands]}


def _check_size(document: JsonObject) -> None:
    try:
        size = len(canonicalize(document))
    except RefusedError as error:
        raise InsightRefusedError(InsightRefusal.SHAPE_UNKNOWN, error.reason) from error
    if size > INSIGHT_BYTES_MAX:
        raise InsightRefusedError(InsightRefusal.TOO_LARGE)


def _check_contexts(document: JsonObject, *, expected: list[str]) -> None:
    try:
        check_contexts(document)
    except RefusedError as error:
        raise InsightRefusedError(InsightRefusal.CONTEXT_UNKNOWN, error.reason) from error
    proof = document.get("proof")
    # A proof covers its own list of contexts alone, so the two must be the same.
    named = [document["@context"], *([proof.get("@context")] if isinstance(proof, dict) else [])]
    if any(contexts != expected for contexts in named):
        raise InsightRefusedError(InsightRefusal.CONTEXT_UNKNOWN)


def _check_shape(document: JsonObject, *, is_sealed: bool) -> None:
    try:
        get_validator(is_sealed=is_sealed)(document)
    except fastjsonschema.JsonSchemaValueException as error:
        # The library's message quotes the rule, and its path names the field.
        raise InsightRefusedError(InsightRefusal.SHAPE_UNKNOWN, str(error.name)[:200]) from error
    if _has_inexact_number(document):
        raise InsightRefusedError(InsightRefusal.SHAPE_UNKNOWN, "numbers are integers")


def _has_inexact_number(value: object) -> bool:
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return any(_has_inexact_number(item) for item in items)
    # The schema takes true and 1.0 for 1; readers of the signed bytes do not.
    return isinstance(value, bool | float)


def _check_places(document: JsonObject, *, origin: str) -> None:
    try:
        check_same_origin(document["id"], origin=origin)
        if "validation" in document:
            check_same_origin(document["validation"]["proposal"], origin=origin)
    except RefusedError as error:
        raise InsightRefusedError(InsightRefusal.ORIGIN_WRONG, error.reason) from error


def _check_dates(document: JsonObject, *, now_s: int) -> None:
    dates = [document["generatedBy"]["endedAt"], document["published"]]
    if "proof" in document:
        dates.append(document["proof"]["created"])
    try:
        seconds = [datetime.fromisoformat(date).timestamp() for date in dates]
    except ValueError as error:
        raise InsightRefusedError(InsightRefusal.DATE_WRONG) from error
    if seconds != sorted(seconds) or seconds[-1] > now_s + CLOCK_SKEW_S_MAX:
        raise InsightRefusedError(InsightRefusal.DATE_WRONG)


def _check_privacy(privacy: JsonObject, *, floors: PrivacyFloors) -> None:
    if (
        privacy["mechanism"] not in _MECHANISMS
        or privacy["neighbouring"] != NEIGHBOURS_ADD_REMOVE_ONE
        or TECHNIQUE_DIFFERENTIAL_PRIVACY not in privacy["technique"]
    ):
        raise InsightRefusedError(InsightRefusal.MECHANISM_UNKNOWN)
    epsilon, spent, budget = (
        parse_decimal(privacy[name]) for name in ("epsilon", "epsilonSpentTotal", "epsilonBudget")
    )
    if not 0 < epsilon <= floors.epsilon_millionths_max:
        raise InsightRefusedError(InsightRefusal.EPSILON_TOO_LARGE)
    if not epsilon <= spent <= budget <= floors.budget_millionths_max:
        raise InsightRefusedError(InsightRefusal.BUDGET_OVERSPENT)


def _check_cells(document: JsonObject, *, floors: PrivacyFloors) -> None:
    cohort, cells = document["cohort"], document["cells"]
    least = max(floors.cell_people_min, cohort["minimumCellSize"])
    if min(cohort["minimumSize"], cohort["minimumCellSize"]) < floors.cell_people_min:
        raise InsightRefusedError(InsightRefusal.CELL_TOO_SMALL, "its own minimum is too low")
    if any(cell["people"] < least for cell in cells):
        raise InsightRefusedError(InsightRefusal.CELL_TOO_SMALL)
    epsilon_millionths = parse_decimal(document["privacy"]["epsilon"])
    groups: list[tuple[Sex, AgeBand]] = []
    for item in [*cells, *document["suppressedCells"]]:
        groups += [(Sex(item["sex"]), AgeBand(band)) for band in item["ageBands"]]
    if sorted(groups) != sorted((sex, band) for sex in Sex for band in AgeBand):
        raise InsightRefusedError(
            InsightRefusal.CELLS_INCONSISTENT, "every group of people belongs to one cell"
        )
    for item in cells:
        group = Group(Sex(item["sex"]), tuple(AgeBand(band) for band in item["ageBands"]))
        cell = Cell(group, item["people"], item["withCondition"])
        if cell.with_condition > cell.people or item != render_cell(cell, epsilon_millionths):
            raise InsightRefusedError(InsightRefusal.CELLS_INCONSISTENT)
    size = sum(cell["people"] for cell in cells)
    if cohort["size"] != size or size < cohort["minimumSize"]:
        raise InsightRefusedError(InsightRefusal.CELLS_INCONSISTENT, "the cohort is their sum")


@lru_cache(maxsize=64)
def _get_margin(strata_count: int, epsilon_millionths: int) -> int:
    return compute_count_margin(strata_count=strata_count, epsilon_millionths=epsilon_millionths)
