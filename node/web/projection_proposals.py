"""The read model's table of proposals: where each stands, and what its vote came to.

Whatever its events tell, and nothing else; which of them follow on which is the rules' matter.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from governance.body_events import (
    NominationOpened,
    RecommendationOpened,
    RevealOpened,
    ReviewOpened,
)
from governance.events import (
    DiscussionOpened,
    Event,
    ProposalAmended,
    ProposalClosed,
    ProposalSubmitted,
    ProposalVoided,
    ProposalWithdrawn,
    SecondCallAnnounced,
    VotingOpened,
    WindowExtended,
)
from governance.proposal_records import Outcome, ProposalKind, Stage
from node.web.projection_schema import COMPUTED, SELECT_PROPOSALS


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedProposal:
    """A proposal as its events tell it; zero or None where its stage has not come."""

    id: bytes
    cooperative: bytes
    kind: ProposalKind
    proposer: bytes
    text_hash: bytes
    subject: bytes
    stage: Stage
    submitted_height: int
    submitted_ms: int
    review_ends_ms: int
    """When working groups' time to review ends or ended; 0 where none sits."""
    discussion_ends_ms: int
    recommendation_ends_ms: int
    """When the committee's time to recommend ends or ended; 0 where none sits."""
    nomination_ends_ms: int
    """Until when candidates come forward; 0 where there are none."""
    reveal_ends_ms: int
    """Until when candidates reveal their salts for lots; 0 where there are none."""
    reopens_ms: int
    """When the second call to vote comes or came; 0 without one."""
    closes_at_ms: int
    electorate_count: int
    quorum_bps: int
    yes_of_roll_bps: int
    """Share of the electorate that must say yes."""
    ballots_count: int
    """Distinct ballots: those counted, or those seen so far."""
    are_ballots_known: bool
    """Whether none was cast before the first block that this model has read."""
    outcome: Outcome | None
    yes_count: int
    no_count: int
    abstain_count: int
    decision_index: int | None
    closed_height: int | None
    closed_ms: int | None


def apply_to_proposals(
    connection: sqlite3.Connection, event: Event, *, height: int, time_ms: int
) -> None:
    """Note what an event says of a proposal; other events change nothing here.

    Args:
        connection: To projection.db, in a transaction.
        event: Of a block.
        height: That block's.
        time_ms: That block's header time.
    """
    if isinstance(event, ProposalSubmitted):
        _insert(connection, event, height=height, time_ms=time_ms)
    elif isinstance(event, WindowExtended):
        _extend(connection, event)
    elif type(event) in _CHANGES:
        stage, columns = _CHANGES[type(event)]
        values = {column: getattr(event, name) for column, name in columns.items()}
        if stage in _ENDED:
            values |= {"closed_height": height, "closed_ms": time_ms}
        _set(connection, event.proposal, {"stage": stage} | values)  # type: ignore[attr-defined]


def put_proposal(connection: sqlite3.Connection, proposal: ProjectedProposal) -> None:
    """Add a proposal as state has it."""
    names = [item.name for item in fields(ProjectedProposal) if item.name not in COMPUTED]
    _put(connection, "INSERT", {name: getattr(proposal, name) for name in names})


def list_proposals(
    connection: sqlite3.Connection, rest: str, values: Sequence[object] | Mapping[str, object]
) -> list[ProjectedProposal]:
    """Proposals by the rest of a query, which is never input."""
    rows = connection.execute(f"{SELECT_PROPOSALS} {rest}", values)
    return [_read(row) for row in rows]


_ENDED = (Stage.CLOSED, Stage.VOID, Stage.WITHDRAWN)
_CHANGES: dict[type[Event], tuple[Stage, dict[str, str]]] = {
    ProposalAmended: (Stage.SUBMITTED, {"text_hash": "text_hash"}),
    ReviewOpened: (Stage.REVIEW, {"review_ends_ms": "ends_ms"}),
    DiscussionOpened: (Stage.DISCUSSION, {"discussion_ends_ms": "ends_ms"}),
    RecommendationOpened: (Stage.RECOMMENDATION, {"recommendation_ends_ms": "ends_ms"}),
    NominationOpened: (Stage.NOMINATION, {"nomination_ends_ms": "ends_ms"}),
    SecondCallAnnounced: (Stage.SECOND_CALL, {"reopens_ms": "opens_ms"}),
    RevealOpened: (Stage.REVEAL, {"reveal_ends_ms": "ends_ms"}),
    VotingOpened: (
        Stage.VOTING,
        {
            name: name
            for name in ("closes_at_ms", "electorate_count", "quorum_bps", "yes_of_roll_bps")
        },
    ),
    ProposalClosed: (
        Stage.CLOSED,
        {
            name: name
            for name in (
                "outcome",
                "yes_count",
                "no_count",
                "abstain_count",
                "electorate_count",
                "quorum_bps",
                "yes_of_roll_bps",
                "decision_index",
            )
        },
    ),
    ProposalVoided: (Stage.VOID, {}),
    ProposalWithdrawn: (Stage.WITHDRAWN, {}),
}
"""Where a proposal stands after an event, and which of its fields the columns are set to."""
_SUBMITTED = ("cooperative", "kind", "proposer", "text_hash", "subject")


def _pick(event: Event, names: Iterable[str]) -> dict[str, object]:
    return {name: getattr(event, name) for name in names}


def _insert(
    connection: sqlite3.Connection, event: ProposalSubmitted, *, height: int, time_ms: int
) -> None:
    values = {"id": event.proposal, "stage": Stage.SUBMITTED, **_pick(event, _SUBMITTED)}
    values |= {"submitted_height": height, "submitted_ms": time_ms}
    _put(connection, "INSERT OR IGNORE", values)


def _extend(connection: sqlite3.Connection, event: WindowExtended) -> None:
    for stage, column in (
        (Stage.REVIEW, "review_ends_ms"),
        (Stage.DISCUSSION, "discussion_ends_ms"),
        (Stage.RECOMMENDATION, "recommendation_ends_ms"),
        (Stage.NOMINATION, "nomination_ends_ms"),
        (Stage.VOTING, "closes_at_ms"),
        (Stage.REVEAL, "reveal_ends_ms"),
    ):
        connection.execute(
            f"UPDATE proposals SET {column} = ? WHERE id = ? AND stage = ?",  # noqa: S608 - ours
            (event.ends_ms, event.proposal, int(stage)),
        )


def _put(connection: sqlite3.Connection, verb: str, values: Mapping[str, object]) -> None:
    columns, places = ", ".join(values), ", ".join("?" * len(values))
    connection.execute(
        f"{verb} INTO proposals ({columns}) VALUES ({places})",
        tuple(values.values()),
    )


def _set(connection: sqlite3.Connection, proposal: bytes, values: Mapping[str, object]) -> None:
    changes = ", ".join(f"{column} = ?" for column in values)
    connection.execute(
        f"UPDATE proposals SET {changes} WHERE id = ?",  # noqa: S608 - our own names
        (*values.values(), proposal),
    )


def _read(row: sqlite3.Row) -> ProjectedProposal:
    values = {item.name: row[item.name] for item in fields(ProjectedProposal)}
    outcome = values["outcome"]
    return ProjectedProposal(
        **values
        | {
            "kind": ProposalKind(values["kind"]),
            "stage": Stage(values["stage"]),
            "outcome": None if outcome is None else Outcome(outcome),
            "are_ballots_known": bool(values["are_ballots_known"]),
        }
    )
