"""What is remembered of tickets, requests and tokens: bounded, sealed, and forgotten in time."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import UnavailableError
from config.uma_limits import REQUEST_S, RPT_REMEMBERED_S, RPT_S
from did.consent.assessment import RequestingParty
from did.consent.requesting_tokens import RequestingToken
from did.consent.terms import Purpose
from did.consent.tickets import Permission, Ticket
from node.web import uma_store
from node.web.private import PrivateStore

ASKER = "did:key:z6MkAskerOfThis"
PARTY = RequestingParty(did=ASKER)
PERMISSION = Permission(resource_id="ab" * 16, resource_scopes=(Purpose.CLINICAL_CARE,))
NOW_S = 1_000


@pytest.fixture
def private(tmp_path: Path) -> Iterator[PrivateStore]:
    """A register with one person."""
    store = PrivateStore.open(tmp_path / "p.db", key=b"k" * 32, random=secrets.token_bytes)
    store.holders.create("did:key:zAda")
    yield store
    store.close()


def make_ticket(name: str = "app", *, until_s: int = NOW_S + 60) -> Ticket:
    return Ticket(server="", permissions=(PERMISSION,), client_id=name, expires_at_s=until_s)


def make_token(name: str, *, iat_s: int = NOW_S) -> RequestingToken:
    return RequestingToken(
        id=name,
        audience="here",
        client_id="app",
        jkt="k",
        permissions=(PERMISSION,),
        iat_s=iat_s,
        exp_s=iat_s + RPT_S,
    )


def count(private: PrivateStore, table: str) -> int:
    row = private.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()  # noqa: S608
    return int(row[0])


def dump(private: PrivateStore, *tables: str) -> bytes:
    """All that some tables hold, as bytes."""
    return b"|".join(
        item if isinstance(item, bytes) else str(item).encode()
        for table in tables
        for row in private.connection.execute(f"SELECT * FROM {table}")  # noqa: S608
        for item in tuple(row)
    )


def test_tickets_are_bounded_and_forgotten(
    private: PrivateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is over makes room."""
    monkeypatch.setattr(uma_store, "TICKETS_MAX", 2)
    for name in ("one", "two"):
        private.uma.put_ticket(name, make_ticket(), now_s=NOW_S)
    with pytest.raises(UnavailableError):
        private.uma.put_ticket("three", make_ticket(), now_s=NOW_S)

    private.uma.put_ticket("three", make_ticket(), now_s=NOW_S + 60)

    assert count(private, "uma_tickets") == 1
    assert private.uma.take_ticket("one") is None
    assert private.uma.take_ticket("three") == make_ticket()
    assert private.uma.take_ticket("three") is None


def test_a_ticket_is_kept_as_a_hash(private: PrivateStore) -> None:
    """A copied file goes on with nobody's attempt."""
    private.uma.put_ticket("the-secret-of-it", make_ticket(), now_s=NOW_S)

    assert b"the-secret-of-it" not in dump(private, "uma_tickets")


def test_who_asks_whom_is_sealed(private: PrivateStore) -> None:
    """For requests and tokens alike; both go with the person."""
    holder = private.holders.list_ids()[0]
    private.uma.put_request(holder, PARTY, make_ticket(), now_s=NOW_S)
    private.uma.put_token(make_token("cd" * 16), holder=holder, server="", party=PARTY)
    private.uma.list_own(holder)

    assert ASKER.encode() not in dump(private, "uma_requests", "uma_tokens")
    private.holders.delete(holder)
    assert [count(private, f"uma_{name}") for name in ("requests", "tokens", "resources")] == [
        0
    ] * 3


def test_requests_are_bounded_and_forgotten(
    private: PrivateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that concern nobody among them."""
    monkeypatch.setattr(uma_store, "REQUESTS_MAX", 2)
    for name in ("one", "two"):
        private.uma.put_request(None, PARTY, make_ticket(name), now_s=NOW_S)
    with pytest.raises(UnavailableError):
        private.uma.put_request(None, PARTY, make_ticket("three"), now_s=NOW_S)

    later_s = NOW_S + REQUEST_S
    assert private.uma.find_request(PARTY, make_ticket("one"), now_s=later_s) is None
    private.uma.put_request(None, PARTY, make_ticket("three"), now_s=later_s)

    assert count(private, "uma_requests") == 1


def test_a_request_that_is_over_can_be_made_again(private: PrivateStore) -> None:
    """Though the old one is not forgotten yet."""
    first = private.uma.put_request(None, PARTY, make_ticket(), now_s=NOW_S)
    private.connection.execute("UPDATE uma_requests SET expires_at_s = ?", (NOW_S + 1,))

    second = private.uma.put_request(None, PARTY, make_ticket(), now_s=NOW_S + 1)

    assert first != second
    assert count(private, "uma_requests") == 1


def test_a_token_is_remembered_for_an_hour(
    private: PrivateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long enough to be upgraded; then it makes room."""
    monkeypatch.setattr(uma_store, "RPTS_MAX", 1)
    holder = private.holders.list_ids()[0]
    old, new = make_token("ab" * 16), make_token("cd" * 16, iat_s=NOW_S + RPT_S)
    private.uma.put_token(old, holder=holder, server="", party=PARTY)
    with pytest.raises(UnavailableError):
        private.uma.put_token(new, holder=holder, server="", party=PARTY)

    latest = make_token("ef" * 16, iat_s=old.exp_s + RPT_REMEMBERED_S)
    private.uma.put_token(latest, holder=holder, server="", party=PARTY)

    assert private.uma.get_token(old.id) is None
    assert private.uma.get_token(latest.id) is not None
