"""Recurring duties of elected bodies: who owes what, how often, and that it was done.

A duty begins when the body that owes it first sits. Fulfilling it, early or late, lets it be due
again one interval later: members hear from the body no less often than the bylaws say. What was
said stands in a public list by its hash (specification §4.4.1). What follows where nothing was
said is `governance.confidence`'s matter.
"""

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from governance.accountability_events import DutyBegan, DutyFulfilled, DutyHastened, DutyPaused
from governance.accountability_view import AccountabilityView
from governance.body_acts import FulfilDuty
from governance.body_records import BodyKind
from governance.bylaws import compute_window_ms
from governance.context import BlockContext
from governance.duty_records import Duty, DutyEntry, DutyKind
from governance.events import Events
from governance.logs import Log, LogName, append
from governance.queues import Turn, delete_due, put_due
from governance.refusals import RefusalCode, TxRefusedError

_SUBJECT_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyRule:
    """Who owes a duty, and where bylaws say how often."""

    body: BodyKind
    interval: str
    """Setting of the table `duties`."""
    grace: str


def _rule(body: BodyKind, name: str) -> DutyRule:
    return DutyRule(body=body, interval=f"{name}_s", grace=f"{name}_grace_s")


DUTIES: Final[dict[DutyKind, DutyRule]] = {
    DutyKind.REPORT: _rule(BodyKind.COMMITTEE, "report"),
    DutyKind.ASSEMBLY: _rule(BodyKind.COMMITTEE, "assembly"),
    DutyKind.IMPACT_REPORT: _rule(BodyKind.COMMITTEE, "impact_report"),
    DutyKind.NOTICE: _rule(BodyKind.COMMITTEE, "notice"),
    DutyKind.EXTERNAL_AUDIT: _rule(BodyKind.AUDITORS, "external_audit"),
    DutyKind.GOVERNANCE_AUDIT: _rule(BodyKind.AUDITORS, "governance_audit"),
    DutyKind.ALGORITHM_AUDIT: _rule(BodyKind.TECHNICAL, "algorithm_audit"),
}
"""Every duty; the auditors owe the audits from outside, for nobody audits what they do."""


def begin_duties(
    view: AccountabilityView, cooperative: bytes, body: BodyKind, *, block: BlockContext
) -> Events:
    """Let what a body owes fall due from now on, where it does not already."""
    events: Events = ()
    if not view.get_body(cooperative, body).seats:
        return events
    for kind, rule in DUTIES.items():
        duty = view.get_duty(cooperative, kind)
        if rule.body is body and duty.due_ms == 0:
            duty = schedule(view, cooperative, duty, from_ms=block.time_ms)
            events += (
                DutyBegan(cooperative=cooperative, duty=kind, body=body, due_ms=duty.due_ms),
            )
    return events


def fulfil_duty(
    view: AccountabilityView,
    act: FulfilDuty,
    *,
    cooperative: bytes,
    body: BodyKind,
    block: BlockContext,
) -> Events:
    """Note that a body did what it owes; misses are forgiven.

    Raises:
        TxRefusedError: ACT_NOT_OF_BODY.
    """
    if DUTIES[act.duty].body is not body:
        raise TxRefusedError(RefusalCode.ACT_NOT_OF_BODY)
    duty = view.get_duty(cooperative, act.duty)
    if duty.due_ms:
        leave_queue(view, cooperative, duty)
    duty = replace(duty, misses_count=0, fulfilled_ms=block.time_ms, text_hash=act.text_hash)
    duty = schedule(view, cooperative, duty, from_ms=block.time_ms)
    note_entry(view, cooperative, duty, block=block, text_hash=act.text_hash)
    return (
        DutyFulfilled(
            cooperative=cooperative,
            duty=duty.kind,
            body=body,
            text_hash=act.text_hash,
            due_ms=duty.due_ms,
        ),
    )


def pause_duties(view: AccountabilityView, cooperative: bytes, body: BodyKind) -> Events:
    """Let nothing fall due that a body owes in which nobody sits."""
    events: Events = ()
    for kind, rule in DUTIES.items():
        duty = view.get_duty(cooperative, kind)
        if rule.body is body and duty.due_ms:
            leave_queue(view, cooperative, duty)
            view.put_duty(cooperative, replace(duty, due_ms=0, overdue_ms=0, misses_count=0))
            events += (DutyPaused(cooperative=cooperative, duty=kind, body=body),)
    return events


def schedule(view: AccountabilityView, cooperative: bytes, duty: Duty, *, from_ms: int) -> Duty:
    """Let a duty be due one interval after a time, by the bylaws now in force."""
    interval_ms = _compute_ms(view, cooperative, DUTIES[duty.kind].interval)
    return _call_up(view, cooperative, duty, due_ms=from_ms + interval_ms)


def hasten(
    view: AccountabilityView, cooperative: bytes, kind: DutyKind, *, block: BlockContext
) -> Events:
    """Let a duty be due now; nothing happens if it is due already, or nobody owes it.

    The grace is as long as ever, and what follows if it is missed is the same.
    """
    duty = view.get_duty(cooperative, kind)
    if duty.due_ms <= block.time_ms:
        return ()
    leave_queue(view, cooperative, duty)
    duty = _call_up(view, cooperative, duty, due_ms=block.time_ms)
    return (
        DutyHastened(
            cooperative=cooperative,
            duty=kind,
            body=DUTIES[kind].body,
            grace_ends_ms=duty.overdue_ms,
        ),
    )


def leave_queue(view: AccountabilityView, cooperative: bytes, duty: Duty) -> None:
    """Call a duty up no more."""
    delete_due(
        view,
        Turn.DUTY,
        due_ms=duty.overdue_ms,
        cooperative=cooperative,
        subject=duty.kind.to_bytes(_SUBJECT_BYTES, "big"),
    )


def note_entry(
    view: AccountabilityView,
    cooperative: bytes,
    duty: Duty,
    *,
    block: BlockContext,
    text_hash: bytes = b"",
) -> None:
    """Add a line to the public list of duties; without a text it is a miss."""
    entry = DutyEntry(
        kind=duty.kind,
        time_ms=block.time_ms,
        is_fulfilled=bool(text_hash),
        text_hash=text_hash,
    )
    append(view, Log(LogName.DUTIES, namespace=cooperative), [entry.encode()])


def _compute_ms(view: AccountabilityView, cooperative: bytes, setting: str) -> int:
    owner = view.require_cooperative(cooperative)
    settings = view.get_bylaws(owner.bylaws_hash).duties
    scale = view.get_parameters().time_scale
    return compute_window_ms(getattr(settings, setting), time_scale=scale)


def _call_up(view: AccountabilityView, cooperative: bytes, duty: Duty, *, due_ms: int) -> Duty:
    overdue_ms = due_ms + _compute_ms(view, cooperative, DUTIES[duty.kind].grace)
    duty = replace(duty, due_ms=due_ms, overdue_ms=overdue_ms)
    view.put_duty(cooperative, duty)
    put_due(
        view,
        Turn.DUTY,
        due_ms=overdue_ms,
        cooperative=cooperative,
        subject=duty.kind.to_bytes(_SUBJECT_BYTES, "big"),
    )
    return duty
