"""WebFinger and NodeInfo."""

import json

import pytest

from activitypub.webfinger import (
    WebFingerError,
    parse_webfinger,
    render_nodeinfo,
    render_nodeinfo_links,
    render_webfinger,
)
from config.errors import RefusedError

ORIGIN = "https://a.example"


@pytest.mark.parametrize(
    "resource",
    ["acct:coop@a.example", "acct:Coop@A.example", f"{ORIGIN}/actor", "did:web:a.example"],
)
def test_the_cooperative_is_found_by_each_of_its_names(resource: str) -> None:
    """And the answer leads to the actor."""
    answer = render_webfinger(resource, origin=ORIGIN, user="coop")

    assert answer["subject"] == "acct:coop@a.example"
    assert parse_webfinger(json.dumps(answer).encode(), origin=ORIGIN) == f"{ORIGIN}/actor"


@pytest.mark.parametrize("resource", ["", "acct:x@a.example", "acct:coop@b.example", "coop"])
def test_nobody_else_is_here(resource: str) -> None:
    """There is one actor."""
    with pytest.raises(WebFingerError):
        render_webfinger(resource, origin=ORIGIN, user="coop")


@pytest.mark.parametrize(
    "links",
    [
        None,
        [],
        ["x", {"rel": "other"}],
        [{"rel": "self", "type": "text/html", "href": f"{ORIGIN}/"}],
        [{"rel": "self", "type": "application/activity+json", "href": "https://b.example/actor"}],
    ],
)
def test_refuses_an_answer_that_names_no_actor_of_the_origin(links: object) -> None:
    """An origin speaks for itself."""
    with pytest.raises(RefusedError):
        parse_webfinger(json.dumps({"links": links}).encode(), origin=ORIGIN)


def test_nodeinfo_tells_nothing_about_members() -> None:
    """One user: the cooperative."""
    (link,) = render_nodeinfo_links(ORIGIN)["links"]
    info = render_nodeinfo(name="A", version="0.1.0", insights_count=3)

    assert link["href"] == f"{ORIGIN}/nodeinfo/2.1"
    assert info["usage"] == {"users": {"total": 1}, "localPosts": 3}
