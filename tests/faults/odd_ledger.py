"""A ledger process that is not deterministic: at one height it writes what nobody else does.

Run as `python odd_ledger.py HEIGHT HOME`; all else is the node's own ledger process.
"""

import sys
from collections.abc import Mapping
from typing import Any
from unittest import mock

from governance.context import BlockContext
from governance.state_keys import FEDERATION, Collection, state_key
from governance.view import Savepoint
from ledger.application import Application
from node import ledger_process, processes


class OddApplication(Application):
    """Puts a record of its own into one block's state."""

    odd_height = 0

    def _stage(self, overlay: Savepoint, block: BlockContext, **keys: Any) -> Any:
        if block.height == self.odd_height:
            overlay.put(state_key(FEDERATION, Collection.MOTION, bytes(32)), b"odd")
        return super()._stage(overlay, block, **keys)


def main(arguments: list[str]) -> int:
    """Serve until told to stop."""
    height, home = arguments
    OddApplication.odd_height = int(height)
    patched: Mapping[str, object] = {"Application": OddApplication}
    with mock.patch.multiple(ledger_process, **patched):
        return processes.main(["ledger", home])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
