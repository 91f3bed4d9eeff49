"""SD-JWT VC with key binding: the credential format of today's wallets.

An issuer signs it, its holder shows chosen claims of it and proves with the key that it is
bound to (`cnf`) that it is shown here and now: for one audience, over one nonce. Issuers are
DIDs; the caller resolves them and brings the key.

Sources: RFC 9901; draft-ietf-oauth-sd-jwt-vc (`dc+sd-jwt`); RFC 7800.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.errors import RefusedError
from config.limits import CLOCK_SKEW_S_MAX, SD_JWT_BYTES_MAX
from did.base64url import encode_base64url
from did.credentials.compact import CompactJws, check_compact, parse_compact, sign_compact
from did.credentials.disclosures import (
    ClaimPath,
    Unpacked,
    pack_claims,
    select_disclosures,
    unpack_claims,
)
from did.credentials.refusals import CredentialError
from did.jcs import JsonObject
from did.keys import KeyPair
from did.verification_keys import VerificationKey, parse_jwk, render_jwk

SD_JWT_VC_TYPE = "dc+sd-jwt"
KEY_BINDING_TYPE = "kb+jwt"
_KEY_BINDING_BYTES_MAX = 4_096
_ALWAYS_SHOWN = frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"})
"""draft-ietf-oauth-sd-jwt-vc §3.2.2.2: no choice of the holder may take them away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyBinding:
    """What a verifier asked for, and what the holder's proof must repeat."""

    audience: str
    nonce: str
    age_s_max: int = CLOCK_SKEW_S_MAX
    """Oldest proof that counts, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SdJwtVc:
    """A credential or presentation that is read but not yet checked."""

    issuer: str
    """The DID that it says signed it."""
    verification_method: str
    """URL of the key that it says signed it; belongs to the issuer's DID."""
    vct: str
    """Type of the credential."""
    claims: JsonObject
    """All that is shown."""
    holder_key: VerificationKey | None
    """Whom the credential is bound to (`cnf`), if to anybody."""
    status: JsonObject | None
    """Where its status is told, as it says; the caller fetches and checks that."""
    token: CompactJws
    """What the issuer signed."""
    unpacked: Unpacked
    sd_hash: str
    """SHA-256 of the token with its shown disclosures, which a key binding covers."""
    key_binding: CompactJws | None


def issue_sd_jwt_vc(
    claims: JsonObject,
    *,
    vct: str,
    issuer: str,
    key: KeyPair,
    verification_method: str,
    holder_key: VerificationKey | None,
    disclosable: Sequence[ClaimPath],
    issued_at_s: int,
    expires_at_s: int | None,
    random: Callable[[int], bytes],
    status: JsonObject | None = None,
) -> str:
    """Issue a credential; ends with `~`, as its holder keeps it.

    Args:
        claims: What is stated; none of the names that the other arguments fill.
        vct: Type of the credential.
        issuer: The issuer's DID.
        key: The issuer's key.
        verification_method: URL under which readers find the public key.
        holder_key: Who can show it; None: whoever has it.
        disclosable: Claims that the holder may keep to itself.
        issued_at_s: Unix seconds.
        expires_at_s: Unix seconds; None: never.
        random: Source of salts, as `secrets.token_bytes`.
        status: Where its status is told.

    Raises:
        CredentialError: A claim's name is taken, or must not be hidden.
    """
    set_here: JsonObject = {"iss": issuer, "vct": vct, "iat": issued_at_s}
    if expires_at_s is not None:
        set_here["exp"] = expires_at_s
    if holder_key is not None:
        set_here["cnf"] = {"jwk": render_jwk(holder_key)}
    if status is not None:
        set_here["status"] = status
    if not _ALWAYS_SHOWN.isdisjoint(claims) or "iat" in claims:
        raise CredentialError("claims cannot set iss, iat, nbf, exp, cnf, vct or status")
    if any(path[:1] and path[0] in _ALWAYS_SHOWN for path in disclosable):
        raise CredentialError("iss, nbf, exp, cnf, vct and status cannot be hidden")
    payload, disclosures = pack_claims(
        {**claims, **set_here}, disclosable=disclosable, random=random
    )
    token = sign_compact(payload, key=key, typ=SD_JWT_VC_TYPE, kid=verification_method)
    return "~".join([token, *disclosures, ""])


def present_sd_jwt_vc(
    sd_jwt: str,
    *,
    disclose: Sequence[ClaimPath],
    key: KeyPair | None = None,
    audience: str = "",
    nonce: str = "",
    now_s: int = 0,
) -> str:
    """Show a credential: chosen claims alone, bound to a verifier by the holder's key.

    Args:
        sd_jwt: As it was issued.
        disclose: Claims to show beside those that always are; all others stay hidden.
        key: The holder's; None: without proof of possession.
        audience: Who asked: its client identifier.
        nonce: What it asked with.
        now_s: Unix seconds.

    Raises:
        CredentialError: Malformed, no such claim, or the credential is bound to another key.
    """
    credential = parse_sd_jwt_vc(sd_jwt)
    chosen = select_disclosures(credential.unpacked, disclose)
    shown = "~".join([sd_jwt.partition("~")[0], *chosen, ""])
    if key is None:
        return shown
    holder = credential.holder_key
    if holder is None or holder.public_key != key.public_key:
        raise CredentialError("the credential is not bound to this wallet's key")
    claims: JsonObject = {
        "iat": now_s,
        "aud": audience,
        "nonce": nonce,
        "sd_hash": _compute_sd_hash(shown),
    }
    return shown + sign_compact(claims, key=key, typ=KEY_BINDING_TYPE)


def parse_sd_jwt_vc(sd_jwt: str) -> SdJwtVc:
    """Read a credential or presentation without checking any signature.

    The caller resolves `issuer`, and takes the key of `verification_method` from its
    assertion methods.

    Raises:
        CredentialError: Malformed, too large, of another type, or an issuer that is no DID.
    """
    if len(sd_jwt) > SD_JWT_BYTES_MAX or not sd_jwt.isascii():
        raise CredentialError(f"an SD-JWT is ASCII of at most {SD_JWT_BYTES_MAX} bytes")
    jwt, *rest = sd_jwt.split("~")
    disclosures, binding = rest[:-1], "".join(rest[-1:])
    if not rest or "" in disclosures:
        raise CredentialError("an SD-JWT is a token, disclosures and a key binding, with ~ between")
    token = parse_compact(jwt, types=(SD_JWT_VC_TYPE,), bytes_max=SD_JWT_BYTES_MAX)
    unpacked = unpack_claims(token.claims, disclosures)
    if any(place[0] in _ALWAYS_SHOWN for place in unpacked.places):
        raise CredentialError("a claim is hidden that must always be shown")
    status = unpacked.claims.get("status")
    if status is not None and not isinstance(status, dict):
        raise CredentialError("the token's status is an object")
    issuer = token.get_text("iss")
    return SdJwtVc(
        issuer=issuer,
        verification_method=read_verification_method(token, issuer=issuer),
        vct=token.get_text("vct"),
        claims=unpacked.claims,
        holder_key=_read_holder_key(unpacked.claims),
        status=status,
        token=token,
        unpacked=unpacked,
        sd_hash=_compute_sd_hash(sd_jwt[: len(sd_jwt) - len(binding)]),
        key_binding=parse_compact(
            binding, types=(KEY_BINDING_TYPE,), bytes_max=_KEY_BINDING_BYTES_MAX, depth_max=4
        )
        if binding
        else None,
    )


def check_sd_jwt_vc(
    credential: SdJwtVc,
    *,
    issuer_key: VerificationKey,
    now_s: int,
    key_binding: KeyBinding | None,
) -> None:
    """Check that the issuer signed it, that it is in force, and who shows it.

    Its status is checked apart (`did.credentials.status_lists`).

    Args:
        credential: As read.
        issuer_key: Of `credential.verification_method`, from the issuer's assertion methods.
        now_s: Unix seconds.
        key_binding: What the verifier asked for; None: the credential as issued, which then
            must carry no proof of possession.

    Raises:
        CredentialError: A signature that does not hold, not yet or no longer valid, or a
            proof of possession that is missing, old, or for another verifier or nonce.
    """
    check_compact(credential.token, key=issuer_key)
    check_token_times(credential.token, now_s=now_s)
    proof = credential.key_binding
    if key_binding is None:
        if proof is not None:
            raise CredentialError("a proof of possession was not asked for")
        return
    if proof is None or credential.holder_key is None:
        raise CredentialError("the credential is shown without proof of possession")
    check_compact(proof, key=credential.holder_key)
    if proof.get_text("aud") != key_binding.audience:
        raise CredentialError("the proof of possession is for another verifier")
    if proof.get_text("nonce") != key_binding.nonce:
        raise CredentialError("the proof of possession answers another request")
    if proof.get_text("sd_hash") != credential.sd_hash:
        raise CredentialError("the proof of possession covers another choice of claims")
    issued_at_s = proof.get_time("iat")
    if issued_at_s is None or not -CLOCK_SKEW_S_MAX <= now_s - issued_at_s <= key_binding.age_s_max:
        raise CredentialError(
            "the proof of possession is old or from the future: check both clocks"
        )
    check_token_times(proof, now_s=now_s)


def check_token_times(token: CompactJws, *, now_s: int) -> None:
    """Check `iat`, `nbf` and `exp` where present (RFC 7519 §4.1); only the first two get slack.

    Raises:
        CredentialError: Not yet valid, or expired.
    """
    begins = [token.get_time(name) for name in ("iat", "nbf")]
    if any(time is not None and time > now_s + CLOCK_SKEW_S_MAX for time in begins):
        raise CredentialError("the credential is not valid yet")
    expires_at_s = token.get_time("exp")
    if expires_at_s is not None and expires_at_s <= now_s:
        raise CredentialError("the credential has expired: ask its issuer for a new one")


def read_verification_method(token: CompactJws, *, issuer: str) -> str:
    """URL of the key that a token names, which must be one of its issuer's.

    Raises:
        CredentialError: The issuer is no DID, or the key is missing or another DID's.
    """
    kid = token.header.get("kid")
    if not issuer.startswith("did:") or not isinstance(kid, str):
        raise CredentialError("the issuer is a DID, and kid names one of its keys")
    method = issuer + kid if kid.startswith("#") else kid
    if method.partition("#")[0] != issuer:
        raise CredentialError("the token names a key of somebody other than its issuer")
    return method


def _compute_sd_hash(shown: str) -> str:
    return encode_base64url(hashlib.sha256(shown.encode()).digest())


def _read_holder_key(claims: JsonObject) -> VerificationKey | None:
    confirmation = claims.get("cnf")
    if confirmation is None:
        return None
    if not isinstance(confirmation, dict) or set(confirmation) != {"jwk"}:
        raise CredentialError("cnf holds a jwk, and nothing else")
    try:
        return parse_jwk(confirmation["jwk"])
    except RefusedError as error:
        raise CredentialError(f"cnf: {error.reason}") from error
