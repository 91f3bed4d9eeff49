"""Stewards hand in what they decide in another's place, by themselves.

Whoever is logged in by the DID that a live mandate names finds it under its handle; for
everybody else there is nothing there, whatever the reason. The person is told of each
decision, and ends it when they like.
"""

from dataclasses import dataclass

import msgspec

from config.did_limits import STEWARD_STATEMENTS_MAX
from config.errors import UnavailableError
from did.consent.chain import Entry
from did.consent.policies import ConsentError, Mandate, parse_consent
from did.jcs import JsonObject
from node.web.authentication import Access
from node.web.consent_store import StandingConsents
from node.web.consents import check_signer, keep_statement
from node.web.context import WebContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Stewardship:
    """A mandate that holds now, and whose consent it is about."""

    holder_id: bytes
    mandate: Mandate
    standing: StandingConsents


def find_stewardship(context: WebContext, access: Access, handle: str) -> Stewardship | None:
    """The caller's mandate of a handle.

    None if there is no such handle, its mandate was revoked, does not hold at this time, or is
    another's: nobody is told which.

    Args:
        context: Of the web process.
        access: Of whoever says to be the steward.
        handle: 32 hexadecimal digits.
    """
    private = context.private
    holder_id = private.mandates.find_holder(handle)
    if holder_id is None:
        return None
    standing = private.consents.get_standing(holder_id)
    mandate = private.mandates.compute(holder_id, standing.consents.mandates.values()).get(handle)
    if mandate is None or not mandate.from_s <= context.clock.now_s() < mandate.until_s:
        return None
    steward = private.holders.find_by_did(mandate.steward)
    if steward is None or steward.id != access.holder_id:
        return None
    return Stewardship(holder_id=holder_id, mandate=mandate, standing=standing)


def render_stewardship(found: Stewardship) -> JsonObject:
    """What a steward needs to decide: the mandate, what was granted under it, the next number."""
    grants = found.standing.consents.grants
    return {
        "seq": found.standing.seq,
        "mandate": msgspec.to_builtins(found.mandate),
        "grants": [
            msgspec.to_builtins(live.grant)
            for _, live in sorted(grants.items())
            if live.mandate == found.mandate.id
        ],
    }


async def take_decision(
    context: WebContext, access: Access, found: Stewardship, text: str
) -> Entry:
    """Check a steward's statement, keep it, and tell the person.

    Args:
        context: Of the web process.
        access: The steward's.
        found: The caller's own.
        text: Compact JWS.

    Raises:
        ConsentError: Not within the mandate, by another, replayed, stale, forbidden.
        RefusedError: Malformed, or by a key that its DID does not list for logging in.
        UnavailableError: The DID cannot be resolved now, or there are too many statements.
    """
    if found.standing.seq >= STEWARD_STATEMENTS_MAX:
        raise UnavailableError(
            "stewards can decide nothing more here: what numbers are left are the person's own"
        )
    statement = parse_consent(
        text,
        cooperative_id=context.registry.own.id,
        seq_before=found.standing.seq,
        now_s=context.clock.now_s(),
    )
    if statement.claims.mandate != found.mandate.id:
        raise ConsentError(f"a decision names its mandate: {found.mandate.id}")
    await check_signer(context, access, statement)
    return keep_statement(context, found.holder_id, statement, text=text, did=found.mandate.steward)
