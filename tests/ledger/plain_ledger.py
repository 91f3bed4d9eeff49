"""A ledger process alone, without a home: run as `python plain_ledger.py STORE SOCKET`."""

import asyncio
import sys
from pathlib import Path

from ledger.abci import serve_abci
from ledger.application import Application
from ledger.store import Store


def main() -> None:
    """Serve until killed."""
    store, socket = sys.argv[1:]
    application = Application(Store.open(Path(store)), software_version="0")
    asyncio.run(serve_abci(application, Path(socket)))


if __name__ == "__main__":
    main()
