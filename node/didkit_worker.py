"""The one process that runs didkit: `python -m node.didkit_worker`, kept by `DidkitBridge`.

didkit crashes at interpreter shutdown often enough (PyO3/pyo3-async-runtimes#40) that no
process of ours may load it and end normally: this one ends with `os._exit`. It has no network,
bounded memory and a deadline for each question, after which the kernel ends it. Questions and
answers are frames: four bytes of length, then JSON. Never keeps a key, and never logs.
"""

import asyncio
import json
import os
import resource
import signal
import struct
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import IO, TYPE_CHECKING

from config.did_limits import DIDKIT_DEADLINE_S, DIDKIT_FRAME_BYTES_MAX, DIDKIT_MEMORY_BYTES_MAX
from config.errors import MisconfiguredError
from node.exit_codes import INTERNAL, MISCONFIGURED, OK
from node.isolation import leave_network

if TYPE_CHECKING:
    from types import ModuleType

_LENGTH = struct.Struct(">I")
OPERATIONS: Mapping[str, int] = {
    "issue_credential": 3,
    "verify_credential": 2,
    "issue_presentation": 3,
    "verify_presentation": 2,
    "resolve_did": 2,
}
"""didkit's functions that may be asked for, each with its number of texts."""


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Read what the other side wrote; None at the end of the stream.

    Raises:
        EOFError: It ends within a frame, or the frame is too long.
    """
    head = stream.read(_LENGTH.size)
    if not head:
        return None
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else -1
    if not 0 <= length <= DIDKIT_FRAME_BYTES_MAX:
        raise EOFError
    body = stream.read(length)
    if len(body) != length:
        raise EOFError
    return body


def write_frame(stream: IO[bytes], body: bytes) -> None:
    """Write a frame at once."""
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def main() -> int:
    """Answer questions until there are no more; the exit code."""
    try:
        for kind, limit in (
            (resource.RLIMIT_AS, DIDKIT_MEMORY_BYTES_MAX),
            (resource.RLIMIT_CORE, 0),  # no core dump may hold a key
            (resource.RLIMIT_FSIZE, 0),
        ):
            resource.setrlimit(kind, (limit, limit))
        leave_network()
    except MisconfiguredError as error:
        sys.stderr.write(f"{error}\n")
        return MISCONFIGURED
    # Imported here: it starts threads, and walls are built before there are any.
    import didkit  # noqa: PLC0415

    asyncio.run(_serve(didkit))
    return OK


async def _serve(didkit: "ModuleType") -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    # Reading blocks the loop, which has nothing else to do between questions.
    while (question := read_frame(source)) is not None:
        signal.setitimer(signal.ITIMER_REAL, DIDKIT_DEADLINE_S)
        answer = await _answer(didkit, question)
        signal.setitimer(signal.ITIMER_REAL, 0)
        write_frame(sink, json.dumps(answer).encode())


async def _answer(didkit: "ModuleType", question: bytes) -> dict[str, str]:
    name, *texts = json.loads(question)
    if OPERATIONS.get(name) != len(texts):
        return {"refused": "there is no such operation"}
    function: Callable[..., Awaitable[str]] = getattr(didkit, name)
    try:
        return {"answer": await function(*texts)}
    except (didkit.DIDKitException, ValueError) as error:
        # Its words may quote the question, a key among it: the kind of an error may not.
        is_code = isinstance(error, didkit.DIDKitException) and str(error).isalpha()
        return {"refused": str(error) if is_code else "didkit does not take this"}


if __name__ == "__main__":
    try:
        code = main()
    except BaseException:  # noqa: BLE001 - whatever it was, the interpreter must not shut down
        code = INTERNAL
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
