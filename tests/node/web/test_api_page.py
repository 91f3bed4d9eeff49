"""docs/api.md names every route that a node serves, and no other."""

import re
from pathlib import Path

from config.limits import PAGE_ITEMS_MAX, TX_BYTES_MAX
from node.web.main import ROUTE_MODULES

PAGE = Path(__file__).parents[3] / "docs" / "api.md"
FILES = {"/style.css", "/icon.svg"}
"""Parts of pages, beside the scripts of /verify."""


def test_every_route_is_described_and_nothing_else() -> None:
    """With its method; pages are named by their path."""
    text = PAGE.read_text(encoding="utf-8")
    routes = {
        (route.method, re.sub(r":[^}]+}", "}", route.path))
        for module in ROUTE_MODULES
        for route in module.routes
        if route.path not in FILES and "mjs" not in route.path
    }
    described = set(re.findall(r"`(GET|POST|PUT|DELETE) (/[^` ]*)`", text))
    pages = set(re.findall(r"`(/[^` ?]*)`", text.split("## Pages")[1]))

    assert described == {(method, path) for method, path in routes if path not in pages}
    assert pages <= {path for _, path in routes}


def test_its_limits_are_those_that_hold() -> None:
    """Sizes of pages and of transactions."""
    text = PAGE.read_text(encoding="utf-8")

    assert f"`limit` is 1 to {PAGE_ITEMS_MAX}, and {PAGE_ITEMS_MAX} if not given" in text
    assert f"at most {TX_BYTES_MAX:,} bytes" in text
