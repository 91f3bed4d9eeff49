"""Leaving the network for good, before a process reads members' records.

Apart from the worker that uses it, so that each wall can be tested alone. The kernel's
namespaces do the work: in a new network namespace there is only a loopback interface that
is down, and in a new user namespace the process has no rights over the one that it left.
Every step is verified and any doubt ends the process: never falls back to less.
"""

import ctypes
import errno
import fcntl
import os
import resource
import signal
import socket
import stat
import struct

from config.errors import MisconfiguredError

_CLONE_NEWUSER = 0x1000_0000
_CLONE_NEWNET = 0x4000_0000
_PR_SET_NO_NEW_PRIVS = 38
_SIOCGIFFLAGS = 0x8913
_IFF_UP = 0x1
_STANDARD_DESCRIPTORS = 3
_UNREACHABLE = {errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
_PROBES = (
    (socket.AF_INET, "127.0.0.1"),
    (socket.AF_INET, "192.0.2.1"),
    (socket.AF_INET6, "::1"),
    (socket.AF_INET6, "2001:db8::1"),
)
"""Loopback, and addresses that RFC 5737 and RFC 3849 set aside for documentation."""


def leave_network() -> None:
    """Move this process into empty user and network namespaces and verify it.

    To be called before any thread exists and before any record is read.

    Raises:
        MisconfiguredError: The machine does not allow it, or something is still reachable.
    """
    _close_inherited_descriptors()
    library = ctypes.CDLL(None, use_errno=True)
    # Without this, a set-user-id program could give back the rights that are dropped here.
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise MisconfiguredError(_refuse("prctl", ctypes.get_errno()))
    if library.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        raise MisconfiguredError(_refuse("unshare", ctypes.get_errno()))
    check_network_left()


def check_network_left() -> None:
    """Check that no interface is up and that connecting fails at once.

    Raises:
        MisconfiguredError: An interface is up, or an address could be reached.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            request = struct.pack("16sH14x", name.encode(), 0)
            answer = fcntl.ioctl(probe.fileno(), _SIOCGIFFLAGS, request)
            if struct.unpack("16sH14x", answer)[1] & _IFF_UP:
                raise MisconfiguredError(f"the worker still has the network interface {name}")
    for family, address in _PROBES:
        if not _is_unreachable(family, address):
            raise MisconfiguredError(f"the worker can still reach {address}")


def limit_resources(*, deadline_s: int, memory_bytes_max: int) -> None:
    """Bound this process's life, memory and reach on disk; the kernel ends it at the deadline."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, deadline_s)
    for kind, limit in (
        (resource.RLIMIT_CPU, deadline_s),
        (resource.RLIMIT_AS, memory_bytes_max),
        # No core dump may hold records, and no file can be written.
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))


def forbid_descriptors_above(descriptor: int) -> None:
    """Make this the last descriptor that the process can ever have.

    Sockets with a path in the file system belong to no network namespace; after this no
    socket of any kind can be made.

    Raises:
        MisconfiguredError: One could still be made.
    """
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptor + 1, descriptor + 1))
    try:
        left = os.dup(descriptor)
    except OSError:
        return
    os.close(left)
    raise MisconfiguredError("the worker could still open sockets")


def _close_inherited_descriptors() -> None:
    os.closerange(_STANDARD_DESCRIPTORS, os.sysconf("SC_OPEN_MAX"))
    for descriptor in range(_STANDARD_DESCRIPTORS):
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            raise MisconfiguredError("the worker takes pipes, not sockets, as its input and output")


def _is_unreachable(family: int, address: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            # Connecting a datagram socket only asks for a route: it neither sends nor waits.
            probe.connect((address, 9))
    except OSError as error:
        return error.errno in _UNREACHABLE
    return False


def _refuse(call: str, number: int) -> str:
    return (
        f"this machine does not let the worker leave the network ({call}: "
        f"{os.strerror(number)}), so it does not start; allow user namespaces: "
        "sysctl -w user.max_user_namespaces=10000 kernel.unprivileged_userns_clone=1"
    )
