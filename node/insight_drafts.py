"""An insight from the operator's order to the draft that members vote on.

Apart from the web process, which publishes: this runs in the operator's command, beside a
running node, and alone starts the worker that reads records.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from did.consent.terms import Resource
from did.jcs import JsonObject, canonicalize
from federation.anchors import compute_insight_digest
from federation.budget import BudgetAccount
from federation.insights import ConsentBasis, Study, build_insight
from node.aggregate_request import AggregateRequest
from node.aggregates import compute_paid_aggregate
from node.consent_gate import note_uses
from node.web.private import Draft, PrivateStore


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightOrder:
    """What the operator asks for."""

    request: AggregateRequest
    study: Study
    account: BudgetAccount
    """Which budget pays for it."""
    basis: ConsentBasis | None
    """For whose consents the request stands; None for a published data set."""
    holders: Mapping[str, bytes] = field(default_factory=dict)
    """Holder's id by record key, of everybody whom the request permits to count."""


def compute_draft(
    store: PrivateStore, order: InsightOrder, *, actor: str, insight_id: str, now_ms: int
) -> Draft:
    """Pay for an aggregate, write the draft and keep it; blocks while the worker runs.

    The draft's digest is what an insight proposal must name as its subject; its document is
    the proposal's text.

    Args:
        store: The node's private database.
        order: What to compute.
        actor: URL of the cooperative's actor.
        insight_id: 32 lowercase hex characters by chance.
        now_ms: Wall clock.

    Raises:
        RefusedError: The budget has too little left, the records are malformed, or every group
            is too small; in the last case the ε is spent.
        MisconfiguredError: The machine cannot keep the worker off the network.
        UnavailableError: The worker failed; the ε is spent.
    """
    aggregate, budget = compute_paid_aggregate(
        store.connection, order.request, account=order.account, now_ms=now_ms
    )
    document = build_insight(
        actor=actor,
        insight_id=insight_id,
        study=order.study,
        basis=order.basis,
        aggregate=aggregate,
        budget=budget,
        now_s=now_ms // 1_000,
    )
    digest = compute_insight_digest(document)
    draft = Draft(digest=digest, document=canonicalize(document), is_published=False)
    with store.write():
        store.put_draft(digest=draft.digest, document=draft.document, now_ms=now_ms)
        note_uses(store, order.holders, _describe_use(document, digest), now_ms=now_ms)
    return draft


def _describe_use(document: JsonObject, digest: bytes) -> JsonObject:
    return {
        "grantee": document["attributedTo"],
        "resource": Resource.RECORDS.value,
        "insight": document["id"],
        "digest": digest.hex(),
        **document["basis"],
    }
