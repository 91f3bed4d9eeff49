"""`rochdale value`: books for other programs, and payments for the bank."""

import stat
import tomllib
from decimal import Decimal
from pathlib import Path

from beancount import loader
from beancount.core import data

from node import exit_codes
from node.payload_files import parse_payload
from tests.governance.value.value_world import make_books_world
from tests.governance.world import make_world
from tests.node.stores import keep
from tests.node.terminal import Terminal

LIST = """name,iban,amount_minor,text
Anna Muster,DE89370400440532013000,1205,Dividend
"""
PAYER = ("--payer", "Herzverein eG", "--iban", "NL91 ABNA 0417 1643 00", "--on", "2026-12-01")


def pay(terminal: Terminal, payments: Path, output: Path, *more: str) -> str:
    options = (*PAYER, "--message-id", "herz-1", "-o", output, *more)
    return terminal.type("value", "payments", payments, *options)


def test_beancount_reads_the_books(member_terminal: Terminal, tmp_path: Path) -> None:
    """Entries, and balances that it finds itself."""
    store = keep(make_books_world(), tmp_path / "ledger")

    text = member_terminal.do("value", "books", store)

    entries, errors, _ = loader.load_string(text)
    assert errors == []
    balances = [item for item in entries if isinstance(item, data.Balance)]
    assert any(item.amount.number != Decimal(0) for item in balances)


def test_says_that_nobody_keeps_books(member_terminal: Terminal, tmp_path: Path) -> None:
    """Or not the one that is named."""
    store = keep(make_world(), tmp_path / "ledger")

    member_terminal.type("value", "books", store)

    assert member_terminal.code == exit_codes.FAILED
    assert "keeps books" in member_terminal.error


def test_payments_come_with_what_the_ledger_is_told(
    member_terminal: Terminal, tmp_path: Path
) -> None:
    """Both files are private; the second names nobody and is a transaction as it is."""
    payments, output = tmp_path / "list.csv", tmp_path / "pay.xml"
    payments.write_text(LIST)

    said = pay(member_terminal, payments, output)

    told = output.with_suffix(".toml")
    assert str(told) in said
    assert b"Anna Muster" in output.read_bytes()
    assert "Anna" not in told.read_text()
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (output, told))
    payload = parse_payload(tomllib.loads(told.read_text()), cooperative=bytes(32))
    assert payload.control_sum_minor == 1205  # type: ignore[union-attr]
    pay(member_terminal, payments, output)
    assert member_terminal.code == exit_codes.MISCONFIGURED


def test_a_bad_list_names_line_and_column_and_nobody(
    member_terminal: Terminal, tmp_path: Path
) -> None:
    """Nothing is written."""
    payments, output = tmp_path / "list.csv", tmp_path / "pay.xml"
    payments.write_text(LIST.replace("DE89", "DE88"))

    pay(member_terminal, payments, output)
    assert "line 2, iban" in member_terminal.error
    assert "DE88" not in member_terminal.error
    pay(member_terminal, payments, output, "--debt", "friends")
    assert "members or partners" in member_terminal.error

    assert not output.exists()
    assert not output.with_suffix(".toml").exists()
