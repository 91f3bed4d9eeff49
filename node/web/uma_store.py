"""What the node remembers of resources, tickets, requests and tokens, in private.db (UMA 2.0).

Every table is bounded and forgets what is over. What is asked of nobody is remembered like
what is asked of somebody, so that answers never tell the two apart. Never decides;
`node.web.uma` does.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping

import msgspec

from config.errors import UnavailableError
from config.uma_limits import (
    REQUEST_S,
    REQUESTS_MAX,
    REQUESTS_PER_HOLDER_MAX,
    REQUESTS_PER_PARTY_MAX,
    RESOURCES_PER_HOLDER_MAX,
    RPT_REMEMBERED_S,
    RPTS_MAX,
    RPTS_PER_CLIENT_MAX,
    TICKET_CHARACTERS_MAX,
    TICKETS_MAX,
)
from did.consent.assessment import RequestingParty
from did.consent.protection import Description
from did.consent.requesting_tokens import RequestingToken
from did.consent.terms import Purpose, Resource
from did.consent.tickets import Permission, Ticket
from did.jcs import JsonObject, canonicalize, parse_json_object
from node.web.database import forgetful, transaction
from node.web.holders import HolderStore
from node.web.login_records import hash_secret
from node.web.uma_records import (
    OWN_SERVER,
    StoredRequest,
    StoredResource,
    StoredToken,
    hash_asked,
    hash_party,
)

_RESOURCE, _REQUEST, _TOKEN = "uma-resource/v1", "uma-request/v1", "uma-token/v1"
_ID_BYTES = 16
_FORGOTTEN_AT_ONCE = 200


class UmaStore:
    """The tables of `node.web.uma_records`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        holders: HolderStore,
        *,
        random: Callable[[int], bytes],
    ) -> None:
        self._connection = connection
        self._holders = holders
        self._random = random

    def make_id(self) -> str:
        """A name that says nothing: 32 hexadecimal digits."""
        return self._random(_ID_BYTES).hex()

    def list_own(self, holder: bytes) -> list[StoredResource]:
        """What the node itself keeps of a person, one resource of each kind; made when first asked.

        Raises:
            RefusedError: There is no such person.
        """
        with transaction(self._connection):
            known = {item.kind for item in self.list_resources(holder, server=OWN_SERVER)}
            for kind in Resource:
                if kind not in known:
                    self._write_resource(
                        StoredResource(
                            id=self.make_id(),
                            holder=holder,
                            server=OWN_SERVER,
                            kind=kind,
                            scopes=tuple(Purpose),
                        )
                    )
            return self.list_resources(holder, server=OWN_SERVER)

    def register(self, holder: bytes, server: str, described: Description) -> str:
        """Put a resource of a person at a server under protection; its id.

        Raises:
            UnavailableError: The person has too many.
        """
        with transaction(self._connection):
            if len(self.list_resources(holder)) >= RESOURCES_PER_HOLDER_MAX:
                raise UnavailableError("this person has too many resources: delete one first")
            resource = _describe(self.make_id(), holder, server, described)
            self._write_resource(resource)
        return resource.id

    def update(self, known: StoredResource, described: Description) -> None:
        """Replace a resource's description; its id stays."""
        with transaction(self._connection):
            self.delete_resource(known)
            self._write_resource(_describe(known.id, known.holder, known.server, described))

    def delete_resource(self, known: StoredResource) -> None:
        """Forget a resource; tokens open it no longer."""
        self._connection.execute("DELETE FROM uma_resources WHERE id = ?", (known.id,))

    def find_resource(self, resource_id: str) -> StoredResource | None:
        """The resource of an id."""
        row = self._find("SELECT * FROM uma_resources WHERE id = ?", resource_id)
        return None if row is None else self._read_resource(row)

    def find_resources(self, ids: Iterable[str], *, server: str) -> Mapping[str, StoredResource]:
        """Those resources of a server that exist, by id."""
        found = (self.find_resource(item) for item in ids)
        return {item.id: item for item in found if item is not None and item.server == server}

    def list_resources(self, holder: bytes, *, server: str | None = None) -> list[StoredResource]:
        """A person's resources, at one server or at all, by id."""
        rows = self._connection.execute(
            "SELECT * FROM uma_resources WHERE holder = ? ORDER BY id", (holder,)
        )
        found = [self._read_resource(row) for row in rows]
        return [item for item in found if server is None or item.server == server]

    def put_ticket(self, secret: str, ticket: Ticket, *, now_s: int) -> None:
        """Keep a ticket that is handed out.

        Raises:
            UnavailableError: There are too many.
        """
        with forgetful(self._connection), transaction(self._connection):
            self._forget("uma_tickets", before_s=now_s)
            self._check_room("uma_tickets", TICKETS_MAX)
            self._connection.execute(
                "INSERT INTO uma_tickets VALUES (?, ?, ?)",
                (hash_secret(secret), ticket.encode(), ticket.expires_at_s),
            )

    def take_ticket(self, secret: str) -> Ticket | None:
        """Use a ticket up; None if it is unknown, or was used before."""
        with forgetful(self._connection):
            row = self._find(
                "DELETE FROM uma_tickets WHERE id = ? RETURNING ticket",
                hash_secret(secret[:TICKET_CHARACTERS_MAX]),
            )
        return None if row is None else Ticket.decode(bytes(row["ticket"]))

    def find_request(
        self, party: RequestingParty, ticket: Ticket, *, now_s: int
    ) -> StoredRequest | None:
        """The same request, if it was made before and is not over."""
        row = self._find(
            "SELECT * FROM uma_requests WHERE party = ? AND asked = ? AND expires_at_s > ?",
            hash_party(party),
            hash_asked(ticket.client_id, ticket.permissions),
            now_s,
        )
        return None if row is None else self._read_request(row)

    def put_request(
        self, holder: bytes | None, party: RequestingParty, ticket: Ticket, *, now_s: int
    ) -> str:
        """Keep a request until the person answers, or a fortnight has passed; its id.

        Args:
            holder: Who is asked; None if what is asked for is nobody's.
            party: Who asks.
            ticket: For what, and by which client.
            now_s: Unix seconds.

        Raises:
            UnavailableError: This party, or everybody together, has too many waiting.
        """
        key = (hash_party(party), hash_asked(ticket.client_id, ticket.permissions))
        self._forget("uma_requests", before_s=now_s)
        self._connection.execute("DELETE FROM uma_requests WHERE party = ? AND asked = ?", key)
        self._check_room("uma_requests", REQUESTS_MAX)
        waiting = self._find(
            "SELECT COUNT(*) FROM uma_requests WHERE party = ? AND NOT is_refused", key[0]
        )
        if waiting is not None and waiting[0] >= REQUESTS_PER_PARTY_MAX:
            raise UnavailableError("you have asked for too much already: wait for the answers")
        sealed = None
        if holder is not None:
            content = {
                **_render_party(party),
                "client_id": ticket.client_id,
                "permissions": msgspec.to_builtins(ticket.permissions),
            }
            sealed = self._holders.seal_for(holder, canonicalize(content), purpose=_REQUEST)
        request_id = self.make_id()
        self._connection.execute(
            "INSERT INTO uma_requests VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            (request_id, holder, *key, sealed, now_s, now_s + REQUEST_S),
        )
        return request_id

    def get_request(self, request_id: str, *, now_s: int) -> StoredRequest | None:
        """A request that is not over."""
        row = self._find(
            "SELECT * FROM uma_requests WHERE id = ? AND expires_at_s > ?", request_id, now_s
        )
        return None if row is None else self._read_request(row)

    def list_requests(self, holder: bytes, *, now_s: int) -> list[StoredRequest]:
        """What waits for a person's answer, oldest first; so many as they are shown."""
        rows = self._connection.execute(
            "SELECT * FROM uma_requests WHERE holder = ? AND expires_at_s > ? AND NOT is_refused"
            " ORDER BY created_at_s, id LIMIT ?",
            (holder, now_s, REQUESTS_PER_HOLDER_MAX),
        )
        return [self._read_request(row) for row in rows]

    def list_kept_requests(self, holder: bytes, *, limit: int) -> list[StoredRequest]:
        """All that is kept of what others asked a person for, oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM uma_requests WHERE holder = ? ORDER BY created_at_s, id LIMIT ?",
            (holder, limit),
        )
        return [self._read_request(row) for row in rows]

    def refuse_request(self, request_id: str, *, now_s: int) -> None:
        """Note that the person refused: the same request is denied for a fortnight from now."""
        self._connection.execute(
            "UPDATE uma_requests SET is_refused = 1, expires_at_s = ? WHERE id = ?",
            (now_s + REQUEST_S, request_id),
        )

    def delete_request(self, request_id: str) -> None:
        """Forget a request that was answered by a token."""
        self._connection.execute("DELETE FROM uma_requests WHERE id = ?", (request_id,))

    def put_token(
        self,
        token: RequestingToken,
        *,
        holder: bytes,
        server: str,
        party: RequestingParty,
    ) -> None:
        """Remember to whom a token was given.

        Raises:
            UnavailableError: The client has too many for this person, or everybody together.
        """
        live = self._find(
            "SELECT COUNT(*) FROM uma_tokens WHERE holder = ? AND client_id = ?"
            " AND expires_at_s > ? AND NOT is_ended",
            holder,
            token.client_id,
            token.iat_s,
        )
        if live is not None and live[0] >= RPTS_PER_CLIENT_MAX:
            raise UnavailableError("this application has many tokens for this: use those")
        self._forget("uma_tokens", before_s=token.iat_s - RPT_REMEMBERED_S)
        self._check_room("uma_tokens", RPTS_MAX)
        sealed = self._holders.seal_for(holder, canonicalize(_render_party(party)), purpose=_TOKEN)
        self._connection.execute(
            "INSERT INTO uma_tokens VALUES (?, ?, ?, ?, ?, ?, 0)",
            (token.id, holder, server, token.client_id, sealed, token.exp_s),
        )

    def get_token(self, token_id: str) -> StoredToken | None:
        """What is known of a token."""
        row = self._find("SELECT * FROM uma_tokens WHERE id = ?", token_id)
        if row is None:
            return None
        holder = bytes(row["holder"])
        return StoredToken(
            id=row["id"],
            holder=holder,
            server=row["server"],
            client_id=row["client_id"],
            party=_read_party(self._open(holder, row, _TOKEN)),
            is_ended=bool(row["is_ended"]),
        )

    def end_token(self, token_id: str) -> None:
        """End a token before its time."""
        self._connection.execute("UPDATE uma_tokens SET is_ended = 1 WHERE id = ?", (token_id,))

    def _write_resource(self, resource: StoredResource) -> None:
        content = {"name": resource.name, "description": resource.description}
        sealed = self._holders.seal_for(resource.holder, canonicalize(content), purpose=_RESOURCE)
        self._connection.execute(
            "INSERT INTO uma_resources VALUES (?, ?, ?, ?, ?, ?)",
            (
                resource.id,
                resource.holder,
                resource.server,
                resource.kind.value,
                " ".join(resource.scopes),
                sealed,
            ),
        )

    def _read_resource(self, row: sqlite3.Row) -> StoredResource:
        holder = bytes(row["holder"])
        content = self._open(holder, row, _RESOURCE)
        return StoredResource(
            id=row["id"],
            holder=holder,
            server=row["server"],
            kind=Resource(row["kind"]),
            scopes=tuple(Purpose(item) for item in row["scopes"].split(" ")),
            name=content["name"],
            description=content["description"],
        )

    def _read_request(self, row: sqlite3.Row) -> StoredRequest:
        request = StoredRequest(
            id=row["id"],
            holder=row["holder"],
            is_refused=bool(row["is_refused"]),
            created_at_s=row["created_at_s"],
            expires_at_s=row["expires_at_s"],
        )
        if request.holder is None:
            return request
        content = self._open(request.holder, row, _REQUEST)
        return StoredRequest(
            id=request.id,
            holder=request.holder,
            is_refused=request.is_refused,
            created_at_s=request.created_at_s,
            expires_at_s=request.expires_at_s,
            party=_read_party(content),
            client_id=content["client_id"],
            permissions=tuple(msgspec.convert(item, Permission) for item in content["permissions"]),
        )

    def _open(self, holder: bytes, row: sqlite3.Row, purpose: str) -> JsonObject:
        return parse_json_object(
            self._holders.open_for(holder, bytes(row["sealed"]), purpose=purpose)
        )

    def _find(self, statement: str, *values: object) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(statement, values).fetchone()
        return row

    def _forget(self, table: str, *, before_s: int) -> None:
        """Drop some of what is over: a little at a time, as fast as it can grow."""
        self._connection.execute(
            f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table}"  # noqa: S608 - ours
            " WHERE expires_at_s <= ? LIMIT ?)",
            (before_s, _FORGOTTEN_AT_ONCE),
        )

    def _check_room(self, table: str, items_max: int) -> None:
        count = self._connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608
        if count >= items_max:
            raise UnavailableError("too many at once: come back in a few minutes")


def _describe(
    resource_id: str, holder: bytes, server: str, described: Description
) -> StoredResource:
    return StoredResource(
        id=resource_id,
        holder=holder,
        server=server,
        kind=described.type,
        scopes=described.resource_scopes,
        name=described.name,
        description=described.description,
    )


def _render_party(party: RequestingParty) -> JsonObject:
    return {"did": party.did, "acts_for": party.acts_for}


def _read_party(content: JsonObject) -> RequestingParty:
    return RequestingParty(did=content["did"], acts_for=content["acts_for"])
