"""Scopes: one list for people, metadata and routes."""

from pathlib import Path

import pytest

from did.login.errors import OAuthError
from did.login.scopes import SCOPES, parse_scopes

PAGE = (Path(__file__).parents[3] / "docs" / "login.md").read_text(encoding="utf-8")


def test_the_page_lists_every_scope() -> None:
    """docs/login.md, in the words of the agreement's page."""
    for name, allows in SCOPES.items():
        assert f"| `{name}` | {allows[0].lower()}{allows[1:]} |" in PAGE


def test_scopes_come_in_one_order_and_once() -> None:
    """However they were asked for."""
    assert parse_scopes("sessions profile sessions", allowed=SCOPES) == ("profile", "sessions")


@pytest.mark.parametrize("text", ["", "admin", "profile  sessions", "export"])
def test_other_scopes_are_refused(text: str) -> None:
    """None, unknown ones, and those that the client did not register for."""
    with pytest.raises(OAuthError):
        parse_scopes(text, allowed=("profile", "sessions"))
