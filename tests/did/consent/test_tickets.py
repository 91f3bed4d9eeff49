"""Permission tickets: who may go on with one, and until when."""

import pytest

from config.uma_limits import (
    POLL_INTERVAL_S,
    POLL_INTERVAL_S_MAX,
    TICKET_S,
    TICKET_TRIES_MAX,
)
from did.consent.terms import FORBIDDEN_USES, Purpose
from did.consent.tickets import Permission, Ticket, read_purposes, render_need, render_wait
from did.login.errors import OAuthError

RESOURCE = "ab" * 16
NOW_S = 1_000


def make_ticket(*scopes: Purpose, **changes: object) -> Ticket:
    permission = Permission(resource_id=RESOURCE, resource_scopes=scopes)
    return Ticket(
        **{
            "server": "",
            "permissions": (permission,),
            "expires_at_s": NOW_S + TICKET_S,
            **changes,
        }
    )


def test_a_ticket_is_stored_and_read_back() -> None:
    """With all that the attempt has come to."""
    ticket = make_ticket(Purpose.PAYMENT, client_id="app", jkt="k").wait("cd" * 16, now_s=NOW_S)

    assert Ticket.decode(ticket.encode()) == ticket


def test_a_ticket_is_good_for_its_own_client_and_key_alone() -> None:
    """From the first use on; before, it is nobody's."""
    fresh = make_ticket(Purpose.PAYMENT)
    begun = fresh.begin(client_id="app", jkt="key", scope="")

    fresh.check(client_id="any", jkt="any", now_s=NOW_S)
    begun.check(client_id="app", jkt="key", now_s=NOW_S)
    for client_id, jkt in (("other", "key"), ("app", "other")):
        with pytest.raises(OAuthError, match="another client"):
            begun.check(client_id=client_id, jkt=jkt, now_s=NOW_S)


def test_a_ticket_expires() -> None:
    """In the very second that it names."""
    ticket = make_ticket(Purpose.PAYMENT)

    ticket.check(client_id="app", jkt="k", now_s=NOW_S + TICKET_S - 1)
    with pytest.raises(OAuthError, match="expired") as caught:
        ticket.check(client_id="app", jkt="k", now_s=NOW_S + TICKET_S)
    assert caught.value.error == "invalid_grant"


def test_a_client_asks_for_purposes_beside_the_tickets() -> None:
    """UMA 2.0 Grant §3.3.4: the ticket's scopes and the client's, together."""
    ticket = make_ticket(Purpose.PAYMENT)

    begun = ticket.begin(client_id="app", jkt="k", scope="DUO:0000043 ActReason:HPAYMT")

    assert begun.permissions[0].resource_scopes == (Purpose.CLINICAL_CARE, Purpose.PAYMENT)


@pytest.mark.parametrize("scope", ["", "read", "DUO:0000043  ", "x" * 600, *FORBIDDEN_USES])
def test_refuses_a_request_without_a_purpose_that_can_be_consented_to(scope: str) -> None:
    """Nothing is asked of the person then."""
    with pytest.raises(OAuthError) as caught:
        make_ticket().begin(client_id="app", jkt="k", scope=scope)

    assert caught.value.error == "invalid_scope"


def test_says_why_nobody_can_consent() -> None:
    """In the words of the list."""
    with pytest.raises(OAuthError, match=FORBIDDEN_USES["sale"]):
        read_purposes("odrl:sell")


def test_claim_tokens_may_fail_a_few_times() -> None:
    """Then the attempt is over."""
    ticket = make_ticket(Purpose.PAYMENT)
    for _ in range(TICKET_TRIES_MAX - 1):
        ticket = ticket.retry(now_s=NOW_S)

    with pytest.raises(OAuthError) as caught:
        ticket.retry(now_s=NOW_S)
    assert (caught.value.error, caught.value.status) == ("request_denied", 403)


def test_asking_too_early_makes_the_interval_longer() -> None:
    """Up to a bound, so that a patient client is answered again."""
    ticket = make_ticket(Purpose.PAYMENT).wait("cd" * 16, now_s=NOW_S)
    slower = ticket.slow_down(now_s=NOW_S)
    slowest = slower
    for _ in range(20):
        slowest = slowest.slow_down(now_s=NOW_S)

    assert ticket.poll_from_s == NOW_S + POLL_INTERVAL_S
    assert slower.poll_from_s == NOW_S + 2 * POLL_INTERVAL_S
    assert slowest.interval_s == POLL_INTERVAL_S_MAX
    assert slowest.expires_at_s > slowest.poll_from_s


def test_says_what_is_needed_and_how_long_to_wait() -> None:
    """In the members of UMA 2.0 Grant §3.3.6."""
    need = render_need("t2", reason="why", formats=("dc+sd-jwt",), issuers=("did:web:ash.test",))
    wait = render_wait("t3", interval_s=5)

    assert (need["error"], need["ticket"]) == ("need_info", "t2")
    assert need["required_claims"][0]["claim_token_format"] == ["dc+sd-jwt"]
    assert need["required_claims"][0]["issuer"] == ["did:web:ash.test"]
    assert (wait["error"], wait["ticket"], wait["interval"]) == ("request_submitted", "t3", 5)
