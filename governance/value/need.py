"""Need, in bands that are never public.

The hardship panel knows each member's band, the payer each amount, and the ledger neither:
it sees a commitment for each slot, a proof that an allowed band is in it, and the total. An
amount is unit times band, so a member can check it against the commitment, and so can an
auditor to whom it is opened. Members without need fill slots with band 0, so that having a
slot says nothing.

The proof is the disjunction of Cramer, Damgård and Schoenmakers (CRYPTO '94) of four proofs
of knowing C - band·G to the base H (Schnorr), made non-interactive (Fiat-Shamir) over its
domain, its context, both generators and all that the prover sent first. It holds for one slot
of one pool and nowhere else.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Annotated, Final

from msgspec import Meta

from did.codec import Record
from governance.fields import Hash
from governance.value.commitments import (
    GROUP_ORDER,
    RANDOM_BYTES,
    SCALAR_BYTES,
    SECOND_GENERATOR,
    CommitmentError,
    add_blindings,
    add_points,
    commit,
    compute_slot,
    decode_scalar,
    encode_scalar,
    is_commitment,
    make_scalar,
    multiply,
    multiply_base,
    subtract_points,
)


class NeedBand(IntEnum):
    """How much a member needs, as a weight."""

    NONE = 0
    SOME = 1
    GREAT = 2
    URGENT = 4


BAND_VALID_MS: Final = 365 * 86_400_000
"""After a year the panel looks again."""
PROOF_BYTES: Final = 2 * len(NeedBand) * SCALAR_BYTES
PROOF_RANDOM_BYTES: Final = (2 * len(NeedBand) - 1) * RANDOM_BYTES
_BAND_DOMAIN: Final = b"rochdale/need-band/v1"
_BASE_POINT: Final = multiply_base(1)
_BAND_POINTS: Final = tuple(multiply_base(band) for band in NeedBand)

BandProof = Annotated[bytes, Meta(min_length=PROOF_BYTES, max_length=PROOF_BYTES)]


class SlotCommitment(Record, frozen=True, kw_only=True):
    """What the log of a pool's commitments holds."""

    slot: Hash
    commitment: Hash


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedCase:
    """What the panel knows of one member; nothing of it is ever shown in a representation."""

    account: bytes = field(repr=False)
    band: NeedBand = field(repr=False)
    blinding: int = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenSlot:
    """What the ledger is sent of one member."""

    slot: bytes
    commitment: bytes
    proof: bytes


def is_band_current(*, granted_ms: int, time_ms: int) -> bool:
    """Check if a band still holds: a year after the panel gave it, it does not."""
    return granted_ms <= time_ms < granted_ms + BAND_VALID_MS


def prove_case(case: NeedCase, *, pool: bytes, randomness: bytes) -> ProvenSlot:
    """Commit to a member's band, and prove that it is one.

    Args:
        case: The member's.
        pool: Id of the allocation; 32 bytes.
        randomness: `PROOF_RANDOM_BYTES` uniform bytes, used once.
    """
    slot = compute_slot(account=case.account, salt=case.salt, pool=pool)
    return ProvenSlot(
        slot=slot,
        commitment=commit(case.band, blinding=case.blinding),
        proof=prove_band(
            case.band, blinding=case.blinding, context=pool + slot, randomness=randomness
        ),
    )


def compute_need_total(cases: Sequence[NeedCase]) -> tuple[int, int]:
    """What the panel opens: the sum of bands, and the sum of blindings."""
    return sum(case.band for case in cases), add_blindings(case.blinding for case in cases)


def compute_need_amounts(cases: Sequence[NeedCase], *, unit_minor: int) -> tuple[int, ...]:
    """What the payer is told: each case's amount, in the order of the cases."""
    return tuple(unit_minor * case.band for case in cases)


def is_amount_committed(
    commitment: bytes, *, amount_minor: int, unit_minor: int, blinding: int
) -> bool:
    """Check an amount against a commitment, as the member can: unit·C = amount·G + unit·r·H.

    Args:
        commitment: Of the member's slot, from the ledger.
        amount_minor: What was paid.
        unit_minor: From the ledger.
        blinding: From the member's sealed statement.
    """
    if not is_commitment(commitment) or min(amount_minor, unit_minor) < 0:
        return False
    paid = multiply_base(amount_minor)
    hidden = multiply(unit_minor * blinding, SECOND_GENERATOR)
    return multiply(unit_minor, commitment) == add_points(paid, hidden)


def prove_band(band: NeedBand, *, blinding: int, context: bytes, randomness: bytes) -> bytes:
    """Prove that `commit(band, blinding=blinding)` holds an allowed band, not which.

    Args:
        band: The secret.
        blinding: The commitment's.
        context: What the proof is for.
        randomness: `PROOF_RANDOM_BYTES` uniform bytes, used once.

    Raises:
        CommitmentError: Another number of random bytes.
    """
    if len(randomness) != PROOF_RANDOM_BYTES:
        raise CommitmentError(f"must have {PROOF_RANDOM_BYTES} bytes", field="randomness")
    scalars = [
        make_scalar(randomness[start : start + RANDOM_BYTES])
        for start in range(0, PROOF_RANDOM_BYTES, RANDOM_BYTES)
    ]
    commitment = commit(band, blinding=blinding)
    nonce, rest = scalars[0], scalars[1:]
    true_place = list(NeedBand).index(band)
    challenges, responses, announcements = [], [], []
    for place in range(len(NeedBand)):
        if place == true_place:
            challenges.append(0)
            responses.append(0)
            announcements.append(multiply(nonce, SECOND_GENERATOR))
        else:  # simulated: response and challenge first, then what they would answer
            challenges.append(rest.pop())
            responses.append(rest.pop())
            announcements.append(_announce(commitment, place, challenges[place], responses[place]))
    whole = _challenge(context, commitment, announcements)
    challenges[true_place] = (whole - sum(challenges)) % GROUP_ORDER
    responses[true_place] = (nonce + challenges[true_place] * blinding) % GROUP_ORDER
    return b"".join(encode_scalar(scalar) for scalar in (*challenges, *responses))


def is_band_proof_valid(commitment: bytes, proof: bytes, *, context: bytes) -> bool:
    """Check that a commitment holds an allowed band; about a millisecond.

    Args:
        commitment: Any bytes; what is no point of the subgroup is not proven.
        proof: Any bytes; four challenges, then four responses, each canonical.
        context: As given to `prove_band`.
    """
    if len(proof) != PROOF_BYTES or not is_commitment(commitment):
        return False
    scalars: list[int] = []
    for start in range(0, PROOF_BYTES, SCALAR_BYTES):
        scalar = decode_scalar(proof[start : start + SCALAR_BYTES])
        if scalar is None:
            return False
        scalars.append(scalar)
    challenges, responses = scalars[: len(NeedBand)], scalars[len(NeedBand) :]
    announcements = [
        _announce(commitment, place, challenges[place], responses[place])
        for place in range(len(NeedBand))
    ]
    return sum(challenges) % GROUP_ORDER == _challenge(context, commitment, announcements)


def _announce(commitment: bytes, place: int, challenge: int, response: int) -> bytes:
    """What a response answers: response·H - challenge·(C - band·G)."""
    hidden = subtract_points(commitment, _BAND_POINTS[place])
    return subtract_points(multiply(response, SECOND_GENERATOR), multiply(challenge, hidden))


def _challenge(context: bytes, commitment: bytes, announcements: Sequence[bytes]) -> int:
    data = b"".join(
        (
            _BAND_DOMAIN,
            len(context).to_bytes(4, "big"),
            context,
            _BASE_POINT,
            SECOND_GENERATOR,
            commitment,
            *announcements,
        )
    )
    return int.from_bytes(hashlib.sha512(data).digest(), "little") % GROUP_ORDER
