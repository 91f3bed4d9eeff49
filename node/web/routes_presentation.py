"""Logging in with any wallet that holds the membership credential (OpenID4VP 1.0).

The login page links to the signed request; the wallet posts the credential here and gets back
where to go on. Only the browser that began the login can use that (`node.web.login_proofs`).
"""

import hashlib

from aiohttp import web

from config.errors import RefusedError
from did.credentials.kinds import CredentialKind, get_vct
from did.credentials.sd_jwt_vc import KeyBinding
from did.login.errors import OAuthError
from did.login.presentation import (
    REQUEST_TYPE,
    PresentationRequest,
    Shown,
    parse_response,
    sign_request,
)
from did.proofs import get_proofs
from did.verification_keys import VerificationKey, compute_thumbprint, render_multikey
from node.web.context import WebContext
from node.web.credential_checks import CredentialChecks
from node.web.holders import Holder
from node.web.login import PASSKEYS_CLIENT_ID, Login
from node.web.login_proofs import Proof, accept_proof, check_proof
from node.web.login_records import LoginRequest
from node.web.middlewares import answer_json
from node.web.requests import get_context
from node.web.routes_login import find_by_ticket, get_next
from node.web.routes_oauth import read_form

routes = web.RouteTableDef()
_TYPE = "MembershipCredential"
_TYPE_IRI = f"https://w3id.org/rochdale/credentials#{_TYPE}"


@routes.get("/openid4vp/{ticket}")
async def get_presentation_request(request: web.Request) -> web.Response:
    """The signed request object of a login that waits."""
    context = get_context(request)
    asked = find_by_ticket(request)
    signed = sign_request(
        describe_request(context, asked, ticket=request.match_info["ticket"]),
        key=context.assertion_key,
        verification_method=f"{context.registry.own.did}#assertion",
        now_s=context.clock.now_s(),
    )
    return web.Response(
        text=signed,
        content_type=f"application/{REQUEST_TYPE}",
        headers={"Cache-Control": "no-store"},
    )


@routes.post("/openid4vp/{ticket}")
async def take_presentation(request: web.Request) -> web.Response:
    """Take the credential that a wallet shows; where its holder goes on."""
    context = get_context(request)
    login, asked = context.login, find_by_ticket(request)
    if asked.request.client_id == PASSKEYS_CLIENT_ID:
        raise OAuthError("access_denied", "a passkey is added by your DID's own signature alone")
    login.starts.take(request.remote or "", now_s=login.clock.steady_s())
    wanted = describe_request(context, asked, ticket=request.match_info["ticket"])
    shown = parse_response(read_form(request, await request.read()), request=wanted)
    try:
        key, method = await _check(context.checks, shown, wanted)
    except RefusedError as error:
        raise OAuthError("access_denied", f"the credential: {error.reason}") from error
    holder, proof = await _find_holder(login, key, method)
    code = accept_proof(login, asked, holder=holder, method="credential", proof=proof)
    response = answer_json({"redirect_uri": get_next(login, code)})
    response.headers["Cache-Control"] = "no-store"
    return response


def describe_request(
    context: WebContext, asked: LoginRequest, *, ticket: str
) -> PresentationRequest:
    """What a wallet is asked for one login.

    Nonce and state follow from the login's own secret nonce, each in its own way, so that an
    answer to the one way of logging in is never one to the other.
    """
    own = context.registry.own
    return PresentationRequest(
        did=own.did,
        response_uri=f"{own.origin}/openid4vp/{ticket}",
        nonce=_derive(asked.nonce, "nonce"),
        state=_derive(asked.nonce, "state"),
        vct=get_vct(own.origin, CredentialKind.MEMBERSHIP),
        type_iri=_TYPE_IRI,
    )


async def _check(
    checks: CredentialChecks, shown: Shown, wanted: PresentationRequest
) -> tuple[VerificationKey | None, str]:
    """The key that the credential is bound to, if it says one, and the method that showed it.

    Raises:
        RefusedError: The credential, its status or its proof of possession does not hold.
        UnavailableError: What the check needs cannot be reached now.
    """
    issuers = frozenset({wanted.did})
    if shown.presentation is None:
        credential = await checks.check_sd_jwt(
            shown.sd_jwt,
            key_binding=KeyBinding(audience=wanted.client_id, nonce=wanted.nonce),
            issuers=issuers,
        )
        if credential.vct != wanted.vct or credential.holder_key is None:
            raise RefusedError("this is no membership credential")
        multikey = render_multikey(credential.holder_key)
        return credential.holder_key, f"did:key:{multikey}#{multikey}"
    await checks.check_presentation(
        shown.presentation,
        challenge=wanted.nonce,
        domain=wanted.client_id,
        types=frozenset({_TYPE}),
        issuers=issuers,
    )
    # Checked: each of its proofs is by a key of the one whom the credential is about.
    return None, str(get_proofs(shown.presentation)[0]["verificationMethod"])


async def _find_holder(
    login: Login, key: VerificationKey | None, method: str
) -> tuple[Holder, bytes]:
    """Whose credential it is, and to what key of theirs it goes back.

    By the key that it was issued to, or by their login DID; either must hold on the ledger now.
    """
    did = method.partition("#")[0]
    login.proofs.take(did, now_s=login.clock.steady_s())
    issued = None if key is None else login.store.find_key(compute_thumbprint(key))
    holder = None if issued is None else login.holders.get(issued.holder)
    if issued is not None and issued.proof is not None and holder is not None:
        await check_proof(login, issued.proof, holder=holder)
        return holder, issued.proof
    holder = login.holders.find_by_did(did)
    if holder is None:
        raise OAuthError("access_denied", "nobody with this credential has an account here")
    current = await login.keys.find(did, method)
    await login.keys.check_current(current, did, holder=holder)
    thumbprint = compute_thumbprint(current)
    proof = Proof(holder=holder, did=did, method=method, thumbprint=thumbprint)
    return holder, proof.seal(login)


def _derive(nonce: str, purpose: str) -> str:
    return hashlib.sha256(f"rochdale/openid4vp/{purpose}/{nonce}".encode()).hexdigest()
