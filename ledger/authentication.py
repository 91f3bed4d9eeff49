"""Whether a transaction comes from its account, now, and for the first time.

Keys and used nonces lie in the account's own record; nothing is looked up outside state. The
signatures themselves were checked before (`ledger.signatures`), which needs no state. The
order of the checks is that of docs/transactions.md. Pure.
"""

from msgspec.structs import replace

from config.limits import NONCE_WINDOW, TX_VALIDITY_MS_MAX
from governance.context import BlockContext
from governance.key_transactions import KeyPayload
from governance.key_view import KeyView
from governance.keys import check_signers
from governance.records import Account, AccountKey, Role
from governance.refusals import RefusalCode, TxRefusedError
from governance.view import StateView
from ledger.envelope import Transaction


def authenticate(view: StateView, tx: Transaction, *, block: BlockContext) -> Account:
    """Check chain, time, account, keys and nonces of a transaction whose signatures hold.

    Args:
        view: State before the transaction.
        tx: Decoded, its signatures checked.
        block: Whose time and chain count.

    Returns:
        The sender's account as it is in state.

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
    if account.left_height is not None and not _keeps_its_keys(account, tx):
        raise TxRefusedError(RefusalCode.ACCOUNT_LEFT)
    if account.is_deactivated:
        raise TxRefusedError(RefusalCode.ACCOUNT_DEACTIVATED)
    if isinstance(tx.payload, KeyPayload):
        # What the account's keys do not sign: the next ones do, or its guardians.
        check_signers(KeyView(view.kv), tx.account, account, tx.payload, keys=tx.keys)
        _check_nonce(AccountKey(public_key=tx.keys[0]), tx)
        return account
    for public_key in tx.keys:
        _check_nonce(_get_key(account, public_key), tx)
    if len(tx.keys) < account.signatures_required:
        raise TxRefusedError(
            RefusalCode.SIGNATURES_TOO_FEW,
            f"{len(tx.keys)} of {account.signatures_required}",
        )
    return account


def consume_nonce(account: Account, tx: Transaction) -> Account:
    """Mark the nonce used for every key that signed; a refusal by the rules keeps it used.

    Returns:
        The account to be written.
    """
    keys = [_use_nonce(key, tx.nonce) if key.public_key in tx.keys else key for key in account.keys]
    return replace(account, keys=tuple(keys))


def _keeps_its_keys(account: Account, tx: Transaction) -> bool:
    """Whoever was a member still has an account: to log in with, and to keep or end."""
    return account.role is Role.MEMBER and isinstance(tx.payload, KeyPayload)


def _get_key(account: Account, public_key: bytes) -> AccountKey:
    for key in account.keys:
        if key.public_key == public_key:
            return key
    raise TxRefusedError(RefusalCode.KEY_UNKNOWN)


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
    return AccountKey(
        public_key=key.public_key,
        nonce_highest=highest,
        nonce_window=window.to_bytes(NONCE_WINDOW // 8, "big"),
    )
