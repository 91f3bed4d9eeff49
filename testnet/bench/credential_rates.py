"""How many signatures and credentials one core checks in a second, beside others' rates.

Each credential is read from its bytes and checked in full, as if it had just arrived: what
would be remembered of it is not. didkit runs in a process of its own.
"""

import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from nacl.bindings import crypto_sign_open

from config.errors import InvariantError, UnavailableError
from did.credentials.checking import CredentialPolicy, Evidence, check_credential
from did.credentials.data_integrity import sign_document
from did.credentials.sd_jwt_vc import (
    KeyBinding,
    check_sd_jwt_vc,
    issue_sd_jwt_vc,
    parse_sd_jwt_vc,
    present_sd_jwt_vc,
)
from did.documents import parse_did_document, render_did_web_document
from did.jcs import canonicalize, parse_json_object
from did.keys import KeyPair
from did.verification_keys import KeyKind, VerificationKey

_TOGETHER = 50
_MESSAGE_BYTES = 300
_DIDKIT_TIMEOUT_S = 30.0
_ORIGIN = "https://bench.example"
_DID = "did:web:bench.example"
_NOW_S = 1_800_000_000
_ASKED = KeyBinding(audience="https://verifier.example", nonce="n-0S6_WzA2Mj")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Checks a second, of one core."""

    bare_per_s: float
    """PyNaCl alone, as many bytes: the limit."""
    ed25519_per_s: float
    jcs_per_s: float
    sdjwt_per_s: float
    didkit_per_s: float
    """VC 1.1 with Ed25519Signature2020: the peer."""


def measure_rates(*, seconds: float) -> Rates:
    """Measure each for so long.

    Raises:
        UnavailableError: didkit does not run here.
    """
    key = KeyPair(secrets.token_bytes(32))
    message = secrets.token_bytes(_MESSAGE_BYTES)
    signature = key.sign(message)
    public = VerificationKey(KeyKind.ED25519, key.public_key)
    signed = signature + message
    return Rates(
        bare_per_s=_count(lambda: crypto_sign_open(signed, key.public_key), seconds),
        ed25519_per_s=_count(
            lambda: public.is_signature_valid(alg="EdDSA", message=message, signature=signature),
            seconds,
        ),
        jcs_per_s=_count(_make_jcs_check(key), seconds),
        sdjwt_per_s=_count(_make_sd_jwt_check(key), seconds),
        didkit_per_s=_ask_didkit(seconds),
    )


def _make_jcs_check(key: KeyPair) -> Callable[[], object]:
    unsigned = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": _DID,
        "validFrom": "2027-01-01T00:00:00Z",
        "validUntil": "2028-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"},
    }
    credential = canonicalize(
        sign_document(
            unsigned,
            key=key,
            verification_method=f"{_DID}#assertion",
            created="2027-01-01T00:00:00Z",
        )
    )
    document = render_did_web_document(
        did=_DID,
        origin=_ORIGIN,
        assertion_key=key.public_key,
        http_key=key.public_key,
        root_key=key.public_key,
    )
    evidence = Evidence(documents={_DID: parse_did_document(canonicalize(document), did=_DID)})
    policy = CredentialPolicy(now_s=_NOW_S)
    return lambda: check_credential(parse_json_object(credential), policy=policy, evidence=evidence)


def _make_sd_jwt_check(key: KeyPair) -> Callable[[], object]:
    holder = KeyPair(secrets.token_bytes(32))
    issued = issue_sd_jwt_vc(
        {"cooperative": "Bench", "since": "2027-01", "roles": ["auditor"]},
        vct=f"{_ORIGIN}/membership",
        issuer=_DID,
        key=key,
        verification_method=f"{_DID}#assertion",
        holder_key=VerificationKey(KeyKind.ED25519, holder.public_key),
        disclosable=[("since",), ("roles",)],
        issued_at_s=_NOW_S,
        expires_at_s=_NOW_S + 3_600,
        random=secrets.token_bytes,
    )
    shown = present_sd_jwt_vc(
        issued,
        disclose=[("since",)],
        key=holder,
        audience=_ASKED.audience,
        nonce=_ASKED.nonce,
        now_s=_NOW_S,
    )
    issuer_key = VerificationKey(KeyKind.ED25519, key.public_key)
    return lambda: check_sd_jwt_vc(
        parse_sd_jwt_vc(shown), issuer_key=issuer_key, now_s=_NOW_S, key_binding=_ASKED
    )


def _count(work: Callable[[], object], seconds: float) -> float:
    """How often something can be done in a second; raises if it ever says no."""
    count, began_s = 0, time.perf_counter()
    while True:
        for _ in range(_TOGETHER):
            if work() is False:
                raise InvariantError("a signature of our own does not hold")
        count += _TOGETHER
        taken_s = time.perf_counter() - began_s
        if taken_s >= seconds:
            return count / taken_s


def _ask_didkit(seconds: float) -> float:
    argv = [sys.executable, "-P", "-m", "testnet.bench.didkit_peer", str(seconds)]
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=_DIDKIT_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise UnavailableError(f"didkit does not run here: {done.stderr[-300:]}")
    return float(done.stdout)
