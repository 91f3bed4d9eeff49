"""Whether a vote binds and what it decides.

Arithmetic only, in whole numbers: validators run this on the same block and must agree bit
for bit. It sees counts, never who voted.
"""

from config.errors import InvariantError
from governance.records import Outcome

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


def is_majority(*, yes_count: int, no_count: int) -> bool:
    """Check if more say yes than no; a tie fails and abstentions do not matter.

    Source: Specification §4.2.2.
    """
    return yes_count > no_count


def compute_outcome(
    *, yes_count: int, no_count: int, abstain_count: int, electorate_count: int, quorum_bps: int
) -> Outcome:
    """What a vote decides: the quorum first, then the majority.

    Raises:
        InvariantError: As `is_quorum_met`.
    """
    ballots_count = yes_count + no_count + abstain_count
    if not is_quorum_met(
        ballots_count=ballots_count, electorate_count=electorate_count, quorum_bps=quorum_bps
    ):
        return Outcome.NO_QUORUM
    if is_majority(yes_count=yes_count, no_count=no_count):
        return Outcome.ACCEPTED
    return Outcome.REJECTED
