"""Counting records, and what is shown of noised counts."""

import json
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import RefusedError
from config.limits import RECORDS_BYTES_MAX
from federation.aggregate import (
    STRATA,
    AgeBand,
    Aggregate,
    Cell,
    Group,
    RecordsError,
    Sex,
    compute_count_margin,
    compute_prevalence,
    count_records,
    parse_aggregate,
    parse_decimal,
    parse_epsilon,
    release_cells,
    render_aggregate,
    render_decimal,
)

_HEADER = "id,age,sex,dataset,num"
_ALL = tuple(AgeBand)


def _csv(*rows: str, header: str = _HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def _noised(**counts: tuple[int, int]) -> list[int]:
    """Counts by group such as female_0=(without, with); the rest are zero."""
    by_stratum = dict.fromkeys(STRATA, 0)
    for name, (without, with_condition) in counts.items():
        sex, band = name.split("_")
        by_stratum[Sex(sex), _ALL[int(band)], False] = without
        by_stratum[Sex(sex), _ALL[int(band)], True] = with_condition
    return list(by_stratum.values())


def test_each_person_falls_into_one_stratum() -> None:
    """Band edges are 50 and 60; diagnoses 1 to 4 are disease."""
    data = _csv("1,49,Female,Site,0", "2,50,Female,Site,1", "3,59,Male,Site,4", "4,60,Male,Site,0")

    counts = dict(zip(STRATA, count_records(data, site="Site", permitted=None), strict=True))

    assert {stratum for stratum, count in counts.items() if count} == {
        (Sex.FEMALE, AgeBand.UNDER_50, False),
        (Sex.FEMALE, AgeBand.FROM_50_TO_59, True),
        (Sex.MALE, AgeBand.FROM_50_TO_59, True),
        (Sex.MALE, AgeBand.FROM_60, False),
    }
    assert sum(counts.values()) == 4


def test_other_columns_and_their_order_do_not_matter() -> None:
    """Cholesterol is 0 for a whole site; nothing but the five named columns is read."""
    header = "chol,num,id,dataset,sex,age,thal"

    counts = count_records(_csv("0,1,1,Site,Male,63,", header=header), site="Site", permitted=None)

    assert counts == count_records(_csv("1,63,Male,Site,1"), site="Site", permitted=None)


@pytest.mark.parametrize("row", ["1,,Male,Site,0", "1,63,,Site,0", "1,63,Male,Site,"])
def test_a_person_with_a_missing_cell_is_not_counted(row: str) -> None:
    """A missing age, sex or diagnosis cannot be guessed."""
    assert sum(count_records(_csv(row), site="Site", permitted=None)) == 0


def test_an_empty_site_counts_nobody() -> None:
    """A header without rows is a file without people."""
    assert count_records(_csv(), site="Site", permitted=None) == (0,) * len(STRATA)


@pytest.mark.parametrize(
    "row",
    [
        "1,SECRET,Male,Site,0",
        "1,121,Male,Site,0",
        "1,-1,Male,Site,0",
        "1,6_3,Male,Site,0",
        "1,٦٣,Male,Site,0",
        "1,63.0,Male,Site,0",
        "1,63,SECRET,Site,0",
        "1,63,male,Site,0",
        "1,63,Male,SECRET,0",
        "1,63,Male,,0",
        "1,63,Male,Site,5",
        "1,63,Male,Site,SECRET",
        ",63,Male,Site,0",
        "1,63,Male,Site",
        "1,63,Male,Site,0,SECRET",
        '1,63,"SECRET,Site,0',
        '1,63,"Male"SECRET,Site,0',
    ],
)
def test_refuses_a_malformed_row_without_quoting_it(row: str) -> None:
    """The message names the line; an operator's terminal or log gets no health data."""
    with pytest.raises(RecordsError) as refusal:
        count_records(_csv(row), site="Site", permitted=None)

    assert "line" in refusal.value.reason
    assert "SECRET" not in refusal.value.reason
    assert refusal.value.__cause__ is None


def test_refuses_a_person_who_appears_twice() -> None:
    """Two rows of one person would change two counts by one, and ε would not hold."""
    with pytest.raises(RecordsError, match="names a person again"):
        count_records(_csv("1,63,Male,Site,0", "1,64,Male,Site,0"), site="Site", permitted=None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        _csv(header="id,age,sex,num"),
        _csv(header="id,age,age,sex,dataset,num"),
        b"x" * (RECORDS_BYTES_MAX + 1),
        b"\0" * 100,
    ],
    ids=["empty", "not UTF-8", "no dataset", "age twice", "too long", "zeros"],
)
def test_refuses_a_file_that_is_no_table_of_records(data: bytes) -> None:
    """Anything but the expected table is refused whole."""
    with pytest.raises(RecordsError):
        count_records(data, site="Site", permitted=None)


def test_refuses_more_people_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are bounded, not only bytes."""
    monkeypatch.setattr("federation.aggregate.RECORDS_ROWS_MAX", 1)

    with pytest.raises(RecordsError, match="more than 1 people"):
        count_records(_csv("1,63,Male,Site,0", "2,63,Male,Site,0"), site="Site", permitted=None)


@pytest.mark.parametrize(("people", "is_shown"), [(49, False), (50, True)])
def test_a_group_is_shown_from_fifty_noised_people_on(people: int, is_shown: bool) -> None:
    """The threshold looks at the noised count, so that ε holds."""
    cells, suppressed = release_cells(_noised(male_0=(people - 20, 20)), cell_people_min=50)

    assert bool(cells) is is_shown
    assert (Group(Sex.MALE, _ALL) in suppressed) is not is_shown


def test_small_bands_are_merged_before_they_are_suppressed() -> None:
    """Two bands of 30 are shown as one of 60, not beside the band that is shown anyway."""
    noised = _noised(male_0=(10, 20), male_1=(40, 40), male_2=(25, 5))

    cells, suppressed = release_cells(noised, cell_people_min=50)

    assert cells == (
        Cell(Group(Sex.MALE, (AgeBand.FROM_50_TO_59,)), 80, 40),
        Cell(Group(Sex.MALE, (AgeBand.UNDER_50, AgeBand.FROM_60)), 60, 25),
    )
    assert suppressed == (Group(Sex.FEMALE, _ALL),)


@given(st.lists(st.integers(-30, 120), min_size=len(STRATA), max_size=len(STRATA)))
def test_shown_and_suppressed_groups_divide_everybody(noised: list[int]) -> None:
    """Every group is in one place, no cell is small, and no cell overlaps another."""
    cells, suppressed = release_cells(noised, cell_people_min=50)

    groups = [cell.group for cell in cells] + list(suppressed)
    pairs = [(group.sex, band) for group in groups for band in group.age_bands]
    assert sorted(pairs) == sorted((sex, band) for sex in Sex for band in AgeBand)
    assert all(cell.people >= 50 for cell in cells)
    assert all(0 <= cell.with_condition <= cell.people for cell in cells)


def test_the_share_is_rounded_half_up_to_one_decimal() -> None:
    """Integer arithmetic: every language writes the same bytes."""
    group = Group(Sex.MALE, _ALL)

    shares = [compute_prevalence(Cell(group, 80, count)) for count in (0, 1, 79, 80)]

    assert shares == ["0.0", "1.3", "98.8", "100.0"]


def test_the_margin_covers_ninety_five_in_a_hundred() -> None:
    """For one count there is a closed form: P(|X| > m) = 2 r^(m+1) / (1 + r), r = exp(-ε)."""
    ratio = exp(-0.5)

    margin = compute_count_margin(strata_count=1, epsilon_millionths=500_000)

    assert 2 * ratio ** (margin + 1) / (1 + ratio) <= 0.05 < 2 * ratio**margin / (1 + ratio)
    assert margin == 6
    assert compute_count_margin(strata_count=6, epsilon_millionths=500_000) == 14


@given(st.integers(0, 9_999_999_999))
def test_decimals_read_back_what_they_wrote(millionths: int) -> None:
    """Millionths survive the text form."""
    assert parse_decimal(render_decimal(millionths)) == millionths


@pytest.mark.parametrize("text", ["", "1e-1", ".5", "0.1234567", "-1", "１", "00.5", None, 0.5])
def test_refuses_what_is_no_plain_decimal(text: object) -> None:
    """One spelling per value, no floats."""
    with pytest.raises(RefusedError):
        parse_decimal(text)


@pytest.mark.parametrize("text", ["0", "0.099999", "1.000001"])
def test_refuses_an_epsilon_outside_its_range(text: str) -> None:
    """Below 0.1 all is noise; above 1 is more than a period's budget."""
    with pytest.raises(RefusedError):
        parse_epsilon(text)


def test_an_aggregate_reads_back_what_it_wrote() -> None:
    """The worker's pipe carries all of it."""
    cells, suppressed = release_cells(_noised(male_1=(30, 40)), cell_people_min=50)
    aggregate = Aggregate(
        epsilon_millionths=500_000, cell_people_min=50, cells=cells, suppressed=suppressed
    )

    assert parse_aggregate(json.dumps(render_aggregate(aggregate)).encode()) == aggregate


@pytest.mark.parametrize(
    "change",
    [
        {"cells": [{"sex": "male", "ageBands": ["50-59"], "people": 49, "withCondition": 1}]},
        {"cells": [{"sex": "male", "ageBands": ["50-59"], "people": 60, "withCondition": 61}]},
        {"cells": [{"sex": "other", "ageBands": ["50-59"], "people": 60, "withCondition": 1}]},
        {"cells": 5},
        {"epsilon": "2"},
        {"cellPeopleMin": None},
    ],
)
def test_refuses_an_answer_that_no_worker_gives(change: dict[str, object]) -> None:
    """The parent checks the threshold again."""
    answer = {"epsilon": "0.5", "cellPeopleMin": 50, "cells": [], "suppressed": []}

    with pytest.raises(RefusedError):
        parse_aggregate(json.dumps(answer | change).encode())


def test_refuses_another_number_of_counts() -> None:
    """Counts without their strata mean nothing."""
    with pytest.raises(RecordsError):
        release_cells([0], cell_people_min=50)


_HOLDERS = "id,age,sex,dataset,num,holder"
_KEY, _OTHER = "0a" * 16, "0b" * 16


def test_only_people_who_permit_it_are_counted() -> None:
    """Neither a stranger to the register nor a row without a holder is."""
    data = _csv(
        f"1,63,Male,Site,1,{_KEY}",
        f"2,63,Male,Site,1,{_OTHER}",
        "3,63,Male,Site,1,",
        "4,63,Male,Site,1,",
        header=_HOLDERS,
    )

    sums = [
        sum(count_records(data, site="Site", permitted=frozenset(keys)))
        for keys in ((), (_KEY,), (_KEY, _OTHER), ("0c" * 16,))
    ]

    assert sums == [0, 1, 2, 0]


def test_nobody_counts_twice_under_another_id() -> None:
    """Else one person would change a count by two, and ε would not hold."""
    data = _csv(f"1,63,Male,Site,1,{_KEY}", f"2,63,Male,Site,1,{_KEY}", header=_HOLDERS)

    with pytest.raises(RecordsError, match="line 3: column holder names a person again"):
        count_records(data, site="Site", permitted=frozenset({_KEY}))


def test_peoples_own_records_never_pass_for_a_public_data_set() -> None:
    """Nor do records without holders pass for consented ones."""
    own = _csv(f"1,63,Male,Site,1,{_KEY}", header=_HOLDERS)

    with pytest.raises(RecordsError, match="no public data set"):
        count_records(own, site="Site", permitted=None)
    with pytest.raises(RecordsError, match="--basis public-dataset"):
        count_records(_csv("1,63,Male,Site,1"), site="Site", permitted=frozenset({_KEY}))
