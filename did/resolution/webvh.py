"""did:webvh 1.0: a DID on a web server whose whole history is signed and chained.

`read_log` verifies every entry from the first on and stops at the first that does not hold:
versions before it can still be asked for by their id, the DID itself cannot. Entries that need
witnesses do not hold before `check_witnesses` (`did.resolution.webvh_witnesses`) has seen
their proofs. Never fetches, and never trusts where the log was found.

Source: did:webvh 1.0, "Read (Resolve)", "SCID Generation", "Entry Hash", "DID Portability".
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime

from config.did_limits import DID_FRESH_S_MAX, WEBVH_ENTRIES_MAX
from config.errors import RefusedError
from config.limits import CLOCK_SKEW_S_MAX, FETCH_BYTES_MAX
from did.jcs import JsonObject, canonicalize, parse_json_object
from did.keys import KeyFormatError, decode_multikey
from did.proofs import check_proof, get_proofs
from did.resolution.locations import get_scid
from did.resolution.results import (
    LATEST,
    Problem,
    Resolution,
    ResolutionError,
    Version,
    parse_utc,
)
from did.resolution.syntax import Did, parse_did
from did.resolution.webvh_parameters import (
    Parameters,
    Witnesses,
    apply_parameters,
    compute_multihash,
    refuse,
)

_VERSION_ID = re.compile(r"(?P<number>[1-9][0-9]{0,8})-(?P<hash>[1-9A-HJ-NP-Za-km-z]{46})")
_PLACEHOLDER = "{SCID}"
_FIELDS = {"versionId", "versionTime", "parameters", "state", "proof"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A version that was verified."""

    version_id: str
    time: datetime
    time_text: str
    """As the log has it."""
    state: JsonObject
    """The DID document."""
    parameters: Parameters
    """What holds after it."""
    witnesses: Witnesses | None
    """Who must have approved it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log, as far as it holds."""

    did: Did
    entries: tuple[Entry, ...]
    failure: ResolutionError | None = None
    """Why the entries after these do not hold; None: there are none."""

    @property
    def needs_witnesses(self) -> bool:
        """Whether witnesses' proofs must be checked before the entries count."""
        return any(entry.witnesses is not None for entry in self.entries)


def read_log(did: Did, data: bytes, *, now_s: int) -> Log:
    """Verify a log, all but what witnesses say.

    Args:
        did: Which was asked for.
        data: did.jsonl, one entry a line.
        now_s: Unix seconds.

    Raises:
        ResolutionError: invalidDid: empty, too long, or none of its documents is the DID's.
    """
    if len(data) > FETCH_BYTES_MAX:
        raise refuse(f"it is longer than {FETCH_BYTES_MAX} bytes")
    lines = data.removesuffix(b"\n").split(b"\n")
    if len(lines) > WEBVH_ENTRIES_MAX:
        raise refuse(f"it has more than {WEBVH_ENTRIES_MAX} entries")
    entries: list[Entry] = []
    failure = None
    for line in lines:
        try:
            previous = entries[-1] if entries else None
            entries.append(_read_entry(line, did=did, previous=previous, now_s=now_s))
        except ResolutionError as error:
            failure = error
            break
        except RefusedError as error:
            failure = refuse(error.reason)
            break
    if failure and not entries:
        raise failure
    if not any(entry.state["id"] == did.text for entry in entries):
        raise refuse("none of its documents is this DID's")
    return Log(did=did, entries=tuple(entries), failure=failure)


def resolve_log(log: Log, version: Version = LATEST) -> Resolution:
    """Find the version that is asked for; witnesses must have been checked.

    Raises:
        ResolutionError: invalidDid: the log does not hold that far; notFound: no such version.
    """
    found = _find(log, version)
    first, last = log.entries[0], log.entries[-1]
    parameters = last.parameters
    metadata: JsonObject = {
        "versionId": found.version_id,
        "versionTime": found.time_text,
        "created": first.time_text,
        "updated": found.time_text,
        "scid": parameters.scid,
        "portable": parameters.is_portable,
        "deactivated": parameters.is_deactivated,
        "ttl": str(parameters.ttl_s),
    }
    if last.state["id"] != log.did.text:
        metadata["canonicalId"] = last.state["id"]
    if parameters.witnesses is not None:
        metadata["witness"] = {
            "threshold": str(parameters.witnesses.threshold),
            "witnesses": [{"id": did} for did in parameters.witnesses.dids],
        }
    if parameters.watchers:
        metadata["watchers"] = list(parameters.watchers)
    is_over = version.is_latest and parameters.is_deactivated
    return Resolution(
        document=None if is_over else found.state,
        document_metadata=metadata,
        fresh_s=min(parameters.ttl_s, DID_FRESH_S_MAX),
    )


def _find(log: Log, version: Version) -> Entry:
    entries = log.entries
    if version.version_id is not None:
        found = [entry for entry in entries if entry.version_id == version.version_id]
    elif version.time_s is not None:
        found = [entry for entry in entries if entry.time.timestamp() <= version.time_s]
        if found and found[-1] is entries[-1] and log.failure:
            raise log.failure  # who knows until when it held
    else:
        found = [] if log.failure else [entries[-1]]
    if not found:
        raise log.failure or ResolutionError(Problem.NOT_FOUND, "the DID has no such version")
    return found[-1]


def _read_entry(line: bytes, *, did: Did, previous: Entry | None, now_s: int) -> Entry:
    entry = parse_json_object(line, bytes_max=FETCH_BYTES_MAX)
    if set(entry) != _FIELDS or not isinstance(entry["state"], dict):
        raise refuse("an entry has versionId, versionTime, parameters, state and proof")
    before = previous.parameters if previous else None
    parameters = apply_parameters(before, entry["parameters"])
    unsigned = {name: value for name, value in entry.items() if name != "proof"}
    if previous is None:
        _check_scid(unsigned, scid=parameters.scid, did=did)
    _check_version_id(unsigned, previous=previous, scid=parameters.scid)
    # Keys take effect after the entry that names them, unless they were committed to before it.
    authorized = before.update_keys if before and not before.next_key_hashes else None
    _check_proofs(
        entry, keys=parameters.update_keys if authorized is None else authorized, now_s=now_s
    )
    time = _read_time(entry["versionTime"], previous=previous, now_s=now_s)
    _check_state(entry["state"], parameters=parameters, previous=previous)
    return Entry(
        version_id=entry["versionId"],
        time=time,
        time_text=entry["versionTime"],
        state=entry["state"],
        parameters=parameters,
        witnesses=(before.witnesses if before else None) or parameters.witnesses,
    )


def _check_scid(unsigned: JsonObject, *, scid: str, did: Did) -> None:
    text = canonicalize({**unsigned, "versionId": _PLACEHOLDER}).decode()
    preliminary = json.loads(text.replace(scid, _PLACEHOLDER))
    if scid != get_scid(did) or compute_multihash(canonicalize(preliminary)) != scid:
        raise refuse("the SCID is not that of its first entry")


def _check_version_id(unsigned: JsonObject, *, previous: Entry | None, scid: str) -> None:
    text = unsigned["versionId"]
    found = _VERSION_ID.fullmatch(text) if isinstance(text, str) else None
    number = int(previous.version_id.partition("-")[0]) + 1 if previous else 1
    if found is None or int(found["number"]) != number:
        raise refuse("versions are numbered from 1 on without gaps")
    chained = {**unsigned, "versionId": previous.version_id if previous else scid}
    if compute_multihash(canonicalize(chained)) != found["hash"]:
        raise refuse("an entry is not the one that its hash names")


def _check_proofs(entry: JsonObject, *, keys: tuple[str, ...], now_s: int) -> None:
    proofs = get_proofs(entry)
    if not proofs:
        raise refuse("an entry is not signed")
    for proof in proofs:
        key = read_proof_key(proof)
        if key not in keys:
            raise refuse("an entry is signed by a key that may not write it")
        check_proof({**entry, "proof": proof}, public_key=decode_multikey(key), now_s=now_s)


def read_proof_key(proof: JsonObject) -> str:
    """The Multikey that a proof says signed: of `did:key:M#M`, where both M are the same.

    Raises:
        ResolutionError: invalidDid: the method is of another form.
    """
    method = proof.get("verificationMethod")
    body, _, fragment = method.partition("#") if isinstance(method, str) else ("", "", "")
    if body != f"did:key:{fragment}":
        raise refuse("a proof's method is a did:key with its own fragment")
    try:
        decode_multikey(fragment)
    except KeyFormatError as error:
        raise refuse("a proof's key is no Ed25519 Multikey") from error
    return fragment


def _read_time(text: object, *, previous: Entry | None, now_s: int) -> datetime:
    time = parse_utc(text)
    if time is None:
        raise refuse("a versionTime reads like 2026-11-20T10:00:00Z")
    if previous and time <= previous.time:
        raise refuse("an entry is not later than the one before it")
    if time.timestamp() > now_s + CLOCK_SKEW_S_MAX:
        raise refuse("an entry is of the future")
    return time


def _check_state(state: JsonObject, *, parameters: Parameters, previous: Entry | None) -> None:
    name = state.get("id")
    did = parse_did(name) if isinstance(name, str) else None
    if did is None or did.method != "webvh" or get_scid(did) != parameters.scid:
        raise refuse("a document's id is no did:webvh with this SCID")
    if previous is None or name == previous.state["id"]:
        return
    known_as = state.get("alsoKnownAs")
    if not parameters.is_portable:
        raise refuse("a DID moved that is not portable")
    if not isinstance(known_as, list) or previous.state["id"] not in known_as:
        raise refuse("a DID moved and does not say from where (alsoKnownAs)")
