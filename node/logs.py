"""Logs: JSON lines, one file per process, rotated by size.

The supervisor opens the files and hands them to its children as standard output, so whatever
a process writes, a traceback included, ends up there. structlog is imported only where it is
used: the supervisor writes its few lines itself, in the same form.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

LOG_BYTES_MAX = 16_777_216
"""A larger file moves to `<name>.log.1`, over the one before it."""


def configure_logging(*, process: str, level: str) -> None:
    """Make structlog write JSON lines to standard output.

    Args:
        process: Named in every line.
        level: `debug`, `info`, `warning`, `error` or `critical`.
    """
    import logging  # noqa: PLC0415 - see the module's docstring

    import structlog  # noqa: PLC0415

    number = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stdout)
    structlog.configure(
        processors=[
            _name_process(process),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )


def write_event(path: Path, event: str, keys: Mapping[str, object]) -> None:
    """Append one line in the form that structlog has elsewhere."""
    seconds, milliseconds = divmod(int(time.time() * 1000), 1000)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    line = {
        **keys,
        "process": "supervisor",
        "level": "warning" if event.startswith(("process_ended", "process_failed")) else "info",
        "timestamp": f"{stamp}.{milliseconds:03}Z",
        "event": event,
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, (json.dumps(line, default=str) + "\n").encode())
    finally:
        os.close(descriptor)


def rotate_log(path: Path, *, bytes_max: int = LOG_BYTES_MAX) -> bool:
    """Move a large log aside; whether it was.

    The writers keep their open files, which append, so the file is copied and emptied; lines
    written between the two are lost.
    """
    if path.stat().st_size <= bytes_max:
        return False
    shutil.copyfile(path, path.with_suffix(".log.1"))
    path.with_suffix(".log.1").chmod(0o600)
    os.truncate(path, 0)
    return True


def _name_process(
    process: str,
) -> Callable[[Any, str, MutableMapping[str, Any]], MutableMapping[str, Any]]:
    def add(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        line["process"] = process
        return line

    return add
