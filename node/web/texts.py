"""Fetching partners' proposal texts, so that pages can say what a proposal is about.

A text is named by its hash on the ledger, so whoever serves it needs no trust. Tried a few
times, then left: the page names the hash.
"""

import asyncio
import hashlib

import structlog

from config.errors import RefusedError, UnavailableError
from config.limits import PAGE_ITEMS_MAX, TEXT_BYTES_MAX
from node.web.context import WebContext
from node.web.projection_proposals import ProjectedProposal

log = structlog.get_logger(__name__)

_LOOK_S = 1.0
_TRIES_MAX = 8
_KNOWN_MAX = 10_000


async def fetch_texts(context: WebContext) -> None:
    """Look for missing texts every second, each less and less often; runs until cancelled."""
    tries: dict[bytes, tuple[int, float]] = {}
    while True:
        await asyncio.sleep(_LOOK_S)
        now_s = context.clock.steady_s()
        for proposal in context.projection.list_proposals(limit=PAGE_ITEMS_MAX):
            count, due_s = tries.get(proposal.text_hash, (0, 0.0))
            if count >= _TRIES_MAX or now_s < due_s:
                continue
            if context.private.get_text(proposal.text_hash) is not None:
                continue
            if len(tries) >= _KNOWN_MAX:
                tries.clear()
            tries[proposal.text_hash] = (count + 1, now_s + 2.0**count)
            await _fetch(context, proposal)


async def _fetch(context: WebContext, proposal: ProjectedProposal) -> None:
    author = context.registry.find(proposal.cooperative)
    if author is None or author.id == context.registry.own.id:
        return
    url = f"{author.origin}/texts/{proposal.text_hash.hex()}"
    try:
        text = await context.client.fetch_text(url)
        text.decode()
    except (UnavailableError, RefusedError, UnicodeDecodeError):
        return
    if len(text) <= TEXT_BYTES_MAX and hashlib.sha256(text).digest() == proposal.text_hash:
        context.private.put_text(text)
    else:
        log.warning("text_wrong", partner=author.did, text=proposal.text_hash.hex())
