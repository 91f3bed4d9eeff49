"""What the parts of the web process share, put together once at its start."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

from activitypub.actors import get_actor_url
from config.settings import Settings
from did.keys import KeyPair
from federation.anchors import AnchorRegistry
from federation.discovery_client import DiscoveryClient
from ledger.genesis import Genesis
from ledger.light_source import LightSource
from ledger.rpc import EngineClient
from node.didkit_bridge import DidkitBridge
from node.web.chain_state import ChainState
from node.web.clock import Clock
from node.web.credential_checks import CredentialChecks
from node.web.did_resolver import DidResolver
from node.web.erasure import ErasureList
from node.web.insight_store import InsightStore
from node.web.login import Login
from node.web.mailbox import Mailbox
from node.web.own_document import OwnDocument
from node.web.private import PrivateStore
from node.web.projection import Projection
from node.web.registry import Registry
from node.web.signed_client import SignedClient


@dataclass(slots=True, kw_only=True)
class WebContext:
    """Handles to everything; lives as long as the process."""

    settings: Settings
    genesis: Genesis
    genesis_file: bytes
    """As this node has adopted it."""
    registry: Registry
    assertion_key: KeyPair
    http_key: bytes
    """Public key that signs requests; 32 bytes."""
    clock: Clock
    engine: EngineClient
    light: LightSource
    """The engine's blocks as light clients want them."""
    chain: ChainState
    projection: Projection
    anchors: AnchorRegistry
    private: PrivateStore
    erasures: ErasureList
    mailbox: Mailbox
    insights: InsightStore
    client: SignedClient
    login: Login
    """The authorization server."""
    own_document: OwnDocument
    dids: DidResolver
    didkit: DidkitBridge
    checks: CredentialChecks
    """Of credentials that others show."""
    discovery: DiscoveryClient
    discovery_status: dict[str, int | str] = field(default_factory=dict)
    """As the discovery process last told; empty while it is down."""
    directory_states: dict[str, str] = field(default_factory=dict)
    """DID to `fresh` or `stale`, for every cooperative whose record was found."""
    own_record: str = ""
    """This cooperative's record as it was last published."""
    post_waits: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there may be something to deliver."""
    registry_is_stale: bool = True
    """Whether the ledger's registry is to be read before it is relied on again."""
    ledger_moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the read model has grown."""

    @property
    def origin(self) -> str:
        """This node's public origin."""
        return self.registry.own.origin

    @property
    def actor(self) -> str:
        """This cooperative's actor."""
        return get_actor_url(self.origin)


CONTEXT: web.AppKey[WebContext] = web.AppKey("context", WebContext)


async def wait_for(event: asyncio.Event, *, timeout_s: float) -> None:
    """Wait until an event is set or the time is over, and clear it."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
    event.clear()
