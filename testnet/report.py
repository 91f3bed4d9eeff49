"""What a run of the story found: step by step, with figures, for people and for scripts."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """How one step ended."""

    name: str
    ok: bool
    seconds: float
    error: str | None


@dataclass(slots=True, kw_only=True)
class Figures:
    """Measured once per run; none where the step that measures it did not get so far."""

    first_block_s: float | None = None
    """From starting the nodes until all have committed a common block."""
    discovery_s: float | None = None
    """From starting the nodes until each has every cooperative's record through the DHT."""
    ballot_final_p50_s: float | None = None
    """From handing in a ballot until it is known to be in a committed block."""
    receipt_p50_s: float | None = None
    """From handing in a ballot until its receipt is complete and checked offline."""
    insight_verified_max_s: float | None = None
    """From publishing an insight until the last partner has verified it."""
    catch_up_s: float | None = None
    """From starting a killed node until it has the chain's app hash and the missed insight."""
    node_memory_mib_max: float | None = None
    """Largest proportional set size of a node, all its processes."""
    story_s: float | None = None


LIMITS_S = {
    "first_block_s": 15.0,
    "ballot_final_p50_s": 1.5,
    "receipt_p50_s": 3.0,
    "insight_verified_max_s": 3.0,
    "node_memory_mib_max": 350.0,
}
"""What each figure is meant to stay under with four nodes on two cores."""


@dataclass(slots=True)
class Report:
    """All of a run."""

    steps: list[StepResult] = field(default_factory=list)
    figures: Figures = field(default_factory=Figures)

    @property
    def ok(self) -> bool:
        """Whether every step held."""
        return bool(self.steps) and all(step.ok for step in self.steps)

    def save(self, path: Path) -> None:
        """Write the run as JSON: `ok`, `steps`, and the figures by name."""
        steps = [
            {"name": step.name, "ok": step.ok, "seconds": step.seconds, "error": step.error}
            for step in self.steps
        ]
        document = {"ok": self.ok, "steps": steps, **asdict(self.figures)}
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def print_summary(report: Report, console: Console, *, story_s_max: float) -> None:
    """Show steps and figures as two tables.

    Args:
        report: Of the run.
        console: Where to.
        story_s_max: What the whole of it is meant to stay under.
    """
    steps = Table(title="What was shown", title_justify="left")
    steps.add_column("step")
    steps.add_column("held")
    steps.add_column("seconds", justify="right")
    for step in report.steps:
        steps.add_row(step.name, "yes" if step.ok else "NO", f"{step.seconds:.1f}")
    console.print(steps)
    figures = Table(title="Figures", title_justify="left")
    figures.add_column("figure")
    figures.add_column("measured", justify="right")
    figures.add_column("meant to stay under", justify="right")
    for name, value in asdict(report.figures).items():
        if value is None:  # this story does not measure it
            continue
        limit = {**LIMITS_S, "story_s": story_s_max}.get(name)
        figures.add_row(name, f"{value:.2f}", "" if limit is None else f"{limit:g}")
    console.print(figures)
