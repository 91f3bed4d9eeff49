"""Calling protected routes with a token of one's own."""

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from did.base64url import encode_base64url
from did.jcs import canonicalize
from did.keys import KeyPair
from did.login.access_tokens import AccessToken, sign_access_token
from did.verification_keys import KeyKind, VerificationKey, compute_thumbprint, render_jwk
from node.web.login_records import Grant


@dataclass
class Caller:
    """An application that a holder has allowed to act for them."""

    node: Any
    holder_id: bytes
    scope: str
    client_id: str = "an-app"
    pair: KeyPair = field(default_factory=lambda: KeyPair(secrets.token_bytes(32)))

    def __post_init__(self) -> None:
        login, now_s = self.node.context.login, self.node.context.clock.now_s()
        key = VerificationKey(KeyKind.ED25519, self.pair.public_key)
        self._jwk, jkt = render_jwk(key), compute_thumbprint(key)
        grant = Grant(
            id=secrets.token_bytes(16),
            holder=self.holder_id,
            client_id=self.client_id,
            scope=self.scope,
            jkt=jkt,
            method="test",
            created_at_s=now_s,
            expires_at_s=now_s + 600,
        )
        login.store.put_grant(grant, now_s=now_s)
        token = AccessToken(
            subject=self.holder_id.hex(),
            client_id=grant.client_id,
            scope=self.scope,
            grant=grant.id.hex(),
            jkt=jkt,
            jti=secrets.token_hex(8),
            iat_s=now_s,
            exp_s=now_s + 300,
        )
        self._token = sign_access_token(token, issuer=login.origin, key=login.key, kid=login.kid)

    async def call(
        self, method: str, path: str, *, body: bytes | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer."""
        async with (
            aiohttp.ClientSession(headers=self.make_headers(method, path)) as session,
            session.request(method, self.node.url + path, data=body) as response,
        ):
            return response.status, await response.json(content_type=None)

    def make_headers(self, method: str, path: str) -> dict[str, str]:
        """What a request carries: the token, and a proof for this request."""
        return {"Authorization": f"DPoP {self._token}", "DPoP": self._prove(method, path)}

    def _prove(self, method: str, path: str) -> str:
        login, now_s = self.node.context.login, self.node.context.clock.now_s()
        claims = {
            "htm": method,
            "htu": login.origin + path,
            "iat": now_s,
            "jti": secrets.token_hex(8),
            "nonce": login.dpop.nonces.make(now_s=now_s),
            "ath": encode_base64url(hashlib.sha256(self._token.encode()).digest()),
        }
        header = {"typ": "dpop+jwt", "alg": "EdDSA", "jwk": self._jwk}
        signing_input = ".".join(encode_base64url(canonicalize(part)) for part in (header, claims))
        return f"{signing_input}.{encode_base64url(self.pair.sign(signing_input.encode()))}"
