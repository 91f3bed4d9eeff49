"""Who asks for what is somebody's: the claim tokens that a client pushes (UMA 2.0 Grant §3.3.1).

A credential with proof of possession, made for this node over the ticket itself, so that it
can be shown once; or the access token that the requesting party gave this client here, bound
to the key that the client proves now. Never learns what is asked for.
"""

from collections.abc import Mapping

from config.errors import RefusedError
from config.uma_limits import CLAIM_TOKEN_BYTES_MAX
from did.base64url import decode_base64url
from did.consent.assessment import RequestingParty
from did.credentials.kinds import CredentialKind, get_vct
from did.credentials.sd_jwt_vc import KeyBinding
from did.jcs import JsonObject, parse_json_object
from did.login.access_tokens import check_access_token
from did.login.clients import Client
from did.times import render_time
from did.verification_keys import render_multikey
from node.web.context import WebContext

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a format's name
SD_JWT = "dc+sd-jwt"
PRESENTATION = "ldp_vp"
CLAIM_FORMATS = (SD_JWT, PRESENTATION, ACCESS_TOKEN)
"""Names of OpenID4VP 1.0 §B and of RFC 8693 §3. Only a presentation is base64url-encoded."""
IDENTITY_SCOPE = "profile"
"""An access token says who somebody is only if they let the client know that."""
_MEMBERSHIP, _ROLE = "MembershipCredential", "RoleCredential"
_DEPTH_MAX = 24
_DAY_CHARACTERS = 10


async def find_party(
    context: WebContext, form: Mapping[str, str], *, client: Client, jkt: str
) -> RequestingParty:
    """Check a pushed claim token; who it proves to ask.

    Args:
        context: Of the web process.
        form: Of the token request.
        client: Who sent it; authenticated.
        jkt: Of the key that the client proved to hold.

    Raises:
        RefusedError: There is none, or it does not hold: another is needed.
        UnavailableError: What the check needs cannot be reached now.
    """
    text, name = form.get("claim_token", ""), form.get("claim_token_format", "")
    if not text or not name:
        raise RefusedError("push a claim token that says who asks, and its format")
    if len(text) > CLAIM_TOKEN_BYTES_MAX:
        raise RefusedError(f"a claim token has at most {CLAIM_TOKEN_BYTES_MAX} characters")
    if name == ACCESS_TOKEN:
        return _find_account(context, text, client=client, jkt=jkt)
    nonce = form.get("ticket", "")
    if name == SD_JWT:
        return await _find_sd_jwt_holder(context, text, nonce=nonce)
    if name == PRESENTATION:
        return await _find_presenter(context, text, nonce=nonce)
    raise RefusedError(f"claim token formats are {', '.join(CLAIM_FORMATS)}")


def list_issuers(context: WebContext) -> tuple[str, ...]:
    """DIDs of the cooperatives whose credentials are believed."""
    return tuple(sorted(item.did for item in context.registry.members))


def _find_account(context: WebContext, text: str, *, client: Client, jkt: str) -> RequestingParty:
    login, now_s = context.login, context.clock.now_s()
    token = check_access_token(
        text, issuer=login.origin, public_key=login.key.public_key, now_s=now_s
    )
    grant = login.store.get_grant(bytes.fromhex(token.grant))
    if grant is None or not grant.is_live(now_s):
        raise RefusedError("this access was ended: log in again")
    if token.jkt != jkt or grant.client_id != client.id:
        raise RefusedError("the access token is another client's, or for another key")
    if IDENTITY_SCOPE not in token.scope.split(" "):
        raise RefusedError(f"the access token needs the scope {IDENTITY_SCOPE}")
    holder = login.holders.get(grant.holder)
    if holder is None:
        raise RefusedError("this account is closed")
    return RequestingParty(did=holder.did)


async def _find_sd_jwt_holder(context: WebContext, text: str, *, nonce: str) -> RequestingParty:
    credential = await context.checks.check_sd_jwt(
        text,
        key_binding=KeyBinding(audience=context.origin, nonce=nonce),
        issuers=frozenset(list_issuers(context)),
    )
    issuer = context.registry.find_by_did(credential.issuer)
    if issuer is None or credential.holder_key is None:
        raise RefusedError("the credential is bound to nobody's key")
    kinds = {
        get_vct(issuer.origin, kind): kind
        for kind in (CredentialKind.MEMBERSHIP, CredentialKind.ROLE)
    }
    kind = kinds.get(credential.vct)
    if kind is None:
        raise RefusedError("show a credential of membership, or of a role")
    did = f"did:key:{render_multikey(credential.holder_key)}"
    if kind is CredentialKind.MEMBERSHIP:
        return RequestingParty(did=did)
    _check_role(context, credential.claims)
    return RequestingParty(did=did, acts_for=issuer.did)


async def _find_presenter(context: WebContext, text: str, *, nonce: str) -> RequestingParty:
    document = parse_json_object(
        decode_base64url(text), bytes_max=CLAIM_TOKEN_BYTES_MAX, depth_max=_DEPTH_MAX
    )
    credentials = await context.checks.check_presentation(
        document,
        challenge=nonce,
        domain=context.origin,
        issuers=frozenset(list_issuers(context)),
    )
    if len(credentials) != 1 or len(credentials[0].subjects) != 1:
        raise RefusedError("show one credential, about one holder")
    credential = credentials[0]
    subject = credential.subjects[0]
    if _ROLE in credential.types:
        _check_role(context, subject)
        return RequestingParty(did=str(subject["id"]), acts_for=credential.issuer)
    if _MEMBERSHIP not in credential.types:
        raise RefusedError("show a credential of membership, or of a role")
    return RequestingParty(did=str(subject["id"]))


def _check_role(context: WebContext, claims: JsonObject) -> None:
    """Whether a role is held today; dates compare as texts."""
    today = render_time(context.clock.now_ms())[:_DAY_CHARACTERS]
    until = claims.get("roleUntil")
    if str(claims.get("roleFrom", "")) > today or (until is not None and str(until) < today):
        raise RefusedError("the role is not held today")
