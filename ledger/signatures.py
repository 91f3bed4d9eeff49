"""Reading transactions and checking their signatures: each once, beside the main thread.

Neither needs state, so worker threads do it (libsodium lets the others run meanwhile): for
CheckTx before a transaction may wait, and for whatever a block brings that this node has not
seen. What held is remembered, bounded; what did not hold is not.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

from config.limits import VERIFIED_TRANSACTIONS_MAX
from governance.refusals import TxRefusedError
from ledger.envelope import Transaction, check_signatures, decode_transaction

Checked: TypeAlias = Transaction | TxRefusedError
"""A transaction whose form is right and whose signatures hold, or why not."""

_THREADS = 2
_CHUNK = 32
"""Transactions that one thread checks in one go."""


class SignatureChecker:
    """Worker threads and what they have found to hold; used from one thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="signatures")
        self._known: dict[bytes, Transaction] = {}

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def find(self, data: bytes) -> Transaction | None:
        """What these bytes are, if they were found to hold before."""
        return self._known.get(data)

    def start(self, data: Sequence[bytes]) -> "Future[list[Checked]]":
        """Check transactions in a thread; hand the result to `remember`."""
        return self._pool.submit(_check_each, data)

    def check(self, data: Sequence[bytes]) -> list[Checked]:
        """Check transactions now, several threads at once; those known are not checked again."""
        found: dict[bytes, Checked] = {
            item: self._known[item] for item in data if item in self._known
        }
        unknown = [item for item in dict.fromkeys(data) if item not in found]
        chunks = [unknown[start : start + _CHUNK] for start in range(0, len(unknown), _CHUNK)]
        if len(chunks) > 1:
            results = list(self._pool.map(_check_each, chunks))
        else:  # a thread would not be faster
            results = [_check_each(chunk) for chunk in chunks]
        for chunk, result in zip(chunks, results, strict=True):
            found.update(zip(chunk, result, strict=True))
            self.remember(chunk, result)
        return [found[item] for item in data]

    def remember(self, data: Sequence[bytes], results: Sequence[Checked]) -> None:
        """Keep what held, the newest of it."""
        for item, result in zip(data, results, strict=True):
            if isinstance(result, Transaction):
                self._known[item] = result
        while len(self._known) > VERIFIED_TRANSACTIONS_MAX:
            del self._known[next(iter(self._known))]

    def forget(self, data: Sequence[bytes]) -> None:
        """Drop what a committed block has used up."""
        for item in data:
            self._known.pop(item, None)


def _check_each(data: Sequence[bytes]) -> list[Checked]:
    return [_check(item) for item in data]


def _check(data: bytes) -> Checked:
    try:
        tx = decode_transaction(data)
        check_signatures(tx)
    except TxRefusedError as refused:
        return refused
    return tx
