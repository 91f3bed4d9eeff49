"""Exit codes of every command and process: whose turn it is when one fails.

Documented in docs/operations.md; scripts and service managers rely on the numbers.
"""

from config.errors import MisconfiguredError, OutdatedError, RefusedError, UnavailableError

OK = 0
FAILED = 1
"""Refused by a rule, or a check did not hold."""
MISCONFIGURED = 2
"""Settings, files, machine or usage: the message names what mends it."""
UNAVAILABLE = 3
"""Not running, not reachable or busy: the same command may succeed later."""
OUTDATED = 4
"""The chain needs other software than this: the message names it, and nothing else helps."""
INTERNAL = 70
"""Our defect or corrupt state."""
INTERRUPTED = 130
"""A command ended by Ctrl-C; a node that is stopped so ends with 0."""


def exit_code_of(error: BaseException) -> int:
    """The exit code that an error stands for."""
    if isinstance(error, MisconfiguredError):
        return MISCONFIGURED
    if isinstance(error, OutdatedError):
        return OUTDATED
    if isinstance(error, UnavailableError):
        return UNAVAILABLE
    if isinstance(error, RefusedError):
        return FAILED
    return INTERNAL
