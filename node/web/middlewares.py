"""What every inbound request passes before a handler sees it, and every answer after.

Body sizes and deadlines (aiohttp has none for a body that drips), no compressed bodies,
security headers, one log line per request, and errors as JSON that says what to do. Never
tells a stranger about our insides.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from config.errors import InvariantError, RefusedError, UnavailableError
from config.limits import HTTP_BODY_BYTES_MAX, HTTP_BODY_DEADLINE_S
from did.jcs import canonicalize
from did.login.errors import OAuthError
from node.halting import find_halt

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

RETRY_AFTER_S = 2
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Server": "Rochdale",
}
_PLAIN_REASONS = {
    404: "there is nothing under this address",
    405: "this address does not take that method",
    413: f"at most {HTTP_BODY_BYTES_MAX} bytes are taken",
}
_UNKNOWN_ROUTE = "(no such path)"
FATAL: web.AppKey["asyncio.Future[None]"] = web.AppKey("fatal", asyncio.Future)
"""Set when a handler meets a defect of ours: the process must end."""


def answer_json(
    value: object, *, status: int = 200, content_type: str = "application/json"
) -> web.Response:
    """An answer of canonical JSON."""
    return web.Response(body=canonicalize(value), status=status, content_type=content_type)


def answer_refusal(reason: str, *, status: int, code: int = 1, name: str = "") -> web.Response:
    """An answer that says what is wrong and what to do."""
    value = {"code": code, "reason": reason}
    return answer_json({**value, "name": name} if name else value, status=status)


def answer_oauth_error(error: OAuthError) -> web.Response:
    """An answer as OAuth's clients read it (RFC 6749 §5.2, RFC 9449 §8)."""
    response = answer_json(
        {"error": error.error, "error_description": error.reason}, status=error.status
    )
    response.headers["Cache-Control"] = "no-store"
    if error.challenge:
        response.headers["WWW-Authenticate"] = error.challenge
    if error.nonce:
        response.headers["DPoP-Nonce"] = error.nonce
    return response


@web.middleware
async def log_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write one line per request: its route, never its query, body or address.

    What stands in a path's variable parts may be a person's account, ballot, application or
    one-time code; what stands in a path that nothing serves may be anything.
    """
    began_s = asyncio.get_running_loop().time()
    status = 500
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as error:
        status = error.status
        raise
    else:
        return response
    finally:
        took_ms = round((asyncio.get_running_loop().time() - began_s) * 1_000)
        resource = request.match_info.route.resource
        log.info(
            "request",
            method=request.method,
            path=_UNKNOWN_ROUTE if resource is None else resource.canonical,
            status=status,
            ms=took_ms,
        )


@web.middleware
async def add_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Add the headers that keep pages and documents from being misused; a page may say its own."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(_HEADERS)
        raise
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn errors into answers: theirs say why, ours say when to come back."""
    try:
        return await handler(request)
    except OAuthError as error:
        return answer_oauth_error(error)
    except RefusedError as error:
        return answer_refusal(error.reason, status=422, code=error.code)
    except UnavailableError as error:
        response = answer_refusal(str(find_halt(error) or error), status=503)
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
        return response
    except web.HTTPException as error:
        if error.status < 400:
            raise
        reason = _PLAIN_REASONS.get(error.status, error.reason)
        refused = answer_refusal(reason, status=error.status)
        if error.status == 413:
            refused.force_close()
        if "Allow" in error.headers:
            refused.headers["Allow"] = error.headers["Allow"]
        return refused
    except InvariantError as error:
        fatal = request.app[FATAL]
        if not fatal.done():
            fatal.set_exception(error)
        return answer_refusal("this node found a defect of its own and stops", status=500)


@web.middleware
async def read_bodies(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Read the whole body within a deadline, before a handler runs; it then has it at hand."""
    if "Content-Encoding" in request.headers:
        response = answer_refusal("send the body without compression", status=415)
        response.force_close()  # the rest of the body is not read
        return response
    if request.can_read_body:
        try:
            async with asyncio.timeout(HTTP_BODY_DEADLINE_S):
                await request.read()
        except TimeoutError:
            response = answer_refusal("the body took too long: send it at once", status=408)
            response.force_close()
            return response
    return await handler(request)


MIDDLEWARES = (log_requests, add_headers, answer_errors, read_bodies)
"""Outermost first."""
