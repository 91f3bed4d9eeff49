"""Payment files: valid by their schema, the same every time, and nobody else's to read."""

import hashlib
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sepaxml
import xmlschema

from config.errors import MisconfiguredError
from config.limits import PAYMENT_LIST_BYTES_MAX, PAYMENT_MINOR_MAX, PAYMENTS_PER_FILE_MAX
from node.settlement import (
    SCHEMA,
    Party,
    PaymentFile,
    SettlementError,
    is_iban,
    make_payment_file,
    parse_payments,
    save_payment_file,
)

IBAN, OTHER_IBAN = "DE89370400440532013000", "GB29NWBK60161331926819"
PAYER = Party(name="Herzverein eG", iban="NL91ABNA0417164300")
CREATED = datetime(2026, 11, 26, 14, 5, 9, tzinfo=UTC)
LIST = f"""name,iban,amount_minor,text
Anna Müller,DE89 3704 0044 0532 0130 00,1205,Dividend of period 3
"Smith, B. & Co <b>",{OTHER_IBAN},7,Dividend of period 3
"""
NAMESPACE = {"p": f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"}


def make(text: str = LIST) -> PaymentFile:
    return make_payment_file(
        parse_payments(text),
        payer=PAYER,
        message_id="herz-2026-3",
        created=CREATED,
        executed=date(2026, 12, 1),
    )


def read(file: PaymentFile, path: str) -> list[str | None]:
    tree = ET.fromstring(file.data)  # noqa: S314 - our own
    return [found.text for found in tree.iterfind(path, NAMESPACE)]


def test_a_file_is_valid_by_the_schema_of_iso_20022() -> None:
    """The one that the library carries."""
    schema = Path(sepaxml.__file__).parent / "schemas" / f"{SCHEMA}.xsd"

    xmlschema.XMLSchema(schema).validate(make().data.decode())


def test_the_same_list_gives_the_same_bytes() -> None:
    """So that who has the list can check the hash on the ledger."""
    first, second = make(), make()

    assert first.data == second.data
    assert first.sha256 == hashlib.sha256(first.data).digest()


def test_a_file_says_who_is_paid_what_and_when() -> None:
    """Amounts with both decimals; names in letters that every bank takes."""
    file = make()

    assert (file.control_sum_minor, file.payments_count) == (1_212, 2)
    assert read(file, ".//p:GrpHdr/p:MsgId") == ["herz-2026-3"]
    assert read(file, ".//p:GrpHdr/p:CreDtTm") == ["2026-11-26T14:05:09Z"]
    assert read(file, ".//p:GrpHdr/p:CtrlSum") == ["12.12"]
    assert read(file, ".//p:ReqdExctnDt/p:Dt") == ["2026-12-01"]
    assert read(file, ".//p:InstdAmt") == ["12.05", "0.07"]
    assert read(file, ".//p:CdtrAcct/p:Id/p:IBAN") == [IBAN, OTHER_IBAN]
    assert read(file, ".//p:Cdtr/p:Nm") == ["Anna Muller", "Smith, B. & Co <b>"]
    assert read(file, ".//p:EndToEndId") == ["herz-2026-3-1", "herz-2026-3-2"]


@pytest.mark.parametrize(
    ("field", "row"),
    [
        ("iban", f"A,{IBAN[:-1]}1,5,t"),
        ("iban", f"A,{IBAN.lower()},5,t"),
        ("iban", "A,,5,t"),
        ("amount_minor", f"A,{IBAN},0,t"),
        ("amount_minor", f"A,{IBAN},-5,t"),
        ("amount_minor", f"A,{IBAN},5.00,t"),
        ("amount_minor", f"A,{IBAN},٥,t"),
        ("amount_minor", f"A,{IBAN},{PAYMENT_MINOR_MAX + 1},t"),
        ("name", f",{IBAN},5,t"),
        ("name", f"{'A' * 71},{IBAN},5,t"),
        ("text", f"A,{IBAN},5,"),
        ("text", f"A,{IBAN},5,{'t' * 141}"),
        ("text", f"A,{IBAN},5,a\x07b"),
        ("list", f"A,{IBAN},5"),
        ("list", f'A,{IBAN},5,"t" x'),
    ],
)
def test_refuses_a_malformed_line_by_its_number_and_field(field: str, row: str) -> None:
    """And never repeats what stands there."""
    with pytest.raises(SettlementError) as caught:
        parse_payments(f"{LIST}{row}\n")

    assert (caught.value.line, caught.value.field) == (4, field)
    assert IBAN[4:-2] not in caught.value.reason


def test_refuses_a_list_without_headings_or_payments_or_end() -> None:
    """A file of nothing is no file."""
    row = f"A,{IBAN},5,t\n"
    for text in ("", row, LIST.splitlines()[0], "x" * (PAYMENT_LIST_BYTES_MAX + 1)):
        with pytest.raises(SettlementError):
            parse_payments(text)
    with pytest.raises(SettlementError, match="payments"):
        parse_payments(LIST + row * (PAYMENTS_PER_FILE_MAX - 1))


def test_refuses_a_payer_message_or_time_that_banks_do_not_take() -> None:
    """Before anything is made."""
    payments = parse_payments(LIST)
    for field, payer, message_id, created in (
        ("iban", replace(PAYER, iban=IBAN[::-1]), "m", CREATED),
        ("message_id", PAYER, "<m>", CREATED),
        ("message_id", PAYER, "m" * 29, CREATED),
        ("created", PAYER, "m", CREATED.replace(tzinfo=None)),
    ):
        with pytest.raises(SettlementError) as caught:
            make_payment_file(
                payments,
                payer=payer,
                message_id=message_id,
                created=created,
                executed=date(2026, 12, 1),
            )
        assert caught.value.field == field


def test_a_file_that_the_schema_refuses_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever slipped through our own checks."""
    monkeypatch.setattr("node.settlement.is_iban", lambda text: True)

    with pytest.raises(SettlementError, match=SCHEMA):
        make(LIST.replace(OTHER_IBAN, "no iban"))


def test_only_its_owner_can_read_a_file_and_none_is_overwritten(tmp_path: Path) -> None:
    """It names people and their accounts."""
    path = tmp_path / "payments.xml"
    file = make()

    save_payment_file(path, file)

    assert path.read_bytes() == file.data
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(MisconfiguredError):
        save_payment_file(path, file)


def test_no_representation_shows_a_person() -> None:
    """Not in a log, not in a trace."""
    text = repr([parse_payments(LIST), make(), PAYER])

    assert IBAN not in text
    assert "Anna" not in text


def test_check_digits_find_exchanged_digits() -> None:
    """ISO 13616."""
    assert is_iban(IBAN)
    assert not is_iban("DE89370400440532010300")
    assert not is_iban(IBAN + "\n")
