"""The envelope of a transaction: who says what, until when, signed by which keys.

Bytes are `[body, [signature, …]]` and the body is
`[version, chain id, account, nonce, valid until (ms), keys, type, payload]`, both canonical
msgpack (`did.codec`), the body as a byte string inside, so that what was signed is what is
read. The keys stand in the body: a signature covers who signs beside it, and whether it
holds needs no state. Whether the keys are the account's is `ledger.authentication`'s matter.
Pure.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Annotated

import msgspec
from msgspec import Meta

from config.limits import CHAIN_ID_CHARS_MAX, TX_BYTES_MAX, TX_SIGNATURES_MAX
from did.codec import CodecError, Record
from did.keys import SIGNATURE_BYTES, KeyPair, is_signature_valid
from governance.fields import INTEGER_MAX, Count, Hash
from governance.refusals import RefusalCode, TxRefusedError
from governance.transactions import Payload, decode_payload

VERSION = 1
_DOMAIN = b"rochdale/tx/v1"
_MULTICODEC_ED25519 = b"\xed\x01"
_MULTIKEY_BYTES = 34
_Signature = Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]
_Multikey = Annotated[bytes, Meta(min_length=_MULTIKEY_BYTES, max_length=_MULTIKEY_BYTES)]
_PER_KEY = Meta(min_length=1, max_length=TX_SIGNATURES_MAX)


class _Envelope(Record, frozen=True, kw_only=True):
    body: bytes
    signatures: Annotated[tuple[_Signature, ...], _PER_KEY]


class _Body(Record, frozen=True, kw_only=True):
    version: Count
    chain_id: Annotated[str, Meta(max_length=CHAIN_ID_CHARS_MAX)]
    account: Hash
    nonce: Annotated[int, Meta(ge=1, le=INTEGER_MAX)]
    valid_until_ms: Count
    keys: Annotated[tuple[_Multikey, ...], _PER_KEY]
    type: Count
    payload: msgspec.Raw


class Transaction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A transaction whose form is right."""

    chain_id: str
    account: bytes
    """Who acts; 32 bytes."""
    nonce: int
    valid_until_ms: int
    payload: Payload
    keys: tuple[bytes, ...]
    """Ed25519 keys that signed, ascending; 32 bytes each."""
    signatures: tuple[bytes, ...]
    """One for each key, in the same order."""
    signing_input: bytes
    """What each signature covers."""
    size_bytes: int


def sign_transaction(
    *,
    chain_id: str,
    account: bytes,
    nonce: int,
    valid_until_ms: int,
    payload: Payload,
    keys: Sequence[KeyPair],
) -> bytes:
    """Write and sign a transaction.

    Args:
        chain_id: The only chain on which it is valid.
        account: Who acts; 32 bytes.
        nonce: Never used before by any of the keys; at most `valid_until_ms`.
        valid_until_ms: Block time from which it is refused; at most a day ahead.
        payload: What is said.
        keys: Of the account, at least one.
    """
    ordered = sorted(keys, key=lambda key: key.public_key)
    body = render_body(
        chain_id=chain_id,
        account=account,
        nonce=nonce,
        valid_until_ms=valid_until_ms,
        payload=payload,
        public_keys=[key.public_key for key in ordered],
    )
    return join_signatures(body, [sign_body(body, key, chain_id=chain_id) for key in ordered])


def render_body(
    *,
    chain_id: str,
    account: bytes,
    nonce: int,
    valid_until_ms: int,
    payload: Payload,
    public_keys: Sequence[bytes],
) -> bytes:
    """Write what several people sign one after the other; as `sign_transaction`.

    Args:
        chain_id: The only chain on which it is valid.
        account: Whom it is about; 32 bytes.
        nonce: Never used before by any of the keys.
        valid_until_ms: Block time from which it is refused; at most a day ahead.
        payload: What is said.
        public_keys: All that will sign.
    """
    return _Body(
        version=VERSION,
        chain_id=chain_id,
        account=account,
        nonce=nonce,
        valid_until_ms=valid_until_ms,
        keys=tuple(_MULTICODEC_ED25519 + key for key in sorted(public_keys)),
        type=payload.tag,
        payload=msgspec.Raw(payload.encode()),
    ).encode()


def sign_body(body: bytes, key: KeyPair, *, chain_id: str) -> bytes:
    """Sign a body from `render_body` with one of its keys; 64 bytes."""
    return key.sign(_compute_signing_input(body, chain_id=chain_id))


def read_body_keys(body: bytes) -> tuple[bytes, ...]:
    """Who is to sign a body, ascending.

    Raises:
        RefusedError: It is malformed.
    """
    return _read_keys(_Body.parse(body).keys)


def join_signatures(body: bytes, signatures: Sequence[bytes]) -> bytes:
    """The transaction of a body and its signatures, one for each key, in the keys' order."""
    return _Envelope(body=body, signatures=tuple(signatures)).encode()


def decode_transaction(data: bytes) -> Transaction:
    """Read a transaction's bytes; its signatures are still to be checked.

    Raises:
        TxRefusedError: TOO_LARGE, MALFORMED, SIGNATURES_MALFORMED, VERSION_UNSUPPORTED,
            TYPE_UNKNOWN or PAYLOAD_MALFORMED; the reason names the field.
    """
    if len(data) > TX_BYTES_MAX:
        raise TxRefusedError(RefusalCode.TOO_LARGE)
    try:
        envelope = _Envelope.parse(data)
        body = _Body.parse(envelope.body)
    except CodecError as error:
        is_signature = error.field in {"signatures", "keys"}
        code = RefusalCode.SIGNATURES_MALFORMED if is_signature else RefusalCode.MALFORMED
        raise TxRefusedError(code, error.reason) from error
    keys = _read_keys(body.keys)
    if len(keys) != len(envelope.signatures):
        raise TxRefusedError(RefusalCode.SIGNATURES_MALFORMED, "not one for each key")
    if body.version != VERSION:
        raise TxRefusedError(RefusalCode.VERSION_UNSUPPORTED)
    return Transaction(
        chain_id=body.chain_id,
        account=body.account,
        nonce=body.nonce,
        valid_until_ms=body.valid_until_ms,
        payload=decode_payload(body.type, bytes(body.payload)),
        keys=keys,
        signatures=envelope.signatures,
        signing_input=_compute_signing_input(envelope.body, chain_id=body.chain_id),
        size_bytes=len(data),
    )


def check_signatures(tx: Transaction) -> None:
    """Check every signature, by libsodium alone.

    Raises:
        TxRefusedError: SIGNATURE_INVALID.
    """
    for key, signature in zip(tx.keys, tx.signatures, strict=True):
        if not is_signature_valid(public_key=key, message=tx.signing_input, signature=signature):
            raise TxRefusedError(RefusalCode.SIGNATURE_INVALID)


def compute_transaction_hash(data: bytes) -> bytes:
    """SHA-256 of the bytes, as the engine names a transaction; 32 bytes."""
    return hashlib.sha256(data).digest()


def _read_keys(multikeys: tuple[bytes, ...]) -> tuple[bytes, ...]:
    if len(multikeys) > 1 and any(first >= second for first, second in pairwise(multikeys)):
        raise TxRefusedError(RefusalCode.SIGNATURES_MALFORMED, "keys ascend, each once")
    if not all(key.startswith(_MULTICODEC_ED25519) for key in multikeys):
        raise TxRefusedError(RefusalCode.SIGNATURES_MALFORMED, "only Ed25519 keys sign")
    return tuple(key[len(_MULTICODEC_ED25519) :] for key in multikeys)


def _compute_signing_input(body: bytes, *, chain_id: str) -> bytes:
    # The chain stands in the body too; before it, no prefix of one chain's bytes is another's.
    return _compute_prefix(chain_id) + body


@lru_cache(maxsize=8)
def _compute_prefix(chain_id: str) -> bytes:
    return _DOMAIN + hashlib.sha256(chain_id.encode()).digest()
