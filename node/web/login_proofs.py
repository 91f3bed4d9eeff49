"""A person proves to be here, and the proof is brought together with the browser that waits.

Whoever shows the proof gets a code, and only the browser that began the login can use it:
a stranger who sends somebody the address of their own login gains nothing by the answer.
"""

import hmac
from dataclasses import dataclass

from config.limits import LOGIN_TRIES_MAX
from did.jcs import JsonObject, canonicalize, parse_json_object
from did.login.challenge import Challenge, Purpose, parse_statement
from did.login.errors import OAuthError
from did.verification_keys import compute_thumbprint
from node.web.credential_store import CredentialState, CredentialStore
from node.web.holders import Holder
from node.web.login import PASSKEYS_CLIENT_ID, Login
from node.web.login_records import LoginRequest, hash_secret

_PROOF_PURPOSE = "login-proof"
"""For what a proof is sealed to its holder."""
DID_METHOD = "did"
"""How a person proved their DID: by their wallet's own signature."""
CREDENTIAL_METHOD = "credential"
"""By showing the membership credential."""
_CODE_BYTES = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: people read it aloud and type it."""
_GROUP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What somebody has proved: a key of their DID, or a credential that goes back to it."""

    holder: Holder
    did: str
    method: str
    """The verification method that signed, now or when the credential was issued."""
    thumbprint: str
    """Of its key, for a name may come to stand for another key."""
    credential: str = ""
    """Id of the membership credential that was shown, in hex; empty if none was."""

    def seal(self, login: Login) -> bytes:
        """As it is kept beside what goes back to it: grants, passkeys, keys of credentials."""
        value = {
            "did": self.did,
            "method": self.method,
            "thumbprint": self.thumbprint,
            "credential": self.credential,
            "at_s": login.clock.now_s(),
        }
        data = canonicalize(value)
        return login.holders.seal_for(self.holder.id, data, purpose=_PROOF_PURPOSE)


def get_challenge(login: Login, asked: LoginRequest) -> Challenge:
    """What a wallet signs to log in, or to add a passkey."""
    is_adding = asked.request.client_id == PASSKEYS_CLIENT_ID
    return Challenge(
        audience=login.origin,
        nonce=asked.nonce,
        client_id=asked.request.client_id,
        purpose=Purpose.ADD_PASSKEY if is_adding else Purpose.LOGIN,
    )


async def check_statement(login: Login, statement: str, *, expected: Challenge) -> Proof:
    """Check a wallet's signed statement; whose it is, and by which key.

    Raises:
        OAuthError: It does not hold, or nobody logs in here with this DID and key.
        UnavailableError: The DID or the ledger cannot be looked up now, or too many tries.
    """
    parsed = parse_statement(statement, expected=expected, now_s=login.clock.now_s())
    did = parsed.did
    key = await login.keys.find(did, parsed.kid)
    if not parsed.token.is_signed_by(key):
        raise OAuthError("access_denied", "the signature is not by this DID's key")
    # Not before: counted for strangers, it would tell them who logged in a moment ago.
    login.proofs.take(did, now_s=login.clock.steady_s())
    holder = await login.keys.check_current(key, did, holder=login.holders.find_by_did(did))
    return Proof(holder=holder, did=did, method=parsed.kid, thumbprint=compute_thumbprint(key))


def read_proof(login: Login, sealed: bytes, *, holder_id: bytes) -> JsonObject:
    """What `Proof.seal` sealed, and when: the fields of `Proof`, and `at_s`."""
    data = login.holders.open_for(holder_id, sealed, purpose=_PROOF_PURPOSE)
    return parse_json_object(data, depth_max=1)


async def check_proof(login: Login, sealed: bytes | None, *, holder: Holder) -> None:
    """Check that the key by which a person proved their DID once is still theirs.

    If they showed a credential, it must still hold too.

    What was allowed or added by that proof holds as long as this does.

    Args:
        login: The authorization server.
        sealed: As `Proof.seal` made it; None, if nothing is known, does not hold.
        holder: Whose it is.

    Raises:
        OAuthError: The DID is somebody else's now, or has another key, or the ledger has
            replaced the key or ended the account, or the credential was revoked or has run out.
        UnavailableError: The DID or the ledger cannot be looked up now.
    """
    over = OAuthError(
        "access_denied",
        "the key that this goes back to is not yours any more: log in with the one that you have"
        " now, and allow or add it again",
    )
    if sealed is None:
        raise over
    proof = read_proof(login, sealed, holder_id=holder.id)
    _check_credential(login, bytes.fromhex(str(proof["credential"])))
    did = str(proof["did"])
    owner = login.holders.find_by_did(did)
    key = await login.keys.find(did, str(proof["method"]))
    is_same = compute_thumbprint(key) == proof["thumbprint"]
    if owner is None or owner.id != holder.id or not is_same:
        raise over
    await login.keys.check_current(key, did, holder=holder)


def _check_credential(login: Login, credential_id: bytes) -> None:
    if not credential_id:
        return
    issued = CredentialStore(login.store.connection).get(credential_id)
    if (
        issued is None
        or issued.state is not CredentialState.ACTIVE
        or issued.expires_at_ms <= login.clock.now_ms()
    ):
        raise OAuthError(
            "access_denied",
            "the credential that this goes back to holds no longer: log in with a new one, and"
            " allow or add it again",
        )


def accept_proof(
    login: Login,
    asked: LoginRequest,
    *,
    holder: Holder,
    method: str,
    proof: bytes,
) -> str:
    """Record who is here; the code that lets the waiting browser go on.

    Args:
        login: The authorization server.
        asked: The login that was answered.
        holder: Whoever is here.
        method: How they proved it.
        proof: To what key of theirs it goes back (`Proof.seal`).

    Raises:
        OAuthError: Somebody has proved that already: a proof counts once.
    """
    code = _make_code(login)
    if not login.store.prove_request(
        asked.id, holder=holder.id, method=method, response_code=read_code(code), proof=proof
    ):
        raise OAuthError("access_denied", "this login was answered before: begin a new one")
    return code


def confirm_proof(login: Login, asked: LoginRequest, code: str) -> None:
    """Bring proof and browser together.

    Raises:
        OAuthError: The code is wrong; too many wrong ones end the login.
    """
    text = read_code(code)
    if login.store.confirm_request(asked.id, response_code=text):
        return
    if asked.tries + 1 >= LOGIN_TRIES_MAX:
        login.store.end_request(asked.id)
        raise OAuthError("access_denied", "too many wrong codes: begin the login again")
    login.store.count_try(asked.id)
    raise OAuthError(
        "access_denied",
        "this code does not belong to the login in this browser: go back, and type the code that"
        " your own wallet shows now",
    )


def get_holder_id(asked: LoginRequest) -> bytes:
    """Whoever has proved to be in the browser of a login.

    Raises:
        OAuthError: Nobody has yet.
    """
    if asked.holder is None or asked.response_code is not None:
        raise OAuthError("access_denied", "nobody has logged in yet: use your wallet first")
    return asked.holder


def read_code(text: str) -> str:
    """A code as a person typed it, in its one spelling."""
    plain = text.upper().replace("-", "").replace(" ", "")[:64]
    return plain.translate(str.maketrans("OIL", "011"))


def compute_form_token(session: str) -> str:
    """What a page's form repeats, so that no other site can send it."""
    return hmac.digest(session.encode(), b"rochdale/login-form/v1", "sha256").hex()


def compute_ticket(session: str) -> str:
    """The public name of a login, which wallets are shown; says nothing of the session."""
    return hash_secret(f"ticket/{session}").hex()[:32]


def _make_code(login: Login) -> str:
    number = int.from_bytes(login.clock.random_bytes(_CODE_BYTES))
    digits = "".join(_ALPHABET[number >> shift & 31] for shift in range(0, 8 * _CODE_BYTES, 5))
    return "-".join(digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP))
