"""What state holds of duties, complaints, petitions, motions of bodies and disputes.

From state through this node's own engine, so that it is the same on every node. Who complains,
and of whom, is left out: others need to know that complaints are heard, not whose they are.
"""

from collections.abc import Callable
from typing import Final

from did.jcs import JsonObject
from governance.body_acts import RULES, Needed
from governance.body_records import BodyMotion, Petition
from governance.complaint_records import Complaint
from governance.dispute_records import Dispute
from governance.duties import DUTIES
from governance.duty_records import Duty, DutyKind
from governance.logs import Log, LogName
from governance.state_keys import Collection, state_key
from ledger.lists import render_record
from ledger.rpc import EngineClient
from node.listing import read_listed, read_listed_record
from node.sending import read_state

_HIDDEN = ("complainant", "subject")
"""Fields of a complaint that name people, if only by pseudonyms."""


async def read_duties(
    engine: EngineClient, cooperative: bytes, *, time_ms: int
) -> list[JsonObject]:
    """What a cooperative's bodies owe members, until when, and what is overdue.

    Args:
        engine: This node's own.
        cooperative: Whose; 32 bytes.
        time_ms: Now, as the ledger counts time.

    Returns:
        `duty`, `body`, `state` (`paused`: nobody sits who owes it; `due`; `late`: its day is over
        and grace runs; `missed`), `due_ms` and `grace_ends_ms` (null while paused), `misses` in a
        row, `fulfilled_ms` (null before the first time) and `text_hash`.

    Raises:
        RefusedError: The ledger cannot answer yet.
        UnavailableError: The engine does not answer.
    """
    duties = []
    for kind in DutyKind:
        key = state_key(cooperative, Collection.DUTY, bytes([kind]))
        data = await read_state(engine, key)
        duty = Duty.decode(data) if data else Duty(kind=kind)
        duties.append(
            {
                "duty": kind.name.lower(),
                "body": DUTIES[kind].body.name.lower(),
                "state": describe_duty_state(duty, time_ms=time_ms),
                "due_ms": duty.due_ms or None,
                "grace_ends_ms": duty.overdue_ms or None,
                "misses": duty.misses_count,
                "fulfilled_ms": duty.fulfilled_ms or None,
                "text_hash": duty.text_hash.hex() or None,
            }
        )
    return duties


def describe_duty_state(duty: Duty, *, time_ms: int) -> str:
    """Where a duty stands in one word: `paused`, `missed`, `late` or `due`."""
    if not duty.due_ms:
        return "paused"
    if duty.misses_count:
        return "missed"
    return "late" if duty.due_ms <= time_ms else "due"


async def read_records(
    engine: EngineClient, log: Log, *, limit: int, before: int | None = None
) -> tuple[list[JsonObject], int | None]:
    """A page of a list, newest first, and `before` of the page that follows, if any does.

    Raises:
        RefusedError: The ledger cannot answer yet, or the list is shorter than `before`.
        UnavailableError: The engine does not answer.
    """
    page = await read_listed(engine, log, limit=limit, before=before)
    return [_RENDER[log.name](record) for record in page.records], page.following


async def find_record(engine: EngineClient, log: Log, record_id: bytes) -> JsonObject | None:
    """One record of a list; None if there is none. Errors as `read_records`."""
    record = await read_listed_record(engine, log, record_id)
    return _RENDER[log.name](record) if record else None


def _render_complaint(data: bytes) -> JsonObject:
    found = render_record(Complaint.decode(data))
    return {name: value for name, value in found.items() if name not in _HIDDEN}


def _render_motion(data: bytes) -> JsonObject:
    motion = BodyMotion.decode(data)
    needed = RULES[type(motion.act)].needed
    return {
        **render_record(motion),
        "act": {"name": type(motion.act).__name__, **render_record(motion.act)},
        "needed": "two_thirds" if needed is Needed.TWO_THIRDS else "majority",
    }


_RENDER: Final[dict[LogName, Callable[[bytes], JsonObject]]] = {
    LogName.COMPLAINTS: _render_complaint,
    LogName.PETITIONS: lambda data: render_record(Petition.decode(data)),
    LogName.BODY_MOTIONS: _render_motion,
    LogName.DISPUTES: lambda data: render_record(Dispute.decode(data)),
}
"""The lists that are shown here, and how."""
