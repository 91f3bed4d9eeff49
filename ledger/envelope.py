"""The envelope of a transaction: who says what, until when, signed by which keys.

Bytes are `[body, [[key id, signature], …]]` and the body is
`[version, chain id, account, nonce, valid until (ms), type, payload]`, both canonical msgpack
(`did.codec`), the body as a byte string inside, so that what was signed is what is read.
Whether the signatures belong to the account is `ledger.authentication`'s matter. Pure.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from config.limits import TX_BYTES_MAX, TX_SIGNATURES_MAX
from did.accounts import ACCOUNT_ID_BYTES
from did.codec import CodecError, Value, decode, encode
from did.keys import SIGNATURE_BYTES, KeyPair
from governance.refusals import RefusalCode, TxRefusedError
from governance.transactions import Payload, decode_payload

VERSION = 1
_DOMAIN = b"rochdale/tx/v1"
_KEY_ID_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A transaction whose form is right; its signatures are still to be checked."""

    chain_id: str
    account: bytes
    """Who acts; 32 bytes."""
    nonce: int
    valid_until_ms: int
    payload: Payload
    signatures: tuple[tuple[bytes, bytes], ...]
    """Key id and signature, ascending by key id."""
    signing_input: bytes
    """What each signature covers."""
    hash: bytes
    """SHA-256 of all bytes: the engine's name for the transaction."""


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
    body = encode(
        [
            VERSION,
            chain_id,
            account,
            nonce,
            valid_until_ms,
            payload.tag,
            payload.to_value(),
        ]
    )
    signing_input = _compute_signing_input(body, chain_id=chain_id)
    signatures: list[Value] = [
        [key.key_id, key.sign(signing_input)] for key in sorted(keys, key=lambda key: key.key_id)
    ]
    return encode([body, signatures])


def decode_transaction(data: bytes) -> Transaction:
    """Read a transaction's bytes.

    Raises:
        TxRefusedError: Too large, not canonical, another version, an unknown type, a malformed
            payload, or signatures that are none, too many, unsorted or repeated.
    """
    if len(data) > TX_BYTES_MAX:
        raise TxRefusedError(RefusalCode.TOO_LARGE)
    match _decode(data):
        case [bytes(body), list(signature_values)]:
            pass
        case _:
            raise TxRefusedError(RefusalCode.MALFORMED)
    signatures = _read_signatures(signature_values)
    match _decode(body):
        case [int(version), str(chain_id), bytes(account), int(nonce), int(until), int(tag), value]:
            pass
        case _:
            raise TxRefusedError(RefusalCode.MALFORMED)
    if version != VERSION or isinstance(version, bool):
        raise TxRefusedError(RefusalCode.VERSION_UNSUPPORTED)
    if len(account) != ACCOUNT_ID_BYTES or any(isinstance(n, bool) for n in (nonce, until, tag)):
        raise TxRefusedError(RefusalCode.MALFORMED)
    if nonce < 1 or until < 0:
        raise TxRefusedError(RefusalCode.MALFORMED)
    return Transaction(
        chain_id=chain_id,
        account=account,
        nonce=nonce,
        valid_until_ms=until,
        payload=decode_payload(tag, value),
        signatures=signatures,
        signing_input=_compute_signing_input(body, chain_id=chain_id),
        hash=compute_transaction_hash(data),
    )


def compute_transaction_hash(data: bytes) -> bytes:
    """SHA-256 of the bytes, as the engine names a transaction; 32 bytes."""
    return hashlib.sha256(data).digest()


def _read_signatures(values: list[Value]) -> tuple[tuple[bytes, bytes], ...]:
    if not 1 <= len(values) <= TX_SIGNATURES_MAX:
        raise TxRefusedError(RefusalCode.SIGNATURES_MALFORMED)
    signatures: list[tuple[bytes, bytes]] = []
    for value in values:
        match value:
            case [bytes(key_id), bytes(signature)] if (
                len(key_id) == _KEY_ID_BYTES and len(signature) == SIGNATURE_BYTES
            ):
                signatures.append((key_id, signature))
            case _:
                raise TxRefusedError(RefusalCode.SIGNATURES_MALFORMED)
    key_ids = [key_id for key_id, _ in signatures]
    if any(first >= second for first, second in pairwise(key_ids)):
        raise TxRefusedError(RefusalCode.SIGNATURES_MALFORMED)
    return tuple(signatures)


def _decode(data: bytes) -> Value:
    try:
        return decode(data, bytes_max=TX_BYTES_MAX)
    except CodecError as error:
        raise TxRefusedError(RefusalCode.MALFORMED) from error


def _compute_signing_input(body: bytes, *, chain_id: str) -> bytes:
    # The chain stands in the body too; before it, no prefix of one chain's bytes is another's.
    return _DOMAIN + hashlib.sha256(chain_id.encode()).digest() + body
