"""The shape of credentials and presentations, before anybody's signature is looked at.

Source: W3C Verifiable Credentials Data Model v2.0 §4.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from config.limits import INNER_CREDENTIALS_MAX, URL_CHARACTERS_MAX
from did.credentials.contexts import check_contexts
from did.credentials.refusals import CredentialError
from did.jcs import Json, JsonObject
from did.proofs import ProofError, parse_proof_date

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.ASCII)
_SUBJECTS_MAX = 32
_ENTRIES_MAX = 32
_TYPED = ("credentialStatus", "termsOfUse", "evidence", "refreshService", "confidenceMethod")
"""Objects that say their type (§4.10, §5.4 to §5.6)."""
_LANGUAGE_KEYS = frozenset({"@value", "@language", "@direction"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a credential says, read and not yet checked."""

    document: JsonObject
    """As it came, with its proofs."""
    issuer: str
    """URL; a DID, if anybody is to check it."""
    types: frozenset[str]
    subjects: tuple[JsonObject, ...]
    statuses: tuple[JsonObject, ...]
    valid_from: datetime | None
    valid_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """What a presentation says, read and not yet checked."""

    document: JsonObject
    holder: str | None
    credentials: tuple[JsonObject, ...]
    """Each with its own proof, or enveloping one that is secured by JOSE."""


def read_credential(document: JsonObject) -> Credential:
    """Read a credential.

    Raises:
        CredentialError: A required member is missing, or any is malformed.
    """
    check_contexts(document.get("@context"))
    types = _read_types(document, required="VerifiableCredential")
    _check_optional_url(document, "id")
    subjects = _read_objects(document, "credentialSubject", count_max=_SUBJECTS_MAX)
    if not subjects or not all(subjects):
        raise CredentialError("a credential says something about at least one credentialSubject")
    for subject in subjects:
        _check_optional_url(subject, "id")
    begins, ends = (_read_date(document, name) for name in ("validFrom", "validUntil"))
    if begins is not None and ends is not None and begins > ends:
        raise CredentialError("validUntil lies before validFrom")
    for name in _TYPED:
        for entry in _read_objects(document, name, count_max=_ENTRIES_MAX):
            _read_types(entry)
            _check_optional_url(entry, "id")
    for schema in _read_objects(document, "credentialSchema", count_max=_ENTRIES_MAX):
        _read_types(schema)
        _read_url(schema.get("id"), name="credentialSchema.id")
    _check_related(document)
    issuer = document.get("issuer")
    for holder_of_text in (document, issuer if isinstance(issuer, dict) else {}):
        for name in ("name", "description"):
            _check_text(holder_of_text, name)
    return Credential(
        document=document,
        issuer=_read_party(issuer, name="issuer"),
        types=types,
        subjects=subjects,
        statuses=_read_objects(document, "credentialStatus", count_max=_ENTRIES_MAX),
        valid_from=begins,
        valid_until=ends,
    )


def read_presentation(document: JsonObject) -> Presentation:
    """Read a presentation; the credentials in it are not looked into.

    Raises:
        CredentialError: A required member is missing, or any is malformed.
    """
    check_contexts(document.get("@context"))
    _read_types(document, required="VerifiablePresentation")
    _check_optional_url(document, "id")
    holder = document.get("holder")
    return Presentation(
        document=document,
        holder=None if holder is None else _read_party(holder, name="holder"),
        credentials=_read_objects(
            document, "verifiableCredential", count_max=INNER_CREDENTIALS_MAX
        ),
    )


def _read_party(value: Json, *, name: str) -> str:
    return _read_url(value.get("id") if isinstance(value, dict) else value, name=name)


def _read_url(value: Json, *, name: str) -> str:
    if not isinstance(value, str) or len(value) > URL_CHARACTERS_MAX or not _URL.fullmatch(value):
        raise CredentialError(f"{name} is an absolute URL")
    return value


def _check_optional_url(value: JsonObject, name: str) -> None:
    if name in value:
        _read_url(value[name], name=name)


def _read_types(value: JsonObject, *, required: str | None = None) -> frozenset[str]:
    types = value.get("type")
    found = types if isinstance(types, list) else [types]
    if not found or len(found) > _ENTRIES_MAX or not all(isinstance(t, str) and t for t in found):
        raise CredentialError("type is a name or a list of names")
    if required is not None and required not in found:
        raise CredentialError(f"type contains {required}")
    return frozenset(found)


def _read_objects(value: JsonObject, name: str, *, count_max: int) -> tuple[JsonObject, ...]:
    if name not in value:
        return ()
    entry = value[name]
    entries = entry if isinstance(entry, list) else [entry]
    if len(entries) > count_max or not all(isinstance(item, dict) for item in entries):
        raise CredentialError(f"{name} is an object, or a list of at most {count_max}")
    return tuple(entries)


def _read_date(value: JsonObject, name: str) -> datetime | None:
    if name not in value:
        return None
    try:
        return parse_proof_date(value[name])
    except ProofError as error:
        raise CredentialError(f"{name}: {error.reason}") from error


def _check_related(document: JsonObject) -> None:
    seen: set[str] = set()
    for entry in _read_objects(document, "relatedResource", count_max=_ENTRIES_MAX):
        url = _read_url(entry.get("id"), name="relatedResource.id")
        if url in seen:
            raise CredentialError("a related resource is named twice")
        seen.add(url)
        if not any(isinstance(entry.get(n), str) for n in ("digestSRI", "digestMultibase")):
            raise CredentialError("a related resource has a digestSRI or a digestMultibase")


def _check_text(value: Mapping[str, Json], name: str) -> None:
    """A text, or the same in several languages (§11.1)."""
    if name not in value:
        return
    given = value[name]
    for text in given if isinstance(given, list) and given else [given]:
        if isinstance(text, str):
            continue
        if not (isinstance(text, dict) and "@value" in text and set(text) <= _LANGUAGE_KEYS):
            raise CredentialError(f"{name} is a text, or objects with @value and @language")
        if not all(isinstance(item, str) for item in text.values()):
            raise CredentialError(f"{name} is a text, or objects with @value and @language")
