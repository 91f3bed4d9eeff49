"""What a cooperative states about people."""

from typing import Any

import pytest

from did.credentials.kinds import (
    CredentialKind,
    get_vct,
    render_credential,
    state_membership,
    state_portability,
    state_role,
)
from did.credentials.rdfc import canonicalize_rdf
from did.credentials.refusals import CredentialError
from did.jcs import JsonObject
from tests.did.credentials.parties import HOLDER, ISSUER, check, date, did_of, sign

COOPERATIVE = did_of(ISSUER)


def render(statement: Any) -> JsonObject:
    return render_credential(
        statement,
        origin="https://a.example",
        issuer=COOPERATIVE,
        subject=did_of(HOLDER),
        credential_id="urn:uuid:4f3a2b1c-0000-4000-8000-000000000001",
        valid_from=date(),
        valid_until=date(100),
        statuses=[],
    )


@pytest.mark.parametrize(
    "statement",
    [
        state_membership(cooperative=COOPERATIVE, member_since="2024-05"),
        state_membership(cooperative=COOPERATIVE, member_since=None),
        state_role(
            cooperative=COOPERATIVE, role="board", role_from="2026-05-01", role_until="2028-05-01"
        ),
    ],
)
def test_every_term_of_ours_has_a_definition(statement: Any) -> None:
    """Readers of RDF lose nothing, and the credential passes the check."""
    document = render(statement)

    text = canonicalize_rdf(document).decode()
    for value in statement.claims.values():
        assert value in text
    check(sign(document))


def test_a_portability_credential_is_for_showing_piece_by_piece() -> None:
    """It names the cooperative, and nothing else is shown that the holder did not choose."""
    statement = state_portability(cooperative=COOPERATIVE, tenure_months=31, roles=["board"])

    assert set(statement.claims) == {"memberOf", "tenureMonths", "roles"}
    assert {path[0] for path in statement.disclosable} == {"tenureMonths", "roles"}
    with pytest.raises(CredentialError):
        render(statement)
    assert get_vct("https://a.example", CredentialKind.PORTABILITY).endswith("/portability")


def test_refuses_malformed_statements() -> None:
    """Days where months belong, roles without a name."""
    for month in ("2024", "2024-13", "2024-05-01", ""):
        with pytest.raises(CredentialError):
            state_membership(cooperative=COOPERATIVE, member_since=month)
    for role, begins in (("", "2026-05-01"), ("x" * 65, "2026-05-01"), ("a", "2026-5-1")):
        with pytest.raises(CredentialError):
            state_role(cooperative=COOPERATIVE, role=role, role_from=begins, role_until=None)
    for months, roles in ((-1, []), (1, ["x"] * 17), (1, ["\n"])):
        with pytest.raises(CredentialError):
            state_portability(cooperative=COOPERATIVE, tenure_months=months, roles=roles)
