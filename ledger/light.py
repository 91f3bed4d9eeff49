"""What a wallet believes: headers signed by validators that it already trusts.

Pure and offline: whoever served a header needs no trust. Signatures are checked by
libsodium, as consensus does. It trusts exactly one validator set; a chain whose validators
changed is refused with a sentence that says so, never followed in silence.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from config.errors import RefusedError
from config.limits import COOPERATIVES_MAX, GENESIS_BYTES_MAX
from did.jcs import parse_json_object
from did.keys import PUBLIC_KEY_BYTES, is_signature_valid
from ledger.headers import (
    FLAG_ABSENT,
    FLAG_COMMIT,
    Commit,
    SignedHeader,
    Validator,
    compute_validators_hash,
    compute_vote_sign_bytes,
    parse_base64,
    sort_validators,
)

TRUST_VERSION = 1


class LightError(RefusedError):
    """A header or commit does not follow from what is trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustBundle:
    """What somebody must be given by people, not by the network: whom to believe."""

    chain_id: str
    genesis_hash: bytes
    """SHA-256 of the genesis file; 32 bytes."""
    validators: tuple[Validator, ...]
    height: int = 0
    """A header that is known to belong to this chain; 0 for none."""
    header_hash: bytes = b""
    """That header's hash; 32 bytes, empty for none."""

    def to_json(self) -> dict[str, Any]:
        """The bundle as it is saved and served."""
        return {
            "version": TRUST_VERSION,
            "chain_id": self.chain_id,
            "genesis_hash": self.genesis_hash.hex(),
            "validators": [
                {"public_key": item.public_key.hex(), "power": item.power}
                for item in self.validators
            ],
            "height": self.height,
            "header_hash": self.header_hash.hex(),
        }


def parse_trust_bundle(value: object) -> TrustBundle:
    """Read a trust bundle from parsed JSON.

    Raises:
        LightError: A field is missing or malformed.
    """
    try:
        if not isinstance(value, dict) or value["version"] != TRUST_VERSION:
            raise LightError(f"a trust bundle is a JSON object of version {TRUST_VERSION}")
        return TrustBundle(
            chain_id=_text(value["chain_id"]),
            genesis_hash=_hex32(value["genesis_hash"]),
            validators=check_validators(
                tuple(
                    Validator(public_key=_hex32(item["public_key"]), power=_positive(item["power"]))
                    for item in value["validators"]
                )
            ),
            height=_positive(value["height"]) if value["height"] else 0,
            header_hash=_hex32(value["header_hash"]) if value["header_hash"] else b"",
        )
    except (KeyError, TypeError) as error:
        raise LightError("the trust bundle lacks a field or has one of another kind") from error


def compute_trust_bundle(genesis: bytes) -> TrustBundle:
    """The trust bundle that a genesis file stands for.

    Args:
        genesis: The file's bytes, exactly as the engine reads them.
    """
    document = parse_json_object(genesis, bytes_max=GENESIS_BYTES_MAX)
    try:
        validators = tuple(
            Validator(public_key=parse_base64(item["pub_key"]["value"]), power=int(item["power"]))
            for item in document["validators"]
        )
        return TrustBundle(
            chain_id=_text(document["chain_id"]),
            genesis_hash=hashlib.sha256(genesis).digest(),
            validators=check_validators(validators),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LightError("the genesis file names its validators in no known way") from error


def check_validators(validators: tuple[Validator, ...]) -> tuple[Validator, ...]:
    """Return a usable validator set in the engine's order.

    Raises:
        LightError: Empty, too many, a key twice, or a power that is not positive.
    """
    if not 0 < len(validators) <= COOPERATIVES_MAX:
        raise LightError(f"a validator set has 1 to {COOPERATIVES_MAX} keys")
    if len({item.public_key for item in validators}) != len(validators):
        raise LightError("a validator's key appears twice")
    if any(len(item.public_key) != PUBLIC_KEY_BYTES or item.power < 1 for item in validators):
        raise LightError("a validator has a 32-byte key and a positive power")
    return sort_validators(validators)


def check_signed_header(signed: SignedHeader, *, trust: TrustBundle) -> None:
    """Check that a header is final on the trusted chain.

    Raises:
        LightError: Another chain, other validators, or too few valid signatures.
    """
    header = signed.header
    is_anchor = trust.height > 0 and header.height == trust.height
    if is_anchor and header.compute_hash() != trust.header_hash:
        raise LightError("the header contradicts the trusted one at its height")
    check_commit(chain_id=trust.chain_id, signed=signed, validators=trust.validators)


def check_commit(*, chain_id: str, signed: SignedHeader, validators: tuple[Validator, ...]) -> None:
    """Check that more than two thirds of the validators' power signed a header.

    Every signature present must be valid, not only as many as are needed: a receipt that
    was touched anywhere is refused.

    Raises:
        LightError: Says which of the conditions does not hold.
    """
    header, commit = signed.header, signed.commit
    if header.chain_id != chain_id:
        raise LightError(f"the header is of chain {header.chain_id!r}, not {chain_id!r}")
    if header.height < 1 or commit.height != header.height:
        raise LightError("the commit is not for the header's height")
    if header.validators_hash != compute_validators_hash(validators):
        raise LightError(
            "the chain's validators are not the trusted ones: get a new trust bundle from a "
            "cooperative that you trust"
        )
    if commit.block_id.hash != header.compute_hash():
        raise LightError("the commit is for another header")
    ordered = sort_validators(validators)
    if len(commit.signatures) != len(ordered):
        raise LightError("the commit has not one entry for each validator")
    signed_power = _sum_signed_power(commit, ordered, chain_id=chain_id)
    total = sum(item.power for item in ordered)
    if 3 * signed_power <= 2 * total:
        raise LightError(f"only {signed_power} of {total} validator power signed the header")


def render_trust_bundle(trust: TrustBundle) -> bytes:
    """The bundle as a file's bytes."""
    return json.dumps(trust.to_json(), indent=2).encode() + b"\n"


def _sum_signed_power(commit: Commit, validators: tuple[Validator, ...], *, chain_id: str) -> int:
    power = 0
    for index, (entry, validator) in enumerate(zip(commit.signatures, validators, strict=True)):
        if entry.flag == FLAG_ABSENT:
            continue
        if entry.validator_address != validator.address:
            raise LightError("a precommit names another validator than its place says")
        message = compute_vote_sign_bytes(commit, index, chain_id=chain_id)
        if not is_signature_valid(
            public_key=validator.public_key, message=message, signature=entry.signature
        ):
            raise LightError("a validator's signature is not valid")
        if entry.flag == FLAG_COMMIT:
            power += validator.power
    return power


def _hex32(value: object) -> bytes:
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        data = b""
    if len(data) != 32 or data.hex() != value:
        raise LightError("expected 32 bytes as lower-case hexadecimal")
    return data


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 50:
        raise LightError("expected a text of 1 to 50 characters")
    return value


def _positive(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 60:
        raise LightError("expected a positive whole number")
    return value
