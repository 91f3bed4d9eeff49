"""A ledger process whose proposals no honest node takes: one kind of garbage after another.

Run as `python garbage_ledger.py HOME`; all else is the node's own ledger process, except that
it accepts every proposal, so that its validator votes for its own. The kind of each proposal
is noted in the home's `logs/garbage.txt`.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from unittest import mock

from tendermint.abci import types_pb2 as abci

from config.limits import TX_BYTES_MAX
from ledger.application import Application
from node import ledger_process, processes

KINDS: Mapping[str, Callable[[bytes], list[bytes]]] = {
    "no transaction": lambda _: [os.urandom(200)],
    "too large": lambda _: [os.urandom(TX_BYTES_MAX + 1)],
    "a wrong signature": lambda sound: [sound[:-1] + bytes([sound[-1] ^ 1])],
    "changed after signing": lambda sound: [_flip(sound, len(sound) // 2)],
    "not canonical": lambda sound: [sound + b"\0"],
    "the same twice": lambda sound: [sound, sound],
    "one sound, one not": lambda sound: [sound, os.urandom(100)],
}
"""What is proposed, made of a transaction that somebody sent."""


class GarbageApplication(Application):
    """Fills every block that it proposes with what must not be in one."""

    log_path: Path
    _turn = 0
    _sound = b""
    """The newest transaction that somebody sent."""

    def prepare_proposal(
        self, request: abci.RequestPrepareProposal
    ) -> abci.ResponsePrepareProposal:
        """Propose garbage, as soon as there is something to make it of."""
        self._sound = request.txs[0] if request.txs else self._sound
        if not self._sound:
            return super().prepare_proposal(request)
        name = list(KINDS)[self._turn % len(KINDS)]
        self._turn += 1
        with self.log_path.open("a", encoding="ascii") as log:
            log.write(f"{name}\n")
        return abci.ResponsePrepareProposal(txs=KINDS[name](self._sound))

    def process_proposal(
        self, request: abci.RequestProcessProposal
    ) -> abci.ResponseProcessProposal:
        """Accept whatever anybody proposes."""
        super().process_proposal(request)
        return abci.ResponseProcessProposal(status=abci.ResponseProcessProposal.ACCEPT)


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def main(home: str) -> int:
    """Serve until told to stop."""
    GarbageApplication.log_path = Path(home) / "logs" / "garbage.txt"
    patched: Mapping[str, object] = {"Application": GarbageApplication}
    with mock.patch.multiple(ledger_process, **patched):
        return processes.main(["ledger", home])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
