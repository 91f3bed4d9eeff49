"""The authorization server of one node: its key, its memory, and the people it knows.

Holds what the routes of login share. The rules are in `did.login`; who is a holder, the
register says.
"""

from dataclasses import dataclass, field

from config.limits import (
    DPOP_NONCE_S,
    DPOP_PROOFS_REMEMBERED_MAX,
    LOGIN_PROOFS_PER_MINUTE,
    LOGIN_STARTS_PER_MINUTE,
    RATE_LIMIT_KEYS_MAX,
)
from did.base64url import encode_base64url
from did.keys import KeyPair
from did.login.clients import Client
from did.login.dpop import DpopRules
from did.login.freshness import Nonces, RateLimit, UsedOnce
from did.login.scopes import SCOPES
from did.verification_keys import (
    KeyKind,
    VerificationKey,
    compute_thumbprint,
)
from node.web.clock import Clock
from node.web.holders import HolderStore
from node.web.login_keys import LoginKeys
from node.web.login_records import LoginEvent
from node.web.login_store import LoginStore
from node.web.passkey_store import PasskeyStore
from node.web.private import PrivateStore

_SECRET_BYTES = 32
WALLET_CLIENT_ID = "rochdale-wallet"
"""Our own command line, which is answered on its own machine."""
WEB_CLIENT_ID = "rochdale-web"
"""The web wallet in this node's own pages."""
PASSKEYS_CLIENT_ID = "rochdale-passkeys"
"""The page on which people add and remove passkeys; gets no code and no token."""
NOTICES_CLIENT_ID = "rochdale-notices"
"""The page on which people read what they are told; gets no code and no token."""
REQUESTS_CLIENT_ID = "rochdale-requests"
"""The page on which people see who asks for what is theirs; likewise."""
OWN_PAGES = {
    PASSKEYS_CLIENT_ID: "/passkeys",
    NOTICES_CLIENT_ID: "/notices",
    REQUESTS_CLIENT_ID: "/requests",
}
"""Pages of this node that are opened by a login of their own."""
_OWN_SCOPES = {
    PASSKEYS_CLIENT_ID: ("passkeys",),
    NOTICES_CLIENT_ID: ("profile",),
    REQUESTS_CLIENT_ID: ("consents", "consents.write"),
}
_OWN_NAMES = {
    WALLET_CLIENT_ID: "Your Rochdale wallet",
    WEB_CLIENT_ID: "Your web wallet",
    PASSKEYS_CLIENT_ID: "Your passkeys",
    NOTICES_CLIENT_ID: "Your notices",
    REQUESTS_CLIENT_ID: "Who asks for what is yours",
}


@dataclass(slots=True, kw_only=True)
class Login:
    """The authorization server's parts; one for the whole process."""

    origin: str
    """Issuer, and the one resource; as in RFC 8414 without a trailing slash."""
    key: KeyPair = field(repr=False)
    """Signs access tokens."""
    store: LoginStore
    passkeys: PasskeyStore
    holders: HolderStore
    keys: LoginKeys
    clock: Clock
    may_register: bool
    """Whether any application may register itself."""
    dpop: DpopRules
    challenges: Nonces
    """For OpenID4VCI's nonce endpoint."""
    used: UsedOnce
    """What may come once: client assertions, uses already in the audit trail."""
    starts: RateLimit
    proofs: RateLimit

    @property
    def kid(self) -> str:
        """Names the token key: its thumbprint."""
        return compute_thumbprint(VerificationKey(KeyKind.ED25519, self.key.public_key))

    def find_client(self, client_id: str) -> Client | None:
        """A registered application, or one of our own."""
        redirect = {
            WALLET_CLIENT_ID: "http://127.0.0.1/callback",
            WEB_CLIENT_ID: f"{self.origin}/wallet/callback",
            **{name: f"{self.origin}{path}" for name, path in OWN_PAGES.items()},
        }.get(client_id)
        if redirect is None:
            return self.store.get_client(client_id)
        return Client(
            id=client_id,
            name=_OWN_NAMES[client_id],
            redirect_uris=(redirect,),
            scopes=_OWN_SCOPES.get(client_id, tuple(SCOPES)),
        )

    def make_secret(self) -> str:
        """A code, token or cookie that nobody can guess."""
        return encode_base64url(self.clock.random_bytes(_SECRET_BYTES))

    def note(self, holder: bytes, what: str, *, client_id: str, detail: str = "") -> None:
        """Write into a holder's audit trail."""
        event = LoginEvent(at_s=self.clock.now_s(), what=what, client_id=client_id, detail=detail)
        self.store.put_event(holder, event)


def open_login(
    origin: str,
    *,
    key: KeyPair,
    private: PrivateStore,
    keys: LoginKeys,
    clock: Clock,
    may_register: bool,
) -> Login:
    """Open the authorization server; nonces of an earlier process are not known to it."""
    secret = clock.random_bytes(_SECRET_BYTES)
    return Login(
        origin=origin,
        key=key,
        store=LoginStore(private.connection),
        passkeys=PasskeyStore(private.connection),
        holders=private.holders,
        keys=keys,
        clock=clock,
        may_register=may_register,
        dpop=DpopRules(
            nonces=Nonces(secret, purpose="dpop", lifetime_s=DPOP_NONCE_S),
            used=UsedOnce(items_max=DPOP_PROOFS_REMEMBERED_MAX),
        ),
        challenges=Nonces(secret, purpose="credential", lifetime_s=DPOP_NONCE_S),
        used=UsedOnce(items_max=DPOP_PROOFS_REMEMBERED_MAX),
        starts=RateLimit(per_minute=LOGIN_STARTS_PER_MINUTE, keys_max=RATE_LIMIT_KEYS_MAX),
        proofs=RateLimit(per_minute=LOGIN_PROOFS_PER_MINUTE, keys_max=RATE_LIMIT_KEYS_MAX),
    )
