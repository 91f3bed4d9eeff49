"""The load: a process of its own that hands prepared requests to an engine as fast as it can.

`python -m testnet.bench.load SOCKET FILE CONNECTIONS`. The same for every application under
test, and cheap: HTTP bodies were rendered before the clock runs, answers are looked at after
it. It says `ready`, waits for a line, sends everything, and prints what happened as one line
of JSON. Standard library only, so that it starts at once.
"""

import base64
import http.client
import json
import resource
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

BATCH_TXS = 200
"""Requests in one body; the engine is configured to take as many."""
CONNECTIONS = 8
_LENGTH_BYTES = 4
_TIMEOUT_S = 120
_TAKEN = b'"code":0,'
_HEADERS = {"Content-Type": "application/json"}


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def write_bodies(path: Path, transactions: Sequence[bytes], *, method: str) -> None:
    """Prepare the requests for a number of transactions.

    Args:
        path: The file to write.
        transactions: In the order in which they are sent.
        method: `broadcast_tx_async` or `broadcast_tx_sync`.
    """
    with path.open("wb") as file:
        for start in range(0, len(transactions), BATCH_TXS):
            batch = [
                {
                    "jsonrpc": "2.0",
                    "id": number,
                    "method": method,
                    "params": {"tx": base64.b64encode(tx).decode()},
                }
                for number, tx in enumerate(transactions[start : start + BATCH_TXS])
            ]
            body = json.dumps(batch, separators=(",", ":")).encode()
            file.write(len(body).to_bytes(_LENGTH_BYTES, "big") + body)


def read_bodies(path: Path) -> list[bytes]:
    """What `write_bodies` wrote."""
    data, position = path.read_bytes(), 0
    bodies = []
    while position < len(data):
        length = int.from_bytes(data[position : position + _LENGTH_BYTES], "big")
        position += _LENGTH_BYTES
        bodies.append(data[position : position + length])
        position += length
    return bodies


def send(socket_path: str, bodies: Sequence[bytes], connections: int) -> list[bytes]:
    """Post every body once, over several connections at a time; the answers, in any order."""
    waiting, lock, answers = iter(bodies), threading.Lock(), list[bytes]()
    failures: list[Exception] = []

    def work() -> None:
        try:
            _post(_UnixConnection(socket_path), waiting, lock, answers)
        except (OSError, http.client.HTTPException) as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return answers


def _post(
    connection: _UnixConnection,
    waiting: Iterator[bytes],
    lock: threading.Lock,
    answers: list[bytes],
) -> None:
    while True:
        with lock:
            body = next(waiting, None)
        if body is None:
            connection.close()
            return
        connection.request("POST", "/", body, _HEADERS)
        answers.append(connection.getresponse().read())


def describe_refusals(answers: Sequence[bytes], *, sent: int) -> str:
    """The first answer that is no acceptance; empty if every transaction was taken."""
    if sum(answer.count(_TAKEN) for answer in answers) == sent:
        return ""
    for answer in answers:
        items = json.loads(answer)
        for item in items if isinstance(items, list) else [items]:
            if "error" in item or item["result"]["code"] != 0:
                return json.dumps(item)
    return f"the engine answered {len(answers)} requests, not each of {sent} transactions"


def main(arguments: Sequence[str]) -> int:
    """Send a file of bodies."""
    socket_path, file, connections = arguments
    bodies = read_bodies(Path(file))
    sent = sum(body.count(b'"jsonrpc"') for body in bodies)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    used_s = _get_cpu_s()
    began_s = time.monotonic()
    answers = send(socket_path, bodies, int(connections))
    result = {
        "began_s": began_s,
        "answered_s": time.monotonic(),
        "cpu_s": _get_cpu_s() - used_s,
        "refusal": describe_refusals(answers, sent=sent),
    }
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


def _get_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
