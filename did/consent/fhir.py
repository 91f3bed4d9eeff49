"""A person's grants as FHIR R4 Consent resources, for systems that read those.

One resource for each grant, as its latest statement says it, live or past. It says who gave
what to whom until when, and carries the signed statement: whoever relies on it checks that.
Nothing is read back from FHIR. Pure.

Source: HL7 FHIR R4 (v4.0.1), Consent and Bundle; code systems of HL7 Terminology.
"""

import base64
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from did.consent.evaluation import compute_consents
from did.consent.policies import ConsentClaims, ConsentError, Grant, Mandate, read_stored_consent
from did.consent.terms import GranteeClass, Purpose
from did.jcs import JsonObject

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_DUO = "http://purl.obolibrary.org/obo/duo.owl"
_URI = "urn:ietf:rfc:3986"
_DISPLAYS = {
    Purpose.GENERAL_RESEARCH: "general research use",
    Purpose.HEALTH_RESEARCH: "health or medical or biomedical research",
    Purpose.CLINICAL_CARE: "clinical care use",
    Purpose.PAYMENT: "healthcare payment",
    Purpose.OPERATIONS: "healthcare operations",
}
_RESEARCH = frozenset({Purpose.GENERAL_RESEARCH, Purpose.HEALTH_RESEARCH})
_YEAR_9999_S = 253_402_300_799


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A grant, by whom, and how it ended."""

    statement: str
    claims: ConsentClaims
    grant: Grant
    steward: str
    """DID of who gave it in the person's place; empty where the person did."""
    version: int
    """How often it was said, changes included."""
    ended_s: int | None = None
    """When a statement ended it; None while none did."""


def render_fhir_consents(
    statements: Sequence[str], *, person: str, cooperative: str, now_s: int
) -> JsonObject:
    """A Bundle of a person's grants.

    Args:
        statements: Their signed statements, oldest first, all of them.
        person: DID that they log in with: the pseudonym under which FHIR knows them.
        cooperative: DID of the cooperative that keeps the consents.
        now_s: Unix seconds; decides what is live.

    Raises:
        RefusedError: A statement is malformed.
    """
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": _render_time(now_s),
        "entry": [
            {
                "fullUrl": f"urn:uuid:{_read_uuid(given.grant)}",
                "resource": _render(given, person=person, cooperative=cooperative, now_s=now_s),
            }
            for given in _fold(statements)
        ],
    }


def _fold(statements: Sequence[str]) -> Iterator[_Given]:
    """Each grant in the order of its first statement, with the end that came to it."""
    found: dict[str, _Given] = {}
    stewards: dict[str, str] = {}
    said: list[ConsentClaims] = []
    for text in statements:
        claims = read_stored_consent(text)
        said.append(claims)
        if isinstance(claims.act, Mandate):
            stewards[claims.act.id] = claims.act.steward
        if isinstance(claims.act, Grant):
            found[claims.act.id] = _Given(
                statement=text,
                claims=claims,
                grant=claims.act,
                steward=stewards.get(claims.mandate, ""),
                version=found[claims.act.id].version + 1 if claims.act.id in found else 1,
            )
            continue  # ends no other
        live = compute_consents(said).grants
        for key, given in found.items():
            if key not in live and given.ended_s is None:
                found[key] = replace(given, ended_s=claims.iat)
    yield from found.values()


def _render(given: _Given, *, person: str, cooperative: str, now_s: int) -> JsonObject:
    grant = given.grant
    end_s = grant.until_s if given.ended_s is None else min(grant.until_s, given.ended_s)
    is_live = given.ended_s is None and now_s < grant.until_s
    is_research = set(grant.purposes) <= _RESEARCH
    return {
        "resourceType": "Consent",
        "id": str(_read_uuid(grant)),
        "meta": {"versionId": str(given.version)},
        "identifier": [{"system": _URI, "value": f"urn:uuid:{_read_uuid(grant)}"}],
        "status": "active" if is_live else "inactive",
        "scope": _concept(
            f"{_TERMINOLOGY}/consentscope", "research" if is_research else "patient-privacy"
        ),
        "category": [_concept("http://loinc.org", "59284-0")],
        "patient": _refer(person, kind="Patient"),
        "dateTime": _render_time(given.claims.iat),
        "performer": [
            _refer(given.steward, kind="RelatedPerson")
            if given.steward
            else _refer(person, kind="Patient")
        ],
        "organization": [_refer(cooperative, kind="Organization")],
        "sourceAttachment": {
            "contentType": "application/jose",
            "data": base64.b64encode(given.statement.encode("ascii")).decode("ascii"),
            "title": "The statement as it was signed (compact JWS)",
            "creation": _render_time(given.claims.iat),
        },
        "policyRule": _concept(f"{_TERMINOLOGY}/v3-ActCode", "OPTINR"),
        "provision": {
            "type": "permit",
            # Ended before it began: FHIR wants no period that runs backwards.
            "period": {
                "start": _render_time(min(grant.from_s, end_s)),
                "end": _render_time(end_s),
            },
            "actor": [_render_actor(grant.grantee, cooperative)],
            "action": [_concept(f"{_TERMINOLOGY}/consentaction", "use")],
            "purpose": [_render_purpose(item) for item in grant.purposes],
            "code": [{"text": item.value} for item in grant.resources],
        },
    }


def _read_uuid(grant: Grant) -> uuid.UUID:
    """A grant's id as FHIR writes it."""
    try:
        return uuid.UUID(grant.id)
    except ValueError as error:  # the pattern of ids lets a line end pass
        raise ConsentError("the consent is malformed: its id is none") from error


def _render_actor(grantee: str, cooperative: str) -> JsonObject:
    role = _concept(f"{_TERMINOLOGY}/v3-ParticipationType", "IRCP")
    if grantee == GranteeClass.FEDERATION:
        everybody = {"type": "Organization", "display": "Every cooperative of the federation"}
        return {"role": role, "reference": everybody}
    party = cooperative if grantee == GranteeClass.COOPERATIVE else grantee
    return {"role": role, "reference": {"identifier": {"system": _URI, "value": party}}}


def _render_purpose(purpose: Purpose) -> JsonObject:
    ontology, _, code = purpose.value.partition(":")
    is_duo = ontology == "DUO"
    return {
        "system": _DUO if is_duo else f"{_TERMINOLOGY}/v3-{ontology}",
        "code": purpose.value if is_duo else code,
        "display": _DISPLAYS[purpose],
    }


def _refer(did: str, *, kind: str) -> JsonObject:
    """A logical reference: no server of ours has such a resource."""
    return {"type": kind, "identifier": {"system": _URI, "value": did}}


def _concept(system: str, code: str) -> JsonObject:
    return {"coding": [{"system": system, "code": code}]}


def _render_time(seconds: int) -> str:
    moment = datetime.fromtimestamp(min(seconds, _YEAR_9999_S), tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
