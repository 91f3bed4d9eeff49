"""The JSON-LD contexts that credentials may name: pinned copies, never fetched.

A context gives every term its meaning, so whoever could replace one could change what a
signed document says. Others' contexts are kept by their published content, ours carries its
hash in its name, whoever serves it.
"""

import hashlib
import json
from importlib import resources
from types import MappingProxyType
from urllib.parse import urlsplit

from config.errors import InvariantError
from did.credentials.refusals import CredentialError

CREDENTIALS_CONTEXT = "https://www.w3.org/ns/credentials/v2"
_PINNED = {
    CREDENTIALS_CONTEXT: (
        "credentials_v2.jsonld",
        "f2b6181bd8911ba0036db489f83e0eb7ff58728374a8e65f9000cef6de904835",
    ),
    "https://w3id.org/security/data-integrity/v2": (
        "data_integrity_v2.jsonld",
        "8784246da420988845311c64a5078eacd60735722ee3c12be4c946aa2eaa8a93",
    ),
    "https://w3id.org/security/multikey/v1": (
        "multikey_v1.jsonld",
        "17aefa8d83f65383096707fdd16c3700b0355bbc971b0364a03615f7b1e0d75c",
    ),
}
_PATH = "/contexts/"
_CONTEXTS_MAX = 8


def _load_pinned() -> dict[str, bytes]:
    loaded: dict[str, bytes] = {}
    for url, (name, digest) in _PINNED.items():
        data = resources.files(__name__).joinpath(name).read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise InvariantError(f"the copy of {url} has been changed: reinstall Rochdale")
        loaded[url] = data
    return loaded


VENDORED_CONTEXTS = MappingProxyType(_load_pinned())
"""URL to the context's JSON; others' contexts that credentials may name."""
_OWN = resources.files(__name__).joinpath("rochdale_credentials.jsonld").read_bytes()
OWN_CONTEXT_FILE = f"rochdale-credentials-{hashlib.sha256(_OWN).hexdigest()[:16]}.jsonld"
OWN_CREDENTIAL_CONTEXTS = MappingProxyType({OWN_CONTEXT_FILE: _OWN})
"""What every node serves under `/contexts/`, as `application/ld+json`."""


def get_own_context_url(origin: str) -> str:
    """Name our context under a node's own origin."""
    return f"{origin}{_PATH}{OWN_CONTEXT_FILE}"


def get_context(url: str) -> bytes:
    """The pinned content of a context.

    Raises:
        CredentialError: It is not one of those that are known.
    """
    if url in VENDORED_CONTEXTS:
        return VENDORED_CONTEXTS[url]
    parts = urlsplit(url) if len(url) < 300 else urlsplit("")
    own = OWN_CREDENTIAL_CONTEXTS.get(parts.path.removeprefix(_PATH))
    if own is None or url != f"https://{parts.netloc}{_PATH}{OWN_CONTEXT_FILE}" or not parts.netloc:
        raise CredentialError(f"the context {url[:200]} is not known here")
    return own


def get_context_document(url: str) -> object:
    """The pinned context as JSON.

    Raises:
        CredentialError: It is not one of those that are known.
    """
    return json.loads(get_context(url))


def check_contexts(value: object) -> None:
    """Check that a document begins with the credentials' context and names only known ones.

    Raises:
        CredentialError: The first is another, or any is unknown or inline, or there are many.

    Source: W3C Verifiable Credentials Data Model v2.0 §4.3.
    """
    contexts = value if isinstance(value, list) else [value]
    if contexts[:1] != [CREDENTIALS_CONTEXT]:
        raise CredentialError(f"the first context is {CREDENTIALS_CONTEXT}")
    if len(contexts) > _CONTEXTS_MAX:
        raise CredentialError(f"a credential names at most {_CONTEXTS_MAX} contexts")
    for context in contexts:
        if not isinstance(context, str):
            raise CredentialError("a context is named by its URL, never written out")
        get_context(context)
