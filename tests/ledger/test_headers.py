"""Header and commit bytes, against what real engines signed."""

import copy
import json
from pathlib import Path

import pytest

from ledger.headers import (
    HeaderFormatError,
    compute_validators_hash,
    compute_vote_sign_bytes,
    parse_base64,
    parse_commit,
    parse_header,
    parse_integer,
    parse_time_ns,
)
from ledger.trust import compute_trust_bundle

VECTOR = json.loads((Path(__file__).parent.parent / "vectors" / "signed_headers.json").read_text())
TRUST = compute_trust_bundle(VECTOR["genesis"].encode())


@pytest.mark.parametrize("index", range(4))
def test_a_header_hashes_to_the_block_id_that_the_engine_reports(index: int) -> None:
    """The first header has no predecessor, so its block id's empty parts are hashed too."""
    value = VECTOR["signed_headers"][index]

    header_hash = parse_header(value["header"]).compute_hash()

    assert header_hash.hex().upper() == value["commit"]["block_id"]["hash"]


def test_validators_hash_to_what_the_header_says() -> None:
    """In the engine's order, whatever order they are given in."""
    value = VECTOR["signed_headers"][0]["header"]

    validators_hash = compute_validators_hash(tuple(reversed(TRUST.validators)))

    assert validators_hash.hex().upper() == value["validators_hash"]


def test_sign_bytes_carry_their_length_however_long_the_chains_id_is() -> None:
    """Beyond 127 bytes the length takes two: the longest chain id gets there."""
    commit = parse_commit(VECTOR["signed_headers"][1]["commit"])

    short = compute_vote_sign_bytes(commit, 0, chain_id="a")
    long = compute_vote_sign_bytes(commit, 0, chain_id="a" * 50)

    assert short[0] == len(short) - 1 < 128
    assert (long[0] & 0x7F) + (long[1] << 7) == len(long) - 2 > 127


def test_reads_times_to_the_nanosecond() -> None:
    """Header times are signed, so no digit may be lost."""
    assert parse_time_ns("1970-01-01T00:00:01.000000002Z") == 1_000_000_002
    assert parse_time_ns("2026-11-24T04:43:43.79Z") % 1_000_000_000 == 790_000_000


@pytest.mark.parametrize(
    "text",
    [
        "1970-01-01T00:00:01.10Z",
        "1970-01-01T00:00:01.Z",
        "1970-01-01T00:00:01",
        "1970-01-01T00:00:01+00:00",
        "1970-02-30T00:00:01Z",
        "1970-01-01T00:00:61Z",
        "1969-12-31T23:59:59Z",
        "١970-01-01T00:00:01Z",
        7,
    ],
)
def test_refuses_other_spellings_of_a_time(text: object) -> None:
    """One moment has one accepted spelling."""
    with pytest.raises(HeaderFormatError):
        parse_time_ns(text)


@pytest.mark.parametrize("value", ["01", "-1", "", "1.0", 1, "9223372036854775808", "٣"])
def test_refuses_other_spellings_of_a_number(value: object) -> None:
    """One number has one accepted spelling."""
    with pytest.raises(HeaderFormatError):
        parse_integer(value)


@pytest.mark.parametrize("value", ["AB==", "A", "AA", "AA==\n", None, "é"])
def test_refuses_other_spellings_of_base64(value: object) -> None:
    """Stray trailing bits would make two signatures of one."""
    with pytest.raises(HeaderFormatError):
        parse_base64(value)


def test_refuses_a_missing_an_added_and_a_malformed_field() -> None:
    """What is not covered by a hash or signature may not travel along."""
    for path in (("header",), ("header", "version"), ("commit",), ("commit", "block_id")):
        added = copy.deepcopy(VECTOR["signed_headers"][1])
        missing = copy.deepcopy(VECTOR["signed_headers"][1])
        _descend(added, path)["note"] = "x"
        _descend(missing, path).clear()
        for value in (added, missing):
            with pytest.raises(HeaderFormatError):
                parse_header(value["header"])
                parse_commit(value["commit"])


def test_refuses_a_header_with_a_field_left_empty_cut_or_spelled_in_two_ways() -> None:
    """The engine leaves an application version of zero out."""
    header = VECTOR["signed_headers"][1]["header"]

    assert parse_header(header | {"version": {"block": "11"}}).version_app == 0
    with pytest.raises(HeaderFormatError, match="left out"):
        parse_header(header | {"version": {"block": "11", "app": "0"}})
    with pytest.raises(HeaderFormatError, match="is not 32 bytes"):
        parse_header(header | {"data_hash": "00" * 31})
    with pytest.raises(HeaderFormatError, match="proposer"):
        parse_header(header | {"proposer_address": ""})


def test_refuses_a_commit_without_or_with_too_many_signatures() -> None:
    """The number of validators is bounded."""
    for entries in ([], [VECTOR["signed_headers"][1]["commit"]["signatures"][0]] * 65, None):
        value = copy.deepcopy(VECTOR["signed_headers"][1])
        value["commit"]["signatures"] = entries
        with pytest.raises(HeaderFormatError):
            parse_commit(value["commit"])


def _descend(value: dict[str, object], path: tuple[str, ...]) -> dict[str, object]:
    for name in path:
        inner = value[name]
        assert isinstance(inner, dict)
        value = inner
    return value
