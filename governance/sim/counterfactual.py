"""What members would have decided without the bloc's discipline, or without sybils.

The rules' own functions decide that too: imagined ballots instead of cast ones.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from config.errors import InvariantError
from governance.body_view import BodyView
from governance.counting import compute_outcome
from governance.kinds import KINDS
from governance.proposal_records import Outcome
from governance.sim.motions import Motion, Votes
from governance.windows import has_second_call


def is_turned(view: BodyView, cooperative: bytes, motion: Motion, votes: Sequence[Votes]) -> bool:
    """Check if imagined ballots would have led to another decision than the one that was taken.

    Args:
        view: State.
        cooperative: Whose members decide.
        motion: Decided.
        votes: By call; where the first has the only ones, a second call adds none.
    """
    imagined = _decide(view, cooperative, motion, votes)
    return (imagined is Outcome.ACCEPTED) is not (motion.outcome is Outcome.ACCEPTED)


def _decide(view: BodyView, cooperative: bytes, motion: Motion, votes: Sequence[Votes]) -> Outcome:
    proposal = view.get_proposal(cooperative, motion.proposal)
    if proposal is None:
        raise InvariantError("a proposal that was decided is not there")
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    first_bps = bylaws.get_quorum_bps(proposal.kind)
    first = replace(proposal, call=1, quorum_bps=first_bps)
    calls = [first_bps]
    if has_second_call(view, first):
        calls.append(bylaws.get_quorum_bps(proposal.kind, call=2))
    outcome = Outcome.NO_QUORUM
    for call, quorum_bps in enumerate(calls):
        found = votes[min(call, len(votes) - 1)]
        if found.electorate == 0:
            return Outcome.NO_QUORUM
        outcome = compute_outcome(
            yes_count=found.yes,
            no_count=found.no,
            abstain_count=found.abstain,
            electorate_count=found.electorate,
            quorum_bps=quorum_bps,
            yes_of_roll_bps=proposal.yes_of_roll_bps,
            threshold=KINDS[proposal.kind].threshold,
        )
        if outcome is not Outcome.NO_QUORUM:
            return outcome
    return outcome
