"""A person with an account at a node, and the steps of a login one by one.

Tests change one step and see what the node says; `node.login_client` takes all of them right.
"""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp

from did.accounts import render_account_did
from did.jws import sign_jws
from did.keys import KeyPair, did_key, did_key_verification_method
from did.login.challenge import LOGIN_TYPE, Challenge, Purpose, render_challenge
from did.login.client_proofs import DpopKey
from did.login.pkce import compute_challenge
from did.verification_keys import KeyKind, VerificationKey, compute_thumbprint
from did.wallets import STRENGTH_TEST, Home, Wallet, bind_wallet, create_wallet, save_wallet
from governance.records import Account, AccountKey, Role
from governance.state_keys import Collection, state_key
from node.web.login_proofs import Proof
from tests.node.terminal import PASSPHRASE, Terminal
from tests.node.web.conftest import WebNode

CLIENT = "rochdale-wallet"
REDIRECT = "http://127.0.0.1:4711/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
ORIGIN = "https://ash.test"


def enrol(node: WebNode, *, seed: int = 1) -> Wallet:
    """Somebody with an account at a node; no member yet."""
    wallet = create_wallet(random=lambda count: bytes([seed]) * count)
    node.context.private.holders.create(wallet.login_did)
    return wallet


def save_bound_wallet(terminal: Terminal, node: WebNode, wallet: Wallet) -> Path:
    """The wallet's file, bound to the node's cooperative."""
    path = terminal.root / "ada.wallet"
    home = Home(network="test-web", cooperative_id=node.context.registry.own.id, origin=ORIGIN)
    save_wallet(
        path,
        bind_wallet(wallet, home),
        PASSPHRASE,
        random=secrets.token_bytes,
        strength=STRENGTH_TEST,
    )
    return path


def admit(
    node: WebNode, wallet: Wallet, *, key: bytes = b"", left: int | None = None, ended: bool = False
) -> None:
    """Let the ledger and the register know a holder as a member, perhaps with another key now."""
    context = node.context
    holder = context.private.holders.create(wallet.login_did)
    context.private.holders.set_account(
        holder.id,
        wallet.account_id,
        did=render_account_did(network="test", account_id=wallet.account_id),
    )
    account = Account(
        cooperative=context.registry.own.id,
        role=Role.MEMBER,
        keys=(AccountKey(public_key=key or wallet.device_key.public_key),),
        next_key_commitment=bytes(32),
        guardians_commitment=bytes(32),
        joined_height=3,
        left_height=left,
        is_deactivated=ended,
    )
    place = state_key(context.registry.own.id, Collection.ACCOUNT, wallet.account_id)
    node.engine.state[place] = account.encode()


@dataclass
class Reply:
    """What the node answered."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Attempt:
    """One login, step by step, by a client with a key of its own."""

    node: WebNode
    http: aiohttp.ClientSession
    wallet: Wallet
    key: DpopKey = field(default_factory=lambda: DpopKey(KeyPair(b"d" * 32)))
    cookie: str = ""
    address: str = ""
    count: int = 0

    async def send(self, method: str, path: str, **options: Any) -> Reply:
        """A request as a program makes it."""
        headers = {"Accept": "application/json", **options.pop("headers", {})}
        async with self.http.request(
            method, self.node.url + path, headers=headers, allow_redirects=False, **options
        ) as response:
            is_json = response.content_type == "application/json"
            body = await response.json() if is_json else await response.text()
            return Reply(response.status, {k.title(): v for k, v in response.headers.items()}, body)

    async def push(self, **changes: str | None) -> Reply:
        """Push an authorization request."""
        form: dict[str, str | None] = {
            "client_id": CLIENT,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": "profile sessions",
            "state": "xyz",
            "code_challenge": compute_challenge(VERIFIER),
            "code_challenge_method": "S256",
            **changes,
        }
        data = {name: value for name, value in form.items() if value is not None}
        return await self.send("POST", "/oauth/par", data=data)

    async def begin(self, request_uri: str, *, client: str = CLIENT) -> Reply:
        """Open the pushed request as a browser."""
        begun = await self.send(
            "GET",
            "/oauth/authorize",
            params={"client_id": client, "request_uri": request_uri},
            headers={"Cookie": self.cookie} if self.cookie else {},
        )
        if begun.status == 200:
            self.cookie = begun.headers["Set-Cookie"].partition(";")[0]
            self.address = urlsplit(begun.body["login"]).path
        return begun

    async def sign(self, **changes: Any) -> str:
        """What the wallet signs; changes go into the challenge or the signature."""
        asked = (await self.send("GET", self.address)).body
        challenge = Challenge(
            audience=changes.get("audience", asked["aud"]),
            nonce=changes.get("nonce", asked["nonce"]),
            client_id=changes.get("client", asked["client"]),
            purpose=changes.get("purpose", Purpose.LOGIN),
        )
        key = changes.get("key", self.wallet.device_key)
        now_s = changes.get("now_s", self.node.context.clock.now_s())
        return sign_jws(
            render_challenge(challenge, now_s=now_s),
            key=key,
            kid=changes.get("kid", did_key_verification_method(self.wallet.device_key.public_key)),
            typ=changes.get("typ", LOGIN_TYPE),
        )

    async def prove(self, statement: str) -> Reply:
        """Show the node a signed statement."""
        return await self.send("POST", self.address, json={"statement": statement})

    async def go_on(self, response_code: str) -> Reply:
        """Bring the proof to the browser."""
        return await self.send(
            "GET",
            "/oauth/continue",
            params={"response_code": response_code},
            headers={"Cookie": self.cookie},
        )

    async def decide(self, form_token: str, decision: str = "allow") -> Reply:
        """Agree, or not."""
        return await self.send(
            "POST",
            "/oauth/decide",
            data={"form_token": form_token, "decision": decision},
            headers={"Cookie": self.cookie},
        )

    async def get_code(self, **pushed: str | None) -> str:
        """All steps to the code."""
        request_uri = (await self.push(**pushed)).body["request_uri"]
        await self.begin(request_uri)
        proved = (await self.prove(await self.sign())).body
        page = (await self.go_on(proved["response_code"])).body
        decided = await self.decide(page["form_token"])
        return dict(parse_qsl(urlsplit(decided.headers["Location"]).query))["code"]

    def prove_key(self, method: str, path: str, **changes: Any) -> str:
        """A DPoP proof with a nonce of the node's."""
        self.count += 1
        login = self.node.context.login
        now_s = login.clock.now_s()
        return changes.pop("by", self.key).prove(
            method=method,
            url=f"{ORIGIN}{path}",
            **{
                "now_s": now_s,
                "jti": f"proof-{self.count}",
                "nonce": login.dpop.nonces.make(now_s=now_s),
                **changes,
            },
        )

    async def redeem(self, code: str, *, proof: str | None = None, **changes: str) -> Reply:
        """Ask for tokens."""
        form = {
            "grant_type": "authorization_code",
            "client_id": CLIENT,
            "code": code,
            "code_verifier": VERIFIER,
            "redirect_uri": REDIRECT,
            **changes,
        }
        return await self.send_token(form, proof=proof)

    async def refresh(self, token: str, *, proof: str | None = None, **changes: str) -> Reply:
        """Ask for newer tokens."""
        form = {"grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": token}
        return await self.send_token({**form, **changes}, proof=proof)

    async def send_token(self, form: dict[str, str], *, proof: str | None = None) -> Reply:
        """A token request with a proof; a fresh one if none is given, none if it is empty."""
        proof = self.prove_key("POST", "/oauth/token") if proof is None else proof
        headers = {"DPoP": proof} if proof else {}
        return await self.send("POST", "/oauth/token", data=form, headers=headers)

    async def call(self, token: str, *, proof: str | None = None, scheme: str = "DPoP") -> Reply:
        """Call a protected route."""
        if proof is None:
            proof = self.prove_key("GET", "/api/sessions", access_token=token)
        headers = {"Authorization": f"{scheme} {token}", **({"DPoP": proof} if proof else {})}
        return await self.send("GET", "/api/sessions", headers=headers)

    @property
    def did(self) -> str:
        """The person's."""
        return did_key(self.wallet.device_key.public_key)


def make_proof(attempt: Attempt) -> bytes:
    """That the person once proved their DID with the key of their wallet."""
    login = attempt.node.context.login
    holder = login.holders.find_by_did(attempt.did)
    assert holder is not None
    public_key = attempt.wallet.device_key.public_key
    return Proof(
        holder=holder,
        did=attempt.did,
        method=did_key_verification_method(public_key),
        thumbprint=compute_thumbprint(VerificationKey(KeyKind.ED25519, public_key)),
    ).seal(login)
