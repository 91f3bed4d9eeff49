"""A holder's own view of who acts for them: what they allowed, what it was used for, the end.

Called with an access token like any other protected route; the holder sees their own alone.
"""

from aiohttp import web

from config.errors import RefusedError
from did.login.errors import OAuthError
from did.times import render_time
from node.web.authentication import require_access
from node.web.middlewares import answer_json
from node.web.requests import get_context

routes = web.RouteTableDef()


@routes.get("/api/sessions")
async def list_sessions(request: web.Request) -> web.Response:
    """What a holder has allowed, and the audit trail of grants and uses."""
    access = await require_access(request, scope="sessions")
    login = get_context(request).login
    return answer_json(
        {
            "sessions": [
                {
                    "id": grant.id.hex(),
                    "client_id": grant.client_id,
                    "scope": grant.scope,
                    "logged_in_by": grant.method,
                    "since": render_time(grant.created_at_s * 1_000),
                    "until": render_time(grant.expires_at_s * 1_000),
                    "is_this": grant.id == access.grant_id,
                }
                for grant in login.store.list_grants(access.holder_id, now_s=login.clock.now_s())
            ],
            "events": [
                {
                    "at": render_time(event.at_s * 1_000),
                    "what": event.what,
                    "client_id": event.client_id,
                    "detail": event.detail,
                }
                for event in login.store.list_events(access.holder_id)
            ],
        }
    )


@routes.delete("/api/sessions/{grant}")
async def end_session(request: web.Request) -> web.Response:
    """End one access of the holder's own, and every token under it."""
    access = await require_access(request, scope="sessions")
    login = get_context(request).login
    try:
        grant = login.store.get_grant(bytes.fromhex(request.match_info["grant"][:64]))
    except ValueError as error:
        raise RefusedError("a session's id is hexadecimal") from error
    if grant is None or grant.holder != access.holder_id:
        raise OAuthError("invalid_request", "you have no such session", status=404)
    login.store.end_grant(grant.id, now_s=login.clock.now_s())
    login.note(access.holder_id, "ended", client_id=grant.client_id, detail="by you")
    return answer_json({"ended": grant.id.hex()})
