"""The one process that reads members' records: `python -m node.aggregate_worker`.

It lives for one aggregate. First it leaves the network and bounds itself (node.isolation),
then it reads a request on standard input, opens the records, counts, adds OpenDP's noise and
prints the noised table, the only thing that it ever writes besides one sentence of error.
That sentence and the exit code never depend on a value in a record.
"""

import errno
import json
import math
import os
import stat
import sys
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from config.errors import InvariantError, MisconfiguredError, RefusedError
from config.limits import (
    AGGREGATE_DEADLINE_S,
    AGGREGATE_MEMORY_BYTES_MAX,
    AGGREGATE_REQUEST_BYTES_MAX,
    RECORDS_BYTES_MAX,
)
from did.jcs import JsonObject
from federation.aggregate import (
    Aggregate,
    RecordsError,
    count_records,
    release_cells,
    render_aggregate,
)
from node.aggregate_request import AggregateRequest, parse_request
from node.exit_codes import FAILED, INTERNAL, MISCONFIGURED, OK
from node.isolation import forbid_descriptors_above, leave_network, limit_resources

if TYPE_CHECKING:
    from opendp.mod import Measurement

_ROUNDING_STEPS_MAX = 8


def make_measurement(epsilon_millionths: int) -> "Measurement":
    """Discrete Laplace noise for counts of disjoint groups, proved by OpenDP to cost ≤ ε.

    Adding or removing one person changes one count by one, so the counts' distance is at most
    1 in the L1 norm, and OpenDP's privacy map at 1 is the cost.

    Raises:
        InvariantError: No scale was found whose cost is within ε.
    """
    # Imported here: only this process pays its memory, and only after it left the network.
    import opendp.prelude as dp  # noqa: PLC0415

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int)
    epsilon = Fraction(epsilon_millionths, 1_000_000)
    scale = float(1 / epsilon)
    for _ in range(_ROUNDING_STEPS_MAX):
        measurement = dp.m.make_laplace(*space, scale=scale)
        cost = measurement.map(1)  # type: ignore[no-untyped-call]
        if Fraction(cost) <= epsilon:
            return measurement
        # The map rounds upwards, so 1/ε in floating point may cost one part in 2^52 too much.
        scale = math.nextafter(scale, math.inf)
    raise InvariantError("OpenDP gives no scale for this ε")


def compute_aggregate(request: AggregateRequest) -> Aggregate:
    """Read the records and release the noised table; the walls must already stand.

    Raises:
        RefusedError: The file is missing, not a plain file, too long or malformed.
    """
    # Before the records are opened: nothing else can be opened afterwards.
    measurement = make_measurement(request.epsilon_millionths)
    counts = count_records(
        _read_records(request.records), site=request.site, permitted=request.permitted
    )
    noised: list[int] = measurement(list(counts))
    cells, suppressed = release_cells(noised, cell_people_min=request.cell_people_min)
    return Aggregate(
        epsilon_millionths=request.epsilon_millionths,
        cell_people_min=request.cell_people_min,
        cells=cells,
        suppressed=suppressed,
    )


def main() -> int:
    """Answer one request; the exit code."""
    sys.excepthook = _report_defect
    try:
        limit_resources(
            deadline_s=AGGREGATE_DEADLINE_S, memory_bytes_max=AGGREGATE_MEMORY_BYTES_MAX
        )
        leave_network()
        request = parse_request(sys.stdin.buffer.read(AGGREGATE_REQUEST_BYTES_MAX + 1))
        answer = render_aggregate(compute_aggregate(request))
    except MisconfiguredError as error:
        sys.stderr.write(f"{error}\n")
        return MISCONFIGURED
    except RefusedError as error:
        sys.stderr.write(f"{error.reason}\n")
        return FAILED
    _print_answer(answer)
    return OK


def _read_records(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK a named pipe would be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "unknown error")
        raise RecordsError(f"the records cannot be opened ({name}): {path}") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise RecordsError(f"the records are not a plain file: {path}")
    if status.st_size > RECORDS_BYTES_MAX:
        raise RecordsError(f"the records are longer than {RECORDS_BYTES_MAX} bytes: {path}")
    forbid_descriptors_above(descriptor)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
        return file.read(RECORDS_BYTES_MAX + 1)


def _print_answer(answer: JsonObject) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _report_defect(
    kind: type[BaseException], _error: BaseException, _trace: TracebackType | None
) -> None:
    # A message or traceback may quote a record; the kind of an error may not.
    sys.stderr.write(f"the aggregate worker failed ({kind.__name__})\n")
    sys.stderr.flush()
    os._exit(INTERNAL)


if __name__ == "__main__":
    sys.exit(main())
