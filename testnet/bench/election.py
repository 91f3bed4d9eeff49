"""A large STV election, counted by us and, where installed, by other people's counters.

Ballots are made up, the same on every machine: voters and candidates have places on two axes
and some candidates are better known, so that preferences agree and differ as real ones do.
"""

import gc
import importlib.util
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from governance.count.blt import BltElection, parse_blt
from governance.count.stv import count_stv
from governance.count.stv_records import Action, StvResult
from testnet.bench.spread import Spread

BALLOTS = 100_000
CANDIDATES = 20
SEATS = 9
_SEED = 2007


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """How long another counter takes."""

    name: str
    ballots_count: int
    """In its sample."""
    sample_s: float
    seats_in_common: int
    """Of the winners of the sample, how many we elect from it too."""

    @property
    def scaled_s(self) -> float:
        """What all ballots would take, if time grows as ballots do."""
        return self.sample_s * BALLOTS / self.ballots_count


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionFigures:
    """What counting took."""

    parse_s: Spread
    count_s: Spread
    total_s: Spread
    file_bytes: int
    different_ballots: int
    stages: int
    peers: tuple[Peer, ...]
    missing_peers: tuple[str, ...]
    """Counters that are not installed here."""


def measure_election(*, rounds: int, peer_ballots: int) -> ElectionFigures:
    """Count the election several times, then samples of it by others.

    Args:
        rounds: How often we count.
        peer_ballots: In the sample that each other counter is given.
    """
    text = render_election(BALLOTS)
    parses, counts = [], []
    for _ in range(rounds):
        gc.collect()
        began_s = time.perf_counter()
        election = parse_blt(text)
        parsed_s = time.perf_counter()
        result = _count(election)
        counts.append(time.perf_counter() - parsed_s)
        parses.append(parsed_s - began_s)
    sample = parse_blt(render_election(peer_ballots))
    ours = _count(sample).winners
    peers, missing = [], []
    for name, count in _PEERS.items():
        if importlib.util.find_spec(name) is None:
            missing.append(name)
            continue
        sample_s, winners = count(sample)
        common = sum(winner in ours for winner in winners)
        peers.append(
            Peer(name=name, ballots_count=peer_ballots, sample_s=sample_s, seats_in_common=common)
        )
    return ElectionFigures(
        parse_s=Spread(tuple(parses)),
        count_s=Spread(tuple(counts)),
        total_s=Spread(tuple(map(sum, zip(parses, counts, strict=True)))),
        file_bytes=len(text),
        different_ballots=len(election.papers),
        stages=sum(row.action in {Action.BEGIN, Action.TRANSFER} for row in result.rows),
        peers=tuple(peers),
        missing_peers=tuple(missing),
    )


def render_election(ballots_count: int) -> str:
    """The election's file: each ballot ranks all candidates."""
    source = random.Random(_SEED)  # noqa: S311 - the same ballots everywhere, no secret
    gauss = source.gauss
    candidates = [(gauss(0, 1), gauss(0, 1), gauss(0, 0.5)) for _ in range(CANDIDATES)]
    names = [str(number) for number in range(1, CANDIDATES + 1)]
    lines = [f"{CANDIDATES} {SEATS}"]
    for _ in range(ballots_count):
        x, y = gauss(0, 1), gauss(0, 1)
        distances = [
            (left - x) ** 2 + (up - y) ** 2 - known + gauss(0, 0.7)
            for left, up, known in candidates
        ]
        ranked = sorted(zip(distances, names, strict=True))
        lines.append(f"1 {' '.join(name for _, name in ranked)} 0")
    lines += ["0", *(f'"Candidate {name}"' for name in names), '"Made up"', ""]
    return "\n".join(lines)


def _count(election: BltElection) -> StvResult:
    return count_stv(
        election.papers,
        candidates_count=len(election.names),
        seats_count=election.seats_count,
        withdrawn=election.withdrawn,
        lot=bytes(range(len(election.names))),
    )


def _count_by_votelib(election: BltElection) -> tuple[float, list[int]]:
    from votelib.evaluate.sequential import TransferableVoteSelector  # noqa: PLC0415 - a guest

    votes = {tuple(choice): count for choice, count in election.papers.items()}
    began_s = time.perf_counter()
    winners = TransferableVoteSelector(quota_function="droop").evaluate(votes, election.seats_count)
    return time.perf_counter() - began_s, list(winners)


def _count_by_pyrankvote(election: BltElection) -> tuple[float, list[int]]:
    import pyrankvote  # noqa: PLC0415 - a guest

    candidates = [pyrankvote.Candidate(str(place)) for place in range(len(election.names))]
    ballots = [
        pyrankvote.Ballot([candidates[place] for place in choice])
        for choice, count in election.papers.items()
        for _ in range(count)
    ]
    began_s = time.perf_counter()
    result = pyrankvote.single_transferable_vote(candidates, ballots, election.seats_count)
    return time.perf_counter() - began_s, [int(one.name) for one in result.get_winners()]


_PEERS: dict[str, Callable[[BltElection], tuple[float, list[int]]]] = {
    "votelib": _count_by_votelib,
    "pyrankvote": _count_by_pyrankvote,
}
