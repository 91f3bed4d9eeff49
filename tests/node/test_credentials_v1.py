"""Credentials of older wallets: didkit's word, what it leaves out, and a foreign issuer."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from did.credentials_v1_parts import CredentialV1Error
from did.keys import KeyPair, did_key, did_key_verification_method
from node.credentials_v1 import (
    issue_credential_v1,
    issue_presentation_v1,
    verify_credential_v1,
    verify_presentation_v1,
)
from node.didkit_bridge import DidkitBridge, DidkitError
from tests.did.foreign_peers import run_peer

ISSUER, HOLDER, STRANGER = (KeyPair(bytes([number]) * 32) for number in (1, 2, 3))
ISSUER_DID, HOLDER_DID = did_key(ISSUER.public_key), did_key(HOLDER.public_key)
CHALLENGE, DOMAIN = "c-1", "https://a.example"
CREDENTIAL: dict[str, Any] = {
    "@context": ["https://www.w3.org/2018/credentials/v1"],
    "type": ["VerifiableCredential"],
    "issuanceDate": "2026-01-01T00:00:00Z",
    "credentialSubject": {"id": HOLDER_DID},
}
FORMS = pytest.mark.parametrize("is_jwt", [False, True], ids=["json", "jwt"])


@pytest.fixture(scope="module")
def bridge() -> Iterator[DidkitBridge]:
    with DidkitBridge() as opened:
        yield opened


def now_s() -> int:
    """The wall clock, which didkit stamps its proofs with."""
    return int(time.time())


async def issue(bridge: DidkitBridge, *, is_jwt: bool = False, **change: Any) -> str:
    """A credential of the issuer's about the holder."""
    credential = {**CREDENTIAL, **change}
    return await issue_credential_v1(bridge, credential, key=ISSUER, is_jwt=is_jwt)


async def show(bridge: DidkitBridge, *credentials: str, key: KeyPair = HOLDER) -> str:
    """A presentation to the verifier."""
    return await issue_presentation_v1(
        bridge, list(credentials), key=key, challenge=CHALLENGE, domain=DOMAIN
    )


async def verify_shown(bridge: DidkitBridge, text: str, **change: Any) -> Any:
    """What the verifier makes of it."""
    asked = {"challenge": CHALLENGE, "domain": DOMAIN, "now_s": now_s(), **change}
    return await verify_presentation_v1(bridge, text, **asked)


@FORMS
async def test_a_credential_in_force_holds(bridge: DidkitBridge, is_jwt: bool) -> None:
    """Issued and checked."""
    text = await issue(bridge, is_jwt=is_jwt, expirationDate="2100-01-01T00:00:00Z")

    credential = await verify_credential_v1(bridge, text, now_s=now_s())

    assert credential.issuer == ISSUER_DID
    assert credential.subject_ids == (HOLDER_DID,)
    assert credential.types == {"VerifiableCredential"}


@FORMS
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"issuanceDate": "2099-01-01T00:00:00Z"}, "not yet"),
        ({"expirationDate": "2026-01-02T00:00:00Z"}, "expired"),
        (
            {"credentialStatus": {"id": "https://a.example/1", "type": "RevocationList2020Status"}},
            "revoked",
        ),
    ],
)
async def test_what_didkit_passes_and_is_not_in_force_is_refused(
    bridge: DidkitBridge, is_jwt: bool, change: dict[str, Any], reason: str
) -> None:
    """To didkit, none of these is an error; of JWTs it looks at the dates and not at the status."""
    if "credentialStatus" in change and not is_jwt:
        context = "https://w3id.org/vc-revocation-list-2020/v1"
        status = {
            **change["credentialStatus"],
            "revocationListIndex": "1",
            "revocationListCredential": "https://a.example/list",
        }
        change = {"credentialStatus": status, "@context": [*CREDENTIAL["@context"], context]}
    text = await issue(bridge, is_jwt=is_jwt, **change)
    kind = {"proofPurpose": "assertionMethod", **({"proofFormat": "jwt"} if is_jwt else {})}
    opinion = json.loads(await bridge.ask("verify_credential", text, json.dumps(kind)))

    with pytest.raises(CredentialV1Error, match=reason):
        await verify_credential_v1(bridge, text, now_s=now_s())

    is_seen = is_jwt and "credentialStatus" not in change
    assert bool(opinion["errors"]) is is_seen


async def test_a_status_is_the_callers_to_look_up(bridge: DidkitBridge) -> None:
    """Who can, passes a check; what it refuses is refused."""
    status = {"id": "https://a.example/1", "type": "X"}
    text = await issue(bridge, is_jwt=True, credentialStatus=status)
    seen: list[Any] = []

    await verify_credential_v1(bridge, text, now_s=now_s(), check_status=seen.append)

    assert seen == [(status,)]

    def refuse(_: object) -> None:
        raise CredentialV1Error("revoked")

    with pytest.raises(CredentialV1Error):
        await verify_credential_v1(bridge, text, now_s=now_s(), check_status=refuse)


async def test_tampering_is_found(bridge: DidkitBridge) -> None:
    """In either form."""
    document = json.loads(await issue(bridge))
    document["credentialSubject"]["id"] = did_key(STRANGER.public_key)
    head, body, signature = (await issue(bridge, is_jwt=True)).split(".")

    for text in (json.dumps(document), f"{head}.{body}.{signature[::-1]}"):
        with pytest.raises((CredentialV1Error, DidkitError)):
            await verify_credential_v1(bridge, text, now_s=now_s())


async def test_nobody_signs_for_another_issuer(bridge: DidkitBridge) -> None:
    """The proof holds; the issuer is not who signed."""
    document = json.loads(await issue(bridge))
    document["issuer"] = did_key(STRANGER.public_key)

    with pytest.raises(CredentialV1Error, match="somebody else"):
        await verify_credential_v1(bridge, json.dumps(document), now_s=now_s())


async def test_an_undefined_term_cannot_be_signed(bridge: DidkitBridge) -> None:
    """It would be dropped in silence, and could be added afterwards."""
    with pytest.raises(DidkitError):
        await issue(bridge, role="board")


@FORMS
async def test_a_presentation_by_its_subject_holds(bridge: DidkitBridge, is_jwt: bool) -> None:
    """For this challenge and verifier, just now."""
    text = await show(bridge, await issue(bridge, is_jwt=is_jwt))

    presentation = await verify_shown(bridge, text)

    assert presentation.holder == HOLDER_DID
    assert [item.issuer for item in presentation.credentials] == [ISSUER_DID]


async def test_a_tampered_credential_inside_is_found(bridge: DidkitBridge) -> None:
    """To didkit the presentation's signature alone matters: it finds no error."""
    inner = json.loads(await issue(bridge))
    inner["issuanceDate"] = "2026-01-03T00:00:00Z"
    text = await show(bridge, json.dumps(inner))
    options = {"proofPurpose": "authentication", "challenge": CHALLENGE, "domain": DOMAIN}
    opinion = json.loads(await bridge.ask("verify_presentation", text, json.dumps(options)))

    with pytest.raises(CredentialV1Error, match="credential's signature"):
        await verify_shown(bridge, text)

    assert opinion["errors"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"challenge": "c-2"},
        {"challenge": ""},
        {"domain": "https://b.example"},
        {"domain": ""},
        {"now_s": now_s() + 10_000},
        {"now_s": now_s() - 10_000},
    ],
)
async def test_a_presentation_is_for_one_verifier_once(
    bridge: DidkitBridge, change: dict[str, Any]
) -> None:
    """Another challenge, another verifier, too late, too early."""
    text = await show(bridge, await issue(bridge))

    with pytest.raises(CredentialV1Error):
        await verify_shown(bridge, text, **change)


async def test_a_credential_is_shown_by_whom_it_is_about(bridge: DidkitBridge) -> None:
    """A stranger who has it cannot."""
    text = await show(bridge, await issue(bridge), key=STRANGER)

    with pytest.raises(CredentialV1Error, match="about the one"):
        await verify_shown(bridge, text)


async def test_a_foreign_library_and_didkit_read_each_other(bridge: DidkitBridge) -> None:
    """did-jwt-vc (npm), both ways: it checks ours, we check its credential and presentation."""
    ours = await issue(bridge, is_jwt=True)
    head, body, signature = ours.split(".")
    method = did_key_verification_method(HOLDER.public_key)

    foreign = run_peer(
        "exchange_vc_v1.mjs",
        {
            "jwts": [ours, f"{head}.{body}.{signature[::-1]}"],
            "did": HOLDER_DID,
            "kid": method,
            "seed": HOLDER.seed.hex(),
            "subject": ISSUER_DID,
            "shown": [ours],
            "challenge": CHALLENGE,
            "domain": DOMAIN,
            "now": now_s(),
        },
    )
    credential = await verify_credential_v1(bridge, foreign["credential"], now_s=now_s())
    presentation = await verify_shown(bridge, foreign["presentation"])

    assert foreign["checked"][0] == {"issuer": ISSUER_DID, "subject": {"id": HOLDER_DID}}
    assert "refused" in foreign["checked"][1]
    assert (credential.issuer, credential.subject_ids) == (HOLDER_DID, (ISSUER_DID,))
    assert presentation.holder == HOLDER_DID
