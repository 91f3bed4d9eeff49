"""Pages of lists: complete and right, or refused."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import RefusedError
from config.limits import LIST_PAGE_ENTRIES_MAX
from governance.logs import COOPERATIVES, DECISIONS, Log, LogName, frontier_key
from governance.merkle_log import compute_range_path
from governance.state_keys import FEDERATION
from ledger.lists import LIST_NAMES, find_log, read_log_key, render_entry
from ledger.receipt_extras import ListPage
from ledger.receipt_meaning import render_meaning
from ledger.receipts import Receipt, Verified, check_receipt, parse_receipt
from tests.ledger import receipt_samples as samples
from tests.ledger.receipt_samples import COUNT, ROLL, make_page, make_page_receipt
from tests.merkle import read_from

SIZE = len(samples.LISTS[ROLL])
IDS = (samples.COOPERATIVE, samples.PROPOSAL)


def check(receipt: Receipt) -> Verified:
    """As a reader of the file who trusts the first validators."""
    read = parse_receipt(samples.render(receipt))
    return check_receipt(read, trust=samples.TRUST, now_ms=samples.NOW_MS)


def with_page(page: ListPage) -> Receipt:
    """A page of the roll that says something else."""
    return dataclasses.replace(make_page_receipt(ROLL), extra=page)


@given(first=st.integers(0, SIZE - 1), count=st.integers(1, LIST_PAGE_ENTRIES_MAX))
@settings(max_examples=40, deadline=None)
def test_every_page_of_a_list_holds(first: int, count: int) -> None:
    """Wherever it begins and ends; it shows the list's size and its own entries."""
    page = check(make_page_receipt(ROLL, first=first, count=count)).page

    assert page is not None
    assert (page.log, page.size, page.first) == (ROLL, SIZE, first)
    assert list(page.entries) == samples.LISTS[ROLL][first : first + count]


def change(draw: st.DrawFn, page: ListPage) -> ListPage:
    """Another page with entries or places that the list does not have."""
    entries = list(page.entries)
    place = draw(st.integers(0, len(entries) - 1))
    kind = draw(st.sampled_from(["leave out", "repeat", "swap", "alter", "add", "move", "cut"]))
    match kind:
        case "leave out":
            del entries[place]
        case "repeat":
            entries.insert(place, entries[place])
        case "swap":
            other = draw(st.integers(0, len(entries) - 1).filter(lambda item: item != place))
            entries[place], entries[other] = entries[other], entries[place]
        case "alter":
            entries[place] = draw(st.binary(max_size=4).filter(lambda item: item != entries[place]))
        case "add":
            entries.append(draw(st.binary(max_size=4)))
        case "move":
            first = draw(st.integers(0, SIZE).filter(lambda item: item != page.first))
            return dataclasses.replace(page, first=first)
        case _:
            entries = entries[:place]
    return dataclasses.replace(page, entries=tuple(entries))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_refuses_a_page_that_the_list_does_not_have(data: st.DataObject) -> None:
    """Shortened, extended, reordered, altered or moved, with the honest path or that of a lie."""
    first = data.draw(st.integers(0, SIZE - 2))
    honest = make_page(ROLL, first=first, count=data.draw(st.integers(2, 40)))
    lie = change(data.draw, honest)  # type: ignore[arg-type]
    if data.draw(st.booleans()) and 0 < len(lie.entries) <= SIZE - lie.first:
        # The best that a liar can do: the true roots of all that is beside these places.
        read, end = read_from(samples.LISTS[ROLL]), lie.first + len(lie.entries)
        path = compute_range_path(read, start=lie.first, end=end, size=SIZE)
        lie = dataclasses.replace(lie, path=path)
    truth = samples.LISTS[ROLL][lie.first : lie.first + len(lie.entries)]

    try:
        page = check(with_page(lie)).page
    except RefusedError:
        return
    assert page is not None
    assert list(page.entries) == truth != []


def test_refuses_a_path_that_is_longer_or_in_another_order() -> None:
    """Exactly what is needed, from left to right."""
    honest = make_page(ROLL, first=100, count=20)
    paths = [
        honest.path[:-1],
        (*honest.path, honest.path[-1]),
        honest.path[::-1],
        (),
    ]

    for path in paths:
        with pytest.raises(RefusedError, match="not the list's"):
            check(with_page(dataclasses.replace(honest, path=path)))


def test_refuses_a_page_of_another_list() -> None:
    """What is in the roll is not in the count."""
    roll = make_page_receipt(ROLL)

    with pytest.raises(RefusedError, match="not the list's"):
        check(dataclasses.replace(make_page_receipt(COUNT), extra=roll.extra))


def test_an_empty_list_is_shown_as_empty_and_no_other_is() -> None:
    """The key's absence proves it; a list that has entries cannot be shown without one."""
    empty = make_page_receipt(DECISIONS)
    nothing = ListPage(first=0, entries=(), path=())

    assert render_meaning(check(empty)).endswith("by which the list decisions is empty.")
    with pytest.raises(RefusedError, match="not the list's"):
        check(with_page(nothing))
    for page in (
        ListPage(first=1, entries=(), path=()),
        ListPage(first=0, entries=(b"",), path=()),
        ListPage(first=0, entries=(), path=(bytes(32),)),
    ):
        with pytest.raises(RefusedError, match="empty list"):
            check(dataclasses.replace(empty, extra=page))


def test_refuses_a_page_under_a_key_that_is_no_lists() -> None:
    """An absent key of any other kind is not an empty list."""
    page = ListPage(first=0, entries=(), path=())
    keys = [
        samples.ABSENT_KEY,
        frontier_key(Log(LogName.ROLL)),
        frontier_key(Log(LogName.DECISIONS, namespace=samples.COOPERATIVE)),
        frontier_key(Log(LogName.ROLL, namespace=samples.COOPERATIVE, subject=bytes(32))),
        frontier_key(Log(LogName.BALLOTS, namespace=samples.COOPERATIVE)),
        frontier_key(DECISIONS)[:-1] + b"\x63",
        frontier_key(DECISIONS)[:-1],
    ]

    for key in keys:
        receipt = samples.make_receipt(key, make_page_receipt(DECISIONS).kind, page)
        with pytest.raises(RefusedError, match="what state says of that list"):
            check(receipt)


@pytest.mark.parametrize("name", LIST_NAMES)
def test_a_list_is_named_by_exactly_its_ids(name: str) -> None:
    """The federation's by none, a cooperative's by its id, a count by its proposal, too."""
    logs = []
    for count in range(4):
        try:
            logs.append(find_log(name, (*IDS, bytes(32))[:count]))
        except RefusedError as error:
            assert "is named by" in error.reason
    with pytest.raises(RefusedError, match="is named by"):
        find_log(name, (b"short",))

    assert len(logs) == 1
    assert read_log_key(frontier_key(logs[0])) == logs[0]


def test_refuses_an_unknown_list() -> None:
    """The reason names those that there are."""
    with pytest.raises(RefusedError, match="decisions, cooperatives, roll"):
        find_log("members", ())
    assert read_log_key(FEDERATION) is None


def test_an_entry_is_shown_by_its_fields() -> None:
    """Ids as they are, records by name, and nothing else."""
    counted = samples.BALLOTS[0]

    assert render_entry(COOPERATIVES, samples.COOPERATIVE) == {"id": samples.COOPERATIVE.hex()}
    assert render_entry(COUNT, samples.LEAVES[0]) == {
        "ballot_id": counted[0].hex(),
        "choice": counted[1].choice.name.lower(),
    }
    for log in (COOPERATIVES, ROLL, COUNT, DECISIONS):
        with pytest.raises(RefusedError):
            render_entry(log, b"\x90")
