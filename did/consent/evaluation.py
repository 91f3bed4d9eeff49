"""Is a use permitted? The one answer for tokens, routes and aggregates.

Pure: the person's statements in their order, the use and the time decide. What no live grant
permits is denied.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from did.consent.policies import (
    ConsentClaims,
    ConsentError,
    ConsentStatement,
    Grant,
    Mandate,
    Revocation,
    check_under_mandate,
)
from did.consent.terms import Purpose, Resource, is_grantee_covered, is_purpose_covered


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What somebody wants to do, and when."""

    grantee: str
    """DID of whoever asks."""
    purpose: Purpose
    resource: Resource
    at_s: int
    """Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveGrant:
    """A grant that was not revoked; whether its time has come is asked of each use."""

    grant: Grant
    mandate: str = ""
    """Under which a steward gave it; empty where the person did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consents:
    """What a person's statements come to."""

    grants: Mapping[str, LiveGrant]
    """By id."""
    mandates: Mapping[str, Mandate]
    """By id."""


def compute_consents(statements: Iterable[ConsentClaims]) -> Consents:
    """Fold a person's checked statements, the oldest first.

    The end of a mandate ends what was granted under it.
    """
    grants: dict[str, LiveGrant] = {}
    mandates: dict[str, Mandate] = {}
    for claims in statements:
        act = claims.act
        if isinstance(act, Grant):
            grants[act.id] = LiveGrant(grant=act, mandate=claims.mandate)
            continue
        # A mandate that is given anew starts anew: the steward decides again.
        grants = {key: live for key, live in grants.items() if live.mandate != act.id}
        mandates.pop(act.id, None)
        if isinstance(act, Mandate):
            mandates[act.id] = act
        else:
            grants.pop(act.id, None)
    return Consents(grants=grants, mandates=mandates)


def check_authority(
    statement: ConsentStatement, consents: Consents, *, did: str, now_s: int
) -> None:
    """Check that whoever signed may say this about a person's consent, at this point.

    Args:
        statement: Its signature is checked already.
        consents: What the person's statements so far come to.
        did: The DID that the person logs in with now.
        now_s: Unix seconds.

    Raises:
        ConsentError: Neither the person nor a steward within a live mandate; an id that is
            unknown, or that stands for something else.
    """
    claims, act = statement.claims, statement.claims.act
    known = consents.grants.get(act.id)
    if claims.mandate:
        mandate = consents.mandates.get(claims.mandate)
        if mandate is None:
            raise ConsentError("there is no such mandate, or it was revoked")
        check_under_mandate(claims, did=statement.did, mandate=mandate, now_s=now_s)
        if known is not None and known.mandate != claims.mandate:
            raise ConsentError("a steward changes what was granted under the same mandate alone")
    elif statement.did != did:
        raise ConsentError("the consent is signed by another DID than the person's")
    if isinstance(act, Revocation):
        if known is None and act.id not in consents.mandates:
            raise ConsentError("there is no such grant or mandate, or it was revoked before")
    elif act.id in (consents.mandates if isinstance(act, Grant) else consents.grants):
        raise ConsentError("this id stands for something else: choose another")


def find_permission(
    consents: Consents, use: Use, *, own_cooperative: str, federation: frozenset[str]
) -> LiveGrant | None:
    """The first grant, by id, that permits a use; None if none does.

    Args:
        consents: The person's.
        use: What is asked.
        own_cooperative: DID of the person's cooperative.
        federation: DIDs of the federation's cooperatives.
    """
    for key in sorted(consents.grants):
        live = consents.grants[key]
        grant = live.grant
        if (
            grant.from_s <= use.at_s < grant.until_s
            and use.resource in grant.resources
            and any(is_purpose_covered(use.purpose, granted=item) for item in grant.purposes)
            and is_grantee_covered(
                use.grantee,
                granted=grant.grantee,
                own_cooperative=own_cooperative,
                federation=federation,
            )
        ):
            return live
    return None


def is_use_permitted(
    consents: Consents, use: Use, *, own_cooperative: str, federation: frozenset[str]
) -> bool:
    """Check if any grant permits a use; denial is the default."""
    found = find_permission(consents, use, own_cooperative=own_cooperative, federation=federation)
    return found is not None
