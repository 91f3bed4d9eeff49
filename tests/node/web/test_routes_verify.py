"""The page that checks receipts, as it is served."""

import hashlib
from typing import Any

import aiohttp

from node.web.middlewares import CONTENT_SECURITY_POLICY
from node.web.routes_verify import SCRIPTS


async def test_only_this_page_lets_scripts_in(pair: Any) -> None:
    """From its own origin; the scripts themselves, like all else, may load nothing."""
    async with aiohttp.ClientSession() as http:
        page = await http.get(f"{pair[0].url}/verify")
        overview = await http.get(f"{pair[0].url}/")
        script = await http.get(f"{pair[0].url}/{SCRIPTS[0]}")

    policy = page.headers["Content-Security-Policy"]
    assert policy == f"{CONTENT_SECURITY_POLICY}; script-src 'self'"
    for answer in (overview, script):
        assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "script-src" not in CONTENT_SECURITY_POLICY


async def test_the_page_names_each_script_with_its_hash(pair: Any) -> None:
    """What is served is what is named; no other file of the folder is served as a script."""
    async with aiohttp.ClientSession() as http:
        page = await (await http.get(f"{pair[0].url}/verify")).text()
        for name in SCRIPTS:
            answer = await http.get(f"{pair[0].url}/{name}")
            assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert hashlib.sha256(await answer.read()).hexdigest() in page
        for name in ("verify.html", "verifierxmjs", "other.mjs"):
            assert (await http.get(f"{pair[0].url}/{name}")).status == 404
    assert page.count("<script") == 1
    assert "rochdale ledger verify" in page
