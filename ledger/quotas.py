"""Quotas instead of fees: what a transaction costs, and whether its sender may spend it now.

A member's account and its cooperative each have a bucket of gas that fills up again with
block time. A bucket is one number, the time at which it will be full (a generic cell rate
algorithm), so nothing is lost to rounding and an unused bucket costs no write. Offices spend
from their cooperative's bucket alone. One cooperative that floods exhausts only itself. Pure.
"""

from dataclasses import dataclass

from msgspec.structs import replace

from config.limits import (
    GAS_PER_BYTE,
    GAS_PER_SIGNATURE,
    GAS_PER_TRANSACTION,
    QUOTA_ACCOUNT_GAS,
    QUOTA_ACCOUNT_US_PER_GAS,
    QUOTA_COOPERATIVE_GAS,
    QUOTA_COOPERATIVE_US_PER_GAS,
)
from governance.records import Account, Quota, Role
from governance.refusals import RefusalCode, TxRefusedError
from governance.view import StateView
from ledger.envelope import Transaction


@dataclass(frozen=True, slots=True)
class _Bucket:
    gas_max: int
    us_per_gas: int
    refusal: RefusalCode


_ACCOUNT = _Bucket(QUOTA_ACCOUNT_GAS, QUOTA_ACCOUNT_US_PER_GAS, RefusalCode.QUOTA_OF_ACCOUNT)
_COOPERATIVE = _Bucket(
    QUOTA_COOPERATIVE_GAS, QUOTA_COOPERATIVE_US_PER_GAS, RefusalCode.QUOTA_OF_COOPERATIVE
)


@dataclass(slots=True)
class Pending:
    """Gas of transactions that wait for a block and are not in state yet; not consensus."""

    account: int = 0
    cooperative: int = 0


_NOTHING = Pending()


def compute_gas(tx: Transaction) -> int:
    """What a transaction costs, whether it is applied or refused by a rule; > 0."""
    return (
        GAS_PER_TRANSACTION
        + GAS_PER_BYTE * tx.size_bytes
        + GAS_PER_SIGNATURE * len(tx.keys)
        + tx.payload.work_gas
    )


def charge(
    view: StateView, account: Account, *, gas: int, time_ms: int, time_scale: int
) -> Account:
    """Spend gas from the sender's buckets.

    Args:
        view: State; the cooperative's bucket is written.
        account: The sender.
        gas: From `compute_gas`.
        time_ms: Block time.
        time_scale: How much faster the chain's windows run; 1 but on test chains.

    Returns:
        The account with its bucket; the caller writes it.

    Raises:
        TxRefusedError: As `check_quotas`; nothing is written.
    """
    account_full_us, full_us = check_quotas(
        view, account, gas=gas, time_ms=time_ms, time_scale=time_scale
    )
    view.put_quota(account.cooperative, Quota(full_us=full_us))
    return replace(account, quota_full_us=account_full_us)


def check_quotas(
    view: StateView,
    account: Account,
    *,
    gas: int,
    time_ms: int,
    time_scale: int,
    pending: Pending = _NOTHING,
) -> tuple[int, int]:
    """Check that the sender may spend gas.

    Args:
        view: State; stays as it is.
        account: The sender.
        gas: From `compute_gas`.
        time_ms: Block time.
        time_scale: How much faster the chain's windows run; 1 but on test chains.
        pending: What others that wait will spend before.

    Returns:
        When the account's and the cooperative's buckets will be full, in µs.

    Raises:
        TxRefusedError: QUOTA_OF_ACCOUNT, QUOTA_OF_COOPERATIVE; says what is left and when to
            try again.
    """
    now_us = time_ms * 1_000
    account_full_us = account.quota_full_us
    if account.role is Role.MEMBER:
        account_full_us = _spend(
            _ACCOUNT, account_full_us, gas, now_us=now_us, scale=time_scale, pending=pending.account
        )
    full_us = _spend(
        _COOPERATIVE,
        view.get_quota(account.cooperative).full_us,
        gas,
        now_us=now_us,
        scale=time_scale,
        pending=pending.cooperative,
    )
    return account_full_us, full_us


def _spend(
    bucket: _Bucket, full_us: int, gas: int, *, now_us: int, scale: int, pending: int
) -> int:
    us_per_gas = bucket.us_per_gas // scale  # test chains' time runs faster, here too
    if us_per_gas == 0:
        return full_us  # so fast that it is always full
    start_us = max(full_us, now_us) + pending * us_per_gas
    after_us = start_us + gas * us_per_gas
    over_us = after_us - now_us - bucket.gas_max * us_per_gas
    if over_us > 0:
        left = bucket.gas_max - (start_us - now_us) // us_per_gas
        raise TxRefusedError(
            bucket.refusal,
            f"it costs {gas} gas, {max(0, left)} are left; enough again in "
            f"{-(-over_us // 1_000_000)} s",
        )
    return after_us - pending * us_per_gas
