"""What a person signs about their consent: a grant, its revocation, or a steward's mandate.

A compact JWS with a type of its own, so that it never passes for a login or a transaction.
Statements of one person are numbered: an older one cannot be played again. Whoever checks the
signature knows the person's keys; this module never resolves a DID.
"""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from config.did_limits import (
    CONSENT_AGE_S_MAX,
    CONSENT_S_MAX,
    CONSENT_STATEMENT_BYTES_MAX,
    CONSENT_TERMS_MAX,
)
from config.errors import RefusedError
from config.limits import CLOCK_SKEW_S_MAX, DID_CHARACTERS_MAX
from did.consent.terms import FORBIDDEN_TERMS, FORBIDDEN_USES, GranteeClass, Purpose, Resource
from did.jcs import JsonObject, canonicalize
from did.login.signed_proofs import SignedToken, parse_signed_token

CONSENT_TYPE = "rochdale-consent+jws"
PAST_AGGREGATES = (
    "Aggregates that were released while this consent held stay released: a count cannot be"
    " taken back. No later one counts you."
)
"""What wallets and pages say next to every consent and every revocation."""
_DEPTH_MAX = 4
_ID = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
_DID = Annotated[str, Meta(min_length=1, max_length=DID_CHARACTERS_MAX)]
_SECONDS = Annotated[int, Meta(ge=0)]
_PURPOSES = Annotated[tuple[Purpose, ...], Meta(min_length=1, max_length=CONSENT_TERMS_MAX)]
_RESOURCES = Annotated[tuple[Resource, ...], Meta(min_length=1, max_length=CONSENT_TERMS_MAX)]


class ConsentError(RefusedError):
    """A consent is malformed, stale, replayed, for something forbidden, or not theirs."""


class Grant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="grant"):
    """A use that the person permits; another one with the same id changes it."""

    id: _ID
    grantee: _DID
    """A DID, or a class of `GranteeClass`."""
    purposes: _PURPOSES
    resources: _RESOURCES
    from_s: _SECONDS
    """Unix seconds; the first in which the use is permitted."""
    until_s: _SECONDS
    """Unix seconds; the first in which it is no longer."""


class Revocation(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="revoke"
):
    """The end of a grant or mandate, at once."""

    id: _ID


class Mandate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="mandate"):
    """Somebody who may grant in the person's place; each decision is told and revocable."""

    id: _ID
    steward: _DID
    purposes: _PURPOSES
    """Which the steward may decide about."""
    resources: _RESOURCES
    from_s: _SECONDS
    until_s: _SECONDS
    """Unix seconds; neither the mandate nor what the steward granted lasts longer."""


Act: TypeAlias = Grant | Revocation | Mandate


class ConsentClaims(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a statement says."""

    cooperative: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """Whom it is for."""
    seq: Annotated[int, Meta(ge=1, lt=1 << 53)]
    """One more than the person's statement before; the first is 1."""
    iat: _SECONDS
    act: Act
    mandate: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$")] = ""
    """Under which a steward signs; empty where the person does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentStatement:
    """A statement whose signature is still to be checked, with the key of `kid`."""

    did: str
    kid: str
    """DID URL of the verification method."""
    claims: ConsentClaims
    token: SignedToken


def render_consent(claims: ConsentClaims) -> bytes:
    """The payload to sign with type `CONSENT_TYPE`, and a verification method as kid."""
    return canonicalize(msgspec.to_builtins(claims))


def parse_consent(
    text: str, *, cooperative_id: bytes, seq_before: int, now_s: int
) -> ConsentStatement:
    """Read a statement and check everything but its signature.

    Args:
        text: Compact JWS.
        cooperative_id: Who received it; 32 bytes.
        seq_before: Number of the person's latest statement; 0 if there is none.
        now_s: Unix seconds.

    Raises:
        ConsentError: Replayed, stale, for another cooperative, or for a forbidden use.
        RefusedError: Malformed, too long or too deep.
    """
    token = parse_signed_token(text, bytes_max=CONSENT_STATEMENT_BYTES_MAX, depth_max=_DEPTH_MAX)
    kid = token.header.get("kid")
    if set(token.header) != {"alg", "kid", "typ"} or token.header["typ"] != CONSENT_TYPE:
        raise ConsentError(f"a consent has the type {CONSENT_TYPE}, and alg, kid and typ alone")
    if not isinstance(kid, str) or not kid.startswith("did:") or "#" not in kid:
        raise ConsentError("the kid names a verification method: did:…#…")
    claims = _convert(token.claims)
    if claims.cooperative != cooperative_id.hex():
        raise ConsentError("the consent is for another cooperative")
    if claims.seq != seq_before + 1:
        raise ConsentError(f"your next statement has the number {seq_before + 1}: sign it anew")
    if not now_s - CONSENT_AGE_S_MAX <= claims.iat <= now_s + CLOCK_SKEW_S_MAX:
        raise ConsentError("the consent is stale: check the clock and sign again")
    _check_act(claims.act, now_s=now_s)
    return ConsentStatement(did=kid.partition("#")[0], kid=kid, claims=claims, token=token)


def read_stored_consent(text: str) -> ConsentClaims:
    """Read the claims of a statement that was checked when it came, whatever its age now.

    Raises:
        RefusedError: It is malformed.
    """
    token = parse_signed_token(text, bytes_max=CONSENT_STATEMENT_BYTES_MAX, depth_max=_DEPTH_MAX)
    return _convert(token.claims)


def check_under_mandate(claims: ConsentClaims, *, did: str, mandate: Mandate, now_s: int) -> None:
    """Check that a steward may sign a statement in the person's place.

    A steward grants within the mandate; revoking and mandating stay with the person.
    `did.consent.evaluation.check_authority` asks this, and whose grant is changed.

    Args:
        claims: What the steward signed.
        did: Who signed.
        mandate: The live mandate that the claims name.
        now_s: Unix seconds.

    Raises:
        ConsentError: Another steward, over, or beyond the mandate.
    """
    if claims.mandate != mandate.id or did != mandate.steward:
        raise ConsentError("the mandate is another steward's")
    if not mandate.from_s <= now_s < mandate.until_s:
        raise ConsentError("the mandate does not hold now: ask the person for another")
    act = claims.act
    if not isinstance(act, Grant):
        raise ConsentError("a steward may grant; revoking and mandating are the person's own")
    if not set(act.purposes) <= set(mandate.purposes):
        raise ConsentError("the mandate does not cover this purpose")
    if not set(act.resources) <= set(mandate.resources):
        raise ConsentError("the mandate does not cover this resource")
    if act.until_s > mandate.until_s:
        raise ConsentError("a steward's grant ends with the mandate at the latest")


def _convert(claims: JsonObject) -> ConsentClaims:
    _refuse_forbidden(claims)
    try:
        return msgspec.convert(claims, ConsentClaims)
    except msgspec.ValidationError as error:
        raise ConsentError(f"the consent is malformed: {error}") from error


def _refuse_forbidden(claims: JsonObject) -> None:
    """Before the schema does, which would only say that the term is unknown."""
    act = claims.get("act")
    purposes = act.get("purposes") if isinstance(act, dict) else None
    for purpose in purposes if isinstance(purposes, list) else ():
        name = FORBIDDEN_TERMS.get(purpose) if isinstance(purpose, str) else None
        if name is not None:
            raise ConsentError(f"nobody can consent to {name}: {FORBIDDEN_USES[name]}")


def _check_act(act: Act, *, now_s: int) -> None:
    if isinstance(act, Revocation):
        return
    for terms in (act.purposes, act.resources):
        if len(set(terms)) != len(terms):
            raise ConsentError("each purpose and each resource is named once")
    if not act.from_s < act.until_s:
        raise ConsentError("a consent ends after it begins")
    if not now_s < act.until_s <= now_s + CONSENT_S_MAX:
        raise ConsentError(f"a consent ends in the future, within {CONSENT_S_MAX // 86_400} days")
    party = act.grantee if isinstance(act, Grant) else act.steward
    is_class = isinstance(act, Grant) and party in tuple(GranteeClass)
    if not is_class and not party.startswith("did:"):
        raise ConsentError("the other party is a DID or a class from the list")
