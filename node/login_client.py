"""Logging in to a node with a wallet, and calling its protected routes afterwards.

Takes every step that a browser, an application and a wallet take together, for a person at
their own command line. The key that tokens are bound to lives as long as this object. Never
stores a token.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import aiohttp

from config.errors import RefusedError, UnavailableError
from config.limits import FETCH_BYTES_MAX, FETCH_CONNECT_TIMEOUT_S, FETCH_TIMEOUT_S
from did.credentials.compact import sign_compact
from did.jcs import JsonObject, canonicalize, parse_json_object
from did.jws import sign_jws
from did.keys import KeyPair, did_key_verification_method
from did.login.challenge import LOGIN_TYPE, Challenge, Purpose, render_challenge
from did.login.client_proofs import DpopKey
from did.login.issuance import GRANT_TYPE, PROOF_TYPE
from did.login.pkce import compute_challenge
from did.login.scopes import SCOPES
from did.wallets import Wallet
from node.member_client import check_node_url

CLIENT_ID = "rochdale-wallet"
_CHUNK_BYTES = 65_536
_REDIRECT = "http://127.0.0.1/callback"
_JSON = {"Accept": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the node answered."""

    status: int
    headers: Mapping[str, str]
    body: JsonObject


class LoginClient:
    """A person's session at one node; use as `async with LoginClient(url, origin=…) as client`."""

    def __init__(
        self,
        url: str,
        *,
        origin: str = "",
        now_s: Callable[[], int] = lambda: int(time.time()),
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Prepare a session.

        Args:
            url: Where the node is reached, such as `https://node.example`.
            origin: What the node calls itself; the same as `url` if empty. They differ where a
                test chain is reached on loopback.
            now_s: Unix seconds.
            random: Source of secret bytes.

        Raises:
            MisconfiguredError: Not an HTTPS URL, nor HTTP on this machine.
        """
        check_node_url(url)
        self._url = url.rstrip("/")
        self.origin = (origin or url).rstrip("/")
        self._now_s = now_s
        self._random = random
        self._key = DpopKey(KeyPair(random(32)))
        self._nonce = ""
        self._tokens: JsonObject = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=FETCH_TIMEOUT_S, sock_connect=FETCH_CONNECT_TIMEOUT_S
            ),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def tokens(self) -> JsonObject:
        """As the token endpoint gave them last; empty before the login."""
        return self._tokens

    async def login(self, wallet: Wallet, *, scopes: Sequence[str] = tuple(SCOPES)) -> None:
        """Log in with a wallet's key in use, and agree on the person's behalf.

        Raises:
            RefusedError: The node refuses; says why.
            UnavailableError: It does not answer.
        """
        verifier, state = self._make_secret(), self._make_secret()
        pushed = await self._post_form(
            "/oauth/par",
            {
                "client_id": CLIENT_ID,
                "response_type": "code",
                "redirect_uri": _REDIRECT,
                "scope": " ".join(scopes),
                "state": state,
                "code_challenge": compute_challenge(verifier),
                "code_challenge_method": "S256",
                "dpop_jkt": self._key.thumbprint,
            },
        )
        code = await self._get_code(str(pushed["request_uri"]), wallet, state=state)
        self._tokens = await self._post_form(
            "/oauth/token",
            {
                "grant_type": "authorization_code",
                "client_id": CLIENT_ID,
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": _REDIRECT,
            },
            is_proved=True,
        )

    async def refresh(self) -> None:
        """Replace the tokens by newer ones."""
        form = {
            "grant_type": "refresh_token",
            "client_id": CLIENT_ID,
            "refresh_token": str(self._tokens["refresh_token"]),
        }
        self._tokens = await self._post_form("/oauth/token", form, is_proved=True)

    async def logout(self) -> None:
        """End this access at the node."""
        if self._tokens:
            await self._post_form(
                "/oauth/revoke",
                {"client_id": CLIENT_ID, "token": str(self._tokens["refresh_token"])},
            )
            self._tokens = {}

    async def call(self, method: str, path: str, body: bytes | None = None) -> JsonObject:
        """Call a protected route.

        Raises:
            RefusedError: The node refuses; says why.
            UnavailableError: It does not answer.
        """
        token = str(self._tokens["access_token"])
        headers = {**_JSON, "Authorization": f"DPoP {token}"}
        answer = await self._send_proved(method, path, headers, body, access_token=token)
        return check_answer(answer)

    async def fetch_credential(self, wallet: Wallet, *, configuration: str) -> object:
        """Take the membership credential, bound to the wallet's key in use (OpenID4VCI 1.0).

        Args:
            wallet: Logged in with the scope `credentials`.
            configuration: One of `did.login.issuance.CONFIGURATIONS`.

        Returns:
            The text of an SD-JWT VC, or the document of a credential with a data integrity proof.

        Raises:
            RefusedError: The node refuses; says why.
            UnavailableError: It does not answer.
        """
        offer = await self.call("POST", "/api/credential-offers")
        path = _read_path(str(offer["credential_offer_uri"]))
        grants = check_answer(await self._request("GET", path, headers=_JSON))["grants"]
        form = {
            "grant_type": GRANT_TYPE,
            "pre-authorized_code": str(grants[GRANT_TYPE]["pre-authorized_code"]),
            "tx_code": str(offer["tx_code"]),
        }
        token = str((await self._post_form("/oauth/token", form, is_proved=True))["access_token"])
        asked = await self._request("POST", "/openid4vci/nonce", headers=_JSON)
        proof = sign_compact(
            {"aud": self.origin, "iat": self._now_s(), "nonce": check_answer(asked)["c_nonce"]},
            key=wallet.device_key,
            typ=PROOF_TYPE,
            kid=did_key_verification_method(wallet.device_key.public_key),
        )
        body = {"credential_configuration_id": configuration, "proofs": {"jwt": [proof]}}
        headers = {**_JSON, "Authorization": f"DPoP {token}"}
        data = canonicalize(body)
        answer = await self._send_proved(
            "POST", "/openid4vci/credential", headers, data, access_token=token
        )
        found: object = check_answer(answer)["credentials"][0]["credential"]
        return found

    async def answer_challenge(
        self, address: str, wallet: Wallet, *, purpose: Purpose = Purpose.LOGIN
    ) -> JsonObject:
        """Sign the challenge of a login that another browser began; the node's answer.

        Args:
            address: What that browser shows.
            wallet: Whose key in use signs.
            purpose: What the person has agreed to; nothing else is signed.

        Raises:
            RefusedError: It is for another node or purpose, or the node refuses.
            UnavailableError: It does not answer.
        """
        path = _read_path(address)
        asked = check_answer(await self._request("GET", path, headers=_JSON))
        if asked["aud"] != self.origin:
            raise RefusedError("this login is for another node: do not sign it")
        if asked["purpose"] != purpose:
            raise RefusedError("this login is for another purpose than you agreed to")
        challenge = Challenge(
            audience=self.origin,
            nonce=str(asked["nonce"]),
            client_id=str(asked["client"]),
            purpose=purpose,
        )
        statement = sign_jws(
            render_challenge(challenge, now_s=self._now_s()),
            key=wallet.device_key,
            kid=wallet.login_method,
            typ=LOGIN_TYPE,
        )
        return check_answer(await self._request("POST", path, json={"statement": statement}))

    async def describe_login(self, address: str) -> JsonObject:
        """For whom a login is, and what it would allow."""
        return check_answer(await self._request("GET", _read_path(address), headers=_JSON))

    async def _get_code(self, request_uri: str, wallet: Wallet, *, state: str) -> str:
        begun = await self._request(
            "GET",
            "/oauth/authorize",
            params={"client_id": CLIENT_ID, "request_uri": request_uri},
            headers=_JSON,
        )
        login = check_answer(begun)["login"]
        cookie = {**_JSON, "Cookie": _read_cookie(begun)}
        proved = await self.answer_challenge(str(login), wallet)
        page = await self._request(
            "GET",
            "/oauth/continue",
            params={"response_code": str(proved["response_code"])},
            headers=cookie,
        )
        form = {"form_token": str(check_answer(page)["form_token"]), "decision": "allow"}
        decided = await self._request("POST", "/oauth/decide", data=form, headers=cookie)
        if decided.status != 303:
            check_answer(decided)
        answer = dict(parse_qsl(urlsplit(decided.headers["Location"]).query))
        if answer.get("iss") != self.origin or answer.get("state") != state:
            raise RefusedError("the answer is not by the node that was asked: mix-up")
        return answer["code"]

    async def _post_form(
        self, path: str, form: Mapping[str, str], *, is_proved: bool = False
    ) -> JsonObject:
        if is_proved:
            return check_answer(await self._send_proved("POST", path, _JSON, form))
        return check_answer(await self._request("POST", path, data=form, headers=_JSON))

    async def _send_proved(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        data: Mapping[str, str] | bytes | None,
        *,
        access_token: str = "",
    ) -> Answer:
        """Send with a DPoP proof; once more if the node wants a fresh nonce."""
        for _ in range(2):
            proof = self._key.prove(
                method=method,
                url=self.origin + path,
                now_s=self._now_s(),
                jti=self._make_secret(),
                nonce=self._nonce,
                access_token=access_token,
            )
            answer = await self._request(
                method, path, data=data, headers={**headers, "DPoP": proof}
            )
            if answer.body.get("error") != "use_dpop_nonce":
                break
        return answer

    async def _request(self, method: str, path: str, **options: Any) -> Answer:
        if self._session is None:
            raise UnavailableError("the client is not open")
        try:
            async with self._session.request(
                method, self._url + path, allow_redirects=False, **options
            ) as response:
                data = await _read_whole(response)
                headers = {name.title(): value for name, value in response.headers.items()}
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(f"{self._url} does not answer") from error
        self._nonce = headers.get("Dpop-Nonce", self._nonce)
        is_json = response.content_type == "application/json"
        return Answer(
            status=response.status,
            headers=headers,
            body=parse_json_object(data, bytes_max=FETCH_BYTES_MAX) if data and is_json else {},
        )

    def _make_secret(self) -> str:
        return self._random(32).hex()


async def _read_whole(response: aiohttp.ClientResponse) -> bytes:
    """All of an answer: one read gives only what has come so far."""
    data = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        data += chunk
        if len(data) > FETCH_BYTES_MAX:
            raise UnavailableError(f"{response.url} answers with more than can be right")
    return bytes(data)


def check_answer(answer: Answer) -> JsonObject:
    """The body of an answer that is none of an error.

    Raises:
        RefusedError: The node refuses; says why.
        UnavailableError: It is busy.
    """
    reason = answer.body.get("error_description") or answer.body.get("reason") or ""
    if answer.status == 503:
        raise UnavailableError(f"the node cannot do this now: {reason}")
    if answer.status >= 400:
        raise RefusedError(str(reason) or f"the node answers with status {answer.status}")
    return answer.body


def _read_path(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError as error:
        raise RefusedError("what was given as an address is none") from error


def _read_cookie(answer: Answer) -> str:
    cookie: SimpleCookie = SimpleCookie(answer.headers.get("Set-Cookie", ""))
    return "; ".join(f"{name}={item.value}" for name, item in cookie.items())
