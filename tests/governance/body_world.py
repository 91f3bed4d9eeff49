"""A cooperative with officers, whose bodies tests fill as they need them."""

from collections.abc import Sequence
from typing import Any

from governance.body_acts import BodyAct
from governance.body_records import Body, BodyKind, Seat
from governance.body_transactions import (
    CloseOffice,
    OpenOffices,
    ProposeBodyAct,
    SupportBodyAct,
    compute_body_motion_id,
)
from governance.body_view import BodyView
from tests.governance.world import (
    COOPERATIVE,
    Act,
    World,
    make_inception,
    make_world_with_members,
    registrar,
)

REASONS = bytes([6]) * 32
FOR_EVER_MS = 1 << 60


def office(number: int) -> bytes:
    """Account id of an office; nothing connects it with the member of that number."""
    return make_inception(5_000 + 10 * number).compute_id()


def open_offices(numbers: Sequence[int]) -> Act:
    inceptions = tuple(make_inception(5_000 + 10 * number) for number in numbers)
    return Act(registrar(), OpenOffices(cooperative=COOPERATIVE, inceptions=inceptions))


def close_office(number: int, *, by: bytes | None = None) -> Act:
    payload = CloseOffice(cooperative=COOPERATIVE, office=office(number))
    return Act(office(number) if by is None else by, payload)


def ask_body(number: int, body: BodyKind, act: BodyAct, *, nonce: int = 1) -> Act:
    payload = ProposeBodyAct(cooperative=COOPERATIVE, body=body, act=act)
    return Act(office(number), payload, nonce)


def motion_of(asked: Act) -> bytes:
    assert isinstance(asked.payload, ProposeBodyAct)
    return compute_body_motion_id(account=asked.account, nonce=asked.nonce, payload=asked.payload)


def support(number: int, asked: Act, *, nonce: int = 1) -> Act:
    payload = SupportBodyAct(cooperative=COOPERATIVE, motion=motion_of(asked))
    return Act(office(number), payload, nonce)


def view_of(world: World) -> BodyView:
    return BodyView(world.kv)


def fill(world: World, kind: BodyKind, numbers: Sequence[int]) -> None:
    """Seat officers without an election, which has tests of its own."""
    seats = tuple(
        Seat(office=item, since_ms=0, term_ends_ms=FOR_EVER_MS, election=bytes(32))
        for item in sorted(office(number) for number in numbers)
    )
    view_of(world).put_body(COOPERATIVE, Body(kind=kind, seats=seats))


def make_world_with_officers(
    members_count: int = 10, officers_count: int = 9, **changes: Any
) -> World:
    """A cooperative whose officers, numbered from 1, sit nowhere yet."""
    world = make_world_with_members(members_count, 3, **changes)
    world.run(open_offices(range(1, officers_count + 1)))
    assert world.refusals == [None]
    return world
