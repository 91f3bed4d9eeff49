"""Counting every closed vote of a cooperative once more.

From the list of its ballots, the roll at the opening and the bylaws that it names by their hash
alone; what the chain says of it, in three records and two lists, is compared with that.
"""

from collections.abc import Sequence
from itertools import pairwise

from governance.audit.electorates import Electorates
from governance.audit.findings import Place, expect
from governance.audit.lists import read_entries
from governance.audit.options import recount_options
from governance.body_view import BodyView
from governance.bylaws import Bylaws
from governance.counted_ballots import CountedEntry, counted_log
from governance.counting import compute_outcome
from governance.kinds import KINDS
from governance.logs import DECISIONS
from governance.member_acts import compute_subject
from governance.proposal_records import (
    BallotChoice,
    Choice,
    Decision,
    DecisionLeaf,
    Outcome,
    Proposal,
    Stage,
    compute_ballot_id,
)
from governance.state_keys import Collection, state_key


def list_decisions(view: BodyView) -> list[DecisionLeaf]:
    """The federation's list of decisions.

    Raises:
        AuditError: It is not the one whose root is in state.
    """
    place = Place(cooperative=b"", what="list", id="decisions")
    return read_entries(view, DECISIONS, place, DecisionLeaf)[0]


def list_proposals(view: BodyView, cooperative: bytes) -> list[Proposal]:
    """Every proposal before a cooperative, ascending by id."""
    prefix = state_key(cooperative, Collection.PROPOSAL, b"")
    return [Proposal.decode(data) for _, data in view.kv.scan(prefix)]


def recount_vote(
    view: BodyView,
    proposal: Proposal,
    electorates: Electorates,
    *,
    decisions: Sequence[DecisionLeaf],
) -> tuple[Outcome, int] | None:
    """Count a closed vote once more.

    Returns:
        Its outcome and how many ballots were counted; None if it has not closed.

    Raises:
        AuditError: The ledger says something else of it.
    """
    place = Place(cooperative=proposal.cooperative, what="proposal", id=proposal.id.hex())
    decision = view.get_decision(proposal.cooperative, proposal.id)
    if decision is None or proposal.stage is not Stage.CLOSED:
        is_closed = proposal.stage is Stage.CLOSED
        expect(place, "is_decided", expected=is_closed, found=decision is not None)
        return None
    bylaws = _check_terms(view, proposal, electorates, place=place)
    if proposal.call == 2:
        _check_first_call(view, proposal, electorates, bylaws=bylaws, place=place)
    entries, root = _read_ballots(view, proposal, electorates, call=proposal.call, place=place)
    choices = [entry.choice for entry in entries]
    outcome = _compute_outcome(proposal, choices, bylaws=bylaws, call=proposal.call, place=place)
    kind = KINDS[proposal.kind]
    if outcome is Outcome.NO_QUORUM and proposal.call == 1 and kind.has_second_call:
        second_bps = bylaws.get_quorum_bps(proposal.kind, call=2)
        is_called_again = second_bps < bylaws.get_quorum_bps(proposal.kind, call=1)
        expect(place, "call", expected=2 if is_called_again else 1, found=1)
    if kind.has_options and outcome is not Outcome.NO_QUORUM:
        outcome = Outcome.ACCEPTED  # what members marked decides, and no majority
    _compare_decision(proposal, decision, choices, outcome=outcome, root=root, place=place)
    _compare_leaf(proposal, decision, decisions, place=place)
    if kind.has_options:
        _compare_result(view, proposal, choices, outcome=outcome, bylaws=bylaws, place=place)
    return outcome, len(entries)


def _check_terms(
    view: BodyView, proposal: Proposal, electorates: Electorates, *, place: Place
) -> Bylaws:
    """By which bylaws, of which electorate, and on what it was voted."""
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    expect(place, "bylaws_hash", expected=bylaws.compute_hash(), found=proposal.bylaws_hash)
    quorum_bps = bylaws.get_quorum_bps(proposal.kind, call=proposal.call)
    expect(place, "quorum_bps", expected=quorum_bps, found=proposal.quorum_bps)
    share_bps = bylaws.get_yes_of_roll_bps(proposal.kind)
    expect(place, "yes_of_roll_bps", expected=share_bps, found=proposal.yes_of_roll_bps)
    act = view.get_act(proposal.cooperative, proposal.id)
    if act is not None:
        expect(place, "subject", expected=compute_subject(act), found=proposal.subject)
    height = proposal.roll_height
    count = len(electorates.list_members(height=height))
    expect(place, "electorate_count", expected=count, found=proposal.electorate_count)
    root = electorates.get_root(height=height)
    expect(place, "roll_root", expected=root, found=proposal.roll_root)
    return bylaws


def _check_first_call(
    view: BodyView, proposal: Proposal, electorates: Electorates, *, bylaws: Bylaws, place: Place
) -> None:
    """A second call comes only where too few answered the first."""
    entries, _ = _read_ballots(view, proposal, electorates, call=1, place=place)
    choices = [entry.choice for entry in entries]
    outcome = _compute_outcome(proposal, choices, bylaws=bylaws, call=1, place=place)
    expect(place, "first_call", expected=Outcome.NO_QUORUM, found=outcome)


def _read_ballots(
    view: BodyView, proposal: Proposal, electorates: Electorates, *, call: int, place: Place
) -> tuple[list[CountedEntry], bytes]:
    """The ballots of a call: each member's of the electorate at most one, as they cast it."""
    log = counted_log(proposal.cooperative, proposal.id, call=call)
    entries, root = read_entries(view, log, place, CountedEntry)
    ids = [entry.ballot_id for entry in entries]
    is_ascending = all(first < second for first, second in pairwise(ids))
    expect(place, "ballots_ascend", expected=True, found=is_ascending)
    members = electorates.list_members(height=proposal.roll_height)
    known = {
        compute_ballot_id(proposal_id=proposal.id, account=account): None for account in members
    }
    strangers = sum(1 for ballot_id in ids if ballot_id not in known)
    expect(place, "ballots_of_others", expected=0, found=strangers)
    if call == proposal.call:
        _compare_cast(view, proposal, entries, place=place)
    return entries, root


def _compare_cast(
    view: BodyView, proposal: Proposal, entries: Sequence[CountedEntry], *, place: Place
) -> None:
    """Ballots that have not left state yet are those that were counted."""
    counted = {entry.ballot_id: entry.choice for entry in entries}
    changed = sum(
        1
        for ballot_id, ballot in view.scan_ballots(proposal.cooperative, proposal_id=proposal.id)
        if counted.get(ballot_id) != ballot.choice
    )
    expect(place, "ballots_changed", expected=0, found=changed)


def _count(choices: Sequence[BallotChoice], choice: Choice) -> int:
    marked = choice is Choice.YES
    return sum(1 for one in choices if one == choice or (marked and isinstance(one, bytes)))


def _compute_outcome(
    proposal: Proposal,
    choices: Sequence[BallotChoice],
    *,
    bylaws: Bylaws,
    call: int,
    place: Place,
) -> Outcome:
    kind = KINDS[proposal.kind]
    for choice in choices:
        is_fit = isinstance(choice, bytes) == kind.has_options or choice is Choice.ABSTAIN
        expect(place, "choices_fit", expected=True, found=is_fit)
    most = max(len(choices), proposal.electorate_count)
    expect(place, "electorate_suffices", expected=most, found=max(1, proposal.electorate_count))
    return compute_outcome(
        yes_count=_count(choices, Choice.YES),
        no_count=_count(choices, Choice.NO),
        abstain_count=_count(choices, Choice.ABSTAIN),
        electorate_count=proposal.electorate_count,
        quorum_bps=bylaws.get_quorum_bps(proposal.kind, call=call),
        yes_of_roll_bps=bylaws.get_yes_of_roll_bps(proposal.kind),
        threshold=kind.threshold,
    )


def _compare_decision(
    proposal: Proposal,
    decision: Decision,
    choices: Sequence[BallotChoice],
    *,
    outcome: Outcome,
    root: bytes,
    place: Place,
) -> None:
    expected = {
        "ballots_root": root,
        "yes_count": _count(choices, Choice.YES),
        "no_count": _count(choices, Choice.NO),
        "abstain_count": _count(choices, Choice.ABSTAIN),
        "electorate_count": proposal.electorate_count,
        "quorum_bps": proposal.quorum_bps,
        "yes_of_roll_bps": proposal.yes_of_roll_bps,
        "call": proposal.call,
        "outcome": outcome,
    }
    for field, value in expected.items():
        expect(place, f"decision.{field}", expected=value, found=getattr(decision, field))


def _compare_leaf(
    proposal: Proposal,
    decision: Decision,
    decisions: Sequence[DecisionLeaf],
    *,
    place: Place,
) -> None:
    """What the federation's list says is what was decided."""
    is_there = decision.decision_index < len(decisions)
    expect(place, "decision_leaf.is_there", expected=True, found=is_there)
    leaf = decisions[decision.decision_index]
    expected = {
        "cooperative": proposal.cooperative,
        "proposal": proposal.id,
        "kind": proposal.kind,
        "subject": proposal.subject,
        "outcome": decision.outcome,
        "yes_count": decision.yes_count,
        "no_count": decision.no_count,
        "abstain_count": decision.abstain_count,
        "electorate_count": decision.electorate_count,
    }
    for field, value in expected.items():
        expect(place, f"decision_leaf.{field}", expected=value, found=getattr(leaf, field))


def _compare_result(
    view: BodyView,
    proposal: Proposal,
    choices: Sequence[BallotChoice],
    *,
    outcome: Outcome,
    bylaws: Bylaws,
    place: Place,
) -> None:
    found = view.get_count_result(proposal.cooperative, proposal.id)
    is_counted = outcome is Outcome.ACCEPTED
    expect(place, "count_result.is_there", expected=is_counted, found=found is not None)
    if found is None:
        return
    expected = recount_options(view, proposal, choices, bylaws=bylaws, place=place)
    for field in expected.__struct_fields__:
        expect(
            place,
            f"count_result.{field}",
            expected=getattr(expected, field),
            found=getattr(found, field),
        )
