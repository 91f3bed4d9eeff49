"""ICS 23 proofs: published ones hold, honest ones hold, and none can be bent."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvariantError
from config.limits import STATE_KEY_BYTES_MAX, STATE_PROOF_BYTES_MAX
from governance.fields import STATE_VALUE_BYTES_MAX
from ledger.ics23 import (
    EMPTY,
    SMT,
    TENDERMINT,
    Absence,
    Existence,
    ProofError,
    Step,
    check_absence,
    check_membership,
    compute_leaf_hash,
    decode_absence,
    decode_existence,
    encode_absence,
    encode_existence,
)
from tests.ledger.plain_tree import (
    compute_root,
    encode_number,
    find_crowded_keys,
    find_neighbours,
    hash_leaves,
    make_existence,
    prove,
    sha256,
)

VECTORS = sorted((Path(__file__).parents[1] / "vectors" / "ics23").glob("*.json"))
CROWDED = find_crowded_keys()
KEYS = st.integers(0, 40).map(encode_number) | st.sampled_from(CROWDED)
VALUES = {encode_number(number): b"value of %d" % number for number in range(40)}
ROOT = compute_root(hash_leaves(VALUES))
THERE, GONE = encode_number(7), encode_number(99)


def make_values(keys: set[bytes]) -> dict[bytes, bytes]:
    return {key: b"v" + key for key in keys}


def check(values: dict[bytes, bytes], key: bytes, proof: bytes) -> None:
    """Check what is true of a key."""
    root = compute_root(hash_leaves(values))
    if key in values:
        check_membership(spec=SMT, root=root, key=key, value=values[key], proof=proof)
    else:
        check_absence(root=root, key=key, proof=proof)


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_a_published_proof_holds(path: Path) -> None:
    """Made by the implementations that the format was written for."""
    case = {name: bytes.fromhex(text) for name, text in json.loads(path.read_bytes()).items()}
    spec = SMT if path.stem.startswith("smt") else TENDERMINT
    root, key, value, proof = (case[name] for name in ("root", "key", "value", "proof"))

    if value:
        assert encode_existence(decode_existence(proof, spec=spec), spec=spec) == proof
        check_membership(spec=spec, root=root, key=key, value=value, proof=proof)
        return
    absence = decode_absence(proof)
    assert (absence.key, encode_absence(absence)) == (sha256(key), proof)
    check_absence(root=root, key=key, proof=encode_absence(replace(absence, key=key)))


@given(present=st.sets(KEYS, min_size=1, max_size=30), asked=KEYS)
def test_every_key_is_proved_there_or_not_there(present: set[bytes], asked: bytes) -> None:
    """Membership and absence verify, and neither shows the other or another value."""
    values = make_values(present)
    root, proof = compute_root(hash_leaves(values)), prove(values, asked)

    check(values, asked, proof)
    with pytest.raises(ProofError):
        check_membership(spec=SMT, root=root, key=asked, value=b"other", proof=proof)
    with pytest.raises(ProofError):
        check_membership(spec=TENDERMINT, root=root, key=asked, value=b"v" + asked, proof=proof)
    with pytest.raises(ProofError):
        check_membership(spec=SMT, root=sha256(root), key=asked, value=b"v" + asked, proof=proof)
    with pytest.raises(ProofError):
        check_absence(root=sha256(root) if asked not in values else root, key=asked, proof=proof)


@pytest.mark.parametrize("key", [THERE, GONE])
def test_a_proof_with_any_bit_changed_is_refused(key: bytes) -> None:
    """Every bit counts: of names, hashes, lengths and tags."""
    proof = prove(VALUES, key)

    for place in range(len(proof)):
        for bit in range(8):
            bent = bytearray(proof)
            bent[place] ^= 1 << bit
            with pytest.raises(ProofError):
                check(VALUES, key, bytes(bent))


@pytest.mark.parametrize("key", [THERE, GONE])
def test_a_proof_that_is_cut_or_prolonged_is_refused(key: bytes) -> None:
    """At any place."""
    proof = prove(VALUES, key)

    for place in range(len(proof)):
        with pytest.raises(ProofError):
            check(VALUES, key, proof[:place])
        with pytest.raises(ProofError):
            check(VALUES, key, proof[:place] + proof[place + 1 :])
    for more in (b"\x00", b"\x22\x00", proof):
        with pytest.raises(ProofError):
            check(VALUES, key, proof + more)


def test_only_the_shortest_spelling_is_read() -> None:
    """Protobuf knows longer lengths, other orders, unknown and repeated fields: not here."""
    proof = prove(VALUES, THERE)
    length = 0x80 * (proof[2]) + (proof[1] & 0x7F)
    body = proof[3:]
    assert length == len(body) > 0x80
    key = b"\x0a\x04" + THERE
    assert body.startswith(key)
    longer = b"\x0a" + bytes([proof[1], proof[2] | 0x80, 0]) + body
    spellings = [
        longer,
        _wrap(body[len(key) :] + key),
        _wrap(key + body),
        _wrap(body + b"\x2a\x01\x00"),
        _wrap(b"\x0a\x84\x00" + body[2:]),
        b"",
        b"\x0a",
        b"\x0a\x00",
        b"\x0a\xff\xff\xff\xff\x0f",
    ]

    assert _wrap(body) == proof
    for spelling in spellings:
        with pytest.raises(ProofError):
            decode_existence(spelling, spec=SMT)


def _wrap(body: bytes) -> bytes:
    return b"\x0a" + bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) + body


@given(
    start=st.sampled_from([prove(VALUES, THERE), prove(VALUES, GONE)]),
    cut=st.integers(0, 60),
    data=st.binary(max_size=60),
)
def test_any_bytes_are_refused_or_spelled_the_same_again(
    *, start: bytes, cut: int, data: bytes
) -> None:
    """Proofs come from strangers: nothing but a refusal may come of them."""
    bent = start[:cut] + data + start[cut + len(data) :]

    with suppress(ProofError):
        assert encode_existence(decode_existence(bent, spec=SMT), spec=SMT) == bent
    with suppress(ProofError):
        assert encode_absence(decode_absence(bent)) == bent


def test_lengths_are_bounded() -> None:
    """Of key, value, path and the whole."""
    longest = Existence(
        key=bytes(STATE_KEY_BYTES_MAX),
        value=bytes(STATE_VALUE_BYTES_MAX),
        path=(Step(True, EMPTY),) * SMT.depth_max,
    )
    beyond = [
        replace(longest, key=longest.key + b"."),
        replace(longest, value=longest.value + b"."),
        replace(longest, path=(*longest.path, Step(True, EMPTY))),
        replace(longest, key=b""),
        replace(longest, value=b""),
    ]

    assert decode_existence(encode_existence(longest, spec=SMT), spec=SMT) == longest
    widest = Absence(key=longest.key, left=longest, right=longest)
    assert decode_absence(encode_absence(widest)) == widest
    for proof in beyond:
        with pytest.raises(ProofError):
            decode_existence(encode_existence(proof, spec=SMT), spec=SMT)
        with pytest.raises(ProofError):
            decode_absence(encode_absence(Absence(key=b"k", left=proof, right=None)))
    with pytest.raises(ProofError, match=str(STATE_PROOF_BYTES_MAX)):
        decode_absence(bytes(STATE_PROOF_BYTES_MAX + 1))


def test_a_neighbour_further_away_shows_no_absence() -> None:
    """Whoever skips a key between could deny that very key."""
    ordered = sorted(VALUES, key=sha256)
    for place, hidden in enumerate(ordered):
        before = [None, *ordered][place]
        after = [*ordered, None][place + 1]
        claim = Absence(
            key=hidden,
            left=None if before is None else make_existence(VALUES, before),
            right=None if after is None else make_existence(VALUES, after),
        )
        with pytest.raises(ProofError, match=r"another key lies|left and right of one node"):
            check_absence(root=ROOT, key=hidden, proof=encode_absence(claim))


def test_a_missing_side_is_only_for_the_first_and_the_last() -> None:
    """Half of a proof of absence shows nothing."""
    before, after = find_neighbours(VALUES, GONE)
    assert before is not None
    assert after is not None
    left, right = make_existence(VALUES, before), make_existence(VALUES, after)

    for claim in (
        Absence(key=GONE, left=left, right=None),
        Absence(key=GONE, left=None, right=right),
    ):
        with pytest.raises(ProofError, match="another key lies"):
            check_absence(root=ROOT, key=GONE, proof=encode_absence(claim))
    for swapped, word in (
        (Absence(key=GONE, left=right, right=None), "left"),
        (Absence(key=GONE, left=None, right=left), "right"),
        (Absence(key=GONE, left=left, right=left), "right"),
    ):
        with pytest.raises(ProofError, match=f"the {word} neighbour does not lie"):
            check_absence(root=ROOT, key=GONE, proof=encode_absence(swapped))


def test_a_key_that_is_there_is_not_denied_with_its_own_leaf() -> None:
    """Not as its own neighbour either."""
    own = make_existence(VALUES, THERE)
    for claim in (
        Absence(key=THERE, left=own, right=None),
        Absence(key=THERE, left=None, right=own),
    ):
        with pytest.raises(ProofError, match="does not lie"):
            check_absence(root=ROOT, key=THERE, proof=encode_absence(claim))


def test_a_path_must_go_where_the_keys_hash_says() -> None:
    """A right sibling passed off as a left one changes the root, or the key's place."""
    proof = make_existence(VALUES, THERE)
    for place, step in enumerate(proof.path):
        turned = Step(not step.is_right, step.sibling)
        bent = replace(proof, path=(*proof.path[:place], turned, *proof.path[place + 1 :]))
        with pytest.raises(ProofError, match="place"):
            check_membership(
                spec=SMT,
                root=ROOT,
                key=THERE,
                value=proof.value,
                proof=encode_existence(bent, spec=SMT),
            )


def test_a_tree_of_one_key_proves_every_absence_with_it() -> None:
    """Its path is empty; the empty tree has no proof at all in ICS 23."""
    values = {b"only": b"one"}
    root = compute_root(hash_leaves(values))

    for number in range(20):
        key = encode_number(number)
        check_absence(root=root, key=key, proof=prove(values, key))
    check(values, b"only", prove(values, b"only"))
    with pytest.raises(InvariantError):
        encode_absence(Absence(key=b"k", left=None, right=None))
    with pytest.raises(ProofError, match="no neighbour"):
        check_absence(root=EMPTY, key=b"k", proof=b"\x12\x03\x0a\x01k")


def test_a_named_root_is_shown_in_a_simple_map() -> None:
    """CometBFT `crypto/merkle`: three named roots, written out."""
    log, params, state = (
        compute_leaf_hash(name, value, spec=TENDERMINT)
        for name, value in ((b"log", b"l" * 32), (b"params", b"p" * 32), (b"state", b"s" * 32))
    )
    pair = sha256(b"\x01" + log + params)
    root = sha256(b"\x01" + pair + state)
    proof = Existence(key=b"state", value=b"s" * 32, path=(Step(True, pair),))
    spelled = encode_existence(proof, spec=TENDERMINT)

    assert log == sha256(b"\x00\x03log\x20" + sha256(b"l" * 32))
    check_membership(spec=TENDERMINT, root=root, key=b"state", value=b"s" * 32, proof=spelled)
    for name, value in ((b"params", b"s" * 32), (b"state", b"p" * 32)):
        with pytest.raises(ProofError):
            check_membership(spec=TENDERMINT, root=root, key=name, value=value, proof=spelled)
    with pytest.raises(ProofError, match="another way"):
        check_membership(spec=SMT, root=root, key=b"state", value=b"s" * 32, proof=spelled)
