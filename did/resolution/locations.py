"""Where did:web and did:webvh say their files lie.

Both put a host and a path into the DID, colons for slashes. One spelling each: a host in lower
case and ASCII (an international name in its `xn--` form), no address, no default port, and
path segments that cannot climb.

Sources: did:web method specification §3.2, did:webvh 1.0, "The DID to HTTPS Transformation".
"""

import re
from urllib.parse import quote, unquote

from did.documents import DocumentError, did_web_for_origin
from did.resolution.results import Problem, ResolutionError
from did.resolution.syntax import Did

_SCID = re.compile(r"[1-9A-HJ-NP-Za-km-z]{46}")
_SEGMENT_FORBIDDEN = frozenset("/\\\0")


def locate_web_document(did: Did) -> str:
    """The https URL of a did:web's document.

    Raises:
        ResolutionError: invalidDid: it names no host, or a path that could climb.
    """
    return _locate(did.rest, file="did.json")


def locate_webvh_log(did: Did) -> str:
    """The https URL of a did:webvh's log; `did-witness.json` lies beside it.

    Raises:
        ResolutionError: invalidDid: no SCID, no host of two labels, or a path that could climb.
    """
    get_scid(did)
    location = did.rest.partition(":")[2]
    if "." not in location.partition(":")[0]:
        raise ResolutionError(Problem.INVALID_DID, "a did:webvh names a host with its domain")
    return _locate(location, file="did.jsonl")


def locate_webvh_witness(did: Did) -> str:
    """The https URL of the witnesses' proofs.

    Raises:
        ResolutionError: As `locate_webvh_log`.
    """
    return locate_webvh_log(did).removesuffix("did.jsonl") + "did-witness.json"


def get_scid(did: Did) -> str:
    """The self-certifying part of a did:webvh; 46 characters.

    Raises:
        ResolutionError: invalidDid: there is none.
    """
    scid, _, _ = did.rest.partition(":")
    if not _SCID.fullmatch(scid):
        raise ResolutionError(Problem.INVALID_DID, "a did:webvh begins with its SCID")
    return scid


def _locate(location: str, *, file: str) -> str:
    host, *path = location.split(":")
    origin = "https://" + unquote(host.replace("%3a", "%3A"))
    try:
        did_web_for_origin(origin)
    except DocumentError as error:
        raise ResolutionError(
            Problem.INVALID_DID,
            "the DID's host is a name in lower case and ASCII, perhaps with %3A and a port",
        ) from error
    segments = [_read_segment(segment) for segment in path] or [".well-known"]
    return "/".join([origin, *segments, file])


def _read_segment(segment: str) -> str:
    try:
        text = unquote(segment, errors="strict")
    except UnicodeDecodeError as error:
        raise ResolutionError(Problem.INVALID_DID, "the DID's path is not UTF-8") from error
    if text in {"", ".", ".."} or text != text.strip() or not _SEGMENT_FORBIDDEN.isdisjoint(text):
        raise ResolutionError(Problem.INVALID_DID, "the DID's path holds a segment that is none")
    return quote(text, safe="")
