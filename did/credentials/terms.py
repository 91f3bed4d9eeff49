"""Whether a document says only what its contexts give a meaning to.

Where the JSON itself is signed an undefined term is authentic, but nobody can say what it
means, and readers of JSON-LD refuse or lose it. Cheaper than expanding: a name counts as
defined if any context of the document has it. The RDF path is stricter
(`did.credentials.rdfc`).

Source: W3C Verifiable Credentials Data Model v2.0 §6.3 (a conforming document's terms).
"""

import json
from dataclasses import dataclass, replace
from functools import lru_cache

from did.credentials.contexts import get_context, read_named_types
from did.credentials.refusals import CredentialError
from did.jcs import Json, JsonObject

_LITERALS = frozenset({"@value", "@language", "@direction"})
_KNOWN_MAX = 64


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    terms: frozenset[str]
    opaque: frozenset[str]
    """Terms whose values are JSON for its own sake."""
    types: frozenset[str]
    """Types that the document itself names."""


def check_terms(document: JsonObject, *, claims: frozenset[str] = frozenset()) -> None:
    """Check that every name and type in a document is defined by its contexts.

    Args:
        document: Whose contexts are known (`did.credentials.contexts.check_contexts`).
        claims: Further names that are allowed at the top: registered claims of a token.

    Raises:
        CredentialError: A name or type that no context of the document defines, or a context
            within that is unknown.
    """
    shown = {name: value for name, value in document.items() if name not in claims}
    _check(shown, _Vocabulary(frozenset(), frozenset(), frozenset()))


def _check(value: Json, vocabulary: _Vocabulary) -> None:
    if isinstance(value, list):
        for item in value:
            _check(item, vocabulary)
    elif isinstance(value, dict) and not ("@value" in value and set(value) <= _LITERALS):
        if "@context" in value:
            vocabulary = _extend(vocabulary, value["@context"])
        for name, item in value.items():
            if name == "@context" or name in vocabulary.opaque:
                continue
            if name not in vocabulary.terms:
                raise CredentialError(f"the term {name[:100]} is defined by no context")
            if name == "type":
                _check_types(item, vocabulary)
            else:
                _check(item, vocabulary)


def _check_types(types: Json, vocabulary: _Vocabulary) -> None:
    for kind in types if isinstance(types, list) else [types]:
        known = vocabulary.terms | vocabulary.types
        if not isinstance(kind, str) or (kind not in known and ":" not in kind):
            raise CredentialError(f"the type {str(kind)[:100]} is defined by no context")


def _extend(vocabulary: _Vocabulary, context: Json) -> _Vocabulary:
    types = vocabulary.types | read_named_types(context)
    for url in context if isinstance(context, list) else [context]:
        if isinstance(url, str):
            found = _read_terms(url)
            vocabulary = _Vocabulary(
                vocabulary.terms | found.terms, vocabulary.opaque | found.opaque, types
            )
    return replace(vocabulary, types=types)


@lru_cache(maxsize=_KNOWN_MAX)
def _read_terms(url: str) -> _Vocabulary:
    terms: set[str] = set()
    opaque: set[str] = set()
    _collect(json.loads(get_context(url))["@context"], terms, opaque)
    return _Vocabulary(frozenset(terms), frozenset(opaque), frozenset())


def _collect(context: Json, terms: set[str], opaque: set[str]) -> None:
    for part in context if isinstance(context, list) else [context]:
        for name, definition in part.items() if isinstance(part, dict) else ():
            if name.startswith("@"):
                continue
            terms.add(name)
            if isinstance(definition, dict):
                if definition.get("@type") == "@json":
                    opaque.add(name)
                if "@context" in definition:
                    _collect(definition["@context"], terms, opaque)
