"""A member takes their credential into a foreign wallet, which then logs in with it."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from did.credentials.compact import sign_compact
from did.credentials.sd_jwt_vc import parse_sd_jwt_vc
from did.keys import KeyPair, did_key_verification_method
from did.login.client_proofs import DpopKey
from did.login.issuance import GRANT_TYPE
from did.verification_keys import KeyKind, VerificationKey, render_jwk
from tests.node.web.conftest import Pair
from tests.node.web.logins import ORIGIN, Attempt, Reply, admit, enrol
from tests.node.web.test_routes_presentation import present

KEY = KeyPair(b"w" * 32)
"""The foreign wallet's."""


@pytest.fixture
async def attempt(pair: Pair) -> AsyncIterator[Attempt]:
    """A member at ash."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        attempt = Attempt(pair[0], http, enrol(pair[0]))
        admit(pair[0], attempt.wallet)
        yield attempt


async def ask_offer(attempt: Attempt) -> Reply:
    """As a logged-in holder."""
    code = await attempt.get_code(scope="credentials")
    token = (await attempt.redeem(code)).body["access_token"]
    proof = attempt.prove_key("POST", "/api/credential-offers", access_token=token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
    return await attempt.send("POST", "/api/credential-offers", headers=headers)


async def take_up(attempt: Attempt, offer: dict[str, Any], tx_code: str) -> Reply:
    """As the wallet: read the offer, get the token."""
    read = await attempt.send("GET", urlsplit(offer["credential_offer_uri"]).path)
    code = read.body["grants"][GRANT_TYPE]["pre-authorized_code"]
    form = {"grant_type": GRANT_TYPE, "pre-authorized_code": code, "tx_code": tx_code}
    return await attempt.send_token(form)


async def ask_credential(
    attempt: Attempt, token: str, *, configuration: str = "membership_sd_jwt", **changes: Any
) -> Reply:
    """With a proof of possession; changes go into its claims or header."""
    nonce = (await attempt.send("POST", "/openid4vci/nonce")).body["c_nonce"]
    jwk = render_jwk(VerificationKey(KeyKind.ED25519, KEY.public_key))
    claims = {
        "aud": changes.get("aud", ORIGIN),
        "iat": attempt.node.context.clock.now_s(),
        "nonce": changes.get("nonce", nonce),
    }
    header = changes.get("header", {"jwk": jwk})
    signer = changes.get("signer", KEY)
    proof = sign_compact(claims, key=signer, typ="openid4vci-proof+jwt", **header)
    dpop = attempt.prove_key("POST", "/openid4vci/credential", access_token=token)
    return await attempt.send(
        "POST",
        "/openid4vci/credential",
        json={"credential_configuration_id": configuration, "proofs": {"jwt": [proof]}},
        headers={"Authorization": f"DPoP {token}", "DPoP": dpop},
    )


async def get_token(attempt: Attempt) -> str:
    offer = (await ask_offer(attempt)).body
    return str((await take_up(attempt, offer, offer["tx_code"])).body["access_token"])


async def test_a_wallet_takes_the_credential_and_logs_in_with_it(attempt: Attempt) -> None:
    """The whole way: offer, token, proof, credential, and a login by it."""
    reply = await ask_credential(attempt, await get_token(attempt))
    credential = reply.body["credentials"][0]["credential"]
    attempt.cookie = ""
    await attempt.begin((await attempt.push()).body["request_uri"])
    shown = await present(attempt, credential, KEY)
    code = dict(parse_qsl(urlsplit(shown.body["redirect_uri"]).query))["response_code"]

    page = await attempt.go_on(code)

    holder_key = parse_sd_jwt_vc(credential).holder_key
    assert holder_key is not None
    assert holder_key.public_key == KEY.public_key
    assert "form_token" in page.body


@pytest.mark.parametrize("method", ["jwk", "did"])
async def test_a_vcdm_credential_is_issued_too(attempt: Attempt, method: str) -> None:
    """In the other format; the key named by itself or by its DID."""
    did = {"kid": did_key_verification_method(KEY.public_key)}
    more = {"header": did} if method == "did" else {}

    reply = await ask_credential(
        attempt, await get_token(attempt), configuration="membership_ldp", **more
    )

    document = reply.body["credentials"][0]["credential"]
    assert "MembershipCredential" in document["type"]
    assert document["proof"]["cryptosuite"] == "eddsa-jcs-2022"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"aud": "https://birch.test"}, "invalid_proof"),
        ({"nonce": "old"}, "invalid_nonce"),
        ({"signer": KeyPair(b"x" * 32)}, "invalid_proof"),
        ({"header": {}}, "invalid_proof"),
        ({"configuration": "passport"}, "unknown_credential_configuration"),
    ],
    ids=["audience", "nonce", "key", "no key", "configuration"],
)
async def test_a_proof_that_does_not_hold_gets_nothing(
    attempt: Attempt, change: dict[str, Any], error: str
) -> None:
    """OpenID4VCI 1.0 §8.3.1.2."""
    reply = await ask_credential(attempt, await get_token(attempt), **change)

    assert (reply.status, reply.body["error"]) == (400, error)


async def test_a_token_gives_one_credential(attempt: Attempt) -> None:
    """And no second one."""
    token = await get_token(attempt)
    await ask_credential(attempt, token)

    reply = await ask_credential(attempt, token)

    assert reply.status == 401


async def test_an_offer_is_taken_up_once(attempt: Attempt) -> None:
    """The code is used up by the first wallet."""
    offer = (await ask_offer(attempt)).body
    read = await attempt.send("GET", urlsplit(offer["credential_offer_uri"]).path)
    code = read.body["grants"][GRANT_TYPE]["pre-authorized_code"]
    form = {"grant_type": GRANT_TYPE, "pre-authorized_code": code, "tx_code": offer["tx_code"]}
    await attempt.send_token(form)

    again = await attempt.send_token(form)

    assert again.body["error"] == "invalid_grant"


async def test_wrong_transaction_codes_end_an_offer(attempt: Attempt) -> None:
    """Six digits are guessed a few times at most."""
    offer = (await ask_offer(attempt)).body
    wrong = f"{(int(offer['tx_code']) + 1) % 1_000_000:06}"
    for _ in range(5):
        refused = await take_up(attempt, offer, wrong)
    gone = await attempt.send("GET", urlsplit(offer["credential_offer_uri"]).path)

    assert refused.body["error"] == "invalid_grant"
    assert gone.status == 404


async def test_who_has_left_gets_no_offer(attempt: Attempt) -> None:
    """The ledger is asked, not only the register."""
    admit(attempt.node, attempt.wallet, left=9)

    reply = await ask_offer(attempt)

    assert (reply.status, reply.body["error"]) == (403, "access_denied")


async def test_a_key_binds_one_persons_credential(attempt: Attempt) -> None:
    """Otherwise one wallet would log in as either of two people."""
    await ask_credential(attempt, await get_token(attempt))
    other = Attempt(
        attempt.node, attempt.http, enrol(attempt.node, seed=2), key=DpopKey(KeyPair(b"e" * 32))
    )
    other.count = 1_000
    admit(other.node, other.wallet)

    reply = await ask_credential(other, await get_token(other))

    assert reply.body["error"] == "invalid_proof"


async def test_an_application_cannot_ask_for_the_issuing_scope(attempt: Attempt) -> None:
    """Only an offer gives it."""
    reply = await attempt.push(scope="credential_issuance")

    assert reply.body["error"] == "invalid_scope"


async def test_the_metadata_lists_what_is_issued(attempt: Attempt) -> None:
    """OpenID4VCI 1.0 §12.2."""
    metadata = (await attempt.send("GET", "/.well-known/openid-credential-issuer")).body

    formats = {
        name: item["format"]
        for name, item in metadata["credential_configurations_supported"].items()
    }
    assert formats == {"membership_sd_jwt": "dc+sd-jwt", "membership_ldp": "ldp_vc"}
    assert metadata["credential_issuer"] == ORIGIN
