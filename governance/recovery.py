"""Going on from the last agreed state, on a new chain, after too many validators are lost.

When more than a third is gone for good the chain cannot decide anything, this neither. Those
who remain agree outside of it: which state, who validates from now on, whose membership ends.
Every node checks by that very state whether enough of its members have signed. Why more than
half: docs/decisions/0008-recovery-by-more-than-half.md.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from config.errors import RefusedError
from config.limits import COOPERATIVES_MAX, NETWORK_NAME_MAX
from did.accounts import compute_keys_commitment
from did.codec import Record
from did.keys import SIGNATURE_BYTES, is_signature_valid
from governance.context import BlockContext
from governance.events import Events
from governance.federal_view import FederalView
from governance.fields import Did, Hash, Height, Name, NodeId, P2pAddress, RulesVersion, TimeMs
from governance.records import Cooperative, CooperativeStatus, Standing
from governance.registry import part
from governance.roll import require_account
from governance.seals import ChainId
from governance.upgrades import compute_rules_version
from governance.validator_updates import begin_validators
from governance.validators import (
    compute_validator_address,
    is_active,
    restore,
    suspend,
)

_DOMAIN = b"rochdale/recovery/v1"
_REVISION = re.compile(r"(.*)-([0-9]{1,9})")


class RecoveryError(RefusedError):
    """A recovery is malformed, lacks signatures, or is not about this state."""


class RemainingValidator(Record, frozen=True, kw_only=True):
    """One who signs the new chain's blocks, as the former state has it."""

    cooperative: Hash
    consensus_key: Hash
    name: Name
    did: Did
    node_id: NodeId
    p2p_address: P2pAddress


class Recovery(Record, frozen=True, kw_only=True):
    """What those who remain agree on, and sign."""

    chain_id: ChainId
    """Of the new chain: the former one's with the next revision number."""
    former_chain_id: ChainId
    network: Annotated[str, Meta(min_length=1, max_length=NETWORK_NAME_MAX)]
    """Of both; accounts' DIDs stay."""
    former_genesis_hash: Hash
    """SHA-256 of the former chain's genesis file."""
    height: Annotated[int, Meta(ge=1, le=1 << 62)]
    """Of the last block on which the former chain agreed; the new one begins after it."""
    header_hash: Hash
    """Of that block."""
    app_hash: Hash
    """Of the state that it left."""
    begins_ms: TimeMs
    """When the new chain begins; blocks wait for it."""
    rules_version: RulesVersion
    """What its first block is executed by, which the state says."""
    validators: Annotated[
        tuple[RemainingValidator, ...], Meta(min_length=1, max_length=COOPERATIVES_MAX)
    ]
    """Ascending by cooperative."""
    lost: Annotated[tuple[Hash, ...], Meta(max_length=COOPERATIVES_MAX)]
    """Cooperatives whose membership ends; ascending. All others stay members."""

    @property
    def first_height(self) -> Height:
        """Of the new chain's first block."""
        return self.height + 1

    def compute_input(self) -> bytes:
        """What is signed: nothing that any other signature could mean."""
        return _DOMAIN + hashlib.sha256(self.encode()).digest()

    def compute_fingerprint(self) -> bytes:
        """By which people compare what they sign; 32 bytes."""
        return hashlib.sha256(self.compute_input()).digest()


class Approval(Record, frozen=True, kw_only=True):
    """A cooperative's signature under a recovery, by one of its keys."""

    cooperative: Hash
    key: Hash
    """One of its root account's, or one that this account has committed to as the next."""
    signature: Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


class SignedRecovery(Record, frozen=True, kw_only=True):
    """A recovery with all its signatures."""

    recovery: Recovery
    approvals: Annotated[tuple[Approval, ...], Meta(max_length=16 * COOPERATIVES_MAX)]
    """Ascending by cooperative and key, each once."""


def compute_next_chain_id(chain_id: str) -> str:
    """The id of the chain that goes on from another: `heart-1` is followed by `heart-2`."""
    match = _REVISION.fullmatch(chain_id)
    return f"{chain_id}-2" if match is None else f"{match[1]}-{int(match[2]) + 1}"


def check_form(recovery: Recovery) -> None:
    """Check what can be seen without the state and signatures: order and chain ids.

    Raises:
        RecoveryError: Something is wrong; says what.
    """
    validators = [item.cooperative for item in recovery.validators]
    both = [item.name for item in recovery.validators if item.cooperative in recovery.lost]
    for is_wrong, what in (
        (
            recovery.chain_id != compute_next_chain_id(recovery.former_chain_id),
            "the new chain's id is not the former one's with the next number",
        ),
        (not _is_ascending(validators), "validators do not ascend by cooperative, each once"),
        (not _is_ascending(recovery.lost), "lost cooperatives do not ascend, each once"),
        (bool(both), f"{', '.join(map(repr, both))} is lost and validates"),
    ):
        if is_wrong:
            raise RecoveryError(f"the recovery is malformed: {what}")


def check_signatures(signed: SignedRecovery) -> None:
    """Check what can be seen without the state: as `check_form`, and every signature.

    Raises:
        RecoveryError: Something is wrong; says what.
    """
    recovery = signed.recovery
    check_form(recovery)
    if not _is_ascending([(item.cooperative, item.key) for item in signed.approvals]):
        raise RecoveryError("signatures do not ascend by cooperative and key, each once")
    message = recovery.compute_input()
    for item in signed.approvals:
        if not is_signature_valid(public_key=item.key, message=message, signature=item.signature):
            raise RecoveryError(
                f"the signature of {item.cooperative.hex()[:16]} is not under this recovery: it "
                "signed another, or it was changed since"
            )


def check_content(view: FederalView, recovery: Recovery) -> None:
    """Check by the former state that what a recovery says of its cooperatives is so.

    Args:
        view: The former chain's last state.
        recovery: From anybody.

    Raises:
        RecoveryError: Something is not; says what.
    """
    if view.get_seal() is not None:
        raise RecoveryError("the chain is sealed: there is nothing to go on with")
    parameters = view.get_parameters()
    if recovery.network != parameters.network:
        raise RecoveryError(f"the state's network is {parameters.network}")
    version = compute_rules_version(parameters, height=recovery.first_height)
    if recovery.rules_version != version:
        raise RecoveryError(f"the state's next block follows version {version} of the rules")
    for validator in recovery.validators:
        if validator != describe_validator(view.get_cooperative(validator.cooperative)):
            raise RecoveryError(
                f"what it says of the validator {validator.name!r} is not what the state has: it "
                "must be a member that validates and is not accused"
            )
    for cooperative in recovery.lost:
        found = view.get_cooperative(cooperative)
        if found is None or not found.is_member:
            raise RecoveryError(f"{cooperative.hex()[:16]}, which it says is lost, is no member")


def check_recovery(view: FederalView, signed: SignedRecovery) -> None:
    """Check that a state's members have signed a recovery, enough of them and the right ones.

    Raises:
        RecoveryError: As `check_signatures` and `check_content`; a key is not its
            cooperative's, a new validator has not signed, or not more than half of the members.
    """
    check_signatures(signed)
    recovery = signed.recovery
    check_content(view, recovery)
    approved = _list_approving(view, signed)
    check_signers(recovery, approved)
    members_count = sum(1 for item in view.scan_cooperatives() if item.is_member)
    if len(approved) * 2 <= members_count:
        raise RecoveryError(
            f"{len(approved)} of {members_count} members have signed: it takes more than half, "
            "those who only have their next key included"
        )


def check_signers(recovery: Recovery, signers: Sequence[bytes]) -> None:
    """Check what can be seen without the state of who has signed.

    Raises:
        RecoveryError: A new validator has not, or one who is lost has.
    """
    for validator in recovery.validators:
        if validator.cooperative not in signers:
            raise RecoveryError(f"{validator.name!r} would validate and has not signed")
    if lost := [item for item in signers if item in recovery.lost]:
        raise RecoveryError(f"{lost[0].hex()[:16]} has signed that it is lost")


def recover_state(view: FederalView, recovery: Recovery, *, block: BlockContext) -> Events:
    """Make the former chain's last state the new one's first.

    The validators named sign; others that did are suspended as silent, and come back at their
    own word; the memberships of the lost end. All else stays.

    Args:
        view: The former state, on a savepoint.
        recovery: Checked by `check_recovery`.
        block: The new chain's id, first height and beginning.
    """
    before = view.get_validators()
    remaining = [item.cooperative for item in recovery.validators]
    for cooperative in list(view.scan_cooperatives()):
        view.delete_silence(cooperative.id)
        if cooperative.id in remaining and not is_active(cooperative):
            restore(view, cooperative, block=block)
    for cooperative in list(view.scan_cooperatives()):
        if cooperative.id not in remaining and is_active(cooperative):
            suspend(view, cooperative, Standing.SILENT, block=block)
    for lost in recovery.lost:
        part(view, view.require_cooperative(lost), CooperativeStatus.LEFT, block=block)
    for seat in before.seats:
        if seat.cooperative not in remaining:
            address = compute_validator_address(seat.consensus_key)
            key = view.get_consensus_key(address)
            if key is not None:
                view.put_consensus_key(address, replace(key, signs_until=recovery.height))
    view.put_recovery(recovery.former_chain_id, recovery.encode())
    return begin_validators(view, block=block)


def describe_validator(cooperative: Cooperative | None) -> RemainingValidator | None:
    """How a recovery names a cooperative that may go on validating; None if it may not."""
    if cooperative is None or not cooperative.is_member or cooperative.validator is None:
        return None
    if cooperative.validator.standing is Standing.ACCUSED:
        return None
    return RemainingValidator(
        cooperative=cooperative.id,
        consensus_key=cooperative.validator.consensus_key,
        name=cooperative.name,
        did=cooperative.did,
        node_id=cooperative.node_id,
        p2p_address=cooperative.p2p_address,
    )


def _list_approving(view: FederalView, signed: SignedRecovery) -> list[bytes]:
    """Cooperatives of which enough keys have signed, ascending."""
    keys_of: dict[bytes, list[bytes]] = {}
    for item in signed.approvals:
        keys_of.setdefault(item.cooperative, []).append(item.key)
    for cooperative, keys in keys_of.items():
        found = view.get_cooperative(cooperative)
        if found is None or not found.is_member:
            raise RecoveryError(f"{cooperative.hex()[:16]} has signed and is no member")
        account = require_account(view, cooperative)
        current = [key.public_key for key in account.keys]
        needed = account.signatures_required
        is_current = all(key in current for key in keys) and len(keys) >= needed
        # Whoever lost the machine has the key that is kept away from it.
        is_next = any(
            compute_keys_commitment(keys, signatures_required=count) == account.next_key_commitment
            for count in range(1, len(keys) + 1)
        )
        if not is_current and not is_next:
            raise RecoveryError(
                f"{found.name!r} has signed with other keys than its own, or with too few"
            )
    return list(keys_of)


def _is_ascending(values: Iterable[bytes | tuple[bytes, bytes]]) -> bool:
    items: list[object] = list(values)
    return all(low < high for low, high in pairwise(items))  # type: ignore[operator]
