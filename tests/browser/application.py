"""An application that the operator registered: it sends browsers to log in, and acts afterwards."""

import json
import secrets
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import Page, Route

from did.keys import KeyPair
from did.login.client_proofs import DpopKey
from did.login.pkce import compute_challenge
from tests.browser.commands import ask_command
from tests.browser.site import Site

REDIRECT = "https://reading.example/callback"


class Application:
    """With a key of its own; `came` are the addresses that browsers come back to."""

    def __init__(self, site: Site, name: str, *, scope: str) -> None:
        words = ("client", "add", name, "--redirect", REDIRECT, "--scope", scope)
        self.client_id = str(ask_command(*words, "--home", site.home.root)["client_id"])
        self.came: list[str] = []
        self._url = site.origin
        self._scope = scope
        self._key = DpopKey(KeyPair(secrets.token_bytes(32)))
        self._verifier = secrets.token_hex(32)
        self._nonce = ""
        self._issuer = str(self._send("GET", "/.well-known/oauth-authorization-server")["issuer"])

    def begin(self) -> str:
        """Push a request (RFC 9126); the address to open in the browser."""
        form = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": self._scope,
            "state": "xyz",
            "code_challenge": compute_challenge(self._verifier),
            "code_challenge_method": "S256",
        }
        pushed = self._send("POST", "/oauth/par", form=form)
        query = urlencode({"client_id": self.client_id, "request_uri": pushed["request_uri"]})
        return f"{self._url}/oauth/authorize?{query}"

    def wait_at(self, page: Page) -> None:
        """Answer at its own address, as far as this page is concerned."""

        def answer(route: Route) -> None:
            self.came.append(route.request.url)
            route.fulfill(status=200, content_type="text/plain", body="Welcome back")

        page.route(f"{REDIRECT}**", answer)

    def redeem(self) -> str:
        """The access token for the code that came; checks state and issuer (RFC 9207)."""
        [address] = self.came
        answer = dict(parse_qsl(urlsplit(address).query))
        assert (answer["state"], answer["iss"]) == ("xyz", self._issuer)
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": answer["code"],
            "code_verifier": self._verifier,
            "redirect_uri": REDIRECT,
        }
        return str(self._send("POST", "/oauth/token", form=form)["access_token"])

    def call(self, path: str, token: str) -> dict[str, Any]:
        """A protected route's answer."""
        return self._send("GET", path, token=token)

    def _send(
        self, method: str, path: str, *, form: dict[str, str] | None = None, token: str = ""
    ) -> dict[str, Any]:
        for _ in range(2):  # the first answer may say which nonce to use (RFC 9449 §8)
            request = urllib.request.Request(self._url + path, method=method)  # noqa: S310 - ours
            request.data = urlencode(form).encode() if form else None
            if path != "/.well-known/oauth-authorization-server":
                proof = self._key.prove(
                    method=method,
                    url=self._issuer + path,
                    now_s=int(time.time()),
                    jti=secrets.token_hex(16),
                    nonce=self._nonce,
                    access_token=token,
                )
                request.add_header("DPoP", proof)
            if token:
                request.add_header("Authorization", f"DPoP {token}")
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - ours
                    return dict(json.loads(answer.read()))
            except urllib.error.HTTPError as error:
                self._nonce = error.headers.get("DPoP-Nonce", "")
                body = error.read().decode()
        raise AssertionError(body)
