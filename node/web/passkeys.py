"""Passkeys of holders: good as long as that is by which they were added.

A passkey stands in for one key of one DID, or for one membership credential and the key that it
goes back to. Once the DID has another key, or the register another DID, or the ledger has closed
the account, or the credential is revoked or has run out, the passkey opens nothing: a thief who
added one loses it with what was stolen. Signs no transaction, and adds no other passkey.
"""

import hashlib

from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import encode_cbor

from config.did_limits import (
    PASSKEY_LABEL_CHARACTERS_MAX,
    PASSKEY_NOTICE_S,
    PASSKEY_PROOF_AGE_S_MAX,
)
from did.base64url import decode_base64url, encode_base64url
from did.jcs import JsonObject
from did.login.errors import OAuthError
from did.login.passkeys import (
    CopiedPasskeyError,
    Passkey,
    check_creation,
    check_use,
    get_id,
    render_creation,
)
from did.times import render_time
from node.web.holders import Holder
from node.web.login import PASSKEYS_CLIENT_ID, Login
from node.web.login_proofs import (
    CREDENTIAL_METHOD,
    DID_METHOD,
    check_proof,
    get_holder_id,
    read_proof,
)
from node.web.login_records import LoginRequest
from node.web.passkey_store import StoredPasskey

_ADDING = {
    DID_METHOD: "by the wallet's key",
    CREDENTIAL_METHOD: "by the membership credential",
}
"""How people prove to be here who may add a passkey, and what their history says of it."""


def get_use_challenge(asked: LoginRequest) -> bytes:
    """What a passkey signs to log in: follows from the login, and is answered once like it."""
    return _derive(asked, "use")


def describe_passkeys(login: Login, asked: LoginRequest, *, name: str) -> JsonObject:
    """A holder's passkeys, and what their browser needs to make another."""
    holder_id = get_holder_id(asked)
    known = login.passkeys.list_of(holder_id)
    creation = render_creation(
        origin=login.origin,
        name=name,
        user=holder_id,
        challenge=_derive(asked, "creation"),
        known=[item.passkey.id for item in known],
    )
    return {"creation": creation, "passkeys": list_passkeys(login, holder_id)}


def list_passkeys(login: Login, holder_id: bytes) -> list[JsonObject]:
    """A holder's passkeys, as the holder sees them."""
    return [
        {
            "id": encode_base64url(item.passkey.id),
            "label": item.label,
            "since": render_time(item.created_at_s * 1_000),
            "used": "" if item.used_at_s is None else render_time(item.used_at_s * 1_000),
        }
        for item in login.passkeys.list_of(holder_id)
    ]


def add_passkey(login: Login, asked: LoginRequest, credential: JsonObject, *, label: str) -> None:
    """Keep the passkey that a browser has made; one for each proof, and soon after it.

    Raises:
        OAuthError: It does not hold, is known, or is one too many; or nobody has proved to be
            here within the last minutes, or by a passkey alone.
    """
    holder_id = get_holder_id(asked)
    if asked.proof is None or asked.method not in _ADDING:
        raise OAuthError("access_denied", "a passkey adds no other: use your wallet")
    proof = read_proof(login, asked.proof, holder_id=holder_id)
    if asked.method == CREDENTIAL_METHOD and not proof["credential"]:
        raise OAuthError("access_denied", "your credential is not known here: get a new one first")
    if login.clock.now_s() - int(proof["at_s"]) > PASSKEY_PROOF_AGE_S_MAX:
        raise OAuthError(
            "access_denied",
            "you have shown who you are more than five minutes ago: open this page again",
        )
    if len(label) > PASSKEY_LABEL_CHARACTERS_MAX or not label.isprintable():
        raise OAuthError(
            "invalid_request",
            f"a passkey's name has at most {PASSKEY_LABEL_CHARACTERS_MAX} characters on one line",
        )
    passkey = check_creation(credential, origin=login.origin, challenge=_derive(asked, "creation"))
    now_s = login.clock.now_s()
    login.passkeys.put(
        StoredPasskey(
            passkey=passkey,
            holder=holder_id,
            proof=asked.proof,
            label=label or "Passkey",
            created_at_s=now_s,
            used_at_s=None,
        )
    )
    login.store.end_request(asked.id)
    by = _ADDING[asked.method]
    login.note(holder_id, "passkey added", client_id=PASSKEYS_CLIENT_ID, detail=by)


def remove_passkey(login: Login, passkey_id: str, *, holder_id: bytes, client_id: str) -> None:
    """Forget a holder's passkey.

    Raises:
        RefusedError: They have no such one.
    """
    if not login.passkeys.delete(decode_base64url(passkey_id), holder=holder_id):
        raise OAuthError("invalid_request", "you have no such passkey", status=404)
    login.note(holder_id, "passkey removed", client_id=client_id)


async def use_passkey(
    login: Login, asked: LoginRequest, credential: JsonObject
) -> tuple[Holder, bytes]:
    """Check what an authenticator answers to a login; whose passkey it is, and its proof.

    Raises:
        RefusedError: It does not hold, or the key that it stands in for does not speak any more.
        UnavailableError: The DID or the ledger cannot be looked up now, or too many tries.
    """
    passkey_id = decode_base64url(get_id(credential))
    stored = login.passkeys.find(passkey_id)
    try:
        count = check_use(
            credential,
            origin=login.origin,
            challenge=get_use_challenge(asked),
            passkey=_make_decoy(passkey_id) if stored is None else stored.passkey,
        )
    except CopiedPasskeyError:
        if stored is not None:
            client_id = asked.request.client_id
            login.note(
                stored.holder, "passkey refused", client_id=client_id, detail="perhaps a copy"
            )
        raise
    holder = None if stored is None else login.holders.get(stored.holder)
    if stored is None or holder is None:  # pragma: no cover - nobody signs for a decoy
        raise OAuthError("access_denied", "nobody here has this passkey")
    _check_user(credential, holder)
    await check_proof(login, stored.proof, holder=holder)
    if not login.passkeys.use(stored.passkey, sign_count=count, now_s=login.clock.now_s()):
        raise OAuthError("access_denied", "this passkey was just used or removed: try again")
    return holder, stored.proof


def list_new_passkeys(login: Login, holder_id: bytes) -> list[JsonObject]:
    """Passkeys that were added lately: whoever did not add them should see it."""
    since_s = login.clock.now_s() - PASSKEY_NOTICE_S
    recent = {
        encode_base64url(item.passkey.id)
        for item in login.passkeys.list_of(holder_id)
        if item.created_at_s > since_s
    }
    return [item for item in list_passkeys(login, holder_id) if item["id"] in recent]


def _check_user(credential: JsonObject, holder: Holder) -> None:
    """A handle, where the authenticator gives one, names the holder (§7.2, step 6)."""
    response = credential.get("response")
    handle = response.get("userHandle") if isinstance(response, dict) else None
    if handle is not None and handle != encode_base64url(holder.id):
        raise OAuthError("access_denied", "this passkey is somebody else's")


def _make_decoy(passkey_id: bytes) -> Passkey:
    """A passkey whose private key nobody has: unknown ones are refused as wrong ones are."""
    return Passkey(id=passkey_id, public_key=_DECOY_KEY, sign_count=0)


def _make_decoy_key() -> bytes:
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    public_key = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
    data: bytes = encode_cbor(public_key)
    return data


_DECOY_KEY = _make_decoy_key()
"""ES256 in COSE's form (RFC 9053 §7.1.1); of this process."""


def _derive(asked: LoginRequest, purpose: str) -> bytes:
    return hashlib.sha256(f"rochdale/passkey/{purpose}/{asked.nonce}".encode()).digest()
