"""The post: what this cooperative published, what partners sent, and who the partners are.

One log of activities and one cursor per partner, never a copy per recipient. What arrives is
kept byte for byte as received. Lives in private.db, because what was published cannot be
computed again. Sends and checks nothing.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from activitypub.delivery import Delivery, State
from node.web.database import transaction

MAILBOX_SCHEMA = """
CREATE TABLE activities (
    number INTEGER PRIMARY KEY,
    recipient TEXT,
    body BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE received (
    activity_id TEXT PRIMARY KEY,
    body BLOB NOT NULL,
    received_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE partners (
    did TEXT PRIMARY KEY,
    actor TEXT NOT NULL UNIQUE,
    inbox TEXT NOT NULL,
    outbox TEXT NOT NULL,
    following TEXT NOT NULL DEFAULT 'no',
    follow_number INTEGER NOT NULL DEFAULT 0,
    is_follower INTEGER NOT NULL DEFAULT 0,
    caught_up_number INTEGER NOT NULL DEFAULT 0,
    delivery_number INTEGER NOT NULL,
    delivery_state TEXT NOT NULL,
    delivery_attempts INTEGER NOT NULL DEFAULT 0,
    delivery_due_at_ms INTEGER NOT NULL DEFAULT 0,
    delivery_failing_since_ms INTEGER
) STRICT;
"""


class Following(StrEnum):
    """How far our Follow of a partner is."""

    NO = "no"
    ASKED = "asked"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedActivity:
    """One of our activities."""

    number: int
    """Its place in our log, from 1."""
    recipient: str | None
    """The one actor that it is for; None for followers and the public."""
    body: bytes
    """The JSON that is sent, signed as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """Another cooperative with whom post is exchanged."""

    did: str
    actor: str
    inbox: str
    outbox: str
    following: Following
    follow_number: int
    """Number of our Follow; 0 for none."""
    is_follower: bool
    caught_up_number: int
    """Up to which number of the partner's log catch-up has read."""
    delivery: Delivery
    """Where the partner stands in our log."""


class Mailbox:
    """The post's tables in private.db; the connection is the private store's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def append_activity(
        self, build: Callable[[int], bytes], *, recipient: str | None, now_ms: int
    ) -> int:
        """Add an activity to our log; its number.

        Args:
            build: Given the number, the activity's bytes; its URL contains the number.
            recipient: The one actor that it is for; None for followers and the public.
            now_ms: Wall clock.
        """
        with transaction(self._connection):
            return self._append(build, recipient=recipient, now_ms=now_ms)

    def retract(self, number: int) -> None:
        """Take an activity out of our log: it is served and delivered no more.

        Never the newest one, or its number would be given twice.
        """
        self._connection.execute("DELETE FROM activities WHERE number = ?", (number,))

    def get_activity(self, number: int) -> LoggedActivity | None:
        """One of our activities."""
        row = self._connection.execute(
            "SELECT * FROM activities WHERE number = ?", (number,)
        ).fetchone()
        return None if row is None else _read_activity(row)

    def list_activities(self, *, after: int, limit: int) -> list[LoggedActivity]:
        """Our activities with the next so many numbers, from old to new; some may be gone."""
        rows = self._connection.execute(
            "SELECT * FROM activities WHERE number > ? AND number <= ? ORDER BY number",
            (after, after + limit),
        )
        return [_read_activity(row) for row in rows]

    def count_activities(self) -> int:
        """The highest number in our log; 0 if it is empty."""
        row = self._connection.execute("SELECT MAX(number) FROM activities").fetchone()
        return int(row[0] or 0)

    def is_received(self, activity_id: str) -> bool:
        """Whether an activity with that id has been handled already."""
        query = "SELECT 1 FROM received WHERE activity_id = ?"
        return self._connection.execute(query, (activity_id,)).fetchone() is not None

    def put_received(self, activity_id: str, *, body: bytes, now_ms: int) -> None:
        """Keep an activity as it was received; once handled it never is again."""
        self._connection.execute(
            "INSERT OR IGNORE INTO received VALUES (?, ?, ?)", (activity_id, body, now_ms)
        )

    def put_partner(self, *, did: str, actor: str, inbox: str, outbox: str) -> Partner:
        """Keep where a partner is reached; a new one starts at the end of our log.

        What was published before somebody follows reaches them by catch-up, not by delivery.
        """
        with transaction(self._connection):
            self._connection.execute(
                "INSERT INTO partners (did, actor, inbox, outbox, delivery_number, delivery_state)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (did) DO UPDATE SET"
                " actor = excluded.actor, inbox = excluded.inbox, outbox = excluded.outbox",
                (did, actor, inbox, outbox, self.count_activities(), State.DELIVERED.value),
            )
        partner = self.find_partner(did)
        assert partner is not None  # noqa: S101 - it was just written
        return partner

    def find_partner(self, did: str) -> Partner | None:
        """The partner with a DID."""
        row = self._connection.execute("SELECT * FROM partners WHERE did = ?", (did,)).fetchone()
        return None if row is None else _read_partner(row)

    def list_partners(self) -> list[Partner]:
        """All partners, by DID."""
        rows = self._connection.execute("SELECT * FROM partners ORDER BY did")
        return [_read_partner(row) for row in rows]

    def ask_to_follow(self, partner: Partner, build: Callable[[int], bytes], *, now_ms: int) -> int:
        """Log our Follow of a partner; its number."""
        with transaction(self._connection):
            number = self._append(build, recipient=partner.actor, now_ms=now_ms)
            self._connection.execute(
                "UPDATE partners SET following = ?, follow_number = ? WHERE did = ?",
                (Following.ASKED, number, partner.did),
            )
        return number

    def set_following(self, did: str, following: Following) -> None:
        """Record how far our Follow of a partner is."""
        self._connection.execute(
            "UPDATE partners SET following = ? WHERE did = ?", (following, did)
        )

    def set_follower(self, did: str, *, is_follower: bool) -> None:
        """Record whether a partner follows us."""
        self._connection.execute(
            "UPDATE partners SET is_follower = ? WHERE did = ?", (int(is_follower), did)
        )

    def set_caught_up(self, did: str, number: int) -> None:
        """Record up to which number a partner's log was read."""
        self._connection.execute(
            "UPDATE partners SET caught_up_number = ? WHERE did = ?", (number, did)
        )

    def put_delivery(self, delivery: Delivery) -> None:
        """Record where a partner stands in our log."""
        self._connection.execute(
            "UPDATE partners SET delivery_number = ?, delivery_state = ?, delivery_attempts = ?,"
            " delivery_due_at_ms = ?, delivery_failing_since_ms = ? WHERE did = ?",
            (
                delivery.number,
                delivery.state.value,
                delivery.attempts,
                delivery.due_ms,
                delivery.failing_since_ms,
                delivery.partner,
            ),
        )

    def _append(self, build: Callable[[int], bytes], *, recipient: str | None, now_ms: int) -> int:
        number = self.count_activities() + 1
        self._connection.execute(
            "INSERT INTO activities VALUES (?, ?, ?, ?)",
            (number, recipient, build(number), now_ms),
        )
        return number


def _read_activity(row: sqlite3.Row) -> LoggedActivity:
    return LoggedActivity(number=row["number"], recipient=row["recipient"], body=bytes(row["body"]))


def _read_partner(row: sqlite3.Row) -> Partner:
    return Partner(
        did=row["did"],
        actor=row["actor"],
        inbox=row["inbox"],
        outbox=row["outbox"],
        following=Following(row["following"]),
        follow_number=row["follow_number"],
        is_follower=bool(row["is_follower"]),
        caught_up_number=row["caught_up_number"],
        delivery=Delivery(
            partner=row["did"],
            number=row["delivery_number"],
            state=State(row["delivery_state"]),
            attempts=row["delivery_attempts"],
            due_ms=row["delivery_due_at_ms"],
            failing_since_ms=row["delivery_failing_since_ms"],
        ),
    )
