"""Need: bands that nobody sees, and proofs that nobody can forge (V1)."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.value.allocation import compute_unit
from governance.value.commitments import (
    GROUP_ORDER,
    SCALAR_BYTES,
    SECOND_GENERATOR,
    CommitmentError,
    add_commitments,
    add_points,
    commit,
    decode_scalar,
    encode_scalar,
    is_opening,
    make_scalar,
    multiply_base,
)
from governance.value.need import (
    BAND_VALID_MS,
    PROOF_BYTES,
    PROOF_RANDOM_BYTES,
    NeedBand,
    NeedCase,
    compute_need_amounts,
    compute_need_total,
    is_amount_committed,
    is_band_current,
    is_band_proof_valid,
    prove_band,
    prove_case,
)
from tests.governance.value.test_commitments import ORDER_8

VECTORS = Path(__file__).parents[2] / "vectors"
CONTEXT = b"context"
POOL = b"p" * 32
BLINDING = 123_456_789
bands = st.sampled_from(NeedBand)


def randomness(seed: int) -> bytes:
    """The caller's; a node takes it from the system."""
    return random.Random(seed).randbytes(PROOF_RANDOM_BYTES)


def prove(band: NeedBand, *, seed: int = 1) -> bytes:
    return prove_band(band, blinding=BLINDING, context=CONTEXT, randomness=randomness(seed))


def make_case(number: int, band: NeedBand) -> NeedCase:
    return NeedCase(
        account=number.to_bytes(32, "big"),
        band=band,
        blinding=make_scalar(random.Random(number).randbytes(64)),
        salt=random.Random(-number - 1).randbytes(32),
    )


@given(bands, st.integers(1, GROUP_ORDER - 1), st.binary(max_size=40), st.integers(0, 2**32))
@settings(max_examples=30)
def test_every_band_can_be_proven(band: NeedBand, blinding: int, context: bytes, seed: int) -> None:
    """V1: {0, 1, 2, 4}, and 0 like all others."""
    proof = prove_band(band, blinding=blinding, context=context, randomness=randomness(seed))

    assert len(proof) == PROOF_BYTES == 256
    assert is_band_proof_valid(commit(band, blinding=blinding), proof, context=context)


@pytest.mark.parametrize("weight", [0, 1, 2, 3, 4, 5, 8, GROUP_ORDER - 1])
@pytest.mark.parametrize("band", NeedBand)
def test_a_proof_holds_for_its_own_weight_alone(weight: int, band: NeedBand) -> None:
    """V1: another band, one that is not allowed, or a negative one."""
    is_valid = is_band_proof_valid(commit(weight, blinding=BLINDING), prove(band), context=CONTEXT)

    assert is_valid == (weight == band)


@pytest.mark.parametrize("place", range(2 * len(NeedBand)))
def test_no_scalar_of_a_proof_can_be_changed(place: int) -> None:
    """V1, soundness: any bit of any challenge or response."""
    proof = prove(NeedBand.GREAT)
    commitment = commit(NeedBand.GREAT, blinding=BLINDING)
    for byte in (0, 13, 30):
        changed = bytearray(proof)
        changed[place * SCALAR_BYTES + byte] ^= 1

        assert not is_band_proof_valid(commitment, bytes(changed), context=CONTEXT)


@pytest.mark.parametrize("place", range(2 * len(NeedBand)))
def test_a_scalar_plus_the_groups_order_is_refused(place: int) -> None:
    """V1: a proof has one form."""
    proof = prove(NeedBand.SOME)
    start = place * SCALAR_BYTES
    scalar = decode_scalar(proof[start : start + SCALAR_BYTES])
    assert scalar is not None
    moved = encode_scalar(scalar + GROUP_ORDER)
    changed = proof[:start] + moved + proof[start + SCALAR_BYTES :]

    assert not is_band_proof_valid(
        commit(NeedBand.SOME, blinding=BLINDING), changed, context=CONTEXT
    )


def test_a_proof_is_bound_to_its_context() -> None:
    """V1: another slot's, pool's or period's proves nothing."""
    commitment = commit(NeedBand.SOME, blinding=BLINDING)

    assert not is_band_proof_valid(commitment, prove(NeedBand.SOME), context=CONTEXT + b"x")
    assert not is_band_proof_valid(commitment, prove(NeedBand.SOME), context=b"")


def test_parts_of_two_proofs_make_no_third() -> None:
    """V1, soundness: challenges of one with responses of another, or branches exchanged."""
    commitment = commit(NeedBand.SOME, blinding=BLINDING)
    first, second = prove(NeedBand.SOME, seed=1), prove(NeedBand.SOME, seed=2)
    half = PROOF_BYTES // 2
    exchanged = (
        first[SCALAR_BYTES : 2 * SCALAR_BYTES]
        + first[:SCALAR_BYTES]
        + first[2 * SCALAR_BYTES : half]
        + first[half + SCALAR_BYTES : half + 2 * SCALAR_BYTES]
        + first[half : half + SCALAR_BYTES]
        + first[half + 2 * SCALAR_BYTES :]
    )

    assert is_band_proof_valid(commitment, first, context=CONTEXT)
    assert not is_band_proof_valid(commitment, first[:half] + second[half:], context=CONTEXT)
    assert not is_band_proof_valid(commitment, exchanged, context=CONTEXT)


@pytest.mark.parametrize("point", [b"", bytes(32), b"\xff" * 32, ORDER_8, b"\x01" + bytes(31)])
def test_refuses_points_that_are_none(point: bytes) -> None:
    """V1: malformed, torsion, the identity."""
    assert not is_band_proof_valid(point, prove(NeedBand.NONE), context=CONTEXT)
    assert not is_amount_committed(point, amount_minor=1, unit_minor=1, blinding=1)


def test_refuses_a_commitment_with_torsion_added() -> None:
    """V1: the proof would hold of it in a careless group."""
    commitment = add_points(commit(NeedBand.SOME, blinding=BLINDING), ORDER_8)

    assert not is_band_proof_valid(commitment, prove(NeedBand.SOME), context=CONTEXT)


def test_refuses_a_proof_of_another_length() -> None:
    """V1: and the prover asks for all of its randomness."""
    commitment = commit(NeedBand.SOME, blinding=BLINDING)
    assert not is_band_proof_valid(commitment, prove(NeedBand.SOME)[:-1], context=CONTEXT)

    with pytest.raises(CommitmentError, match="randomness"):
        prove_band(NeedBand.SOME, blinding=1, context=b"", randomness=bytes(1))


def test_a_commitment_without_blinding_hides_nothing_and_proves_all_the_same() -> None:
    """V1: whoever publishes a band that way harms themselves; the total stays right."""
    naked = multiply_base(NeedBand.GREAT)

    assert not is_band_proof_valid(naked, prove(NeedBand.GREAT), context=CONTEXT)


@given(st.lists(bands, min_size=1, max_size=8), st.integers(0, 10**6))
@settings(max_examples=20)
def test_panel_payer_and_ledger_each_see_their_part(found: list[NeedBand], pool: int) -> None:
    """V1: the total opens, amounts are unit times band, the carry is less than the total."""
    cases = [make_case(number, band) for number, band in enumerate(found)]
    slots = [
        prove_case(case, pool=POOL, randomness=randomness(place))
        for place, case in enumerate(cases)
    ]

    weight_total, blinding_total = compute_need_total(cases)
    unit = compute_unit(pool_minor=pool, weight_total=weight_total)
    amounts = compute_need_amounts(cases, unit_minor=unit.unit_minor)

    total = add_commitments(slot.commitment for slot in slots)
    assert is_opening(total, weight=weight_total, blinding=blinding_total)
    assert sum(amounts) + unit.carry_minor + unit.commons_minor == pool
    assert unit.carry_minor < max(1, weight_total)
    for case, slot, amount in zip(cases, slots, amounts, strict=True):
        assert is_band_proof_valid(slot.commitment, slot.proof, context=POOL + slot.slot)
        assert is_amount_committed(
            slot.commitment,
            amount_minor=amount,
            unit_minor=unit.unit_minor,
            blinding=case.blinding,
        )
        if unit.unit_minor:
            assert not is_amount_committed(
                slot.commitment,
                amount_minor=amount + unit.unit_minor,
                unit_minor=unit.unit_minor,
                blinding=case.blinding,
            )


def test_the_bytes_of_slots_commitments_and_proofs_are_settled() -> None:
    """V1: other wallets compute them too, so they never change."""
    settled = json.loads((VECTORS / "need_bands.json").read_text(encoding="utf-8"))
    found = []
    for item in settled["cases"]:
        blinding = decode_scalar(bytes.fromhex(item["blinding"]))
        assert blinding is not None
        case = NeedCase(
            account=bytes.fromhex(item["account"]),
            band=NeedBand(item["band"]),
            blinding=blinding,
            salt=bytes.fromhex(item["salt"]),
        )
        made = prove_case(
            case,
            pool=bytes.fromhex(item["pool"]),
            randomness=bytes.fromhex(item["randomness"]),
        )
        found.append(made.commitment)
        assert (made.slot.hex(), made.commitment.hex()) == (item["slot"], item["commitment"])
        assert made.proof.hex() == item["proof"]

    assert settled["second_generator"] == SECOND_GENERATOR.hex()
    assert add_commitments(found).hex() == settled["sum"]["commitment"]


def test_no_representation_shows_a_band() -> None:
    """V1: not in a log, not in a trace."""
    text = repr(make_case(1, NeedBand.URGENT))

    assert text == "NeedCase()"


def test_a_band_expires_after_a_year() -> None:
    """V1: the panel looks again."""
    assert is_band_current(granted_ms=5, time_ms=5)
    assert is_band_current(granted_ms=5, time_ms=4 + BAND_VALID_MS)
    assert not is_band_current(granted_ms=5, time_ms=5 + BAND_VALID_MS)
    assert not is_band_current(granted_ms=5, time_ms=4)
