"""Reading transactions and checking their signatures: each once.

Neither needs state. For CheckTx the signatures are checked in a process of their own
(`ledger.signature_process`) before a transaction's turn comes; likewise for a block that brings
many which this node has not seen. What held is remembered, bounded; what did not hold is not.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from config.limits import VERIFIED_TRANSACTIONS_MAX
from governance.refusals import RefusalCode, TxRefusedError
from ledger.envelope import Transaction, check_signatures, decode_transaction
from ledger.signature_process import SignatureProcess

Checked: TypeAlias = Transaction | TxRefusedError
"""A transaction whose form is right and whose signatures hold, or why not."""

_FEW = 16
"""So many are checked here where no process is at hand yet."""


@dataclass(frozen=True, slots=True)
class Started:
    """Transactions whose form is known and whose signatures are being checked."""

    read: Sequence[Checked]
    held: "Future[bytes] | None" = None
    """One byte for each signature of those that were read, 1 if it holds; None if all are
    checked."""

    @property
    def is_done(self) -> bool:
        """Whether `finish` answers without waiting."""
        return self.held is None or self.held.done()

    def call_when_done(self, function: Callable[[], None]) -> None:
        """Call a function when `finish` need not wait; perhaps at once, perhaps by a thread."""
        if self.held is None:
            function()
        else:
            self.held.add_done_callback(lambda _: function())

    def finish(self) -> list[Checked]:
        """The result, in the order of the transactions; hand it to `remember`.

        Raises:
            UnavailableError: The process that checks signatures has ended.
        """
        if self.held is None:
            return [*self.read]
        held, at = self.held.result(), 0
        results: list[Checked] = []
        for checked in self.read:
            if isinstance(checked, Transaction):
                count = len(checked.keys)
                is_signed = held[at : at + count] == b"\x01" * count
                results.append(checked if is_signed else _INVALID)
                at += count
            else:
                results.append(checked)
        return results


class SignatureChecker:
    """What has been found to hold, and the process that finds it.

    A node that is sent no transactions needs none. The first one starts it and does not wait for
    it: a flood that follows finds it ready.
    """

    def __init__(self) -> None:
        self._process: SignatureProcess | None = None
        self._lock = threading.Lock()
        self._known: dict[bytes, Transaction] = {}

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close()

    def find(self, data: bytes) -> Transaction | None:
        """What these bytes are, if they were found to hold before."""
        return self._known.get(data)

    def start(self, data: Sequence[bytes]) -> Started:
        """Read transactions, and have their signatures checked; may be called by any thread."""
        with self._lock:
            is_ready = self._process is not None
            process = self._process = self._process or SignatureProcess()
        if not is_ready and len(data) <= _FEW:
            return Started([_check(item) for item in data])
        read = [_read(item) for item in data]
        signed = [
            (key, tx.signing_input, signature)
            for tx in read
            if isinstance(tx, Transaction)
            for key, signature in zip(tx.keys, tx.signatures, strict=True)
        ]
        return Started(read, process.ask(signed))

    def check(self, data: Sequence[bytes]) -> list[Checked]:
        """Check transactions now; those known are not checked again."""
        with suppress(KeyError):  # nearly always a block brings what waited here
            return [self._known[item] for item in data]
        found: dict[bytes, Checked] = {
            item: self._known[item] for item in data if item in self._known
        }
        unknown = [item for item in dict.fromkeys(data) if item not in found]
        if len(unknown) > _FEW:
            results = self.start(unknown).finish()
        else:
            results = [_check(item) for item in unknown]
        found.update(zip(unknown, results, strict=True))
        self.remember(unknown, results)
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


_INVALID = TxRefusedError(RefusalCode.SIGNATURE_INVALID)


def _read(data: bytes) -> Checked:
    try:
        return decode_transaction(data)
    except TxRefusedError as refused:
        return refused


def _check(data: bytes) -> Checked:
    checked = _read(data)
    if isinstance(checked, Transaction):
        try:
            check_signatures(checked)
        except TxRefusedError as refused:
            return refused
    return checked
