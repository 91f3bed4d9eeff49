"""The JSON-LD contexts that documents may name, and the one that is ours.

Rochdale reads activities as plain JSON. A foreign reader that expands them by their contexts
must come to the same meaning, so only pinned contexts are accepted, and nothing inline: an
inline context can swap `actor` and `object` for one reader and not for the other (the class
of CVE-2026-46349). Never fetches a context.
"""

import hashlib
from importlib import resources
from types import MappingProxyType

from activitypub.origins import OriginError, get_origin
from config.errors import RefusedError
from did.jcs import JsonObject
from did.proofs import DATA_INTEGRITY_CONTEXT

ACTIVITYSTREAMS_CONTEXT = "https://www.w3.org/ns/activitystreams"
SECURITY_CONTEXT = "https://w3id.org/security/v1"
MULTIKEY_CONTEXT = "https://w3id.org/security/multikey/v1"
DID_CONTEXT = "https://www.w3.org/ns/did/v1"
_KNOWN_URLS = frozenset(
    {
        ACTIVITYSTREAMS_CONTEXT,
        SECURITY_CONTEXT,
        MULTIKEY_CONTEXT,
        DID_CONTEXT,
        DATA_INTEGRITY_CONTEXT,
        "https://w3id.org/security/data-integrity/v1",
        "https://www.w3.org/ns/cid/v1",
    }
)
_CONTEXTS_MAX = 8
_PATH = "/contexts/"


class ContextError(RefusedError):
    """A document's meaning depends on a context that is not pinned."""


def _load() -> dict[str, bytes]:
    """Our contexts by file name; the name carries the hash, so it can never mean another."""
    files: dict[str, bytes] = {}
    for file in resources.files(__name__).iterdir():
        if file.name.endswith(".jsonld"):
            data = file.read_bytes()
            stem = file.name.removesuffix(".jsonld").replace("_", "-")
            files[f"{stem}-{hashlib.sha256(data).hexdigest()[:16]}.jsonld"] = data
    return files


OWN_CONTEXTS = MappingProxyType(_load())
"""What every node serves under `/contexts/`, as `application/ld+json`."""
INSIGHT_CONTEXT_FILE = next(name for name in OWN_CONTEXTS if name.startswith("health-insight-"))


def get_insight_context_url(origin: str) -> str:
    """Name the insight context under a node's own origin."""
    return f"{origin}{_PATH}{INSIGHT_CONTEXT_FILE}"


def is_known_context(url: str) -> bool:
    """Check a context: a pinned one of others, or one of ours, whoever serves it."""
    if url in _KNOWN_URLS:
        return True
    try:
        origin = get_origin(url)
    except OriginError:
        return False
    path = url.removeprefix(origin)
    return path.startswith(_PATH) and path.removeprefix(_PATH) in OWN_CONTEXTS


def check_contexts(document: JsonObject) -> None:
    """Check that a document means the same to readers of JSON and of JSON-LD.

    Raises:
        ContextError: It does not begin with ActivityStreams, or anywhere in it there is an
            unknown or inline context, a JSON-LD keyword, or a name written as an IRI.
    """
    context = document.get("@context")
    if context != ACTIVITYSTREAMS_CONTEXT and not (
        isinstance(context, list) and context[:1] == [ACTIVITYSTREAMS_CONTEXT]
    ):
        raise ContextError("a document's first context is ActivityStreams")
    _check(document)


def _check(value: object) -> None:
    if isinstance(value, list):
        for item in value:
            _check(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "@context":
                _check_context(item)
            elif name.startswith("@") or ":" in name:
                raise ContextError(f"{name[:50]} is read by JSON-LD readers alone")
            else:
                _check(item)


def _check_context(context: object) -> None:
    urls = context if isinstance(context, list) else [context]
    if len(urls) > _CONTEXTS_MAX:
        raise ContextError(f"a document names at most {_CONTEXTS_MAX} contexts")
    for url in urls:
        if not isinstance(url, str) or not is_known_context(url):
            raise ContextError(f"the context {str(url)[:200]} is not known here")
