"""What a node that has halted says in place of its engine, which will not answer.

The supervisor goes on, and its status, beside the engine's socket, holds the sentence. Apart from
the engine's client, which knows of no supervisor.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.rpc import EngineSilentError
from node import exit_codes
from node.home import STATUS_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Why a node waits for a person."""

    sentence: str
    exit_code: int
    """What commands end with meanwhile."""

    def __str__(self) -> str:
        """For whoever asked the engine."""
        return f"this node has halted: {self.sentence}"


def find_halt(error: BaseException) -> Halt | None:
    """Find out if an engine is silent since its node has halted.

    Args:
        error: What was met; only an `EngineSilentError` can be explained.
    """
    if not isinstance(error, EngineSilentError):
        return None
    try:
        told = json.loads(error.socket_path.with_name(STATUS_NAME).read_bytes())
        is_alive = Path(f"/proc/{told['pid']}").exists()
    except (OSError, ValueError):
        return None
    if not told["halted"] or not is_alive:
        return None
    return Halt(sentence=told["halted"][0], exit_code=find_exit_code(told["processes"]))


def find_exit_code(processes: Iterable[Mapping[str, Any]]) -> int:
    """What the halt of a node stands for, by how its processes ended."""
    is_outdated = exit_codes.OUTDATED in {row["last_exit"] for row in processes}
    return exit_codes.OUTDATED if is_outdated else exit_codes.INTERNAL
