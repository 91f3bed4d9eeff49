"""Following a chain: what follows is believed, anything else is refused."""

import dataclasses
import json
from pathlib import Path

import pytest

from config.errors import RefusedError
from config.limits import BRIDGE_BLOCKS_MAX, CLOCK_SKEW_S_MAX, TRUSTING_DAYS
from ledger.headers import (
    Header,
    Validator,
    compute_validators_hash,
    parse_commit,
    parse_header,
    parse_time_ns,
)
from ledger.light import LightError, TrustExpiredError, check_commit, find_on_chain
from ledger.light_blocks import LightBlock, parse_light_block
from ledger.trust import TrustBundle, compute_trust_bundle
from tests.ledger.signed_chain import (
    BEGINS_NS,
    CHAIN_ID,
    MINUTE_NS,
    SignedChain,
    make_validators,
    sign_header,
)

VECTORS = Path(__file__).parent.parent / "vectors"
STEADY = json.loads((VECTORS / "signed_headers.json").read_text())
CHANGING = json.loads((VECTORS / "light_blocks.json").read_text())
RECORDED = {block.height: block for block in map(parse_light_block, CHANGING["light_blocks"])}
"""Six real engines: validators 0 to 3, then 4 joins, 0 leaves, 5 joins, 1 and 2 leave."""
RECORDED_GENESIS = compute_trust_bundle(CHANGING["genesis"].encode())
RECORDED_MS = parse_time_ns("2026-11-26T00:00:00Z") // 1_000_000
DAY_MS = 86_400_000

FOUR = SignedChain([[0, 1, 2, 3]])
# One validator is exchanged for another every ten blocks, until none of the first is left.
TURNING = SignedChain(
    [[0, 1, 2, 3]] * 10
    + [[1, 2, 3, 4]] * 10
    + [[2, 3, 4, 5]] * 10
    + [[3, 4, 5, 6]] * 10
    + [[4, 5, 6, 7]] * 10
)


def at_ms(height: int) -> int:
    """A moment after a block of our made-up chains."""
    return (BEGINS_NS + height * MINUTE_NS) // 1_000_000 + 1


def find(
    block: LightBlock, trust: TrustBundle, *bridge: LightBlock, now_ms: int = 0
) -> TrustBundle:
    """Check a block a minute after it was made."""
    now_ms = now_ms or at_ms(max(block.height, trust.height))
    return find_on_chain(block, trust=trust, now_ms=now_ms, bridge=bridge)


def change(header: Header, **changes: object) -> Header:
    """A header that says something else."""
    return dataclasses.replace(header, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("index", range(4))
def test_believes_what_four_real_validators_signed(index: int) -> None:
    """The last vector's fourth validator was down: three of four are enough."""
    trust = compute_trust_bundle(STEADY["genesis"].encode())
    signed = STEADY["signed_headers"][index]
    block = LightBlock(
        header=parse_header(signed["header"]),
        commit=parse_commit(signed["commit"]),
        validators=trust.validators,
    )

    moved = find_on_chain(block, trust=trust, now_ms=RECORDED_MS)

    assert (moved.height, moved.header_hash) == (block.height, block.header.compute_hash())
    assert moved.genesis_hash == trust.genesis_hash


def test_follows_real_engines_whose_validators_change() -> None:
    """From genesis as far as a third of the first validators goes, then over a bridge."""
    for height in (1, 4, 5, 8, 9, 12, 13, 16, 17, 20):
        assert (
            find_on_chain(RECORDED[height], trust=RECORDED_GENESIS, now_ms=RECORDED_MS).height
            == height
        )
    for height in (21, 24):
        with pytest.raises(LightError, match="nothing leads"):
            find_on_chain(RECORDED[height], trust=RECORDED_GENESIS, now_ms=RECORDED_MS)

        moved = find_on_chain(
            RECORDED[height], trust=RECORDED_GENESIS, now_ms=RECORDED_MS, bridge=[RECORDED[13]]
        )

        assert moved.validators == RECORDED[24].validators


def test_the_next_block_is_named_by_the_hash_of_its_validators() -> None:
    """However many are new: the believed header says who they are."""
    chain = SignedChain([[0], [1]])

    assert find(chain.get_block(2), chain.get_trust(1)).height == 2
    with pytest.raises(LightError, match="nothing leads"):
        find(chain.get_block(3), chain.get_trust(1))
    assert find(chain.get_block(3), chain.get_trust(1), chain.get_block(2)).height == 3


def test_refuses_a_next_block_of_other_validators_even_if_the_believed_ones_signed() -> None:
    """Nobody but the believed header decides who comes next."""
    header = FOUR.get_header(11)
    others = make_validators([0, 1, 2, 9])
    forged = sign_header(change(header, validators_hash=compute_validators_hash(others)), others)

    with pytest.raises(LightError, match="nothing leads"):
        find(forged, FOUR.get_trust(10))
    assert find(dataclasses.replace(forged), FOUR.get_trust(9)).height == 11


def test_more_than_a_third_of_the_believed_power_must_have_signed() -> None:
    """Exactly a third may be the dishonest one; keys count, not places, and each once."""
    chain = SignedChain([[0, 1, 2]] * 5 + [[0, 3, 4, 5]])
    heavy = SignedChain([[0, 1, 2, 3]] * 5 + [[0, 1, 4, 5, 6, 7]])
    trust = heavy.get_trust(2)

    with pytest.raises(LightError, match="nothing leads"):
        find(chain.get_block(9), chain.get_trust(2))
    assert find(heavy.get_block(9), trust).height == 9
    kept = [item in trust.validators for item in heavy.get_validators(9)]
    votes = "".join("Y" if is_kept else "." for is_kept in kept)
    with pytest.raises(LightError, match="only 200 of 600"):
        find(heavy.get_block(9, votes=votes), trust)
    votes = "".join(
        "." if is_kept and kept.index(True) == place else "Y" for place, is_kept in enumerate(kept)
    )
    with pytest.raises(LightError, match="nothing leads"):
        find(heavy.get_block(9, votes=votes), trust)


def test_the_power_that_counts_is_the_believed_one() -> None:
    """A key that has grown mighty since counts as much as when it was believed."""
    header = FOUR.get_header(20)
    grown = (*make_validators([0], power=1_000_000), *make_validators([9]))
    forged = sign_header(change(header, validators_hash=compute_validators_hash(grown)), grown)

    with pytest.raises(LightError, match="nothing leads"):
        find(forged, FOUR.get_trust(10))


def test_a_vote_against_a_block_vouches_for_nothing() -> None:
    """Only precommits for the block count, for both rules, but all must be valid."""
    chain = SignedChain([[0, 1, 2, 3]] * 5 + [[0, 1, 4, 5, 6, 7, 8]])
    kept = make_validators([0, 1])
    votes = "".join("N" if item in kept else "Y" for item in chain.get_validators(9))

    with pytest.raises(LightError, match="nothing leads"):
        find(chain.get_block(9, votes=votes), chain.get_trust(2))
    with pytest.raises(LightError, match="only 200 of 400"):
        find(FOUR.get_block(9, votes="YYNN"), FOUR.get_trust(2))
    assert find(FOUR.get_block(9, votes="YYYN"), FOUR.get_trust(2)).height == 9


def test_refuses_exactly_two_thirds() -> None:
    """Two of three equal validators are two thirds, not more."""
    chain = SignedChain([[0, 1, 2]])

    with pytest.raises(LightError, match="only 200 of 300"):
        check_commit(chain.get_block(4, votes="YY."), chain_id=CHAIN_ID)


def test_a_bridge_leads_over_any_number_of_changes() -> None:
    """Each block of it from the one before; the reader takes what it needs."""
    target, bridge = TURNING.get_block(50), [TURNING.get_block(height) for height in (15, 25, 35)]

    with pytest.raises(LightError, match="nothing leads"):
        find(target, TURNING.genesis_trust)
    assert find(target, TURNING.genesis_trust, *bridge).height == 50
    for start in (5, 12, 15, 25, 30, 35, 45):
        assert find(target, TURNING.get_trust(start), *bridge).height == 50
    with pytest.raises(LightError, match="does not follow"):
        find(target, TURNING.get_trust(49), TURNING.get_block(5))


def test_every_block_of_a_bridge_must_hold_even_if_it_is_not_needed() -> None:
    """A receipt that was touched anywhere is refused."""
    target, trust = TURNING.get_block(50), TURNING.get_trust(45)
    good, late = TURNING.get_block(30), TURNING.get_block(50)
    entry = good.commit.signatures[0]
    broken = dataclasses.replace(entry, signature=bytes(64))
    commit = dataclasses.replace(good.commit, signatures=(broken, *good.commit.signatures[1:]))

    with pytest.raises(LightError, match="signature is not valid"):
        find(target, trust, dataclasses.replace(good, commit=commit))
    with pytest.raises(LightError, match="greater height"):
        find(target, trust, late)
    with pytest.raises(LightError, match="greater height"):
        find(target, trust, TURNING.get_block(40), good)
    with pytest.raises(LightError, match=f"at most {BRIDGE_BLOCKS_MAX}"):
        find(target, trust, *[good] * (BRIDGE_BLOCKS_MAX + 1))


def test_an_earlier_block_is_believed_without_going_back() -> None:
    """Whom we trust now signed it then: the state of trust stays where it is."""
    trust = TURNING.get_trust(25)

    assert find(TURNING.get_block(15), trust) == trust
    assert find(TURNING.get_block(1), TURNING.get_trust(15)).height == 15
    with pytest.raises(LightError, match="fetch the receipt again"):
        find(TURNING.get_block(5), TURNING.get_trust(39))
    later = sign_header(
        change(TURNING.get_header(15), time_ns=trust.time_ns), TURNING.get_validators(15)
    )
    with pytest.raises(LightError, match="later time"):
        find(later, trust)


def test_refuses_a_header_that_contradicts_the_trusted_one() -> None:
    """Two final headers at one height would mean a fork; also within a bridge."""
    forged = sign_header(change(FOUR.get_header(5), data_hash=bytes(32)), FOUR.get_validators(5))

    assert find(FOUR.get_block(5), FOUR.get_trust(5)) == FOUR.get_trust(5)
    with pytest.raises(LightError, match="contradicts"):
        find(forged, FOUR.get_trust(5))
    with pytest.raises(LightError, match="contradicts"):
        find(FOUR.get_block(9), FOUR.get_trust(5), forged)


def test_old_trust_leads_nowhere_unless_a_person_accepts_it() -> None:
    """Old keys may be in other hands by now, whatever time a header claims to be of."""
    trust, block = FOUR.get_trust(10), FOUR.get_block(11)
    expires_ms = trust.time_ns // 1_000_000 + TRUSTING_DAYS * DAY_MS

    assert find(block, trust, now_ms=expires_ms).height == 11
    for each in (block, FOUR.get_block(9)):
        with pytest.raises(TrustExpiredError, match=r"90 days old.*trust export.*--old-trust"):
            find(each, trust, now_ms=expires_ms + 1)
        find_on_chain(each, trust=trust, now_ms=expires_ms + 1, accepts_old_trust=True)
    assert find(FOUR.get_block(10), trust, now_ms=expires_ms * 2) == trust


def test_a_genesis_grows_old_as_well() -> None:
    """Its time is the time that the chain began."""
    trust = FOUR.genesis_trust
    expires_ms = BEGINS_NS // 1_000_000 + TRUSTING_DAYS * DAY_MS

    assert find(FOUR.get_block(1), trust, now_ms=expires_ms).height == 1
    with pytest.raises(TrustExpiredError):
        find(FOUR.get_block(1), trust, now_ms=expires_ms + 1)


def test_refuses_a_time_yet_to_come() -> None:
    """A little, clocks may differ."""
    block = FOUR.get_block(100)
    made_ms = block.header.time_ms

    assert find(block, FOUR.get_trust(1), now_ms=made_ms - CLOCK_SKEW_S_MAX * 1_000 + 1)
    with pytest.raises(LightError, match="set this machine's clock"):
        find(block, FOUR.get_trust(1), now_ms=made_ms - CLOCK_SKEW_S_MAX * 1_000)


def test_refuses_a_later_block_of_an_earlier_time() -> None:
    """Time only goes forward; the first block has the time of the beginning."""
    early = sign_header(
        change(FOUR.get_header(11), time_ns=FOUR.get_header(10).time_ns), FOUR.get_validators(11)
    )
    before = sign_header(change(FOUR.get_header(1), time_ns=BEGINS_NS - 1), FOUR.get_validators(1))

    with pytest.raises(LightError, match="later time"):
        find(early, FOUR.get_trust(10))
    with pytest.raises(LightError, match="later time"):
        find(before, FOUR.genesis_trust)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"chain_id": "test-other-1"}, "is of chain"),
        ({"version_block": 12}, "block protocol"),
        ({"height": 0}, "height"),
        ({"validators_hash": bytes(32)}, "not the ones that the header names"),
    ],
)
def test_refuses_a_header_of_something_else(changes: dict[str, object], problem: str) -> None:
    """Even one that all of the validators have signed."""
    forged = sign_header(change(FOUR.get_header(11), **changes), FOUR.get_validators(11))

    with pytest.raises(LightError, match=problem):
        find(forged, FOUR.get_trust(9))


def test_refuses_a_commit_that_is_for_another_block() -> None:
    """By height, by hash, or with another number of entries."""
    block, other = FOUR.get_block(11), FOUR.get_block(12)
    fewer = dataclasses.replace(block.commit, signatures=block.commit.signatures[:3])
    height = dataclasses.replace(block.commit, height=12)

    for commit, problem in (
        (height, "not for the header's height"),
        (dataclasses.replace(other.commit, height=11), "another header"),
        (fewer, "one entry for each"),
    ):
        with pytest.raises(LightError, match=problem):
            find(dataclasses.replace(block, commit=commit), FOUR.get_trust(9))


def test_refuses_a_signature_in_anothers_place_or_of_a_stranger() -> None:
    """Two entries exchanged are both invalid; a stranger has no place."""
    block = FOUR.get_block(11)
    first, second, *rest = block.commit.signatures
    stranger = Validator(public_key=make_validators([9])[0].public_key, power=100)
    for entries in (
        (second, first, *rest),
        (dataclasses.replace(first, validator_address=stranger.address), second, *rest),
    ):
        commit = dataclasses.replace(block.commit, signatures=entries)
        with pytest.raises(LightError, match="another validator"):
            find(dataclasses.replace(block, commit=commit), FOUR.get_trust(9))


def test_one_invalid_signature_spoils_a_block_that_had_enough() -> None:
    """Stricter than the engine's own light client, which stops at two thirds."""
    block = FOUR.get_block(11)
    *rest, last = block.commit.signatures
    commit = dataclasses.replace(
        block.commit, signatures=(*rest, dataclasses.replace(last, time_ns=last.time_ns + 1))
    )

    with pytest.raises(RefusedError, match="signature is not valid"):
        find(dataclasses.replace(block, commit=commit), FOUR.get_trust(9))
