"""`rochdale value`: a cooperative's books for other programs, and payments for its bank."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.any_store import StoreArgument, open_store
from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json

if TYPE_CHECKING:
    from governance.value.records import Debt
    from governance.value.view import ValueView
    from node.settlement import PaymentFile

value_app = typer.Typer(
    no_args_is_help=True, help="Read the books, and write payments for the bank."
)


@value_app.callback()
def value() -> None:
    """Read the books, and write payments for the bank."""


@value_app.command("books")
def export_books(
    path: StoreArgument = None,
    *,
    cooperative: Annotated[
        str, typer.Option("--cooperative", metavar="ID", help="Whose books, if several keep some.")
    ] = "",
    decimals: Annotated[
        int, typer.Option("--decimals", min=0, max=4, help="Of the currency: 2 for cents.")
    ] = 2,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print the books as beancount text, whose last lines assert every balance.

    Reads a stopped node's state, or a copy of it; of a running node one that it makes for that.
    """
    import sys  # noqa: PLC0415

    from governance.value.beancount import render_beancount  # noqa: PLC0415
    from governance.value.view import LedgerBooks, ValueView, list_journal  # noqa: PLC0415

    with open_store(path, home) as store:
        view = ValueView(store)
        whose, currency = _choose_books(view, cooperative)
        books = LedgerBooks(view, whose)
        text = render_beancount(
            tuple(view.scan_book_accounts(whose)),
            tuple(books.require_entry(item) for item in list_journal(view, whose)),
            cooperative=whose,
            currency=currency,
            minor_digits=decimals,
        )
    sys.stdout.write(text)


@value_app.command("payments")
def make_payments(
    *,
    payments: Annotated[
        Path, typer.Argument(metavar="LIST.csv", help="Columns name,iban,amount_minor,text.")
    ],
    payer: Annotated[str, typer.Option("--payer", help="The cooperative, as its bank knows it.")],
    iban: Annotated[str, typer.Option("--iban", help="Its account at the bank.")],
    executed: Annotated[
        datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="When the bank is to pay.")
    ],
    message_id: Annotated[
        str, typer.Option("--message-id", help="Letters, digits, hyphens; a bank takes each once.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="File for the bank.")],
    debt: Annotated[
        str, typer.Option("--debt", metavar="members|partners", help="To whom it is owed.")
    ] = "members",
    as_json: JsonOption = False,
) -> None:
    """Write payments as a pain.001 file, and beside it what the ledger is told: only its hash.

    The files are for their owner's eyes alone. No name and no account goes to the ledger.
    """
    from node.chain import read_given_file  # noqa: PLC0415
    from node.settlement import Party, make_payment_file, parse_payments  # noqa: PLC0415

    owed = _read_debt(debt)
    file = make_payment_file(
        parse_payments(read_given_file(payments).decode("utf-8", "replace")),
        payer=Party(name=payer, iban=iban.replace(" ", "")),
        message_id=message_id,
        created=datetime.now(UTC),
        executed=executed.date(),
    )
    told = _save(output, file, owed)
    if as_json:
        say_json(
            {
                "sha256": file.sha256.hex(),
                "control_sum_minor": file.control_sum_minor,
                "payments": file.payments_count,
            }
        )
        return
    say(f"{file.payments_count} payments are in {output}: hand it to the bank.")
    say(f"Tell the ledger: [bold]rochdale act {told} --as root[/].")


def _choose_books(view: "ValueView", text: str) -> tuple[bytes, str]:
    """Whose books are meant, and their currency."""
    from config.errors import RefusedError  # noqa: PLC0415
    from governance.federal_view import FederalView  # noqa: PLC0415

    kept = {
        item.id: books.currency
        for item in FederalView(view.kv).scan_cooperatives()
        if (books := view.get_books(item.id)) is not None and item.id.hex().startswith(text.lower())
    }
    if not kept:
        raise RefusedError("no such cooperative keeps books on this ledger")
    if len(kept) > 1:
        listed = ", ".join(item.hex() for item in kept)
        raise RefusedError(f"several cooperatives keep books: name one of {listed}")
    return next(iter(kept.items()))


def _read_debt(text: str) -> "Debt":
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from governance.value.records import Debt  # noqa: PLC0415

    owed = next((item for item in Debt if item.name.lower() == text), None)
    if owed is None:
        raise MisconfiguredError("--debt is members or partners")
    return owed


def _save(output: Path, file: "PaymentFile", debt: "Debt") -> Path:
    """Write the bank's file, and what the ledger is told; the path of the latter."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node.commands.output_files import write_private  # noqa: PLC0415
    from node.settlement import save_payment_file  # noqa: PLC0415

    told = output.with_suffix(".toml")
    if told == output or told.exists():
        raise MisconfiguredError(f"{told} is there already: choose another name for the file")
    save_payment_file(output, file)
    write_private(told, _render_settlement(file, debt).encode())
    return told


def _render_settlement(file: "PaymentFile", debt: "Debt") -> str:
    from governance.value.chart import BANK  # noqa: PLC0415

    return "\n".join(
        [
            'transaction = "RecordSettlement"',
            f'debt = "{debt.name.lower()}"',
            f"bank = {BANK}",
            f'file_hash = "{file.sha256.hex()}"',
            f"control_sum_minor = {file.control_sum_minor}",
            f"payments_count = {file.payments_count}",
            "",
        ]
    )
