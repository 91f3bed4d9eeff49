"""Transactions as TOML files that people write, for what has no command of its own.

A file names the transaction and its fields as docs/transactions.md does: hashes and ids as
hexadecimal, named numbers by their lower-case names, an act as a table with its name. Pure;
whoever sends it reads the file and signs.
"""

import re
from collections.abc import Mapping, Sequence
from enum import IntEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT
from msgspec.structs import fields

from config.errors import RefusedError
from did.codec import CodecError, Record
from governance.body_acts import BodyAct
from governance.bylaws import Bylaws, BylawsError, parse_bylaws
from governance.member_acts import MemberAct
from governance.payloads import PayloadRecord
from governance.transactions import PAYLOADS, Payload

_KINDS: dict[str, type[Payload]] = {payload.__name__: payload for payload in PAYLOADS}
_NAME = "name"
"""Which of several records a table is."""


class PayloadFileError(RefusedError):
    """A file says no transaction; names the field and what would be right."""


def parse_payload(document: Mapping[str, object], *, cooperative: bytes) -> Payload:
    """Read a transaction from a parsed TOML file.

    Args:
        document: `transaction`, its name, and its fields.
        cooperative: Fills the field of that name where the file leaves it out; 32 bytes.

    Raises:
        PayloadFileError: Something is missing, unknown or malformed; names the field.
    """
    rest = dict(document)
    named = rest.pop("transaction", None)
    payload = _KINDS.get(named) if isinstance(named, str) else None
    if payload is None:
        known = ", ".join(sorted(_KINDS))
        raise PayloadFileError(f"transaction is one of {known}")
    if "cooperative" in payload.__struct_fields__:
        rest.setdefault("cooperative", cooperative.hex())
    found = _read_record(payload, rest, where="")
    if not isinstance(found, PayloadRecord):
        raise PayloadFileError(f"{named} is no transaction")
    return found  # type: ignore[return-value]  # it came from the table of payloads


def read_act(document: Mapping[str, object]) -> MemberAct:
    """Read what a proposal asks the rules to do: a table with its `name` and its fields.

    Raises:
        PayloadFileError: Something is missing, unknown or malformed; names the field.
    """
    return _read_union(get_args(MemberAct), document, where="act")  # type: ignore[return-value]


def read_body_act(document: Mapping[str, object]) -> BodyAct:
    """Read what a body is asked to do: a table with its `name` and its fields.

    Raises:
        PayloadFileError: Something is missing, unknown or malformed; names the field.
    """
    return _read_union(get_args(BodyAct), document, where="act")  # type: ignore[return-value]


def _read_record(record: type[Record], table: Mapping[str, object], *, where: str) -> Record:
    if record is Bylaws:
        try:
            return parse_bylaws(table)
        except BylawsError as error:
            raise PayloadFileError(f"{where}: {error}") from error
    hints = get_type_hints(record, include_extras=True)
    known = {item.name: item for item in fields(record)}
    for name in table:
        if name not in known:
            raise PayloadFileError(f"unknown field {where}{name}: use {', '.join(known)}")
    values = {}
    for name, item in known.items():
        if name in table:
            values[name] = _read(hints[name], table[name], where=f"{where}{name}")
        elif item.default is NODEFAULT and item.default_factory is NODEFAULT:
            raise PayloadFileError(f"{where}{name} is missing")
    try:
        return record.parse(record(**values).encode())
    except CodecError as error:
        raise PayloadFileError(
            f"{where}{error.field or record.__name__}: {error.reason}"
        ) from error


def _read(hint: Any, value: object, *, where: str) -> object:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, UnionType):
        return _read_union(get_args(hint), value, where=where)
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise PayloadFileError(f"{where} is a list")
        item = get_args(hint)[0]
        return tuple(
            _read(item, each, where=f"{where}[{place}]") for place, each in enumerate(value)
        )
    if isinstance(hint, type) and issubclass(hint, Record):
        if not isinstance(value, Mapping):
            raise PayloadFileError(f"{where} is a table")
        return _read_record(hint, value, where=f"{where}.")
    return _read_plain(hint, value, where=where)


def _read_union(kinds: Sequence[Any], value: object, *, where: str) -> object:
    records = {
        kind.__name__: kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Record)
    }
    if records:
        named = value.get(_NAME) if isinstance(value, Mapping) else None
        if not isinstance(value, Mapping) or named not in records:
            raise PayloadFileError(
                f"{where} is a table whose {_NAME} is one of {', '.join(records)}"
            )
        rest = {name: item for name, item in value.items() if name != _NAME}
        return _read_record(records[str(named)], rest, where=f"{where}.")
    plain = [kind for kind in kinds if kind is not NoneType]
    if isinstance(value, list):  # marks on a ballot paper
        if not all(type(item) is int and 0 <= item <= 255 for item in value):
            raise PayloadFileError(f"{where} is a list of whole numbers from 0 to 255")
        return bytes(value)
    return _read(plain[0], value, where=where)


def _read_plain(hint: type, value: object, *, where: str) -> object:
    if issubclass(hint, IntEnum):
        names = [item.name.lower() for item in hint]
        if value not in names:
            raise PayloadFileError(f"{where} is one of {', '.join(names)}")
        return hint[str(value).upper()]
    if hint is bytes:
        if not isinstance(value, str) or not re.fullmatch(r"(?:[0-9a-f]{2})*", value):
            raise PayloadFileError(f"{where} is text of lower-case hexadecimal digits")
        return bytes.fromhex(value)
    if type(value) is not hint:
        words = {int: "a whole number", bool: "true or false", str: "text"}
        raise PayloadFileError(f"{where} is {words.get(hint, hint.__name__)}")
    return value
