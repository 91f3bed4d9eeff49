"""`rochdale insight`: aggregates instead of records, and what they have cost."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json

if TYPE_CHECKING:
    from did.consent.terms import Purpose
    from did.jcs import JsonObject
    from federation.budget import Budget
    from node.drafting import ComputedDraft

insight_app = typer.Typer(
    no_args_is_help=True, help="Compute insights from records, for members to decide on (operator)."
)

PurposeOption = Annotated[
    str, typer.Option("--purpose", help="Only who permits this purpose is counted.")
]
BasisOption = Annotated[
    str,
    typer.Option(
        "--basis", help="consents, or public-dataset for published records that name no holder."
    ),
]


@insight_app.command()
def compute(
    *,
    site: Annotated[str, typer.Option("--site", help="What column `dataset` of the records says.")],
    records: Annotated[
        Path,
        typer.Option("--records", help="CSV file; a relative path counts from the home's records."),
    ],
    epsilon: Annotated[
        str, typer.Option("--epsilon", help="What the release costs of the year's budget of 1.")
    ] = "0.5",
    purpose: PurposeOption = "DUO:0000006",
    basis: BasisOption = "consents",
    title: Annotated[
        str | None, typer.Option("--title", help="Else it names condition and site.")
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="URL", help="Source to be named; may be repeated."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Compute how common heart disease is by age and sex, and keep it as a draft.

    A short-lived process without network reads the records, adds noise and ends. Nothing is
    published until members accept a proposal that names the draft's digest.
    """
    from node.drafting import Wanted, compute_insight_draft  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    opened = open_home(home)
    settings = load_settings(opened.settings_path, environ=os.environ)
    wanted = Wanted(
        records=records,
        site=site,
        epsilon=epsilon,
        purpose=_read_purpose(basis, purpose),
        title=title or "",
        sources=source or (),
    )
    draft = compute_insight_draft(opened, settings, wanted, now_ms=int(time.time() * 1_000))
    if as_json:
        budget = _describe_budget(draft.budget)
        say_json({"digest": draft.digest.hex(), "document": draft.document, "budget": budget})
        return
    _show_draft(draft)


@insight_app.command()
def drafts(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List drafts, oldest first; once members have accepted one, the node publishes it."""
    from rich.markup import escape  # noqa: PLC0415

    from node.drafting import list_kept_drafts  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415

    kept = list_kept_drafts(open_home(home))
    if as_json:
        say_json(
            [
                {
                    "digest": item.digest.hex(),
                    "name": item.document["name"],
                    "published": item.is_published,
                    "withdrawn": item.is_withdrawn,
                    "epsilon": item.document["privacy"]["epsilon"],
                }
                for item in kept
            ]
        )
        return
    if not kept:
        say("No drafts: make one with `rochdale insight compute`.")
    for item in kept:
        state = "published" if item.is_published else "draft"
        if item.is_withdrawn:
            state = "withdrawn"
        say(f"{item.digest.hex()}  {state:9}  {escape(item.document['name'])}")


@insight_app.command()
def budget(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show what is left of this year's privacy budget, and what it was spent on."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from rich.markup import escape  # noqa: PLC0415

    from federation.aggregate import render_decimal  # noqa: PLC0415
    from node.drafting import read_budget  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415

    found, charges = read_budget(open_home(home), now_ms=int(time.time() * 1_000))
    if as_json:
        rows = [
            {
                "epsilon": render_decimal(item.epsilon_millionths),
                "purpose": item.purpose,
                "released": item.is_settled,
                "reserved_at_ms": item.reserved_at_ms,
            }
            for item in charges
        ]
        say_json({**_describe_budget(found), "charges": rows})
        return
    say(_say_budget(found))
    for item in charges:
        moment = datetime.fromtimestamp(item.reserved_at_ms // 1_000, tz=UTC)
        unsure = "" if item.is_settled else "  (interrupted: counts as spent)"
        say(
            f"  {moment:%Y-%m-%d}  ε {render_decimal(item.epsilon_millionths):8}  "
            f"{escape(item.purpose)}{unsure}"
        )


def _read_purpose(basis: str, purpose: str) -> "Purpose | None":
    from config.errors import RefusedError  # noqa: PLC0415
    from did.consent.terms import Purpose  # noqa: PLC0415
    from federation.insight_schema import BASIS_CONSENTS, BASIS_PUBLIC_DATASET  # noqa: PLC0415

    if basis == BASIS_PUBLIC_DATASET:
        return None
    if basis != BASIS_CONSENTS:
        raise RefusedError(f"--basis is {BASIS_CONSENTS} or {BASIS_PUBLIC_DATASET}")
    try:
        return Purpose(purpose)
    except ValueError:
        raise RefusedError(f"purposes are {', '.join(Purpose)}") from None


def _describe_budget(found: "Budget") -> dict[str, Any]:
    from federation.aggregate import render_decimal  # noqa: PLC0415

    return {
        "period": found.account.period,
        "spent": render_decimal(found.spent_millionths),
        "total": render_decimal(found.account.total_millionths),
    }


def _say_budget(found: "Budget") -> str:
    told = _describe_budget(found)
    return f"privacy budget of {told['period']}: ε {told['spent']} of {told['total']} spent"


def _show_draft(draft: "ComputedDraft") -> None:
    digest = draft.digest.hex()
    _show_table(draft.document)
    say(f"digest  {digest}")
    say(_say_budget(draft.budget))
    say(
        "Next, a member proposes it: "
        f"[bold]rochdale wallet propose --insight {digest} 'Publish …'[/]"
    )


def _show_table(document: "JsonObject") -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from federation.insight_content import render_insight_table  # noqa: PLC0415

    told = render_insight_table(document)
    table = Table(box=None, pad_edge=False)
    for heading in told.headings:
        table.add_column(heading)
    for row in told.rows:
        table.add_row(escape(row.group), row.people, row.with_condition, row.prevalence)
    say(f"[bold]{escape(told.caption)}[/]")
    Console(highlight=False, emoji=False).print(table)
    say(escape(told.notes[0]))
