"""Times as documents write them."""

from datetime import UTC, datetime


def render_time(time_ms: int) -> str:
    """Unix milliseconds as RFC 3339 in UTC, whole seconds, rounded down (DID Core §7.3)."""
    return datetime.fromtimestamp(time_ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
