"""Time and chance, as the web process gets them; tests pass their own."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from did.times import render_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Wall clock, steady clock and randomness."""

    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    """Unix milliseconds."""
    steady_s: Callable[[], float] = time.monotonic
    """Seconds that never go back."""
    random_below: Callable[[int], int] = secrets.randbelow
    random_bytes: Callable[[int], bytes] = secrets.token_bytes

    def now_s(self) -> int:
        """Unix seconds."""
        return self.now_ms() // 1_000

    def now_text(self) -> str:
        """RFC 3339 in UTC, to the second."""
        return render_time(self.now_ms())


def describe_time(time_ms: int) -> str:
    """Unix milliseconds for people: `24 Nov 2026, 05:16:32 UTC`."""
    return datetime.fromtimestamp(time_ms // 1_000, tz=UTC).strftime("%-d %b %Y, %H:%M:%S UTC")


def describe_span(span_s: int) -> str:
    """A time that has passed, for people: `1 second`, `12 minutes`, `3 hours`, `2 days`."""
    count, unit = span_s, "second"
    for length, longer in ((60, "minute"), (60, "hour"), (24, "day")):
        if count < length:
            break
        count, unit = count // length, longer
    return f"{count} {unit}{'' if count == 1 else 's'}"
