"""What the authorization server remembers, in private.db.

Secrets that were handed out (codes, refresh tokens, session cookies) are kept as their hashes
only: a copied file logs nobody in. Holders are known by the cooperative's own id, never by
DID or name. Every table is bounded and forgets what is over. Never decides; `did.login` and
`node.web.login` do.
"""

import hmac
import sqlite3
from dataclasses import asdict

from config.errors import UnavailableError
from config.limits import (
    CLIENTS_MAX,
    GRANTS_PER_HOLDER_MAX,
    LOGIN_EVENTS_PER_HOLDER_MAX,
    LOGIN_KEYS_PER_HOLDER_MAX,
    LOGIN_REQUESTS_MAX,
)
from did.jcs import canonicalize, parse_json_object
from did.login.authorization import AuthorizationRequest
from did.login.clients import Client, parse_registration, render_registration
from node.web.database import forgetful, transaction
from node.web.login_records import (
    Grant,
    LoginEvent,
    LoginKey,
    LoginRequest,
    StoredCode,
    hash_secret,
    read_grant,
    read_request,
)

_FORGOTTEN_AT_ONCE = 200
_CODES_REMEMBERED_S = 3_600
"""How long after its end a code that comes twice still ends what it began."""


class LoginStore:
    """The login tables of private.db."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def put_client(self, client: Client, *, now_s: int) -> None:
        """Register an application, or change what is known of it.

        Raises:
            UnavailableError: There are too many.
        """
        with transaction(self.connection):
            self._check_room("login_clients", CLIENTS_MAX)
            self.connection.execute(
                "INSERT INTO login_clients VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET metadata = excluded.metadata",
                (client.id, canonicalize(render_registration(client)), now_s),
            )

    def get_client(self, client_id: str) -> Client | None:
        """A registered application."""
        row = self._find("SELECT metadata FROM login_clients WHERE id = ?", client_id)
        if row is None:
            return None
        return parse_registration(parse_json_object(bytes(row["metadata"])), client_id=client_id)

    def list_clients(self) -> list[Client]:
        """All registered applications, oldest first."""
        rows = self.connection.execute("SELECT * FROM login_clients ORDER BY created_at_s, id")
        return [
            parse_registration(parse_json_object(bytes(row["metadata"])), client_id=row["id"])
            for row in rows
        ]

    def delete_client(self, client_id: str, *, now_s: int) -> bool:
        """Forget an application and end what it was granted; whether there was one."""
        with transaction(self.connection):
            self.connection.execute(
                "UPDATE login_grants SET ended_at_s = ? WHERE client_id = ? AND ended_at_s IS NULL",
                (now_s, client_id),
            )
            return self._change("DELETE FROM login_clients WHERE id = ?", client_id)

    def put_request(
        self, request: AuthorizationRequest, *, secret: str, nonce: str, now_s: int, lifetime_s: int
    ) -> None:
        """Keep a pushed request under its secret name.

        Raises:
            UnavailableError: Too many logins are under way.
        """
        with forgetful(self.connection), transaction(self.connection):
            self._forget("login_requests", now_s=now_s)
            self._check_room("login_requests", LOGIN_REQUESTS_MAX)
            self.connection.execute(
                "INSERT INTO login_requests (id, request, expires_at_s, nonce) VALUES (?, ?, ?, ?)",
                (hash_secret(secret), request.encode(), now_s + lifetime_s, nonce),
            )

    def begin_request(self, secret: str, *, session: str, ticket: str) -> bool:
        """Bind a pushed request to the browser that opens it; False if one did already."""
        return self._change_lightly(
            "UPDATE login_requests SET session = ?, ticket = ? WHERE id = ? AND session IS NULL",
            hash_secret(session),
            hash_secret(ticket),
            hash_secret(secret),
        )

    def find_request(
        self, *, now_s: int, secret: str = "", session: str = "", ticket: str = ""
    ) -> LoginRequest | None:
        """A login under way, by the one secret that is given."""
        name, value = next(
            (name, value)
            for name, value in (("id", secret), ("session", session), ("ticket", ticket))
            if value or name == "ticket"
        )
        row = self._find(
            f"SELECT * FROM login_requests WHERE {name} = ? AND expires_at_s > ?",  # noqa: S608 - ours
            hash_secret(value),
            now_s,
        )
        return None if row is None else read_request(row)

    def prove_request(
        self,
        request_id: bytes,
        *,
        holder: bytes,
        method: str,
        response_code: str,
        proof: bytes,
    ) -> bool:
        """Record who proved to be here; False if somebody did before."""
        return self._change_lightly(
            "UPDATE login_requests SET holder = ?, method = ?, response_code = ?, proof = ?"
            " WHERE id = ? AND holder IS NULL AND session IS NOT NULL",
            holder,
            method,
            hash_secret(response_code),
            proof,
            request_id,
        )

    def confirm_request(self, request_id: bytes, *, response_code: str) -> bool:
        """Bring proof and browser together; False if the code is wrong or was used."""
        return self._change_lightly(
            "UPDATE login_requests SET response_code = NULL WHERE id = ? AND response_code = ?",
            request_id,
            hash_secret(response_code),
        )

    def count_try(self, request_id: bytes) -> None:
        """Count a wrong response code."""
        self._change_lightly("UPDATE login_requests SET tries = tries + 1 WHERE id = ?", request_id)

    def end_request(self, request_id: bytes) -> bool:
        """A login is over; False if it was already."""
        return self._change("DELETE FROM login_requests WHERE id = ?", request_id)

    def put_grant(self, grant: Grant, *, now_s: int) -> None:
        """Keep what a holder allowed; the oldest of too many ends."""
        with transaction(self.connection):
            self._forget("login_grants", now_s=now_s)
            values = asdict(grant)
            self.connection.execute(
                f"INSERT INTO login_grants ({', '.join(values)})"  # noqa: S608 - our own names
                f" VALUES ({', '.join('?' * len(values))})",
                tuple(values.values()),
            )
            self.connection.execute(
                "DELETE FROM login_grants WHERE holder = ? AND id NOT IN (SELECT id FROM"
                " login_grants WHERE holder = ? ORDER BY created_at_s DESC, rowid DESC LIMIT ?)",
                (grant.holder, grant.holder, GRANTS_PER_HOLDER_MAX),
            )

    def get_grant(self, grant_id: bytes) -> Grant | None:
        """A grant, over or not."""
        row = self._find("SELECT * FROM login_grants WHERE id = ?", grant_id)
        return None if row is None else read_grant(row)

    def list_grants(self, holder: bytes, *, now_s: int) -> list[Grant]:
        """What a holder's applications may do now, newest first."""
        rows = self.connection.execute(
            "SELECT * FROM login_grants WHERE holder = ? AND ended_at_s IS NULL"
            " AND expires_at_s > ? ORDER BY created_at_s DESC, id",
            (holder, now_s),
        )
        return [read_grant(row) for row in rows]

    def bind_grant(self, grant_id: bytes, *, jkt: str) -> None:
        """Bind a grant to the key that redeemed its code."""
        self._change("UPDATE login_grants SET jkt = ? WHERE id = ? AND jkt = ''", jkt, grant_id)

    def end_grant(self, grant_id: bytes, *, now_s: int) -> None:
        """End a grant and every token under it."""
        self._change(
            "UPDATE login_grants SET ended_at_s = ? WHERE id = ? AND ended_at_s IS NULL",
            now_s,
            grant_id,
        )

    def end_grants_of(self, holder: bytes, *, before_s: int, now_s: int) -> bool:
        """End every grant of a holder that is older than a moment; whether one was live."""
        return self._change(
            "UPDATE login_grants SET ended_at_s = ?"
            " WHERE holder = ? AND ended_at_s IS NULL AND created_at_s < ?",
            now_s,
            holder,
            before_s,
        )

    def rotate_refresh(self, grant_id: bytes, *, old: str | None, new: str, until_s: int) -> bool:
        """Let one refresh token take another's place; False if the other is not good."""
        return self._change(
            "UPDATE login_grants SET refresh = ?, refresh_until_s = ?"
            " WHERE id = ? AND refresh IS ? AND ended_at_s IS NULL",
            hash_secret(new),
            until_s,
            grant_id,
            None if old is None else hash_secret(old),
        )

    def is_refresh(self, grant: Grant, token: str) -> bool:
        """Whether a token is the grant's refresh token that is good now."""
        return grant.refresh is not None and hmac.compare_digest(grant.refresh, hash_secret(token))

    def put_code(
        self,
        code: str,
        *,
        grant_id: bytes,
        request: AuthorizationRequest,
        expires_at_s: int,
        now_s: int,
    ) -> None:
        """Keep a code that is handed out."""
        self._forget("login_codes", now_s=now_s - _CODES_REMEMBERED_S)
        self.connection.execute(
            "INSERT INTO login_codes VALUES (?, ?, ?, ?, 0)",
            (hash_secret(code), grant_id, request.encode(), expires_at_s),
        )

    def find_code(self, code: str) -> StoredCode | None:
        """A code, used or not, with its grant."""
        row = self._find("SELECT * FROM login_codes WHERE id = ?", hash_secret(code))
        if row is None or (grant := self.get_grant(bytes(row["grant_id"]))) is None:
            return None
        return StoredCode(
            id=bytes(row["id"]),
            grant=grant,
            request=AuthorizationRequest.decode(bytes(row["request"])),
            expires_at_s=row["expires_at_s"],
            is_used=bool(row["is_used"]),
        )

    def use_code(self, code_id: bytes) -> bool:
        """Use a code up; False if it was before."""
        return self._change(
            "UPDATE login_codes SET is_used = 1 WHERE id = ? AND is_used = 0", code_id
        )

    def put_key(self, holder: bytes, *, thumbprint: str, proof: bytes | None, now_s: int) -> bool:
        """Keep that a holder's credential is bound to a key; False if it is somebody else's.

        The oldest of too many are forgotten.
        """
        with transaction(self.connection):
            self.connection.execute(
                "INSERT INTO login_keys VALUES (?, ?, ?, ?) ON CONFLICT (thumbprint) DO UPDATE"
                " SET proof = excluded.proof WHERE holder = excluded.holder",
                (thumbprint, holder, now_s, proof),
            )
            self.connection.execute(
                "DELETE FROM login_keys WHERE holder = ? AND thumbprint NOT IN (SELECT thumbprint"
                " FROM login_keys WHERE holder = ? ORDER BY rowid DESC LIMIT ?)",
                (holder, holder, LOGIN_KEYS_PER_HOLDER_MAX),
            )
            found = self.find_key(thumbprint)
            return found is not None and found.holder == holder

    def find_key(self, thumbprint: str) -> LoginKey | None:
        """Whose credential is bound to a key."""
        row = self._find("SELECT holder, proof FROM login_keys WHERE thumbprint = ?", thumbprint)
        return None if row is None else LoginKey(holder=bytes(row["holder"]), proof=row["proof"])

    def put_event(self, holder: bytes, event: LoginEvent) -> None:
        """Write into a holder's audit trail; the oldest of too many are dropped."""
        with transaction(self.connection):
            self.connection.execute(
                "INSERT INTO login_events (holder, at_s, what, client_id, detail)"
                " VALUES (?, ?, ?, ?, ?)",
                (holder, event.at_s, event.what, event.client_id, event.detail),
            )
            self.connection.execute(
                "DELETE FROM login_events WHERE holder = ? AND id <= (SELECT id FROM login_events"
                " WHERE holder = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
                (holder, holder, LOGIN_EVENTS_PER_HOLDER_MAX),
            )

    def list_events(self, holder: bytes) -> list[LoginEvent]:
        """A holder's audit trail, newest first."""
        rows = self.connection.execute(
            "SELECT * FROM login_events WHERE holder = ? ORDER BY id DESC", (holder,)
        )
        return [
            LoginEvent(
                at_s=row["at_s"], what=row["what"], client_id=row["client_id"], detail=row["detail"]
            )
            for row in rows
        ]

    def _find(self, statement: str, *values: object) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.connection.execute(statement, values).fetchone()
        return row

    def _change(self, statement: str, *values: object) -> bool:
        return self.connection.execute(statement, values).rowcount > 0

    def _change_lightly(self, statement: str, *values: object) -> bool:
        """A step of a login that is under way: after a loss of power it is begun again."""
        with forgetful(self.connection):
            return self._change(statement, *values)

    def _forget(self, table: str, *, now_s: int) -> None:
        """Drop some of what is over: a little at a time, as fast as it can grow."""
        self.connection.execute(
            f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table}"  # noqa: S608 - ours
            " WHERE expires_at_s <= ? LIMIT ?)",
            (now_s, _FORGOTTEN_AT_ONCE),
        )

    def _check_room(self, table: str, items_max: int) -> None:
        count = self.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608
        if count >= items_max:
            raise UnavailableError("too many at once: come back in a few minutes")
