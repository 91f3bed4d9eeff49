"""PKCE, by the RFC's own example."""

import pytest

from did.login.errors import OAuthError
from did.login.pkce import check_challenge, check_verifier, compute_challenge

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""RFC 7636, appendix B."""


def test_the_rfcs_example_holds() -> None:
    """RFC 7636, appendix B."""
    check_challenge(CHALLENGE, method="S256")
    check_verifier(VERIFIER, challenge=CHALLENGE)

    assert compute_challenge(VERIFIER) == CHALLENGE


@pytest.mark.parametrize(
    ("challenge", "method"),
    [(CHALLENGE, "plain"), (CHALLENGE, ""), ("", "S256"), (f"{CHALLENGE}A", "S256")],
)
def test_other_challenges_are_refused(challenge: str, method: str) -> None:
    """S256 and nothing else."""
    with pytest.raises(OAuthError):
        check_challenge(challenge, method=method)


@pytest.mark.parametrize("verifier", ["", "short", VERIFIER[:-1] + "A", VERIFIER + "é", "a" * 129])
def test_other_verifiers_are_refused(verifier: str) -> None:
    """Of another login, or malformed (RFC 7636 §4.1)."""
    with pytest.raises(OAuthError):
        check_verifier(verifier, challenge=CHALLENGE)
