"""What the ledger itself says of a member or an officer, for the credentials that state it.

Who is on the roll and since when, who sits in a body and until when, who has a charge: an
operator does not type what the ledger knows. Roles that it does not know are the operator's
word. Decides nothing about keys: whose one is, the operator has made sure of.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from config.errors import RefusedError
from did.credentials.kinds import Statement, state_membership, state_portability, state_role
from did.times import render_time
from governance.body_records import Body, BodyKind
from governance.charge_records import Charge
from governance.offices import is_office
from governance.records import Account
from governance.roll import is_member
from governance.state_keys import Collection, state_key
from ledger.headers import parse_time_ns
from ledger.rpc import EngineClient, EngineError
from node.sending import read_state

_MONTH_CHARACTERS = len("2024-05")
_DATE_CHARACTERS = len("2024-05-01")
_BODIES = {kind.name.lower(): kind for kind in BodyKind}
_CHARGES = {charge.name.lower(): charge for charge in Charge}
LEDGER_ROLES = (*_BODIES, *(name for name in _CHARGES if name not in _BODIES))
"""Roles that the ledger knows: a seat in a body, or a charge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A statement, and when what it says is over."""

    statement: Statement
    ends_at_ms: int | None = None
    """End of the term; None if the ledger knows none."""


class LedgerStatements:
    """Reads one cooperative's roll and offices."""

    def __init__(self, engine: EngineClient, *, cooperative: bytes, did: str) -> None:
        """Take the node's own engine, and whose statements they are."""
        self._engine = engine
        self._cooperative = cooperative
        self._did = did

    async def state_membership(self, account: bytes, *, is_dated: bool) -> Stated:
        """State that somebody is a member, and since which month if that is wanted.

        Raises:
            RefusedError: They are none now, or the node has not kept the block of joining.
            UnavailableError: The engine does not answer.
        """
        member = await self._require_member(account)
        if member.left_height is not None:
            raise RefusedError("this member has left: only a portability credential is due")
        since = None
        if is_dated:
            joined_ms = await self._find_time_ms(member.joined_height)
            since = render_time(joined_ms)[:_MONTH_CHARACTERS]
        return Stated(statement=state_membership(cooperative=self._did, member_since=since))

    async def state_role(
        self, office: bytes, *, role: str, role_from: str | None, now_ms: int
    ) -> Stated:
        """State that an office account sits in a body, or has a charge.

        Args:
            office: The account.
            role: Of `LEDGER_ROLES`.
            role_from: When a charge was given, which the ledger does not know; for a seat None.
            now_ms: Wall clock.

        Raises:
            RefusedError: It does not have the role now, or a date is missing or not asked for.
            UnavailableError: The engine does not answer.
        """
        data = await self._read(Collection.ACCOUNT, office)
        if not data or not is_office(Account.decode(data), self._cooperative):
            raise RefusedError("this is no open office account: `rochdale governance bodies`")
        if role in _BODIES and (stated := await self._state_seat(office, role, now_ms=now_ms)):
            if role_from is not None:
                raise RefusedError("the ledger says when a seat began: leave out `--from`")
            return stated
        if (
            role in _CHARGES
            and await self._read(Collection.CHARGE, bytes([_CHARGES[role]])) == office
        ):
            if role_from is None:
                raise RefusedError("the ledger has no date of a charge: say `--from`")
            statement = state_role(
                cooperative=self._did, role=role, role_from=role_from, role_until=None
            )
            return Stated(statement=statement)
        raise RefusedError(f"the ledger does not know this office as {role}, or its term is over")

    async def state_portability(self, account: bytes, *, roles: Sequence[str]) -> Stated:
        """State how long somebody was a member, for another cooperative.

        Raises:
            RefusedError: They were none, or the node has not kept the blocks.
            UnavailableError: The engine does not answer.
        """
        member = await self._require_member(account)
        began_ms = await self._find_time_ms(member.joined_height)
        ended_ms = await self._find_time_ms(member.left_height or 0)
        return Stated(
            statement=state_portability(
                cooperative=self._did,
                tenure_months=count_months(began_ms, ended_ms),
                roles=roles,
            )
        )

    async def _state_seat(self, office: bytes, role: str, *, now_ms: int) -> Stated | None:
        data = await self._read(Collection.BODY, bytes([_BODIES[role]]))
        for seat in Body.decode(data).seats if data else ():
            if seat.office == office and seat.term_ends_ms > now_ms:
                statement = state_role(
                    cooperative=self._did,
                    role=role,
                    role_from=render_time(seat.since_ms)[:_DATE_CHARACTERS],
                    role_until=render_time(seat.term_ends_ms)[:_DATE_CHARACTERS],
                )
                return Stated(statement=statement, ends_at_ms=seat.term_ends_ms)
        return None

    async def _require_member(self, account: bytes) -> Account:
        data = await self._read(Collection.ACCOUNT, account)
        if not data or not is_member(found := Account.decode(data), self._cooperative):
            raise RefusedError("the ledger has no such member: look at `rochdale member list`")
        return found

    async def _find_time_ms(self, height: int) -> int:
        """The header time of a block; of the newest for 0."""
        try:
            signed_header = await self._engine.commit(height)
        except EngineError as error:
            raise RefusedError(
                f"this node has not kept block {height}, which says since when: leave the time"
                " out, or ask a node that keeps all blocks"
            ) from error
        return parse_time_ns(signed_header["header"]["time"]) // 1_000_000

    async def _read(self, collection: Collection, record_id: bytes) -> bytes:
        return await read_state(self._engine, state_key(self._cooperative, collection, record_id))


def count_months(began_ms: int, ended_ms: int) -> int:
    """Whole calendar months between two moments, UTC; 0 if the second is not later."""
    began, ended = render_time(began_ms), render_time(ended_ms)
    months = 12 * (int(ended[:4]) - int(began[:4])) + int(ended[5:7]) - int(began[5:7])
    return max(0, months - (ended[8:] < began[8:]))
