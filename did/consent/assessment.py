"""What of a request a person's consents permit: the policy behind every token (UMA 2.0).

Pure: asked when a token is given, and again whenever it is used or looked at, so that a
revocation ends it at once. What no live grant permits is denied.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from did.consent.evaluation import Consents, Use, find_permission
from did.consent.terms import Resource
from did.consent.tickets import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestingParty:
    """Who asks, as far as they have proved it."""

    did: str
    """Their own."""
    acts_for: str = ""
    """DID of the cooperative that states that they hold a role in it; empty for nobody."""

    @property
    def dids(self) -> tuple[str, ...]:
        """Any of which a consent may name."""
        return (self.did, self.acts_for) if self.acts_for else (self.did,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permitted:
    """What is permitted of a request, and how long at most."""

    permissions: tuple[Permission, ...]
    """Empty if nothing is."""
    until_s: int
    """Unix seconds at which the first of the grants behind it ends; 0 if nothing is permitted."""
    grants: tuple[str, ...]
    """Ids of those grants."""


def find_permitted(
    asked: Iterable[Permission],
    *,
    party: RequestingParty,
    kinds: Mapping[str, Resource],
    consents: Consents,
    now_s: int,
    own_cooperative: str,
    federation: frozenset[str],
) -> Permitted:
    """Find what of a request is permitted now.

    Args:
        asked: Resources and purposes.
        party: Who asks.
        kinds: What each resource is, by id; others are nobody's and never permitted.
        consents: Of the person whose resources these are.
        now_s: Unix seconds.
        own_cooperative: DID of the person's cooperative.
        federation: DIDs of the federation's cooperatives.
    """
    found, grants = [], {}
    for item in asked:
        purposes = []
        for purpose in item.resource_scopes:
            for did in party.dids if item.resource_id in kinds else ():
                live = find_permission(
                    consents,
                    Use(
                        grantee=did,
                        purpose=purpose,
                        resource=kinds[item.resource_id],
                        at_s=now_s,
                    ),
                    own_cooperative=own_cooperative,
                    federation=federation,
                )
                if live is not None:
                    purposes.append(purpose)
                    grants[live.grant.id] = live.grant.until_s
                    break
        if purposes:
            found.append(Permission(resource_id=item.resource_id, resource_scopes=tuple(purposes)))
    return Permitted(
        permissions=tuple(found),
        until_s=min(grants.values(), default=0),
        grants=tuple(sorted(grants)),
    )


def merge_permissions(*many: Iterable[Permission]) -> tuple[Permission, ...]:
    """Several permissions as one list, each resource once (UMA 2.0 Grant §3.3.5.1)."""
    merged: dict[str, Permission] = {}
    for item in (one for some in many for one in some):
        known = merged.get(item.resource_id)
        scopes = item.resource_scopes if known is None else known.resource_scopes
        more = tuple(term for term in item.resource_scopes if term not in scopes)
        merged[item.resource_id] = Permission(
            resource_id=item.resource_id, resource_scopes=(*scopes, *more)
        )
    return tuple(merged.values())
