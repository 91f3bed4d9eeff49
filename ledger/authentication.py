"""Whether a transaction comes from its account, now, and for the first time.

Keys and used nonces lie in the account's own record; nothing is looked up outside state.
Checks go from cheap to dear, in the order of docs/transactions.md. Pure.
"""

from dataclasses import replace

from config.errors import InvariantError
from config.limits import NONCE_WINDOW, TX_VALIDITY_MS_MAX
from did.keys import compute_key_id, is_signature_valid
from governance.context import BlockContext, Sender
from governance.records import Account, AccountKey
from governance.refusals import RefusalCode, TxRefusedError
from governance.view import StateView
from ledger.envelope import Transaction


def authenticate(
    view: StateView, tx: Transaction, *, block: BlockContext, is_verified: bool = False
) -> Sender:
    """Check chain, time, account, keys, nonces and signatures.

    Args:
        view: State before the transaction.
        tx: Decoded.
        block: Whose time and chain count.
        is_verified: The signatures of these very bytes were checked before.

    Raises:
        TxRefusedError: With the code of the first check that fails.
    """
    if tx.chain_id != block.chain_id:
        raise TxRefusedError(RefusalCode.WRONG_CHAIN)
    if block.time_ms >= tx.valid_until_ms:
        raise TxRefusedError(RefusalCode.EXPIRED)
    if tx.valid_until_ms > block.time_ms + TX_VALIDITY_MS_MAX:
        raise TxRefusedError(RefusalCode.VALID_UNTIL_TOO_FAR)
    account = view.get_account(tx.account)
    if account is None:
        raise TxRefusedError(RefusalCode.ACCOUNT_UNKNOWN)
    if account.left_height is not None:
        raise TxRefusedError(RefusalCode.ACCOUNT_LEFT)
    keys = _get_keys(account)
    for key_id, _ in tx.signatures:
        if key_id not in keys:
            raise TxRefusedError(RefusalCode.KEY_UNKNOWN)
        _check_nonce(keys[key_id], tx)
    for key_id, signature in tx.signatures:
        if not is_verified and not is_signature_valid(
            public_key=keys[key_id].public_key, message=tx.signing_input, signature=signature
        ):
            raise TxRefusedError(RefusalCode.SIGNATURE_INVALID)
    key_ids = tuple(key_id for key_id, _ in tx.signatures)
    return Sender(account=tx.account, key_ids=key_ids, nonce=tx.nonce)


def consume_nonce(view: StateView, tx: Transaction) -> None:
    """Mark the nonce used for every key that signed; a refusal by the rules keeps it used."""
    account = view.get_account(tx.account)
    if account is None:
        raise InvariantError("an authenticated account is not in state")
    signed = {key_id for key_id, _ in tx.signatures}
    keys = tuple(
        _use_nonce(key, tx.nonce) if compute_key_id(key.public_key) in signed else key
        for key in account.keys
    )
    view.put_account(tx.account, replace(account, keys=keys))


def _get_keys(account: Account) -> dict[bytes, AccountKey]:
    return {compute_key_id(key.public_key): key for key in account.keys}


def _check_nonce(key: AccountKey, tx: Transaction) -> None:
    if tx.nonce > tx.valid_until_ms:
        # Otherwise one careless number would use up all that come before it, for ever.
        raise TxRefusedError(RefusalCode.NONCE_TOO_FAR)
    behind = key.nonce_highest - tx.nonce
    if behind >= NONCE_WINDOW:
        raise TxRefusedError(RefusalCode.NONCE_TOO_OLD)
    if behind >= 0 and int.from_bytes(key.nonce_window, "big") >> behind & 1:
        raise TxRefusedError(RefusalCode.NONCE_USED)


def _use_nonce(key: AccountKey, nonce: int) -> AccountKey:
    window = int.from_bytes(key.nonce_window, "big")
    ahead = nonce - key.nonce_highest
    if ahead > 0:
        window = (window << ahead if ahead < NONCE_WINDOW else 0) | 1
        highest = nonce
    else:
        window |= 1 << -ahead
        highest = key.nonce_highest
    window &= (1 << NONCE_WINDOW) - 1
    return replace(
        key, nonce_highest=highest, nonce_window=window.to_bytes(NONCE_WINDOW // 8, "big")
    )
