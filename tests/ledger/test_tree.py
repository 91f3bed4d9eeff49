"""The authenticated map against a brute-force one, and proofs that cannot be bent."""

import hashlib
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from did.codec import CodecError, decode, encode
from ledger.tree import (
    EMPTY,
    ProofError,
    StateProof,
    Tree,
    check_absence,
    check_membership,
    decode_state_proof,
)

SEARCHED = 1 << 17


def find_crowded_keys() -> list[bytes]:
    """Keys whose hashes share long prefixes: the pairs closest to each other among many."""
    by_hash = sorted((sha256(key), key) for key in map(encode_number, range(SEARCHED)))
    pairs = sorted(
        (count_shared_bits(first[0], second[0]), first[1], second[1])
        for first, second in pairwise(by_hash)
    )
    assert pairs[-1][0] > 25
    return list(dict.fromkeys(key for _, *pair in pairs[-12:] for key in pair))


def encode_number(number: int) -> bytes:
    return number.to_bytes(4, "big")


def count_shared_bits(first: bytes, second: bytes) -> int:
    return 256 - (int.from_bytes(first, "big") ^ int.from_bytes(second, "big")).bit_length()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


CROWDED = find_crowded_keys()
KEYS = st.integers(0, 40).map(encode_number) | st.sampled_from(CROWDED)
CHANGES = st.lists(st.tuples(KEYS, st.none() | st.binary(max_size=4)), max_size=60)


def compute_naive_root(values: Mapping[bytes, bytes]) -> bytes:
    """ICS23 SmtSpec, written down as a recursion over all leaves."""
    leaves = {sha256(key): sha256(value) for key, value in values.items()}

    def compute(keys: list[bytes], depth: int) -> bytes:
        if not keys:
            return EMPTY
        if len(keys) == 1:
            return sha256(b"\x00" + keys[0] + leaves[keys[0]])
        sides: list[list[bytes]] = [[], []]
        for key in keys:
            sides[key[depth // 8] >> (7 - depth % 8) & 1].append(key)
        return sha256(b"\x01" + compute(sides[0], depth + 1) + compute(sides[1], depth + 1))

    return compute(sorted(leaves), 0)


@given(batches=st.lists(CHANGES, max_size=5))
def test_the_root_depends_on_the_contents_alone(
    batches: list[list[tuple[bytes, bytes | None]]],
) -> None:
    """Whatever is put, replaced and deleted in whatever batches, the root is the naive one."""
    tree, values = Tree(), dict[bytes, bytes]()
    for batch in batches:
        changes = dict(batch)
        tree = tree.update(changes.items())
        values = {k: v for k, v in {**values, **changes}.items() if v is not None}

    assert tree.root == compute_naive_root(values)
    assert tree.root == Tree().update(values.items()).root


@given(keys=st.permutations(CROWDED), data=st.data())
def test_deleting_leads_back_through_the_same_roots(keys: list[bytes], data: st.DataObject) -> None:
    """Leaves fall and rise again along long shared prefixes, one by one, in any order."""
    tree, roots = Tree(), [EMPTY]
    for key in keys:
        tree = tree.update([(key, key)])
        roots.append(tree.root)
    again = tree.update([(data.draw(st.sampled_from(keys)), b"other")])

    assert again.root != tree.root
    assert again.update((key, key) for key in keys).root == tree.root
    for key, root in zip(reversed(keys), reversed(roots[:-1]), strict=True):
        tree = tree.update([(key, None), (b"absent" + key, None)])
        assert tree.root == root


def test_a_change_leaves_the_tree_before_it_alone() -> None:
    """The committed tree must survive a block that is never committed."""
    before = Tree().update((key, b"") for key in CROWDED)
    root, proof = before.root, before.prove(CROWDED[0])

    after = before.update([(key, None) for key in CROWDED[::2]])

    assert after.root != root
    assert (before.root, before.prove(CROWDED[0])) == (root, proof)
    assert before.update([]).root == root


@given(present=st.sets(KEYS, max_size=30), asked=KEYS)
def test_every_key_is_proved_there_or_not_there(present: set[bytes], asked: bytes) -> None:
    """Membership and absence verify, and each refuses the other's claim."""
    tree = Tree().update((key, b"v" + key) for key in present)
    proof = decode_state_proof(tree.prove(asked).to_value())

    if asked in present:
        check_membership(root=tree.root, key=asked, value=b"v" + asked, proof=proof)
        with pytest.raises(ProofError):
            check_absence(root=tree.root, key=asked, proof=proof)
        with pytest.raises(ProofError):
            check_membership(root=tree.root, key=asked, value=b"other", proof=proof)
    else:
        check_absence(root=tree.root, key=asked, proof=proof)
        with pytest.raises(ProofError):
            check_membership(root=tree.root, key=asked, value=b"v" + asked, proof=proof)


@given(present=st.sets(KEYS, min_size=1, max_size=30), asked=KEYS, data=st.data())
def test_a_proof_with_one_changed_bit_shows_nothing(
    present: set[bytes], asked: bytes, data: st.DataObject
) -> None:
    """Neither of a key that is there nor of one that is not."""
    tree = Tree().update((key, b"v" + key) for key in present)
    encoded = bytearray(encode(tree.prove(asked).to_value()))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    try:
        value = decode(bytes(encoded), bytes_max=65_536)
    except CodecError:
        return
    with pytest.raises(ProofError):
        check(tree.root, asked, decode_state_proof(value), is_there=asked in present)


def check(root: bytes, key: bytes, proof: StateProof, *, is_there: bool) -> None:
    if is_there:
        check_membership(root=root, key=key, value=b"v" + key, proof=proof)
    else:
        check_absence(root=root, key=key, proof=proof)


@given(data=st.data())
def test_a_proof_with_one_changed_sibling_is_refused(data: st.DataObject) -> None:
    """No sibling can be altered, dropped or added."""
    keys = [encode_number(number) for number in range(40)]
    tree = Tree().update((key, key) for key in keys)
    key = data.draw(st.sampled_from(keys))
    siblings = list(tree.prove(key).siblings)
    place = data.draw(st.integers(0, len(siblings) - 1))
    bent = [
        [*siblings[:place], sha256(siblings[place]), *siblings[place + 1 :]],
        siblings[:place] + siblings[place + 1 :],
        [*siblings, EMPTY],
    ]

    for changed in bent:
        with pytest.raises(ProofError):
            check_membership(
                root=tree.root, key=key, value=key, proof=StateProof(siblings=tuple(changed))
            )


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        [[b"short"], None],
        [[bytes(32)] * 257, None],
        [[], [bytes(32)]],
        [[], [bytes(31), bytes(32)]],
        [[1], None],
    ],
)
def test_a_malformed_proof_is_refused(value: object) -> None:
    """Proofs come from strangers."""
    with pytest.raises(ProofError):
        decode_state_proof(value)  # type: ignore[arg-type]


def test_a_leaf_elsewhere_proves_no_absence() -> None:
    """The leaf shown must stand where the asked key would."""
    tree = Tree().update((bytes([n]), b"") for n in range(8))
    there, asked = bytes([3]), b"asked"
    proof = tree.prove(there)
    elsewhere = StateProof(proof.siblings, (sha256(there), sha256(b"")))

    with pytest.raises(ProofError):
        check_absence(root=tree.root, key=asked, proof=elsewhere)


def test_a_keys_own_leaf_proves_no_absence() -> None:
    """A member's record cannot be denied with the very leaf that holds it."""
    tree = Tree().update((bytes([n]), b"") for n in range(8))
    key = bytes([3])
    denied = StateProof(tree.prove(key).siblings, (sha256(key), sha256(b"")))

    with pytest.raises(ProofError, match="is there"):
        check_absence(root=tree.root, key=key, proof=denied)


def test_the_empty_tree_proves_every_absence() -> None:
    """With no sibling at all, and no membership."""
    proof = Tree().prove(b"any")

    assert proof == StateProof(siblings=())
    check_absence(root=EMPTY, key=b"any", proof=proof)
    with pytest.raises(ProofError):
        check_membership(root=EMPTY, key=b"any", value=b"", proof=proof)


def test_an_inner_node_cannot_pass_for_a_leaf() -> None:
    """Leaf and inner hashes start differently, so no value can hold a forged subtree."""
    tree = Tree().update((bytes([n]), b"") for n in range(8))
    proof = tree.prove(bytes([3]))

    for shorter in range(len(proof.siblings)):
        with pytest.raises(ProofError):
            check_absence(
                root=tree.root, key=bytes([3]), proof=StateProof(proof.siblings[shorter:])
            )
