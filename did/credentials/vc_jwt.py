"""VC-JWT: credentials and presentations secured by JOSE, as `vc+jwt` and `vp+jwt`.

The payload is the credential itself. A registered claim that repeats a member of it must
agree, and a payload of the older form, with a `vc` claim, is refused: readers would see
different credentials in it.

Source: W3C Securing Verifiable Credentials using JOSE and COSE §3.1; VCDM 2.0 §4.13.
"""

from config.limits import JSON_BYTES_MAX
from did.credentials.compact import CompactJws, check_compact, parse_compact, sign_compact
from did.credentials.refusals import CredentialError
from did.credentials.sd_jwt_vc import check_token_times, read_verification_method
from did.credentials.structure import Credential, read_credential
from did.documents import DidDocument
from did.jcs import JsonObject
from did.keys import KeyPair

VC_JWT_TYPE = "vc+jwt"
_ENVELOPE_TYPE = "EnvelopedVerifiableCredential"
_DATA_URL = f"data:application/{VC_JWT_TYPE},"
REGISTERED_CLAIMS = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf"})
"""What a token may say beside its credential (RFC 7519 §4.1, RFC 7800)."""
_OLD_CLAIMS = frozenset({"vc", "vp"})


def issue_vc_jwt(credential: JsonObject, *, key: KeyPair, verification_method: str) -> str:
    """Secure a credential as a compact JWS.

    Raises:
        CredentialError: It is malformed, or the key is not of its issuer.
    """
    issuer = read_credential(credential).issuer
    if verification_method.partition("#")[0] != issuer:
        raise CredentialError("a credential is signed by a key of its issuer")
    return sign_compact(credential, key=key, typ=VC_JWT_TYPE, cty="vc", kid=verification_method)


def envelop(jwt: str) -> JsonObject:
    """Wrap a VC-JWT so that a presentation can hold it (VCDM 2.0 §4.13.1)."""
    return {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "id": _DATA_URL + jwt,
        "type": _ENVELOPE_TYPE,
    }


def is_enveloped(document: JsonObject) -> bool:
    """Whether a document wraps a credential instead of being one."""
    types = document.get("type")
    return _ENVELOPE_TYPE in (types if isinstance(types, list) else [types])


def open_envelope(document: JsonObject) -> JsonObject:
    """The credential in an envelope, not yet checked.

    Raises:
        CredentialError: The envelope says more than it may, or holds another format.
    """
    return _open(document).claims


def check_vc_jwt(
    document: JsonObject, credential: Credential, *, controller: DidDocument, now_s: int
) -> None:
    """Check that the issuer signed an enveloped credential, and that its claims agree.

    Args:
        document: The envelope.
        credential: What was read from it.
        controller: The issuer's resolved document.
        now_s: Unix seconds.

    Raises:
        CredentialError: The signature does not hold, a claim differs, or it is out of date.
    """
    jws = _open(document)
    method = read_verification_method(jws, issuer=credential.issuer)
    check_compact(jws, key=controller.get_key(method, purpose="assertionMethod"))
    subjects = {subject.get("id") for subject in credential.subjects}
    for claim, allowed in (
        ("iss", {credential.issuer}),
        ("jti", {credential.document.get("id")}),
        ("sub", subjects),
    ):
        if claim in jws.claims and jws.claims[claim] not in allowed:
            raise CredentialError(f"the token's {claim} differs from what its credential says")
    check_token_times(jws, now_s=now_s)


def _open(document: JsonObject) -> CompactJws:
    url = document.get("id")
    if not set(document) <= {"@context", "id", "type"} or document.get("type") not in (
        _ENVELOPE_TYPE,
        [_ENVELOPE_TYPE],
    ):
        raise CredentialError("an envelope has @context, id and type, and nothing else")
    if not isinstance(url, str) or not url.startswith(_DATA_URL):
        raise CredentialError(f"only envelopes of {_DATA_URL} are understood")
    jws = parse_compact(url.removeprefix(_DATA_URL), types=(VC_JWT_TYPE,), bytes_max=JSON_BYTES_MAX)
    if jws.header.get("cty", "vc") != "vc" or not _OLD_CLAIMS.isdisjoint(jws.claims):
        raise CredentialError("the token's payload is the credential itself, without a vc claim")
    if "proof" in jws.claims:
        raise CredentialError("an enveloped credential carries no proof of its own")
    return jws
