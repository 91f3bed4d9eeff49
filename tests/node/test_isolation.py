"""The walls around whatever reads members' records, each tried from inside."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.errors import MisconfiguredError
from node.isolation import check_network_left

_LEAVE = "from node.isolation import leave_network; leave_network()\n"
_LIMIT = (
    "from node.isolation import limit_resources\n"
    "limit_resources(deadline_s=1, memory_bytes_max=268435456)\n"
)


def _run(code: str, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_nothing_can_be_reached_from_inside() -> None:
    """A server on this very machine listens, and every way to it fails at once."""
    code = _LEAVE + (
        "import errno, socket, sys\n"
        "for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):\n"
        "    try:\n"
        "        socket.socket(socket.AF_INET, kind).connect(('127.0.0.1', int(sys.argv[1])))\n"
        "    except OSError as error:\n"
        "        print(errno.errorcode[error.errno])\n"
        "print([name for _, name in socket.if_nameindex()])\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            pass  # from outside it can be reached

        done = _run(code, str(port))

    assert done.stdout.split("\n")[:2] == ["ENETUNREACH", "ENETUNREACH"], done.stderr
    assert "lo" in done.stdout


def test_the_way_back_is_closed() -> None:
    """Even root inside has no rights over the namespaces that it left."""
    code = _LEAVE + (
        "import ctypes, os\n"
        "try:\n"
        "    descriptor = os.open(f'/proc/{os.getppid()}/ns/net', os.O_RDONLY)\n"
        "    print(ctypes.CDLL(None).setns(descriptor, 0))\n"
        "except PermissionError:\n"
        "    print(-1)\n"
    )

    assert _run(code).stdout.strip() == "-1"


def test_an_inherited_socket_is_closed() -> None:
    """A socket made outside would still lead outside."""
    code = _LEAVE + (
        "import os, sys\n"
        "try:\n"
        "    os.fstat(int(sys.argv[1]))\n"
        "except OSError as error:\n"
        "    print(error.strerror)\n"
    )
    left, right = socket.socketpair()
    with left, right:
        done = _run(code, str(left.fileno()), pass_fds=[left.fileno()])

    assert done.stdout.strip() == "Bad file descriptor"


def test_refuses_sockets_as_input() -> None:
    """What cannot be closed must not be a socket either."""
    left, right = socket.socketpair()
    with left, right:
        done = subprocess.run(
            [sys.executable, "-c", _LEAVE], stdin=left, capture_output=True, text=True, check=False
        )

    assert "takes pipes, not sockets" in done.stderr


def test_fails_closed_where_the_kernel_refuses() -> None:
    """A process with a second thread may not enter a user namespace: nothing goes on."""
    code = (
        "import threading\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "from config.errors import MisconfiguredError\n"
        "from node.isolation import leave_network\n"
        "try:\n"
        "    leave_network()\n"
        "except MisconfiguredError as error:\n"
        "    print(error)\n"
    )

    done = _run(code)

    assert "does not let the worker leave the network" in done.stdout
    assert "sysctl" in done.stdout


def test_sees_that_the_network_is_still_there() -> None:
    """This process has a loopback interface that is up."""
    with pytest.raises(MisconfiguredError, match="still has the network interface"):
        check_network_left()


def test_no_descriptor_can_be_opened_after_the_records() -> None:
    """Sockets with a path belong to no network namespace, so no socket can be made at all."""
    code = (
        "import os, socket\n"
        "from node.isolation import forbid_descriptors_above\n"
        "last = os.open('/dev/null', os.O_RDONLY)\n"
        "forbid_descriptors_above(last)\n"
        "for family in (socket.AF_UNIX, socket.AF_INET):\n"
        "    try:\n"
        "        socket.socket(family)\n"
        "    except OSError as error:\n"
        "        print(error.strerror)\n"
    )

    assert _run(code).stdout.split("\n")[:2] == ["Too many open files"] * 2


def test_a_gap_below_the_last_descriptor_is_found() -> None:
    """A free lower number could still become a socket."""
    code = (
        "import os\n"
        "from config.errors import MisconfiguredError\n"
        "from node.isolation import forbid_descriptors_above\n"
        "gap, last = os.open('/dev/null', os.O_RDONLY), os.open('/dev/null', os.O_RDONLY)\n"
        "os.close(gap)\n"
        "try:\n"
        "    forbid_descriptors_above(last)\n"
        "except MisconfiguredError as error:\n"
        "    print(error)\n"
    )

    assert "could still open sockets" in _run(code).stdout


@pytest.mark.parametrize("code", ["import time; time.sleep(30)", "while True: pass"])
def test_the_kernel_ends_it_at_the_deadline(code: str) -> None:
    """Waiting and computing are both bounded, without help from the process itself."""
    assert _run(_LIMIT + code).returncode < 0


def test_memory_is_bounded() -> None:
    """A hostile file cannot take the machine's memory."""
    assert "MemoryError" in _run(_LIMIT + "bytearray(1 << 30)").stderr


def test_no_file_can_be_written(tmp_path: Path) -> None:
    """Neither records nor a core dump of them reach the disk."""
    leak = tmp_path / "leak"

    done = _run(_LIMIT + f"import pathlib; pathlib.Path({str(leak)!r}).write_text('x')")

    assert "File too large" in done.stderr
    assert leak.read_bytes() == b""
