"""What resource servers tell an authorization server (Federated Authorization for UMA 2.0).

A resource's scopes are purposes, and its type is one of the resources that people consent
about: so a person's own signed grants are the policy for every server that holds something of
theirs. Reads and refuses; never knows who a resource's owner is.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from config.errors import RefusedError
from config.uma_limits import PERMISSIONS_MAX, RESOURCE_BYTES_MAX
from did.consent.terms import FORBIDDEN_TERMS, Purpose, Resource
from did.consent.tickets import Permission
from did.jcs import parse_json
from did.login.errors import OAuthError

_DEPTH_MAX = 4
_TEXT = Annotated[str, Meta(max_length=256)]


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A resource as its server describes it; what is not understood is passed over."""

    resource_scopes: Annotated[tuple[Purpose, ...], Meta(min_length=1, max_length=len(Purpose))]
    type: Resource
    name: _TEXT = ""
    description: _TEXT = ""


_Asked = Annotated[list[Permission], Meta(min_length=1, max_length=PERMISSIONS_MAX)]


def parse_description(body: bytes) -> Description:
    """Read a resource's description (Federated Authorization §3.1).

    Raises:
        OAuthError: `invalid_request`: malformed, too long, or of another type or scope.
    """
    value = _parse(body)
    scopes = value.get("resource_scopes") if isinstance(value, dict) else None
    for scope in scopes if isinstance(scopes, list) else ():
        if isinstance(scope, str) and scope in FORBIDDEN_TERMS:
            raise OAuthError(
                "invalid_request", f"nobody can consent to {FORBIDDEN_TERMS[scope]}: leave it out"
            )
    try:
        found = msgspec.convert(value, Description)
    except msgspec.ValidationError as error:
        raise OAuthError(
            "invalid_request",
            f"{error}: type is one of {', '.join(Resource)}, resource_scopes are among"
            f" {', '.join(Purpose)}".replace("`", ""),
        ) from error
    if len(set(found.resource_scopes)) != len(found.resource_scopes):
        raise OAuthError("invalid_request", "each scope comes once")
    return found


def parse_asked_permissions(body: bytes) -> tuple[Permission, ...]:
    """Read for what a resource server wants a ticket: one permission, or a list of them.

    Raises:
        OAuthError: `invalid_request`, `invalid_resource_id` or `invalid_scope`.

    Source: Federated Authorization for UMA 2.0 §4.1, §4.3.
    """
    value = _parse(body)
    items = value if isinstance(value, list) else [value]
    for item in items:
        scopes = item.get("resource_scopes") if isinstance(item, dict) else None
        if isinstance(scopes, list) and any(term not in tuple(Purpose) for term in scopes):
            raise OAuthError("invalid_scope", "a scope was not registered for this resource")
    try:
        found = msgspec.convert(items, _Asked)
    except msgspec.ValidationError as error:
        name = "invalid_resource_id" if "resource_id" in str(error) else "invalid_request"
        raise OAuthError(name, str(error).replace("`", "")) from error
    if len({item.resource_id for item in found}) != len(found):
        raise OAuthError("invalid_request", "each resource comes once")
    return tuple(found)


def _parse(body: bytes) -> object:
    try:
        return parse_json(body, bytes_max=RESOURCE_BYTES_MAX, depth_max=_DEPTH_MAX)
    except RefusedError as error:
        raise OAuthError("invalid_request", error.reason) from error
