"""A table of judged figures on the terminal, with how each was taken below it."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from testnet.bench.figures import Figure, Measured


def show_figures(
    title: str, figures: Sequence[Figure], judged: Mapping[str, Measured], console: Console
) -> None:
    """Print each figure with its limit, what was measured, and whether that holds."""
    table = Table(title=title, title_justify="left")
    for column in ("figure", "limit", "measured", ""):
        table.add_column(column, justify="left" if column in ("figure", "") else "right")
    for figure in figures:
        measured = judged[figure.key]
        value = "–" if measured.value is None else f"{measured.value:,.{figure.decimals}f}"
        sign = "≥" if figure.is_more_better else "≤"
        limit = f"{sign} {figure.at_least:,.{figure.decimals}f}"
        table.add_row(figure.key, limit, value, figure.judge(measured.value))
    console.print(table)
    for figure in figures:
        note = judged[figure.key].note
        console.print(f"[bold]{figure.key}[/]: {figure.title}{': ' + note if note else ''}")
