"""What members contribute, in points: five metrics, each capped, each with its own attestor.

The points themselves stay in the cooperative; the ledger gets commitments to each member's
weight and each metric's total (`governance.value.commitments`). Nobody attests for themselves,
two parties attest each fact, thanks that come straight back cancel out. Data counts as a band
that says whether, never how much: volume is a proxy for illness, and the easiest thing to
game. Its weight may be 0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Final

from msgspec import Meta

from config.errors import RefusedError
from config.limits import POINTS_MAX
from did.codec import Record
from governance.bylaws import Bylaws
from governance.charge_records import Charge
from governance.fields import Count, Hash

METRICS_COUNT: Final = 5
_Points = Annotated[int, Meta(ge=0, le=POINTS_MAX)]


class Metric(IntEnum):
    """What counts as contribution (specification §4.3.1); a number is never reused."""

    DATA = 1
    """Data of one's own made available to studies, as a band."""
    PARTICIPATION = 2
    """Votes and assemblies, by ticket: which ones, nobody learns."""
    WORKING_GROUPS = 3
    """Work in a working group or the committee."""
    EDUCATION = 4
    """Teaching, outreach, explaining results."""
    MUTUAL_HELP = 5
    """Thanks from other members."""


class DataBand(IntEnum):
    """The points of `Metric.DATA`: whether data is there and kept, never its volume."""

    NONE = 0
    SHARED = 1
    """Some consent for studies stands."""
    KEPT = 2
    """It stood for the whole period and the data was kept current."""


ATTESTORS: Final = {
    Metric.DATA: Charge.DATA_STEWARD,
    Metric.PARTICIPATION: Charge.SECRETARY,
    Metric.WORKING_GROUPS: Charge.WORKING_GROUP_CHAIR,
    Metric.EDUCATION: Charge.EDUCATION_OFFICER,
    Metric.MUTUAL_HELP: Charge.OMBUDSPERSON,
}


class ContributionError(RefusedError):
    """A policy, an attestation or a thank-you breaks a rule.

    Attributes:
        field: The field that is wrong.
    """

    def __init__(self, reason: str, *, field: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionPolicy:
    """How the metrics count, by a cooperative's bylaws: known before anybody contributes."""

    weights_permille: tuple[int, ...]
    """In the order of the metrics; 1,000 together. That of data may be 0."""
    caps: tuple[int, ...]
    """Points of each metric that count for one member in one period, at most."""
    kudos_per_member_max: int
    """Members whom one member may thank in a period."""


def read_policy(bylaws: Bylaws) -> ContributionPolicy:
    """How contributions count by checked bylaws."""
    names = [metric.name.lower() for metric in Metric]
    return ContributionPolicy(
        weights_permille=tuple(getattr(bylaws.value, f"{name}_permille") for name in names),
        caps=tuple(getattr(bylaws.value, f"{name}_cap") for name in names),
        kudos_per_member_max=bylaws.value.kudos_per_member_max,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """Two parties say that a member contributed something."""

    member: bytes
    metric: Metric
    points: int
    evidence: bytes
    """Hash of what shows it; counts once for a member and metric."""
    attestor: bytes
    role: Charge
    """In which the attestor speaks."""
    witness: bytes
    """The second party."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kudos:
    """One member's thanks to another; counts once for the two in a period."""

    giver: bytes
    receiver: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One member's capped points in the order of the metrics."""

    member: bytes
    points: tuple[int, ...]

    def compute_weight(self, policy: ContributionPolicy) -> int:
        """By which the contribution pool is shared: points in thousandths."""
        return compute_weight(self.points, policy)


class MetricTotal(Record, frozen=True, kw_only=True):
    """What an attestor vouches for on the ledger: the sum of all members' capped points."""

    points_total: Count
    attestations_root: Hash
    """Root of the cooperative's list of attestations, which auditors are shown."""


def check_attestation(item: Attestation) -> None:
    """Check that the right two parties attest, neither of them for themselves.

    Raises:
        ContributionError: Names the field.
    """
    if item.role is not ATTESTORS[item.metric]:
        raise ContributionError("another office attests this metric", field="role")
    if item.metric is Metric.MUTUAL_HELP:
        raise ContributionError("counts members' thanks alone", field="metric")
    if item.attestor == item.member:
        raise ContributionError("nobody attests for themselves", field="attestor")
    if item.witness in (item.member, item.attestor):
        raise ContributionError("two parties beside the member attest", field="witness")
    points_max = int(max(DataBand)) if item.metric is Metric.DATA else POINTS_MAX
    if not 0 <= item.points <= points_max:
        raise ContributionError(f"must be 0 to {points_max}", field="points")


def compute_scores(
    attestations: Iterable[Attestation], kudos: Iterable[Kudos], *, policy: ContributionPolicy
) -> tuple[Score, ...]:
    """Each member's capped points, ascending by member; those without any are not listed.

    Raises:
        ContributionError: An attestation or thank-you breaks a rule.
    """
    points: dict[bytes, list[int]] = {}
    evidence: dict[tuple[bytes, Metric, bytes], bool] = {}
    for item in attestations:
        check_attestation(item)
        if evidence.setdefault((item.member, item.metric, item.evidence), False):
            raise ContributionError("counts once for a member and metric", field="evidence")
        evidence[item.member, item.metric, item.evidence] = True
        row = points.setdefault(item.member, [0] * METRICS_COUNT)
        place = item.metric - 1
        is_band = item.metric is Metric.DATA
        row[place] = max(row[place], item.points) if is_band else row[place] + item.points
    for receiver in _receive(kudos, policy=policy):
        points.setdefault(receiver, [0] * METRICS_COUNT)[Metric.MUTUAL_HELP - 1] += 1
    return tuple(
        Score(
            member=member,
            points=tuple(map(min, points[member], policy.caps)),
        )
        for member in sorted(points)
    )


def compute_metric_totals(scores: Sequence[Score]) -> tuple[int, ...]:
    """All members' capped points, for each metric: what its attestor puts on the ledger."""
    return tuple(sum(score.points[place] for score in scores) for place in range(METRICS_COUNT))


def compute_weight(points: Sequence[int], policy: ContributionPolicy) -> int:
    """Points of each metric by its weight; of one member, or of all together."""
    return sum(map(int.__mul__, points, policy.weights_permille))


def _receive(kudos: Iterable[Kudos], *, policy: ContributionPolicy) -> list[bytes]:
    """Who receives thanks that count, ascending by giver; once for each."""
    pairs: dict[tuple[bytes, bytes], None] = {}
    for item in kudos:
        if item.giver == item.receiver:
            raise ContributionError("nobody thanks themselves", field="receiver")
        pairs[item.giver, item.receiver] = None
    given: dict[bytes, int] = {}
    for giver, _ in pairs:
        given[giver] = given.get(giver, 0) + 1
        if given[giver] > policy.kudos_per_member_max:
            raise ContributionError(
                f"at most {policy.kudos_per_member_max} in a period", field="giver"
            )
    return [receiver for giver, receiver in sorted(pairs) if (receiver, giver) not in pairs]
