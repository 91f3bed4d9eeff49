"""The shape of a health insight, as data.

Apart from the checks, so that the vocabulary can be read at a glance: which fields exist,
how long they may be, and nothing more. An unknown field is refused: it would be signed and
shown to JSON-LD readers without anybody here having looked at it. Never judges a value
against another; that is federation.insights.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import fastjsonschema

from did.consent.terms import Purpose
from did.jcs import JsonObject
from federation.aggregate import AgeBand, Sex

NAMESPACE = "https://w3id.org/health-insight/v1#"
MECHANISM_DISCRETE_LAPLACE = NAMESPACE + "DiscreteLaplace"
NEIGHBOURS_ADD_REMOVE_ONE = NAMESPACE + "AddRemoveOnePerson"
DECISION_ACCEPTED = NAMESPACE + "Accepted"
TECHNIQUE_DIFFERENTIAL_PRIVACY = "https://w3id.org/dpv#DifferentialPrivacy"
DESIGN_OBSERVATIONAL = "http://schema.org/Observational"
BASIS_CONSENTS = "consents"
BASIS_PUBLIC_DATASET = "public-dataset"
HASH_ALGORITHM = "rfc6962-sha256"
CONTENT_CHARACTERS_MAX = 16_384

_Schema: TypeAlias = dict[str, Any]

# No control characters, no markup, and no marks that reverse the order in which text is shown.
_TEXT = r"^[^\x00-\x1f\x7f-\x9f<>\u200e\u200f\u2028-\u202e\u2066-\u2069]+\Z"
_IRI = r"^https?://[!-~]+\Z"
_SECONDS = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z"
_COUNT_MAX = 1_000_000_000


def _text(length: int) -> _Schema:
    return {"type": "string", "maxLength": length, "pattern": _TEXT}


def _object(required: _Schema, optional: _Schema | None = None) -> _Schema:
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": list(required),
        "additionalProperties": False,
    }


def _list(items: _Schema, *, at_least: int, at_most: int) -> _Schema:
    return {"type": "array", "items": items, "minItems": at_least, "maxItems": at_most}


def _multibase(length: int) -> _Schema:
    return {"type": "string", "maxLength": length, "pattern": r"^u[A-Za-z0-9_-]+\Z"}


def _integer(minimum: int = 0) -> _Schema:
    return {"type": "integer", "minimum": minimum, "maximum": _COUNT_MAX}


_URL = {"type": "string", "maxLength": 1_024, "pattern": _IRI}
_DATE = {"type": "string", "pattern": _SECONDS}
_DECIMAL = {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,6})(\.[0-9]{1,6})?\Z"}
_CONTEXT = _list(_URL, at_least=3, at_most=3)
_DIGEST = _multibase(64)
_CODES = _list(
    _object({"system": _URL, "code": _text(64)}),
    at_least=1,
    at_most=8,
)
_GROUP = {
    "sex": {"enum": [sex.value for sex in Sex]},
    "ageBands": _list({"enum": [band.value for band in AgeBand]}, at_least=1, at_most=len(AgeBand)),
}
_CELL = _object(
    {
        **_GROUP,
        "people": _integer(1),
        "withCondition": _integer(),
        "prevalence": _DECIMAL,
        "peopleMargin": _integer(),
        "withConditionMargin": _integer(),
    }
)
_GROUPS_MAX = len(Sex) * len(AgeBand)

_DRAFT: _Schema = {
    "@context": _CONTEXT,
    "id": _URL,
    "type": {"const": ["Article", "HealthInsight"]},
    "attributedTo": _URL,
    "name": _text(200),
    "content": {"type": "string", "minLength": 1, "maxLength": CONTENT_CHARACTERS_MAX},
    "mediaType": {"const": "text/html"},
    "published": _DATE,
    "insightVersion": {"const": "1"},
    "license": _URL,
    "condition": _CODES,
    "basis": {
        "oneOf": [
            _object({"kind": {"const": BASIS_PUBLIC_DATASET}}),
            _object(
                {
                    "kind": {"const": BASIS_CONSENTS},
                    "purpose": {"enum": [purpose.value for purpose in Purpose]},
                    "height": _integer(),
                }
            ),
        ]
    },
    "studyDesign": {"const": DESIGN_OBSERVATIONAL},
    "cohort": _object(
        {
            "size": _integer(1),
            "minimumSize": _integer(1),
            "minimumCellSize": _integer(1),
            "cooperatives": {"const": 1},
        }
    ),
    "cells": _list(_CELL, at_least=1, at_most=_GROUPS_MAX),
    "suppressedCells": _list(_object(_GROUP), at_least=0, at_most=_GROUPS_MAX),
    "privacy": _object(
        {
            "technique": _list(_URL, at_least=1, at_most=4),
            "mechanism": _URL,
            "neighbouring": _URL,
            "epsilon": _DECIMAL,
            "delta": {"const": "0"},
            "epsilonSpentTotal": _DECIMAL,
            "epsilonBudget": _DECIMAL,
        }
    ),
    "generatedBy": _object({"method": _text(500), "endedAt": _DATE}),
    "limitations": _text(2_000),
}
_OPTIONAL: _Schema = {
    "derivedFrom": _list(_URL, at_least=1, at_most=8),
}
_SEAL: _Schema = {
    "validation": _object(
        {
            "proposal": _URL,
            "decision": {"const": DECISION_ACCEPTED},
            "eligible": _integer(1),
            "approve": _integer(),
            "reject": _integer(),
            "abstain": _integer(),
        }
    ),
    "anchor": _object(
        {
            "chainId": {"type": "string", "pattern": r"^[A-Za-z0-9-]{1,50}\Z"},
            "height": _integer(1),
            "digestMultibase": _DIGEST,
            "root": _DIGEST,
            "leafIndex": _integer(),
            "leafCount": _integer(1),
            "leaf": _multibase(1_024),
            "path": _list(_DIGEST, at_least=0, at_most=64),
            "hashAlg": {"const": HASH_ALGORITHM},
        }
    ),
    "proof": _object(
        {
            "type": {"const": "DataIntegrityProof"},
            "cryptosuite": {"const": "eddsa-jcs-2022"},
            "created": _DATE,
            "verificationMethod": _text(300),
            "proofPurpose": {"const": "assertionMethod"},
            "proofValue": {"type": "string", "pattern": r"^z[1-9A-HJ-NP-Za-km-z]{80,90}\Z"},
            "@context": _CONTEXT,
        }
    ),
}


@cache
def get_validator(*, is_sealed: bool) -> Callable[[JsonObject], object]:
    """Get the compiled schema of a draft, or of a sealed insight; raises fastjsonschema's error.

    Compiled on first use: it takes longer than many a command that never needs it.
    """
    schema = _object(_DRAFT | (_SEAL if is_sealed else {}), _OPTIONAL)
    validator: Callable[[JsonObject], object] = fastjsonschema.compile(schema)
    return validator
