"""What a consent may be about: purposes, resources, classes of grantees, and what none allows.

Closed lists in one file, so that wallets, pages and evaluation name the same things. Never
holds a person's choice.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Purpose(StrEnum):
    """Why something is used; terms of the Data Use Ontology and of HL7's ActReason.

    Source: EBISPOT/DUO `duo.csv` (raw.githubusercontent.com/EBISPOT/DUO/master/duo.csv); HL7
    Terminology, CodeSystem v3-ActReason (terminology.hl7.org), below its `PurposeOfUse`.
    """

    GENERAL_RESEARCH = "DUO:0000042"
    """GRU, general research use."""
    HEALTH_RESEARCH = "DUO:0000006"
    """HMB, health or medical or biomedical research."""
    CLINICAL_CARE = "DUO:0000043"
    """CC, clinical care use."""
    PAYMENT = "ActReason:HPAYMT"
    """Healthcare payment."""
    OPERATIONS = "ActReason:HOPERAT"
    """Healthcare operations: the administrative side."""


class Resource(StrEnum):
    """What of a person's is used."""

    RECORDS = "records"
    """Their records, counted in aggregates; a record itself never leaves."""
    STATEMENTS = "statements"
    """Their statements of shares and payments."""
    REGISTER_ENTRY = "register-entry"


class GranteeClass(StrEnum):
    """Whom a consent may name instead of one DID."""

    COOPERATIVE = "class:own-cooperative"
    """The person's own cooperative."""
    FEDERATION = "class:federation"
    """Every cooperative of the federation, the person's own among them."""


FORBIDDEN_USES: Mapping[str, str] = MappingProxyType(
    {
        "sale": "selling it, or access to it",
        "insurance-underwriting": "deciding whether and how somebody is insured",
        "re-identification": "finding out whom a count or a record is about",
        "law-enforcement": "prosecution and surveillance",
        "advertising": "choosing whom to show which advertisement",
        "employment": "deciding about somebody's work",
        "credit-scoring": "judging somebody's credit",
    }
)
"""Uses that nobody can consent to, in the words of a refusal."""
FORBIDDEN_TERMS: Mapping[str, str] = MappingProxyType(
    {
        "odrl:sell": "sale",
        "http://www.w3.org/ns/odrl/2/sell": "sale",
        "ActReason:HMARKT": "advertising",
        **{name: name for name in FORBIDDEN_USES},
    }
)
"""Spelling of a forbidden use to its name in `FORBIDDEN_USES`."""

_COVERED = MappingProxyType(
    {Purpose.GENERAL_RESEARCH: frozenset({Purpose.GENERAL_RESEARCH, Purpose.HEALTH_RESEARCH})}
)
"""General research includes health research (DUO:0000042), never the other way round."""


def is_purpose_covered(asked: Purpose, *, granted: Purpose) -> bool:
    """Check if a purpose that was granted includes the one that is asked for."""
    return asked in _COVERED.get(granted, frozenset({granted}))


def is_grantee_covered(
    grantee: str, *, granted: str, own_cooperative: str, federation: frozenset[str]
) -> bool:
    """Check if a DID is the grantee, or of the class, that a consent names.

    Args:
        grantee: DID of whoever asks.
        granted: DID or class that the consent names.
        own_cooperative: DID of the person's cooperative.
        federation: DIDs of the federation's cooperatives.
    """
    if granted == GranteeClass.COOPERATIVE:
        return grantee == own_cooperative
    if granted == GranteeClass.FEDERATION:
        return grantee == own_cooperative or grantee in federation
    return grantee == granted
