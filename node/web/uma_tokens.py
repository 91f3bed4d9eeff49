"""What a requesting party token opens at this moment, and that it is written down.

Asked by the node's own resources and for other servers by introspection. The person's consents
are read each time, so that a revocation ends every token at once.
"""

from dataclasses import dataclass

import msgspec

from config.errors import RefusedError
from did.consent.assessment import Permitted
from did.consent.requesting_tokens import (
    RequestingToken,
    check_requesting_token,
    read_requesting_token,
)
from did.jcs import JsonObject
from node.web.authentication import Access
from node.web.context import WebContext
from node.web.uma import assess, get_audience
from node.web.uma_records import StoredResource, StoredToken

PROTECTION_SCOPE = "uma_protection"
"""Of a PAT: the access token by which a person lets a resource server protect what is theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveToken:
    """A token that is not over."""

    token: RequestingToken
    stored: StoredToken
    permitted: Permitted
    """What it opens now; nothing once the person revoked it all."""
    resources: dict[str, StoredResource]
    """Whom and what its permissions are about, as far as there still is such a resource."""


def find_live_token(context: WebContext, text: str, *, server: str) -> LiveToken:
    """Check a token, all but the proof of possession.

    Args:
        context: Of the web process.
        text: The token.
        server: Resource server that it must be for.

    Raises:
        RefusedError: It is none for this server, was ended, or is over.
    """
    login = context.login
    token = check_requesting_token(
        text,
        issuer=login.origin,
        audience=get_audience(context, server),
        public_key=login.key.public_key,
        now_s=context.clock.now_s(),
    )
    store = context.private.uma
    stored = store.get_token(token.id)
    if stored is None or stored.is_ended:
        raise RefusedError("this token was ended: ask for the resource again")
    resources = dict(
        store.find_resources((item.resource_id for item in token.permissions), server=server)
    )
    permitted = assess(context, token.permissions, party=stored.party, resources=resources)
    return LiveToken(token=token, stored=stored, permitted=permitted, resources=resources)


def end_requesting_token(context: WebContext, text: str, *, client_id: str) -> None:
    """End a token of a client's before its time; others are no error (RFC 7009 §2.2)."""
    login, store = context.login, context.private.uma
    try:
        token = read_requesting_token(text, issuer=login.origin, public_key=login.key.public_key)
    except RefusedError:
        return
    stored = store.get_token(token.id)
    if stored is not None and stored.client_id == client_id:
        store.end_token(token.id)
        login.note(stored.holder, "ended", client_id=client_id, detail="by the application")


def describe_token(context: WebContext, text: str, access: Access) -> JsonObject:
    """What a token opens now, for the resource server that it is for and this person alone.

    Source: Federated Authorization for UMA 2.0 §5.1.1, RFC 7662 §2.2, RFC 9449 §6.2.
    """
    try:
        live = find_live_token(context, text, server=access.client_id)
    except RefusedError:
        return {"active": False}
    if live.stored.holder != access.holder_id:
        return {"active": False}
    for resource in live.resources.values():
        note_outcome(context, live, resource)
    if not live.permitted.permissions:
        return {"active": False}
    token = live.token
    return {
        "active": True,
        "iss": context.login.origin,
        "aud": token.audience,
        "sub": token.id,
        "client_id": token.client_id,
        "iat": token.iat_s,
        "exp": token.exp_s,
        "token_type": "DPoP",
        "cnf": {"jkt": token.jkt},
        "permissions": [
            {**msgspec.to_builtins(item), "exp": token.exp_s} for item in live.permitted.permissions
        ],
    }


def note_outcome(context: WebContext, live: LiveToken, resource: StoredResource) -> None:
    """Write into the person's history that something was used, or that its use was refused.

    Once for each token, resource and outcome: what a token does in its minutes is one use.
    """
    login = context.login
    purposes = [
        purpose
        for item in live.permitted.permissions
        if item.resource_id == resource.id
        for purpose in item.resource_scopes
    ]
    outcome = "use" if purposes else "refusal"
    is_first = login.used.take(
        f"uma-{outcome}",
        live.token.id,
        resource.id,
        until_s=live.token.exp_s,
        now_s=context.clock.now_s(),
    )
    if not is_first:
        return
    asked = next(item for item in live.token.permissions if item.resource_id == resource.id)
    content: JsonObject = {
        "grantee": live.stored.party.did,
        "acts_for": live.stored.party.acts_for,
        "client": live.stored.client_id,
        "server": live.stored.server,
        "resource": resource.kind.value,
        "purposes": list(purposes or asked.resource_scopes),
        "grants": list(live.permitted.grants),
        "height": context.projection.height,
    }
    with context.private.write():
        context.private.consents.add_use(
            resource.holder, content, at_ms=context.clock.now_ms(), is_refused=not purposes
        )
        what = f"{resource.kind} for {', '.join(content['purposes'])}"
        login.note(
            resource.holder,
            "used" if purposes else "refused",
            client_id=live.stored.client_id,
            detail=what,
        )
