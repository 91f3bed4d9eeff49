"""An insight in words: its table as texts, its HTML, and which HTML of others is harmless.

Pure. Pages show the table made here from the checked cells; `content` is for readers of the
wider fediverse, which know no cells. Never passes foreign markup on unchecked.
"""

import re
from dataclasses import dataclass
from html import escape

from config.errors import RefusedError
from did.consent.terms import Purpose
from did.jcs import JsonObject
from federation.aggregate import AgeBand, Sex
from federation.insight_schema import BASIS_PUBLIC_DATASET

_SEXES = {Sex.FEMALE: "Women", Sex.MALE: "Men"}
_BANDS = {
    AgeBand.UNDER_50: "under 50",
    AgeBand.FROM_50_TO_59: "50 to 59",
    AgeBand.FROM_60: "60 and over",
}
_PURPOSES = {
    Purpose.GENERAL_RESEARCH: "general research",
    Purpose.HEALTH_RESEARCH: "health research",
    Purpose.CLINICAL_CARE: "clinical care",
    Purpose.PAYMENT: "payment",
    Purpose.OPERATIONS: "running the cooperative",
}
_TAGS = ("p", "table", "caption", "thead", "tbody", "tr", "th", "td", "ul", "li", "strong", "em")
_TOKEN = re.compile(
    rf"<(?P<close>/)?(?P<tag>{'|'.join(_TAGS)})>"
    r'|<(?P<scoped>th) scope="(?:col|row)">'
    r"|(?:[^<>&\x00-\x08\x0b-\x1f\x7f]|&(?:amp|lt|gt|quot|#x27);)+"
)
_DEPTH_MAX = 8


@dataclass(frozen=True, slots=True)
class InsightRow:
    """One group of people, shown or not."""

    group: str
    """Such as "Women, under 50 or 60 and over"."""
    people: str
    with_condition: str
    prevalence: str
    """All three say in words that nothing is shown when the group is suppressed."""
    is_suppressed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightTable:
    """What a page shows of an insight; texts are not escaped yet."""

    caption: str
    headings: tuple[str, str, str, str]
    rows: tuple[InsightRow, ...]
    notes: tuple[str, ...]
    """Sentences for below the table: privacy, suppression, limitations."""


def render_insight_table(document: JsonObject) -> InsightTable:
    """Put a checked insight, or a draft, into words."""
    rows = [_render_cell(cell) for cell in document["cells"]]
    rows += [
        InsightRow(_render_group(group), "too few to show", "–", "–", is_suppressed=True)
        for group in document["suppressedCells"]
    ]
    return InsightTable(
        caption=document["name"],
        headings=("Group", "People", "With the condition", "Share"),
        rows=tuple(rows),
        notes=_render_notes(document),
    )


def render_table_html(table: InsightTable) -> str:
    """The table and its notes as HTML that `check_content` accepts."""
    head = "".join(f'<th scope="col">{_escape(text)}</th>' for text in table.headings)
    body = "".join(
        f'<tr><th scope="row">{_escape(row.group)}</th><td>{_escape(row.people)}</td>'
        f"<td>{_escape(row.with_condition)}</td><td>{_escape(row.prevalence)}</td></tr>"
        for row in table.rows
    )
    notes = "".join(f"<p>{_escape(note)}</p>" for note in table.notes)
    return (
        f"<table><caption>{_escape(table.caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>{notes}"
    )


def check_content(content: str) -> None:
    """Check that HTML is nothing but plain text in paragraphs, lists and tables.

    Every character must belong to an allowed token, so there is nothing for two HTML parsers
    to read differently: no attribute but `scope`, no comment, no entity but the five.

    Raises:
        RefusedError: Another tag, attribute or entity, or tags that do not nest.
    """
    position = 0
    open_tags: list[str] = []
    while position < len(content):
        token = _TOKEN.match(content, position)
        if token is None:
            raise RefusedError("the content holds more than plain text, paragraphs and tables")
        position = token.end()
        tag = token["tag"] or token["scoped"]
        if tag is None:
            continue
        if not token["close"]:
            open_tags.append(tag)
        elif not open_tags or open_tags.pop() != tag:
            raise RefusedError("the content closes a tag that it did not open")
        if len(open_tags) > _DEPTH_MAX:
            raise RefusedError(f"the content nests deeper than {_DEPTH_MAX} tags")
    if open_tags:
        raise RefusedError("the content leaves a tag open")


def _render_cell(cell: JsonObject) -> InsightRow:
    return InsightRow(
        _render_group(cell),
        f"{cell['people']} (±{cell['peopleMargin']})",
        f"{cell['withCondition']} (±{cell['withConditionMargin']})",
        f"{cell['prevalence']} %",
        is_suppressed=False,
    )


def _render_group(group: JsonObject) -> str:
    sex = _SEXES[Sex(group["sex"])]
    bands = [AgeBand(band) for band in group["ageBands"]]
    if len(bands) == len(AgeBand):
        return f"{sex}, all ages"
    return f"{sex}, {' or '.join(_BANDS[band] for band in bands)}"


def _render_notes(document: JsonObject) -> tuple[str, ...]:
    privacy, cohort = document["privacy"], document["cohort"]
    noise = (
        "Noise was added to every count, so that the table would look much the same without any "
        f"one person (differential privacy, ε = {privacy['epsilon']}). In 95 of 100 cases it "
        "moves a count by no more than the figure after ±."
    )
    small = (
        f"Groups of fewer than {cohort['minimumCellSize']} people, noise included, are merged "
        "or not shown."
    )
    sources = document.get("derivedFrom", [])
    named = (f"Made from: {', '.join(sources)}.",) if sources else ()
    basis = _render_basis(document["basis"])
    return basis, noise, small, document["limitations"], *named


def _render_basis(basis: JsonObject) -> str:
    if basis["kind"] == BASIS_PUBLIC_DATASET:
        return "Counted from a published data set: nobody's consent was asked for this."
    return (
        f"Only people are counted whose consent to {_PURPOSES[Purpose(basis['purpose'])]} held "
        f"when it was computed, after block {basis['height']} of the ledger."
    )


def _escape(text: str) -> str:
    return escape(text, quote=True)
