"""Main of the web process: opens everything, serves, and runs the loops beside it."""

import asyncio
import ssl

import structlog
from aiohttp import web

from config.errors import MisconfiguredError
from config.limits import HTTP_BODY_BYTES_MAX, HTTP_HEADERS_BYTES_MAX
from config.settings import Settings
from node.home import Home
from node.settings_check import split_address
from node.web import (
    routes_accountability,
    routes_activitypub,
    routes_api,
    routes_consent_receipts,
    routes_consent_requests,
    routes_consents,
    routes_credentials,
    routes_explorer,
    routes_governance,
    routes_identity,
    routes_issuance,
    routes_ledger,
    routes_lists,
    routes_login,
    routes_mandates,
    routes_notices,
    routes_oauth,
    routes_pages,
    routes_passkeys,
    routes_presentation,
    routes_register,
    routes_resolution,
    routes_sessions,
    routes_shared,
    routes_uma,
    routes_verify,
    routes_wallet,
)
from node.web.catching_up import CatchUp
from node.web.consent_anchoring_loop import keep_consents_anchored
from node.web.context import CONTEXT, WebContext, wait_for
from node.web.delivering import deliver_post
from node.web.ledger_follower import follow_ledger, watch_chain
from node.web.middlewares import FATAL, MIDDLEWARES
from node.web.opening import open_context
from node.web.partners import PartnerFinder
from node.web.peering import keep_peers
from node.web.publishing import publish_accepted
from node.web.receiving import verify_pending
from node.web.routes_activitypub import INBOX_LIMIT, create_inbox_limit
from node.web.routes_ledger import LEDGER_LIMIT, create_ledger_limit
from node.web.routes_register import SIGN_UP_LIMIT, create_sign_up_limit
from node.web.texts import fetch_texts
from node.web.withdrawing import withdraw_decided

log = structlog.get_logger(__name__)

ROUTE_MODULES = (
    routes_pages,
    routes_api,
    routes_lists,
    routes_explorer,
    routes_governance,
    routes_identity,
    routes_accountability,
    routes_resolution,
    routes_consents,
    routes_consent_receipts,
    routes_consent_requests,
    routes_credentials,
    routes_activitypub,
    routes_ledger,
    routes_mandates,
    routes_verify,
    routes_register,
    routes_oauth,
    routes_login,
    routes_passkeys,
    routes_notices,
    routes_sessions,
    routes_presentation,
    routes_issuance,
    routes_uma,
    routes_shared,
    routes_wallet,
)
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
        runner = create_runner(app)
        await runner.setup()
        try:
            await _listen(runner, settings)
            async with asyncio.TaskGroup() as group:
                group.create_task(_await_defect(app[FATAL]))
                for loop in (
                    follow_ledger(context),
                    watch_chain(context),
                    keep_peers(context),
                    handle_insights(context),
                    deliver_post(context),
                    fetch_texts(context),
                    PartnerFinder(context).run(),
                    CatchUp(context).run(),
                    keep_consents_anchored(context, home),
                ):
                    group.create_task(loop)
        finally:
            await runner.cleanup()


def create_app(context: WebContext) -> web.Application:
    """All routes over what the process shares."""
    app = web.Application(middlewares=MIDDLEWARES, client_max_size=HTTP_BODY_BYTES_MAX)
    app[CONTEXT] = context
    app[INBOX_LIMIT] = create_inbox_limit()
    app[LEDGER_LIMIT] = create_ledger_limit()
    app[SIGN_UP_LIMIT] = create_sign_up_limit()
    app[FATAL] = asyncio.get_running_loop().create_future()
    for module in ROUTE_MODULES:
        app.add_routes(module.routes)
    return app


def create_runner(app: web.Application) -> web.AppRunner:
    """A server with its limits set."""
    return web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,  # compressed bodies are refused, not unpacked
        keepalive_timeout=_KEEPALIVE_S,
        shutdown_timeout=_SHUTDOWN_S,
        max_line_size=HTTP_HEADERS_BYTES_MAX,
        max_field_size=HTTP_HEADERS_BYTES_MAX,
    )


async def handle_insights(context: WebContext) -> None:
    """Whenever the ledger has moved: withdraw, publish, and check what waits."""
    while True:
        await wait_for(context.ledger_moved, timeout_s=_INSIGHTS_LOOK_S)
        withdraw_decided(context)
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
