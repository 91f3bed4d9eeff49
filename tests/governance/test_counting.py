"""Quorum and majority, in whole numbers."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvariantError
from governance.counting import compute_outcome, is_quorum_met, is_threshold_met
from governance.kinds import Threshold
from governance.proposal_records import Outcome

counts = st.integers(0, 10**6)


@given(st.integers(1, 10**9), st.data(), st.integers(0, 10_000))
def test_g2_a_quorum_is_an_exact_share_of_the_electorate(
    electorate_count: int, data: st.DataObject, quorum_bps: int
) -> None:
    """G2: exact at any size, whatever a float would say."""
    ballots_count = data.draw(st.integers(0, electorate_count))

    is_met = is_quorum_met(
        ballots_count=ballots_count, electorate_count=electorate_count, quorum_bps=quorum_bps
    )

    assert is_met == (Fraction(ballots_count, electorate_count) >= Fraction(quorum_bps, 10_000))


@pytest.mark.parametrize(("ballots_count", "is_met"), [(2, False), (3, True), (4, True)])
def test_g2_three_of_ten_are_thirty_percent(ballots_count: int, is_met: bool) -> None:
    """G2: the quorum is met at exactly 30 % of the roll."""
    assert (
        is_quorum_met(ballots_count=ballots_count, electorate_count=10, quorum_bps=3_000) is is_met
    )


@given(counts, counts, counts)
def test_g2_abstentions_never_turn_an_outcome(yes: int, no: int, abstain: int) -> None:
    """G2: they count toward the quorum, never toward the ratio."""
    votes = {"yes_count": yes, "no_count": no, "electorate_count": 4 * 10**6, "quorum_bps": 0}

    with_abstentions = compute_outcome(abstain_count=abstain, **votes)

    assert with_abstentions is compute_outcome(abstain_count=0, **votes)


def test_g2_abstentions_make_a_quorum() -> None:
    """G2: who abstains has taken part."""
    outcome = compute_outcome(
        yes_count=1, no_count=0, abstain_count=2, electorate_count=10, quorum_bps=3_000
    )

    assert outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("yes", "no", "is_won"), [(0, 0, False), (1, 1, False), (1, 0, True), (5, 6, False)]
)
def test_g3_a_tie_fails(yes: int, no: int, is_won: bool) -> None:
    """G3: more yes than no."""
    is_met = is_threshold_met(yes_count=yes, no_count=no, threshold=Threshold.MAJORITY)

    assert is_met is is_won


@pytest.mark.parametrize(
    ("yes", "no", "is_won"),
    [(0, 0, False), (1, 1, False), (2, 1, True), (3, 2, False), (4, 2, True)],
)
def test_g3_the_constitution_takes_two_thirds(yes: int, no: int, is_won: bool) -> None:
    """G3: 3 yes >= 2 (yes + no), and nobody's silence is consent."""
    is_met = is_threshold_met(yes_count=yes, no_count=no, threshold=Threshold.TWO_THIRDS)

    assert is_met is is_won
    assert is_won is (yes > 0 and 3 * yes >= 2 * (yes + no))


def test_abstentions_do_not_let_a_handful_decide() -> None:
    """A share of the roll must say yes, however many abstain."""
    votes = {"no_count": 0, "abstain_count": 40, "electorate_count": 100, "quorum_bps": 3_000}

    few = compute_outcome(yes_count=4, yes_of_roll_bps=500, **votes)
    enough = compute_outcome(yes_count=5, yes_of_roll_bps=500, **votes)

    assert (few, enough) == (Outcome.TOO_FEW_YES, Outcome.ACCEPTED)


@pytest.mark.parametrize(
    ("yes", "no", "outcome"),
    [
        (2, 1, Outcome.ACCEPTED),
        (1, 2, Outcome.REJECTED),
        (2, 2, Outcome.REJECTED),
        (2, 0, Outcome.NO_QUORUM),
    ],
)
def test_the_quorum_comes_before_the_majority(yes: int, no: int, outcome: Outcome) -> None:
    """G2, G3: without enough ballots nothing is decided, not even unanimously."""
    assert (
        compute_outcome(
            yes_count=yes, no_count=no, abstain_count=0, electorate_count=10, quorum_bps=3_000
        )
        is outcome
    )


@pytest.mark.parametrize(("ballots_count", "electorate_count"), [(0, 0), (2, 1), (-1, 1)])
def test_impossible_counts_are_our_own_defect(ballots_count: int, electorate_count: int) -> None:
    """G1: one member, one vote, so never more ballots than members."""
    with pytest.raises(InvariantError):
        is_quorum_met(
            ballots_count=ballots_count, electorate_count=electorate_count, quorum_bps=3_000
        )
