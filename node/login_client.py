"""Logging in to a node with a wallet, and calling its protected routes afterwards.

Takes every step that a browser, an application and a wallet take together, for a person at
their own command line. The key that tokens are bound to lives as long as this object. Never
stores a token.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from config.errors import RefusedError, UnavailableError
from config.limits import FETCH_CONNECT_TIMEOUT_S, FETCH_TIMEOUT_S
from did.credentials.compact import sign_compact
from did.jcs import JsonObject, canonicalize
from did.jws import sign_jws
from did.keys import KeyPair, did_key_verification_method
from did.login.challenge import LOGIN_TYPE, Challenge, Purpose, render_challenge
from did.login.client_proofs import DpopKey
from did.login.issuance import GRANT_TYPE, PROOF_TYPE
from did.login.pkce import compute_challenge
from did.login.scopes import SCOPES
from did.wallets import Wallet
from node.answers import parse_body
from node.login_answers import (
    Answer,
    AskedStatement,
    BegunLogin,
    ConsentPage,
    CredentialNonce,
    CredentialOffer,
    IssuanceToken,
    IssuedCredentials,
    LoginDescription,
    ProvedLogin,
    PushedRequest,
    Tokens,
    check_address,
    check_answer,
    read_answer,
    read_cookie,
    read_nonce,
    read_offer_code,
    read_path,
    read_redirect,
)
from node.member_client import check_node_url, read_bounded

T = TypeVar("T")
CLIENT_ID = "rochdale-wallet"
_REDIRECT = "http://127.0.0.1/callback"
_JSON = {"Accept": "application/json"}


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
        self._tokens: Tokens | None = None
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
        return {**self._tokens} if self._tokens else {}

    async def login(self, wallet: Wallet, *, scopes: Sequence[str] = tuple(SCOPES)) -> None:
        """Log in with a wallet's key in use, and agree on the person's behalf.

        Raises:
            RefusedError: The node refuses; says why.
            UnavailableError: It does not answer, or not as a node does.
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
            PushedRequest,
        )
        code = await self._get_code(pushed["request_uri"], wallet, state=state)
        self._tokens = await self._post_form(
            "/oauth/token",
            {
                "grant_type": "authorization_code",
                "client_id": CLIENT_ID,
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": _REDIRECT,
            },
            Tokens,
            is_proved=True,
        )

    async def refresh(self) -> None:
        """Replace the tokens by newer ones."""
        form = {
            "grant_type": "refresh_token",
            "client_id": CLIENT_ID,
            "refresh_token": self._get_tokens()["refresh_token"],
        }
        self._tokens = await self._post_form("/oauth/token", form, Tokens, is_proved=True)

    async def logout(self) -> None:
        """End this access at the node."""
        if self._tokens is not None:
            form = {"client_id": CLIENT_ID, "token": self._tokens["refresh_token"]}
            check_answer(await self._request("POST", "/oauth/revoke", data=form, headers=_JSON))
            self._tokens = None

    async def call(self, method: str, path: str, shape: type[T], body: bytes | None = None) -> T:
        """Call a protected route.

        Args:
            method: Of the request.
            path: Of the route, with its query.
            shape: What the answer must have, as a `TypedDict`.
            body: Of the request.

        Returns:
            All that was answered, fields that the shape does not name included.

        Raises:
            RefusedError: The node refuses; says why.
            UnavailableError: It does not answer, or with another shape.
        """
        token = self._get_tokens()["access_token"]
        headers = {**_JSON, "Authorization": f"DPoP {token}"}
        answer = await self._send_proved(method, path, headers, body, access_token=token)
        return read_answer(answer, shape)

    async def fetch_credential(self, wallet: Wallet, *, configuration: str) -> object:
        """Take the membership credential, bound to the wallet's key in use (OpenID4VCI 1.0).

        Args:
            wallet: Logged in with the scope `credentials`.
            configuration: One of `did.login.issuance.CONFIGURATIONS`.

        Returns:
            The text of an SD-JWT VC, or the document of a credential with a data integrity proof.

        Raises:
            RefusedError: The node refuses; says why.
            UnavailableError: It does not answer, or not as a node does.
        """
        offer = await self.call("POST", "/api/credential-offers", CredentialOffer)
        address = offer["credential_offer_uri"]
        check_address(address, name="credential_offer_uri", node=self._url)
        found = await self._request("GET", read_path(address), headers=_JSON)
        form = {
            "grant_type": GRANT_TYPE,
            "pre-authorized_code": read_offer_code(found),
            "tx_code": offer["tx_code"],
        }
        given = await self._post_form("/oauth/token", form, IssuanceToken, is_proved=True)
        token = given["access_token"]
        asked = await self._request("POST", "/openid4vci/nonce", headers=_JSON)
        nonce = read_answer(asked, CredentialNonce)["c_nonce"]
        proof = sign_compact(
            {"aud": self.origin, "iat": self._now_s(), "nonce": nonce},
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
        return read_answer(answer, IssuedCredentials)["credentials"][0]["credential"]

    async def answer_challenge(
        self, address: str, wallet: Wallet, *, purpose: Purpose = Purpose.LOGIN
    ) -> ProvedLogin:
        """Sign the challenge of a login that another browser began; the node's answer.

        Args:
            address: What that browser shows.
            wallet: Whose key in use signs.
            purpose: What the person has agreed to; nothing else is signed.

        Raises:
            RefusedError: It is for another node or purpose, or the node refuses.
            UnavailableError: It does not answer.
        """
        path = read_path(address)
        asked = read_answer(await self._request("GET", path, headers=_JSON), AskedStatement)
        if asked["aud"] != self.origin:
            raise RefusedError("this login is for another node: do not sign it")
        if asked["purpose"] != purpose:
            raise RefusedError("this login is for another purpose than you agreed to")
        challenge = Challenge(
            audience=self.origin,
            nonce=asked["nonce"],
            client_id=asked["client"],
            purpose=purpose,
        )
        statement = sign_jws(
            render_challenge(challenge, now_s=self._now_s()),
            key=wallet.device_key,
            kid=wallet.login_method,
            typ=LOGIN_TYPE,
        )
        proved = await self._request("POST", path, json={"statement": statement})
        return read_answer(proved, ProvedLogin)

    async def describe_login(self, address: str) -> LoginDescription:
        """For whom a login is, and what it would allow."""
        asked = await self._request("GET", read_path(address), headers=_JSON)
        return read_answer(asked, LoginDescription)

    async def _get_code(self, request_uri: str, wallet: Wallet, *, state: str) -> str:
        begun = await self._request(
            "GET",
            "/oauth/authorize",
            params={"client_id": CLIENT_ID, "request_uri": request_uri},
            headers=_JSON,
        )
        login = read_answer(begun, BegunLogin)["login"]
        check_address(login, name="login", node=self._url)
        cookie = {**_JSON, "Cookie": read_cookie(begun)}
        proved = await self.answer_challenge(login, wallet)
        page = await self._request(
            "GET",
            "/oauth/continue",
            params={"response_code": proved["response_code"]},
            headers=cookie,
        )
        form = {"form_token": read_answer(page, ConsentPage)["form_token"], "decision": "allow"}
        decided = await self._request("POST", "/oauth/decide", data=form, headers=cookie)
        told = read_redirect(decided)
        if told.get("iss") != self.origin or told.get("state") != state:
            raise RefusedError("the answer is not by the node that was asked: mix-up")
        return told["code"]

    async def _post_form(
        self, path: str, form: Mapping[str, str], shape: type[T], *, is_proved: bool = False
    ) -> T:
        if is_proved:
            return read_answer(await self._send_proved("POST", path, _JSON, form), shape)
        return read_answer(await self._request("POST", path, data=form, headers=_JSON), shape)

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
            if answer.body is None or answer.body.get("error") != "use_dpop_nonce":
                break
        return answer

    async def _request(self, method: str, path: str, **options: Any) -> Answer:
        if self._session is None:
            raise UnavailableError("the client is not open")
        try:
            async with self._session.request(
                method, self._url + path, allow_redirects=False, **options
            ) as response:
                data = await read_bounded(response)
                headers = {name.title(): value for name, value in response.headers.items()}
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(f"{self._url} does not answer") from error
        answer = Answer(
            node=self._url,
            status=response.status,
            headers=headers,
            body=parse_body(data) if response.content_type == "application/json" else None,
        )
        self._nonce = read_nonce(answer, before=self._nonce)
        return answer

    def _get_tokens(self) -> Tokens:
        if self._tokens is None:
            raise UnavailableError("the client is not logged in")
        return self._tokens

    def _make_secret(self) -> str:
        return self._random(32).hex()
