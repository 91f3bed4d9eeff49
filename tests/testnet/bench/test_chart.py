"""The chart as a document."""

from xml.etree import ElementTree as ET

import pytest

from testnet.bench.chart import compute_scale_end, render_chart, render_count
from tests.testnet.bench.samples import make_results

_SVG = "{http://www.w3.org/2000/svg}"


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own


def test_the_chart_says_its_values_to_everybody() -> None:
    """Well-formed, with title and description; each value stands as text, too."""
    root = parse(render_chart(make_results()))
    texts = [element.text for element in root.iter(f"{_SVG}text")]

    assert root.get("role") == "img"
    labels = [root.find(f"{_SVG}title"), root.find(f"{_SVG}desc")]
    assert [label.get("id") for label in labels if label is not None] == str(
        root.get("aria-labelledby")
    ).split()
    description = root.findtext(f"{_SVG}desc") or ""
    assert "At 1,000,000 keys" in description
    assert "45 microseconds" in description
    assert {"30", "35", "45", "10 k", "100 k", "1 M"} <= set(texts)
    assert any("A & B <CPU>" in str(text) for text in texts)


def test_the_chart_is_readable_in_light_and_dark() -> None:
    """Every colour has a counterpart."""
    style = parse(render_chart(make_results())).findtext(f"{_SVG}style") or ""
    light, _, dark = style.partition("@media (prefers-color-scheme: dark)")

    for name in (".ground", ".grid", ".note", ".a ", ".b ", ".a-dot", ".b-dot", "text {"):
        assert name in light
        assert name in dark


def test_all_points_lie_within_their_panel() -> None:
    """From the first size at the left to the last at the right, rising to no label's height."""
    root = parse(render_chart(make_results()))
    lines = list(root.iter(f"{_SVG}polyline"))

    assert len(lines) == 2
    for line in lines:
        points = [tuple(map(float, item.split(","))) for item in str(line.get("points")).split()]
        assert len(points) == 3
        assert [x for x, _ in points] == sorted(x for x, _ in points)
        assert (points[0][0], points[-1][0]) == (90, 720)
        assert all(0 < y < 560 for _, y in points)


def test_a_chart_needs_two_sizes() -> None:
    """One point makes no line."""
    results = make_results()
    results.sizes = results.sizes[:1]
    with pytest.raises(ValueError, match="two sizes"):
        render_chart(results)


@pytest.mark.parametrize(
    ("value", "end"), [(45, 60), (5_100, 6_000), (8.9, 20), (0.5, 0.6), (7, 10)]
)
def test_scales_end_at_round_numbers(value: float, end: float) -> None:
    """With room above the highest point."""
    assert compute_scale_end(value) == pytest.approx(end)


def test_counts_are_short() -> None:
    """As the axis shows them."""
    assert [render_count(count) for count in (10_000, 250_000, 3_000_000)] == [
        "10 k",
        "250 k",
        "3 M",
    ]
