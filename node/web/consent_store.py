"""What people signed about their consent, and what happened since: the table of private.db.

Each entry of a person's history (`did.consent.chain`) lies sealed under their own key; a
signed statement is kept in the entry that it made and nowhere else. Erasing the key erases
the history. Never checks a signature: `node.web.consents` does.
"""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from config.did_limits import CONSENT_STATEMENTS_MAX
from config.errors import UnavailableError
from did.consent.chain import SALT_BYTES, Entry, EntryKind, append_entry
from did.consent.evaluation import Consents, compute_consents
from did.consent.policies import (
    ConsentClaims,
    ConsentError,
    Grant,
    Mandate,
    Revocation,
    read_stored_consent,
)
from did.jcs import JsonObject, canonicalize, parse_json_object
from node.web.database import transaction
from node.web.holders import HolderStore

CONSENT_SCHEMA = """
CREATE TABLE consent_entries (
    holder BLOB NOT NULL REFERENCES holders (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    seq INTEGER,
    sealed BLOB NOT NULL,
    PRIMARY KEY (holder, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX consent_entries_by_seq ON consent_entries (holder, seq)
    WHERE seq IS NOT NULL;
"""
_SEALING = "consent-entry/v1"
_RECORD_KEY = "record-key/v1"
_RECORD_KEY_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingConsents:
    """Where a person's consent stands."""

    seq: int
    """Number of their latest statement; 0 if there is none."""
    consents: Consents


class ConsentStore:
    """Histories of consent, one for each person."""

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

    def get_standing(self, holder_id: bytes) -> StandingConsents:
        """Fold a person's statements; none at all for who is erased or unknown.

        Raises:
            MisconfiguredError: The register's key is another, or the table was changed.
        """
        rows = self._connection.execute(
            "SELECT * FROM consent_entries WHERE holder = ? AND seq IS NOT NULL ORDER BY seq",
            (holder_id,),
        )
        claims = [read_stored_consent(str(self._open(row).content["statement"])) for row in rows]
        return StandingConsents(
            seq=claims[-1].seq if claims else 0, consents=compute_consents(claims)
        )

    def add_statement(
        self, holder_id: bytes, jws: str, claims: ConsentClaims, *, at_ms: int
    ) -> Entry:
        """Keep a checked statement as the next entry; it holds from here on.

        Args:
            holder_id: Whose consent it is.
            jws: As it was signed.
            claims: What it says.
            at_ms: Wall clock.

        Raises:
            ConsentError: Another statement came first.
            UnavailableError: There are too many; a revocation is always taken.
            RefusedError: There is no such person.
        """
        with transaction(self._connection):
            standing = self.get_standing(holder_id)
            if claims.seq != standing.seq + 1:
                raise ConsentError(
                    f"your next statement has the number {standing.seq + 1}: sign it anew"
                )
            if claims.seq > CONSENT_STATEMENTS_MAX and not isinstance(claims.act, Revocation):
                raise UnavailableError("there are too many statements: you can only revoke now")
            kind = _find_kind(claims, standing.consents)
            return self._append(holder_id, kind, {"statement": jws}, at_ms=at_ms, seq=claims.seq)

    def add_use(
        self, holder_id: bytes, content: JsonObject, *, at_ms: int, is_refused: bool = False
    ) -> Entry:
        """Note that something was used, or that its use was refused.

        Args:
            holder_id: Whose it is.
            content: Who, why, what, as of which height of the ledger.
            at_ms: Wall clock.
            is_refused: Whether the use was refused.

        Raises:
            RefusedError: There is no such person.
        """
        kind = EntryKind.REFUSAL if is_refused else EntryKind.USE
        with transaction(self._connection):
            return self._append(holder_id, kind, content, at_ms=at_ms, seq=None)

    def list_entries(self, holder_id: bytes, *, after: int = 0, limit: int = -1) -> list[Entry]:
        """A person's history, oldest first.

        Args:
            holder_id: Whose.
            after: Entries with greater numbers alone.
            limit: How many at most; all if negative.
        """
        rows = self._connection.execute(
            "SELECT * FROM consent_entries WHERE holder = ? AND number > ? ORDER BY number LIMIT ?",
            (holder_id, after, limit),
        )
        return [self._open(row) for row in rows]

    def get_latest(self, holder_id: bytes) -> Entry | None:
        """The latest entry of a history, whose head stands for all of it; None if it is empty."""
        row = self._connection.execute(
            "SELECT * FROM consent_entries WHERE holder = ? ORDER BY number DESC LIMIT 1",
            (holder_id,),
        ).fetchone()
        return None if row is None else self._open(row)

    def list_holders(self) -> list[bytes]:
        """Ids of all who have a history, in the order of their random bytes."""
        rows = self._connection.execute("SELECT DISTINCT holder FROM consent_entries ORDER BY 1")
        return [bytes(row["holder"]) for row in rows]

    def compute_record_key(self, holder_id: bytes) -> str:
        """What stands for a person in column `holder` of a file of records.

        It follows from the person's own key: it outlasts a change of the register's key, and
        nobody can lead it back to them once they are erased. 32 hexadecimal digits.

        Raises:
            RefusedError: There is no such person.
        """
        key = self._holders.derive_for(holder_id, purpose=_RECORD_KEY)
        return key[:_RECORD_KEY_BYTES].hex()

    def _append(
        self, holder_id: bytes, kind: EntryKind, content: JsonObject, *, at_ms: int, seq: int | None
    ) -> Entry:
        entry = append_entry(
            self.get_latest(holder_id),
            kind=kind,
            at_ms=at_ms,
            content=content,
            salt=self._random(SALT_BYTES),
        )
        sealed = self._holders.seal_for(
            holder_id, canonicalize(render_entry(entry)), purpose=_SEALING
        )
        self._connection.execute(
            "INSERT INTO consent_entries VALUES (?, ?, ?, ?)",
            (holder_id, entry.number, seq, sealed),
        )
        return entry

    def _open(self, row: sqlite3.Row) -> Entry:
        data = self._holders.open_for(bytes(row["holder"]), bytes(row["sealed"]), purpose=_SEALING)
        fields = parse_json_object(data)
        return Entry(
            number=fields["number"],
            kind=EntryKind(fields["kind"]),
            at_ms=fields["at_ms"],
            content=fields["content"],
            salt=bytes.fromhex(fields["salt"]),
            head=bytes.fromhex(fields["head"]),
        )


def render_entry(entry: Entry) -> JsonObject:
    """An entry as its person reads it: with its salt, so that they can check the history."""
    return {
        "number": entry.number,
        "kind": entry.kind.value,
        "at_ms": entry.at_ms,
        "content": entry.content,
        "salt": entry.salt.hex(),
        "head": entry.head.hex(),
    }


def render_standing(standing: StandingConsents, *, handles: Mapping[str, Mandate]) -> JsonObject:
    """What holds now, as wallets and applications read it.

    Args:
        standing: A person's.
        handles: Their mandates by the handles that stewards use.
    """
    consents = standing.consents
    return {
        "seq": standing.seq,
        "grants": [
            {**msgspec.to_builtins(live.grant), "mandate": live.mandate}
            for _, live in sorted(consents.grants.items())
        ],
        "mandates": [
            {**msgspec.to_builtins(item), "handle": handle}
            for handle, item in sorted(handles.items(), key=lambda pair: pair[1].id)
        ],
    }


def _find_kind(claims: ConsentClaims, before: Consents) -> EntryKind:
    act = claims.act
    if claims.mandate:
        return EntryKind.STEWARD_DECISION
    if isinstance(act, Mandate):
        return EntryKind.MANDATE
    if isinstance(act, Grant):
        return EntryKind.CHANGE if act.id in before.grants else EntryKind.GRANT
    return EntryKind.REVOCATION
