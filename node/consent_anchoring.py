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
from node.home import Home
from node.offices import open_sender
from node.own_cooperative import load_own_cooperative
from node.registrar import open_register
from node.sending import Sender, read_state
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
    with open_register(home) as store:
        async with open_sender(home, settings, role=Role.REGISTRAR, now_ms=now_ms) as sender:
            anchoring = _Anchoring(
                store, sender, chain=settings.network.chain_id, cooperative=cooperative
            )
            for _ in range(_TRIES_MAX):
                done = await anchoring.try_once(now_ms)
                if done is not None:
                    return done
    raise UnavailableError("somebody else anchors consents at the same time: try again later")


class _Anchoring:
    """One cooperative's periods: as this node keeps them, and as the ledger has them."""

    def __init__(
        self, store: PrivateStore, sender: Sender, *, chain: str, cooperative: bytes
    ) -> None:
        self._periods = store.consent_anchors
        self._sender = sender
        self._chain = chain
        self._cooperative = cooperative

    async def try_once(self, now_ms: Callable[[], int]) -> Anchored | None:
        """Settle the period that waits, or send its root or a new one; None to look again."""
        latest = await self._fetch_latest()
        waiting = self._periods.find_waiting(self._chain)
        if waiting is not None and waiting.period <= latest:
            if await self._has_ledger(waiting):
                self._periods.note_anchored(self._chain, waiting.period)
                return Anchored(anchor=waiting, is_resumed=True)
            self._periods.drop(self._chain, waiting.period)
            waiting = None
        anchor = waiting or self._periods.close_period(self._chain, latest + 1, at_ms=now_ms())
        payload = AnchorConsents(
            cooperative=self._cooperative, period=anchor.period, root=anchor.root
        )
        try:
            await self._sender.send(payload)
        except RefusedError as error:
            # An earlier, interrupted call's transaction came into a block first.
            if error.code != RefusalCode.CONSENT_PERIOD_OTHER:
                raise
            return None
        self._periods.note_anchored(self._chain, anchor.period)
        return Anchored(anchor=anchor, is_resumed=waiting is not None)

    async def _has_ledger(self, anchor: ConsentAnchor) -> bool:
        key = consent_root_key(self._cooperative, anchor.period)
        value = await read_state(self._sender.engine, key)
        return ConsentRoot.decode(value).root == anchor.root

    async def _fetch_latest(self) -> int:
        value = await read_state(self._sender.engine, consent_period_key(self._cooperative))
        return ConsentPeriod.decode(value).number if value else 0
