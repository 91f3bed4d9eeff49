"""Prevalence by age band and sex: counting records, then suppressing and merging small cells.

Pure: the noise between the two steps belongs to the worker that alone reads records, because
its library is heavy and only that process may hold exact counts. Everything after the noise
looks at noised counts alone, so the release costs no more than the noise's ε (post-processing).
Each person falls into exactly one stratum: adding or removing one changes one count by one.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import comb, exp
from typing import TYPE_CHECKING

from config.errors import RefusedError
from config.limits import (
    AGGREGATE_RESULT_BYTES_MAX,
    CELL_PEOPLE_MIN,
    EPSILON_BUDGET_MILLIONTHS_MAX,
    EPSILON_MILLIONTHS_MIN,
    RECORDS_BYTES_MAX,
    RECORDS_ROWS_MAX,
)
from did.jcs import JsonObject, parse_json_object

if TYPE_CHECKING:
    import _csv

_COLUMNS = ("id", "age", "sex", "dataset", "num")
_HOLDER_COLUMN = "holder"
_AGE_YEARS_MAX = 120
_AGE = re.compile(r"[0-9]{1,3}")
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,6})(?:\.([0-9]{1,6}))?")


class AgeBand(StrEnum):
    """Ages in whole years; the bands cover everybody once."""

    UNDER_50 = "under-50"
    FROM_50_TO_59 = "50-59"
    FROM_60 = "60-and-over"


class Sex(StrEnum):
    """Sex as the records state it."""

    FEMALE = "female"
    MALE = "male"


STRATA: tuple[tuple[Sex, AgeBand, bool], ...] = tuple(
    (sex, band, has_condition) for sex in Sex for band in AgeBand for has_condition in (False, True)
)
"""Order of all counts: sex, age band, then without and with the condition."""


class RecordsError(RefusedError):
    """A file of records is malformed; the message names line and column, never a value."""


@dataclass(frozen=True, slots=True)
class Group:
    """People of one sex in one or more age bands."""

    sex: Sex
    age_bands: tuple[AgeBand, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A released cell; both counts carry noise."""

    group: Group
    people: int
    with_condition: int
    """0 to `people`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """What leaves the worker: noised, suppressed, nothing else."""

    epsilon_millionths: int
    """ε of the whole table."""
    cell_people_min: int
    """Groups with fewer people, by their noised count, are in `suppressed`."""
    cells: tuple[Cell, ...]
    suppressed: tuple[Group, ...]


def count_records(data: bytes, *, site: str, permitted: frozenset[str] | None) -> tuple[int, ...]:
    """Count one site's people; exact counts, in the order of `STRATA`.

    A person whose age, sex or diagnosis is missing is not counted. Nobody else's number says
    how many those are, so it is not reported.
    Nor is anybody counted who does not permit it; those rows are checked all the same.

    Args:
        data: A CSV file with at least the columns id, age, sex, dataset and num.
        site: Every row's `dataset`: a file with another site's people is refused whole.
        permitted: Record keys of the people who permit it, one of which column `holder` must
            say; None for a published data set, which must not have that column.

    Raises:
        RecordsError: Too long, not CSV, a column missing, a value out of range, an id twice
            or a holder twice
            (one person would then count twice, and ε would not hold).
    """
    if len(data) > RECORDS_BYTES_MAX:
        raise RecordsError(f"the records are longer than {RECORDS_BYTES_MAX} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RecordsError("the records are not UTF-8 text") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return _count_rows(reader, site=site, permitted=permitted)
    except csv.Error:
        # The library's message may quote the row.
        raise RecordsError(f"line {reader.line_num} of the records is not CSV") from None


def release_cells(
    noised: Sequence[int], *, cell_people_min: int
) -> tuple[tuple[Cell, ...], tuple[Group, ...]]:
    """Decide what may be shown, from noised counts alone.

    A sex's age bands under the threshold are merged; the merged group is shown if it reaches
    the threshold, else suppressed. Shown groups are disjoint and there are no totals, so
    nothing suppressed follows by subtraction.

    Args:
        noised: Counts in the order of `STRATA`; may be negative.
        cell_people_min: Threshold on a group's noised number of people.

    Returns:
        The cells, and the groups that are too small to show.
    """
    if len(noised) != len(STRATA):
        raise RecordsError(f"there are {len(STRATA)} strata")
    counts = dict(zip(STRATA, noised, strict=True))
    cells: list[Cell] = []
    suppressed: list[Group] = []
    for sex in Sex:
        by_band = [_to_cell(counts, Group(sex, (band,))) for band in AgeBand]
        cells += [cell for cell in by_band if cell.people >= cell_people_min]
        small = tuple(cell.group.age_bands[0] for cell in by_band if cell.people < cell_people_min)
        if not small:
            continue
        merged = _to_cell(counts, Group(sex, small))
        if merged.people >= cell_people_min:
            cells.append(merged)
        else:
            suppressed.append(merged.group)
    return tuple(cells), tuple(suppressed)


def compute_prevalence(cell: Cell) -> str:
    """Share with the condition in percent, to one decimal, rounded half up."""
    tenths = (2_000 * cell.with_condition + cell.people) // (2 * cell.people)
    return f"{tenths // 10}.{tenths % 10}"


def compute_count_margin(*, strata_count: int, epsilon_millionths: int) -> int:
    """How far the noise moves a sum of counts at most, in 95 of 100 cases.

    Args:
        strata_count: How many noised counts were added up, >= 1.
        epsilon_millionths: ε of each count's discrete Laplace noise.

    Source: A discrete Laplace variable is the difference of two geometric ones, so a sum of n
        is the difference of two negative binomial ones (Inusah and Kozubowski 2006).
    """
    ratio = exp(-epsilon_millionths / 1_000_000)
    reach = 64 * strata_count * 1_000_000 // epsilon_millionths
    waits = [
        comb(strata_count + k - 1, k) * (1 - ratio) ** strata_count * ratio**k for k in range(reach)
    ]
    covered = sum(wait * wait for wait in waits)
    margin = 0
    while covered < 0.95:
        margin += 1
        covered += 2 * sum(a * b for a, b in zip(waits, waits[margin:], strict=False))
    return margin


def parse_epsilon(text: object) -> int:
    """Read ε from its decimal form; millionths.

    Raises:
        RefusedError: Not a plain decimal, or outside what one release may cost.
    """
    millionths = parse_decimal(text)
    if not EPSILON_MILLIONTHS_MIN <= millionths <= EPSILON_BUDGET_MILLIONTHS_MAX:
        raise RefusedError(
            f"ε of one release lies between {render_decimal(EPSILON_MILLIONTHS_MIN)} "
            f"and {render_decimal(EPSILON_BUDGET_MILLIONTHS_MAX)}"
        )
    return millionths


def parse_decimal(text: object) -> int:
    """Read a plain decimal with up to six places; millionths.

    Raises:
        RefusedError: Another form.
    """
    match = _DECIMAL.fullmatch(text) if isinstance(text, str) and text.isascii() else None
    if match is None:
        raise RefusedError("a decimal reads like 0.5, with at most six places")
    return int(match[1]) * 1_000_000 + int((match[2] or "").ljust(6, "0"))


def render_decimal(millionths: int) -> str:
    """Write millionths as the shortest plain decimal: the same bytes in every language."""
    whole, rest = divmod(millionths, 1_000_000)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def render_aggregate(aggregate: Aggregate) -> JsonObject:
    """JSON form, as the worker prints it."""
    return {
        "epsilon": render_decimal(aggregate.epsilon_millionths),
        "cellPeopleMin": aggregate.cell_people_min,
        "cells": [
            {
                "sex": cell.group.sex.value,
                "ageBands": [band.value for band in cell.group.age_bands],
                "people": cell.people,
                "withCondition": cell.with_condition,
            }
            for cell in aggregate.cells
        ],
        "suppressed": [
            {"sex": group.sex.value, "ageBands": [band.value for band in group.age_bands]}
            for group in aggregate.suppressed
        ],
    }


def parse_aggregate(data: bytes) -> Aggregate:
    """Read what a worker printed.

    Raises:
        RefusedError: Another shape, or a cell under the threshold.
    """
    value = parse_json_object(data, bytes_max=AGGREGATE_RESULT_BYTES_MAX)
    try:
        aggregate = Aggregate(
            epsilon_millionths=parse_epsilon(value["epsilon"]),
            cell_people_min=int(value["cellPeopleMin"]),
            cells=tuple(_parse_cell(item) for item in value["cells"]),
            suppressed=tuple(_parse_group(item) for item in value["suppressed"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RefusedError("the worker's answer has another shape") from error
    if any(
        cell.people < max(aggregate.cell_people_min, CELL_PEOPLE_MIN)
        or not 0 <= cell.with_condition <= cell.people
        for cell in aggregate.cells
    ):
        raise RefusedError("a cell of the worker's answer is under the threshold")
    return aggregate


def _count_rows(
    reader: "_csv.Reader", *, site: str, permitted: frozenset[str] | None
) -> tuple[int, ...]:
    header: list[str] = next(reader, [])
    positions = _find_columns(header, has_holders=permitted is not None)
    counts = dict.fromkeys(STRATA, 0)
    ids: set[str] = set()
    holders: set[str] = set()
    for row in reader:
        line = reader.line_num
        if len(ids) >= RECORDS_ROWS_MAX:
            raise RecordsError(f"the records hold more than {RECORDS_ROWS_MAX} people")
        if len(row) != len(header):
            raise RecordsError(f"line {line} of the records has not {len(header)} columns")
        person, age, sex, row_site, diagnosis, *rest = (
            row[position].strip() for position in positions
        )
        if not person or person in ids:
            raise RecordsError(f"line {line}: column id is empty or names a person again")
        ids.add(person)
        if row_site != site:
            raise RecordsError(f"line {line}: column dataset names another site")
        stratum = _read_stratum(age=age, sex=sex, diagnosis=diagnosis, line=line)
        holder = rest[0] if rest else ""
        if holder and holder in holders:
            raise RecordsError(f"line {line}: column {_HOLDER_COLUMN} names a person again")
        holders.add(holder)
        if stratum is not None and (permitted is None or holder in permitted):
            counts[stratum] += 1
    return tuple(counts.values())


def _find_columns(header: list[str], *, has_holders: bool) -> list[int]:
    names = [name.strip() for name in header]
    if has_holders and _HOLDER_COLUMN not in names:
        raise RecordsError(
            f"the records have no column {_HOLDER_COLUMN}, so nobody's consent can be asked:"
            " add record keys, or say `--basis public-dataset` if they are published"
        )
    if not has_holders and _HOLDER_COLUMN in names:
        raise RecordsError(
            f"the records have a column {_HOLDER_COLUMN}: they are people's own, and no public"
            " data set"
        )
    columns = (*_COLUMNS, _HOLDER_COLUMN) if has_holders else _COLUMNS
    for column in columns:
        if names.count(column) != 1:
            raise RecordsError(f"the records need the column {column} exactly once")
    return [names.index(column) for column in columns]


def _read_stratum(
    *, age: str, sex: str, diagnosis: str, line: int
) -> tuple[Sex, AgeBand, bool] | None:
    if age and (_AGE.fullmatch(age) is None or int(age) > _AGE_YEARS_MAX):
        raise RecordsError(f"line {line}: column age is not 0 to {_AGE_YEARS_MAX} years")
    if sex not in {"", "Female", "Male"}:
        raise RecordsError(f"line {line}: column sex is neither Female nor Male")
    if diagnosis not in {"", "0", "1", "2", "3", "4"}:
        raise RecordsError(f"line {line}: column num is not 0 to 4")
    if not (age and sex and diagnosis):
        return None
    band = (
        AgeBand.UNDER_50
        if int(age) < 50
        else AgeBand.FROM_50_TO_59
        if int(age) < 60
        else AgeBand.FROM_60
    )
    return Sex(sex.lower()), band, diagnosis != "0"


def _to_cell(counts: dict[tuple[Sex, AgeBand, bool], int], group: Group) -> Cell:
    with_condition = sum(counts[group.sex, band, True] for band in group.age_bands)
    without = sum(counts[group.sex, band, False] for band in group.age_bands)
    people = with_condition + without
    return Cell(group, people, min(max(with_condition, 0), max(people, 0)))


def _parse_cell(item: JsonObject) -> Cell:
    return Cell(_parse_group(item), int(item["people"]), int(item["withCondition"]))


def _parse_group(item: JsonObject) -> Group:
    return Group(Sex(item["sex"]), tuple(AgeBand(band) for band in item["ageBands"]))
