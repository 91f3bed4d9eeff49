"""What state says of duties in a word."""

from governance.duty_records import Duty, DutyKind
from node.web.accountability_reader import describe_duty_state


def test_a_duty_is_paused_due_late_or_missed() -> None:
    """A miss stays until the duty is fulfilled, though its next day is still to come."""
    never = Duty(kind=DutyKind.REPORT)
    owed = Duty(kind=DutyKind.REPORT, due_ms=10, overdue_ms=20)
    missed = Duty(kind=DutyKind.REPORT, due_ms=30, overdue_ms=40, misses_count=1)

    assert describe_duty_state(never, time_ms=5) == "paused"
    assert [describe_duty_state(owed, time_ms=time_ms) for time_ms in (9, 10)] == ["due", "late"]
    assert describe_duty_state(missed, time_ms=25) == "missed"
