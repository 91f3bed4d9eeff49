"""Dates and quarters of the calendar, out of milliseconds, by whole numbers alone.

UTC and the Gregorian calendar; no time zones, which change by law and not by block.

Source: H. Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`.
"""

from typing import Final

_DAY_MS: Final = 86_400_000
_ERA_DAYS: Final = 146_097
"""400 years."""
_FROM_0000_03_01: Final = 719_468
"""Days from the first of March of year 0 to 1970."""


def compute_civil_date(time_ms: int) -> tuple[int, int, int]:
    """Year, month and day of a time; milliseconds since 1970, UTC."""
    era, day = divmod(time_ms // _DAY_MS + _FROM_0000_03_01, _ERA_DAYS)
    year_of_era = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day_of_year = day - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    month = (month_from_march + 2) % 12 + 1
    year = era * 400 + year_of_era + (month <= 2)
    return year, month, day_of_year - (153 * month_from_march + 2) // 5 + 1


def compute_quarter(time_ms: int) -> int:
    """Number of a quarter: four times the year, and 0 to 3; 2026's second is 8,105."""
    year, month, _ = compute_civil_date(time_ms)
    return 4 * year + (month - 1) // 3
