"""Logs of our own did:webvh: verified by our reader and by somebody else's."""

import json
from typing import Any

import pytest

from did.jcs import JsonObject
from did.keys import encode_multikey
from did.resolution.results import ResolutionError, Version
from did.resolution.webvh import read_log, resolve_log
from did.resolution.webvh_writing import (
    SCID_PLACEHOLDER,
    begin_log,
    extend_log,
    get_last_entry,
    get_log_did,
    is_committed,
)
from tests.did.foreign_peers import run_peer
from tests.did.resolution.webvh_logs import KEYS, NOW_S

FIRST_S, SECOND_S = 1_767_225_600, 1_767_312_000
"""The first two days of 2026: past for other verifiers too."""


def make_document(did: str, **changes: Any) -> JsonObject:
    return {
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": did,
        "assertionMethod": [f"{did}#assertion"],
        "verificationMethod": [
            {
                "id": f"{did}#assertion",
                "type": "Multikey",
                "controller": did,
                "publicKeyMultibase": encode_multikey(KEYS[7].public_key),
            }
        ],
        **changes,
    }


def begin(host: str = "a.example") -> bytes:
    """Key 0 signs, and commits to key 1."""
    return begin_log(
        make_document(f"did:webvh:{SCID_PLACEHOLDER}:{host}"),
        key=KEYS[0],
        next_key=KEYS[1].public_key,
        now_s=FIRST_S,
    )


def extend(data: bytes, *, key: int = 1, following: int = 2, now_s: int = SECOND_S) -> bytes:
    document = make_document(get_log_did(data).text, alsoKnownAs=["did:web:a.example"])
    return extend_log(
        data,
        document,
        key=KEYS[key],
        next_key=KEYS[following].public_key,
        now_s=now_s,
    )


def test_each_entry_goes_on_with_the_key_that_the_one_before_committed_to() -> None:
    """And both versions can be asked for."""
    data = extend(begin())
    did = get_log_did(data)
    log = read_log(did, data, now_s=NOW_S)

    latest = resolve_log(log)
    former = resolve_log(log, Version(version_id=log.entries[0].version_id))

    assert latest.document == make_document(did.text, alsoKnownAs=["did:web:a.example"])
    assert former.document == make_document(did.text)
    assert log.failure is None
    assert is_committed(get_last_entry(data, now_s=NOW_S), KEYS[2].public_key)
    assert not is_committed(get_last_entry(data, now_s=NOW_S), KEYS[1].public_key)


@pytest.mark.parametrize("key", [0, 3], ids=["used", "strange"])
def test_another_key_writes_nothing(key: int) -> None:
    """Not even the one that signed the entry before: it may be stolen by now."""
    with pytest.raises(ResolutionError, match="not committed to"):
        extend(begin(), key=key)


def test_a_host_that_nobody_finds_begins_no_log() -> None:
    """The method wants a name with its domain."""
    with pytest.raises(ResolutionError, match="domain"):
        begin("localhost")


@pytest.mark.parametrize("late_s", [0, -5])
def test_a_later_entry_is_later(late_s: int) -> None:
    """Readers refuse another order: one within the same second is of the next."""
    data = extend(begin(), now_s=FIRST_S + late_s)
    log = read_log(get_log_did(data), data, now_s=NOW_S)

    assert log.failure is None
    assert [int(entry.time.timestamp()) for entry in log.entries] == [FIRST_S, FIRST_S + 1]


@pytest.mark.parametrize("change", [b"a.example#assertion", b"Multikey"])
def test_a_damaged_log_is_not_gone_on_with(change: bytes) -> None:
    """It would never hold again."""
    data = extend(begin()).replace(change, change[:-1] + b"x", 1)

    with pytest.raises(ResolutionError):
        extend(data, key=2, following=3, now_s=NOW_S)


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"{}", b"[]", b'{"state":{"id":5}}', b"\xff", b"[" * 9_000]
)
def test_what_is_no_log_has_no_did(data: bytes) -> None:
    """It says so."""
    with pytest.raises(ResolutionError, match="no entry"):
        get_log_did(data)


def test_somebody_elses_verifier_agrees() -> None:
    """didwebvh-ts: what we wrote holds, and a changed entry does not."""
    data = extend(begin())
    log = [json.loads(line) for line in data.splitlines()]
    told = run_peer("resolve_did_webvh.mjs", log)
    log[1]["state"]["alsoKnownAs"] = []
    refused = run_peer("resolve_did_webvh.mjs", log)

    last = get_last_entry(data, now_s=NOW_S)
    assert (told["did"], told["version"]) == (get_log_did(data).text, last.version_id)
    assert told["error"] is None
    for name, value in last.state.items():
        assert told["doc"][name] == value  # beside services that it adds itself
    assert refused["error"]
