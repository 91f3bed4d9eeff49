"""Main of the web process: opens everything, serves, and runs the loops beside it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing

import structlog
from aiohttp import web

from config.errors import MisconfiguredError
from config.limits import HTTP_BODY_BYTES_MAX, HTTP_HEADERS_BYTES_MAX
from config.settings import Settings
from federation.discovery_client import DiscoveryClient
from ledger.rpc import EngineClient
from node.chain import load_genesis
from node.home import Home
from node.keystore import load_key, load_secret
from node.settings_check import split_address
from node.web import (
    routes_activitypub,
    routes_api,
    routes_identity,
    routes_ledger,
    routes_pages,
)
from node.web.catching_up import CatchUp
from node.web.chain_state import ChainState
from node.web.clock import Clock
from node.web.context import CONTEXT, WebContext, wait_for
from node.web.delivering import deliver_post
from node.web.http_client import HttpClient
from node.web.insight_store import InsightStore
from node.web.ledger_anchors import LedgerAnchors
from node.web.ledger_follower import follow_ledger, watch_chain
from node.web.mailbox import Mailbox
from node.web.middlewares import FATAL, MIDDLEWARES
from node.web.partners import PartnerFinder
from node.web.private import PrivateStore
from node.web.projection import Projection
from node.web.publishing import publish_accepted
from node.web.receiving import verify_pending
from node.web.registry import build_registry
from node.web.routes_activitypub import INBOX_LIMIT, create_inbox_limit
from node.web.signed_client import SignedClient
from node.web.texts import fetch_texts

log = structlog.get_logger(__name__)

_KEEPALIVE_S = 15.0
_SHUTDOWN_S = 2.0
_BACKLOG = 256
_INSIGHTS_LOOK_S = 1.0


async def run_web(home: Home, settings: Settings) -> None:
    """Serve until cancelled; then requests in work get a moment, and the databases close.

    Raises:
        MisconfiguredError: A key, the genesis, a database, the certificate or the port.
    """
    async with open_context(home, settings) as context:
        app = create_app(context)
        runner = web.AppRunner(
            app,
            access_log=None,
            keepalive_timeout=_KEEPALIVE_S,
            shutdown_timeout=_SHUTDOWN_S,
            max_line_size=HTTP_HEADERS_BYTES_MAX,
            max_field_size=HTTP_HEADERS_BYTES_MAX,
        )
        await runner.setup()
        try:
            await _listen(runner, settings)
            async with asyncio.TaskGroup() as group:
                group.create_task(_await_defect(app[FATAL]))
                for loop in (
                    follow_ledger(context),
                    watch_chain(context),
                    handle_insights(context),
                    deliver_post(context),
                    fetch_texts(context),
                    PartnerFinder(context).run(),
                    CatchUp(context).run(),
                ):
                    group.create_task(loop)
        finally:
            await runner.cleanup()


@asynccontextmanager
async def open_context(
    home: Home, settings: Settings, *, clock: Clock | None = None
) -> AsyncIterator[WebContext]:
    """Open keys, databases and clients of a node; close them at the end.

    Raises:
        MisconfiguredError: A key, the genesis or a database.
    """
    clock = clock or Clock()
    genesis = load_genesis(home)
    assertion_key, http_key = (load_key(home.keys, name) for name in ("assertion", "http"))
    registry = build_registry(
        genesis,
        own_assertion_key=assertion_key.public_key,
        own_name=settings.node.name,
        own_origin=settings.node.origin,
    )
    async with AsyncExitStack() as stack:
        projection = Projection.open(home.projection_path, genesis_hash=genesis.genesis_hash)
        stack.enter_context(closing(projection))
        private = PrivateStore.open(
            home.private_path,
            key=load_secret(home.keys, "register"),
            random=clock.random_bytes,
        )
        stack.enter_context(closing(private))
        engine = await stack.enter_async_context(EngineClient(home.rpc_socket))
        client = await stack.enter_async_context(
            HttpClient(
                test_hosts=settings.network.hosts, is_test_chain=settings.network.is_test_chain
            )
        )
        discovery = await stack.enter_async_context(DiscoveryClient(home.discovery_socket))
        yield WebContext(
            settings=settings,
            genesis=genesis,
            registry=registry,
            assertion_key=assertion_key,
            http_key=http_key.public_key,
            clock=clock,
            engine=engine,
            chain=ChainState(
                heartbeat_s=settings.engine.heartbeat_ms / 1_000, grew_at_s=clock.steady_s()
            ),
            projection=projection,
            anchors=LedgerAnchors(engine, projection, registry, chain_id=genesis.chain_id),
            private=private,
            mailbox=Mailbox(private.connection),
            insights=InsightStore(private.connection),
            client=SignedClient(client, origin=registry.own.origin, key=http_key, clock=clock),
            discovery=discovery,
        )


def create_app(context: WebContext) -> web.Application:
    """All routes over what the process shares."""
    app = web.Application(middlewares=MIDDLEWARES, client_max_size=HTTP_BODY_BYTES_MAX)
    app[CONTEXT] = context
    app[INBOX_LIMIT] = create_inbox_limit()
    app[FATAL] = asyncio.get_running_loop().create_future()
    for module in (
        routes_pages,
        routes_api,
        routes_identity,
        routes_activitypub,
        routes_ledger,
    ):
        app.add_routes(module.routes)
    return app


async def handle_insights(context: WebContext) -> None:
    """Whenever the ledger has moved, publish what was accepted and check what waits."""
    while True:
        await wait_for(context.ledger_moved, timeout_s=_INSIGHTS_LOOK_S)
        await publish_accepted(context)
        await verify_pending(context)


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    host, port = split_address(settings.web.listen, key="web.listen")
    site = web.TCPSite(
        runner, host, port, ssl_context=_load_certificate(settings), backlog=_BACKLOG
    )
    try:
        await site.start()
    except OSError as error:
        raise MisconfiguredError(
            f"{settings.web.listen} cannot be listened on ({error.strerror}): free the port or"
            " set web.listen to another"
        ) from error
    log.info("listening", address=settings.web.listen)


def _load_certificate(settings: Settings) -> ssl.SSLContext | None:
    if not settings.web.tls_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.web.tls_certificate, settings.web.tls_key)
    except OSError as error:
        raise MisconfiguredError(
            f"web.tls_certificate or web.tls_key cannot be used ({error}): name PEM files that"
            " belong together and that the node's user may read"
        ) from error
    return context


async def _await_defect(fatal: "asyncio.Future[None]") -> None:
    await fatal
