"""The chart of throughput and cost against the size of the state, as SVG written by hand.

Two panels over one logarithmic axis of keys. Colours follow the reader's light or dark
setting; values stand beside their points, so that nothing depends on colour; title and
description say the same to a screen reader.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from testnet.bench.results import Results
from testnet.bench.sizes import SizeFigures

_WIDTH, _HEIGHT = 760, 560
_LEFT, _RIGHT = 90, 40
_PANEL_HEIGHT = 170
_PANEL_TOPS = (92, 322)
_STYLE = """
  :root { color-scheme: light dark; }
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 17px; font-weight: 600; }
  .panel { font-weight: 600; }
  .note { fill: #59636e; font-size: 12px; }
  .ground { fill: #ffffff; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .line { fill: none; stroke-width: 2.5; }
  .a { stroke: #0550ae; } .a-dot { fill: #0550ae; }
  .b { stroke: #953800; } .b-dot { fill: #953800; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .note { fill: #9198a1; }
    .ground { fill: #0d1117; }
    .grid { stroke: #3d444d; }
    .a { stroke: #79c0ff; } .a-dot { fill: #79c0ff; }
    .b { stroke: #ffa657; } .b-dot { fill: #ffa657; }
  }
"""
_OPENING = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
    'aria-labelledby="chart-title chart-description">'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    title: str
    values: Sequence[float]
    top: int
    style: str


def render_chart(results: Results) -> str:
    """The chart of a run that measured at least two sizes.

    Raises:
        ValueError: There are fewer.
    """
    sizes = results.sizes
    if len(sizes) < 2:
        raise ValueError("a chart needs at least two sizes")
    keys = [size.keys for size in sizes]
    panels = (
        _Panel(
            title="Ballots a second that the ledger process alone checks, executes and commits",
            values=[size.ballots_per_s for size in sizes],
            top=_PANEL_TOPS[0],
            style="a",
        ),
        _Panel(
            title="CPU µs to change one key of the tree, in synced batches of 1,000",
            values=[size.tree_cpu_us for size in sizes],
            top=_PANEL_TOPS[1],
            style="b",
        ),
    )
    machine = results.machine
    made_with = (
        f"rochdale bench ledger{' --quick' if results.is_quick else ''} --chart; "
        f"{machine.processor}, {machine.cores} cores, Python {machine.python}"
    )
    parts = [
        _OPENING,
        '<title id="chart-title">Throughput and cost against the size of the state</title>',
        f'<desc id="chart-description">{escape(_describe(sizes))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{_WIDTH}" height="{_HEIGHT}"/>',
        _text(_LEFT, 34, "The ledger against the size of its state", style="title"),
        _text(_LEFT, 56, made_with, style="note"),
        *(line for panel in panels for line in _render_panel(panel, keys)),
        _text(_LEFT, _HEIGHT - 14, "keys in the state, logarithmic", style="note"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _describe(sizes: Sequence[SizeFigures]) -> str:
    rows = (
        f"At {size.keys:,} keys: {size.ballots_per_s:,.0f} ballots a second in the ledger process "
        f"alone, {size.tree_cpu_us:.0f} microseconds of CPU for each changed key."
        for size in sizes
    )
    return " ".join(rows)


def _render_panel(panel: _Panel, keys: Sequence[int]) -> list[str]:
    highest = compute_scale_end(max(panel.values))
    bottom = panel.top + _PANEL_HEIGHT
    parts = [_text(_LEFT, panel.top - 12, panel.title, style="panel")]
    for step in range(5):
        y = bottom - _PANEL_HEIGHT * step / 4
        parts += [
            f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}"/>',
            _text(_LEFT - 8, y + 4, f"{highest * step / 4:,.0f}", style="note", anchor="end"),
        ]
    points = [
        (_place(count, keys), bottom - _PANEL_HEIGHT * value / highest)
        for count, value in zip(keys, panel.values, strict=True)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts.append(f'<polyline class="line {panel.style}" points="{path}"/>')
    for (x, y), count, value in zip(points, keys, panel.values, strict=True):
        anchor = "start" if count == keys[0] else "end" if count == keys[-1] else "middle"
        parts += [
            f'<circle class="{panel.style}-dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>',
            _text(x, y - 10, f"{value:,.0f}", anchor=anchor),
            _text(x, bottom + 18, render_count(count), style="note", anchor=anchor),
        ]
    return parts


def _text(x: float, y: float, text: str, *, style: str = "value", anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{style}" {place}>{escape(text)}</text>'


def compute_scale_end(value: float) -> float:
    """The next round number above a value, with room for a label over it."""
    wanted = value * 1.15
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= wanted)


def render_count(count: int) -> str:
    """A number of keys in few characters: 10 k, 3 M."""
    if count >= 1_000_000:
        return f"{count / 1_000_000:.3g} M"
    return f"{count / 1_000:.3g} k"


def _place(count: int, keys: Sequence[int]) -> float:
    share = math.log(count / keys[0]) / math.log(keys[-1] / keys[0])
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)
