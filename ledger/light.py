"""Following a chain from a header that is believed to one that somebody shows.

Pure and offline: whoever served a block needs no trust, and the clock is passed in. A block
is final if more than two thirds of its own validators' power signed it, and it is of our chain
if it follows from what is believed already: as the very next block, by the hash of its
validators; further on, if more than a third of the believed validators' power signed it too,
for then at least one honest one did. Stricter than the engine's own light client: every
signature present must be valid to libsodium, as all of consensus here.

Source: CometBFT v0.38 `light/verifier.go` and `spec/light-client/verification`. What it adds,
earlier blocks and how long a header is believed: docs/receipts.md.
"""

import datetime
from collections.abc import Sequence
from itertools import pairwise

from config.errors import RefusedError
from config.limits import BRIDGE_BLOCKS_MAX, CLOCK_SKEW_S_MAX
from did.keys import is_signature_valid
from ledger.headers import (
    FLAG_ABSENT,
    FLAG_COMMIT,
    compute_validators_hash,
    compute_vote_sign_bytes,
)
from ledger.light_blocks import LightBlock
from ledger.trust import TrustBundle

BLOCK_PROTOCOL = 11
"""Of the engine that we run and its next two lines; other headers hash in unknown ways."""
_MS_NS = 1_000_000
_CLOCK_DRIFT_NS = CLOCK_SKEW_S_MAX * 1_000_000_000


class LightError(RefusedError):
    """A block is not final, or does not follow from what is believed."""


class TrustExpiredError(LightError):
    """What is believed is too old to lead anywhere; a person may decide otherwise."""


def find_on_chain(
    block: LightBlock,
    *,
    trust: TrustBundle,
    now_ms: int,
    bridge: Sequence[LightBlock] = (),
    accepts_old_trust: bool = False,
) -> TrustBundle:
    """Check that a block is final on the chain that is believed.

    Args:
        block: Of any height.
        trust: Where to start from.
        now_ms: The reader's clock, Unix milliseconds.
        bridge: Blocks by which to get there, ascending, all before `block`. Those at or
            before the believed header are not needed, but must hold all the same.
        accepts_old_trust: Whether to go on from a header older than its trusting period.

    Returns:
        The trust moved to `block` if it is later, else unchanged: trust never goes back.

    Raises:
        TrustExpiredError: Too much time has gone by since the believed header.
        LightError: Says which of the conditions does not hold.
    """
    _check_bridge(bridge, block, trust=trust)
    for each in (*bridge, block):
        if each.height == trust.height and each.header.compute_hash() != trust.header_hash:
            raise LightError("the block contradicts the trusted one at its height")
    if block.height == trust.height:
        return trust  # the very header that is believed: no clock makes it another
    if not accepts_old_trust:
        _check_age(trust, now_ms=now_ms)
    if block.height < trust.height:
        _check_earlier(block, trust=trust)
        return trust
    return _cross(trust, [*bridge, block], now_ms=now_ms)


def check_commit(block: LightBlock, *, chain_id: str) -> None:
    """Check that more than two thirds of a block's own validators' power made it final.

    Every signature present must be valid, not only as many as are needed: a receipt that
    was touched anywhere is refused. Says nothing about whose validators they are.

    Raises:
        LightError: Says which of the conditions does not hold.
    """
    header, commit, validators = block.header, block.commit, block.validators
    if header.chain_id != chain_id:
        raise LightError(f"the header is of chain {header.chain_id!r}, not {chain_id!r}")
    if header.version_block != BLOCK_PROTOCOL:
        raise LightError(f"only headers of block protocol {BLOCK_PROTOCOL} can be checked")
    if header.height < 1 or commit.height != header.height:
        raise LightError("the commit is not for the header's height")
    if header.validators_hash != compute_validators_hash(validators):
        raise LightError("the validators are not the ones that the header names")
    if commit.block_id.hash != header.compute_hash():
        raise LightError("the commit is for another header")
    if len(commit.signatures) != len(validators):
        raise LightError("the commit has not one entry for each validator")
    signed_power = _sum_signed_power(block)
    total = sum(item.power for item in validators)
    if 3 * signed_power <= 2 * total:
        raise LightError(f"only {signed_power} of {total} validator power signed the header")


def is_vouched_for(block: LightBlock, *, trust: TrustBundle) -> bool:
    """Whether a block with a valid commit follows from what is believed in one step.

    The very next block has the validators that the believed header names. Any other one,
    earlier or later, was signed by keys that hold more than a third of the power of the
    believed validators, each counted once.
    """
    if block.height == trust.height + 1:
        return block.header.validators_hash == trust.next_validators_hash
    powers = {item.public_key: item.power for item in trust.validators}
    signed_power = sum(
        powers.get(validator.public_key, 0)
        for entry, validator in zip(block.commit.signatures, block.validators, strict=True)
        if entry.flag == FLAG_COMMIT
    )
    return 3 * signed_power > sum(powers.values())


def is_precommit_valid(block: LightBlock, index: int) -> bool:
    """Whether the precommit at a place is signed by the validator of that place."""
    message = compute_vote_sign_bytes(block.commit, index, chain_id=block.header.chain_id)
    return is_signature_valid(
        public_key=block.validators[index].public_key,
        message=message,
        signature=block.commit.signatures[index].signature,
    )


def _sum_signed_power(block: LightBlock) -> int:
    power = 0
    entries = zip(block.commit.signatures, block.validators, strict=True)
    for index, (entry, validator) in enumerate(entries):
        if entry.flag == FLAG_ABSENT:
            continue
        if entry.validator_address != validator.address:
            raise LightError("a precommit names another validator than its place says")
        if not is_precommit_valid(block, index):
            raise LightError("a validator's signature is not valid")
        if entry.flag == FLAG_COMMIT:
            power += validator.power
    return power


def _check_bridge(bridge: Sequence[LightBlock], block: LightBlock, *, trust: TrustBundle) -> None:
    """Check what a bridge says by itself: also the part that this reader does not need."""
    if len(bridge) > BRIDGE_BLOCKS_MAX:
        raise LightError(f"a bridge has at most {BRIDGE_BLOCKS_MAX} blocks")
    for each in (*bridge, block):
        check_commit(each, chain_id=trust.chain_id)
    for first, second in pairwise((*bridge, block)):
        _check_later(second, trust=trust.move_to(first))
        if not is_vouched_for(second, trust=trust.move_to(first)):
            raise LightError("a block of the bridge does not follow from the one before")


def _check_age(trust: TrustBundle, *, now_ms: int) -> None:
    if trust.expires_ns > now_ms * _MS_NS:
        return
    moment = datetime.datetime.fromtimestamp(trust.time_ns // 1_000_000_000, tz=datetime.UTC)
    raise TrustExpiredError(
        f"what you trust is of {moment:%Y-%m-%d}, more than {trust.trusting_days} days old: "
        "since then validators may have changed and their old keys may be in other hands. Get a "
        "fresh trust bundle (`rochdale trust export`) from a cooperative that you trust, or "
        "accept that risk with `--old-trust`"
    )


def _check_earlier(block: LightBlock, *, trust: TrustBundle) -> None:
    """Check a block before the believed one: it is believed, but nothing follows from it."""
    if block.header.time_ns >= trust.time_ns:
        raise LightError("an earlier block has a later time than the trusted one")
    if not is_vouched_for(block, trust=trust):
        raise LightError(
            "the block is older than what you trust and was signed by other validators: fetch "
            "the receipt again, any node of the chain can give a new one"
        )


def _cross(trust: TrustBundle, blocks: list[LightBlock], *, now_ms: int) -> TrustBundle:
    """Get to the last of some blocks, with as few of the others as will do."""
    end = blocks[-1]
    _check_later(end, trust=trust)
    if end.header.time_ns >= now_ms * _MS_NS + _CLOCK_DRIFT_NS:
        raise LightError("the block is of a time yet to come: set this machine's clock")
    while trust.height < end.height:
        step = next(
            (
                block
                for block in reversed(blocks)
                if block.height > trust.height and is_vouched_for(block, trust=trust)
            ),
            None,
        )
        if step is None:
            raise LightError(
                "the chain's validators are not the ones that you trust, and nothing leads "
                "from these to them: get a fresh trust bundle from a cooperative that you trust"
            )
        _check_later(step, trust=trust)
        trust = trust.move_to(step)
    return trust


def _check_later(block: LightBlock, *, trust: TrustBundle) -> None:
    least_ns = trust.time_ns + 1
    if trust.header is None:
        least_ns = trust.time_ns  # the first block's time is the chain's beginning itself
    if block.height <= trust.height or block.header.time_ns < least_ns:
        raise LightError("a later block has not a greater height and a later time")
