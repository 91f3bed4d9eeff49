"""Collecting what a period was like from state and its logs, key by key.

A reading asks for one key of state after another and is sent each value, empty where there is
none. So the same code serves a simulator that has the whole state and a command that asks a
running node (`read_from` is the former).
"""

from collections.abc import Generator
from typing import TypeAlias, TypeVar

from governance.body_records import WORKING_GROUPS, Body, BodyKind, BodyMotion
from governance.bylaws import compute_window_ms
from governance.charter import BODY_MOTION_S
from governance.duty_records import DutyEntry, DutyKind
from governance.election_records import BallotPaper, CountResult
from governance.logs import DECISIONS, Log, LogName, entry_key, frontier_key
from governance.member_acts import ElectBody, ProposedAct
from governance.merkle_log import Frontier
from governance.participation import ClosedVote, PeriodFacts, Stay
from governance.proposal_records import (
    Decision,
    DecisionLeaf,
    Outcome,
    Proposal,
    ProposalKind,
)
from governance.records import Parameters, Roll
from governance.state_keys import FEDERATION, Collection, state_key
from governance.view import KeyValue

T = TypeVar("T")
Reading: TypeAlias = Generator[bytes, bytes, T]
"""Asks for keys, is sent values, and returns what follows."""
_Elections: TypeAlias = list[tuple[int, BodyKind, tuple[bytes, ...]]]
"""When each closed, of which body, who won."""


def collect_facts(cooperative: bytes, *, start_ms: int, end_ms: int) -> Reading[PeriodFacts]:
    """Read what a period of a cooperative was like.

    Args:
        cooperative: Whose.
        start_ms: First millisecond of the period, in block time.
        end_ms: First millisecond after it.
    """
    parameters = Parameters.decode((yield state_key(FEDERATION, Collection.PARAMETERS, b"")))
    roll = Roll.decode((yield state_key(cooperative, Collection.ROLL, b"")))
    votes, elections = yield from _read_decisions(cooperative, start_ms=start_ms, end_ms=end_ms)
    bodies = yield from _read_bodies(cooperative)
    supporters = yield from _read_supporters(
        cooperative,
        start_ms=start_ms,
        end_ms=end_ms,
        window_ms=compute_window_ms(BODY_MOTION_S, time_scale=parameters.time_scale),
    )
    groups = [
        (body.kind, office)
        for body in bodies
        if body.kind in WORKING_GROUPS
        for office in body.offices
    ]
    return PeriodFacts(
        start_ms=start_ms,
        end_ms=end_ms,
        time_scale=parameters.time_scale,
        members_count=roll.active_count,
        votes=votes,
        proposals_count=(
            yield from _count_proposals(cooperative, start_ms=start_ms, end_ms=end_ms)
        ),
        group_seats_count=len(groups),
        group_supporting_count=sum(1 for seat in groups if seat in supporters),
        assemblies_ms=(yield from _read_assemblies(cooperative, start_ms=start_ms)),
        stays=_list_stays(bodies, elections, end_ms=end_ms),
        elected=tuple(
            office
            for closed_ms, _, winners in elections
            if start_ms <= closed_ms < end_ms
            for office in winners
        ),
    )


def read_from(kv: KeyValue, reading: Reading[T]) -> T:
    """Do a reading with a state that is at hand."""
    value = b""
    try:
        key = next(reading)
        while True:
            value = kv.get(key) or b""
            key = reading.send(value)
    except StopIteration as done:
        result: T = done.value
        return result


def _read_decisions(
    cooperative: bytes, *, start_ms: int, end_ms: int
) -> Reading[tuple[tuple[ClosedVote, ...], _Elections]]:
    """Votes that closed in the period, and all elections until its end."""
    votes: list[ClosedVote] = []
    elections: _Elections = []
    for index in range((yield from _read_size(DECISIONS))):
        leaf = DecisionLeaf.decode((yield entry_key(DECISIONS, index)))
        if leaf.cooperative != cooperative:
            continue
        key = state_key(cooperative, Collection.DECISION, leaf.proposal)
        closed_ms = Decision.decode((yield key)).closed_ms
        if closed_ms >= end_ms:
            continue
        if closed_ms >= start_ms:
            votes.append(
                ClosedVote(
                    closed_ms=closed_ms,
                    ballots_count=leaf.yes_count + leaf.no_count + leaf.abstain_count,
                    electorate_count=leaf.electorate_count,
                )
            )
        if leaf.kind is ProposalKind.ELECTION and leaf.outcome is Outcome.ACCEPTED:
            body, winners = yield from _read_winners(cooperative, leaf.proposal)
            elections.append((closed_ms, body, winners))
    return tuple(votes), elections


def _read_winners(
    cooperative: bytes, proposal: bytes
) -> Reading[tuple[BodyKind, tuple[bytes, ...]]]:
    act = ProposedAct.decode((yield state_key(cooperative, Collection.ACT, proposal))).act
    paper = BallotPaper.decode((yield state_key(cooperative, Collection.BALLOT_PAPER, proposal)))
    result = CountResult.decode((yield state_key(cooperative, Collection.COUNT_RESULT, proposal)))
    body = act.body if isinstance(act, ElectBody) else BodyKind.COMMITTEE
    return body, tuple(paper.options[winner] for winner in result.winners)


def _read_bodies(cooperative: bytes) -> Reading[list[Body]]:
    bodies = []
    for kind in BodyKind:
        data = yield state_key(cooperative, Collection.BODY, bytes([kind]))
        bodies.append(Body.decode(data) if data else Body(kind=kind))
    return bodies


def _read_supporters(
    cooperative: bytes, *, start_ms: int, end_ms: int, window_ms: int
) -> Reading[dict[tuple[BodyKind, bytes], None]]:
    """Who supported what their body was asked to do in the period; newest first."""
    log = Log(LogName.BODY_MOTIONS, namespace=cooperative)
    supporters: dict[tuple[BodyKind, bytes], None] = {}
    for index in reversed(range((yield from _read_size(log)))):
        motion_id = yield entry_key(log, index)
        key = state_key(cooperative, Collection.BODY_MOTION, motion_id)
        motion = BodyMotion.decode((yield key))
        proposed_ms = motion.lapses_at_ms - window_ms
        if proposed_ms < start_ms:
            break
        if proposed_ms < end_ms:
            supporters |= dict.fromkeys((motion.body, office) for office in motion.supporters)
    return supporters


def _count_proposals(cooperative: bytes, *, start_ms: int, end_ms: int) -> Reading[int]:
    """Proposals that members submitted in the period and that came to discussion."""
    log = Log(LogName.PROPOSALS, namespace=cooperative)
    count = 0
    for index in reversed(range((yield from _read_size(log)))):
        proposal_id = yield entry_key(log, index)
        key = state_key(cooperative, Collection.PROPOSAL, proposal_id)
        proposal = Proposal.decode((yield key))
        if proposal.submitted_ms < start_ms:
            break
        is_members = proposal.proposer != cooperative
        count += is_members and proposal.submitted_ms < end_ms
    return count


def _read_assemblies(cooperative: bytes, *, start_ms: int) -> Reading[tuple[int, ...]]:
    """When assemblies were recorded from the period's start on, and the one before."""
    log = Log(LogName.DUTIES, namespace=cooperative)
    times: list[int] = []
    for index in reversed(range((yield from _read_size(log)))):
        entry = DutyEntry.decode((yield entry_key(log, index)))
        if entry.kind is DutyKind.ASSEMBLY and entry.is_fulfilled:
            times.insert(0, entry.time_ms)
            if entry.time_ms < start_ms:
                break
    return tuple(times)


def _read_size(log: Log) -> Reading[int]:
    data = yield frontier_key(log)
    return Frontier.decode(data).size if data else 0


def _list_stays(bodies: list[Body], elections: _Elections, *, end_ms: int) -> tuple[Stay, ...]:
    first: dict[tuple[BodyKind, bytes], int] = {}
    for closed_ms, kind, winners in elections:
        for office in winners:
            first.setdefault((kind, office), closed_ms)
    return tuple(
        Stay(office=seat.office, since_ms=first.get((body.kind, seat.office), seat.since_ms))
        for body in bodies
        for seat in body.seats
        if seat.since_ms < end_ms
    )
