"""A ledger process that kills itself at a chosen point.

Run as `python crashing_ledger.py STORE SOCKET POINT BLOCKS`; it lives for that many commits first.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from tendermint.abci import types_pb2 as abci

from ledger.abci import serve_abci
from ledger.application import Application
from ledger.store import Store


class CrashingApplication(Application):
    """Dies by SIGKILL once, before it answers; an empty point never comes."""

    point = ""
    blocks_left = 0
    """Commits until the point is in force."""

    def init_chain(self, request: abci.RequestInitChain) -> abci.ResponseInitChain:
        """Die after the chain was begun in memory."""
        response = super().init_chain(request)
        self._die_at("begun")
        return response

    def check_tx(self, request: abci.RequestCheckTx) -> abci.ResponseCheckTx:
        """Die with a transaction that nobody heard of yet."""
        response = super().check_tx(request)
        self._die_at("checked")
        return response

    def finalize_block(self, request: abci.RequestFinalizeBlock) -> abci.ResponseFinalizeBlock:
        """Die with a decided block in memory."""
        response = super().finalize_block(request)
        if request.txs:
            self._die_at("finalized")
        return response

    def commit(self, request: abci.RequestCommit) -> abci.ResponseCommit:
        """Die just before, or just after, a block that changes something is on disk."""
        is_full = self._pending is not None and bool(self._pending.staged.after)
        if is_full:
            self._die_at("committing")
        response = super().commit(request)
        if is_full:
            self._die_at("committed")
        self.blocks_left -= 1
        return response

    def _die_at(self, point: str) -> None:
        if point == self.point and self.blocks_left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Serve until killed."""
    store, socket, point, blocks = sys.argv[1:]
    application = CrashingApplication(Store.open(Path(store)), software_version="0")
    application.point, application.blocks_left = point, int(blocks)
    asyncio.run(serve_abci(application, Path(socket)))


if __name__ == "__main__":
    main()
