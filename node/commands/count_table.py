"""What `rochdale governance count` shows people: the winners, and the sheet of the count."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from governance.count.stv_records import SCALE, render_votes
from node.commands.options import say
from node.counting import Counted, CountedStage

_NAME_WIDTH_MAX = 28
_STAGE_WIDTH = 15


def show_counted(counted: Counted) -> None:
    """All of it."""
    _say_head(counted)
    if counted.method == "scottish-stv":
        _show_sheet(counted)
    elif counted.method == "schulze":
        _show_ranking(counted)
    else:
        _show_approvals(counted)


def _say_head(counted: Counted) -> None:
    if counted.title:
        say(f"[bold]{escape(counted.title)}[/]")
    said = [f"{counted.valid // SCALE:,} valid ballots", f"{counted.seats_count} to elect"]
    if counted.blank_count:
        said.insert(1, f"{counted.blank_count:,} that name nobody who stands")
    if counted.quota is not None:
        said.append(f"quota {counted.quota:,}")
    say(f"{counted.method}: {', '.join(said)}")
    for number, name in enumerate(counted.winners, 1):
        say(f"  elected {number}  [bold]{escape(name)}[/]")
    if counted.seats_count > len(counted.winners):
        say(f"  {counted.seats_count - len(counted.winners)} stay empty: too few candidates stand")


def _show_sheet(counted: Counted) -> None:
    """The stages side by side, as many as the terminal has room for."""
    columns = _make_columns(counted)
    console = Console(highlight=False, emoji=False)
    at_once = max((console.width - _NAME_WIDTH_MAX - 2) // (_STAGE_WIDTH + 2), 1)
    say("\nVotes of each candidate at the end of each stage; * elected, – excluded")
    for first in range(0, len(columns), at_once):
        table = Table(box=None, pad_edge=False, title_justify="left")
        table.add_column("", max_width=_NAME_WIDTH_MAX)
        chosen = columns[first : first + at_once]
        for number, (heading, _, _) in enumerate(chosen, first + 1):
            table.add_column(
                f"{number}: {escape(heading)}",
                justify="right",
                width=_STAGE_WIDTH,
                vertical="bottom",
            )
        for name in counted.stages[0].totals:
            table.add_row(
                escape(name), *(_render_cell(name, stage, marks) for _, stage, marks in chosen)
            )
        stages = [stage for _, stage, _ in chosen]
        table.add_row(
            "not transferable", *(render_votes(stage.non_transferable) for stage in stages)
        )
        table.add_row("lost by cutting off", *(render_votes(stage.lost) for stage in stages))
        console.print()
        console.print(table)


def _make_columns(counted: Counted) -> list[tuple[str, CountedStage, dict[str, str]]]:
    """For each stage its heading, its totals and who is elected or out by then."""
    columns: list[tuple[str, CountedStage, dict[str, str]]] = []
    marks: dict[str, str] = {}
    heading = "first preferences"
    for stage in counted.stages:
        if stage.action == "elect" and stage.candidate is not None:
            marks = {**marks, stage.candidate: "elected"}
            columns[-1] = (columns[-1][0], columns[-1][1], marks)
        elif stage.action == "defeat" and stage.candidate is not None:
            marks = {**marks, stage.candidate: "out"}
            heading = f"{stage.candidate} excluded"
        else:
            if stage.action == "transfer" and marks.get(str(stage.candidate)) == "elected":
                heading = f"surplus of {stage.candidate}"
            columns.append((heading, stage, marks))
    return columns


def _render_cell(name: str, stage: CountedStage, marks: dict[str, str]) -> str:
    votes = render_votes(stage.totals[name])
    if marks.get(name) == "out":
        return "–"
    return f"[bold]{votes} *[/]" if marks.get(name) == "elected" else f"{votes}  "


def _show_ranking(counted: Counted) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("rank", justify="right")
    table.add_column("candidate", max_width=_NAME_WIDTH_MAX)
    table.add_column("strongest chains to the others")
    for number, stage in enumerate(counted.stages, 1):
        chains = ", ".join(
            f"{escape(name)} {total // SCALE:,}" for name, total in stage.totals.items()
        )
        table.add_row(str(number), escape(str(stage.candidate)), chains)
    console = Console(highlight=False, emoji=False)
    console.print()
    console.print(table)


def _show_approvals(counted: Counted) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("candidate", max_width=_NAME_WIDTH_MAX)
    table.add_column("approvals", justify="right")
    for name, total in counted.stages[-1].totals.items():
        table.add_row(escape(name), f"{total // SCALE:,}")
    console = Console(highlight=False, emoji=False)
    console.print()
    console.print(table)
