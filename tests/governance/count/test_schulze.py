"""Schulze's method: his own examples, Condorcet, and another implementation."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from votelib.convert import RankedToCondorcetVotes
from votelib.evaluate.condorcet import Schulze

from config.errors import RefusedError
from config.limits import COUNT_CANDIDATES_MAX, COUNT_PAPERS_MAX
from did.codec import encode
from governance.count.papers import Papers
from governance.count.schulze import (
    SchulzeResult,
    SchulzeTally,
    add_rankings,
    begin_schulze,
    compute_preferred,
    elect_schulze,
)
from governance.count.ties import LotNeededError
from governance.fields import STATE_VALUE_BYTES_MAX
from tests.governance.count.elections import Election, elections


def count_schulze(
    papers: Papers, candidates_count: int, *, lot: bytes = b"", withdrawn: bytes = b""
) -> SchulzeResult:
    tally = add_rankings(begin_schulze(candidates_count=candidates_count), papers)
    return elect_schulze(tally, withdrawn=withdrawn, lot=lot)


def prefers(choice: bytes, one: int, other: int) -> bool:
    """Whom a paper leaves out it ranks below all it names."""
    if one not in choice:
        return False
    return other not in choice or choice.index(one) < choice.index(other)


EXAMPLE = {
    "ACBED": 5, "ADECB": 5, "BEDAC": 8, "CABED": 3,
    "CAEBD": 7, "CBADE": 2, "DCEBA": 7, "EBADC": 8,
}  # fmt: skip


def read(text: str) -> bytes:
    return bytes("ABCDE".index(letter) for letter in text)


def test_counts_the_example_of_45_voters() -> None:
    """The example that most texts on the method work through, and its strongest paths."""
    result = count_schulze({read(text): count for text, count in EXAMPLE.items()}, 5)

    assert result.preferred[0] == (0, 20, 26, 30, 22)
    assert result.paths == (
        (0, 28, 28, 30, 24),
        (25, 0, 28, 33, 24),
        (25, 29, 0, 29, 24),
        (25, 28, 28, 0, 24),
        (25, 28, 28, 31, 0),
    )
    assert result.ranking == tuple(map(read, "EACBD"))
    assert result.winner == 4


@given(elections())
def test_who_beats_everybody_wins(election: Election) -> None:
    """Condorcet: and who loses to everybody comes last."""
    everyone = range(election.candidates_count)
    result = count_schulze(election.papers, election.candidates_count, lot=election.lot)

    for one in everyone:
        others = [other for other in everyone if other != one]
        if all(result.preferred[one][other] > result.preferred[other][one] for other in others):
            assert result.winner == one
            assert result.ranking[0] == bytes([one])
        if all(result.preferred[one][other] < result.preferred[other][one] for other in others):
            assert result.ranking[-1] == bytes([one])


@given(elections())
def test_agrees_with_another_implementation(election: Election) -> None:
    """Votelib's strongest paths, on the same papers."""
    everyone = range(election.candidates_count)
    ranked = {tuple(choice): count for choice, count in election.papers.items() if choice}
    result = count_schulze(election.papers, election.candidates_count, lot=election.lot)

    counts = RankedToCondorcetVotes().convert(ranked) if ranked else {}
    theirs = Schulze.widest_paths(counts)

    seen = dict.fromkeys(place for choice in ranked for place in choice)
    for one, other in permutations(everyone, 2):
        if one in seen and other in seen:  # votelib knows only candidates that papers name
            assert result.paths[one][other] == theirs.get((one, other), 0)


@given(elections())
def test_counts_pairs_as_by_hand(election: Election) -> None:
    """The lanes of long numbers hold what counting pair by pair finds."""
    tally = add_rankings(begin_schulze(candidates_count=election.candidates_count), election.papers)
    preferred = compute_preferred(tally)

    for one, other in permutations(range(election.candidates_count), 2):
        assert preferred[one][other] == sum(
            count for choice, count in election.papers.items() if prefers(choice, one, other)
        )


@given(elections(), st.integers(1, 5))
def test_counting_in_pieces_changes_nothing(election: Election, size: int) -> None:
    """The tally goes through state between pieces."""
    papers = list(election.papers.items())
    tally = begin_schulze(candidates_count=election.candidates_count)
    for start in range(0, len(papers), size):
        tally = SchulzeTally.parse(add_rankings(tally, dict(papers[start : start + size])).encode())

    assert elect_schulze(tally, withdrawn=b"", lot=election.lot) == count_schulze(
        election.papers, election.candidates_count, lot=election.lot
    )


@given(elections(withdrawn_max=2))
def test_the_ranking_holds_everybody_who_stands_once(election: Election) -> None:
    if len(election.withdrawn) == election.candidates_count:
        return
    result = count_schulze(
        election.papers,
        election.candidates_count,
        lot=election.lot,
        withdrawn=election.withdrawn,
    )

    ranked = b"".join(result.ranking)
    standing = set(range(election.candidates_count)) - set(election.withdrawn)
    assert sorted(ranked) == sorted(standing)
    assert result.winner in result.ranking[0]
    for place, one in enumerate(ranked):
        for better in ranked[:place]:
            assert result.paths[one][better] <= result.paths[better][one] or any(
                one in group and better in group for group in result.ranking
            )


def test_equals_for_the_first_place_need_a_lot() -> None:
    """Lower down equals stay equals."""
    papers = {bytes([0, 1, 2]): 1, bytes([1, 0, 3]): 1}

    with pytest.raises(LotNeededError) as caught:
        count_schulze(papers, 4)

    assert caught.value.tied == bytes([0, 1])
    drawn = count_schulze(papers, 4, lot=bytes([1, 0]))
    assert (drawn.winner, drawn.ranking) == (1, (bytes([0, 1]), bytes([2, 3])))


def test_the_largest_tally_is_well_below_what_state_takes() -> None:
    """With all lanes full."""
    choice = bytes(range(COUNT_CANDIDATES_MAX))
    tally = add_rankings(
        begin_schulze(candidates_count=COUNT_CANDIDATES_MAX), {choice: COUNT_PAPERS_MAX}
    )

    assert len(encode(tally)) < STATE_VALUE_BYTES_MAX // 3
    assert compute_preferred(tally)[0][1:] == (COUNT_PAPERS_MAX,) * (COUNT_CANDIDATES_MAX - 1)
    with pytest.raises(RefusedError, match="papers are more than"):
        add_rankings(tally, {choice: 1})
