"""The authenticated map against a brute-force one, and proofs that cannot be bent."""

import hashlib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tree import (
    EMPTY,
    ProofError,
    StateProof,
    Tree,
    check_absence,
    check_membership,
    decode_state_proof,
)

KEYS = st.integers(0, 40).map(lambda number: number.to_bytes(2, "big"))
CHANGES = st.lists(st.tuples(KEYS, st.none() | st.binary(max_size=4)), max_size=60)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


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


@given(data=st.data())
def test_a_proof_with_one_changed_byte_is_refused(data: st.DataObject) -> None:
    """No sibling can be altered, dropped or added."""
    keys = [number.to_bytes(2, "big") for number in range(40)]
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
