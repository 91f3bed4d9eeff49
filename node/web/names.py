"""The names book: who the people are, apart from what they do.

A name opens to any one registrar, for the statutory inspection; the link from it to a holder
only to two together. Both are sealed to the registrars' own keys, which are in no process, so
the node can write here but not read. Each entry has keys of its own: without them it is gone.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from config.errors import MisconfiguredError, RefusedError
from did.jcs import canonicalize, parse_json_object
from did.sealing import (
    KEY_BYTES,
    SealError,
    compute_box_key,
    find_box_key,
    list_readers,
    open_as_one,
    open_first,
    seal,
    seal_to,
    seal_to_each,
    seal_to_two,
    unseal,
)
from did.verification_keys import KeyKind, parse_multikey
from node.web.database import transaction

NAMES_SCHEMA = """
CREATE TABLE registrars (
    public_key BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TABLE names (
    entry BLOB PRIMARY KEY,
    name_keys BLOB NOT NULL,
    name BLOB NOT NULL,
    contact_keys BLOB,
    contact BLOB,
    link BLOB,
    is_book INTEGER NOT NULL,
    ended_day INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE invitations (
    hash BLOB PRIMARY KEY,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
ENTRY_BYTES = 16
_READERS = {"name": "name_keys", "link": "link"}
"""The column whose boxes say to whom a part is sealed."""
_PLACE = b"rochdale/name/v1/"
_DAY_MS = 86_400_000
_DAYS_PER_YEAR = 366
"""A year that is never too short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is known of somebody who gets an entry."""

    name: str
    contact: str
    holder_id: bytes
    did: str
    since_day: int
    """Days since 1970 when membership, or the account, began."""
    is_book: bool
    """Whether the law wants the name kept for a term after membership has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """An entry as one registrar reads it."""

    entry: bytes
    """16 random bytes."""
    name: str
    since_day: int
    ended_day: int | None
    """When membership ended, or the person was erased."""
    is_book: bool


class NamesBook:
    """The names' tables of private.db."""

    def __init__(self, connection: sqlite3.Connection, *, random: Callable[[int], bytes]) -> None:
        self._connection = connection
        self._random = random

    def list_registrars(self) -> list[bytes]:
        """Public keys of the people to whom entries are sealed; empty until they are named."""
        rows = self._connection.execute("SELECT public_key FROM registrars ORDER BY public_key")
        return [bytes(row["public_key"]) for row in rows]

    def set_registrars(self, public_keys: Sequence[bytes]) -> None:
        """Name the registrars for entries from now on; earlier ones stay sealed as they are."""
        with transaction(self._connection):
            self._connection.execute("DELETE FROM registrars")
            self._connection.executemany(
                "INSERT INTO registrars VALUES (?)", [(key,) for key in sorted(set(public_keys))]
            )

    def put(self, person: Person) -> bytes:
        """Enter somebody; returns what they alone can open, empty if nothing can be sealed to them.

        Raises:
            MisconfiguredError: The cooperative has named no registrars.
        """
        registrars = self._get_registrars()
        entry = self._random(ENTRY_BYTES)
        self._connection.execute(
            "INSERT INTO names VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                entry,
                *self._seal_part(_render_name(person.name, person.since_day), entry, "name"),
                *self._seal_part(person.contact.encode(), entry, "contact"),
                seal_to_two(registrars, entry + person.holder_id),
                int(person.is_book),
            ),
        )
        return _seal_to_person(person.did, entry, name=person.name, contact=person.contact)

    def correct(
        self, entry: bytes, secret: bytes, *, did: str, name: str | None, contact: str | None
    ) -> bytes:
        """Give somebody another name or contact; returns what they alone can open, as `put`.

        Args:
            entry: Whose.
            secret: A registrar's, to whom the entry is sealed.
            did: To which the person's own copy is sealed.
            name: None to keep it.
            contact: None to keep it.

        Raises:
            RefusedError: There is no such entry, or the person was erased.
            MisconfiguredError: It is sealed to others, or was changed.
        """
        if not self.has(entry):
            raise RefusedError("this person was erased: only the name is kept, as it was")
        old = self._read(self._get(entry), secret)
        name = old.name if name is None else name
        contact = self.open_contact(entry, secret) if contact is None else contact
        self._rewrite(entry, name=name, since_day=old.since_day, contact=contact)
        return _seal_to_person(did, entry, name=name, contact=contact)

    def list_outdated(self, part: Literal["name", "link"], *, reader: bytes) -> list[bytes]:
        """Entries of which a part is sealed to other registrars than now, in a fixed order.

        Args:
            part: The name with the contact, or the link.
            reader: A registrar's public key; only what is sealed to it, perhaps together with
                another, is listed.
        """
        current, column = frozenset(self.list_registrars()), _READERS[part]
        rows = self._connection.execute(
            f"SELECT entry, {column} AS boxes FROM names"  # noqa: S608 - our own columns
            f" WHERE {column} IS NOT NULL ORDER BY entry"
        )
        return [
            bytes(row["entry"])
            for row in rows
            if (readers := list_readers(bytes(row["boxes"]))) != current and reader in readers
        ]

    def renew(self, entry: bytes, holder_id: bytes, secret: bytes) -> None:
        """Seal an entry that two registrars have just opened to those of now, if it is not yet.

        Args:
            entry: Which; with its link.
            holder_id: Where the link leads.
            secret: Of the second registrar.

        Raises:
            RefusedError: There is no such entry.
        """
        current, row, own = set(self.list_registrars()), self._get(entry), compute_box_key(secret)
        readers = list_readers(bytes(row["name_keys"]))
        if readers != current and own in readers:
            self.reseal_name(entry, secret)
        if row["link"] is not None and list_readers(bytes(row["link"])) != current:
            self.reseal_link(entry, holder_id)

    def count_outdated(self) -> int:
        """How many entries are, in either part, sealed to other registrars than now."""
        current = frozenset(self.list_registrars())
        rows = self._connection.execute("SELECT name_keys, link FROM names")
        return sum(
            any(part is not None and list_readers(bytes(part)) != current for part in row)
            for row in rows
        )

    def reseal_name(self, entry: bytes, secret: bytes) -> None:
        """Seal a name and contact under new keys, to the registrars of now.

        Raises:
            RefusedError: There is no such entry.
            MisconfiguredError: It is sealed to others, or was changed.
        """
        row = self._get(entry)
        old = self._read(row, secret)
        contact = None if row["contact_keys"] is None else self.open_contact(entry, secret)
        self._rewrite(entry, name=old.name, since_day=old.since_day, contact=contact)

    def reseal_link(self, entry: bytes, holder_id: bytes) -> None:
        """Seal a link that two registrars have opened, to those of now.

        Raises:
            MisconfiguredError: The cooperative has named no registrars.
        """
        link = seal_to_two(self._get_registrars(), entry + holder_id)
        self._connection.execute(
            "UPDATE names SET link = ? WHERE entry = ? AND link IS NOT NULL", (link, entry)
        )

    def list_names(self, secret: bytes) -> list[Name]:
        """All entries, by name, with one registrar's key.

        Raises:
            MisconfiguredError: An entry is sealed to others, or was changed.
        """
        rows = self._connection.execute("SELECT * FROM names")
        return sorted((self._read(row, secret) for row in rows), key=lambda item: item.name)

    def get_name(self, entry: bytes, secret: bytes) -> str:
        """An entry's name, with one registrar's key.

        Raises:
            RefusedError: There is no such entry.
            MisconfiguredError: It is sealed to others, or was changed.
        """
        return self._read(self._get(entry), secret).name

    def open_contact(self, entry: bytes, secret: bytes) -> str:
        """How to reach somebody; empty once erased.

        Raises:
            RefusedError: There is no such entry.
            MisconfiguredError: It is sealed to others, or was changed.
        """
        row = self._get(entry)
        if row["contact_keys"] is None:
            return ""
        return _open(row, secret, part="contact").decode()

    def open_link(self, entry: bytes, secret: bytes) -> bytes:
        """The first registrar's part of opening the link: boxes for a second one.

        Raises:
            RefusedError: There is no such entry, its link is gone, or it is sealed to others.
        """
        link = self._get(entry)["link"]
        if link is None:
            raise RefusedError("this person was erased: the link is gone, only the name is kept")
        return open_first(bytes(link), secret=secret)

    def complete_link(self, entry: bytes, boxes: bytes, secret: bytes) -> bytes:
        """The second registrar's part; the holder's id.

        Raises:
            RefusedError: The boxes are for others, or belong to another entry.
        """
        opened = open_as_one(boxes, secret=secret)
        if opened[:ENTRY_BYTES] != entry:
            raise RefusedError("this request opens another person than it says")
        return opened[ENTRY_BYTES:]

    def has(self, entry: bytes) -> bool:
        """Whether there is such an entry with a link."""
        row = self._connection.execute(
            "SELECT 1 FROM names WHERE entry = ? AND link IS NOT NULL", (entry,)
        ).fetchone()
        return row is not None

    def has_name(self, entry: bytes) -> bool:
        """Whether there is such an entry, with a link or without."""
        row = self._connection.execute("SELECT 1 FROM names WHERE entry = ?", (entry,)).fetchone()
        return row is not None

    def erase(self, entry: bytes, *, today: int) -> None:
        """Drop an entry; of a member's, the name and dates stay for the legal term."""
        self._connection.execute("DELETE FROM names WHERE entry = ? AND is_book = 0", (entry,))
        self._connection.execute(
            "UPDATE names SET contact_keys = NULL, contact = NULL, link = NULL,"
            " ended_day = COALESCE(ended_day, ?) WHERE entry = ?",
            (today, entry),
        )

    def end(self, entry: bytes, *, today: int) -> None:
        """Note that somebody's membership has ended; the legal term begins."""
        self._get(entry)
        self._connection.execute(
            "UPDATE names SET ended_day = COALESCE(ended_day, ?) WHERE entry = ?", (today, entry)
        )

    def purge(self, *, today: int, book_years: int) -> int:
        """Drop names whose legal term is over; how many."""
        return self._connection.execute(
            "DELETE FROM names WHERE ended_day <= ? AND link IS NULL",
            (today - book_years * _DAYS_PER_YEAR,),
        ).rowcount

    def list_entries(self) -> list[bytes]:
        """Ids of all entries."""
        return [bytes(row["entry"]) for row in self._connection.execute("SELECT entry FROM names")]

    def _get_registrars(self) -> list[bytes]:
        registrars = self.list_registrars()
        if not registrars:
            raise MisconfiguredError(
                "nobody may open the register yet: run `rochdale register registrars`"
            )
        return registrars

    def _rewrite(self, entry: bytes, *, name: str, since_day: int, contact: str | None) -> None:
        parts: tuple[bytes | None, bytes | None] = (None, None)
        if contact is not None:
            parts = self._seal_part(contact.encode(), entry, "contact")
        self._connection.execute(
            "UPDATE names SET name_keys = ?, name = ?, contact_keys = ?, contact = ?"
            " WHERE entry = ?",
            (*self._seal_part(_render_name(name, since_day), entry, "name"), *parts, entry),
        )

    def _get(self, entry: bytes) -> sqlite3.Row:
        row: sqlite3.Row | None = self._connection.execute(
            "SELECT * FROM names WHERE entry = ?", (entry,)
        ).fetchone()
        if row is None:
            raise RefusedError("there is no such entry in the register")
        return row

    def _seal_part(self, data: bytes, entry: bytes, part: str) -> tuple[bytes, bytes]:
        """A new key, sealed to each registrar, and what it opens."""
        key = self._random(KEY_BYTES)
        sealed = seal(data, key=key, place=_place(entry, part), random=self._random)
        return seal_to_each(self._get_registrars(), key), sealed

    def _read(self, row: sqlite3.Row, secret: bytes) -> Name:
        fields = parse_json_object(_open(row, secret, part="name"))
        return Name(
            entry=bytes(row["entry"]),
            name=fields["name"],
            since_day=fields["since_day"],
            ended_day=row["ended_day"],
            is_book=bool(row["is_book"]),
        )


def compute_day(time_ms: int) -> int:
    """Days since 1970."""
    return time_ms // _DAY_MS


def _open(row: sqlite3.Row, secret: bytes, *, part: str) -> bytes:
    try:
        key = open_as_one(bytes(row[f"{part}_keys"]), secret=secret)
        return unseal(bytes(row[part]), key=key, place=_place(bytes(row["entry"]), part))
    except (SealError, RefusedError) as error:
        raise MisconfiguredError(
            "an entry of the register does not open with the key of registrar"
            f" {compute_box_key(secret).hex()[:16]}: use that of one who was named when it was"
            " made, or put web/private.db back from your backup"
        ) from error


def _place(entry: bytes, part: str) -> bytes:
    return _PLACE + part.encode() + b"/" + entry


def _render_name(name: str, since_day: int) -> bytes:
    return canonicalize({"name": name, "since_day": since_day})


def _seal_to_person(did: str, entry: bytes, *, name: str, contact: str) -> bytes:
    """What their own wallet opens: did:key with Ed25519 can be sealed to."""
    multikey = did.removeprefix("did:key:")
    if multikey == did:
        return b""
    key = parse_multikey(multikey)
    if key.kind is not KeyKind.ED25519:
        return b""
    fields = {"entry": entry.hex(), "name": name, "contact": contact}
    return seal_to(find_box_key(key.public_key), canonicalize(fields))
