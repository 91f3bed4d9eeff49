"""did:rochdale at a node: which state key answers, and what its proved value means.

The node's resolver and the command that checks a node's answer read values here alike, so that
nobody has to believe the node about a document.
"""

from dataclasses import replace

from config.errors import RefusedError
from did.accounts import render_account_did
from did.jcs import JsonObject
from did.ledger_method import KeyVersion, describe_version
from did.resolution.results import Problem, Resolution, ResolutionError
from governance.key_records import KeyState
from governance.key_view import key_state_key
from governance.records import Account
from governance.state_keys import COLLECTION_AT, FEDERATION, Collection, state_key

_ID_BYTES = 32
PROOF_TYPE = "RochdaleReceipt"
"""Type of `proof` in a resolution's metadata; docs/receipts.md says how it is checked."""


def home_key(account: bytes) -> bytes:
    """Where state says which cooperative an account belongs to."""
    return state_key(FEDERATION, Collection.ACCOUNT_HOME, account)


def account_key(cooperative: bytes, account: bytes) -> bytes:
    """Where state has an account with its present keys."""
    return state_key(cooperative, Collection.ACCOUNT, account)


def version_key(cooperative: bytes, account: bytes, number: int) -> bytes:
    """Where state has the keys of an earlier version."""
    return key_state_key(cooperative, account, number)


def read_version(key: bytes, value: bytes) -> tuple[bytes, KeyVersion]:
    """Read a proved state entry: the account's id, and the version of its keys.

    Raises:
        RefusedError: The key is of something else.
    """
    collection, record_id = key[COLLECTION_AT], key[COLLECTION_AT + 1 :]
    account_id = record_id[:_ID_BYTES]
    if collection == Collection.ACCOUNT and len(record_id) == _ID_BYTES:
        account = Account.decode(value)
        return account_id, KeyVersion(
            number=account.keys_version,
            keys=tuple(item.public_key for item in account.keys),
            signatures_required=account.signatures_required,
            since_ms=account.keys_since_ms,
            until_ms=None,
            created_ms=account.created_ms,
            also_known_as=_list_names(account.also_known_as),
            is_deactivated=account.is_deactivated,
        )
    if collection == Collection.KEY_STATE:
        state = KeyState.decode(value)
        return account_id, KeyVersion(
            number=state.version,
            keys=state.keys,
            signatures_required=state.signatures_required,
            since_ms=state.since_ms,
            until_ms=state.until_ms,
            created_ms=state.created_ms,
            also_known_as=_list_names(state.also_known_as),
        )
    raise RefusedError("the proof is about something other than an account's keys")


def describe(network: str, *, key: bytes, value: bytes | None, receipt: JsonObject) -> Resolution:
    """What a proved state entry says of a ledger DID, with its proof.

    Args:
        network: Of the chain.
        key: In state.
        value: There; None for nothing.
        receipt: The entry's proof, as JSON.

    Raises:
        ResolutionError: notFound: there is nothing.
        RefusedError: The entry is no account's keys.
    """
    if value is None:
        raise ResolutionError(Problem.NOT_FOUND, "the ledger has no such account or version")
    account_id, version = read_version(key, value)
    did = render_account_did(network=network, account_id=account_id)
    return replace(
        describe_version(did, version),
        resolution_metadata={"proof": {"type": PROOF_TYPE, "receipt": receipt}},
    )


def _list_names(did: str) -> tuple[str, ...]:
    return (did,) if did else ()
