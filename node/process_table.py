"""Which processes a node has, and how each is started.

Apart from the supervisor, which knows none of them by name. Imported by it, so this stays
as light: settings and paths only.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from node import exit_codes
from node.disk_space import find_full_disk
from node.engine_ailments import explain_engine_end, find_engine_ailment
from node.home import Home
from node.process_group import Ailment, ProcessSpec
from node.settings import load_settings
from node.settings_check import split_address

PROCESS_NAMES = ("ledger", "engine", "discovery", "web")


def build_groups(home: Home, *, environ: Mapping[str, str]) -> tuple[list[list[ProcessSpec]], str]:
    """The groups of a node's processes, and the address its pages have.

    Raises:
        MisconfiguredError: The settings are wrong.
    """
    settings = load_settings(home.settings_path, environ=environ)
    # Ours only for a moment: it writes the engine's home, then becomes the engine.
    engine = _ours(
        *(home, "engine"),
        ready_path=home.rpc_socket,
        dies_with_supervisor=True,
        diagnose=find_engine_ailment,
        explain=explain_engine_end,
    )
    ledger = _ours(
        *(home, "ledger"),
        ready_path=home.abci_socket,
        halts_on=frozenset({exit_codes.OUTDATED}),
        find_obstacle=lambda: find_full_disk(home),
    )
    discovery = _ours(home, "discovery", ready_path=home.discovery_socket)
    web = _ours(home, "web", ready_address=split_address(settings.web.listen, key="web.listen"))
    scheme = "https" if settings.web.tls_certificate else "http"
    return [[ledger, engine], [discovery], [web]], f"{scheme}://{settings.web.listen}/"


def _ours(
    home: Home,
    name: str,
    *,
    ready_path: Path | None = None,
    ready_address: tuple[str, int] | None = None,
    dies_with_supervisor: bool = False,
    halts_on: frozenset[int] = frozenset(),
    diagnose: Callable[[str], Ailment | None] | None = None,
    explain: Callable[[str], str] | None = None,
    find_obstacle: Callable[[], str] | None = None,
) -> ProcessSpec:
    return ProcessSpec(
        name=name,
        # -P: a folder named like one of ours in the current directory is not ours.
        argv=(sys.executable, "-P", "-m", "node.processes", name, str(home.root)),
        log_path=home.logs / f"{name}.log",
        ready_path=ready_path,
        ready_address=ready_address,
        dies_with_supervisor=dies_with_supervisor,
        halts_on=halts_on,
        diagnose=diagnose,
        explain=explain,
        find_obstacle=find_obstacle,
    )
