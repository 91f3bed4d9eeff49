"""Seeking a token for what is somebody's: from ticket to token, or to the person (UMA 2.0).

The person's live signed grants decide, and nothing else does. If none permits what is asked,
the person is asked; what is asked of nobody takes the same way and is never answered. Never
resolves a DID: `node.web.uma_claims` finds who asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from config.errors import RefusedError
from config.uma_limits import PERMISSIONS_MAX, RPT_S, TICKET_S
from did.consent.assessment import (
    Permitted,
    RequestingParty,
    find_permitted,
    merge_permissions,
)
from did.consent.requesting_tokens import (
    RequestingToken,
    read_requesting_token,
    sign_requesting_token,
)
from did.consent.tickets import Permission, Ticket, deny, render_need, render_wait
from did.jcs import JsonObject
from did.login.clients import Client
from did.login.errors import OAuthError
from node.web.context import WebContext
from node.web.uma_claims import CLAIM_FORMATS, find_party, list_issuers
from node.web.uma_records import OWN_SERVER, StoredResource, StoredToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the token endpoint says."""

    status: int
    body: JsonObject


def get_audience(context: WebContext, server: str) -> str:
    """Whom a token is for: the node's own resources, or a registered resource server."""
    if server == OWN_SERVER:
        return f"{context.origin}/uma/resources"
    return f"{context.origin}/uma/servers/{server}"


def give_ticket(context: WebContext, permissions: tuple[Permission, ...], *, server: str) -> str:
    """Begin an attempt to be authorized; the ticket for it.

    Args:
        context: Of the web process.
        permissions: What it is about; whether there is such a resource is not looked at.
        server: Which resource server asks.

    Raises:
        UnavailableError: There are too many tickets.
    """
    expires_at_s = context.clock.now_s() + TICKET_S
    ticket = Ticket(server=server, permissions=permissions, expires_at_s=expires_at_s)
    return _hand_out(context, ticket)


async def seek_token(
    context: WebContext, form: Mapping[str, str], *, client: Client, jkt: str
) -> Answer:
    """Answer a request for a token.

    Args:
        context: Of the web process.
        form: Of the token request.
        client: Who asks; authenticated.
        jkt: Of the key that it proved to hold; the token is bound to it.

    Raises:
        OAuthError: `invalid_grant`, `invalid_scope` or `request_denied`; the attempt is over.
        UnavailableError: Too much waits, or what a check needs cannot be reached; likewise.

    Source: UMA 2.0 Grant §3.3.
    """
    ticket = context.private.uma.take_ticket(form.get("ticket", ""))
    if ticket is None:
        raise OAuthError("invalid_grant", "this ticket is unknown, or was used before")
    ticket.check(client_id=client.id, jkt=jkt, now_s=context.clock.now_s())
    if ticket.request:
        return _poll(context, ticket, form)
    begun = _narrow(
        context, ticket.begin(client_id=client.id, jkt=jkt, scope=form.get("scope", ""))
    )
    try:
        party = await find_party(context, form, client=client, jkt=jkt)
    except RefusedError as error:
        return _ask_for_claims(context, begun, reason=error.reason)
    context.login.proofs.take(party.did, now_s=context.clock.steady_s())
    with context.private.write():
        return _decide(context, begun, party, form)


def assess(
    context: WebContext,
    asked: tuple[Permission, ...],
    *,
    party: RequestingParty,
    resources: Mapping[str, StoredResource],
) -> Permitted:
    """What of a request its person permits now; nothing of resources that are not given.

    Args:
        context: Of the web process.
        asked: Resources and purposes.
        party: Who asks.
        resources: Those of one person, by id.
    """
    holder = next((item.holder for item in resources.values()), b"")
    within = tuple(
        Permission(
            resource_id=item.resource_id,
            resource_scopes=tuple(
                term for term in item.resource_scopes if term in resources[item.resource_id].scopes
            ),
        )
        for item in asked
        if item.resource_id in resources and resources[item.resource_id].holder == holder
    )
    return find_permitted(
        within,
        party=party,
        kinds={item.id: item.kind for item in resources.values()},
        consents=context.private.consents.get_standing(holder).consents,
        now_s=context.clock.now_s(),
        own_cooperative=context.registry.own.did,
        federation=frozenset(item.did for item in context.registry.members),
    )


def describe(permissions: tuple[Permission, ...], resources: Mapping[str, StoredResource]) -> str:
    """What was asked or permitted, for an audit trail."""
    return "; ".join(
        f"{resources[item.resource_id].kind} for {', '.join(item.resource_scopes)}"
        for item in permissions
        if item.resource_id in resources
    )


def _narrow(context: WebContext, ticket: Ticket) -> Ticket:
    """Leave out purposes for which a resource was not registered; nobody is asked for them.

    Raises:
        OAuthError: `invalid_scope`: none is left (UMA 2.0 Grant §3.3.6).
    """
    known = context.private.uma.find_resources(
        (item.resource_id for item in ticket.permissions), server=ticket.server
    )
    permissions = []
    for item in ticket.permissions:
        scopes = item.resource_scopes
        if item.resource_id in known:
            scopes = tuple(term for term in scopes if term in known[item.resource_id].scopes)
        if not scopes:
            raise OAuthError("invalid_scope", "the resource is not there for this purpose")
        permissions.append(Permission(resource_id=item.resource_id, resource_scopes=scopes))
    return msgspec.structs.replace(ticket, permissions=tuple(permissions))


def _ask_for_claims(context: WebContext, ticket: Ticket, *, reason: str) -> Answer:
    again = _hand_out(context, ticket.retry(now_s=context.clock.now_s()))
    body = render_need(again, reason=reason, formats=CLAIM_FORMATS, issuers=list_issuers(context))
    return Answer(status=403, body=body)


def _poll(context: WebContext, ticket: Ticket, form: Mapping[str, str]) -> Answer:
    now_s = context.clock.now_s()
    if now_s < ticket.poll_from_s:
        return _wait(context, ticket.slow_down(now_s=now_s))
    with context.private.write():
        request = context.private.uma.get_request(ticket.request, now_s=now_s)
        if request is None:
            raise deny("nobody has answered in time")
        if request.party is None:
            return _wait(context, ticket.wait(request.id, now_s=now_s))
        return _decide(context, ticket, request.party, form)


def _decide(
    context: WebContext, ticket: Ticket, party: RequestingParty, form: Mapping[str, str]
) -> Answer:
    """Give a token for what is permitted, or ask the person; the caller holds the transaction."""
    store, now_s = context.private.uma, context.clock.now_s()
    resources = store.find_resources(
        (item.resource_id for item in ticket.permissions), server=ticket.server
    )
    permitted = assess(context, ticket.permissions, party=party, resources=resources)
    request = store.find_request(party, ticket, now_s=now_s)
    if permitted.permissions:
        if request is not None:
            store.delete_request(request.id)
        return _give_token(
            context,
            ticket,
            party=party,
            permitted=permitted,
            resources=resources,
            old_text=form.get("rpt", ""),
        )
    if request is not None and request.is_refused:
        raise deny("whose it is has refused")
    if request is not None:
        return _wait(context, ticket.wait(request.id, now_s=now_s))
    holder = next((item.holder for item in resources.values()), None)
    request_id = store.put_request(holder, party, ticket, now_s=now_s)
    if holder is not None:
        asked = describe(ticket.permissions, resources)
        context.login.note(holder, "asked", client_id=ticket.client_id, detail=asked)
    return _wait(context, ticket.wait(request_id, now_s=now_s))


def _give_token(
    context: WebContext,
    ticket: Ticket,
    *,
    party: RequestingParty,
    permitted: Permitted,
    resources: Mapping[str, StoredResource],
    old_text: str,
) -> Answer:
    login, now_s = context.login, context.clock.now_s()
    holder = next(iter(resources.values())).holder
    permissions, until_s = permitted.permissions, permitted.until_s
    old = _find_upgradable(context, old_text, ticket=ticket, party=party, holder=holder)
    if old is not None:
        permissions = merge_permissions(permissions, old.permissions)
        until_s = min(until_s, old.until_s or until_s)
    token = RequestingToken(
        id=context.private.uma.make_id(),
        audience=get_audience(context, ticket.server),
        client_id=ticket.client_id,
        jkt=ticket.jkt,
        permissions=permissions,
        iat_s=now_s,
        exp_s=min(now_s + RPT_S, until_s),
    )
    context.private.uma.put_token(token, holder=holder, server=ticket.server, party=party)
    login.note(
        holder,
        "shared",
        client_id=ticket.client_id,
        detail=describe(permitted.permissions, resources),
    )
    text = sign_requesting_token(token, issuer=login.origin, key=login.key, kid=login.kid)
    body: JsonObject = {
        "access_token": text,
        "token_type": "DPoP",
        "expires_in": token.exp_s - now_s,
    }
    return Answer(status=200, body=body if old is None else {**body, "upgraded": True})


def _find_upgradable(
    context: WebContext, text: str, *, ticket: Ticket, party: RequestingParty, holder: bytes
) -> Permitted | None:
    """What an earlier token of the same parties opens still; that token ends.

    None for every other token: the new one then stands beside it (UMA 2.0 Grant §3.3.5.1).
    """
    store, login = context.private.uma, context.login
    try:
        old = read_requesting_token(text, issuer=login.origin, public_key=login.key.public_key)
    except RefusedError:
        return None
    known = store.get_token(old.id)
    if known is None or (old.client_id, old.jkt) != (ticket.client_id, ticket.jkt):
        return None
    if not _is_same(known, server=ticket.server, party=party, holder=holder):
        return None
    resources = store.find_resources(
        (item.resource_id for item in old.permissions), server=ticket.server
    )
    still = assess(context, old.permissions, party=party, resources=resources)
    if len(merge_permissions(ticket.permissions, still.permissions)) > PERMISSIONS_MAX:
        return None
    store.end_token(old.id)
    return still


def _is_same(known: StoredToken, *, server: str, party: RequestingParty, holder: bytes) -> bool:
    return not known.is_ended and (known.server, known.party, known.holder) == (
        server,
        party,
        holder,
    )


def _wait(context: WebContext, ticket: Ticket) -> Answer:
    secret = _hand_out(context, ticket)
    return Answer(status=403, body=render_wait(secret, interval_s=ticket.interval_s))


def _hand_out(context: WebContext, ticket: Ticket) -> str:
    secret = context.login.make_secret()
    context.private.uma.put_ticket(secret, ticket, now_s=context.clock.now_s())
    return secret
