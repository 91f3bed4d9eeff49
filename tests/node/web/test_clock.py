"""Times as people read them."""

import pytest

from node.web.clock import describe_span


@pytest.mark.parametrize(
    ("span_s", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (7_199, "1 hour"),
        (86_399, "23 hours"),
        (200_000, "2 days"),
    ],
)
def test_a_span_is_told_in_its_largest_whole_unit(span_s: int, said: str) -> None:
    """A member wants to know whether it is minutes or days."""
    assert describe_span(span_s) == said
