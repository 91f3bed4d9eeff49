"""Putting the root over all histories of consent on the ledger, once for each period.

A period is closed and kept before its root is sent: interrupted anywhere, the next call goes on
with the same root, and a root that came into a block twice is refused once. Runs in the
operator's command, which the node starts itself when a period is over: the registrar's key is
in no process that talks to others.
"""

from collections.abc import Callable
from dataclasses import dataclass

from config.errors import RefusedError, UnavailableError
from config.settings import Settings
from governance.consent_anchors import (
    ConsentPeriod,
    ConsentRoot,
    consent_period_key,
    consent_root_key,
)
from governance.records import Role
from governance.refusals import RefusalCode
from governance.transactions import AnchorConsents
from ledger.rpc import EngineClient
from node.home import Home
from node.offices import open_sender
from node.own_cooperative import load_own_cooperative
from node.registrar import open_register
from node.sending import read_state
from node.web.consent_anchor_store import ConsentAnchor
from node.web.private import PrivateStore

_TRIES_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """A period whose root is on the ledger."""

    anchor: ConsentAnchor
    is_resumed: bool
    """Whether it was closed by an earlier call, which did not come to its end."""


async def anchor_consents(home: Home, settings: Settings, *, now_ms: Callable[[], int]) -> Anchored:
    """Close a period and wait until its root is on the ledger, or go on with one that waits.

    Cancelling leaves a closed period, with which the next call goes on.

    Args:
        home: Of a running node.
        settings: Of that home.
        now_ms: Wall clock.

    Raises:
        RefusedError: The ledger refuses.
        UnavailableError: The node does not run, or no block came in time.
        MisconfiguredError: The register or a key of the home cannot be used.
    """
    cooperative = load_own_cooperative(home, settings).id
    chain = settings.network.chain_id
    with open_register(home) as store:
        async with open_sender(home, settings, role=Role.REGISTRAR, now_ms=now_ms) as sender:
            for _ in range(_TRIES_MAX):
                latest = await _fetch_latest(sender.engine, cooperative)
                waiting = store.consent_anchors.find_waiting(chain)
                if waiting is None or waiting.period <= latest:
                    if waiting is not None and await _is_settled(
                        store, sender.engine, waiting, chain=chain, cooperative=cooperative
                    ):
                        return Anchored(anchor=waiting, is_resumed=True)
                    anchor = store.consent_anchors.close_period(chain, latest + 1, at_ms=now_ms())
                else:
                    anchor = waiting
                payload = AnchorConsents(
                    cooperative=cooperative, period=anchor.period, root=anchor.root
                )
                try:
                    await sender.send(payload)
                except RefusedError as error:
                    # An earlier, interrupted call's transaction came into a block first.
                    if error.code != RefusalCode.CONSENT_PERIOD_OTHER:
                        raise
                    continue
                store.consent_anchors.note_anchored(chain, anchor.period)
                return Anchored(anchor=anchor, is_resumed=anchor is waiting)
    raise UnavailableError("somebody else anchors consents at the same time: try again later")


async def _is_settled(
    store: PrivateStore,
    engine: EngineClient,
    waiting: ConsentAnchor,
    *,
    chain: str,
    cooperative: bytes,
) -> bool:
    """Whether the ledger has the root of a period that waits; if it has another, forget it."""
    value = await read_state(engine, consent_root_key(cooperative, waiting.period))
    if ConsentRoot.decode(value).root == waiting.root:
        store.consent_anchors.note_anchored(chain, waiting.period)
        return True
    store.consent_anchors.drop(chain, waiting.period)
    return False


async def _fetch_latest(engine: EngineClient, cooperative: bytes) -> int:
    value = await read_state(engine, consent_period_key(cooperative))
    return ConsentPeriod.decode(value).number if value else 0
