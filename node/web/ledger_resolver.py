"""Resolves did:rochdale from this node's own ledger, with a receipt for every answer."""

from did.ledger_method import METHOD, parse_ledger_did
from did.resolution.results import Problem, Resolution, ResolutionError, Version
from did.resolution.syntax import Did
from governance.key_records import KeyState
from governance.records import Account
from ledger.light_source import LightSource
from ledger.receipt_builder import build_state_receipt
from node.ledger_dids import account_key, describe, home_key, version_key
from node.sending import read_state

_VERSION_DIGITS_MAX = 9


class LedgerResolver:
    """The accounts of one chain's network."""

    def __init__(self, source: LightSource, *, network: str) -> None:
        self._source = source
        self._network = network

    async def resolve(self, did: Did, version: Version) -> Resolution:
        """Resolve an account, a cooperative's root included, at any of its versions.

        Raises:
            ResolutionError: invalidDid; notFound: another network's, no such account or
                version, or a time before it began.
            UnavailableError: The engine does not answer, or the chain stands still.
        """
        named = parse_ledger_did(did)
        if named.network != self._network:
            raise ResolutionError(
                Problem.NOT_FOUND, f"this node's ledger is {METHOD}'s network {self._network}"
            )
        client = self._source.client
        cooperative = await read_state(client, home_key(named.account))
        if not cooperative:
            raise ResolutionError(Problem.NOT_FOUND, "the ledger has no such account")
        key = account_key(cooperative, named.account)
        if not version.is_latest:
            account = Account.decode(await read_state(client, key))
            number = await self._find_version(cooperative, named.account, account, version)
            if number != account.keys_version:
                key = version_key(cooperative, named.account, number)
        receipt = await build_state_receipt(self._source, key, is_newest=True)
        return describe(self._network, key=key, value=receipt.value, receipt=receipt.to_json())

    async def _find_version(
        self, cooperative: bytes, account_id: bytes, account: Account, version: Version
    ) -> int:
        """The number of the version that is asked for; it may be one that is not there."""
        if version.version_id is not None:
            text = version.version_id
            if not text.isdecimal() or len(text) > _VERSION_DIGITS_MAX or text != str(int(text)):
                raise ResolutionError(Problem.NOT_FOUND, "a versionId here is a number from 0 on")
            if int(text) > account.keys_version:
                raise ResolutionError(Problem.NOT_FOUND, "the account has no such version yet")
            return int(text)
        time_ms = (version.time_s or 0) * 1_000 + 999  # metadata tells whole seconds
        low, high = 0, account.keys_version
        if account.keys_since_ms <= time_ms:
            return high
        while low < high:  # the first version that ended after that time
            middle = (low + high) // 2
            state = await self._read(cooperative, account_id, middle)
            low, high = (low, middle) if state.until_ms > time_ms else (middle + 1, high)
        if (await self._read(cooperative, account_id, low)).since_ms > time_ms:
            raise ResolutionError(Problem.NOT_FOUND, "the account did not exist at that time")
        return low

    async def _read(self, cooperative: bytes, account_id: bytes, number: int) -> KeyState:
        key = version_key(cooperative, account_id, number)
        data = await read_state(self._source.client, key)
        if not data:
            raise ResolutionError(
                Problem.NOT_FOUND, "this version was on a chain before this one, and is not here"
            )
        return KeyState.decode(data)
