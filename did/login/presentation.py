"""Asking a wallet for the membership credential, and reading what it shows (OpenID4VP 1.0).

The request is signed by the cooperative's DID, so a wallet knows who asks and nobody between
can change it. Reads the answer's form only; the credential's own checks are
`did.credentials`'. Never asks for more than the credential that proves membership.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from config.limits import OAUTH_FORM_BYTES_MAX, PRESENTATION_REQUEST_S
from did.credentials.compact import sign_compact
from did.jcs import JsonObject, parse_json_object
from did.keys import KeyPair
from did.login.errors import OAuthError

REQUEST_TYPE = "oauth-authz-req+jwt"
_PREFIX = "decentralized_identifier:"
_AUDIENCE = "https://self-issued.me/v2"
"""Wallets that are found by a link have no issuer of their own (OpenID4VP 1.0 §5.8)."""
_SD_JWT, _LDP = "membership_sd_jwt", "membership_ldp"


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentationRequest:
    """What a wallet is asked for one login."""

    did: str
    """The cooperative's."""
    response_uri: str
    nonce: str
    state: str
    vct: str
    """Type of the membership credential as SD-JWT VC."""
    type_iri: str
    """And as a VCDM credential."""

    @property
    def client_id(self) -> str:
        """Who asks, and whom the proof of possession must be for (OpenID4VP 1.0 §5.9.3)."""
        return _PREFIX + self.did


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a wallet answered; exactly one of the two."""

    sd_jwt: str = ""
    presentation: JsonObject | None = None


def sign_request(
    request: PresentationRequest, *, key: KeyPair, verification_method: str, now_s: int
) -> str:
    """Write the signed request object (OpenID4VP 1.0 §5, RFC 9101)."""
    formats = {
        "dc+sd-jwt": {
            "sd-jwt_alg_values": ["EdDSA", "Ed25519", "ES256"],
            "kb-jwt_alg_values": ["EdDSA", "Ed25519", "ES256"],
        },
        "ldp_vc": {
            "proof_type_values": ["DataIntegrityProof"],
            "cryptosuite_values": ["eddsa-jcs-2022", "eddsa-rdfc-2022"],
        },
    }
    claims: JsonObject = {
        "aud": _AUDIENCE,
        "client_id": request.client_id,
        "response_type": "vp_token",
        "response_mode": "direct_post",
        "response_uri": request.response_uri,
        "nonce": request.nonce,
        "state": request.state,
        "iat": now_s,
        "exp": now_s + PRESENTATION_REQUEST_S,
        "dcql_query": _render_query(request),
        "client_metadata": {"vp_formats_supported": formats},
    }
    return sign_compact(claims, key=key, typ=REQUEST_TYPE, kid=verification_method)


def parse_response(form: Mapping[str, str], *, request: PresentationRequest) -> Shown:
    """Read what a wallet posts to `response_uri` (OpenID4VP 1.0 §8.1, §8.2).

    Raises:
        OAuthError: The wallet refused, answers another request, or shows something else.
    """
    if form.get("state") != request.state:
        raise OAuthError("invalid_request", "state belongs to another request")
    if "error" in form:
        raise OAuthError("access_denied", "the wallet did not show the credential")
    token = parse_json_object(
        form.get("vp_token", "").encode(), bytes_max=OAUTH_FORM_BYTES_MAX, depth_max=24
    )
    if len(token) != 1:
        raise OAuthError("invalid_request", "show one of the two forms of the credential")
    name, shown = next(iter(token.items()))
    if not isinstance(shown, list) or len(shown) != 1:
        raise OAuthError("invalid_request", "show one credential")
    if name == _SD_JWT and isinstance(shown[0], str):
        return Shown(sd_jwt=shown[0])
    if name == _LDP and isinstance(shown[0], dict):
        return Shown(presentation=shown[0])
    raise OAuthError("invalid_request", "this was not asked for")


def _render_query(request: PresentationRequest) -> JsonObject:
    """DCQL (OpenID4VP 1.0 §6): the membership credential in either form, no claims beside it."""
    return {
        "credentials": [
            {
                "id": _SD_JWT,
                "format": "dc+sd-jwt",
                "meta": {"vct_values": [request.vct]},
                "claims": [{"path": ["memberOf"]}],
            },
            {"id": _LDP, "format": "ldp_vc", "meta": {"type_values": [[request.type_iri]]}},
        ],
        "credential_sets": [{"options": [[_SD_JWT], [_LDP]]}],
    }
