"""Asking for an account back: a transaction that guardians sign one after another.

The request travels among them as a file. It names who will sign, because their keys stand in
what each of them signs, and holds for less than a day. It is no secret: it shows guardians'
keys, which were made for this account alone.
"""

from dataclasses import dataclass, replace

from config.errors import RefusedError
from config.limits import TX_BYTES_MAX, TX_VALIDITY_MS_MAX
from did.guardians import Guardians
from did.jcs import canonicalize, parse_json_object
from did.keys import SIGNATURE_BYTES, KeyPair, encode_multikey, is_signature_valid
from did.wallets import ColdKeys
from governance.key_transactions import RecoverAccount
from ledger.envelope import (
    Transaction,
    decode_transaction,
    join_signatures,
    read_body_keys,
    render_body,
    sign_body,
)

_FORMAT = 1
_FILE_BYTES_MAX = 4 * TX_BYTES_MAX
_MARGIN_MS = 600_000
"""Clocks of guardians and of the ledger may differ."""
_NO_GUARDIANS = bytes(32)
_NOT_YET = bytes(SIGNATURE_BYTES)


class RecoveryFileError(RefusedError):
    """The file is no request for a recovery, or cannot be signed with this key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryRequest:
    """A recovery that is being signed."""

    body: bytes
    chain_id: str
    signatures: dict[bytes, bytes]
    """By key."""

    @property
    def transaction(self) -> Transaction:
        """What is signed; signatures that are missing are zero."""
        return decode_transaction(self._join())

    @property
    def payload(self) -> RecoverAccount:
        """What is asked.

        Raises:
            RecoveryFileError: The file asks for something else.
        """
        payload = self.transaction.payload
        if not isinstance(payload, RecoverAccount):
            raise RecoveryFileError("the file asks for something other than a recovery: delete it")
        return payload

    @property
    def missing(self) -> tuple[bytes, ...]:
        """Keys that have not signed yet, ascending."""
        return tuple(key for key in read_body_keys(self.body) if key not in self.signatures)

    def sign(self, key: KeyPair) -> "RecoveryRequest":
        """The request with a signature more.

        Raises:
            RecoveryFileError: It does not wait for this key.
        """
        if key.public_key not in self.missing:
            raise RecoveryFileError(
                "the request does not wait for this key's signature: it names other guardians, "
                "or has it already"
            )
        signature = sign_body(self.body, key, chain_id=self.chain_id)
        return replace(self, signatures={**self.signatures, key.public_key: signature})

    def finish(self) -> bytes:
        """The transaction, to be sent by anybody.

        Raises:
            RecoveryFileError: Somebody has not signed yet.
        """
        if self.missing:
            names = ", ".join(encode_multikey(key) for key in self.missing)
            raise RecoveryFileError(f"these have not signed yet: {names}")
        return self._join()

    def render(self) -> bytes:
        """The file."""
        return canonicalize(
            {
                "rochdale_recovery": _FORMAT,
                "chain_id": self.chain_id,
                "body": self.body.hex(),
                "signatures": {
                    encode_multikey(key): value.hex() for key, value in self.signatures.items()
                },
            }
        )

    def _join(self) -> bytes:
        keys = read_body_keys(self.body)
        return join_signatures(self.body, [self.signatures.get(key, _NOT_YET) for key in keys])


def begin_recovery(
    account: bytes,
    guardians: Guardians,
    new: ColdKeys,
    *,
    chain_id: str,
    attempt: int,
    signing: tuple[bytes, ...],
    now_ms: int,
) -> RecoveryRequest:
    """Write a request, signed by the new keys.

    Args:
        account: The ward's; 32 bytes.
        guardians: As the account has committed to.
        new: Of the wallet that takes over.
        chain_id: The ledger's.
        attempt: One more than the account's last.
        signing: Guardians who will sign.
        now_ms: Wall clock.

    Raises:
        RecoveryFileError: Fewer sign than it takes, or one who is no guardian.
    """
    if len(signing) < guardians.threshold or any(key not in guardians.keys for key in signing):
        raise RecoveryFileError(f"a recovery takes {guardians.threshold} of the guardians")
    key = new.derive_key(0)
    payload = RecoverAccount(
        attempt=attempt,
        guardians=guardians.keys,
        salt=guardians.salt,
        threshold=guardians.threshold,
        override=guardians.override,
        public_keys=(key.public_key,),
        signatures_required=1,
        next_key_commitment=new.compute_commitment(1),
        guardians_commitment=_NO_GUARDIANS,
    )
    body = render_body(
        chain_id=chain_id,
        account=account,
        nonce=now_ms,
        valid_until_ms=now_ms + TX_VALIDITY_MS_MAX - _MARGIN_MS,
        payload=payload,
        public_keys=[*signing, key.public_key],
    )
    return RecoveryRequest(body=body, chain_id=chain_id, signatures={}).sign(key)


def parse_recovery(data: bytes) -> RecoveryRequest:
    """Read a request's file; signatures that it has are checked.

    Raises:
        RefusedError: Malformed, or a signature does not hold.
    """
    document = parse_json_object(data, bytes_max=_FILE_BYTES_MAX, depth_max=3)
    match document:
        case {
            "rochdale_recovery": 1,
            "chain_id": str(chain_id),
            "body": str(body),
            "signatures": dict(signatures),
        }:
            pass
        case _:
            raise RecoveryFileError("this is no request for a recovery: choose the right file")
    raw = _read_hex(body)
    keys = {encode_multikey(key): key for key in read_body_keys(raw)}
    found = {
        keys[name]: _read_hex(value)
        for name, value in signatures.items()
        if name in keys and isinstance(value, str)
    }
    request = RecoveryRequest(body=raw, chain_id=chain_id, signatures=found)
    tx = request.transaction
    if tx.chain_id != chain_id or any(
        not is_signature_valid(public_key=key, message=tx.signing_input, signature=value)
        for key, value in found.items()
    ):
        raise RecoveryFileError("a signature of the request does not hold: ask for the file again")
    return request


def _read_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise RecoveryFileError("the request is damaged: ask for the file again") from error
