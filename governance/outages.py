"""When the chain stood still: windows that were open then last longer by as much.

Time is only known from blocks. State remembers in which stretch of time the last block fell;
when whole stretches have no block, the chain stood still meanwhile. It does so only while a
window is open and changes once a stretch at most, so that an idle chain stays idle.
"""

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from did.codec import Record
from governance.bylaws import compute_window_ms
from governance.charter import (
    OUTAGE_BUCKET_MS_MIN,
    OUTAGE_BUCKET_S,
    OUTAGE_BUCKETS,
    OUTAGES_KEPT,
    WINDOW_EXTENSION_MAX_S,
)
from governance.context import BlockContext
from governance.events import Events, OutageEnded
from governance.fields import Count, TimeMs
from governance.proposal_records import Proposal
from governance.queues import is_waiting
from governance.state_keys import FEDERATION, Collection, state_key
from governance.view import StateView

_KEY = state_key(FEDERATION, Collection.OUTAGES, b"")


class Outage(Record, frozen=True, kw_only=True):
    """A time without blocks."""

    start_ms: TimeMs
    end_ms: TimeMs


class Outages(Record, frozen=True, kw_only=True):
    """When the chain last went on, and when it did not."""

    bucket: Count
    """Stretch of time in which the last block fell."""
    latest: Annotated[tuple[Outage, ...], Meta(max_length=OUTAGES_KEPT)] = ()
    """Earliest first; older ones are forgotten."""


def note_block(view: StateView, *, block: BlockContext) -> Events:
    """Remember this block's stretch of time, and an outage that it ends.

    Before the block's windows are opened, so that no window begins unwatched.
    """
    if not is_waiting(view):
        view.kv.delete(_KEY)
        return ()
    length_ms = _compute_bucket_ms(view)
    bucket = block.time_ms // length_ms
    data = view.kv.get(_KEY)
    if data is None:
        view.kv.put(_KEY, Outages(bucket=bucket).encode())
        return ()
    outages = Outages.decode(data)
    if bucket == outages.bucket:
        return ()
    if bucket - outages.bucket <= OUTAGE_BUCKETS:
        view.kv.put(_KEY, replace(outages, bucket=bucket).encode())
        return ()
    # Blocks may have come until the end of the last one's stretch.
    outage = Outage(start_ms=(outages.bucket + 1) * length_ms, end_ms=block.time_ms)
    latest = (*outages.latest, outage)[-OUTAGES_KEPT:]
    view.kv.put(_KEY, Outages(bucket=bucket, latest=latest).encode())
    return (OutageEnded(cooperative=FEDERATION, start_ms=outage.start_ms, end_ms=outage.end_ms),)


def compute_extension_ms(view: StateView, proposal: Proposal, *, ends_ms: int) -> int:
    """By how much more a proposal's open window is extended, at its end.

    Args:
        view: State.
        proposal: In a window.
        ends_ms: When the window ends as it stands, extensions so far included.

    Returns:
        Time without blocks within the window that it was not extended by yet, in
        milliseconds; bounded by the charter.
    """
    data = view.kv.get(_KEY)
    if data is None:
        return 0
    lost_ms = sum(
        max(0, min(item.end_ms, ends_ms) - max(item.start_ms, proposal.opened_ms))
        for item in Outages.decode(data).latest
    )
    scale = view.get_parameters().time_scale
    greatest_ms = compute_window_ms(WINDOW_EXTENSION_MAX_S, time_scale=scale)
    return max(0, min(lost_ms, greatest_ms) - proposal.extended_ms)


def _compute_bucket_ms(view: StateView) -> int:
    length_ms = compute_window_ms(OUTAGE_BUCKET_S, time_scale=view.get_parameters().time_scale)
    return max(length_ms, OUTAGE_BUCKET_MS_MIN)
