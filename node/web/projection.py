"""The read model: what the ledger's events add up to, for pages and API.

projection.db is disposable: it holds nothing that the chain does not, and a start with
another chain or schema builds it anew from the first block; where that is gone, from state and
the blocks since (`node.web.projection_start`). Nothing that it says is proof; whoever must be
able to check asks for a receipt. Never decides anything.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from config.errors import MisconfiguredError, UnavailableError
from governance.events import (
    BallotCast,
    Event,
    MembersAdmitted,
    MembersLeft,
)
from governance.federal_events import MembersImported
from node.web.database import open_database, transaction
from node.web.projection_insights import (
    ProjectedInsight,
    apply_to_insights,
    list_insights,
    put_insight,
)
from node.web.projection_proposals import (
    ProjectedProposal,
    apply_to_proposals,
    list_proposals,
    put_proposal,
)
from node.web.projection_schema import SCHEMA, VERSION
from node.web.projection_transactions import (
    ProjectedTransaction,
    TransactionFilter,
    list_transactions,
    put_transactions,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedMember:
    """An account on a cooperative's roll."""

    account: bytes
    cooperative: bytes
    joined_height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedBlock:
    """One block's part in the read model."""

    height: int
    time_ms: int
    app_hash: bytes
    """After this block."""
    events: tuple[Event, ...]
    transactions: tuple[ProjectedTransaction, ...] = ()


def read_projected_height(path: Path) -> int:
    """The latest block that a node has taken in, read beside it; nothing is written.

    Raises:
        UnavailableError: The node has not run yet, or is building its read model anew.
    """
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT height FROM chain").fetchone()
    except sqlite3.Error as error:
        raise UnavailableError(
            "the node's read model cannot be read: start the node, and try again in a while"
        ) from error
    if row is None:
        raise UnavailableError("the node has taken in no block yet: try again in a while")
    return int(row[0])


class Projection:
    """projection.db, open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path, *, genesis_hash: bytes) -> Self:
        """Open the read model of a chain, empty if the file cannot be used.

        Args:
            path: projection.db.
            genesis_hash: Of the chain's genesis file; another one's model is thrown away.
        """
        try:
            projection = cls(_open(path))
            if projection._is_of(genesis_hash):
                return projection
            projection.close()
        except (MisconfiguredError, sqlite3.DatabaseError):
            # Whatever is wrong with it, the chain can tell it all again.
            pass
        for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            name.unlink(missing_ok=True)
        projection = cls(_open(path))
        projection._connection.execute(
            "INSERT INTO chain VALUES (1, ?, 1, 0, 0, ?)", (genesis_hash, b"")
        )
        return projection

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    @property
    def height(self) -> int:
        """The last block that is part of the model; 0 before the first."""
        row = self._connection.execute("SELECT height FROM chain").fetchone()
        return int(row["height"])

    @property
    def begins_height(self) -> int:
        """First block that the model has read; what was before, it knows from state."""
        row = self._connection.execute("SELECT begins_height FROM chain").fetchone()
        return int(row["begins_height"])

    @property
    def app_hash(self) -> bytes:
        """State's root after that block."""
        row = self._connection.execute("SELECT app_hash FROM chain").fetchone()
        return bytes(row["app_hash"])

    @property
    def time_ms(self) -> int:
        """Header time of that block."""
        row = self._connection.execute("SELECT time_ms FROM chain").fetchone()
        return int(row["time_ms"])

    def apply_block(self, block: ProjectedBlock) -> None:
        """Add the block that follows; one that is part of the model already changes nothing."""
        with transaction(self._connection):
            if block.height <= self.height:
                return
            for event in block.events:
                self._apply(event, block)
            put_transactions(self._connection, block.transactions)
            self._connection.execute(
                "UPDATE chain SET height = ?, time_ms = ?, app_hash = ?",
                (block.height, block.time_ms, block.app_hash),
            )

    def begin_at(
        self,
        height: int,
        *,
        members: Iterable[ProjectedMember],
        proposals: Iterable[ProjectedProposal],
        insights: Iterable[ProjectedInsight],
    ) -> None:
        """Begin anew with what state says; blocks follow from a height on.

        Blocks that are part of this already do no harm: their events say the same again.

        Args:
            height: Of the first block that will follow.
            members: On all rolls.
            proposals: All that a discussion has begun about, before that block.
            insights: All that was decided on insights.
        """
        with transaction(self._connection):
            self._connection.execute("DELETE FROM members")
            self._connection.execute("DELETE FROM proposals")
            self._connection.execute("DELETE FROM insights")
            self._connection.execute("DELETE FROM ballots")
            self._connection.execute("DELETE FROM transactions")
            self._connection.executemany(
                "INSERT INTO members VALUES (?, ?, ?)",
                [(item.account, item.cooperative, item.joined_height) for item in members],
            )
            for proposal in proposals:
                put_proposal(self._connection, proposal)
            for insight in insights:
                put_insight(self._connection, insight)
            self._connection.execute(
                "UPDATE chain SET begins_height = ?, height = ?, time_ms = 0, app_hash = ?",
                (height, height - 1, b""),
            )

    def is_member(self, account: bytes) -> bool:
        """Whether an account is on a roll."""
        query = "SELECT 1 FROM members WHERE account = ?"
        return self._connection.execute(query, (account,)).fetchone() is not None

    def count_members(self) -> dict[bytes, int]:
        """Members of each cooperative that has any."""
        rows = self._connection.execute(
            "SELECT cooperative, COUNT(*) AS members FROM members GROUP BY cooperative"
        )
        return {bytes(row["cooperative"]): int(row["members"]) for row in rows}

    def find_proposal(self, proposal_id: bytes) -> ProjectedProposal | None:
        """One proposal."""
        found = list_proposals(self._connection, "WHERE id = ?", (proposal_id,))
        return found[0] if found else None

    def list_proposals(
        self, *, limit: int, cooperative: bytes | None = None, before: bytes | None = None
    ) -> list[ProjectedProposal]:
        """Proposals, newest first.

        Args:
            limit: How many at most.
            cooperative: Whose; None for the whole federation's.
            before: The last one of the page before; None for the first page.
        """
        return list_proposals(
            self._connection,
            "WHERE (:cooperative IS NULL OR cooperative = :cooperative) "
            "AND (:before IS NULL OR (submitted_height, id) < "
            "(SELECT submitted_height, id FROM proposals WHERE id = :before)) "
            "ORDER BY submitted_height DESC, id DESC LIMIT :limit",
            {"cooperative": cooperative, "before": before, "limit": limit},
        )

    def list_transactions(
        self, chosen: TransactionFilter, *, before: tuple[int, int] | None = None, limit: int
    ) -> list[ProjectedTransaction]:
        """Transactions, newest first; those of blocks before `begins_height` are not known."""
        return list_transactions(self._connection, chosen, before=before, limit=limit)

    def list_accounts(
        self, cooperative: bytes, *, after: bytes = b"", limit: int
    ) -> list[ProjectedMember]:
        """Accounts on a cooperative's roll, ascending by account.

        Args:
            cooperative: Whose.
            after: The last one of the page before; empty for the first page.
            limit: How many at most.
        """
        rows = self._connection.execute(
            "SELECT account, cooperative, joined_height FROM members "
            "WHERE cooperative = ? AND account > ? ORDER BY account LIMIT ?",
            (cooperative, after, limit),
        )
        return [ProjectedMember(**dict(row)) for row in rows]

    def is_text_named(self, text_hash: bytes, *, cooperative: bytes) -> bool:
        """Whether a proposal of a cooperative names a text."""
        query = "SELECT 1 FROM proposals WHERE cooperative = ? AND text_hash = ?"
        row = self._connection.execute(query, (cooperative, text_hash)).fetchone()
        return row is not None

    def list_released_insights(self, cooperative: bytes) -> list[ProjectedProposal]:
        """By which proposals a cooperative released what it has not withdrawn, in their order."""
        return list_proposals(
            self._connection,
            "WHERE id IN (SELECT released_by FROM insights WHERE cooperative = ? "
            "AND withdrawn_by = x'') ORDER BY decision_index",
            (cooperative,),
        )

    def list_withdrawn_insights(self) -> list[ProjectedInsight]:
        """What members of any cooperative took back."""
        return list_insights(self._connection, "WHERE withdrawn_by != x''", ())

    def list_validations(self, insight: bytes) -> list[ProjectedInsight]:
        """Which cooperatives' members find an insight valid, ascending by cooperative."""
        return list_insights(
            self._connection,
            "WHERE insight = ? AND validated_by != x'' AND withdrawn_by = x'' ORDER BY cooperative",
            (insight,),
        )

    def find_insight(self, cooperative: bytes, insight: bytes) -> ProjectedInsight:
        """What a cooperative's members decided on an insight so far."""
        found = list_insights(
            self._connection, "WHERE insight = ? AND cooperative = ?", (insight, cooperative)
        )
        return found[0] if found else ProjectedInsight(cooperative=cooperative, insight=insight)

    def count_decisions(self) -> int:
        """Size of the federation's decision log, as far as this model has come."""
        row = self._connection.execute("SELECT MAX(decision_index) FROM proposals").fetchone()
        return 0 if row[0] is None else int(row[0]) + 1

    def _is_of(self, genesis_hash: bytes) -> bool:
        row = self._connection.execute("SELECT genesis_hash FROM chain").fetchone()
        return row is not None and bytes(row["genesis_hash"]) == genesis_hash

    def _apply(self, event: Event, block: ProjectedBlock) -> None:
        match event:
            case MembersAdmitted() | MembersImported():
                self._connection.executemany(
                    "INSERT OR IGNORE INTO members VALUES (?, ?, ?)",
                    [(account, event.cooperative, block.height) for account in event.accounts],
                )
            case MembersLeft():
                self._connection.executemany(
                    "DELETE FROM members WHERE account = ?",
                    [(account,) for account in event.accounts],
                )
            case BallotCast():
                self._connection.execute(
                    "INSERT OR IGNORE INTO ballots VALUES (?, ?)",
                    (event.proposal, event.ballot),
                )
            case _:
                # What the genesis registers is read from the genesis itself.
                apply_to_proposals(
                    self._connection, event, height=block.height, time_ms=block.time_ms
                )
                apply_to_insights(self._connection, event)


def _open(path: Path) -> sqlite3.Connection:
    return open_database(path, schema=SCHEMA, version=VERSION, is_durable=False)
