"""What consents are about, in words that pages use; the terms are in `did.consent.terms`.

Apart from them because a term is for programs and never changes; what people read may.
"""

from collections.abc import Mapping
from types import MappingProxyType

from did.consent.terms import GranteeClass, Purpose, Resource

PURPOSES: Mapping[Purpose, str] = MappingProxyType(
    {
        Purpose.HEALTH_RESEARCH: "research into health, medicine and the body",
        Purpose.GENERAL_RESEARCH: "research of any kind, into health too",
        Purpose.CLINICAL_CARE: "the care of patients",
        Purpose.PAYMENT: "paying for care",
        Purpose.OPERATIONS: "running services of care",
    }
)
RESOURCES: Mapping[Resource, str] = MappingProxyType(
    {
        Resource.RECORDS: "health records, counted among others’; none of them is handed on",
        Resource.STATEMENTS: "statements of shares and payments",
        Resource.REGISTER_ENTRY: "the entry in the register of members, without the name",
    }
)
GRANTEES: Mapping[GranteeClass, str] = MappingProxyType(
    {
        GranteeClass.COOPERATIVE: "my own cooperative alone",
        GranteeClass.FEDERATION: "every cooperative of the federation, mine too",
    }
)
