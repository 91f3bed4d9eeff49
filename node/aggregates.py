"""From a request to a paid aggregate: the budget, then the worker.

Apart from the worker, so that no process that talks to others ever imports the code path
that opens records. Never sees an exact count.
"""

import sqlite3
import subprocess
import sys

from config.errors import InvariantError, MisconfiguredError, RefusedError, UnavailableError
from config.limits import AGGREGATE_DEADLINE_S
from federation.aggregate import Aggregate, parse_aggregate
from federation.budget import (
    Budget,
    BudgetAccount,
    get_budget,
    reserve_epsilon,
    return_epsilon,
    settle_epsilon,
)
from node.aggregate_request import AggregateRequest, render_request
from node.exit_codes import FAILED, MISCONFIGURED, OK

_ARGUMENTS = (sys.executable, "-I", "-B", "-X", "utf8", "-m", "node.aggregate_worker")
_GRACE_S = 5
"""The kernel ends the worker at its deadline; this is for a machine under load."""


def run_aggregate_worker(request: AggregateRequest) -> Aggregate:
    """Run one worker to its end; blocks for at most `AGGREGATE_DEADLINE_S` + 5 s.

    In asyncio, call it through `asyncio.to_thread`: asyncio's own subprocesses get sockets
    where the worker insists on pipes.

    Raises:
        RefusedError: The request or the records break a rule; no noise was drawn.
        MisconfiguredError: The machine cannot keep the worker off the network; nothing was read.
        UnavailableError: The worker was killed, failed or overran its deadline.
    """
    try:
        done = subprocess.run(
            _ARGUMENTS,
            input=render_request(request),
            capture_output=True,
            close_fds=True,
            cwd="/",
            env={},
            timeout=AGGREGATE_DEADLINE_S + _GRACE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError("the aggregate worker overran its deadline") from error
    sentence = done.stderr.decode(errors="replace").strip()
    if done.returncode == OK:
        try:
            return parse_aggregate(done.stdout)
        except RefusedError as error:
            # Not a refusal: noise was drawn, so the ε must stay spent.
            raise InvariantError("the aggregate worker's answer is malformed") from error
    if done.returncode == FAILED:
        raise RefusedError(sentence)
    if done.returncode == MISCONFIGURED:
        raise MisconfiguredError(sentence)
    raise UnavailableError(sentence or f"the aggregate worker ended early (code {done.returncode})")


def compute_paid_aggregate(
    connection: sqlite3.Connection,
    request: AggregateRequest,
    *,
    account: BudgetAccount,
    now_ms: int,
) -> tuple[Aggregate, Budget]:
    """Reserve ε, run the worker, settle; blocks like `run_aggregate_worker`.

    If the worker dies without saying that it refused, the ε stays spent: noise may have been
    drawn. The same holds if this process dies meanwhile.

    Args:
        connection: On the node's private database, with no transaction open; used by this
            thread alone.
        request: What to count.
        account: Which budget pays for it.
        now_ms: Wall clock.

    Returns:
        The aggregate, and the budget after it.

    Raises:
        BudgetExceededError: Too little ε is left; no worker was started.
        RefusedError: As `run_aggregate_worker`; the ε is given back.
        MisconfiguredError: As `run_aggregate_worker`; the ε is given back.
        UnavailableError: As `run_aggregate_worker`; the ε stays spent.
    """
    charge_id = reserve_epsilon(
        connection,
        account,
        epsilon_millionths=request.epsilon_millionths,
        purpose=f"prevalence by age band and sex, {request.site}",
        now_ms=now_ms,
    )
    try:
        aggregate = run_aggregate_worker(request)
    except (RefusedError, MisconfiguredError):
        return_epsilon(connection, charge_id)
        raise
    settle_epsilon(connection, charge_id)
    if aggregate.epsilon_millionths != request.epsilon_millionths:
        raise InvariantError("the worker spent another ε than it was given")
    return aggregate, get_budget(connection, account)
