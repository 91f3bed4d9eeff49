"""did:webvh: the history of a DID holds entry by entry, or it does not resolve."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.did_limits import WEBVH_ENTRIES_MAX
from config.limits import FETCH_BYTES_MAX
from did.resolution.results import LATEST, Problem, ResolutionError, Version
from did.resolution.syntax import Did, parse_did
from did.resolution.webvh import Log, read_log, resolve_log
from did.resolution.webvh_witnesses import check_witnesses
from tests.did.resolution.webvh_logs import NOW_S, LogWriter, break_signature, hash_key, multikey

VECTORS = Path(__file__).parents[2] / "vectors" / "did_webvh"
SUITE = sorted(path.parent for path in VECTORS.rglob("resolutionResult.json"))
AGAINST_THE_TEXT = "witness-update"
"""Its second entry replaces two witnesses by one and is approved by the new one alone; the
specification has the old ones approve it."""


def read(folder: Path, did: Did, *, now_s: int = NOW_S) -> Log:
    """A vector's log, its witnesses checked."""
    log = read_log(did, (folder / "did.jsonl").read_bytes(), now_s=now_s)
    if log.needs_witnesses:
        log = check_witnesses(log, (folder / "did-witness.json").read_bytes(), now_s=now_s)
    return log


def read_written(log: LogWriter, *, now_s: int = NOW_S) -> Log:
    """A log of our own writing, without its witnesses."""
    return read_log(log.did, log.data, now_s=now_s)


def check_refused(log: LogWriter) -> None:
    """The log does not hold, so the DID does not resolve."""
    with pytest.raises(ResolutionError) as caught:
        resolve_log(read_written(log))

    assert caught.value.problem is Problem.INVALID_DID


@pytest.mark.parametrize(
    "folder", [path for path in SUITE if path.name != AGAINST_THE_TEXT], ids=lambda path: path.name
)
def test_the_test_suites_logs_resolve_as_it_says(folder: Path) -> None:
    """Published vectors: documents but for the implicit services, and metadata."""
    for path in folder.glob("resolutionResult*.json"):
        expected = json.loads(path.read_bytes())
        document, metadata = expected["didDocument"], expected["didDocumentMetadata"]
        is_over = metadata.get("deactivated", False)
        number = path.name.split(".")[1]
        version = Version(version_id=metadata["versionId"]) if number.isdecimal() else LATEST

        resolution = resolve_log(read(folder, parse_did(document["id"])), version)

        assert (
            metadata.items()
            >= {
                name: resolution.document_metadata[name]
                for name in ("created", "updated", "versionId", "versionTime")
            }.items()
        )
        assert resolution.is_deactivated is is_over
        if is_over:
            assert resolution.document is None
            continue
        assert resolution.document is not None
        services = document.pop("service")  # their list ends with the method's implicit ones
        own = resolution.document.pop("service", [])
        assert resolution.document == document
        assert services[: len(own)] == own


def test_an_entry_is_approved_by_the_witnesses_before_it() -> None:
    """Where the test suite and the specification differ, the stricter text holds."""
    folder = VECTORS / AGAINST_THE_TEXT
    expected = json.loads((folder / "resolutionResult.json").read_bytes())
    log = read(folder, parse_did(expected["didDocument"]["id"]))

    with pytest.raises(ResolutionError, match="approval"):
        resolve_log(log)
    first = resolve_log(log, Version(version_id=log.entries[0].version_id))

    assert first.document is not None


def test_a_long_log_of_another_implementation_resolves() -> None:
    """Rotations with commitments, changing witnesses and a move through 120 versions."""
    lines = (VECTORS / "history" / "did.jsonl").read_text().splitlines()
    last = json.loads(lines[-1])

    log = read(VECTORS / "history", parse_did(last["state"]["id"]))
    resolution = resolve_log(log, Version(version_id=last["versionId"]))

    assert len(log.entries) == len(lines)
    assert resolution.document == last["state"]


def test_a_version_is_found_by_its_id_and_by_a_time() -> None:
    """The version that held then; none before the first."""
    log = LogWriter()
    log.add()
    log.add()
    read = read_written(log)
    day_s = 86_400
    first_s = int(read.entries[0].time.timestamp())

    for place, entry in enumerate(log.entries):
        by_id = resolve_log(read, Version(version_id=entry["versionId"]))
        by_time = resolve_log(read, Version(time_s=first_s + place * day_s + 1))
        assert by_id == by_time
        assert by_id.document == entry["state"]
    for version in (Version(version_id="4-x"), Version(time_s=first_s - 1)):
        with pytest.raises(ResolutionError) as caught:
            resolve_log(read, version)
        assert caught.value.problem is Problem.NOT_FOUND


def test_versions_before_a_broken_entry_can_be_asked_for() -> None:
    """By id always; by a time only if a later good entry shows that it had ended by then."""
    log = LogWriter()
    log.add()
    log.add(signer=5)
    read = read_written(log)
    ids = [entry.version_id for entry in read.entries]

    assert len(ids) == 2
    for version_id in ids:
        assert resolve_log(read, Version(version_id=version_id)).document is not None
    first_s = int(read.entries[0].time.timestamp())
    assert resolve_log(read, Version(time_s=first_s)).document is not None
    for version in (LATEST, Version(time_s=first_s + 10 * 86_400), Version(version_id="3-x")):
        with pytest.raises(ResolutionError) as caught:
            resolve_log(read, version)
        assert caught.value.problem is Problem.INVALID_DID


def test_keys_rotate_with_the_entry_after() -> None:
    """A new key writes from the next entry on, and the old one no more."""
    log = LogWriter()
    log.add(updateKeys=[multikey(1)])
    log.add(signer=1)

    assert resolve_log(read_written(log)).document_metadata["versionId"].startswith("3-")
    log.add(signer=0)
    check_refused(log)


def test_a_new_key_does_not_introduce_itself() -> None:
    """The entry that names it is signed by the one before."""
    log = LogWriter()
    log.add(signer=1, updateKeys=[multikey(1)])

    check_refused(log)


def test_keys_that_were_committed_to_take_over_at_once() -> None:
    """Pre-rotation; an empty list of hashes ends it after the entry."""
    log = LogWriter(nextKeyHashes=[hash_key(1)])
    log.add(signer=1, updateKeys=[multikey(1)], nextKeyHashes=[hash_key(2), hash_key(3)])
    log.add(signer=2, updateKeys=[multikey(2)], nextKeyHashes=[])
    log.add(signer=2)

    assert resolve_log(read_written(log)).document is not None


@pytest.mark.parametrize(
    "entry",
    [
        {"signer": 0},
        {"signer": 0, "updateKeys": [multikey(0)], "nextKeyHashes": []},
        {"signer": 1, "updateKeys": [multikey(1)]},
        {"signer": 1, "nextKeyHashes": []},
        {"signer": 1, "updateKeys": [multikey(1), multikey(4)], "nextKeyHashes": []},
        {"signer": 0, "updateKeys": [multikey(1)], "nextKeyHashes": []},
    ],
)
def test_a_stolen_current_key_does_not_rotate(entry: dict[str, Any]) -> None:
    """Every key after a commitment is one of those committed to, and signs itself."""
    log = LogWriter(nextKeyHashes=[hash_key(1)])
    log.add(**entry)

    check_refused(log)


def test_an_ended_did_has_no_document_but_a_past() -> None:
    """Deactivated: earlier versions only, and nothing after the end."""
    log = LogWriter()
    log.add(deactivated=True)
    read = read_written(log)

    assert resolve_log(read).document is None
    assert resolve_log(read).is_deactivated
    earlier = resolve_log(read, Version(version_id=read.entries[0].version_id))
    assert earlier.document is not None
    assert earlier.is_deactivated
    log.add()
    check_refused(log)


def test_a_portable_did_moves_and_says_from_where() -> None:
    """Both names resolve; what holds is named."""
    log = LogWriter(portable=True)
    moved = f"did:webvh:{log.scid}:b.example"
    log.add(state={"id": moved, "alsoKnownAs": [log.did.text]})

    assert resolve_log(read_log(parse_did(moved), log.data, now_s=NOW_S)).document is not None
    assert resolve_log(read_written(log)).document_metadata["canonicalId"] == moved
    with pytest.raises(ResolutionError):
        read_log(parse_did(f"did:webvh:{log.scid}:c.example"), log.data, now_s=NOW_S)


@pytest.mark.parametrize(
    ("is_portable", "state"),
    [
        (
            False,
            {"id": "did:webvh:{SCID}:b.example", "alsoKnownAs": ["did:webvh:{SCID}:a.example"]},
        ),
        (True, {"id": "did:webvh:{SCID}:b.example"}),
        (True, {"id": "did:webvh:{SCID}:b.example", "alsoKnownAs": "did:webvh:{SCID}:a.example"}),
        (True, {"id": f"did:webvh:{hash_key(1)}:a.example"}),
        (True, {"id": "did:web:a.example"}),
        (True, {"id": 1}),
    ],
)
def test_refuses_moves_that_are_not_allowed(is_portable: bool, state: dict[str, Any]) -> None:
    """Not portable, silent about where from, or another SCID."""
    log = LogWriter(portable=is_portable)
    log.add(state=json.loads(json.dumps(state).replace("{SCID}", log.scid)))

    check_refused(log)


def change(**values: Any) -> Callable[[list[dict[str, Any]]], None]:
    """Put values into the last entry, without signing it anew."""
    return lambda entries: entries[-1].update(values)


@pytest.mark.parametrize(
    "tamper",
    [
        change(versionTime="2026-01-02T00:00:01Z"),
        change(versionId="2-QmPFhMuZH9gjY2JZgyyrgRuFTywQ4mDhoKGVoGE8uy7hFD"),
        change(versionId="3-x"),
        change(versionId=2),
        change(state={"id": "x"}),
        change(state=[]),
        change(parameters={"ttl": 1}),
        change(parameters=None),
        change(proof=[]),
        change(proof={}),
        change(extra=1),
        lambda entries: entries[-1]["proof"][0].update(cryptosuite="eddsa-rdfc-2022"),
        lambda entries: entries[-1]["proof"][0].update(proofPurpose="authentication"),
        lambda entries: entries[-1].update(proof=[break_signature(entries[-1]["proof"][0])]),
        lambda entries: entries[-1]["proof"].append(break_signature(entries[-1]["proof"][0])),
        lambda entries: entries[-1]["proof"][0].update(
            verificationMethod=f"did:key:{multikey(0)}#{multikey(1)}"
        ),
        lambda entries: entries[-1]["proof"][0].update(verificationMethod="#x"),
        lambda entries: entries[-1]["proof"][0].update(verificationMethod="did:key:zx#zx"),
        lambda entries: entries.pop(0),
        lambda entries: entries.append(entries[-1]),
        lambda entries: entries.reverse(),
    ],
)
def test_refuses_a_log_that_was_tampered_with(
    tamper: Callable[[list[dict[str, Any]]], None],
) -> None:
    """Every byte of an entry is in its hash or its signature, and entries are chained."""
    log = LogWriter()
    log.add()
    did = log.did
    tamper(log.entries)

    with pytest.raises(ResolutionError):
        resolve_log(read_log(did, log.data, now_s=NOW_S))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)


def list_places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place within a JSON value, by its path."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return [path] * bool(path) + [
        place
        for key, inner in (items if isinstance(value, dict | list) else ())
        for place in (
            list_places(inner, (*path, key)) if isinstance(inner, dict | list) else [(*path, key)]
        )
    ]


@given(data=st.data())
def test_whatever_is_put_anywhere_into_a_log_is_found(data: st.DataObject) -> None:
    """One value of one entry is another one: a refusal, never a document and never a defect."""
    log = LogWriter(nextKeyHashes=[hash_key(1)], ttl=9)
    log.add(signer=1, updateKeys=[multikey(1)], nextKeyHashes=[])
    did = log.did
    *way, last = data.draw(st.sampled_from(list_places(log.entries)))
    target: Any = log.entries
    for key in way:
        target = target[key]
    value = data.draw(JSON.filter(lambda value: value != target[last]))
    target[last] = value

    with pytest.raises(ResolutionError):
        resolve_log(read_log(did, log.data, now_s=NOW_S))


@pytest.mark.parametrize(
    "parameters",
    [
        {"method": "did:webvh:1.1"},
        {"method": "did:tdw:0.5"},
        {"scid": hash_key(1)},
        {"portable": True},
        {"portable": "no"},
        {"updateKeys": "z"},
        {"updateKeys": ["z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F"]},
        {"updateKeys": [multikey(1)] * 33},
        {"nextKeyHashes": ["x"]},
        {"ttl": -1},
        {"ttl": 1.5},
        {"ttl": True},
        {"witness": []},
        {"witness": {"threshold": 1}},
        {"witness": {"threshold": 2, "witnesses": [{"id": f"did:key:{multikey(1)}"}]}},
        {"witness": {"threshold": 0, "witnesses": [{"id": f"did:key:{multikey(1)}"}]}},
        {"witness": {"threshold": 1, "witnesses": [{"id": f"did:key:{multikey(1)}"}] * 2}},
        {"witness": {"threshold": 1, "witnesses": [{"id": "did:web:a.example"}]}},
        {"witness": {"threshold": 1, "witnesses": ["x"]}},
        {"surprise": 1},
    ],
)
def test_refuses_parameters_that_the_method_does_not_have(parameters: dict[str, Any]) -> None:
    """Signed or not: what is not understood could change what an entry means."""
    log = LogWriter()
    log.add(**parameters)

    check_refused(log)


def test_null_means_as_by_default() -> None:
    """As early implementations wrote it, and are to be read."""
    log = LogWriter(witness=None, nextKeyHashes=None, ttl=None)

    assert resolve_log(read_written(log)).document_metadata["ttl"] == "3600"


@pytest.mark.parametrize(
    "time",
    [
        "2026-01-01T00:00:00Z",
        "2025-12-31T00:00:00Z",
        "2026-01-02T00:00:00",
        "x",
        "2999-01-01T00:00:00Z",
    ],
)
def test_refuses_times_that_stand_still_or_run_ahead(time: str) -> None:
    """Each entry is later than the one before, in UTC, and not of the future."""
    log = LogWriter()
    log.add(time=time)

    check_refused(log)


def test_a_scid_is_of_its_first_entry() -> None:
    """Another first entry is another DID."""
    log, other = LogWriter(), LogWriter(host="b.example")

    with pytest.raises(ResolutionError):
        read_log(log.did, other.data, now_s=NOW_S)


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"{}", b"[]", b"x" * (FETCH_BYTES_MAX + 1), b"{}\n" * (WEBVH_ENTRIES_MAX + 1)],
)
def test_refuses_what_is_no_log(data: bytes) -> None:
    """Empty, malformed, or longer than is read."""
    with pytest.raises(ResolutionError) as caught:
        read_log(LogWriter().did, data, now_s=NOW_S)

    assert caught.value.problem is Problem.INVALID_DID
