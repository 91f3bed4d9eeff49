"""Checking and issuing credentials of the Data Model 1.1: didkit's word, and everything else.

didkit says whether signatures hold, offline: issuers and holders are did:key, did:jwk or
did:pkh. It never decides alone: dates, who may sign for whom, every credential inside of a
presentation, challenge, domain and status are checked by `did.credentials_v1`.
"""

import json

from did.base64url import encode_base64url
from did.credentials_v1 import (
    CredentialV1,
    PresentationV1,
    StatusCheck,
    check_credential_v1,
    check_presentation_v1,
    read_credential_v1,
    read_presentation_v1,
)
from did.credentials_v1_parts import CredentialV1Error, read_objects
from did.jcs import JsonObject
from did.keys import KeyPair, did_key, did_key_verification_method
from did.verification_keys import KeyKind, VerificationKey, render_jwk
from node.didkit_bridge import DidkitBridge, DidkitError

_OFFLINE = ("did:key:", "did:jwk:", "did:pkh:")
_SUITE_CONTEXT = "https://w3id.org/security/suites/ed25519-2020/v1"


async def verify_credential_v1(
    bridge: DidkitBridge, text: str, *, now_s: int, check_status: StatusCheck | None = None
) -> CredentialV1:
    """Check a credential whole; what it says.

    Args:
        bridge: To didkit.
        text: JSON, or a JWT.
        now_s: Unix seconds.
        check_status: As `check_credential_v1`.

    Raises:
        CredentialV1Error: It is refused; the reason says why.
        DidkitError: didkit does not take it.
        UnavailableError: didkit does not answer now.
    """
    credential = read_credential_v1(text)
    await _verify(bridge, credential, now_s=now_s, check_status=check_status)
    return credential


async def verify_presentation_v1(
    bridge: DidkitBridge,
    text: str,
    *,
    challenge: str,
    domain: str,
    now_s: int,
    check_status: StatusCheck | None = None,
) -> PresentationV1:
    """Check a presentation whole, and every credential in it; what it says.

    Args:
        bridge: To didkit.
        text: JSON, or a JWT.
        challenge: What was sent to the holder, for this presentation alone.
        domain: Who the verifier is, as the holder was told.
        now_s: Unix seconds.
        check_status: As `check_credential_v1`.

    Raises:
        CredentialV1Error: It is refused; the reason says why.
        DidkitError: didkit does not take it.
        UnavailableError: didkit does not answer now.
    """
    presentation = read_presentation_v1(text)
    check_presentation_v1(presentation, challenge=challenge, domain=domain, now_s=now_s)
    _check_offline(presentation.holder)
    options: JsonObject = {"proofPurpose": "authentication", "challenge": challenge}
    options["domain"] = domain
    await _check_signature(bridge, "presentation", text, options, is_jwt=presentation.is_jwt)
    for credential in presentation.credentials:
        await _verify(bridge, credential, now_s=now_s, check_status=check_status)
    return presentation


async def check_text_v1(
    text: str, *, challenge: str | None, domain: str | None, now_s: int
) -> list[JsonObject]:
    """Check a credential or presentation once; what each that it shows is and says.

    Args:
        text: JSON, or a JWT.
        challenge: As `verify_presentation_v1`; None: a credential is expected.
        domain: Likewise.
        now_s: Unix seconds.

    Raises:
        CredentialV1Error: It is refused; the reason says why.
        DidkitError: didkit does not take it.
        UnavailableError: didkit does not answer now.
    """
    with DidkitBridge() as bridge:
        found: tuple[CredentialV1, ...]
        if challenge is None and domain is None:
            found = (await verify_credential_v1(bridge, text, now_s=now_s),)
        else:
            presentation = await verify_presentation_v1(
                bridge, text, challenge=challenge or "", domain=domain or "", now_s=now_s
            )
            found = presentation.credentials
    return [
        {
            "types": sorted(item.types),
            "issuer": item.issuer,
            "claims": list(read_objects(item.document["credentialSubject"])),
        }
        for item in found
    ]


async def issue_credential_v1(
    bridge: DidkitBridge, credential: JsonObject, *, key: KeyPair, is_jwt: bool
) -> str:
    """Sign a credential of the Data Model 1.1 as a key's did:key.

    Args:
        bridge: To didkit.
        credential: Without issuer and proof.
        key: The issuer's.
        is_jwt: A JWT; otherwise JSON with an Ed25519Signature2020.

    Raises:
        DidkitError: The credential is malformed, or holds terms that no context defines.
        UnavailableError: didkit does not answer now.
    """
    document = {**credential, "issuer": did_key(key.public_key)}
    options: JsonObject = {"proofPurpose": "assertionMethod"}
    return await _issue(bridge, "credential", document, options, key=key, is_jwt=is_jwt)


async def issue_presentation_v1(
    bridge: DidkitBridge,
    credentials: list[str],
    *,
    key: KeyPair,
    challenge: str,
    domain: str,
) -> str:
    """Show credentials to a verifier, as a key's did:key: JSON with an Ed25519Signature2020.

    Args:
        bridge: To didkit.
        credentials: Each JSON, or a JWT.
        key: The holder's.
        challenge: What the verifier sent.
        domain: Who the verifier is.

    Raises:
        DidkitError: A credential is malformed.
        UnavailableError: didkit does not answer now.
    """
    document: JsonObject = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiablePresentation"],
        "holder": did_key(key.public_key),
        "verifiableCredential": [
            json.loads(text) if text.startswith("{") else text for text in credentials
        ],
    }
    options = {"proofPurpose": "authentication", "challenge": challenge, "domain": domain}
    return await _issue(bridge, "presentation", document, options, key=key, is_jwt=False)


async def _verify(
    bridge: DidkitBridge,
    credential: CredentialV1,
    *,
    now_s: int,
    check_status: StatusCheck | None,
) -> None:
    check_credential_v1(credential, now_s=now_s, check_status=check_status)
    _check_offline(credential.issuer)
    options: JsonObject = {"proofPurpose": "assertionMethod"}
    await _check_signature(bridge, "credential", credential.text, options, is_jwt=credential.is_jwt)


def _check_offline(did: str) -> None:
    if not did.startswith(_OFFLINE):
        raise CredentialV1Error(
            f"credentials of the old data model are taken from {', '.join(_OFFLINE)} alone:"
            " ask for one of the data model 2.0"
        )


async def _check_signature(
    bridge: DidkitBridge, kind: str, text: str, options: JsonObject, *, is_jwt: bool
) -> None:
    asked = {**options, "proofFormat": "jwt"} if is_jwt else options
    answer = await bridge.ask(f"verify_{kind}", text, json.dumps(asked))
    result = json.loads(answer)
    if result["errors"] or result["checks"] != (["JWS"] if is_jwt else ["proof"]):
        raise CredentialV1Error(f"the {kind}'s signature does not hold")


async def _issue(
    bridge: DidkitBridge,
    kind: str,
    document: JsonObject,
    options: JsonObject,
    *,
    key: KeyPair,
    is_jwt: bool,
) -> str:
    method = did_key_verification_method(key.public_key)
    asked = {**options, "verificationMethod": method}
    if is_jwt:
        asked["proofFormat"] = "jwt"
    else:
        asked["type"] = "Ed25519Signature2020"
        contexts = document.get("@context")
        if not isinstance(contexts, list):
            raise DidkitError("@context is a list")
        if _SUITE_CONTEXT not in contexts:
            document = {**document, "@context": [*contexts, _SUITE_CONTEXT]}
    jwk = render_jwk(VerificationKey(KeyKind.ED25519, key.public_key))
    secret = json.dumps({**jwk, "d": encode_base64url(key.seed)})
    return await bridge.ask(f"issue_{kind}", json.dumps(document), json.dumps(asked), secret)
