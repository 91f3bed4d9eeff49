"""Hashes of strangers' RDF, computed where they cannot hurt this process.

One short-lived worker for each proof (`node.rdf_worker`), and few of them in one check, so
that a presentation full of proofs costs no more than a small one.
"""

import subprocess
import sys
import threading
from pathlib import Path

from config.errors import RefusedError, UnavailableError
from config.limits import (
    RDF_DEADLINE_S,
    RDF_PROOFS_PER_CHECK_MAX,
    RDF_WORKERS_MAX,
)
from did.credentials.refusals import CredentialError
from did.jcs import JsonObject, canonicalize, parse_json_object
from node.exit_codes import OK

_ARGUMENTS = (sys.executable, "-P", "-s", "-B", "-X", "utf8", "-m", "node.rdf_worker")
_ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[1])}
"""Nothing of ours, and the worker is of the same version as its caller."""
_GRACE_S = 2
_places = threading.BoundedSemaphore(RDF_WORKERS_MAX)


class BoundedRdfHasher:
    """A `did.credentials.data_integrity.RdfHasher` for one check; blocks, so use a thread."""

    def __init__(self) -> None:
        self._left = RDF_PROOFS_PER_CHECK_MAX

    def __call__(self, unsecured: JsonObject, options: JsonObject) -> bytes:
        """Hash a document and its proof's options; 64 bytes.

        Raises:
            CredentialError: What `did.credentials.rdfc.compute_rdfc_hash` refuses, work that
                takes too long, or too many proofs.
            UnavailableError: Too many workers are busy, or the worker ended early.
        """
        self._left -= 1
        if self._left < 0:
            raise CredentialError(
                f"at most {RDF_PROOFS_PER_CHECK_MAX} proofs of RDF are checked at once"
            )
        if not _places.acquire(timeout=RDF_DEADLINE_S):
            raise UnavailableError("too many credentials are being checked: again in a moment")
        try:
            return _run_worker(canonicalize([unsecured, options]))
        finally:
            _places.release()


def _run_worker(request: bytes) -> bytes:
    try:
        done = subprocess.run(
            _ARGUMENTS,
            input=request,
            capture_output=True,
            close_fds=True,
            cwd="/",
            env=_ENVIRONMENT,
            timeout=RDF_DEADLINE_S + _GRACE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CredentialError("the document takes too long to canonicalize") from error
    if done.returncode < 0:  # the kernel ended it at one of its bounds
        raise CredentialError("the document takes too much time or memory to canonicalize")
    try:
        answer = parse_json_object(done.stdout) if done.returncode == OK else {}
    except RefusedError:
        answer = {}
    match answer:
        case {"hash": str(digest)}:
            return bytes.fromhex(digest)
        case {"refused": str(reason)}:
            raise CredentialError(reason)
    raise UnavailableError("the worker for RDF ended early: again in a moment")
