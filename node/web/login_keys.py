"""Which key may log in for a DID at this moment.

A did:key says so itself, but cannot say that it was replaced: where its holder has a ledger
account, the account's keys decide, so a key that was rotated away or recovered from a thief
opens nothing any more.
"""

from config.errors import RefusedError
from did.login.errors import OAuthError
from did.verification_keys import KeyKind, VerificationKey, parse_multikey
from governance.records import Account
from governance.state_keys import Collection, state_key
from ledger.rpc import EngineClient
from node.sending import read_state
from node.web.login import Holder

_KEY_PREFIX = "did:key:"


class LoginKeys:
    """Finds the key of a verification method, and holds it against the ledger."""

    def __init__(self, engine: EngineClient, *, cooperative: bytes) -> None:
        self._engine = engine
        self._cooperative = cooperative

    async def find(self, did: str, method: str, holder: Holder) -> VerificationKey:
        """The key that a verification method names, if it may log in now.

        Raises:
            OAuthError: There is no such key, or the ledger says that it was replaced.
            UnavailableError: The ledger cannot be asked.
        """
        if not did.startswith(_KEY_PREFIX):
            raise OAuthError("access_denied", "log in with a did:key")
        multikey = did.removeprefix(_KEY_PREFIX)
        try:
            key = parse_multikey(multikey)
        except RefusedError as error:
            raise OAuthError("access_denied", f"this DID names no key: {error.reason}") from error
        if method != f"{did}#{multikey}":
            raise OAuthError("access_denied", "a did:key has one verification method, its own")
        if holder.account is not None:
            await self._check_ledger(key, account=holder.account)
        return key

    async def _check_ledger(self, key: VerificationKey, *, account: bytes) -> None:
        data = await read_state(
            self._engine, state_key(self._cooperative, Collection.ACCOUNT, account)
        )
        if not data:
            return
        record = Account.decode(data)
        current = {item.public_key for item in record.keys}
        if key.kind is not KeyKind.ED25519 or key.public_key not in current:
            raise OAuthError(
                "access_denied",
                "this key was replaced on the ledger: log in with the account's present key",
            )
