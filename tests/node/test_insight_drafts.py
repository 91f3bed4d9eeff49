"""From the operator's order to the draft that members vote on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import RefusedError
from did.jcs import parse_json_object
from federation.anchors import compute_insight_digest
from federation.budget import BudgetAccount, BudgetExceededError, get_budget
from federation.insights import Study
from node.aggregate_request import AggregateRequest
from node.insight_drafts import InsightOrder, compute_draft
from node.web.private import Draft, PrivateStore

_ACCOUNT = BudgetAccount(dataset="heart", period="2026")
_NOW_MS = 1_790_000_000_123


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PrivateStore]:
    opened = PrivateStore.open(tmp_path / "private.db", key=b"k" * 32, random=lambda n: b"r" * n)
    yield opened
    opened.connection.close()


def _order(tmp_path: Path, *, people: int) -> InsightOrder:
    records = tmp_path / "records.csv"
    rows = [f"{number},55,Male,Site,{number % 2}" for number in range(people)]
    records.write_text("\n".join(["id,age,sex,dataset,num", *rows, ""]), encoding="utf-8")
    return InsightOrder(
        request=AggregateRequest(
            records=records, site="Site", epsilon_millionths=500_000, permitted=None
        ),
        study=Study(
            name="Heart disease by age and sex",
            condition=(("http://hl7.org/fhir/sid/icd-10", "I25"),),
            license="https://creativecommons.org/licenses/by/4.0/",
        ),
        account=_ACCOUNT,
        basis=None,
    )


def _compute(store: PrivateStore, order: InsightOrder) -> Draft:
    return compute_draft(
        store, order, actor="https://a.test/actor", insight_id="0f" * 16, now_ms=_NOW_MS
    )


def test_a_draft_is_kept_under_the_digest_to_vote_on(store: PrivateStore, tmp_path: Path) -> None:
    """The real worker, budget and database; what is kept reads back to the same digest."""
    draft = _compute(store, _order(tmp_path, people=200))

    kept = store.get_draft(draft.digest)
    assert kept == draft
    document = parse_json_object(draft.document)
    assert compute_insight_digest(document) == draft.digest
    assert document["privacy"]["epsilonSpentTotal"] == "0.5"
    assert document["published"] == "2026-09-21T14:13:20Z"


def test_a_site_too_small_to_show_gives_no_draft(store: PrivateStore, tmp_path: Path) -> None:
    """That nothing can be shown was learnt from noised counts, so its ε is spent."""
    with pytest.raises(RefusedError, match="nothing can be shown"):
        _compute(store, _order(tmp_path, people=5))

    assert store.list_drafts() == []
    assert get_budget(store.connection, _ACCOUNT).spent_millionths == 500_000


def test_a_spent_budget_gives_no_draft(store: PrivateStore, tmp_path: Path) -> None:
    """Two releases of ε = 0.5 are a period's budget."""
    order = _order(tmp_path, people=200)
    _compute(store, order)
    _compute(store, order)

    with pytest.raises(BudgetExceededError):
        _compute(store, order)
