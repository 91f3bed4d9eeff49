"""Mains of a node's processes: `python -m node.processes NAME HOME`.

Started by the supervisor alone. Each loads the settings and only the keys it is for, imports
only what it runs, and ends when SIGTERM comes or the supervisor's pipe closes. What an
operator can mend is one sentence on standard error, which the supervisor repeats.
"""

import asyncio
import errno
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from config.errors import (
    InvariantError,
    MisconfiguredError,
    OutdatedError,
    RefusedError,
    RochdaleError,
    UnavailableError,
)
from config.limits import STOP_TIMEOUT_S
from config.settings import Settings
from node import exit_codes
from node.home import Home, open_home
from node.logs import configure_logging
from node.settings import load_settings

if TYPE_CHECKING:
    from ledger.application import Application

_DISK_FAILS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}
_PIPE = 0
"""Standard input: the reading end of the supervisor's pipe."""


def main(arguments: Sequence[str]) -> int:
    """Run one process until it is told to stop; the exit code."""
    name, root = arguments
    try:
        home = open_home(root)
        settings = load_settings(home.settings_path, environ=os.environ)
        configure_logging(process=name, level=settings.log.level)
        PROCESSES[name](home, settings)
    except (MisconfiguredError, OutdatedError, UnavailableError, RefusedError) as error:
        sys.stderr.write(f"{error}\n")
        return exit_codes.exit_code_of(error)
    except OSError as error:
        if error.errno not in _DISK_FAILS:
            traceback.print_exc()
            return exit_codes.INTERNAL
        sys.stderr.write(
            f"the disk of {error.filename or home.root} is full or fails ({error.strerror}): free "
            "space on it or mend it; the node goes on by itself then\n"
        )
        return exit_codes.UNAVAILABLE
    except Exception as error:  # noqa: BLE001 - a defect or corrupt state: all belongs into the log
        traceback.print_exc()
        if isinstance(error, InvariantError):
            sys.stderr.write(f"{error}\n")
        return exit_codes.INTERNAL
    return exit_codes.OK


def run_ledger(home: Home, settings: Settings) -> None:
    """Serve the ABCI application to the engine."""
    from ledger.abci import serve_abci  # noqa: PLC0415 - each process imports only its own
    from ledger.crash_points import VARIABLE, install_crash_points  # noqa: PLC0415
    from node import joining  # noqa: PLC0415
    from node.ledger_process import (  # noqa: PLC0415
        collect_garbage_seldom,
        explain_failures,
        open_application,
    )
    from node.signing_guard import note_stop  # noqa: PLC0415

    async def serve(application: "Application") -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(joining.watch(home, get_height=lambda: application.next_height))
            if settings.engine.keep_days:
                from node.pruning import keep_pruned  # noqa: PLC0415 - a third of a second

                keep_s = settings.engine.keep_days * 86_400
                group.create_task(
                    keep_pruned(home.rpc_socket, keep_s=keep_s, tell=application.retain_from)
                )
            await serve_abci(application, home.abci_socket)

    _end_with_supervisor()
    with explain_failures(home):
        application = open_application(home, settings, software_version=version("rochdale"))
        try:
            if VARIABLE in os.environ:
                install_crash_points(
                    application,
                    os.environ[VARIABLE],
                    chain_id=settings.network.chain_id,
                    died_path=home.died_path,
                )
            collect_garbage_seldom()
            _run_until_told(lambda: serve(application))
        finally:
            application.close()
            note_stop(home)


def run_engine(home: Home, settings: Settings) -> NoReturn:
    """Write the engine's home from the node's settings and keys, then become the engine.

    The kernel was told to kill this process with the supervisor; that survives.
    """
    import structlog  # noqa: PLC0415

    from ledger.engine import check_engine, engine_argv, get_engine_environment  # noqa: PLC0415
    from ledger.headers import compute_address  # noqa: PLC0415
    from node.chain import prepare_engine  # noqa: PLC0415
    from node.joining_sources import find_state_source  # noqa: PLC0415
    from node.remote_signer import (  # noqa: PLC0415
        clear_signer_socket,
        has_remote_signer,
        load_validator_public_key,
    )
    from node.signing_guard import review_start  # noqa: PLC0415

    binary = check_engine(find_engine(settings)).path
    address = compute_address(load_validator_public_key(home, settings))
    guard = review_start(home, address=address, is_remote=has_remote_signer(settings))
    if guard.held:
        structlog.get_logger().warning("validator_held", reason=guard.held)
    source = find_state_source(home, settings)
    prepare_engine(home, settings, may_sign=not guard.held, state_source=source)
    clear_signer_socket(settings)
    arguments = engine_argv(binary, home.engine)
    os.execve(binary, arguments, get_engine_environment())  # noqa: S606 - no shell is meant


def run_discovery(home: Home, settings: Settings) -> None:
    """Find other cooperatives and be found."""
    from federation import discovery  # noqa: PLC0415
    from node.keystore import load_secret  # noqa: PLC0415

    discovery.run_discovery(
        discovery.DiscoverySettings(
            socket_path=home.discovery_socket,
            directory_path=home.directory_path,
            listen=settings.discovery.listen,
            bootstrap=settings.discovery.bootstrap,
            announce=settings.discovery.announce,
        ),
        seed=load_secret(home.keys, "libp2p"),
        now_s=lambda: int(time.time()),
        stop_descriptor=_PIPE,
    )


def run_web(home: Home, settings: Settings) -> None:
    """Serve pages, API and ActivityPub."""
    from node.web.main import run_web as serve  # noqa: PLC0415

    _end_with_supervisor()
    _run_until_told(lambda: serve(home, settings))


PROCESSES: dict[str, Callable[[Home, Settings], None]] = {
    "ledger": run_ledger,
    "engine": run_engine,
    "discovery": run_discovery,
    "web": run_web,
}


def find_engine(settings: Settings) -> Path | None:
    """The operator's own engine, or none for the one that `make setup` builds."""
    if not settings.engine.binary:
        return None
    return Path(settings.engine.binary).expanduser()


def _run_until_told(serve: Callable[[], Awaitable[None]]) -> None:
    """Run a server until SIGTERM or SIGINT; it is cancelled then."""

    async def run() -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - narrows the type: a coroutine runs in a task
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        with suppress(asyncio.CancelledError):
            await serve()

    try:
        asyncio.run(run())
    except BaseExceptionGroup as group:
        raise _first(group) from group
    finally:
        # It ends by itself now, and its exit code and last words say why.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _first(error: BaseException) -> BaseException:
    """The error that a task group was ended by: ours, if one of its errors is."""
    if isinstance(error, BaseExceptionGroup):
        found = [_first(part) for part in error.exceptions]
        ours = [part for part in found if isinstance(part, RochdaleError)]
        return (ours or found)[0]
    return error


def _end_with_supervisor() -> None:
    """End this process when the supervisor's pipe closes, whatever the main thread does."""

    def watch() -> None:
        while os.read(_PIPE, 64):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_TIMEOUT_S)
        os._exit(exit_codes.UNAVAILABLE)

    threading.Thread(target=watch, name="supervisor-watch", daemon=True).start()


def check_arguments(arguments: Sequence[str]) -> None:
    """Check the command line of this module.

    Raises:
        MisconfiguredError: Not a process's name and a home.
    """
    if len(arguments) != 2 or arguments[0] not in PROCESSES:
        raise MisconfiguredError(
            f"python -m node.processes {'|'.join(PROCESSES)} HOME is for the supervisor: "
            "use `rochdale start`"
        )


if __name__ == "__main__":
    try:
        check_arguments(sys.argv[1:])
    except MisconfiguredError as problem:
        sys.stderr.write(f"{problem}\n")
        raise SystemExit(exit_codes.MISCONFIGURED) from None
    raise SystemExit(main(sys.argv[1:]))
