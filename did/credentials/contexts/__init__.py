"""The JSON-LD contexts that credentials may name: pinned copies, never fetched.

A context gives every term its meaning, so whoever could replace one could change what a
signed document says. Others' contexts are kept by their published content, ours carries its
hash in its name, whoever serves it. A context that is written out in a document may name types
of its own and nothing else: a proof over RDF does not cover it, and whoever shows the document
could swap the names of claims.
"""

import hashlib
import json
import re
from importlib import resources
from types import MappingProxyType

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
_IRI = re.compile(r"(https?://|urn:)[^\s<>\"{}|\\^`]+", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}", re.ASCII)
_NAMES_MAX = 32
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
_OWN_URL = re.compile(rf"https://[A-Za-z0-9.:-]{{1,255}}{re.escape(_PATH + OWN_CONTEXT_FILE)}")
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
    if _OWN_URL.fullmatch(url) is None:
        raise CredentialError(f"the context {url[:200]} is not known here")
    return _OWN


def get_context_document(url: str) -> object:
    """The pinned context as JSON.

    Raises:
        CredentialError: It is not one of those that are known.
    """
    return json.loads(get_context(url))


def _collect_names(value: object) -> frozenset[str]:
    """All names that contexts define, at any depth."""
    if isinstance(value, list):
        return frozenset[str]().union(*map(_collect_names, value))
    if not isinstance(value, dict):
        return frozenset()
    own = frozenset(name for name in value if not name.startswith("@"))
    return own.union(*map(_collect_names, value.values()))


_KNOWN_NAMES = frozenset[str]().union(
    *(_collect_names(json.loads(data)) for data in (*VENDORED_CONTEXTS.values(), _OWN))
)
"""What no document gives another meaning."""


def check_contexts(value: object) -> None:
    """Check that a document begins with the credentials' context and names only known ones.

    Raises:
        CredentialError: The first is another, any is unknown, or there are many; or one that is
            written out does more than to name types.

    Source: W3C Verifiable Credentials Data Model v2.0 §4.3.
    """
    contexts = value if isinstance(value, list) else [value]
    if contexts[:1] != [CREDENTIALS_CONTEXT]:
        raise CredentialError(f"the first context is {CREDENTIALS_CONTEXT}")
    if len(contexts) > _CONTEXTS_MAX:
        raise CredentialError(f"a credential names at most {_CONTEXTS_MAX} contexts")
    for context in contexts:
        if isinstance(context, str):
            get_context(context)
    read_named_types(contexts)


def read_named_types(contexts: object) -> frozenset[str]:
    """Names of types that the contexts of one node give a meaning to by themselves.

    Args:
        contexts: Value of `@context`; those that are named by their URL are passed over.

    Raises:
        CredentialError: A context that is written out has a keyword other than `@protected`, a
            name that a known context has or another one had before, or more than an IRI for it.
    """
    found: set[str] = set()
    listed = contexts if isinstance(contexts, list) else [contexts]
    for context in listed:
        if isinstance(context, str):
            continue
        if not isinstance(context, dict) or listed[0] != CREDENTIALS_CONTEXT:
            raise CredentialError(
                "a context is a URL, or an object that names types after the credentials' own"
            )
        for name, iri in context.items():
            if name == "@protected" and iri is True:
                continue
            if not _NAME.fullmatch(name) or not isinstance(iri, str) or not _IRI.fullmatch(iri):
                raise CredentialError("a context in a document names types by an IRI each")
            if name in _KNOWN_NAMES or name in found:
                raise CredentialError(f"a context in a document cannot rename {name}")
            found.add(name)
    if len(found) > _NAMES_MAX:
        raise CredentialError(f"contexts in a document name at most {_NAMES_MAX} types")
    return frozenset(found)
