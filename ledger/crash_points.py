"""Dying on purpose: `ROCHDALE_CRASH_AT=<point>:<height>`, on test chains only.

A crash at a chosen moment is how recovery is tested: the process kills itself as a power cut
would, without unwinding. Points are the engine's calls, before they are looked at
(`commit`) or after their work was done and before the answer (`commit.end`), and
`finalize_block.mid`, between two transactions of the block. Apart from the application, whose
methods are wrapped here when it is asked for; otherwise nothing of this is in the way.
"""

import os
import signal
from collections.abc import Callable
from typing import Any

from config.errors import MisconfiguredError
from config.settings import TEST_CHAIN_PREFIX
from ledger import transition
from ledger.application import Application

VARIABLE = "ROCHDALE_CRASH_AT"
MIDDLE = "finalize_block.mid"
_END = ".end"
_METHODS = (
    "info",
    "init_chain",
    "query",
    "check_tx",
    "prepare_proposal",
    "process_proposal",
    "finalize_block",
    "commit",
    "list_snapshots",
    "offer_snapshot",
    "load_snapshot_chunk",
    "apply_snapshot_chunk",
)
POINTS = (*_METHODS, *(name + _END for name in _METHODS), MIDDLE)


def install_crash_point(application: Application, text: str, *, chain_id: str) -> None:
    """Let an application's process die at a point.

    Args:
        application: Not serving yet.
        text: The variable's value; the height is that of the block which the ledger works
            towards at that moment.
        chain_id: Of the node's chain.

    Raises:
        MisconfiguredError: Not a test chain, or no such point.
    """
    if not chain_id.startswith(TEST_CHAIN_PREFIX):
        raise MisconfiguredError(f"{VARIABLE} is for test chains only: unset it")
    point, _, digits = text.partition(":")
    if point not in POINTS or not digits.isdecimal():
        raise MisconfiguredError(
            f"{VARIABLE} reads <point>:<height>, with a point of: {', '.join(POINTS)}"
        )
    height = int(digits)
    if point == MIDDLE:
        _install_in_the_middle(height)
        return
    method = point.removesuffix(_END)
    # New transactions come to the second half of CheckTx, rechecks to the whole.
    names = ("check_tx", "finish_check") if method == "check_tx" else (method,)
    for name in names:
        call = getattr(application, name)
        wrapped = _die_around(call, application, height=height, is_after=point.endswith(_END))
        setattr(application, name, wrapped)


def _die_around(
    call: Callable[[Any], Any], application: Application, *, height: int, is_after: bool
) -> Callable[[Any], Any]:
    def wrapped(request: Any) -> Any:
        is_there = application.next_height == height
        if is_there and not is_after:
            _die()
        answer = call(request)
        if is_there:
            _die()
        return answer

    return wrapped


def _install_in_the_middle(height: int) -> None:
    execute = transition.execute_transaction

    def wrapped(*arguments: Any, **options: Any) -> transition.TxOutcome:
        outcome = execute(*arguments, **options)
        if options["block"].height == height:
            _die()
        return outcome

    transition.execute_transaction = wrapped


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
