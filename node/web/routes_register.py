"""The register's side that people see: sign-up, export, notices, erasure, and a plain page.

Whoever asks about themselves shows an access token (`node.web.authentication`). Nothing here
tells one person whether another has an account.
"""

from typing import Annotated, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta

from config.errors import RefusedError
from config.limits import RATE_LIMIT_KEYS_MAX, SIGN_UP_BYTES_MAX, SIGN_UPS_PER_MINUTE
from did.login.freshness import RateLimit
from node.web.authentication import require_access
from node.web.clock import describe_time
from node.web.context import WebContext
from node.web.erasure import erase_person
from node.web.holder_export import describe_notices, export_holder, make_export_schema
from node.web.middlewares import answer_json
from node.web.page_files import answer_page
from node.web.register_log import LogEvent
from node.web.requests import get_context
from node.web.sign_ups import sign_up

_BODY_BYTES_MAX = 256
T = TypeVar("T")

SIGN_UP_LIMIT: web.AppKey[RateLimit] = web.AppKey("sign_up_limit", RateLimit)
routes = web.RouteTableDef()


class _Erasure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    entry: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$")] = ""


class _Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: Annotated[int, Meta(ge=1, lt=1 << 53)]


def create_sign_up_limit() -> RateLimit:
    """Sign-ups per address."""
    return RateLimit(per_minute=SIGN_UPS_PER_MINUTE, keys_max=RATE_LIMIT_KEYS_MAX)


@routes.post("/api/v1/holders")
async def post_holder(request: web.Request) -> web.Response:
    """Take a signed sign-up; the answer is the same for somebody who has an account."""
    context = get_context(request)
    request.app[SIGN_UP_LIMIT].take(request.remote or "", now_s=context.clock.steady_s())
    body = await request.read()
    if not 0 < len(body) <= SIGN_UP_BYTES_MAX or not body.isascii():
        raise RefusedError(f"a sign-up is a compact JWS of at most {SIGN_UP_BYTES_MAX} characters")
    await sign_up(context, body.decode("ascii"))
    return answer_json({"next": "log in with your DID"}, status=202)


@routes.get("/api/v1/holders/export.schema.json")
async def get_export_schema(_request: web.Request) -> web.Response:
    """What an export looks like."""
    return answer_json(make_export_schema(), content_type="application/schema+json")


@routes.get("/api/v1/holders/me/export")
async def get_export(request: web.Request) -> web.Response:
    """Everything that is kept about the caller."""
    access = await require_access(request, scope="export")
    context = get_context(request)
    found = export_holder(
        context.private,
        access.holder_id,
        cooperative_did=context.registry.own.did,
        now_ms=context.clock.now_ms(),
    )
    if found is None:
        raise RefusedError("this account is closed")
    response = answer_json(msgspec.to_builtins(found))
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.get("/api/v1/holders/me/notices")
async def get_notices(request: web.Request) -> web.Response:
    """Who looked into the register or decided for the caller, and up to where they saw it."""
    access = await require_access(request, scope="profile")
    response = answer_json(describe_notices(get_context(request).private, access.holder_id))
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.post("/api/v1/holders/me/notices/seen")
async def post_seen(request: web.Request) -> web.Response:
    """Note that the caller has seen their notices up to one."""
    access = await require_access(request, scope="profile.write")
    number = _read_body(await request.read(), _Seen).number
    log = get_context(request).private.log
    log.mark_seen(access.holder_id, number)
    return answer_json({"seen": log.get_seen(access.holder_id)})


@routes.post("/api/v1/holders/me/objection")
async def post_objection(request: web.Request) -> web.Response:
    """Stop another DID that registrars gave the caller's account, before it takes effect."""
    access = await require_access(request, scope="profile.write")
    context = get_context(request)
    with context.private.write():
        if not context.private.holders.cancel_binding(access.holder_id):
            raise RefusedError("nothing is to be replaced: there is nothing to object to")
        context.private.log.add(
            LogEvent.OBJECTED,
            at_ms=context.clock.now_ms(),
            detail="stopped by the person, with the DID they had",
            holder_id=access.holder_id,
        )
    return answer_json({"stopped": True})


@routes.post("/api/v1/holders/me/erasure")
async def post_erasure(request: web.Request) -> web.Response:
    """Erase the caller: the account, and the name if its entry is told."""
    access = await require_access(request, scope="erasure")
    context = get_context(request)
    entry = _read_entry(await request.read())
    if access.account is not None and context.projection.is_member(access.account):
        raise RefusedError("you are a member: leave the cooperative first, then ask again")
    if entry is not None and not context.private.names.has(entry):
        raise RefusedError("there is no such entry: your wallet reads it from your export")
    erase_person(
        context.private,
        context.erasures,
        holder_id=access.holder_id,
        entry=entry,
        now_ms=context.clock.now_ms(),
    )
    return answer_json({"account_erased": True, "name_erased": entry is not None})


@routes.get("/register")
async def get_register_page(request: web.Request) -> web.Response:
    """What the cooperative knows of people, who can link what, and how often it was opened."""
    context = get_context(request)
    count, head = context.private.log.get_head()
    return answer_page(
        context,
        "register.html",
        registrars_count=len(context.private.names.list_registrars()),
        book_years=context.settings.register.book_years,
        entries_count=count,
        head=head.hex(),
        entries=_describe_entries(context),
    )


def _describe_entries(context: WebContext) -> list[dict[str, str]]:
    """The log without what concerns one person: neither who, nor why."""
    return [
        {"at": describe_time(item.at_ms), "what": _WORDS[item.what]}
        for item in context.private.log.list_entries()
        if item.what in _WORDS
    ]


_WORDS = {
    LogEvent.REGISTRARS: "Registrars were named",
    LogEvent.INSPECTED: "The names were inspected",
    LogEvent.ASKED: "One registrar asked to open the link from a name to an account",
    LogEvent.OPENED: "Two registrars opened the link from a name to an account",
    LogEvent.RESEALED: "Entries were sealed anew, to the registrars named now",
    LogEvent.KEY_ROTATED: "The register got a new key",
    LogEvent.RESTORED: "The register was put back from a backup",
}
"""What everybody may see. That somebody was erased, or got another login, is theirs alone."""


def _read_entry(body: bytes) -> bytes | None:
    if not body:
        return None
    return bytes.fromhex(_read_body(body, _Erasure).entry) or None


def _read_body(body: bytes, kind: type[T]) -> T:
    if len(body) > _BODY_BYTES_MAX:
        raise RefusedError(f"the body has at most {_BODY_BYTES_MAX} bytes")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise RefusedError(f"this is not the JSON that docs/api.md asks for: {error}") from error
