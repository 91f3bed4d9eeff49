"""Elections that tests count: Glasgow's wards, and ones that Hypothesis makes up."""

from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from governance.count.blt import BltElection, parse_blt
from governance.count.stv import count_stv
from governance.count.stv_records import StvResult

VECTORS = Path(__file__).parents[2] / "vectors" / "stv"
WARDS = sorted(path.stem for path in VECTORS.glob("*.blt"))


@dataclass(frozen=True)
class Stage:
    """A line of the reference counter's trace."""

    action: str
    quota: str
    non_transferable: str
    names: tuple[str, ...]
    states: tuple[str, ...]
    totals: tuple[str, ...]


def load_ward(ward: str) -> BltElection:
    return parse_blt((VECTORS / f"{ward}.blt").read_text(encoding="utf-8"))


def load_stages(ward: str) -> list[Stage]:
    """Every line with totals."""
    stages = []
    for line in (VECTORS / f"{ward}.stages.txt").read_text(encoding="utf-8").splitlines()[1:]:
        _, action, *cells = line.split("\t")
        if len(cells) > 1:
            quota, non_transferable, *rest = cells
            stages.append(
                Stage(
                    action,
                    quota,
                    non_transferable,
                    tuple(rest[0::3]),
                    tuple(rest[1::3]),
                    tuple(rest[2::3]),
                )
            )
    return stages


@dataclass(frozen=True)
class Election:
    """What a count is given."""

    candidates_count: int
    seats_count: int
    papers: dict[bytes, int]
    withdrawn: bytes
    lot: bytes

    def count(self) -> StvResult:
        return count_stv(
            self.papers,
            candidates_count=self.candidates_count,
            seats_count=self.seats_count,
            withdrawn=self.withdrawn,
            lot=self.lot,
        )


@st.composite
def elections(
    draw: st.DrawFn, *, candidates_max: int = 7, papers_max: int = 25, withdrawn_max: int = 1
) -> Election:
    """Small elections with ties, blank papers, withdrawn candidates and large bundles."""
    candidates_count = draw(st.integers(2, candidates_max))
    places = range(candidates_count)
    choices = st.lists(st.sampled_from(places), unique=True).map(bytes)
    weights = st.integers(1, 4) | st.integers(1, 100_000)
    papers = draw(st.dictionaries(choices, weights, max_size=papers_max))
    withdrawn = st.lists(st.sampled_from(places), unique=True, max_size=withdrawn_max)
    return Election(
        candidates_count=candidates_count,
        seats_count=draw(st.integers(1, candidates_count)),
        papers=papers,
        withdrawn=bytes(sorted(draw(withdrawn))),
        lot=bytes(draw(st.permutations(places))),
    )
