"""Opening a stand of the VC-API (`node.vc_api`): key, database, port."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

from aiohttp import web

from config.errors import MisconfiguredError
from did.keys import SEED_BYTES, KeyPair, did_key, did_key_verification_method
from node.vc_api import OwnLists, Stand, Suite, create_vc_api
from node.web.clock import Clock
from node.web.credential_checks import CredentialChecks
from node.web.credential_office import CredentialOffice
from node.web.credential_store import STATUS_LISTS_SCHEMA, CredentialStore
from node.web.database import open_database
from node.web.did_resolver import PURE_METHODS, DidResolver

_HOST = "127.0.0.1"


async def serve_stand(
    *, port: int, suite: str, with_status: bool, tell: Callable[[str, str], None]
) -> None:
    """Serve until cancelled.

    Args:
        port: Of loopback; 0: any free one.
        suite: One of `Suite`.
        with_status: Whether what is issued has a status.
        tell: Told the address and the DID once the stand serves.

    Raises:
        MisconfiguredError: The port cannot be listened on.
    """
    async with open_stand(port=port, suite=Suite(suite), with_status=with_status) as stand:
        tell(stand.office.origin, stand.office.did)
        await asyncio.Event().wait()


@asynccontextmanager
async def open_stand(*, port: int, suite: Suite, with_status: bool) -> AsyncIterator[Stand]:
    """Serve a stand with a new key; everything is gone at the end.

    Raises:
        MisconfiguredError: The port cannot be listened on.
    """
    clock = Clock()
    key = KeyPair(clock.random_bytes(SEED_BYTES))
    listener = _listen(port)
    async with AsyncExitStack() as stack:
        stack.callback(listener.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        connection = open_database(
            folder / "stand.db", schema=STATUS_LISTS_SCHEMA, version=1, is_durable=False
        )
        stack.enter_context(closing(connection))
        office = CredentialOffice(
            origin=f"http://{_HOST}:{listener.getsockname()[1]}",
            did=did_key(key.public_key),
            method=did_key_verification_method(key.public_key),
            key=key,
            store=CredentialStore(connection),
            clock=clock,
        )
        checks = CredentialChecks(
            resolver=DidResolver(PURE_METHODS, steady_s=clock.steady_s),
            client=OwnLists(office),
            clock=clock,
        )
        stand = Stand(office=office, checks=checks, suite=suite, with_status=with_status)
        runner = web.AppRunner(create_vc_api(stand), access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listener).start()
        yield stand


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        raise MisconfiguredError(
            f"port {port} cannot be listened on ({error.strerror}): choose another"
        ) from error
    return listener
