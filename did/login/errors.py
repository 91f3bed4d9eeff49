"""How OAuth says no: an error's registered name, its words and its status.

Apart so that every core of login refuses in the one form that clients can read (RFC 6749
§5.2, RFC 6750 §3.1, RFC 9449 §7.1).
"""

from config.errors import RefusedError


class OAuthError(RefusedError):
    """A request to the authorization server or a protected route breaks a rule.

    Attributes:
        error: Registered name, as `invalid_grant`.
        status: Of the HTTP answer.
        challenge: For the `WWW-Authenticate` header; empty for none.
        nonce: For the `DPoP-Nonce` header; empty for none.
    """

    def __init__(
        self, error: str, reason: str, *, status: int = 400, challenge: str = "", nonce: str = ""
    ) -> None:
        super().__init__(reason)
        self.error = error
        self.status = status
        self.challenge = challenge
        self.nonce = nonce
