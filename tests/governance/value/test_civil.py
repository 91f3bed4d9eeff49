"""Dates by whole numbers, against Python's own calendar."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from governance.value.civil import compute_civil_date, compute_quarter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(moments)
def test_a_date_is_the_calendars(moment: datetime) -> None:
    """Leap years, centuries, and times before 1970."""
    time_ms = (moment - EPOCH) // timedelta(milliseconds=1)

    assert compute_civil_date(time_ms) == (moment.year, moment.month, moment.day)
    assert compute_quarter(time_ms) == 4 * moment.year + (moment.month - 1) // 3


def test_quarters_follow_each_other_over_the_years_end() -> None:
    """A number, so that the next one is one more."""
    end_ms = (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)

    assert compute_quarter(end_ms) == 8_107
    assert compute_quarter(end_ms + 1_000) == 8_108
