"""Whether a vote binds and what it decides.

Arithmetic only, in whole numbers: validators run this on the same block and must agree bit
for bit. It sees counts, never who voted.
"""

from config.errors import InvariantError
from governance.kinds import Threshold
from governance.proposal_records import Outcome

WHOLE_BPS = 10_000


def is_quorum_met(*, ballots_count: int, electorate_count: int, quorum_bps: int) -> bool:
    """Check if enough members voted for the outcome to bind.

    Args:
        ballots_count: Distinct voters, abstentions included.
        electorate_count: Members entitled when voting opened, >= 1.
        quorum_bps: Share required in basis points; 3_000 is 30 %.

    Raises:
        InvariantError: The electorate is empty, or smaller than the number of ballots.

    Source: Specification §4.1.1.
    """
    if not 0 <= ballots_count <= electorate_count or electorate_count < 1:
        raise InvariantError(f"{ballots_count} ballots of an electorate of {electorate_count}")
    return ballots_count * WHOLE_BPS >= quorum_bps * electorate_count


def is_threshold_met(*, yes_count: int, no_count: int, threshold: Threshold) -> bool:
    """Check if enough of those who say yes or no say yes; abstentions do not matter.

    By majority a tie fails; two thirds are reached by twice as many yes as no, and by nothing
    where nobody says yes.

    Source: Specification §4.2.2.
    """
    if threshold is Threshold.TWO_THIRDS:
        return yes_count > 0 and yes_count >= 2 * no_count
    return yes_count > no_count


def compute_outcome(
    *,
    yes_count: int,
    no_count: int,
    abstain_count: int,
    electorate_count: int,
    quorum_bps: int,
    yes_of_roll_bps: int = 0,
    threshold: Threshold = Threshold.MAJORITY,
) -> Outcome:
    """What a vote decides: the quorum first, then the threshold, then the share of the roll.

    Args:
        yes_count: Ballots for.
        no_count: Ballots against.
        abstain_count: Ballots that only count for the quorum.
        electorate_count: Members entitled when voting opened, >= 1.
        quorum_bps: Share of them that must vote, in basis points.
        yes_of_roll_bps: Share of them that must say yes, in basis points.
        threshold: How many of those who say yes or no must say yes.

    Raises:
        InvariantError: As `is_quorum_met`.
    """
    ballots_count = yes_count + no_count + abstain_count
    if not is_quorum_met(
        ballots_count=ballots_count, electorate_count=electorate_count, quorum_bps=quorum_bps
    ):
        return Outcome.NO_QUORUM
    if not is_threshold_met(yes_count=yes_count, no_count=no_count, threshold=threshold):
        return Outcome.REJECTED
    if yes_count * WHOLE_BPS < yes_of_roll_bps * electorate_count:
        return Outcome.TOO_FEW_YES
    return Outcome.ACCEPTED
