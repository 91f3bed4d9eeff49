"""Permission tickets: one attempt to be authorized, step by step (UMA 2.0 Grant §3.2, §3.3).

A ticket is opaque to whoever carries it, good once and for minutes; each answer that lets the
attempt go on brings a new one. From its first use on it belongs to one client and one key.
Never says whose resource it is about: who holds it learns nothing.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from config.uma_limits import (
    PERMISSIONS_MAX,
    POLL_INTERVAL_S,
    POLL_INTERVAL_S_MAX,
    TICKET_S,
    TICKET_TRIES_MAX,
)
from did.consent.terms import FORBIDDEN_TERMS, FORBIDDEN_USES, Purpose
from did.jcs import JsonObject, canonicalize
from did.login.errors import OAuthError

_SCOPE_CHARACTERS_MAX = 512


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """A resource, and the purposes for which it is asked, or opened."""

    resource_id: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    resource_scopes: Annotated[tuple[Purpose, ...], Meta(max_length=len(Purpose))]


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """Where an attempt stands."""

    server: str
    """Client id of the resource server that asked for it; empty for the node itself."""
    permissions: Annotated[tuple[Permission, ...], Meta(min_length=1, max_length=PERMISSIONS_MAX)]
    expires_at_s: int
    client_id: str = ""
    """Whose attempt it is; empty until somebody begins."""
    jkt: str = ""
    """Thumbprint of the key that this client proved to hold."""
    tries: int = 0
    """Claim tokens that failed."""
    request: str = ""
    """Of the request that waits for the person's answer, in hex; empty before there is one."""
    interval_s: int = POLL_INTERVAL_S
    poll_from_s: int = 0
    """Before which it is not asked again."""

    def encode(self) -> bytes:
        """As it is stored."""
        return canonicalize(msgspec.to_builtins(self))

    @classmethod
    def decode(cls, data: bytes) -> "Ticket":
        """Read what `encode` wrote."""
        return msgspec.json.decode(data, type=cls)

    def check(self, *, client_id: str, jkt: str, now_s: int) -> None:
        """Check that a client may go on with this attempt.

        Raises:
            OAuthError: `invalid_grant`: it is over, or another's.

        Source: UMA 2.0 Grant §3.3.6; RFC 9449 §10.
        """
        if now_s >= self.expires_at_s:
            raise OAuthError("invalid_grant", "this ticket has expired: ask for the resource again")
        if self.client_id and (self.client_id, self.jkt) != (client_id, jkt):
            raise OAuthError("invalid_grant", "this ticket is another client's, or for another key")

    def begin(self, *, client_id: str, jkt: str, scope: str) -> "Ticket":
        """Bind the attempt to a client, and take up what it asks beside the ticket's purposes.

        Args:
            client_id: Authenticated.
            jkt: Of the key that it proved to hold.
            scope: Purposes, separated by spaces; they count for every resource of the ticket.

        Raises:
            OAuthError: `invalid_scope`: no purpose, or none that anybody can consent to.

        Source: UMA 2.0 Grant §3.3.4. Every client may ask for every purpose.
        """
        asked = read_purposes(scope)
        permissions = tuple(
            Permission(
                resource_id=item.resource_id,
                resource_scopes=tuple(
                    term for term in Purpose if term in (*item.resource_scopes, *asked)
                ),
            )
            for item in self.permissions
        )
        if any(not item.resource_scopes for item in permissions):
            raise OAuthError(
                "invalid_scope", f"say in scope what it is for, among {', '.join(Purpose)}"
            )
        return msgspec.structs.replace(self, client_id=client_id, jkt=jkt, permissions=permissions)

    def retry(self, *, now_s: int) -> "Ticket":
        """The next ticket after a claim token that did not do.

        Raises:
            OAuthError: `request_denied`: it was tried often enough.
        """
        if self.tries + 1 >= TICKET_TRIES_MAX:
            raise deny("too many claim tokens failed: ask for the resource again")
        return msgspec.structs.replace(self, tries=self.tries + 1, expires_at_s=now_s + TICKET_S)

    def wait(self, request: str, *, now_s: int) -> "Ticket":
        """The next ticket while a person has not answered."""
        return msgspec.structs.replace(
            self,
            request=request,
            poll_from_s=now_s + self.interval_s,
            expires_at_s=now_s + self.interval_s + TICKET_S,
        )

    def slow_down(self, *, now_s: int) -> "Ticket":
        """The next ticket after a question that came too early (compare RFC 8628 §3.5)."""
        interval_s = min(2 * self.interval_s, POLL_INTERVAL_S_MAX)
        slower = msgspec.structs.replace(self, interval_s=interval_s)
        return slower.wait(self.request, now_s=now_s)


def read_purposes(scope: str) -> tuple[Purpose, ...]:
    """Read what something is asked for; nothing if the text is empty.

    Raises:
        OAuthError: `invalid_scope`: something else is named, or what nobody can consent to.
    """
    if len(scope) > _SCOPE_CHARACTERS_MAX:
        raise OAuthError("invalid_scope", f"scope has at most {_SCOPE_CHARACTERS_MAX} characters")
    names = scope.split(" ") if scope else []
    for name in names:
        use = FORBIDDEN_TERMS.get(name)
        if use is not None:
            raise OAuthError("invalid_scope", f"nobody can consent to {use}: {FORBIDDEN_USES[use]}")
        if name not in tuple(Purpose):
            raise OAuthError("invalid_scope", f"purposes are {', '.join(Purpose)}")
    return tuple(term for term in Purpose if term in names)


def deny(reason: str) -> OAuthError:
    """The end of an attempt (UMA 2.0 Grant §3.3.6)."""
    return OAuthError("request_denied", reason, status=403)


def render_need(
    ticket: str, *, reason: str, formats: tuple[str, ...], issuers: tuple[str, ...]
) -> JsonObject:
    """Ask for a claim token that says who the requesting party is (UMA 2.0 Grant §3.3.6).

    Args:
        ticket: The new one; a credential's proof of possession answers it as its nonce.
        reason: What is missing, or what was wrong.
        formats: Claim token formats that are taken.
        issuers: DIDs whose credentials are believed.
    """
    return {
        "error": "need_info",
        "error_description": reason,
        "ticket": ticket,
        "required_claims": [
            {
                "name": "requesting_party",
                "friendly_name": "Who asks",
                "claim_token_format": list(formats),
                "issuer": list(issuers),
            }
        ],
    }


def render_wait(ticket: str, *, interval_s: int) -> JsonObject:
    """Say that the person is asked (UMA 2.0 Grant §3.3.6)."""
    return {
        "error": "request_submitted",
        "error_description": "whose it is has been asked: come back with the new ticket",
        "ticket": ticket,
        "interval": interval_s,
    }
