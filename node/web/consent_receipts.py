"""A person's receipt of a period: their history as it was then, opened, and its path.

Joins what private.db keeps with the ledger's proof of the root. Nothing here decides whom to
show it to: `node.web.routes_consent_receipts` does.
"""

from config.did_limits import CONSENT_RECEIPT_ENTRIES_MAX
from config.errors import UnavailableError
from did.consent.chain import EMPTY_HEAD, render_body
from ledger.receipt_builder import build_consent_receipt
from ledger.receipt_consents import ConsentHistory, SaltedBody
from ledger.receipts import Receipt
from node.web.context import WebContext
from node.web.private import PrivateStore


async def make_consent_receipt(
    context: WebContext, holder_id: bytes, period: int
) -> Receipt | None:
    """Build a person's receipt; None if no root of this period covers their history.

    Raises:
        UnavailableError: The engine is gone, or the ledger has another root than the node kept.
        MisconfiguredError: The register's key is another, or a table was changed.
    """
    history = _collect(context.private, context.genesis.chain_id, holder_id, period)
    if history is None:
        return None
    receipt = await build_consent_receipt(
        context.light, cooperative=context.registry.own.id, period=period, history=history
    )
    if receipt is None:
        raise UnavailableError("the ledger does not have this period's root: ask again later")
    return receipt


def _collect(
    private: PrivateStore, chain: str, holder_id: bytes, period: int
) -> ConsentHistory | None:
    path = private.consent_anchors.find_path(chain, holder_id, period)
    if path is None:
        return None
    first = max(1, path.number - CONSENT_RECEIPT_ENTRIES_MAX + 1)
    entries = private.consents.list_entries(
        holder_id, after=max(0, first - 2), limit=path.number - max(0, first - 2)
    )
    before = EMPTY_HEAD if first == 1 else entries.pop(0).head
    return ConsentHistory(
        before=before,
        entries=tuple(
            SaltedBody(body=render_body(item).decode(), salt=item.salt) for item in entries
        ),
        salt=path.salt,
        index=path.index,
        path=path.path,
    )
