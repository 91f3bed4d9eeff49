"""Changes of the roll land together, in batches, which hide who came and went when.

A roll grows by so much in a period, and by more only when the auditors have looked (bylaws
`[roll]`, charter `GROWTH_FREE`): whoever is over that waits, counts in no quorum and in no
tally of the federation. Each batch is one epoch of the roll. Work per block is bounded.
"""

from itertools import islice

from msgspec.structs import replace

from config.limits import ROLL_CHANGES_PER_BATCH_MAX
from did.accounts import Inception
from governance.body_view import BodyView
from governance.bylaws import compute_window_ms
from governance.charter import GROWTH_FREE
from governance.context import BlockContext
from governance.counting import WHOLE_BPS
from governance.events import Events, MembersAdmitted, MembersLeft
from governance.logs import append
from governance.queues import Turn, put_due
from governance.records import Account, AccountKey, Role, Roll, RollChange, RollEntry
from governance.roll import changes_log, has_left_roll, require_account, roll_log
from governance.roll_records import Landing, RollClock
from governance.roll_view import RollView

_SUBJECT = bytes(32)


def schedule_batch(view: RollView, cooperative: bytes, *, block: BlockContext) -> None:
    """Let a batch land at the next round time, if none is awaited."""
    clock = view.get_roll_clock(cooperative)
    if clock.due_ms:
        return
    length_ms = _get_window_ms(view, cooperative, "batch_s")
    due_ms = (block.time_ms // length_ms + 1) * length_ms
    view.put_roll_clock(cooperative, replace(clock, due_ms=due_ms))
    put_due(view, Turn.ROLL, due_ms=due_ms, cooperative=cooperative, subject=_SUBJECT)


def land_batch(view: RollView, cooperative: bytes, *, block: BlockContext) -> tuple[Events, bool]:
    """Let changes land, as many as a block may; and whether no more are due now."""
    found = list(islice(view.scan_leaving(cooperative), ROLL_CHANGES_PER_BATCH_MAX + 1))
    leaving = found[:ROLL_CHANGES_PER_BATCH_MAX]
    events = _let_go(view, cooperative, leaving, block=block)
    clock = _turn_period(view, cooperative, block=block)
    room = min(ROLL_CHANGES_PER_BATCH_MAX - len(leaving), _get_allowance(view, cooperative, clock))
    landing = list(islice(view.scan_landing(cooperative), room + 1))
    events += put_on_roll(view, cooperative, landing[:room], block=block)
    clock = replace(clock, grown_count=clock.grown_count + min(room, len(landing)))
    is_full = len(leaving) + room == ROLL_CHANGES_PER_BATCH_MAX
    if is_full and (len(found) > len(leaving) or len(landing) > room):
        view.put_roll_clock(cooperative, clock)
        return events, False
    view.put_roll_clock(cooperative, replace(clock, due_ms=0))
    if len(landing) > room:  # the roll has grown enough: when the next period begins
        _await_period(view, cooperative, block=block)
    return events, True


def put_on_roll(
    view: RollView,
    cooperative: bytes,
    landing: list[tuple[bytes, Landing]],
    *,
    block: BlockContext,
) -> Events:
    """Make accounts members, as one epoch of the roll; nothing happens for none."""
    if not landing:
        return ()
    landed: list[tuple[bytes, Landing]] = []
    entries, changes = [], []
    for account_id, item in landing:
        view.delete_landing(cooperative, account_id)
        known = view.get_account(account_id)
        if known is None and item.inception is not None:
            entries.append(_come(view, cooperative, account_id, item.inception, block=block))
        elif known is not None and has_left_roll(known, cooperative) and not known.is_deactivated:
            changes.append(_come_back(view, account_id, block=block))
        else:  # another cooperative, or an office, has this account meanwhile, or it has ended
            continue
        landed.append((account_id, item))
    if not landed:
        return ()
    log = append(view, roll_log(cooperative), [entry.encode() for entry in entries])
    append(view, changes_log(cooperative), [change.encode() for change in changes])
    audited = sum(1 for _, item in landed if item.is_attested)
    roll = view.get_roll(cooperative)
    roll = replace(
        roll,
        epoch=roll.epoch + 1,
        active_count=roll.active_count + len(landed),
        audited_count=roll.audited_count + audited,
    )
    view.put_roll(cooperative, roll)
    return (
        MembersAdmitted(
            cooperative=cooperative,
            accounts=tuple(account for account, _ in landed),
            epoch=roll.epoch,
            active_count=roll.active_count,
            roll_root=log.compute_root(),
        ),
    )


def _come(
    view: RollView,
    cooperative: bytes,
    account_id: bytes,
    inception: Inception,
    *,
    block: BlockContext,
) -> RollEntry:
    account = Account(
        cooperative=cooperative,
        role=Role.MEMBER,
        keys=(AccountKey(public_key=inception.public_key),),
        next_key_commitment=inception.next_key_commitment,
        guardians_commitment=inception.guardians_commitment,
        joined_height=block.height,
        keys_since_ms=block.time_ms,
        created_ms=block.time_ms,
    )
    view.put_new_account(account_id, account)
    return RollEntry(account=account_id, height=block.height)


def _come_back(view: RollView, account_id: bytes, *, block: BlockContext) -> RollChange:
    account = require_account(view, account_id)
    account = replace(account, joined_height=block.height, left_height=None)
    view.put_account(account_id, account)
    return RollChange(account=account_id, height=block.height, is_back=True)


def _let_go(
    view: RollView, cooperative: bytes, leaving: list[bytes], *, block: BlockContext
) -> Events:
    if not leaving:
        return ()
    changes = []
    for account_id in leaving:
        view.delete_leaving(cooperative, account_id)
        account = require_account(view, account_id)
        view.put_account(account_id, replace(account, left_height=block.height))
        changes.append(RollChange(account=account_id, height=block.height, is_back=False))
    append(view, changes_log(cooperative), [change.encode() for change in changes])
    roll = _shrink(view.get_roll(cooperative), len(leaving))
    view.put_roll(cooperative, roll)
    return (
        MembersLeft(
            cooperative=cooperative,
            accounts=tuple(leaving),
            epoch=roll.epoch,
            active_count=roll.active_count,
        ),
    )


def _shrink(roll: Roll, count: int) -> Roll:
    """A roll without some of its members; those who were not audited count as gone first."""
    active_count = roll.active_count - count
    return replace(
        roll,
        epoch=roll.epoch + 1,
        active_count=active_count,
        audited_count=min(roll.audited_count, active_count),
    )


def _turn_period(view: RollView, cooperative: bytes, *, block: BlockContext) -> RollClock:
    """The clock in the period of this block; in a new one growth is measured anew."""
    clock = view.get_roll_clock(cooperative)
    period = block.time_ms // _get_window_ms(view, cooperative, "period_s")
    if period == clock.period:
        return clock
    base_count = view.get_roll(cooperative).active_count
    return RollClock(due_ms=clock.due_ms, period=period, base_count=base_count)


def _get_allowance(view: RollView, cooperative: bytes, clock: RollClock) -> int:
    bylaws = view.get_bylaws(view.require_cooperative(cooperative).bylaws_hash)
    share = bylaws.roll.growth_bps * clock.base_count // WHOLE_BPS
    return max(0, max(GROWTH_FREE, share) + clock.audited_extra - clock.grown_count)


def _await_period(view: RollView, cooperative: bytes, *, block: BlockContext) -> None:
    length_ms = _get_window_ms(view, cooperative, "period_s")
    due_ms = (block.time_ms // length_ms + 1) * length_ms
    clock = view.get_roll_clock(cooperative)
    view.put_roll_clock(cooperative, replace(clock, due_ms=due_ms))
    put_due(view, Turn.ROLL, due_ms=due_ms, cooperative=cooperative, subject=_SUBJECT)


def grow_more(view: RollView, cooperative: bytes, count: int, *, block: BlockContext) -> None:
    """Let a roll grow by more in this period, at the auditors' word."""
    clock = _turn_period(view, cooperative, block=block)
    clock = replace(clock, audited_extra=clock.audited_extra + count)
    # What waits for the next period need not.
    view.put_roll_clock(cooperative, replace(clock, due_ms=0))
    schedule_batch(view, cooperative, block=block)


def _get_window_ms(view: BodyView, cooperative: bytes, name: str) -> int:
    bylaws = view.get_bylaws(view.require_cooperative(cooperative).bylaws_hash)
    scale = view.get_parameters().time_scale
    return compute_window_ms(int(getattr(bylaws.roll, name)), time_scale=scale)
