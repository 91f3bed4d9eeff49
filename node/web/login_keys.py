"""Which key may log in for a DID at this moment.

A did:key says so itself, but cannot say that it was replaced: where its holder has a ledger
account, the account's keys decide, so a key that was rotated away or recovered from a thief
opens nothing any more.
"""

from typing import Protocol

from config.errors import RefusedError
from did.documents import DidDocument
from did.login.errors import OAuthError
from did.verification_keys import KeyKind, VerificationKey
from governance.records import Account
from governance.state_keys import Collection, state_key
from ledger.rpc import EngineClient
from node.sending import read_state
from node.web.holders import Holder

_NOBODY = bytes(32)
"""Where the ledger is asked about somebody who is unknown here."""


class Documents(Protocol):
    """Resolves DIDs; `node.web.did_resolver`."""

    async def get_document(self, text: str) -> DidDocument:
        """The DID's latest document."""


class LoginKeys:
    """Finds the key of a verification method, and holds it against the ledger."""

    def __init__(self, documents: Documents, engine: EngineClient, *, cooperative: bytes) -> None:
        self._documents = documents
        self._engine = engine
        self._cooperative = cooperative

    async def find(self, did: str, method: str) -> VerificationKey:
        """The key by which a DID authenticates.

        Raises:
            OAuthError: The DID does not resolve, or has no such key.
            UnavailableError: What would tell cannot be reached now.
        """
        try:
            document = await self._documents.get_document(did)
            return document.get_key(method, purpose="authentication")
        except RefusedError as error:
            raise OAuthError("access_denied", f"this DID cannot log in: {error.reason}") from error

    async def check_current(
        self, key: VerificationKey, did: str, *, holder: Holder | None
    ) -> Holder:
        """Check that a proven DID is somebody's here, and the ledger has not replaced its key.

        Whoever holds a key learns whether it logs in and no more: a key that was replaced is
        refused in the words for an unknown one, and after the same question to the ledger.

        Raises:
            OAuthError: Nobody has the DID, or their account has other keys now, or none.
            UnavailableError: The ledger cannot be asked.
        """
        account = _NOBODY if holder is None else holder.account
        if account is None or not did.startswith("did:key:"):
            is_current = holder is not None  # other methods say themselves which keys they have
        else:
            place = state_key(self._cooperative, Collection.ACCOUNT, account)
            data = await read_state(self._engine, place)
            is_current = key.kind is KeyKind.ED25519 and key.public_key in _read_keys(data)
        if holder is None or not is_current:
            raise OAuthError(
                "access_denied",
                "nobody logs in here with this DID and key: sign up or apply first, or, if you"
                " replaced the key, log in with the new one",
            )
        return holder


def _read_keys(data: bytes) -> set[bytes]:
    """Public keys by which an account acts; none once it has ended."""
    if not data:
        return set()
    account = Account.decode(data)
    return set() if account.is_deactivated else {item.public_key for item in account.keys}
