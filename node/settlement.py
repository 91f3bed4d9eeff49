"""Payment files for the cooperative's bank: what the ledger allotted leaves the house here.

A list of payments becomes one ISO 20022 file, pain.001.001.09, that is checked against its
schema before it is written, for its owner's eyes alone. The ledger is told the file's SHA-256
and its control sum and nothing else (`governance.value.transactions.RecordSettlement`): names
and IBANs are in the file and in no message of ours. The same list, message id and times give
the same bytes. Whether a payment is owed is not decided here.

Sources: ISO 20022 pain.001.001.09; ISO 13616 (IBAN); EPC115-06, SCT implementation guidelines.
"""

import csv
import hashlib
import io
import os
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from sepaxml import SepaTransfer
from sepaxml.validation import ValidationError, try_valid_xml

from config.errors import MisconfiguredError, RefusedError
from config.limits import PAYMENT_LIST_BYTES_MAX, PAYMENT_MINOR_MAX, PAYMENTS_PER_FILE_MAX

SCHEMA: Final = "pain.001.001.09"
COLUMNS: Final = ("name", "iban", "amount_minor", "text")
_CURRENCY: Final = "EUR"
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z")
_AMOUNT = re.compile(r"[1-9][0-9]{0,14}\Z")
_NAME_CHARS_MAX: Final = 70
_TEXT_CHARS_MAX: Final = 140
_MESSAGE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,27}\Z")
"""Leaves room for a payment's number: banks take 35 characters."""


class SettlementError(RefusedError):
    """A payment list is malformed; names line and field, never what stands there.

    Attributes:
        line: Of the list, from 1; 0 where it is not about one.
        field: Which.
    """

    def __init__(self, reason: str, *, field: str, line: int = 0) -> None:
        place = f"line {line}, {field}" if line else field
        super().__init__(f"{place}: {reason}")
        self.line = line
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who pays or is paid; not shown in a representation."""

    name: str = field(repr=False)
    iban: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """One payment."""

    payee: Party
    amount_minor: int = field(repr=False)
    text: str = field(repr=False)
    """What the payee reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFile:
    """A file for the bank, and what the ledger is told of it."""

    data: bytes = field(repr=False)
    sha256: bytes
    control_sum_minor: int
    payments_count: int


def parse_payments(text: str) -> tuple[PaymentOrder, ...]:
    """Read a list of payments: comma-separated, with a line of headings.

    Args:
        text: Columns `name,iban,amount_minor,text`; amounts in cents.

    Raises:
        SettlementError: Malformed; names line and field.
    """
    if len(text.encode()) > PAYMENT_LIST_BYTES_MAX:
        raise SettlementError(f"at most {PAYMENT_LIST_BYTES_MAX} bytes", field="list")
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    orders = []
    try:
        if tuple(next(rows, ())) != COLUMNS:
            raise SettlementError(f"must be {','.join(COLUMNS)}", field="headings", line=1)
        for row in rows:
            orders.append(_read_row(row, line=rows.line_num))
            if len(orders) > PAYMENTS_PER_FILE_MAX:
                raise SettlementError(f"at most {PAYMENTS_PER_FILE_MAX} payments", field="list")
    except csv.Error as error:
        raise SettlementError("not comma-separated", field="list", line=rows.line_num) from error
    if not orders:
        raise SettlementError("holds no payment", field="list")
    return tuple(orders)


def make_payment_file(
    payments: tuple[PaymentOrder, ...],
    *,
    payer: Party,
    message_id: str,
    created: datetime,
    executed: date,
) -> PaymentFile:
    """Make a file for the bank; the same arguments give the same bytes.

    Args:
        payments: From `parse_payments`.
        payer: The cooperative's account.
        message_id: 1 to 28 letters, digits and hyphens; a bank takes each once.
        created: With a time zone; written in UTC.
        executed: The day on which the bank is to pay.

    Raises:
        SettlementError: The payer or message id is malformed, or the schema refuses the file.
    """
    if not _MESSAGE_ID.match(message_id):
        raise SettlementError("1 to 28 letters, digits and hyphens", field="message_id")
    if created.tzinfo is None:
        raise SettlementError("needs a time zone", field="created")
    _check_party(payer, line=0)
    data = _render(payments, payer=payer, message_id=message_id, executed=executed)
    data = _settle_ids(data, message_id=message_id, created=created)
    try:
        try_valid_xml(data, SCHEMA)
    except ValidationError as error:
        raise SettlementError(f"not valid by {SCHEMA}", field="file") from error
    return PaymentFile(
        data=data,
        sha256=hashlib.sha256(data).digest(),
        control_sum_minor=sum(order.amount_minor for order in payments),
        payments_count=len(payments),
    )


def save_payment_file(path: Path, file: PaymentFile) -> None:
    """Write a new file that only its owner can read; refuses to overwrite.

    Raises:
        MisconfiguredError: It is there already, or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            target.write(file.data)
            target.flush()
            os.fsync(target.fileno())
    except OSError as error:
        raise MisconfiguredError(f"{path} cannot be written: {error.strerror}") from error


def is_iban(text: str) -> bool:
    """Check an IBAN's form and check digits, in capitals and without spaces (ISO 13616)."""
    if not _IBAN.match(text):
        return False
    digits = "".join(str(int(character, 36)) for character in text[4:] + text[:4])
    return int(digits) % 97 == 1


def _read_row(row: list[str], *, line: int) -> PaymentOrder:
    if len(row) != len(COLUMNS):
        raise SettlementError(f"has {len(COLUMNS)} columns", field="list", line=line)
    name, iban, amount, text = (column.strip() for column in row)
    payee = Party(name=name, iban=iban.replace(" ", ""))
    _check_party(payee, line=line)
    if not _AMOUNT.match(amount) or int(amount) > PAYMENT_MINOR_MAX:
        reason = f"a whole number of cents, 1 to {PAYMENT_MINOR_MAX}"
        raise SettlementError(reason, field="amount_minor", line=line)
    if not 1 <= len(text) <= _TEXT_CHARS_MAX or not text.isprintable():
        raise SettlementError(f"1 to {_TEXT_CHARS_MAX} characters", field="text", line=line)
    return PaymentOrder(payee=payee, amount_minor=int(amount), text=text)


def _check_party(party: Party, *, line: int) -> None:
    if not 1 <= len(party.name) <= _NAME_CHARS_MAX or not party.name.isprintable():
        raise SettlementError(f"1 to {_NAME_CHARS_MAX} characters", field="name", line=line)
    if not is_iban(party.iban):
        raise SettlementError("not an IBAN: check its digits", field="iban", line=line)


def _render(
    payments: tuple[PaymentOrder, ...], *, payer: Party, message_id: str, executed: date
) -> bytes:
    transfer = SepaTransfer(
        {"name": payer.name, "IBAN": payer.iban, "currency": _CURRENCY, "batch": True},
        schema=SCHEMA,
        clean=True,
    )
    for number, order in enumerate(payments, 1):
        transfer.add_payment(
            {
                "name": order.payee.name,
                "IBAN": order.payee.iban,
                "amount": order.amount_minor,
                "execution_date": executed,
                "description": order.text,
                "endtoend_id": f"{message_id}-{number}",
            }
        )
    return bytes(transfer.export(validate=False))


def _settle_ids(data: bytes, *, message_id: str, created: datetime) -> bytes:
    """Put our ids and time where the library drew its own, which nobody could make again."""
    time_text = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for tag, text in (("MsgId", message_id), ("PmtInfId", message_id), ("CreDtTm", time_text)):
        pattern = f"<{tag}>[^<]*</{tag}>".encode()
        data = re.sub(pattern, f"<{tag}>{text}</{tag}>".encode(), data)
    return data
