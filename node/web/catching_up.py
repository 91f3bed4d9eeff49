"""Finding what never arrived: the ledger's accepted insights against those held here.

No delivery guarantee is worth as much as counting: every accepted insight is on this node's
own ledger, so one that is missing is known to be missing, and is read from its cooperative's
outbox. Asking starts soon after something is missed and becomes rarer.
"""

import asyncio
from dataclasses import dataclass

import structlog

from activitypub.collections import get_outbox_page_url, parse_outbox_page
from activitypub.inbox import check_activity_proof, check_origins
from config.errors import RefusedError, UnavailableError
from config.limits import CATCH_UP_PAGES_MAX, PAGE_ITEMS_MAX
from did.jcs import JsonObject, canonicalize
from node.web.context import WebContext
from node.web.mailbox import Partner
from node.web.receiving import receive_insight
from node.web.registry import KnownCooperative

log = structlog.get_logger(__name__)

_LOOK_S = 0.5
_FIRST_WAIT_S = 1.5
"""Time for the ordinary delivery to arrive."""


@dataclass(slots=True)
class _Attempts:
    due_s: float
    wait_s: float


class CatchUp:
    """Asks partners for what the ledger says is missing."""

    def __init__(self, context: WebContext) -> None:
        self._context = context
        self._attempts: dict[str, _Attempts] = {}

    async def run(self) -> None:
        """Look twice a second, ask when due; runs until cancelled."""
        while True:
            for partner in self._context.mailbox.list_partners():
                sender = self._context.registry.find_by_did(partner.did)
                if sender is not None and self._is_due(sender):
                    await self._ask(partner, sender)
            await asyncio.sleep(_LOOK_S)

    def count_missing(self, cooperative: bytes) -> int:
        """How many insights that a cooperative publishes are not here."""
        released = self._context.projection.list_released_insights(cooperative)
        held = self._context.insights.list_held_digests(cooperative)
        return sum(1 for proposal in released if proposal.subject not in held)

    def _is_due(self, sender: KnownCooperative) -> bool:
        if not self.count_missing(sender.id):
            self._attempts.pop(sender.did, None)
            return False
        now_s = self._context.clock.steady_s()
        attempts = self._attempts.setdefault(
            sender.did, _Attempts(due_s=now_s + _FIRST_WAIT_S, wait_s=_FIRST_WAIT_S)
        )
        if now_s < attempts.due_s:
            return False
        longest_s = float(self._context.settings.web.catch_up_interval_s)
        attempts.wait_s = min(attempts.wait_s * 2, max(longest_s, _FIRST_WAIT_S))
        attempts.due_s = now_s + attempts.wait_s
        return True

    async def _ask(self, partner: Partner, sender: KnownCooperative) -> None:
        began = partner.caught_up_number
        try:
            after = await self._read_outbox(partner, sender, after=began)
        except (UnavailableError, RefusedError) as error:
            log.info("catch_up_failed", partner=partner.did, reason=str(error))
            return
        missing = self.count_missing(sender.id)
        # What was read and still is missing was perhaps passed over: read all again next time.
        self._context.mailbox.set_caught_up(partner.did, 0 if missing else after)
        log.info("caught_up", partner=partner.did, number=after, missing=missing)

    async def _read_outbox(self, partner: Partner, sender: KnownCooperative, *, after: int) -> int:
        actor = await self._context.client.get_actor(partner.actor)
        for _ in range(CATCH_UP_PAGES_MAX):
            url = get_outbox_page_url(sender.origin, after=after)
            page = parse_outbox_page(
                await self._context.client.fetch(url), origin=sender.origin, after=after
            )
            for _number, activity in page.activities:
                if activity["type"] == "Create":
                    check_origins(activity)
                    check_activity_proof(activity, actor=actor, now_s=self._context.clock.now_s())
                    await self._take(activity, sender, actor.id)
            after = min(after + PAGE_ITEMS_MAX, max(page.total, after))
            if after >= page.total:
                break
        return after

    async def _take(self, activity: JsonObject, sender: KnownCooperative, actor: str) -> None:
        try:
            await receive_insight(self._context, activity, canonicalize(activity), sender, actor)
        except RefusedError as error:
            log.warning("insight_refused", activity=activity["id"], reason=error.reason)
