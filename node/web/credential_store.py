"""Which credentials were issued, and which of them hold no longer.

Lives in private.db. A credential is known by its id and its place in a status list, which is
drawn at random so that places tell nothing about order or number. Of its holder only the
ledger account is kept, so that leaving revokes; of a portability credential not even that.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from config.errors import RefusedError
from config.limits import STATUS_LIST_ENTRIES
from did.credentials.kinds import CredentialKind
from node.web.database import transaction

STATUS_LISTS_SCHEMA = """
CREATE TABLE issued_credentials (
    id BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    account BLOB,
    list INTEGER NOT NULL,
    place INTEGER NOT NULL,
    state TEXT NOT NULL,
    issued_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    changed_at_ms INTEGER NOT NULL,
    UNIQUE (list, place)
) STRICT;
CREATE INDEX issued_credentials_by_account ON issued_credentials (account);
"""
_ID_BYTES = 16
_FILLED_MAX = STATUS_LIST_ENTRIES // 2
"""Then the next list begins: a place is still found at random in two tries."""


class CredentialState(StrEnum):
    """Whether an issued credential holds."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCredential:
    """One credential as the issuer remembers it."""

    id: bytes
    """16 random bytes; as `urn:uuid:` in the credential."""
    kind: CredentialKind
    account: bytes | None
    list_number: int
    """Of its status list, from 1."""
    place: int
    """Index in that list."""
    state: CredentialState
    issued_at_ms: int
    expires_at_ms: int


class CredentialStore:
    """Issued credentials in private.db; several processes may use it at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(
        self,
        *,
        kind: CredentialKind,
        account: bytes | None,
        now_ms: int,
        expires_at_ms: int,
        random_bytes: Callable[[int], bytes],
        random_below: Callable[[int], int],
    ) -> IssuedCredential:
        """Remember a credential that is about to be issued, at a place of its own.

        Args:
            kind: Of the credential.
            account: The holder's on the ledger, 32 bytes; None: not to be known.
            now_ms: Wall clock.
            expires_at_ms: When it ends by itself.
            random_bytes: Source of secret bytes.
            random_below: Source of secret numbers below a bound.
        """
        with transaction(self._connection):
            number, place = self._draw_place(random_below)
            issued = IssuedCredential(
                id=random_bytes(_ID_BYTES),
                kind=kind,
                account=account,
                list_number=number,
                place=place,
                state=CredentialState.ACTIVE,
                issued_at_ms=now_ms,
                expires_at_ms=expires_at_ms,
            )
            self._connection.execute(
                "INSERT INTO issued_credentials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    issued.id,
                    kind,
                    account,
                    number,
                    place,
                    issued.state,
                    now_ms,
                    expires_at_ms,
                    now_ms,
                ),
            )
        return issued

    def get(self, credential_id: bytes) -> IssuedCredential | None:
        """One credential, if it was issued here."""
        row = self._connection.execute(
            "SELECT * FROM issued_credentials WHERE id = ?", (credential_id,)
        ).fetchone()
        return None if row is None else _read(row)

    def find_by_place(self, list_number: int, place: int) -> IssuedCredential | None:
        """The credential whose status a place of a list tells, if there is one."""
        row = self._connection.execute(
            "SELECT * FROM issued_credentials WHERE list = ? AND place = ?", (list_number, place)
        ).fetchone()
        return None if row is None else _read(row)

    def list_of_account(self, account: bytes) -> list[IssuedCredential]:
        """What was issued to a ledger account, oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM issued_credentials WHERE account = ? ORDER BY issued_at_ms, id",
            (account,),
        )
        return [_read(row) for row in rows]

    def set_state(self, credential_id: bytes, state: CredentialState, *, now_ms: int) -> None:
        """Suspend, take up again or revoke a credential; revoking is for good.

        Raises:
            RefusedError: There is no such credential, or it is revoked.
        """
        with transaction(self._connection):
            found = self.get(credential_id)
            if found is None:
                raise RefusedError("no such credential was issued here")
            if found.state is CredentialState.REVOKED and state is not CredentialState.REVOKED:
                raise RefusedError("a revoked credential stays revoked: issue another")
            self._connection.execute(
                "UPDATE issued_credentials SET state = ?, changed_at_ms = ? WHERE id = ?",
                (state, now_ms, credential_id),
            )

    def revoke_account(self, account: bytes, *, now_ms: int) -> int:
        """Revoke what was issued to a ledger account until now; how many held until now."""
        return self._connection.execute(
            "UPDATE issued_credentials SET state = ?, changed_at_ms = ?"
            " WHERE account = ? AND state != ? AND issued_at_ms <= ?",
            (CredentialState.REVOKED, now_ms, account, CredentialState.REVOKED, now_ms),
        ).rowcount

    def has_list(self, number: int) -> bool:
        """Whether a status list has any credential; the first one is there before any."""
        row = self._connection.execute(
            "SELECT 1 FROM issued_credentials WHERE list = ? LIMIT 1", (number,)
        ).fetchone()
        return number == 1 or row is not None

    def list_places(self, number: int, state: CredentialState) -> list[int]:
        """Places in a list whose credentials are in a state, ascending."""
        rows = self._connection.execute(
            "SELECT place FROM issued_credentials WHERE list = ? AND state = ? ORDER BY place",
            (number, state),
        )
        return [row["place"] for row in rows]

    def _draw_place(self, random_below: Callable[[int], int]) -> tuple[int, int]:
        """A free place in the newest list, or in the next one if that is full enough."""
        row = self._connection.execute(
            "SELECT list, COUNT(*) AS filled FROM issued_credentials"
            " GROUP BY list ORDER BY list DESC LIMIT 1"
        ).fetchone()
        number = 1 if row is None else row["list"] + (row["filled"] >= _FILLED_MAX)
        place = random_below(STATUS_LIST_ENTRIES)
        while self._is_taken(number, place):
            place = random_below(STATUS_LIST_ENTRIES)
        return number, place

    def _is_taken(self, number: int, place: int) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM issued_credentials WHERE list = ? AND place = ?", (number, place)
        ).fetchone()
        return row is not None


def _read(row: sqlite3.Row) -> IssuedCredential:
    return IssuedCredential(
        id=bytes(row["id"]),
        kind=CredentialKind(row["kind"]),
        account=None if row["account"] is None else bytes(row["account"]),
        list_number=row["list"],
        place=row["place"],
        state=CredentialState(row["state"]),
        issued_at_ms=row["issued_at_ms"],
        expires_at_ms=row["expires_at_ms"],
    )
