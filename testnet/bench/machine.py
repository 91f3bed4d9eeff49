"""What the figures were measured on."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ledger.engine import check_engine

_LIBRARIES = ("PyNaCl", "plyvel", "protobuf", "msgspec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Hardware and versions."""

    processor: str
    cores: int
    """That this process may use."""
    memory_gib: float
    kernel: str
    filesystem: str
    """Of the directory that the benchmark writes to."""
    load_before: float
    """How many processes wanted a core in the minute before: a busy machine spoils figures."""
    python: str
    engine: str
    rochdale: str
    libraries: dict[str, str]


def describe_machine(directory: Path) -> Machine:
    """Look at this machine.

    Raises:
        MisconfiguredError: The engine is missing or another version.
    """
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        processor=_read_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(pages / 1024**3, 1),
        kernel=platform.release(),
        filesystem=_find_filesystem(directory.resolve()),
        load_before=os.getloadavg()[0],
        python=platform.python_version(),
        engine=check_engine().version,
        rochdale=version("rochdale"),
        libraries={name: version(name) for name in _LIBRARIES},
    )


def _read_processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _find_filesystem(directory: Path) -> str:
    mounts = [
        line.split()[1:3]
        for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    ]
    above = [(place, kind) for place, kind in mounts if directory.is_relative_to(place)]
    return max(above, key=lambda mount: len(mount[0]))[1]
