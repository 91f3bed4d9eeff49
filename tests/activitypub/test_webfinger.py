"""WebFinger and NodeInfo."""

import pytest

from activitypub.webfinger import (
    WebFingerError,
    render_nodeinfo,
    render_nodeinfo_links,
    render_webfinger,
)

ORIGIN = "https://a.example"


@pytest.mark.parametrize(
    "resource",
    ["acct:coop@a.example", "acct:Coop@A.example", f"{ORIGIN}/actor", "did:web:a.example"],
)
def test_the_cooperative_is_found_by_each_of_its_names(resource: str) -> None:
    """And the answer leads to the actor."""
    answer = render_webfinger(resource, origin=ORIGIN, user="coop")

    assert answer["subject"] == "acct:coop@a.example"
    (link,) = [link for link in answer["links"] if link["rel"] == "self"]
    assert (link["type"], link["href"]) == ("application/activity+json", f"{ORIGIN}/actor")


@pytest.mark.parametrize("resource", ["", "acct:x@a.example", "acct:coop@b.example", "coop"])
def test_nobody_else_is_here(resource: str) -> None:
    """There is one actor."""
    with pytest.raises(WebFingerError):
        render_webfinger(resource, origin=ORIGIN, user="coop")


def test_nodeinfo_tells_nothing_about_members() -> None:
    """One user: the cooperative."""
    (link,) = render_nodeinfo_links(ORIGIN)["links"]
    info = render_nodeinfo(name="A", version="0.1.0", insights_count=3)

    assert link["href"] == f"{ORIGIN}/nodeinfo/2.1"
    assert info["usage"] == {"users": {"total": 1}, "localPosts": 3}
