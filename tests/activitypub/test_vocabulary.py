"""Activities we build and shapes we accept."""

from typing import Any

import pytest

from activitypub.contexts import check_contexts
from activitypub.vocabulary import (
    ShapeError,
    build_accept,
    build_create,
    build_follow,
    check_follow,
    check_shape,
    get_accepted_follow,
    get_id,
    get_types,
    parse_activity_number,
)
from did.proofs import DATA_INTEGRITY_CONTEXT

A, B = "https://a.example", "https://b.example"
NOW = "2026-11-20T10:00:00Z"
FOLLOW = build_follow(origin=A, number=1, actor=f"{B}/actor", published=NOW)
ACCEPT = build_accept(origin=B, number=1, follow=FOLLOW, published=NOW)
CREATE = build_create(
    origin=A,
    number=2,
    published=NOW,
    item={
        "@context": ["https://www.w3.org/ns/activitystreams", "https://www.w3.org/ns/cid/v1"],
        "id": f"{A}/insights/1",
        "type": ["Article", "HealthInsight"],
        "attributedTo": f"{A}/actor",
    },
)


@pytest.mark.parametrize(
    ("activity", "kind"), [(FOLLOW, "Follow"), (ACCEPT, "Accept"), (CREATE, "Create")]
)
def test_what_we_build_has_the_shape_we_accept(activity: dict[str, Any], kind: str) -> None:
    """Under the pinned contexts."""
    check_contexts(activity)

    assert check_shape(activity) == kind


def test_a_create_carries_the_contexts_of_its_object() -> None:
    """A reader that looks at the outside alone knows the terms inside."""
    assert CREATE["@context"] == [
        "https://www.w3.org/ns/activitystreams",
        DATA_INTEGRITY_CONTEXT,
        "https://www.w3.org/ns/cid/v1",
    ]
    assert get_types(CREATE["object"]) == ("Article", "HealthInsight")
    assert CREATE["cc"] == [f"{A}/followers"]


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": "http://a.example/1"},
        {"id": "https://a.example/\n"},
        {"id": "https://a.example/" + "x" * 3_000},
        {"type": ["Follow"]},
        {"type": ""},
        {"actor": {"id": f"{A}/actor"}},
        {"object": 1},
        {"object": {"id": f"{B}/actor"}},
        {"published": 5},
    ],
)
def test_refuses_another_shape(change: dict[str, Any]) -> None:
    """Before anything is fetched for it."""
    with pytest.raises(ShapeError):
        check_shape({**FOLLOW, **change})


def test_refuses_a_missing_object() -> None:
    """An activity that is acted upon has one."""
    with pytest.raises(ShapeError):
        check_shape({name: value for name, value in FOLLOW.items() if name != "object"})


def test_unknown_activities_have_the_common_shape() -> None:
    """They are taken and passed over."""
    assert check_shape({**FOLLOW, "type": "Like", "object": 1}) == "Like"


def test_a_follow_is_for_this_cooperative() -> None:
    """Or it is refused."""
    check_follow(FOLLOW, actor=f"{B}/actor")
    with pytest.raises(ShapeError):
        check_follow(FOLLOW, actor=f"{A}/actor")


def test_an_accept_answers_one_of_our_follows() -> None:
    """Given whole or by its id."""
    assert get_accepted_follow(ACCEPT, origin=A) == 1
    assert get_accepted_follow({**ACCEPT, "object": f"{A}/activities/7"}, origin=A) == 7


@pytest.mark.parametrize(
    "item",
    [
        f"{B}/activities/1",
        f"{A}/activities/x",
        {**ACCEPT["object"], "actor": f"{B}/actor"},
        {**ACCEPT["object"], "object": "https://c.example/actor"},
    ],
)
def test_refuses_an_accept_of_something_else(item: object) -> None:
    """Another's Follow, or one sent to somebody else than who accepts."""
    with pytest.raises(ShapeError):
        get_accepted_follow({**ACCEPT, "object": item}, origin=A)


@pytest.mark.parametrize("text", ["0", "01", "-1", "", "1/2", "1" * 20, "²"])
def test_refuses_other_spellings_of_a_number(text: str) -> None:
    """One URL for one activity."""
    assert parse_activity_number(f"{A}/activities/12", origin=A) == 12
    with pytest.raises(ShapeError):
        parse_activity_number(f"{A}/activities/{text}", origin=A)


def test_an_object_is_given_whole_or_by_its_id() -> None:
    """And in no other way."""
    assert get_id("x") == get_id({"id": "x"}) == "x"
    assert get_types({"type": "Note"}) == ("Note",)
    for value in (1, {}, [], None):
        with pytest.raises(ShapeError):
            get_id(value)
