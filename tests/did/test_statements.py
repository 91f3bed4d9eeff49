"""Signed texts and files."""

import pytest

from config.errors import RefusedError
from did.applications import check_application
from did.keys import KeyPair, did_key
from did.statements import check_statement, sign_statement

KEY = KeyPair(b"\x07" * 32)


def test_a_signature_is_of_exactly_these_bytes() -> None:
    """And names who signed."""
    jws = sign_statement(b"I agree.", key=KEY, iat_s=1_700_000_000)

    found = check_statement(jws, b"I agree.")

    assert (found.did, found.iat_s) == (did_key(KEY.public_key), 1_700_000_000)
    with pytest.raises(RefusedError, match="another text"):
        check_statement(jws, b"I agree!")
    with pytest.raises(RefusedError, match="signature does not belong"):
        check_statement(jws[:-8] + "AAAAAAAA", b"I agree.")


def test_a_statement_is_nothing_else() -> None:
    """Its type keeps it from passing for an application."""
    jws = sign_statement(b"{}", key=KEY, iat_s=0)

    with pytest.raises(RefusedError, match="not a rochdale-application"):
        check_application(jws, cooperative_id=bytes(32), now_s=0)


@pytest.mark.parametrize("jws", ["", "a.b.c", "..", "x" * 5_000])
def test_refuses_what_is_no_statement(jws: str) -> None:
    """Without a traceback."""
    with pytest.raises(RefusedError):
        check_statement(jws, b"")
