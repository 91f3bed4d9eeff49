"""Collections and catching up through the outbox."""

import json
from typing import Any

import pytest

from activitypub.collections import (
    get_outbox_page_url,
    parse_outbox_page,
    render_collection,
    render_outbox,
    render_outbox_page,
)
from activitypub.vocabulary import build_follow
from config.errors import RefusedError

ORIGIN = "https://a.example"


def build(number: int) -> dict[str, Any]:
    """An activity of the log."""
    return build_follow(
        origin=ORIGIN, number=number, actor="https://b.example/actor", published="2026-11-20"
    )


def render(after: int, total: int, numbers: list[int]) -> dict[str, Any]:
    """A page."""
    return render_outbox_page(
        origin=ORIGIN, after=after, total=total, activities=[build(number) for number in numbers]
    )


def parse(page: object, after: int) -> Any:
    """Read a page given as JSON."""
    return parse_outbox_page(json.dumps(page).encode(), origin=ORIGIN, after=after)


def test_a_page_runs_from_new_to_old_and_is_read_from_old_to_new() -> None:
    """ActivityPub §5.1 for others, our log's order for us."""
    page = render(3, 6, [4, 5, 6])

    assert [item["id"][-1] for item in page["orderedItems"]] == ["6", "5", "4"]
    read = parse(page, 3)
    assert [number for number, _ in read.activities] == [4, 5, 6]
    assert read.activities[0][1] == build(4)
    assert read.total == 6


def test_pages_lead_to_older_and_newer_ones() -> None:
    """`next` is older, `prev` newer; the first page of all holds the newest."""
    assert render_outbox(origin=ORIGIN, total=250)["first"] == get_outbox_page_url(
        ORIGIN, after=150
    )
    middle = render(100, 250, [])
    assert middle["next"] == get_outbox_page_url(ORIGIN, after=0)
    assert middle["prev"] == get_outbox_page_url(ORIGIN, after=200)
    assert "next" not in render(0, 50, [])
    assert "prev" not in render(0, 50, [])
    assert "first" not in render_collection(url=f"{ORIGIN}/followers", total=0)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "OrderedCollection"},
        {"id": "https://a.example/outbox?after=4"},
        {"orderedItems": None},
        {"orderedItems": [1]},
        {"orderedItems": [build(4)] * 101},
        {"orderedItems": [build(4), build(4)]},
        {"orderedItems": [build(3)]},
        {"orderedItems": [build(7)]},
        {"orderedItems": [{**build(4), "id": "https://b.example/activities/4"}]},
        {"orderedItems": [{**build(4), "actor": "https://b.example/actor"}]},
        {"orderedItems": [{**build(4), "@context": "https://evil.example"}]},
        {"totalItems": "6"},
    ],
)
def test_refuses_pages_that_were_not_asked_for(change: dict[str, Any]) -> None:
    """Another page, another actor's activities, numbers twice or out of range."""
    with pytest.raises(RefusedError):
        parse({**render(3, 6, [4, 5, 6]), **change}, 3)
