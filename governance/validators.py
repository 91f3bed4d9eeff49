"""Which cooperatives validate, with which key, and who is suspended.

A cooperative's record says what should be; `governance.validator_updates` tells the engine at
the end of a block, as fast as is safe. A consensus key belongs to one cooperative for ever and
never comes back once it was given up.
"""

import hashlib

from msgspec.structs import replace

from config.errors import InvariantError
from governance.context import BlockContext
from governance.events import Events
from governance.federal_events import (
    ConsensusKeyRotated,
    ValidatorAppointed,
    ValidatorRestored,
    ValidatorStopped,
    ValidatorSuspended,
)
from governance.federal_records import ConsensusKey
from governance.federal_view import FederalView
from governance.records import Cooperative, Standing, Validator
from governance.refusals import RefusalCode, TxRefusedError

_ADDRESS_BYTES = 20


def compute_validator_address(consensus_key: bytes) -> bytes:
    """How the engine names the validator of an Ed25519 key; 20 bytes of SHA-256."""
    return hashlib.sha256(consensus_key).digest()[:_ADDRESS_BYTES]


def check_appointment(view: FederalView, cooperative: Cooperative, consensus_key: bytes) -> None:
    """Check that a cooperative may become a validator with a key.

    Raises:
        TxRefusedError: ALREADY_A_VALIDATOR, CONSENSUS_KEY_TAKEN; in this order.
    """
    if cooperative.validator is not None:
        raise TxRefusedError(RefusalCode.ALREADY_A_VALIDATOR)
    check_key_free(view, consensus_key)


def check_key_free(view: FederalView, consensus_key: bytes) -> None:
    """Check that no cooperative ever had a consensus key.

    Raises:
        TxRefusedError: CONSENSUS_KEY_TAKEN.
    """
    if view.get_consensus_key(compute_validator_address(consensus_key)) is not None:
        raise TxRefusedError(RefusalCode.CONSENSUS_KEY_TAKEN)


def appoint(
    view: FederalView, cooperative: Cooperative, consensus_key: bytes, *, block: BlockContext
) -> Events:
    """Make a registered cooperative a validator; it signs once the engine has been told.

    Raises:
        TxRefusedError: As `check_appointment`.
    """
    check_appointment(view, cooperative, consensus_key)
    _claim_key(view, cooperative.id, consensus_key)
    validator = Validator(
        consensus_key=consensus_key, standing=Standing.ACTIVE, since_height=block.height
    )
    _put(view, cooperative, validator, block=block)
    return (ValidatorAppointed(cooperative=cooperative.id, consensus_key=consensus_key),)


def stop(view: FederalView, cooperative: Cooperative, *, block: BlockContext) -> Events:
    """End a cooperative's validating; its key is retired.

    Raises:
        TxRefusedError: NOT_A_VALIDATOR, LAST_VALIDATOR; in this order.
    """
    if cooperative.validator is None:
        raise TxRefusedError(RefusalCode.NOT_A_VALIDATOR)
    if is_last(view, cooperative):
        raise TxRefusedError(RefusalCode.LAST_VALIDATOR)
    _retire_key(view, cooperative.validator.consensus_key)
    view.delete_silence(cooperative.id)
    _put(view, cooperative, None, block=block)
    return (ValidatorStopped(cooperative=cooperative.id),)


def rotate(
    view: FederalView, cooperative: Cooperative, consensus_key: bytes, *, block: BlockContext
) -> Events:
    """Give a validator another key; a suspended one stays suspended.

    Raises:
        TxRefusedError: NOT_A_VALIDATOR, CONSENSUS_KEY_TAKEN; in this order.
    """
    validator = cooperative.validator
    if validator is None:
        raise TxRefusedError(RefusalCode.NOT_A_VALIDATOR)
    check_key_free(view, consensus_key)
    _retire_key(view, validator.consensus_key)
    _claim_key(view, cooperative.id, consensus_key)
    _put(view, cooperative, replace(validator, consensus_key=consensus_key), block=block)
    return (
        ConsensusKeyRotated(
            cooperative=cooperative.id, old_key=validator.consensus_key, new_key=consensus_key
        ),
    )


def suspend(
    view: FederalView, cooperative: Cooperative, standing: Standing, *, block: BlockContext
) -> Events:
    """Take a validator's power away until that is lifted; the caller keeps the floor.

    Raises:
        InvariantError: It does not validate.
    """
    validator = cooperative.validator
    if validator is None:
        raise InvariantError("a cooperative that does not validate is suspended")
    view.delete_silence(cooperative.id)
    _put(view, cooperative, replace(validator, standing=standing), block=block)
    return (ValidatorSuspended(cooperative=cooperative.id, standing=standing),)


def restore(view: FederalView, cooperative: Cooperative, *, block: BlockContext) -> Events:
    """End a suspension.

    Raises:
        TxRefusedError: NOT_A_VALIDATOR, NOT_SUSPENDED; in this order.
    """
    validator = cooperative.validator
    if validator is None:
        raise TxRefusedError(RefusalCode.NOT_A_VALIDATOR)
    if validator.standing is Standing.ACTIVE:
        raise TxRefusedError(RefusalCode.NOT_SUSPENDED)
    _put(view, cooperative, replace(validator, standing=Standing.ACTIVE), block=block)
    return (ValidatorRestored(cooperative=cooperative.id),)


def is_active(cooperative: Cooperative) -> bool:
    """Check if a cooperative's validator should sign."""
    validator = cooperative.validator
    return validator is not None and validator.standing is Standing.ACTIVE


def is_last(view: FederalView, cooperative: Cooperative) -> bool:
    """Check if a cooperative's validator is the only one that signs."""
    return is_active(cooperative) and not any(
        is_active(other) for other in view.scan_cooperatives() if other.id != cooperative.id
    )


def count_validators(view: FederalView) -> tuple[int, int]:
    """How many are active, and how many admitted, suspended ones included."""
    admitted = [item for item in view.scan_cooperatives() if item.validator is not None]
    return sum(1 for item in admitted if is_active(item)), len(admitted)


def _put(
    view: FederalView, cooperative: Cooperative, validator: Validator | None, *, block: BlockContext
) -> None:
    view.put_cooperative(
        replace(cooperative, validator=validator, validator_changed_height=block.height)
    )
    view.put_pending(is_pending=True)


def _claim_key(view: FederalView, cooperative: bytes, consensus_key: bytes) -> None:
    view.put_consensus_key(
        compute_validator_address(consensus_key),
        ConsensusKey(cooperative=cooperative, public_key=consensus_key),
    )


def _retire_key(view: FederalView, consensus_key: bytes) -> None:
    address = compute_validator_address(consensus_key)
    key = view.get_consensus_key(address)
    if key is None:
        raise InvariantError("a validator's key is nobody's")
    view.put_consensus_key(address, replace(key, is_retired=True))
