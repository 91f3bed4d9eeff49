"""From the operator's order to a draft: what the command and the test networks share.

Joins the home, its privacy budget and the worker; `node.insight_drafts` does the steps.
Blocks; runs beside a node, whether it is running or not. Never opens the records itself.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from activitypub.actors import get_actor_url
from config.settings import Settings
from did.jcs import JsonObject, parse_json_object
from federation.aggregate import parse_epsilon
from federation.budget import Budget, BudgetAccount, Charge, get_budget, list_charges
from federation.insights import Study
from node.aggregate_request import AggregateRequest
from node.home import Home
from node.insight_drafts import InsightOrder, compute_draft
from node.own_cooperative import load_own_cooperative
from node.registrar import open_register

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


def compute_insight_draft(
    home: Home,
    settings: Settings,
    *,
    records: Path,
    site: str,
    epsilon: str,
    now_ms: int,
    title: str | None = None,
    sources: Sequence[str] = (),
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> ComputedDraft:
    """Pay for an aggregate of one site's records and keep the draft that members vote on.

    Args:
        home: The node's.
        settings: Of that home.
        records: CSV file; a relative path counts from the home's records.
        site: Every record's `dataset`.
        epsilon: Cost of the release, such as "0.5".
        now_ms: Wall clock; its year, in UTC, is the budget's period.
        title: The insight's name; by default it says condition and site.
        sources: URLs to be named as sources, such as a data set's DOI.
        random: Source of random bytes.

    Raises:
        RefusedError: The budget has too little left, the records are malformed, or every group
            is too small; in the last case the ε is spent.
        MisconfiguredError: The machine cannot keep the worker off the network, or the home
            cannot be used.
        UnavailableError: The worker failed; the ε is spent.
    """
    order = InsightOrder(
        request=AggregateRequest(
            records=home.records / records,
            site=site,
            epsilon_millionths=parse_epsilon(epsilon),
        ),
        study=_describe_study(title or f"Heart disease by age and sex, {site}", sources),
        account=get_budget_account(now_ms=now_ms),
    )
    actor = get_actor_url(load_own_cooperative(home, settings).origin)
    insight_id = random(_INSIGHT_ID_BYTES).hex()
    with open_register(home) as store:
        draft = compute_draft(store, order, actor=actor, insight_id=insight_id, now_ms=now_ms)
        budget = get_budget(store.connection, order.account)
    document = parse_json_object(draft.document)
    return ComputedDraft(digest=draft.digest, document=document, budget=budget)


def list_kept_drafts(home: Home) -> list[KeptDraft]:
    """All drafts of a node, oldest first.

    Raises:
        MisconfiguredError: The home's private database cannot be used.
    """
    with open_register(home) as store:
        return [
            KeptDraft(
                digest=item.digest,
                document=parse_json_object(item.document),
                is_published=item.is_published,
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


def _describe_study(name: str, sources: Sequence[str]) -> Study:
    return Study(name=name, condition=_CONDITION, license=LICENSE, derived_from=tuple(sources))


def get_budget_account(*, now_ms: int) -> BudgetAccount:
    """Which budget pays for a release made now: the calendar year's, in UTC."""
    year = datetime.fromtimestamp(now_ms // 1_000, tz=UTC).year
    return BudgetAccount(dataset=_BUDGET_DATASET, period=f"{year:04}")
