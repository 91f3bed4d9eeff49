"""The W3C VC-API on loopback, for test suites: issue, verify, prove, set a status.

A stand of its own: a fresh did:key, a throw-away database, no node and no network. It calls
the very functions that the node calls, so what a suite finds here holds there. Never to be
reachable from elsewhere: whoever reaches it issues whatever they like.

Source: W3C CCG, VC API v0.3.
"""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from config.errors import RefusedError, UnavailableError
from config.limits import CREDENTIAL_DAYS, HTTP_BODY_BYTES_MAX
from did.credentials.data_integrity import sign_document
from did.credentials.kinds import CredentialKind
from did.credentials.refusals import CredentialError
from did.credentials.status_lists import StatusPurpose, StatusReference, render_reference
from did.credentials.structure import read_credential, read_presentation
from did.credentials.terms import check_terms
from did.credentials.vc_jwt import envelop, issue_vc_jwt
from did.jcs import JsonObject, canonicalize, parse_json_object
from node.rdf_hashing import BoundedRdfHasher
from node.web.credential_checks import CredentialChecks
from node.web.credential_office import CredentialOffice
from node.web.credential_store import CredentialState
from node.web.http_client import Answer
from node.web.middlewares import FATAL, answer_errors, answer_json, answer_refusal, read_bodies

_DAY_MS = 86_400_000
_STATES = {
    StatusPurpose.REVOCATION: CredentialState.REVOKED,
    StatusPurpose.SUSPENSION: CredentialState.SUSPENDED,
}


class Suite(StrEnum):
    """How credentials are secured."""

    JCS = "eddsa-jcs-2022"
    RDFC = "eddsa-rdfc-2022"
    JWT = "vc-jwt"


@dataclass(frozen=True, slots=True)
class OwnLists:
    """Fetches this stand's own status lists, and nothing else."""

    office: CredentialOffice

    async def fetch(self, url: str, *, headers: Mapping[str, str], types: frozenset[str]) -> Answer:
        """A status list as it is published now."""
        del headers, types
        name = url.removeprefix(f"{self.office.origin}/credentials/status/")
        published = self.office.publish_list(name)
        if published is None:
            raise UnavailableError("only this stand's own status lists can be had")
        kind, body = published
        data = body.encode() if isinstance(body, str) else canonicalize(body)
        return Answer(status=200, url=url, content_type=kind, retry_after=None, body=data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """An issuer, a holder and a verifier in one."""

    office: CredentialOffice
    checks: CredentialChecks
    suite: Suite
    with_status: bool
    """Whether what it issues has a status."""


STAND: web.AppKey[Stand] = web.AppKey("stand", Stand)
routes = web.RouteTableDef()


def create_vc_api(stand: Stand) -> web.Application:
    """The routes over a stand."""
    app = web.Application(
        middlewares=(answer_errors, read_bodies), client_max_size=HTTP_BODY_BYTES_MAX
    )
    app[STAND] = stand
    app[FATAL] = asyncio.get_running_loop().create_future()
    app.add_routes(routes)
    return app


@routes.post("/credentials/issue")
async def issue(request: web.Request) -> web.Response:
    """Secure a credential; its issuer is this stand."""
    stand = request.app[STAND]
    credential = _read(await _read_body(request), "credential")
    issuer = credential.get("issuer", stand.office.did)
    named = issuer.get("id") if isinstance(issuer, dict) else issuer
    if named != stand.office.did:
        raise CredentialError(f"this stand issues as {stand.office.did}")
    if "proof" in credential:
        raise CredentialError("a credential that is to be issued has no proof yet")
    credential = {**credential, "issuer": issuer}
    if stand.with_status:
        credential = _add_status(stand, credential)
    read_credential(credential)
    check_terms(credential)
    if stand.suite is Suite.JWT:
        jwt = issue_vc_jwt(
            credential, key=stand.office.key, verification_method=stand.office.method
        )
        return answer_json({"verifiableCredential": envelop(jwt)}, status=201)
    signed = await asyncio.to_thread(_sign, stand, credential)
    return answer_json({"verifiableCredential": signed}, status=201)


@routes.post("/credentials/verify")
async def verify_credential(request: web.Request) -> web.Response:
    """Check a credential."""
    stand = request.app[STAND]
    document = _read(await _read_body(request), "verifiableCredential")
    try:
        await stand.checks.check_credential(document)
    except (RefusedError, UnavailableError) as error:
        return _answer_problem(error)
    return answer_json({"verified": True, "verifiableCredential": document})


@routes.post("/presentations/prove")
async def prove(request: web.Request) -> web.Response:
    """Show credentials as this stand."""
    stand = request.app[STAND]
    body = await _read_body(request)
    presentation = _read(body, "presentation")
    options = body.get("options", {})
    if not isinstance(options, dict):
        raise RefusedError("options are an object")
    read_presentation(presentation)
    signed = await asyncio.to_thread(
        _sign,
        stand,
        presentation,
        purpose="authentication",
        challenge=_read_text(options, "challenge"),
        domain=_read_text(options, "domain"),
    )
    return answer_json({"verifiablePresentation": signed}, status=201)


@routes.post("/presentations/verify")
async def verify_presentation(request: web.Request) -> web.Response:
    """Check a presentation for the challenge and domain of the options."""
    stand = request.app[STAND]
    body = await _read_body(request)
    document = _read(body, "verifiablePresentation")
    options = body.get("options", {})
    if not isinstance(options, dict):
        raise RefusedError("options are an object")
    try:
        await stand.checks.check_presentation(
            document,
            challenge=_read_text(options, "challenge") or "",
            domain=_read_text(options, "domain") or "",
            credentials_count_min=0,  # suites show none, or about anybody
            is_holder_subject=False,
        )
    except (RefusedError, UnavailableError) as error:
        return _answer_problem(error)
    return answer_json({"verified": True, "verifiablePresentation": document})


@routes.post("/credentials/status")
async def set_status(request: web.Request) -> web.Response:
    """Set or clear a credential's status, by the id that its issuing gave it."""
    stand = request.app[STAND]
    body = await _read_body(request)
    entry = _read(body, "credentialStatus")
    try:
        purpose = StatusPurpose(str(entry.get("statusPurpose")))
        credential_id = uuid.UUID(str(body.get("credentialId")).removeprefix("urn:uuid:")).bytes
    except ValueError as error:
        raise RefusedError("name credentialId, and a statusPurpose that is known") from error
    state = _STATES[purpose] if body.get("status", True) is True else CredentialState.ACTIVE
    stand.office.store.set_state(credential_id, state, now_ms=stand.office.clock.now_ms())
    return web.Response()


@routes.get("/credentials/status/{list}")
async def get_status_list(request: web.Request) -> web.Response:
    """A status list of this stand."""
    published = request.app[STAND].office.publish_list(request.match_info["list"])
    if published is None:
        return answer_refusal("there is no such status list", status=404)
    kind, body = published
    data = body.encode() if isinstance(body, str) else canonicalize(body)
    return web.Response(body=data, content_type=kind)


def _sign(
    stand: Stand,
    document: JsonObject,
    *,
    purpose: str = "assertionMethod",
    challenge: str | None = None,
    domain: str | None = None,
) -> JsonObject:
    return sign_document(
        document,
        key=stand.office.key,
        verification_method=stand.office.method,
        created=stand.office.clock.now_text(),
        purpose=purpose,
        challenge=challenge,
        domain=domain,
        hash_rdf=BoundedRdfHasher() if stand.suite is Suite.RDFC else None,
    )


def _add_status(stand: Stand, credential: JsonObject) -> JsonObject:
    office = stand.office
    now_ms = office.clock.now_ms()
    record = office.store.add(
        kind=CredentialKind.MEMBERSHIP,  # a suite's credentials are of no kind of ours
        account=None,
        now_ms=now_ms,
        expires_at_ms=now_ms + CREDENTIAL_DAYS * _DAY_MS,
        random_bytes=office.clock.random_bytes,
        random_below=office.clock.random_below,
    )
    statuses = [
        render_reference(
            StatusReference(
                list_url=office.get_list_url(record.list_number, purpose.value),
                index=record.place,
                purpose=purpose,
            )
        )
        for purpose in StatusPurpose
    ]
    own_id = f"urn:uuid:{uuid.UUID(bytes=record.id)}"
    return {**credential, "id": own_id, "credentialStatus": statuses}


async def _read_body(request: web.Request) -> JsonObject:
    return parse_json_object(await request.read())


def _read(body: JsonObject, name: str) -> JsonObject:
    value = body.get(name)
    if not isinstance(value, dict):
        raise RefusedError(f"{name} is an object")
    return value


def _read_text(options: JsonObject, name: str) -> str | None:
    value = options.get(name)
    if value is not None and not isinstance(value, str):
        raise RefusedError(f"{name} is text")
    return value


def _answer_problem(error: RefusedError | UnavailableError) -> web.Response:
    """What suites read of a refusal (VCDM 2.0 §7.2, problem details)."""
    problem = {
        "type": "https://www.w3.org/TR/vc-data-model#CRYPTOGRAPHIC_SECURITY_ERROR",
        "title": "the credential or presentation does not hold",
        "detail": str(error),
    }
    return answer_json({"verified": False, "problemDetails": [problem]}, status=400)
