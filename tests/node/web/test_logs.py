"""What the log says of a request: which route, and nothing of whom."""

from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

SECRET = "ab" * 32


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", f"/api/applications/{SECRET}", "/api/applications/{id}"),
        ("GET", f"/api/receipts/state/{SECRET}", "/api/receipts/state/{key}"),
        (
            "GET",
            f"/api/receipts/ballot/{SECRET}/{SECRET}",
            "/api/receipts/ballot/{proposal}/{ballot}",
        ),
        ("GET", f"/login/{SECRET}", "/login/{ticket}"),
        ("POST", f"/openid4vp/{SECRET}", "/openid4vp/{ticket}"),
        ("GET", f"/openid4vci/offers/{SECRET}", "/openid4vci/offers/{code}"),
        ("DELETE", f"/api/passkeys/{SECRET}", "/api/passkeys/{passkey}"),
        ("GET", f"/1.0/identifiers/did:web:{SECRET}.test", "/1.0/identifiers/{did}"),
        ("GET", f"/oauth/authorize?client_id={SECRET}", "/oauth/authorize"),
        ("GET", f"/people/{SECRET}", "(no such path)"),
        ("PUT", f"/login/{SECRET}", "(no such path)"),
    ],
)
async def test_a_line_names_the_route_alone(pair: Any, method: str, path: str, route: str) -> None:
    """Ids in paths lead to a person, or are secrets that serve once."""
    with capture_logs() as lines:
        async with aiohttp.ClientSession() as http, http.request(method, pair[0].url + path):
            pass

    assert [line["path"] for line in lines if line["event"] == "request"] == [route]
    assert not any(SECRET in str(line) for line in lines)
