"""Who owns a URL."""

import pytest

from activitypub.origins import OriginError, check_same_origin, get_document_url, get_origin


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://a.example", "https://a.example"),
        ("https://a.example/actor#http", "https://a.example"),
        ("https://a.example:8443/x?y=https://b.example", "https://a.example:8443"),
        ("https://a.example?@b.example", "https://a.example"),
    ],
)
def test_a_url_has_one_origin(url: str, origin: str) -> None:
    """Whatever follows it."""
    assert get_origin(url) == origin
    check_same_origin(url, origin=origin)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://a.example/",
        "//a.example/",
        "https:/a.example",
        "https://user@a.example/",
        "https://a.example@b.example/",
        "https://A.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://a.example:443/",
        "https://[bad/",
        "https://a.example\\@b.example/",
        "https://a.example/\n",
        "https://a.example/ x",
        "https://a.example/é",
        "https://a.example/" + "x" * 2_048,
        "javascript:alert(1)",
    ],
)
def test_refuses_urls_that_readers_understand_differently(url: str) -> None:
    """One spelling, named hosts, no credentials."""
    with pytest.raises(OriginError):
        get_origin(url)


def test_refuses_another_origin() -> None:
    """A longer name, another port."""
    for url in ("https://a.example.evil/", "https://a.example:8443/", "https://b.example/"):
        with pytest.raises(OriginError):
            check_same_origin(url, origin="https://a.example")


def test_a_fragment_belongs_to_its_document() -> None:
    """A key's URL names the actor."""
    assert get_document_url("https://a.example/actor#http") == "https://a.example/actor"
    assert get_document_url("https://a.example/actor") == "https://a.example/actor"
