"""Witnesses of a did:webvh: who approved which version, and who did not."""

import json

import pytest

from did.resolution.results import ResolutionError
from did.resolution.webvh import Log, read_log, resolve_log
from did.resolution.webvh_witnesses import check_witnesses
from tests.did.resolution.webvh_logs import NOW_S, LogWriter, break_signature, multikey


def read_written(log: LogWriter) -> Log:
    """A log of our own writing, without its witnesses."""
    return read_log(log.did, log.data, now_s=NOW_S)


WITNESSES = {
    "threshold": 2,
    "witnesses": [{"id": f"did:key:{multikey(number)}"} for number in (5, 6, 7)],
}


def test_enough_witnesses_approve_every_entry() -> None:
    """A later approval counts for what came before."""
    log = LogWriter(witness=WITNESSES)
    log.add()
    read = read_written(log)
    proofs = [log.witness(0, 5), log.witness(1, 6, 7)]

    checked = check_witnesses(read, json.dumps(proofs).encode(), now_s=NOW_S)

    assert read.needs_witnesses
    assert resolve_log(checked).document_metadata["witness"]["threshold"] == "2"


def test_an_entry_without_enough_approvals_does_not_hold() -> None:
    """The first was approved, the second was not."""
    log = LogWriter(witness=WITNESSES)
    log.add()
    proofs = json.dumps([log.witness(0, 5, 6), log.witness(1, 7, 7)]).encode()

    checked = check_witnesses(read_written(log), proofs, now_s=NOW_S)

    assert len(checked.entries) == 1
    with pytest.raises(ResolutionError):
        resolve_log(checked)


def test_what_is_no_approval_counts_for_nothing() -> None:
    """Strangers, broken proofs, the same witness twice, versions that do not exist."""
    log = LogWriter(witness=WITNESSES)
    broken = log.witness(0, 6)
    broken["proof"] = [break_signature(broken["proof"][0]), {"type": "x"}, "x"]
    elsewhere = {**log.witness(0, 6, 7), "versionId": "2-x"}
    proofs = json.dumps([log.witness(0, 5, 5, 1), broken, elsewhere]).encode()

    with pytest.raises(ResolutionError, match="approval"):
        check_witnesses(read_written(log), proofs, now_s=NOW_S)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'[{"versionId": 1}]', b'[{"proof": []}]'])
def test_refuses_what_is_no_file_of_witnesses(data: bytes) -> None:
    """A list of versions with proofs."""
    log = LogWriter(witness=WITNESSES)

    with pytest.raises(ResolutionError):
        check_witnesses(read_written(log), data, now_s=NOW_S)


def test_witnesses_that_leave_approve_their_leaving() -> None:
    """An empty list takes effect after the entry that says so."""
    log = LogWriter(witness=WITNESSES)
    log.add(witness={})
    log.add()

    with pytest.raises(ResolutionError):
        approved = json.dumps([log.witness(0, 5, 6)]).encode()
        resolve_log(check_witnesses(read_written(log), approved, now_s=NOW_S))
    approved = json.dumps([log.witness(1, 5, 6)]).encode()
    assert resolve_log(check_witnesses(read_written(log), approved, now_s=NOW_S)).document
