"""The read model's table of insights: what each cooperative's members decided on which.

Whatever the events tell, and nothing else. Whether an insight is here, and what it says, is
`node.web.insight_store`'s matter.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from governance.events import Event, InsightReleased, InsightValidated, InsightWithdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedInsight:
    """What members of one cooperative decided on an insight: ids of proposals, or empty."""

    cooperative: bytes
    """Whose members; 32 bytes."""
    insight: bytes
    """Its digest; 32 bytes."""
    released_by: bytes = b""
    validated_by: bytes = b""
    withdrawn_by: bytes = b""
    """Takes back their release, or that they had found it valid."""


def apply_to_insights(connection: sqlite3.Connection, event: Event) -> None:
    """Note what an event says of an insight; other events change nothing here."""
    column = _COLUMNS.get(type(event))
    if column is not None:
        connection.execute(
            f"INSERT INTO insights (cooperative, insight, {column}) VALUES (?, ?, ?)"  # noqa: S608 - ours
            f" ON CONFLICT DO UPDATE SET {column} = excluded.{column}",
            (event.cooperative, event.insight, event.proposal),  # type: ignore[attr-defined]
        )


def put_insight(connection: sqlite3.Connection, item: ProjectedInsight) -> None:
    """Add what was decided on an insight as state has it; the same again changes nothing."""
    connection.execute("INSERT OR REPLACE INTO insights VALUES (?, ?, ?, ?, ?)", astuple(item))


def list_insights(
    connection: sqlite3.Connection, rest: str, values: Iterable[object]
) -> list[ProjectedInsight]:
    """What was decided on insights, by the rest of a query, which is never input."""
    rows = connection.execute(f"SELECT * FROM insights {rest}", tuple(values))  # noqa: S608 - ours
    return [ProjectedInsight(**dict(row)) for row in rows]


_COLUMNS: dict[type[Event], str] = {
    InsightReleased: "released_by",
    InsightValidated: "validated_by",
    InsightWithdrawn: "withdrawn_by",
}
