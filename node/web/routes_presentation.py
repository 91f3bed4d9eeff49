"""Logging in with any wallet that holds the membership credential (OpenID4VP 1.0).

The login page links to the signed request; the wallet posts the credential here and gets back
where to go on. Only the browser that began the login can use that (`node.web.login_proofs`).
"""

import hashlib
import uuid
from dataclasses import dataclass

from aiohttp import web

from config.errors import RefusedError
from did.credentials.kinds import CredentialKind, get_vct
from did.credentials.sd_jwt_vc import KeyBinding
from did.credentials.token_status_lists import read_token_reference
from did.login.errors import OAuthError
from did.login.presentation import (
    REQUEST_TYPE,
    PresentationRequest,
    Shown,
    parse_response,
    sign_request,
)
from did.proofs import get_proofs
from did.verification_keys import compute_thumbprint, render_multikey
from node.web.context import WebContext
from node.web.credential_store import CredentialStore, IssuedCredential
from node.web.login import Login
from node.web.login_proofs import (
    CREDENTIAL_METHOD,
    Proof,
    accept_proof,
    check_proof,
    read_proof,
)
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
    login.starts.take(request.remote or "", now_s=login.clock.steady_s())
    wanted = describe_request(context, asked, ticket=request.match_info["ticket"])
    shown = parse_response(read_form(request, await request.read()), request=wanted)
    try:
        presented = await _check(context, shown, wanted)
    except RefusedError as error:
        raise OAuthError("access_denied", f"the credential: {error.reason}") from error
    proof = await _find_holder(login, presented)
    code = accept_proof(
        login,
        asked,
        holder=proof.holder,
        method=CREDENTIAL_METHOD,
        proof=proof.seal(login),
    )
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Presented:
    """A credential that holds, shown by whom it was issued to."""

    method: str
    """By which it was shown; of the key that it is bound to, if it names none."""
    thumbprint: str
    """Of that key; empty if it names a DID."""
    issued: IssuedCredential | None
    """As we remember it; None if private.db was put back from before it was issued."""


async def _check(context: WebContext, shown: Shown, wanted: PresentationRequest) -> _Presented:
    """Check what a wallet shows.

    Raises:
        RefusedError: The credential, its status or its proof of possession does not hold.
        UnavailableError: What the check needs cannot be reached now.
    """
    checks, store = context.checks, CredentialStore(context.private.connection)
    issuers = frozenset({wanted.did})
    if shown.presentation is None:
        credential = await checks.check_sd_jwt(
            shown.sd_jwt,
            key_binding=KeyBinding(audience=wanted.client_id, nonce=wanted.nonce),
            issuers=issuers,
        )
        key, reference = credential.holder_key, read_token_reference(credential)
        if credential.vct != wanted.vct or key is None or reference is None:
            raise RefusedError("this is no membership credential")
        multikey = render_multikey(key)
        number = reference[0].rpartition("/")[2].removesuffix("-token")
        return _Presented(
            method=f"did:key:{multikey}#{multikey}",
            thumbprint=compute_thumbprint(key),
            issued=store.find_by_place(int(number), reference[1]) if number.isdecimal() else None,
        )
    [credential_v2, *_] = await checks.check_presentation(
        shown.presentation,
        challenge=wanted.nonce,
        domain=wanted.client_id,
        types=frozenset({_TYPE}),
        issuers=issuers,
    )
    return _Presented(
        # Checked: each of its proofs is by a key of the one whom the credential is about.
        method=str(get_proofs(shown.presentation)[0]["verificationMethod"]),
        thumbprint="",
        issued=store.get(_read_uuid(credential_v2.document.get("id"))),
    )


async def _find_holder(login: Login, presented: _Presented) -> Proof:
    """Whose credential it is, and to what key of theirs it goes back.

    By the key that it was issued to, or by their login DID; either must hold on the ledger now.
    """
    method = presented.method
    did = method.partition("#")[0]
    login.proofs.take(did, now_s=login.clock.steady_s())
    credential = "" if presented.issued is None else presented.issued.id.hex()
    issued = login.store.find_key(presented.thumbprint) if presented.thumbprint else None
    holder = None if issued is None else login.holders.get(issued.holder)
    if issued is not None and issued.proof is not None and holder is not None:
        await check_proof(login, issued.proof, holder=holder)
        first = read_proof(login, issued.proof, holder_id=holder.id)
        return Proof(
            holder=holder,
            did=str(first["did"]),
            method=str(first["method"]),
            thumbprint=str(first["thumbprint"]),
            credential=credential,
        )
    holder = login.holders.find_by_did(did)
    if holder is None:
        raise OAuthError("access_denied", "nobody with this credential has an account here")
    current = await login.keys.find(did, method)
    await login.keys.check_current(current, did, holder=holder)
    return Proof(
        holder=holder,
        did=did,
        method=method,
        thumbprint=compute_thumbprint(current),
        credential=credential,
    )


def _read_uuid(text: object) -> bytes:
    """As the credentials that we issue have it; empty if it is another."""
    try:
        return uuid.UUID(str(text)).bytes
    except ValueError:
        return b""


def _derive(nonce: str, purpose: str) -> str:
    return hashlib.sha256(f"rochdale/openid4vp/{purpose}/{nonce}".encode()).hexdigest()
