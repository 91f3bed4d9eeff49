"""Opening what the web process needs: keys, genesis, databases, clients.

Apart from the serving, so that tests open the same context over other sockets and clocks.
Loads the assertion, HTTP, token and register keys and no other.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing

from config.settings import Settings
from federation.discovery_client import DiscoveryClient
from ledger.genesis import Genesis
from ledger.light_source import LightSource
from ledger.rpc import EngineClient
from node.chain import load_genesis
from node.didkit_bridge import DidkitBridge, DidkitResolver
from node.home import Home
from node.keystore import load_key, load_secret
from node.web.chain_state import ChainState
from node.web.clock import Clock
from node.web.context import WebContext
from node.web.credential_checks import CredentialChecks
from node.web.did_resolver import PURE_METHODS, DidResolver, Resolver
from node.web.erasure import ErasureList, replay_erasures
from node.web.http_client import HttpClient
from node.web.insight_store import InsightStore
from node.web.ledger_anchors import LedgerAnchors
from node.web.ledger_resolver import LedgerResolver
from node.web.login import Login, open_login
from node.web.login_keys import LoginKeys
from node.web.mailbox import Mailbox
from node.web.own_document import OwnDocument
from node.web.private import PrivateStore
from node.web.projection import Projection
from node.web.registry import Registry, build_registry
from node.web.signed_client import SignedClient
from node.web.status_cache import StatusCache
from node.web.web_resolvers import WebResolver, WebvhResolver


@asynccontextmanager
async def open_context(
    home: Home, settings: Settings, *, clock: Clock | None = None
) -> AsyncIterator[WebContext]:
    """Open a node's web context; everything is closed at the end.

    Raises:
        MisconfiguredError: A key, the genesis or a database.
        RefusedError: The node's origin cannot be that of a cooperative.
    """
    clock = clock or Clock()
    genesis = load_genesis(home)
    registry = _build_registry(home, settings, genesis)
    http_key = load_key(home.keys, "http")
    own_document = _describe_own(home, registry, network=genesis.network)
    async with AsyncExitStack() as stack:
        private = stack.enter_context(closing(_open_private(home, clock)))
        projection = stack.enter_context(closing(_open_projection(home, genesis)))
        engine = await stack.enter_async_context(EngineClient(home.rpc_socket))
        client = await stack.enter_async_context(_create_client(settings))
        didkit = stack.enter_context(DidkitBridge())
        light = LightSource(engine, genesis.trust)
        dids = _make_own_resolver(client, clock, didkit, own_document, light)
        keys = LoginKeys(dids, engine, cooperative=registry.own.id)
        yield WebContext(
            settings=settings,
            genesis=genesis,
            genesis_file=home.genesis_path.read_bytes(),
            registry=registry,
            assertion_key=load_key(home.keys, "assertion"),
            http_key=http_key.public_key,
            clock=clock,
            engine=engine,
            light=light,
            chain=_begin_chain_state(settings, clock),
            projection=projection,
            anchors=LedgerAnchors(engine, projection, registry, chain_id=genesis.chain_id),
            private=private,
            erasures=ErasureList(home.erasures_path),
            mailbox=Mailbox(private.connection),
            insights=InsightStore(private.connection),
            client=SignedClient(client, origin=registry.own.origin, key=http_key, clock=clock),
            login=_open_login(
                home, settings, registry.own.origin, keys=keys, private=private, clock=clock
            ),
            own_document=own_document,
            dids=dids,
            didkit=didkit,
            checks=_make_checks(client, clock, dids, own_origin=registry.own.origin),
            discovery=await stack.enter_async_context(DiscoveryClient(home.discovery_socket)),
        )


def _describe_own(home: Home, registry: Registry, *, network: str) -> OwnDocument:
    http_key = load_key(home.keys, "http").public_key
    return OwnDocument(registry, http_key, network=network, webvh_path=home.webvh_path)


def _begin_chain_state(settings: Settings, clock: Clock) -> ChainState:
    return ChainState(heartbeat_s=settings.engine.heartbeat_ms / 1_000, grew_at_s=clock.steady_s())


def _create_client(settings: Settings) -> HttpClient:
    network = settings.network
    return HttpClient(test_hosts=network.hosts, is_test_chain=network.is_test_chain)


def _build_registry(home: Home, settings: Settings, genesis: Genesis) -> Registry:
    return build_registry(
        genesis,
        own_assertion_key=load_key(home.keys, "assertion").public_key,
        own_name=settings.node.name,
        own_origin=settings.node.origin,
    )


def _open_login(
    home: Home,
    settings: Settings,
    origin: str,
    *,
    keys: LoginKeys,
    private: PrivateStore,
    clock: Clock,
) -> Login:
    return open_login(
        origin,
        key=load_key(home.keys, "token"),
        private=private,
        keys=keys,
        clock=clock,
        may_register=settings.web.client_registration,
    )


def _make_checks(
    client: HttpClient, clock: Clock, dids: DidResolver, *, own_origin: str
) -> CredentialChecks:
    return CredentialChecks(
        resolver=dids,
        client=client,
        clock=clock,
        bit_lists=StatusCache(steady_s=clock.steady_s, own_origin=own_origin),
        token_lists=StatusCache(steady_s=clock.steady_s, own_origin=own_origin),
    )


def _make_own_resolver(
    client: HttpClient,
    clock: Clock,
    didkit: DidkitBridge,
    own_document: OwnDocument,
    light: LightSource,
) -> DidResolver:
    more: dict[str, Resolver] = {
        "web": WebResolver(client, find_own=own_document.find),
        "pkh": DidkitResolver(didkit),
        "rochdale": LedgerResolver(light, network=own_document.network),
    }
    return make_resolver(client, clock, **more)


def _open_projection(home: Home, genesis: Genesis) -> Projection:
    return Projection.open(home.projection_path, genesis_hash=genesis.genesis_hash)


def make_resolver(client: HttpClient, clock: Clock, **more: Resolver) -> DidResolver:
    """Resolve every method that needs no ledger, and others by their names."""
    methods = {
        **PURE_METHODS,
        "web": WebResolver(client, find_own=lambda _: None),
        "webvh": WebvhResolver(client, clock=clock),
        **more,
    }
    return DidResolver(methods, steady_s=clock.steady_s)


def _open_private(home: Home, clock: Clock) -> PrivateStore:
    key = load_secret(home.keys, "register")
    private = PrivateStore.open(
        home.private_path, key=key, random=clock.random_bytes, now_ms=clock.now_ms
    )
    replay_erasures(private, ErasureList(home.erasures_path), now_ms=clock.now_ms())
    return private
