"""What the engine is told of its validator set at the end of a block.

Cooperatives' records say who should sign; the engine's set follows: at once while it is small,
by less than a third of its power in a block from four validators on, so that light clients
and slow nodes can follow; the rest waits for the next block, oldest change first. Updates
that block H returns act at H+2. Everything is checked before the engine hears of it, since it
halts for good on an update that it cannot apply.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from config.errors import InvariantError
from governance.charter import VALIDATOR_POWER, VALIDATORS_MIN
from governance.context import BlockContext
from governance.events import Events
from governance.federal_events import ValidatorUpdated
from governance.federal_records import Seat, ValidatorSet
from governance.federal_view import FederalView
from governance.records import Cooperative
from governance.validators import compute_validator_address, is_active

_ACTS_AFTER_BLOCKS = 2


@dataclass(frozen=True, slots=True)
class _Change:
    """One cooperative's place before and after; never both None."""

    height: int
    """Of the block that decided it."""
    cooperative: bytes
    old: Seat | None
    new: Seat | None

    @property
    def power(self) -> int:
        """Power that changes hands: a rotation moves it once."""
        return max(0 if seat is None else seat.power for seat in (self.old, self.new))


def begin_validators(view: FederalView, *, block: BlockContext) -> Events:
    """Write the set that a chain begins with; it signs the first block.

    Raises:
        InvariantError: It breaks a rule of every set.
    """
    seats = tuple(seat for seat in map(_seat_of, view.scan_cooperatives()) if seat is not None)
    validators = ValidatorSet(seats=seats)
    _check_set(view, validators)
    view.put_validators(validators)
    view.put_pending(is_pending=False)
    return tuple(_render(seat, seat.power, from_height=block.height) for seat in seats)


def apply_updates(view: FederalView, *, block: BlockContext) -> Events:
    """Bring the engine's set nearer to what should be; an update for each event.

    Raises:
        InvariantError: An update would break the engine or the charter.
    """
    if not view.is_pending():
        return ()
    before = view.get_validators()
    waiting = sorted(_list_changes(view, before), key=lambda item: (item.height, item.cooperative))
    chosen = _choose(before, waiting)
    view.put_pending(is_pending=len(chosen) < len(waiting))
    if not chosen:
        return ()
    after = ValidatorSet(seats=_apply(before.seats, chosen))
    updates = tuple(_render_all(chosen, from_height=block.height + _ACTS_AFTER_BLOCKS))
    check_updates(view, before, updates, after=after)
    view.put_validators(after)
    for update in updates:
        _note_signing(view, update, block=block)
    return updates


def check_updates(
    view: FederalView,
    before: ValidatorSet,
    updates: Sequence[ValidatorUpdated],
    *,
    after: ValidatorSet,
) -> None:
    """Check an update the way the engine will, and against the charter; the last door.

    Args:
        view: State, which knows whose each key is.
        before: What the engine was told last.
        updates: What it is to be told now.
        after: What follows from both.

    Raises:
        InvariantError: The engine could not apply it, or it moves too much power.
    """
    powers = {seat.consensus_key: seat.power for seat in before.seats}
    addresses = [compute_validator_address(update.consensus_key) for update in updates]
    if len(dict.fromkeys(addresses)) != len(addresses):
        raise InvariantError("a validator stands twice in one update")
    for update in updates:
        if update.power == 0 and powers.pop(update.consensus_key, None) is None:
            raise InvariantError("an update removes a validator that the engine does not know")
        if update.power:
            _check_not_retired(view, update.consensus_key)
            powers[update.consensus_key] = update.power
    if powers != {seat.consensus_key: seat.power for seat in after.seats}:
        raise InvariantError("an update does not lead to the validator set that state holds")
    _check_set(view, after)
    moved = dict.fromkeys((update.cooperative for update in updates), VALIDATOR_POWER)
    if len(before.seats) >= VALIDATORS_MIN and sum(moved.values()) * 3 >= before.power:
        raise InvariantError("an update changes a third of the validators' power, or more")


def _check_set(view: FederalView, validators: ValidatorSet) -> None:
    if not validators.seats:
        raise InvariantError("the validator set would be empty")
    cooperatives = [seat.cooperative for seat in validators.seats]
    if cooperatives != sorted(dict.fromkeys(cooperatives)):
        raise InvariantError("a cooperative has two validators, or they are out of order")
    for seat in validators.seats:
        key = view.get_consensus_key(compute_validator_address(seat.consensus_key))
        if key is None or (key.public_key, key.cooperative) != (
            seat.consensus_key,
            seat.cooperative,
        ):
            raise InvariantError("a validator's key is not its cooperative's")
        if seat.power != VALIDATOR_POWER:
            raise InvariantError("a validator has another power than all others")


def _check_not_retired(view: FederalView, consensus_key: bytes) -> None:
    key = view.get_consensus_key(compute_validator_address(consensus_key))
    if key is None or key.is_retired:
        raise InvariantError("a key that was given up would sign again")


def _list_changes(view: FederalView, before: ValidatorSet) -> Iterator[_Change]:
    told = {seat.cooperative: seat for seat in before.seats}
    for cooperative in view.scan_cooperatives():
        old, new = told.get(cooperative.id), _seat_of(cooperative)
        if old != new:
            yield _Change(cooperative.validator_changed_height, cooperative.id, old, new)


def _seat_of(cooperative: Cooperative) -> Seat | None:
    if cooperative.validator is None or not is_active(cooperative):
        return None
    return Seat(
        cooperative=cooperative.id,
        consensus_key=cooperative.validator.consensus_key,
        power=VALIDATOR_POWER,
    )


def _choose(before: ValidatorSet, waiting: Sequence[_Change]) -> list[_Change]:
    """As many as fit into this block, oldest first; never so that nobody is left."""
    is_capped = len(before.seats) >= VALIDATORS_MIN
    chosen: list[_Change] = []
    power = 0
    for change in waiting:
        if is_capped and (power + change.power) * 3 >= before.power:
            break
        if _apply(before.seats, [*chosen, change]):  # else it waits until another is there
            chosen.append(change)
            power += change.power
    return chosen


def _apply(seats: Sequence[Seat], changes: Sequence[_Change]) -> tuple[Seat, ...]:
    after = {seat.cooperative: seat for seat in seats}
    for change in changes:
        after.pop(change.cooperative, None)
        if change.new is not None:
            after[change.cooperative] = change.new
    return tuple(after[cooperative] for cooperative in sorted(after))


def _render_all(changes: Sequence[_Change], *, from_height: int) -> Iterator[ValidatorUpdated]:
    for change in changes:
        if change.old is not None:
            yield _render(change.old, 0, from_height=from_height)
        if change.new is not None:
            yield _render(change.new, change.new.power, from_height=from_height)


def _render(seat: Seat, power: int, *, from_height: int) -> ValidatorUpdated:
    return ValidatorUpdated(
        cooperative=seat.cooperative,
        consensus_key=seat.consensus_key,
        power=power,
        acts_from_height=from_height,
    )


def _note_signing(view: FederalView, update: ValidatorUpdated, *, block: BlockContext) -> None:
    """Remember until when a key signs: the set two blocks on is the first without it."""
    address = compute_validator_address(update.consensus_key)
    key = view.get_consensus_key(address)
    if key is None:
        raise InvariantError("a validator's key is nobody's")
    signs_until = 0 if update.power else block.height + _ACTS_AFTER_BLOCKS - 1
    view.put_consensus_key(address, replace(key, signs_until=signs_until))
