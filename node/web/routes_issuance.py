"""Handing the membership credential to a member's wallet (OpenID4VCI 1.0, pre-authorized).

A member who is logged in gets an offer and a transaction code; whoever has both gets a token
for one purpose, and with it the credential, bound to the wallet's own key. That key logs in
afterwards (`node.web.routes_presentation`).
"""

from urllib.parse import urlencode

from aiohttp import web

from config.errors import RefusedError
from config.limits import CREDENTIAL_OFFER_S
from did.credentials.compact import CompactJws
from did.credentials.kinds import state_membership
from did.login.errors import OAuthError
from did.login.issuance import (
    CONFIGURATIONS,
    ISSUE_SCOPE,
    TX_CODE_DIGITS,
    check_proof,
    parse_issue_request,
    read_proof_key,
    render_issuer_metadata,
    render_offer,
)
from did.verification_keys import VerificationKey, compute_thumbprint
from governance.records import Account
from governance.state_keys import Collection, state_key
from node.sending import read_state
from node.web.authentication import Access, require_access
from node.web.context import WebContext
from node.web.credential_office import CredentialFormat
from node.web.middlewares import answer_json
from node.web.offer_store import OfferStore
from node.web.requests import get_context
from node.web.routes_credentials import get_office

routes = web.RouteTableDef()


@routes.get("/.well-known/openid-credential-issuer")
async def get_issuer_metadata(request: web.Request) -> web.Response:
    """What this cooperative issues."""
    context = get_context(request)
    own = context.registry.own
    response = answer_json(render_issuer_metadata(origin=own.origin, name=own.name))
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@routes.post("/api/credential-offers")
async def make_offer(request: web.Request) -> web.Response:
    """Offer a logged-in member their credential; the link for a wallet, and the code for it."""
    access = await require_access(request, scope="credentials")
    context = get_context(request)
    await _check_member(context, access)
    login, now_s = context.login, context.clock.now_s()
    code = login.make_secret()
    number = context.clock.random_below(10**TX_CODE_DIGITS)
    tx_code = f"{number:0{TX_CODE_DIGITS}}"
    OfferStore(context.private.connection).put(
        code,
        tx_code=tx_code,
        holder=access.holder_id,
        proof=access.proof,
        now_s=now_s,
        until_s=now_s + CREDENTIAL_OFFER_S,
    )
    uri = f"{context.origin}/openid4vci/offers/{code}"
    link = f"openid-credential-offer://?{urlencode({'credential_offer_uri': uri})}"
    return _answer({"credential_offer_uri": uri, "link": link, "tx_code": tx_code})


@routes.get("/openid4vci/offers/{code}")
async def get_offer(request: web.Request) -> web.Response:
    """The offer that a link names."""
    context, code = get_context(request), request.match_info["code"]
    if not OfferStore(context.private.connection).is_open(code, now_s=context.clock.now_s()):
        raise OAuthError("invalid_request", "this offer is over: ask for a new one", status=404)
    return _answer(render_offer(origin=context.origin, code=code))


@routes.post("/openid4vci/nonce")
async def get_nonce(request: web.Request) -> web.Response:
    """A nonce for a proof of possession (OpenID4VCI 1.0 §7)."""
    login = get_context(request).login
    return _answer({"c_nonce": login.challenges.make(now_s=login.clock.now_s())})


@routes.post("/openid4vci/credential")
async def issue_credential(request: web.Request) -> web.Response:
    """Issue the membership credential, bound to the key that the wallet proves to hold."""
    access = await require_access(request, scope=ISSUE_SCOPE)
    context = get_context(request)
    await _check_member(context, access)
    asked = parse_issue_request(await request.read())
    key = await _find_key(context, asked.proof)
    _check_possession(context, asked.proof, key)
    own, login = context.registry.own, context.login
    thumbprint = compute_thumbprint(key)
    if not login.store.put_key(
        access.holder_id,
        thumbprint=thumbprint,
        proof=access.proof,
        now_s=context.clock.now_s(),
    ):
        raise OAuthError("invalid_proof", "this key holds somebody else's credential")
    issued = get_office(request).issue(
        state_membership(cooperative=own.did, member_since=None),
        holder=key,
        account=access.account,
        form=CredentialFormat(CONFIGURATIONS[asked.configuration]),
    )
    login.store.end_grant(access.grant_id, now_s=context.clock.now_s())
    login.note(access.holder_id, "credential issued", client_id="", detail=asked.configuration)
    return _answer({"credentials": [{"credential": issued.credential}]})


async def _check_member(context: WebContext, access: Access) -> None:
    """Ask the ledger: the register may not know yet who has left.

    Raises:
        OAuthError: The holder is no member now.
        UnavailableError: The ledger cannot be asked.
    """
    if access.account is not None:
        key = state_key(context.registry.own.id, Collection.ACCOUNT, access.account)
        data = await read_state(context.engine, key)
        if data and Account.decode(data).left_height is None:
            return
    raise OAuthError("access_denied", "only members get this credential", status=403)


async def _find_key(context: WebContext, proof: CompactJws) -> VerificationKey:
    found = read_proof_key(proof)
    if isinstance(found, VerificationKey):
        return found
    try:
        document = await context.dids.get_document(found.partition("#")[0])
        return document.get_key(found, purpose="authentication")
    except RefusedError as error:
        raise OAuthError("invalid_proof", f"the proof's key: {error.reason}") from error


def _check_possession(context: WebContext, proof: CompactJws, key: VerificationKey) -> None:
    login, now_s = context.login, context.clock.now_s()
    nonce = check_proof(proof, key=key, audiences=(context.origin,), now_s=now_s)
    if not login.challenges.is_fresh(nonce, now_s=now_s) or not login.used.take(
        "c_nonce", nonce, compute_thumbprint(key), until_s=now_s + 600, now_s=now_s
    ):
        raise OAuthError("invalid_nonce", "fetch a fresh nonce from the nonce endpoint")


def _answer(value: dict[str, object]) -> web.Response:
    response = answer_json(value)
    response.headers["Cache-Control"] = "no-store"
    return response
