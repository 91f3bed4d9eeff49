"""From the operator's order to a draft: what the command and the test networks share.

Joins the home, its privacy budget and the worker; `node.insight_drafts` does the steps.
Blocks; runs beside a node, whether it is running or not. Never opens the records itself.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from activitypub.actors import get_actor_url
from config.settings import Settings
from did.consent.terms import Purpose
from did.jcs import JsonObject, parse_json_object
from federation.aggregate import parse_epsilon
from federation.budget import Budget, BudgetAccount, Charge, get_budget, list_charges
from federation.insights import ConsentBasis, Study
from node.aggregate_request import AggregateRequest
from node.consent_gate import find_permitted
from node.home import Home
from node.insight_drafts import InsightOrder, compute_draft
from node.own_cooperative import load_own_cooperative
from node.registrar import open_register
from node.web.insight_store import HeldInsight, InsightState, InsightStore
from node.web.private import PrivateStore
from node.web.projection import read_projected_height

EPSILON = "0.5"
LICENSE = "https://creativecommons.org/licenses/by/4.0/"
_BUDGET_DATASET = "all records"
"""One budget for a cooperative: a member's records may stand in several of its files."""
_CONDITION = (("http://hl7.org/fhir/sid/icd-10", "I25"),)
"""Chronic ischaemic heart disease: what column `num` of the records is about."""
_INSIGHT_ID_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedDraft:
    """A draft that is kept, and what it has cost."""

    digest: bytes
    """What the proposal's subject must be; 32 bytes."""
    document: JsonObject
    budget: Budget
    """After this release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDraft:
    """A draft as the operator lists it."""

    digest: bytes
    document: JsonObject
    is_published: bool
    is_withdrawn: bool
    """Members took it back after it was published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the operator wants to be counted."""

    records: Path
    """CSV file; a relative path counts from the home's records."""
    site: str
    """Every record's `dataset`."""
    purpose: Purpose | None
    """What it is for: only people are counted who permit that. None for a published data set,
    which the insight then says."""
    epsilon: str = EPSILON
    """Cost of the release."""
    title: str = ""
    """The insight's name; if empty it says condition and site."""
    sources: Sequence[str] = ()
    """URLs to be named as sources, such as a data set's DOI."""


def compute_insight_draft(
    home: Home,
    settings: Settings,
    wanted: Wanted,
    *,
    now_ms: int,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> ComputedDraft:
    """Pay for an aggregate of one site's records and keep the draft that members vote on.

    Args:
        home: The node's.
        settings: Of that home.
        wanted: What to count.
        now_ms: Wall clock; consents count as of it, and its year, in UTC, is the budget's period.
        random: Source of random bytes.

    Raises:
        RefusedError: The budget has too little left, the records are malformed, or every group
            is too small; in the last case the ε is spent.
        MisconfiguredError: The machine cannot keep the worker off the network, or the home
            cannot be used.
        UnavailableError: The worker failed, and the ε is spent; or the node has not run yet, so
            that nobody can say as of which block consents are counted.
    """
    cooperative = load_own_cooperative(home, settings)
    order = _make_order(home, wanted, now_ms=now_ms)
    with open_register(home) as store:
        if wanted.purpose is not None:
            height = read_projected_height(home.projection_path)
            basis = ConsentBasis(purpose=wanted.purpose, height=height)
            order = _ask_consents(
                store, order, basis, cooperative_did=cooperative.did, now_s=now_ms // 1_000
            )
        draft = compute_draft(
            store,
            order,
            actor=get_actor_url(cooperative.origin),
            insight_id=random(_INSIGHT_ID_BYTES).hex(),
            now_ms=now_ms,
        )
        budget = get_budget(store.connection, order.account)
    document = parse_json_object(draft.document)
    return ComputedDraft(digest=draft.digest, document=document, budget=budget)


def list_kept_drafts(home: Home) -> list[KeptDraft]:
    """All drafts of a node, oldest first.

    Raises:
        MisconfiguredError: The home's private database cannot be used.
    """
    with open_register(home) as store:
        insights = InsightStore(store.connection)
        return [
            KeptDraft(
                digest=item.digest,
                document=parse_json_object(item.document),
                is_published=item.is_published,
                is_withdrawn=_is_withdrawn(insights.find_by_digest(item.digest)),
            )
            for item in store.list_drafts()
        ]


def read_budget(home: Home, *, now_ms: int) -> tuple[Budget, list[Charge]]:
    """What is spent of the current period's privacy budget, and on what.

    Raises:
        MisconfiguredError: The home's private database cannot be used.
    """
    account = get_budget_account(now_ms=now_ms)
    with open_register(home) as store:
        return get_budget(store.connection, account), list_charges(store.connection, account)


def _is_withdrawn(held: HeldInsight | None) -> bool:
    return held is not None and held.state is InsightState.WITHDRAWN


def _make_order(home: Home, wanted: Wanted, *, now_ms: int) -> InsightOrder:
    name = wanted.title or f"Heart disease by age and sex, {wanted.site}"
    return InsightOrder(
        request=AggregateRequest(
            records=home.records / wanted.records,
            site=wanted.site,
            epsilon_millionths=parse_epsilon(wanted.epsilon),
            permitted=None,
        ),
        study=_describe_study(name, wanted.sources),
        account=get_budget_account(now_ms=now_ms),
        basis=None,
    )


def _ask_consents(
    store: PrivateStore,
    order: InsightOrder,
    basis: ConsentBasis,
    *,
    cooperative_did: str,
    now_s: int,
) -> InsightOrder:
    """The same order for those people alone who permit it."""
    holders = find_permitted(
        store, cooperative_did=cooperative_did, purpose=basis.purpose, now_s=now_s
    )
    request = replace(order.request, permitted=frozenset(holders))
    return replace(order, request=request, basis=basis, holders=holders)


def _describe_study(name: str, sources: Sequence[str]) -> Study:
    return Study(name=name, condition=_CONDITION, license=LICENSE, derived_from=tuple(sources))


def get_budget_account(*, now_ms: int) -> BudgetAccount:
    """Which budget pays for a release made now: the calendar year's, in UTC."""
    year = datetime.fromtimestamp(now_ms // 1_000, tz=UTC).year
    return BudgetAccount(dataset=_BUDGET_DATASET, period=f"{year:04}")
