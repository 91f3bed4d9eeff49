"""Handing a credential to a wallet: metadata, offer, proof of possession (OpenID4VCI 1.0).

The pre-authorized flow alone: a holder who is logged in asks for an offer and gives it, with a
transaction code, to a wallet of theirs. A credential is bound to the key that the wallet has
proved to hold here and now. Never decides who is a member.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from config.errors import RefusedError
from config.limits import (
    CLOCK_SKEW_S_MAX,
    CREDENTIAL_REQUEST_BYTES_MAX,
    DPOP_AGE_S_MAX,
    DPOP_PROOF_BYTES_MAX,
)
from did.credentials.compact import CompactJws, check_compact, parse_compact
from did.credentials.contexts import CREDENTIALS_CONTEXT, get_own_context_url
from did.credentials.kinds import CredentialKind, get_vct
from did.jcs import JsonObject, parse_json_object
from did.login.dpop import DPOP_ALGORITHMS
from did.login.errors import OAuthError
from did.verification_keys import VerificationKey, parse_jwk

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
ISSUE_SCOPE = "credential_issuance"
"""Of tokens that an offer gives; no application can ask for it."""
TX_CODE_DIGITS = 6
CONFIGURATIONS = {"membership_sd_jwt": "dc+sd-jwt", "membership_ldp": "ldp_vc"}
"""What is issued: configuration id to format."""
PROOF_TYPE = "openid4vci-proof+jwt"
"""Of a proof of possession, in its header (OpenID4VCI 1.0 appendix F.1)."""
_PROOFS_MAX = 1


class _Proofs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    jwt: Annotated[list[str], Meta(min_length=1, max_length=_PROOFS_MAX)]


class _Request(msgspec.Struct, frozen=True):
    credential_configuration_id: str
    proofs: _Proofs


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRequest:
    """What a wallet asks for, read but not yet checked."""

    configuration: str
    proof: CompactJws


def render_issuer_metadata(*, origin: str, name: str) -> JsonObject:
    """What the cooperative issues, and how (OpenID4VCI 1.0 §12.2)."""
    proof_types = {"jwt": {"proof_signing_alg_values_supported": list(DPOP_ALGORITHMS)}}
    shared: JsonObject = {
        "cryptographic_binding_methods_supported": ["jwk", "did:key", "did:jwk"],
        "proof_types_supported": proof_types,
        "credential_metadata": {"display": [{"name": f"Member of {name}", "locale": "en"}]},
    }
    return {
        "credential_issuer": origin,
        "credential_endpoint": f"{origin}/openid4vci/credential",
        "nonce_endpoint": f"{origin}/openid4vci/nonce",
        "display": [{"name": name, "locale": "en"}],
        "credential_configurations_supported": {
            "membership_sd_jwt": {
                **shared,
                "format": "dc+sd-jwt",
                "vct": get_vct(origin, CredentialKind.MEMBERSHIP),
                "credential_signing_alg_values_supported": ["EdDSA"],
            },
            "membership_ldp": {
                **shared,
                "format": "ldp_vc",
                "credential_definition": {
                    "@context": [CREDENTIALS_CONTEXT, get_own_context_url(origin)],
                    "type": ["VerifiableCredential", "MembershipCredential"],
                },
                "credential_signing_alg_values_supported": ["eddsa-jcs-2022"],
            },
        },
    }


def render_offer(*, origin: str, code: str) -> JsonObject:
    """What a wallet reads first (OpenID4VCI 1.0 §4.1)."""
    hint = "The digits that the cooperative's page or command shows"
    return {
        "credential_issuer": origin,
        "credential_configuration_ids": list(CONFIGURATIONS),
        "grants": {
            GRANT_TYPE: {
                "pre-authorized_code": code,
                "tx_code": {
                    "input_mode": "numeric",
                    "length": TX_CODE_DIGITS,
                    "description": hint,
                },
            }
        },
    }


def parse_issue_request(body: bytes) -> IssueRequest:
    """Read a credential request (OpenID4VCI 1.0 §8.2).

    Raises:
        OAuthError: Malformed, an unknown configuration, or not exactly one proof.
    """
    try:
        value: Any = parse_json_object(body, bytes_max=CREDENTIAL_REQUEST_BYTES_MAX, depth_max=4)
        request = msgspec.convert(value, _Request)
    except (RefusedError, msgspec.ValidationError) as error:
        raise OAuthError(
            "invalid_credential_request", "send a configuration's id and one proof of type jwt"
        ) from error
    if request.credential_configuration_id not in CONFIGURATIONS:
        raise OAuthError("unknown_credential_configuration", "the metadata lists what there is")
    try:
        proof = parse_compact(
            request.proofs.jwt[0], types=(PROOF_TYPE,), bytes_max=DPOP_PROOF_BYTES_MAX, depth_max=4
        )
    except RefusedError as error:
        raise OAuthError("invalid_proof", error.reason) from error
    return IssueRequest(configuration=request.credential_configuration_id, proof=proof)


def read_proof_key(proof: CompactJws) -> VerificationKey | str:
    """The key that a proof says made it, or the verification method that names it.

    Raises:
        OAuthError: Neither, or both (OpenID4VCI 1.0 §F.1).
    """
    jwk, kid = proof.header.get("jwk"), proof.header.get("kid")
    if isinstance(kid, str) and jwk is None and kid.startswith("did:") and "#" in kid:
        return kid
    if jwk is None or kid is not None:
        raise OAuthError("invalid_proof", "the header names one key: jwk, or kid of a DID")
    try:
        return parse_jwk(jwk)
    except RefusedError as error:
        raise OAuthError("invalid_proof", error.reason) from error


def check_proof(
    proof: CompactJws, *, key: VerificationKey, audiences: Sequence[str], now_s: int
) -> str:
    """Check a proof of possession; the nonce that it repeats, which the caller looks at.

    Raises:
        OAuthError: The signature, the audience or the time is wrong.
    """
    try:
        check_compact(proof, key=key)
        issued_s, nonce = proof.get_time("iat"), proof.get_text("nonce")
    except RefusedError as error:
        raise OAuthError("invalid_proof", error.reason) from error
    if proof.claims.get("aud") not in audiences:
        raise OAuthError("invalid_proof", "the proof is for another issuer")
    if issued_s is None or not -CLOCK_SKEW_S_MAX <= now_s - issued_s <= 5 * DPOP_AGE_S_MAX:
        raise OAuthError("invalid_proof", "the proof is too old, or a clock is wrong")
    return nonce
