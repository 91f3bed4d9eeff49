"""The envelope: one byte string per transaction, refused otherwise, bound to its chain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import TX_BYTES_MAX
from did.codec import decode, encode
from did.keys import KeyPair, is_signature_valid
from governance.refusals import RefusalCode, TxRefusedError
from ledger.envelope import decode_transaction
from tests.ledger.scenario import MOTION, make_member, sign

GOOD = sign(make_member(1), MOTION)


def refuse(data: bytes) -> RefusalCode:
    with pytest.raises(TxRefusedError) as refused:
        decode_transaction(data)
    return refused.value.refusal


def rebuild(**changes: object) -> bytes:
    """The good transaction with fields of its body replaced; signatures kept."""
    envelope = decode(GOOD, bytes_max=TX_BYTES_MAX)
    assert isinstance(envelope, list)
    assert isinstance(envelope[0], bytes)
    body = decode(envelope[0], bytes_max=TX_BYTES_MAX)
    assert isinstance(body, list)
    for place, name in enumerate(("version", "chain", "account", "nonce", "until", "tag", "value")):
        if name in changes:
            body[place] = changes[name]  # type: ignore[call-overload]
    return encode([encode(body), changes.get("signatures", envelope[1])])  # type: ignore[list-item]


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_transaction_or_a_refusal(data: bytes) -> None:
    """Nothing that a stranger sends raises anything else."""
    try:
        decode_transaction(data)
    except TxRefusedError as refused:
        assert 1 <= refused.code < 100


@given(place=st.integers(0, len(GOOD) - 1), flipped=st.integers(1, 255))
def test_a_changed_byte_changes_the_hash_or_is_refused(place: int, flipped: int) -> None:
    """No two byte strings are the same signed transaction."""
    bent = GOOD[:place] + bytes([GOOD[place] ^ flipped]) + GOOD[place + 1 :]
    try:
        tx = decode_transaction(bent)
    except TxRefusedError:
        return
    good = decode_transaction(GOOD)

    assert tx.hash != good.hash
    assert (tx.signing_input, tx.signatures) != (good.signing_input, good.signatures)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", RefusalCode.MALFORMED),
        (GOOD + b"\x00", RefusalCode.MALFORMED),
        (b"\x90" * (TX_BYTES_MAX + 1), RefusalCode.TOO_LARGE),
        (encode([b"", []]), RefusalCode.SIGNATURES_MALFORMED),
        (rebuild(version=2), RefusalCode.VERSION_UNSUPPORTED),
        (rebuild(version=True), RefusalCode.VERSION_UNSUPPORTED),
        (rebuild(account=b"short"), RefusalCode.MALFORMED),
        (rebuild(nonce=0), RefusalCode.MALFORMED),
        (rebuild(nonce=True), RefusalCode.MALFORMED),
        (rebuild(until=-1), RefusalCode.MALFORMED),
        (rebuild(chain=1), RefusalCode.MALFORMED),
        (rebuild(tag=99), RefusalCode.TYPE_UNKNOWN),
        (rebuild(value=[]), RefusalCode.PAYLOAD_MALFORMED),
        (rebuild(signatures=[[bytes(32), bytes(64)]] * 2), RefusalCode.SIGNATURES_MALFORMED),
        (rebuild(signatures=[[bytes(31), bytes(64)]]), RefusalCode.SIGNATURES_MALFORMED),
        (rebuild(signatures=[[bytes(32), bytes(63)]]), RefusalCode.SIGNATURES_MALFORMED),
        (
            rebuild(signatures=[[bytes([i]) * 32, bytes(64)] for i in range(17)]),
            RefusalCode.SIGNATURES_MALFORMED,
        ),
        (
            rebuild(signatures=[[b"\x02" * 32, bytes(64)], [b"\x01" * 32, bytes(64)]]),
            RefusalCode.SIGNATURES_MALFORMED,
        ),
    ],
)
def test_a_malformed_transaction_is_refused_by_its_code(data: bytes, code: RefusalCode) -> None:
    """docs/transactions.md: the first check that fails names the refusal."""
    assert refuse(data) is code


def test_a_signature_belongs_to_its_chain() -> None:
    """The same words for another chain need another signature."""
    key = KeyPair(bytes([5]) * 32)
    here = decode_transaction(sign(key, MOTION))
    there = decode_transaction(sign(key, MOTION, chain_id="test-other-1"))
    (_, signature), public_key = here.signatures[0], key.public_key

    assert is_signature_valid(
        public_key=public_key, message=here.signing_input, signature=signature
    )
    assert not is_signature_valid(
        public_key=public_key, message=there.signing_input, signature=signature
    )
