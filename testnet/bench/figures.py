"""The figures that the ledger is judged by, and what each is held against.

A figure that was not measured says why; it is never filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from testnet.bench.spread import Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table."""

    key: str
    """Its name in the JSON file."""
    title: str
    at_least: float
    """The limit: the least or the most that is good enough."""
    aim: float | None
    unit: str = ""
    is_more_better: bool = False
    decimals: int = 0

    def judge(self, value: float | None) -> str:
        """Say in a word or two how a value stands."""
        if value is None:
            return "not measured"
        if self._is_met(value, self.aim):
            return "aim reached"
        return "holds" if self._is_met(value, self.at_least) else "falls short"

    def is_held(self, value: float | None) -> bool | None:
        """Whether a value is within the limit; None if there is no value."""
        return None if value is None else self._is_met(value, self.at_least)

    def _is_met(self, value: float, bound: float | None) -> bool:
        if bound is None:
            return False
        return value >= bound if self.is_more_better else value <= bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came out for one figure."""

    value: float | None
    spread: Spread | None = None
    """Single measurements, where there are several."""
    note: str = ""
    """How it was taken, or why it was not."""


def not_measured(why: str) -> Measured:
    """A figure without a value."""
    return Measured(value=None, note=f"not measured: {why}")


RATIO_INPROC_1 = Figure(
    key="ratio_inproc_1",
    title="ballots/s ÷ Go kvstore in-process, 1 validator",
    at_least=0.33,
    aim=0.5,
    is_more_better=True,
    decimals=2,
)
RATIO_SOCKET_1 = Figure(
    key="ratio_socket_1",
    title="ballots/s ÷ Go kvstore over a socket, 1 validator",
    at_least=0.55,
    aim=0.8,
    is_more_better=True,
    decimals=2,
)
RATIO_SOCKET_4 = Figure(
    key="ratio_socket_4",
    title="ballots/s ÷ Go kvstore over a socket, 4 validators",
    at_least=0.55,
    aim=0.9,
    is_more_better=True,
    decimals=2,
)
LATENCY_RATIO_4 = Figure(
    key="latency_ratio_4",
    title="p50 commit latency ÷ kvstore over a socket, 4 validators",
    at_least=1.2,
    aim=1.0,
    decimals=2,
)
FINALIZE_MS = Figure(
    key="finalize_1000_p95_ms",
    title="FinalizeBlock of 1,000 ballots, p95",
    at_least=250,
    aim=120,
    unit="ms",
)
RECHECK_MS = Figure(
    key="recheck_5000_ms", title="recheck of 5,000", at_least=500, aim=None, unit="ms"
)
TREE_RATIO = Figure(
    key="tree_1m_sha_ratio",
    title="tree update at 1 M keys, CPU a key ÷ one SHA-256",
    at_least=100,
    aim=65,
)
START_S = Figure(
    key="start_1m_s", title="start with 1 M keys", at_least=3, aim=1, unit="s", decimals=2
)
STATE_SYNC_S = Figure(
    key="state_sync_100k_s",
    title="state sync of 100 k keys",
    at_least=30,
    aim=None,
    unit="s",
    decimals=1,
)
QUERY_MS = Figure(
    key="proof_query_p95_ms",
    title="query with proof, p95",
    at_least=5,
    aim=None,
    unit="ms",
    decimals=2,
)
PROOF_BYTES = Figure(
    key="proof_bytes",
    title="membership proof at 1 M keys, longest",
    at_least=1_500,
    aim=None,
    unit="B",
)
ABSENCE_BYTES = Figure(
    key="absence_bytes",
    title="absence proof at 1 M keys, longest",
    at_least=3_000,
    aim=None,
    unit="B",
)
MEMORY_MIB = Figure(
    key="app_1m_mib",
    title="application's memory at 1 M keys",
    at_least=300,
    aim=None,
    unit="MiB",
)

FIGURES = (
    RATIO_INPROC_1,
    RATIO_SOCKET_1,
    RATIO_SOCKET_4,
    LATENCY_RATIO_4,
    FINALIZE_MS,
    RECHECK_MS,
    TREE_RATIO,
    START_S,
    STATE_SYNC_S,
    QUERY_MS,
    PROOF_BYTES,
    ABSENCE_BYTES,
    MEMORY_MIB,
)
"""In the order of the table."""

Judged = Mapping[str, Measured]
"""What was measured, by the figure's key; one for each of `FIGURES`."""
