"""Medians, percentiles and how far single measurements lie apart."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Repeated measurements of one thing."""

    values: tuple[float, ...]
    """In the order they were taken; at least one."""

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("a spread needs at least one measurement")

    @property
    def median(self) -> float:
        """The middle one; the mean of both when there is an even number."""
        return statistics.median(self.values)

    @property
    def least(self) -> float:
        """The smallest."""
        return min(self.values)

    @property
    def greatest(self) -> float:
        """The largest."""
        return max(self.values)

    def to_json(self) -> dict[str, object]:
        """Median, range and every measurement."""
        return {
            "median": self.median,
            "min": self.least,
            "max": self.greatest,
            "values": list(self.values),
        }


def join_spread(values: Iterable[float]) -> Spread | None:
    """A spread of what was measured; None if nothing was."""
    found = tuple(values)
    return Spread(found) if found else None


def compute_percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: a value that was measured, never one in between.

    Args:
        values: At least one.
        percent: Above 0, at most 100.
    """
    if not values or not 0 < percent <= 100:
        raise ValueError("a percentile needs values, and a percentage above 0 and up to 100")
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def compute_ratio(ours: Spread, theirs: Spread) -> Spread:
    """Round by round, what was measured of us for each of theirs.

    Rounds alternate, so neighbours share the machine's weather. The figure that counts is the
    ratio of the medians; this shows how far single rounds lie from it.
    """
    return Spread(
        tuple(mine / other for mine, other in zip(ours.values, theirs.values, strict=True))
    )
