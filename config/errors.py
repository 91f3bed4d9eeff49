"""The five roots of every error that Rochdale raises.

They say whose fault it is and therefore what to do. They are apart from the code that
raises them so that a caller can catch a root without importing the folder below it.
Messages never contain health data, secrets or ballots.
"""


class RochdaleError(Exception):
    """Root of all; never raised itself."""


class RefusedError(RochdaleError):
    """Their input breaks a rule: answer with the code and go on.

    Attributes:
        code: Stable number; 0 is never used. Each subclass documents its own range.
        reason: What is wrong and what to do, for the sender to read.
    """

    def __init__(self, reason: str, *, code: int = 1) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class UnavailableError(RochdaleError):
    """Something outside cannot be reached or is busy: the same call may succeed later."""


class MisconfiguredError(RochdaleError):
    """The operator's settings, files or machine: raised only before serving.

    The message names the setting or file and the command or step that mends it.
    """


class OutdatedError(RochdaleError):
    """The chain follows rules that this software may not execute: the node halts.

    The message names the version to install. Nothing helps until that is done, so nobody
    tries again by himself.
    """


class InvariantError(RochdaleError):
    """Our defect, or corrupt state: never caught, the process ends rather than forks."""
