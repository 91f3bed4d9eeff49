"""Health insights: building one from an aggregate, sealing it, and judging a partner's.

An insight is a document that members vote on by its digest; once accepted it is sealed with
the decision's place in the ledger and the cooperative's proof, and never changes again.
A partner's insight passes every check here or is refused by a named reason; nothing is
repaired. Never sees a record.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from activitypub.origins import get_origin
from config.errors import RefusedError
from did.consent.terms import Purpose
from did.jcs import JsonObject
from did.keys import KeyPair
from did.proofs import add_proof, check_proof
from federation.aggregate import (
    Aggregate,
    render_decimal,
)
from federation.anchors import (
    AnchoredDecision,
    check_anchor,
    compute_insight_digest,
    encode_digest,
    render_anchor,
    render_validation,
)
from federation.budget import Budget
from federation.insight_checks import (
    CHARTER_FLOORS,
    PrivacyFloors,
    check_facts,
    get_expected_contexts,
    render_cell,
    render_group,
)
from federation.insight_content import render_insight_table, render_table_html
from federation.insight_refusals import InsightRefusal, InsightRefusedError
from federation.insight_schema import (
    BASIS_CONSENTS,
    BASIS_PUBLIC_DATASET,
    DESIGN_OBSERVATIONAL,
    MECHANISM_DISCRETE_LAPLACE,
    NEIGHBOURS_ADD_REMOVE_ONE,
    TECHNIQUE_DIFFERENTIAL_PRIVACY,
)

_METHOD = (
    "Counts of people by sex, age band and condition, each with discrete Laplace noise "
    "(OpenDP); small groups merged or suppressed by their noised count."
)
_LIMITATIONS = (
    "Observational, from one cooperative's records; people in such records are not a sample "
    "of the population, so the shares are not risks. Not medical advice."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What was looked at, in words and codes."""

    name: str
    """Title, such as "Heart disease by age and sex, Cleveland"; at most 200 characters."""
    condition: tuple[tuple[str, str], ...]
    """Codes of the condition, each system and code; no titles (terminology licences)."""
    license: str
    """URL of the licence under which the insight may be used."""
    derived_from: tuple[str, ...] = ()
    """URLs of sources to be named, such as a data set's DOI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentBasis:
    """Why people could be counted: they permit it."""

    purpose: Purpose
    """What they permit it for."""
    height: int
    """Latest block that the cooperative's node had taken in when it read their consents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightAuthor:
    """The cooperative that an insight must come from, as the caller has established it."""

    actor: str
    """URL of its ActivityPub actor."""
    did: str
    """Its did:web, as the registry on the ledger names it."""
    assertion_key: bytes
    """The key that its DID document lists under `#assertion`; 32 bytes."""

    @property
    def verification_method(self) -> str:
        """What the insight's proof names."""
        return f"{self.did}#assertion"


def build_insight(
    *,
    actor: str,
    insight_id: str,
    study: Study,
    basis: ConsentBasis | None,
    aggregate: Aggregate,
    budget: Budget,
    now_s: int,
) -> JsonObject:
    """Write the draft that members vote on.

    Args:
        actor: URL of the cooperative's actor.
        insight_id: Last part of the insight's URL; 32 lowercase hex characters by chance, as
            the digest is not known before the id.
        study: What was looked at.
        basis: The consents of those counted; None for a published data set.
        aggregate: The worker's release.
        budget: The data set's budget after that release.
        now_s: Wall clock; Unix seconds.

    Raises:
        InsightRefusedError: No cell can be shown, or the draft would be refused by others.
    """
    origin = get_origin(actor)
    if not aggregate.cells:
        raise InsightRefusedError(
            InsightRefusal.CELL_TOO_SMALL, "every group is too small, nothing can be shown"
        )
    now = _render_date(now_s)
    document: JsonObject = {
        "@context": get_expected_contexts(origin),
        "id": f"{origin}/insights/{insight_id}",
        "type": ["Article", "HealthInsight"],
        "attributedTo": actor,
        "mediaType": "text/html",
        "published": now,
        "insightVersion": "1",
        **_render_study(study),
        "basis": _render_basis(basis),
        **_render_release(aggregate, budget),
        "generatedBy": {"method": _METHOD, "endedAt": now},
        "limitations": _LIMITATIONS,
    }
    document["content"] = render_table_html(render_insight_table(document))
    check_facts(document, actor=actor, now_s=now_s, floors=CHARTER_FLOORS, is_sealed=False)
    return document


def seal_insight(
    draft: JsonObject, *, decision: AnchoredDecision, key: KeyPair, did: str, created_s: int
) -> JsonObject:
    """Add the members' decision and the cooperative's proof to an accepted draft.

    Args:
        draft: As `build_insight` wrote it; kept as it is.
        decision: From this node's ledger.
        key: The cooperative's assertion key.
        did: Its did:web.
        created_s: Wall clock; Unix seconds.

    Raises:
        InsightRefusedError: The decision is another's, about something else or not accepted.
    """
    origin = get_origin(draft["attributedTo"])
    sealed = {
        **draft,
        "validation": render_validation(decision, origin=origin),
        "anchor": render_anchor(decision),
    }
    check_anchor(sealed, decision, did=did, origin=origin)
    return add_proof(
        sealed,
        key=key,
        verification_method=f"{did}#assertion",
        created=_render_date(created_s),
    )


def check_insight(
    document: JsonObject,
    *,
    author: InsightAuthor,
    now_s: int,
    floors: PrivacyFloors = CHARTER_FLOORS,
) -> bytes:
    """Check all of a sealed insight that can be checked without a ledger.

    Args:
        document: As `parse_json` read it; kept as it is.
        author: Whose it must be.
        now_s: Wall clock; Unix seconds.
        floors: The least privacy accepted.

    Returns:
        The insight's digest; 32 bytes.

    Raises:
        InsightRefusedError: Codes 1 to 14.
    """
    check_facts(document, actor=author.actor, now_s=now_s, floors=floors, is_sealed=True)
    digest = compute_insight_digest(document)
    if document["anchor"]["digestMultibase"] != encode_digest(digest):
        raise InsightRefusedError(InsightRefusal.DIGEST_WRONG)
    _check_own_proof(document, author=author, now_s=now_s)
    return digest


def _check_own_proof(document: JsonObject, *, author: InsightAuthor, now_s: int) -> None:
    try:
        check_proof(
            document,
            public_key=author.assertion_key,
            verification_method=author.verification_method,
            now_s=now_s,
        )
    except RefusedError as error:
        raise InsightRefusedError(InsightRefusal.PROOF_INVALID, error.reason) from error


def _render_study(study: Study) -> JsonObject:
    rendered: JsonObject = {
        "name": study.name,
        "license": study.license,
        "condition": [{"system": system, "code": code} for system, code in study.condition],
        "studyDesign": DESIGN_OBSERVATIONAL,
    }
    if study.derived_from:
        rendered["derivedFrom"] = list(study.derived_from)
    return rendered


def _render_basis(basis: ConsentBasis | None) -> JsonObject:
    if basis is None:
        return {"kind": BASIS_PUBLIC_DATASET}
    return {"kind": BASIS_CONSENTS, "purpose": basis.purpose.value, "height": basis.height}


def _render_release(aggregate: Aggregate, budget: Budget) -> JsonObject:
    return {
        "cohort": {
            # Only those shown: a total would give the suppressed groups away.
            "size": sum(cell.people for cell in aggregate.cells),
            "minimumSize": aggregate.cell_people_min,
            "minimumCellSize": aggregate.cell_people_min,
            "cooperatives": 1,
        },
        "cells": [render_cell(cell, aggregate.epsilon_millionths) for cell in aggregate.cells],
        "suppressedCells": [render_group(group) for group in aggregate.suppressed],
        "privacy": _render_privacy(aggregate, budget),
    }


def _render_privacy(aggregate: Aggregate, budget: Budget) -> JsonObject:
    return {
        "technique": [TECHNIQUE_DIFFERENTIAL_PRIVACY],
        "mechanism": MECHANISM_DISCRETE_LAPLACE,
        "neighbouring": NEIGHBOURS_ADD_REMOVE_ONE,
        "epsilon": render_decimal(aggregate.epsilon_millionths),
        "delta": "0",
        "epsilonSpentTotal": render_decimal(budget.spent_millionths),
        "epsilonBudget": render_decimal(budget.account.total_millionths),
    }


def _render_date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
