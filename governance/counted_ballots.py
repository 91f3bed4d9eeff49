"""Ballots that were counted, as the log of their count keeps them for ever.

From it anybody proves that a ballot was counted, counts again, or fills a vacancy, also when
the ballots themselves have left state.
"""

from bisect import bisect_left
from dataclasses import dataclass

from did.codec import Record
from governance.fields import Hash
from governance.logs import Log, LogName, get_entry, get_frontier, prove_entry
from governance.proposal_records import BallotChoice, Proposal
from governance.view import StateView


class CountedEntry(Record, frozen=True, kw_only=True):
    """A ballot as its vote's log holds it."""

    ballot_id: Hash
    choice: BallotChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedProof:
    """That a ballot was counted; check it against `Decision.ballots_root`."""

    choice: BallotChoice
    index: int
    size: int
    """Ballots counted."""
    path: tuple[bytes, ...]


def list_counted(
    view: StateView, proposal: Proposal, *, start: int, count: int
) -> list[CountedEntry]:
    """Ballots as a vote's count read them, from a place on."""
    log = counted_log(proposal.cooperative, proposal.id, call=proposal.call)
    end = min(start + count, get_frontier(view, log).size)
    return [CountedEntry.decode(get_entry(view, log, place)) for place in range(start, end)]


def compute_ballot_leaf(*, ballot_id: bytes, choice: BallotChoice) -> bytes:
    """A ballot as `Decision.ballots_root` commits to it."""
    return CountedEntry(ballot_id=ballot_id, choice=choice).encode()


def prove_counted(
    view: StateView, cooperative: bytes, *, proposal_id: bytes, ballot_id: bytes
) -> CountedProof | None:
    """Prove that a ballot is among those that a closed vote counted; None if it is not."""
    decision = view.get_decision(cooperative, proposal_id)
    if decision is None:
        return None
    log = counted_log(cooperative, proposal_id, call=decision.call)
    size = get_frontier(view, log).size
    index = bisect_left(range(size), ballot_id, key=lambda place: _read_leaf(view, log, place)[0])
    if index == size:
        return None
    counted_id, choice = _read_leaf(view, log, index)
    proof = prove_entry(view, log, index=index, size=size)
    if counted_id != ballot_id or proof is None:
        return None
    return CountedProof(choice=choice, index=index, size=size, path=proof.path)


def counted_log(cooperative: bytes, proposal_id: bytes, *, call: int) -> Log:
    """The log of the ballots that a call's count has read, ascending by ballot id."""
    # Each call has a count of its own: a log only grows.
    name = LogName.BALLOTS if call == 1 else LogName.SECOND_BALLOTS
    return Log(name, namespace=cooperative, subject=proposal_id)


def _read_leaf(view: StateView, log: Log, place: int) -> tuple[bytes, BallotChoice]:
    counted = CountedEntry.decode(get_entry(view, log, place))
    return counted.ballot_id, counted.choice
