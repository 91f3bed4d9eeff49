"""What an aggregate worker is asked, as both ends of its pipe read it.

Apart from the worker, so that no process that talks to others imports what opens records.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from config.errors import RefusedError
from config.limits import AGGREGATE_REQUEST_BYTES_MAX, CELL_PEOPLE_MIN, RECORDS_ROWS_MAX
from did.jcs import parse_json_object
from federation.aggregate import parse_epsilon, render_decimal

_RECORD_KEY = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateRequest:
    """What a worker is asked to count."""

    records: Path
    """Absolute path of a CSV file in the node's home."""
    site: str
    """Every record's `dataset`."""
    epsilon_millionths: int
    """Cost of the whole table."""
    permitted: frozenset[str] | None
    """Record keys of the people who permit it; None for a published data set."""
    cell_people_min: int = CELL_PEOPLE_MIN
    """Threshold on noised counts; at least `CELL_PEOPLE_MIN`."""


def render_request(request: AggregateRequest) -> bytes:
    """JSON form, for the worker's standard input."""
    return json.dumps(
        {
            "records": str(request.records),
            "site": request.site,
            "epsilon": render_decimal(request.epsilon_millionths),
            "permitted": None if request.permitted is None else sorted(request.permitted),
            "cellPeopleMin": request.cell_people_min,
        }
    ).encode()


def parse_request(data: bytes) -> AggregateRequest:
    """Read a request.

    Raises:
        RefusedError: Another shape, a relative path, or limits that are not kept.
    """
    value = parse_json_object(data, bytes_max=AGGREGATE_REQUEST_BYTES_MAX)
    if set(value) != {"records", "site", "epsilon", "permitted", "cellPeopleMin"}:
        raise RefusedError(
            "a request has the fields records, site, epsilon, permitted and cellPeopleMin"
        )
    records, site, cell_people_min = value["records"], value["site"], value["cellPeopleMin"]
    if not isinstance(records, str) or not records.startswith("/") or "\0" in records:
        raise RefusedError("the request's records are not an absolute path")
    if not isinstance(site, str) or not site:
        raise RefusedError("the request names no site")
    if type(cell_people_min) is not int or cell_people_min < CELL_PEOPLE_MIN:
        raise RefusedError(f"a cell shows {CELL_PEOPLE_MIN} people or more")
    return AggregateRequest(
        records=Path(records),
        site=site,
        epsilon_millionths=parse_epsilon(value["epsilon"]),
        permitted=_parse_permitted(value["permitted"]),
        cell_people_min=cell_people_min,
    )


def _parse_permitted(value: object) -> frozenset[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > RECORDS_ROWS_MAX:
        raise RefusedError(f"a request permits at most {RECORDS_ROWS_MAX} people, or says null")
    if not all(isinstance(item, str) and _RECORD_KEY.fullmatch(item) for item in value):
        raise RefusedError("a record key has 32 hexadecimal digits")
    return frozenset(value)
