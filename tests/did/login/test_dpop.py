"""DPoP proofs: those that the RFC prints, ours, and broken ones."""

import json
from pathlib import Path

import pytest

from config.errors import RefusedError, UnavailableError
from did.base64url import decode_base64url, encode_base64url
from did.keys import KeyPair
from did.login.client_proofs import DpopKey
from did.login.dpop import DpopRules, check_dpop, read_proof
from did.login.errors import OAuthError
from did.login.freshness import Nonces, UsedOnce

VECTOR = json.loads((Path(__file__).parents[2] / "vectors/oauth/rfc9449.json").read_text())
KEY = DpopKey(KeyPair(b"d" * 32))
URL = "https://a.test/oauth/token"
NOW_S = 1_800_000_000


def make_rules(*, items_max: int = 10) -> DpopRules:
    nonces = Nonces(b"s" * 32, purpose="dpop", lifetime_s=300)
    return DpopRules(nonces=nonces, used=UsedOnce(items_max=items_max))


@pytest.mark.parametrize("name", ["token_proof", "resource_proof"])
def test_the_rfcs_proofs_hold(name: str) -> None:
    """RFC 9449, figures 2 and 13; the thumbprint of figure 9."""
    _, thumbprint = read_proof(VECTOR[name])

    assert thumbprint == VECTOR["jkt"]


def test_the_rfcs_proof_fits_its_token() -> None:
    """RFC 9449 §7.1: everything but our own nonce is right, and that is what is asked for."""
    with pytest.raises(OAuthError) as caught:
        check_dpop(
            VECTOR["resource_proof"],
            method="GET",
            url="https://resource.example.org/protectedresource",
            now_s=1_562_262_618,
            rules=make_rules(),
            access_token=VECTOR["access_token"],
        )

    assert caught.value.error == "use_dpop_nonce"


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_changed_proof_is_refused(at: int) -> None:
    """Header, claims and signature belong together."""
    parts = VECTOR["token_proof"].split(".")
    data = bytearray(decode_base64url(parts[at]))
    data[-3] ^= 1
    parts[at] = encode_base64url(bytes(data))

    with pytest.raises(RefusedError):
        read_proof(".".join(parts))


def test_memory_that_is_full_forgets_nothing_early() -> None:
    """Rather no service than a replay."""
    rules = make_rules(items_max=1)

    def check(jti: str) -> str:
        nonce = rules.nonces.make(now_s=NOW_S)
        proof = KEY.prove(method="POST", url=URL, now_s=NOW_S, jti=jti, nonce=nonce)
        return check_dpop(proof, method="POST", url=URL, now_s=NOW_S, rules=rules)

    assert check("1") == KEY.thumbprint
    with pytest.raises(UnavailableError):
        check("2")
    with pytest.raises(OAuthError, match="used before"):
        check("1")


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "é.b.c", "e30.e30.AA", "x" * 5_000])
def test_noise_is_refused(text: str) -> None:
    """Never a traceback."""
    with pytest.raises(OAuthError) as caught:
        check_dpop(text, method="POST", url=URL, now_s=NOW_S, rules=make_rules())

    assert caught.value.error == "invalid_dpop_proof"
