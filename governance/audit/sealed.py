"""What an auditor is shown and nobody else: what stands behind each commitment of a pool.

A file of JSON for the auditor's own machine:

    {"format": "rochdale-audit-sealed-1", "cooperative": "<64 hex digits>", "members": [
      {"period": 0, "pool": "need", "slot": "<64 hex digits>", "weight": 2,
       "blinding": "<64 hex digits, little-endian>", "amount_minor": 1234}]}

Slots say nothing of who has them, and weights and amounts are never shown by an error.
"""

from dataclasses import dataclass, field

import msgspec

from config.errors import RefusedError
from config.limits import COMMITMENTS_MAX, MONEY_MINOR_MAX, WEIGHT_TOTAL_MAX
from governance.value.commitments import decode_scalar
from governance.value.records import Pool

SEALED_FORMAT = "rochdale-audit-sealed-1"
_POOLS = {pool.name.lower(): pool for pool in Pool}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is in one slot, and what was paid for it."""

    weight: int = field(repr=False)
    blinding: int = field(repr=False)
    amount_minor: int = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What an auditor was shown of one cooperative."""

    cooperative: bytes
    openings: dict[tuple[int, Pool], dict[bytes, Opening]]
    """By period and pool, then by slot."""


class _Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    period: int
    pool: str
    slot: str
    weight: int
    blinding: str
    amount_minor: int


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    cooperative: str
    members: list[_Member]


def parse_sealed(data: bytes) -> Sealed:
    """Read an auditor's file.

    Raises:
        RefusedError: It is none; names the member by its place, from 1, and the field.
    """
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedError("the sealed file is not as docs/governance.md says") from error
    if file.format != SEALED_FORMAT:
        raise RefusedError(f"the sealed file's format must be {SEALED_FORMAT}")
    if len(file.members) > COMMITMENTS_MAX:
        raise RefusedError(f"the sealed file has more than {COMMITMENTS_MAX} members")
    sealed = Sealed(cooperative=_read_bytes(file.cooperative, "cooperative"), openings={})
    for number, member in enumerate(file.members, 1):
        where = f"member {number}: "
        pool = _POOLS.get(member.pool)
        if pool is None:
            raise RefusedError(f"{where}pool must be one of {', '.join(_POOLS)}")
        slot = _read_bytes(member.slot, f"{where}slot")
        openings = sealed.openings.setdefault((member.period, pool), {})
        if slot in openings:
            raise RefusedError(f"{where}slot is there twice")
        openings[slot] = _read_opening(member, where)
    return sealed


def _read_opening(member: _Member, where: str) -> Opening:
    blinding = decode_scalar(_read_bytes(member.blinding, f"{where}blinding"))
    if blinding is None:
        raise RefusedError(f"{where}blinding is no scalar")
    if not 0 <= member.weight <= WEIGHT_TOTAL_MAX:
        raise RefusedError(f"{where}weight is out of bounds")
    if not 0 <= member.amount_minor <= MONEY_MINOR_MAX:
        raise RefusedError(f"{where}amount_minor is out of bounds")
    return Opening(weight=member.weight, blinding=blinding, amount_minor=member.amount_minor)


def _read_bytes(text: str, name: str) -> bytes:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if len(data) != 32 or text != data.hex():
        raise RefusedError(f"{name} must have 64 hex digits")
    return data
