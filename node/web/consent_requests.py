"""What others ask a person for, as the person decides about it, and their refusal.

A request is permitted by a signed grant, which goes the way of every consent
(`node.web.consents`). Unanswered ones end by themselves.
"""

from collections.abc import Mapping

import msgspec

from did.jcs import JsonObject
from did.login.errors import OAuthError
from did.times import render_time
from node.web.context import WebContext
from node.web.uma import assess, describe
from node.web.uma_records import StoredRequest, StoredResource

_GONE_CLIENT = "an application that is not registered any more"
_OWN_CLIENT = "a Rochdale wallet"
"""Ours are called by whose they are on the pages of their own holders; this one is another's."""


def list_waiting(context: WebContext, holder_id: bytes) -> list[JsonObject]:
    """What waits for a person's answer, oldest first; what they permit already does not wait."""
    store = context.private.uma
    resources = {item.id: item for item in store.list_resources(holder_id)}
    return [
        _render(context, item, resources)
        for item in store.list_requests(holder_id, now_s=context.clock.now_s())
        if not _is_permitted(context, item, resources)
    ]


def refuse(context: WebContext, holder_id: bytes, request_id: str) -> None:
    """Refuse a request for a person, and write it into their history.

    Raises:
        OAuthError: Nobody asks them for this, or it was refused before.
    """
    store, now_s = context.private.uma, context.clock.now_s()
    with context.private.write():
        found = store.get_request(request_id, now_s=now_s)
        if found is None or found.holder != holder_id or found.is_refused:
            raise OAuthError("invalid_request", "nobody asks you for this, or not now", status=404)
        store.refuse_request(found.id, now_s=now_s)
        resources = {item.id: item for item in store.list_resources(holder_id)}
        shown = _render(context, found, resources)
        content = {
            "grantee": shown["did"],
            "acts_for": shown["acts_for"],
            "client": shown["client_id"],
            "asked": shown["asked"],
            "height": context.projection.height,
        }
        context.private.consents.add_use(
            holder_id, content, at_ms=context.clock.now_ms(), is_refused=True
        )
        context.login.note(
            holder_id,
            "refused",
            client_id=found.client_id,
            detail=describe(found.permissions, resources),
        )


def _render(
    context: WebContext, item: StoredRequest, resources: Mapping[str, StoredResource]
) -> JsonObject:
    """A request as the person decides about it: who, by which application, what and why."""
    client = context.login.find_client(item.client_id)
    is_own = client is not None and context.login.store.get_client(client.id) is None
    name = _GONE_CLIENT if client is None else _OWN_CLIENT if is_own else client.name
    party = {"did": "", "acts_for": ""} if item.party is None else msgspec.to_builtins(item.party)
    return {
        "id": item.id,
        **party,
        "client_id": item.client_id,
        "client_name": name,
        "asked": [
            {
                "resource_id": asked.resource_id,
                "resource": resources[asked.resource_id].kind.value,
                "name": resources[asked.resource_id].name,
                "purposes": list(asked.resource_scopes),
            }
            for asked in item.permissions
            if asked.resource_id in resources
        ],
        "asked_at": render_time(item.created_at_s * 1_000),
        "until": render_time(item.expires_at_s * 1_000),
    }


def _is_permitted(
    context: WebContext, item: StoredRequest, resources: Mapping[str, StoredResource]
) -> bool:
    if item.party is None:
        return False
    wanted = {asked.resource_id for asked in item.permissions}
    known = {key: value for key, value in resources.items() if key in wanted}
    found = assess(context, item.permissions, party=item.party, resources=known)
    return bool(found.permissions)
