"""The process that canonicalizes strangers' RDF: `python -m node.rdf_worker`.

A poisoned graph keeps the algorithm busy for ever, and the libraries hold the lock of their
interpreter: so it runs here, bounded in time and memory by the kernel, and answers once. It
reads a document and a proof's options on standard input and prints the hash that the proof
signs, or why there is none. Contexts are the pinned ones; nothing is fetched or opened.
"""

import json
import os
import sys

from config.errors import InvariantError, RefusedError
from config.limits import JSON_BYTES_MAX, RDF_DEADLINE_S, RDF_MEMORY_BYTES_MAX
from did.jcs import JsonObject, parse_json
from node.exit_codes import OK
from node.isolation import limit_resources


def main() -> int:
    """Answer one request; the exit code."""
    limit_resources(deadline_s=RDF_DEADLINE_S, memory_bytes_max=RDF_MEMORY_BYTES_MAX)
    # Imported here: only this process pays for it, and only after it is bounded.
    from did.credentials.rdfc import compute_rdfc_hash  # noqa: PLC0415

    try:
        unsecured, options = _read_request()
        answer = {"hash": compute_rdfc_hash(unsecured, options).hex()}
    except RefusedError as error:
        answer = {"refused": error.reason}
    except (MemoryError, RecursionError):
        answer = {"refused": "the document takes too much memory to canonicalize"}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    return OK


def _read_request() -> tuple[JsonObject, JsonObject]:
    bytes_max = 2 * JSON_BYTES_MAX
    request = parse_json(sys.stdin.buffer.read(bytes_max + 1), bytes_max=bytes_max)
    match request:
        case [dict() as unsecured, dict() as options]:
            return unsecured, options
    raise InvariantError("a request is a document and a proof's options")


if __name__ == "__main__":
    code = main()
    os._exit(code)  # nothing is left to be tidied up
