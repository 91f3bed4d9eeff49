"""What a cooperative states about people: that they are members, hold a role, or have moved.

Never anything about health, and never more than the statement needs: dates are months where
days would single a person out. A portability credential is for another cooperative, so it is
bound to a fresh key and names neither the account nor the DID that its holder had here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from did.credentials.contexts import CREDENTIALS_CONTEXT, get_own_context_url
from did.credentials.disclosures import ClaimPath
from did.credentials.refusals import CredentialError
from did.credentials.status_lists import StatusReference, render_reference
from did.jcs import JsonObject

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII)
_ROLES_MAX = 16
_ROLE_CHARACTERS_MAX = 64


class CredentialKind(StrEnum):
    """The credentials that a cooperative issues; the value ends their `vct`."""

    MEMBERSHIP = "membership"
    ROLE = "role"
    PORTABILITY = "portability"


_TYPES = {
    CredentialKind.MEMBERSHIP: "MembershipCredential",
    CredentialKind.ROLE: "RoleCredential",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is to be stated about whoever holds a key."""

    kind: CredentialKind
    claims: JsonObject
    disclosable: tuple[ClaimPath, ...]
    """Claims that the holder may keep to itself, where the format allows it."""


def state_membership(*, cooperative: str, member_since: str | None) -> Statement:
    """State that somebody is a member.

    Args:
        cooperative: Its DID.
        member_since: Month, `2024-05`; None: not stated.

    Raises:
        CredentialError: The month is malformed.
    """
    claims: JsonObject = {"memberOf": cooperative}
    if member_since is not None:
        claims["memberSince"] = _check(member_since, _MONTH, "a month reads like 2024-05")
    return Statement(
        kind=CredentialKind.MEMBERSHIP,
        claims=claims,
        disclosable=(("memberSince",),) if member_since is not None else (),
    )


def state_role(*, cooperative: str, role: str, role_from: str, role_until: str | None) -> Statement:
    """State that somebody holds a role in the cooperative.

    Args:
        cooperative: Its DID.
        role: Such as `board`.
        role_from: Date, `2026-05-01`.
        role_until: Date of its end; None: open.

    Raises:
        CredentialError: A date is malformed, or the role has no name.
    """
    reason = "a date reads like 2026-05-01"
    claims: JsonObject = {
        "memberOf": cooperative,
        "role": _check_role(role),
        "roleFrom": _check(role_from, _DATE, reason),
    }
    if role_until is not None:
        claims["roleUntil"] = _check(role_until, _DATE, reason)
    return Statement(kind=CredentialKind.ROLE, claims=claims, disclosable=())


def state_portability(*, cooperative: str, tenure_months: int, roles: Sequence[str]) -> Statement:
    """State what a member takes along to another cooperative, to be shown piece by piece.

    Args:
        cooperative: The one that is left; its DID.
        tenure_months: Whole months of membership.
        roles: That were held.

    Raises:
        CredentialError: A negative time, or a role without a name.
    """
    if tenure_months < 0 or len(roles) > _ROLES_MAX:
        raise CredentialError(f"a tenure has whole months, and at most {_ROLES_MAX} roles")
    return Statement(
        kind=CredentialKind.PORTABILITY,
        claims={
            "memberOf": cooperative,
            "tenureMonths": tenure_months,
            "roles": [_check_role(role) for role in roles],
        },
        disclosable=(("tenureMonths",), ("roles",), ("roles", None)),
    )


def get_vct(origin: str, kind: CredentialKind) -> str:
    """Type of the credential as SD-JWT VC, under its issuer's origin."""
    return f"{origin}/credentials/types/{kind.value}"


def render_credential(
    statement: Statement,
    *,
    origin: str,
    issuer: str,
    subject: str,
    credential_id: str,
    valid_from: str,
    valid_until: str,
    statuses: Sequence[StatusReference],
) -> JsonObject:
    """Write a statement as a VCDM 2.0 credential, not yet signed.

    Args:
        statement: Not about portability, which is for showing piece by piece.
        origin: The issuer's.
        issuer: Its DID.
        subject: DID of the holder's key.
        credential_id: URL, `urn:uuid:…`.
        valid_from: RFC 3339 in UTC.
        valid_until: RFC 3339 in UTC.
        statuses: Where its status is told.

    Raises:
        CredentialError: The statement cannot be issued in this form.
    """
    if statement.kind not in _TYPES:
        raise CredentialError("a portability credential is issued as dc+sd-jwt only")
    document: JsonObject = {
        "@context": [CREDENTIALS_CONTEXT, get_own_context_url(origin)],
        "id": credential_id,
        "type": ["VerifiableCredential", _TYPES[statement.kind]],
        "issuer": issuer,
        "validFrom": valid_from,
        "validUntil": valid_until,
        "credentialSubject": {"id": subject, **statement.claims},
    }
    if statuses:
        document["credentialStatus"] = [render_reference(status) for status in statuses]
    return document


def _check(text: str, pattern: re.Pattern[str], reason: str) -> str:
    if not pattern.fullmatch(text):
        raise CredentialError(reason)
    return text


def _check_role(role: str) -> str:
    if not role.strip() or len(role) > _ROLE_CHARACTERS_MAX or not role.isprintable():
        raise CredentialError(f"a role has a name of at most {_ROLE_CHARACTERS_MAX} characters")
    return role
