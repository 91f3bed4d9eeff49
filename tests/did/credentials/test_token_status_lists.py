"""Token status lists: what wallets ask about an SD-JWT VC."""

import base64
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import STATUS_LIST_ENTRIES, STATUS_LIST_ENTRIES_MAX
from did.credentials.compact import sign_compact
from did.credentials.refusals import CredentialError
from did.credentials.sd_jwt_vc import parse_sd_jwt_vc
from did.credentials.token_status_lists import (
    TokenStatus,
    TokenStatusList,
    check_token_status,
    check_token_status_list,
    issue_token_status_list,
    read_token_reference,
    render_token_reference,
)
from tests.did.credentials.parties import ISSUER, NOW_S, OTHER, did_of, method_of, resolve
from tests.did.credentials.test_sd_jwt_vc import issue

URL = "https://a.example/credentials/status/1-token"


def sign(statuses: Any = None, **changes: Any) -> str:
    arguments: dict[str, Any] = {
        "url": URL,
        "issuer": did_of(ISSUER),
        "key": ISSUER,
        "verification_method": method_of(ISSUER),
        "now_s": NOW_S,
        "valid_s": 900,
        **changes,
    }
    return issue_token_status_list(statuses or {}, **arguments)


def read(token: str, **changes: Any) -> TokenStatusList:
    arguments: dict[str, Any] = {
        "url": URL,
        "issuer": did_of(ISSUER),
        "document": resolve(did_of(ISSUER)),
        "now_s": NOW_S,
        **changes,
    }
    return check_token_status_list(token, **arguments)


def pack(data: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(data)).rstrip(b"=").decode()


def forge(**value: Any) -> str:
    claims = {"sub": URL, "iat": NOW_S, "status_list": value}
    return sign_compact(claims, key=ISSUER, typ="statuslist+jwt", kid=method_of(ISSUER))


def test_the_example_of_the_draft_is_read() -> None:
    """Token Status List §4: bytes b9 a3 are the statuses 1 0 0 1 1 1 0 1 1 1 0 0 0 1 0 1."""
    found = read(forge(bits=1, lst=pack(bytes.fromhex("b9a3"))))

    assert [found.get(index) for index in range(16)] == [int(digit) for digit in "1001110111000101"]
    with pytest.raises(CredentialError):
        found.get(16)


@given(
    statuses=st.dictionaries(
        st.integers(0, STATUS_LIST_ENTRIES - 1), st.sampled_from(TokenStatus), max_size=10
    )
)
def test_every_entry_is_what_was_set(statuses: dict[int, TokenStatus]) -> None:
    """Neighbours share a byte and do not disturb each other."""
    found = read(sign(statuses))

    for index, status in statuses.items():
        assert found.get(index) == status


def test_refuses_revoked_and_suspended_credentials() -> None:
    """And those whose list is missing, or another's."""
    credential = parse_sd_jwt_vc(issue(status=render_token_reference(url=URL, index=7)))

    check_token_status(credential, read(sign({6: TokenStatus.INVALID})))
    for status, word in (
        (TokenStatus.INVALID, "revoked"),
        (TokenStatus.SUSPENDED, "suspended"),
    ):
        with pytest.raises(CredentialError, match=word):
            check_token_status(credential, read(sign({7: status})))
    with pytest.raises(CredentialError, match="not valid"):
        check_token_status(credential, read(forge(bits=8, lst=pack(b"\x0b" * 9))))
    with pytest.raises(CredentialError, match="could not be had"):
        check_token_status(credential, None)
    theirs = TokenStatusList(issuer=did_of(OTHER), width=1, packed=b"\x00" * 9)
    with pytest.raises(CredentialError, match="could not be had"):
        check_token_status(credential, theirs)


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"status_list": 5},
        {"status_list": {"idx": "7", "uri": URL}},
        {"status_list": {"idx": True, "uri": URL}},
        {"status_list": {"idx": -1, "uri": URL}},
        {"status_list": {"idx": 7}},
        {"status_list": {"idx": 7, "uri": URL}, "identifier_list": {}},
    ],
)
def test_refuses_other_ways_of_telling(status: Any) -> None:
    """What is not understood is not passed over."""
    with pytest.raises(CredentialError):
        read_token_reference(parse_sd_jwt_vc(issue(status=status)))


def test_refuses_lists_that_do_not_hold() -> None:
    """Out of date, of another place, of another issuer, forged."""
    good = sign()
    for changes in (
        {"now_s": NOW_S + 900},
        {"now_s": NOW_S - 301},
        {"url": URL + "x"},
        {"issuer": did_of(OTHER), "document": resolve(did_of(OTHER))},
    ):
        with pytest.raises(CredentialError):
            read(good, **changes)
    with pytest.raises(CredentialError):
        read(sign(key=OTHER))


@pytest.mark.parametrize(
    "value",
    [
        {"bits": 3, "lst": pack(b"\x00")},
        {"bits": True, "lst": pack(b"\x00")},
        {"bits": 1},
        {"bits": 1, "lst": "!"},
        {"bits": 1, "lst": pack(b"\x00")[:-4]},
        {"bits": 1, "lst": pack(bytes(STATUS_LIST_ENTRIES_MAX // 8 + 1))},
    ],
)
def test_refuses_malformed_lists_and_bombs(value: Any) -> None:
    """Never unpacked beyond the longest list that is allowed."""
    with pytest.raises(CredentialError):
        read(forge(**value))


def test_refuses_entries_beyond_the_list() -> None:
    """When writing."""
    with pytest.raises(CredentialError):
        sign({STATUS_LIST_ENTRIES: TokenStatus.INVALID})
