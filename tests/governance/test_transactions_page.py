"""docs/transactions.md says what is true."""

import re
from pathlib import Path

import pytest

from config import limits
from governance import event_codec
from governance.event_codec import hints_of
from governance.events import Event
from governance.refusals import RefusalCode
from governance.state_keys import Collection
from governance.transactions import _PAYLOADS

PAGE = (Path(__file__).parents[2] / "docs" / "transactions.md").read_text(encoding="utf-8")


def test_every_refusal_is_on_the_page_with_its_number() -> None:
    """No code is missing, invented or misnumbered."""
    listed = re.findall(r"(?:\| )?(\d+)(?: \|)? `([A-Z_]+)`", PAGE)

    assert {name: int(number) for number, name in listed} == {
        refusal.name: refusal.value for refusal in RefusalCode
    }


def test_every_payload_has_a_section() -> None:
    """Headings give tag and name."""
    sections = re.findall(r"^## 0x([0-9a-f]{2}) (\w+)$", PAGE, flags=re.MULTILINE)

    assert {int(tag, 16): name for tag, name in sections} == {
        tag: payload.__name__ for tag, payload in _PAYLOADS.items()
    }


def test_every_collection_is_on_the_page() -> None:
    """A stored key is never reused, so its number must be known."""
    rows = re.findall(r"^\| `([0-9a-f]{2})` ([A-Z_]+) \|", PAGE, flags=re.MULTILINE)

    assert {name: int(number, 16) for number, name in rows} == {
        collection.name: collection.value for collection in Collection
    }


@pytest.mark.parametrize("event", event_codec._EVENTS.values(), ids=lambda event: event.__name__)
def test_every_event_is_on_the_page_with_its_attributes(event: type[Event]) -> None:
    """In the order in which they are written."""
    names = ", ".join(name for name, _ in hints_of(event))

    assert f"| `{event.__name__}` | {names}" in PAGE


def test_limits_on_the_page_are_the_ones_that_hold() -> None:
    """Numbers in a text grow stale in silence."""
    for limit in (
        limits.TX_BYTES_MAX,
        limits.BALLOTS_COUNTED_PER_BLOCK_MAX,
        limits.DEADLINES_PER_BLOCK_MAX,
        limits.VOTING_DAYS_MAX,
        limits.ADMISSIONS_PER_TX_MAX,
        limits.TX_SIGNATURES_MAX,
        limits.NONCE_WINDOW,
        limits.GAS_PER_TRANSACTION,
        limits.GAS_PER_SIGNATURE,
        limits.QUOTA_ACCOUNT_GAS,
        limits.QUOTA_ACCOUNT_US_PER_GAS,
        limits.QUOTA_COOPERATIVE_GAS,
        limits.QUOTA_COOPERATIVE_US_PER_GAS,
        limits.BLOCK_GAS_MAX,
        limits.BLOCK_BYTES_MAX,
    ):
        assert f"{limit:,}" in PAGE
