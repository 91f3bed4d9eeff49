"""An insight in words, and harmless HTML."""

import pytest

from did.consent.terms import Purpose
from federation.insight_content import check_content, render_insight_table
from federation.insight_refusals import InsightRefusal
from federation.insights import ConsentBasis
from tests.federation.insight_samples import (
    build_draft,
    get_refusal,
    seal,
    sign_again,
)


def test_the_table_names_each_group_and_what_is_not_shown() -> None:
    """A reader sees groups, counts with their margin, and that something is suppressed."""
    table = render_insight_table(build_draft())

    groups = [row.group for row in table.rows]
    assert groups == [
        "Women, all ages",
        "Men, under 50",
        "Men, 50 to 59",
        "Men, 60 and over",
    ]
    assert table.rows[0].people == "97 (±14)"
    assert [row.is_suppressed for row in table.rows] == [False, False, False, True]
    assert table.rows[3].people == "too few to show"
    assert any("ε = 0.5" in note for note in table.notes)
    assert any("Not medical advice" in note for note in table.notes)
    assert table.notes[-1] == "Made from: https://doi.org/10.24432/C52P4X."


def test_the_content_is_the_table_as_escaped_html() -> None:
    """Readers of the wider fediverse see the same table."""
    content = build_draft()["content"]

    check_content(content)
    assert "<caption>Heart disease by age &amp; sex</caption>" in content
    assert "too few to show" in content


@pytest.mark.parametrize(
    "content",
    [
        "<img src=x onerror=alert(1)>",
        "<a href='https://e.example'>x</a>",
        "<p><!-- x --></p>",
        "<P>x</P>",
        "<p >x</p>",
        '<td scope="row">x</td>',
        "<p>x",
        "x</p>",
        "<p><strong>x</p></strong>",
        "<p>&nbsp;</p>",
        "<p>&#60;script&#62;</p>",
        "a & b",
        "a > b",
        "<svg/onload=alert(1)>",
        "<style>p{}</style>",
        "<p>\0</p>",
        "<ul>" * 9 + "</ul>" * 9,
        "</th>",
    ],
)
def test_refuses_html_that_is_more_than_text_and_tables(content: str) -> None:
    """Every character must belong to an allowed token."""
    sealed = sign_again({**seal(build_draft()), "content": content})

    assert get_refusal(sealed) is InsightRefusal.CONTENT_UNSAFE


def test_a_reader_learns_on_what_basis_people_were_counted() -> None:
    """Whose consent, for what and as of which block; or that nobody was asked."""
    basis = ConsentBasis(purpose=Purpose.HEALTH_RESEARCH, height=12)

    assert build_draft(basis=basis)["basis"] == {
        "kind": "consents",
        "purpose": "DUO:0000006",
        "height": 12,
    }
    assert "consent to health research" in build_draft(basis=basis)["content"]
    assert "after block 12 of" in build_draft(basis=basis)["content"]
    assert "consent was asked" in build_draft()["content"]


@pytest.mark.parametrize(
    "basis",
    [
        None,
        {},
        {"kind": "public-dataset", "height": 1},
        {"kind": "consents"},
        {"kind": "consents", "purpose": "odrl:sell", "height": 1},
        {"kind": "consents", "purpose": "DUO:0000006", "height": -1},
        {"kind": "trust us"},
    ],
)
def test_refuses_an_insight_that_does_not_say_its_basis(basis: object) -> None:
    """Partners read it as their members do."""
    sealed = sign_again({**seal(build_draft()), "basis": basis})

    assert get_refusal(sealed) is InsightRefusal.SHAPE_UNKNOWN
