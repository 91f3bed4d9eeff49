"""The envelope: one byte string per transaction, refused otherwise, bound to its chain."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from config.limits import TX_BYTES_MAX
from did.codec import Value, decode, encode
from did.keys import KeyPair, is_signature_valid
from governance.proposal_records import Choice
from governance.refusals import RefusalCode, TxRefusedError
from governance.transactions import AdmitMembers, CastBallot, Payload
from ledger.envelope import (
    Transaction,
    check_signatures,
    compute_transaction_hash,
    decode_transaction,
    sign_transaction,
)
from tests.ledger.scenario import MOTION, admit, make_inception, make_member, sign

GOOD = sign(make_member(1), MOTION)
TWO_KEYS = [make_member(1), make_member(2)]
DOMAIN = b"rochdale/tx/v1"
MULTICODEC = b"\xed\x01"
FIELDS = ("version", "chain", "account", "nonce", "until", "keys", "tag", "value")
HASHES = st.binary(min_size=32, max_size=32)
INTEGERS = st.integers(1, (1 << 63) - 1)
PAYLOADS: st.SearchStrategy[Payload] = st.one_of(
    st.builds(CastBallot, cooperative=HASHES, proposal_id=HASHES, choice=st.sampled_from(Choice)),
    st.builds(
        AdmitMembers,
        cooperative=HASHES,
        inceptions=st.lists(
            st.integers(0, 99).map(lambda number: make_inception(make_member(number))),
            min_size=1,
            max_size=3,
        ).map(tuple),
    ),
    st.just(MOTION),
)
VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.binary(max_size=3) | st.text(max_size=3),
    lambda items: st.lists(items, max_size=3),
    max_leaves=6,
)


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
    for place, name in enumerate(FIELDS):
        if name in changes:
            body[place] = changes[name]  # type: ignore[call-overload]
    return encode([encode(body), changes.get("signatures", envelope[1])])  # type: ignore[list-item]


def render(tx: Transaction) -> bytes:
    """The bytes that a decoded transaction stands for, and no others."""
    payload, keys = tx.payload, [MULTICODEC + key for key in tx.keys]
    body = encode(
        [1, tx.chain_id, tx.account, tx.nonce, tx.valid_until_ms, keys, payload.tag, payload]
    )
    assert tx.signing_input == DOMAIN + hashlib.sha256(tx.chain_id.encode()).digest() + body
    return encode([body, tx.signatures])


@given(
    payload=PAYLOADS,
    nonce=INTEGERS,
    until=INTEGERS,
    account=HASHES,
    chain_id=st.text(max_size=50),
    keys=st.lists(st.integers(0, 20), min_size=1, max_size=16, unique=True),
)
def test_what_is_signed_is_what_is_read(
    *, payload: Payload, nonce: int, until: int, account: bytes, chain_id: str, keys: list[int]
) -> None:
    """Every field comes back, every signature verifies, and the bytes render again."""
    pairs = [make_member(number) for number in keys]
    data = sign_transaction(
        chain_id=chain_id,
        account=account,
        nonce=nonce,
        valid_until_ms=until,
        payload=payload,
        keys=pairs,
    )
    tx = decode_transaction(data)

    assert (tx.payload, tx.nonce, tx.valid_until_ms) == (payload, nonce, until)
    assert (tx.account, tx.chain_id) == (account, chain_id)
    assert render(tx) == data
    assert tx.size_bytes == len(data)
    assert compute_transaction_hash(data) == hashlib.sha256(data).digest()
    assert list(tx.keys) == sorted(pair.public_key for pair in pairs)
    check_signatures(tx)


@given(data=st.data())
def test_canonical_bytes_of_any_shape_render_again_or_are_refused(data: st.DataObject) -> None:
    """No field may hold what another encoding could hold too."""
    name = data.draw(st.sampled_from((*FIELDS, "signatures")))
    bent = rebuild(**{name: data.draw(VALUES)})
    try:
        tx = decode_transaction(bent)
    except TxRefusedError:
        return

    assert render(tx) == bent


@pytest.mark.parametrize(
    ("canonical", "other"),
    [
        (b"\x98\x01", b"\x98\xcc\x01"),
        (b"\x98\x01", b"\x98\xd0\x01"),
        (b"\x98\x01", b"\x98\xcf" + (1).to_bytes(8, "big")),
        (b"\x98\x01", b"\x98\xcb\x3f\xf0" + bytes(6)),
        (b"\x98", b"\xdc\x00\x08"),
        (b"\xaftest-scenario-1", b"\xd9\x0ftest-scenario-1"),
        (b"\xaftest-scenario-1", b"\xc4\x0ftest-scenario-1"),
        (b"\xc4\x20", b"\xc5\x00\x20"),
    ],
)
def test_another_encoding_of_the_same_words_is_refused(canonical: bytes, other: bytes) -> None:
    """A longer integer, list, text or byte string would be the same ballot with another hash."""
    envelope = decode(GOOD, bytes_max=TX_BYTES_MAX)
    assert isinstance(envelope, list)
    body, signatures = envelope
    assert isinstance(body, bytes)
    assert canonical in body

    longer = encode([body.replace(canonical, other, 1), signatures])

    assert refuse(longer) is RefusalCode.MALFORMED
    assert refuse(GOOD.replace(b"\x92\xc4", b"\xdc\x00\x02\xc4", 1)) is RefusalCode.MALFORMED


def test_a_transaction_at_the_size_limit_is_read_and_no_longer_one() -> None:
    """The limit is the last size that passes, not the first that does not."""
    room = TX_BYTES_MAX - len(rebuild(value=[b"x" * 60_000]))
    largest = rebuild(value=[b"x" * (60_000 + room)])

    assert len(largest) == TX_BYTES_MAX
    assert refuse(largest) is RefusalCode.PAYLOAD_MALFORMED
    assert refuse(rebuild(value=[b"x" * (60_001 + room)])) is RefusalCode.TOO_LARGE


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

    assert (tx.signing_input, tx.signatures) != (good.signing_input, good.signatures)
    with pytest.raises(TxRefusedError):
        check_signatures(tx)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", RefusalCode.MALFORMED),
        (GOOD + b"\x00", RefusalCode.MALFORMED),
        (b"\x90" * (TX_BYTES_MAX + 1), RefusalCode.TOO_LARGE),
        (encode([b"", []]), RefusalCode.SIGNATURES_MALFORMED),
        (rebuild(version=2), RefusalCode.VERSION_UNSUPPORTED),
        (rebuild(version=True), RefusalCode.MALFORMED),
        (rebuild(account=b"short"), RefusalCode.MALFORMED),
        (rebuild(nonce=0), RefusalCode.MALFORMED),
        (rebuild(nonce=True), RefusalCode.MALFORMED),
        (rebuild(until=-1), RefusalCode.MALFORMED),
        (rebuild(chain=1), RefusalCode.MALFORMED),
        (rebuild(tag=254), RefusalCode.TYPE_UNKNOWN),
        (rebuild(value=[]), RefusalCode.PAYLOAD_MALFORMED),
        (rebuild(signatures=[]), RefusalCode.SIGNATURES_MALFORMED),
        (rebuild(signatures=[bytes(63)]), RefusalCode.SIGNATURES_MALFORMED),
        (rebuild(signatures=[bytes(64)] * 2), RefusalCode.SIGNATURES_MALFORMED),
        (rebuild(signatures=[bytes(64)] * 17), RefusalCode.SIGNATURES_MALFORMED),
        (rebuild(keys=[]), RefusalCode.SIGNATURES_MALFORMED),
        (rebuild(keys=[bytes(34)]), RefusalCode.SIGNATURES_MALFORMED),
        (rebuild(keys=[MULTICODEC + bytes(31)]), RefusalCode.SIGNATURES_MALFORMED),
        (
            rebuild(keys=[MULTICODEC + bytes(32)] * 2, signatures=[bytes(64)] * 2),
            RefusalCode.SIGNATURES_MALFORMED,
        ),
        (
            rebuild(
                keys=[MULTICODEC + b"\x02" * 32, MULTICODEC + b"\x01" * 32],
                signatures=[bytes(64)] * 2,
            ),
            RefusalCode.SIGNATURES_MALFORMED,
        ),
        (
            rebuild(
                keys=[MULTICODEC + bytes([i]) * 32 for i in range(17)], signatures=[bytes(64)] * 16
            ),
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
    signature, public_key = here.signatures[0], key.public_key

    assert is_signature_valid(
        public_key=public_key, message=here.signing_input, signature=signature
    )
    assert not is_signature_valid(
        public_key=public_key, message=there.signing_input, signature=signature
    )


def test_a_signature_is_made_for_this_purpose_alone() -> None:
    """Whoever lets a wallet sign the bare body, or other words, has no transaction by it."""
    key = make_member(1)
    tx = decode_transaction(GOOD)
    body = tx.signing_input[len(DOMAIN) + 32 :]

    for message in (body, tx.signing_input[len(DOMAIN) :], b"rochdale/tx/v2" + body):
        assert not is_signature_valid(
            public_key=key.public_key, message=tx.signing_input, signature=key.sign(message)
        )


def test_a_signature_covers_who_signs_beside_it() -> None:
    """Nobody can drop one of several signatures, or add another, and keep the rest."""
    one, two = (
        decode_transaction(sign(TWO_KEYS[0], MOTION, keys=k)) for k in (TWO_KEYS[:1], TWO_KEYS)
    )
    place = two.keys.index(TWO_KEYS[0].public_key)

    assert one.signing_input != two.signing_input
    assert one.signatures[0] != two.signatures[place]
    with pytest.raises(TxRefusedError) as refused:
        check_signatures(replace(one, signatures=(two.signatures[place],)))
    assert refused.value.refusal is RefusalCode.SIGNATURE_INVALID


@pytest.mark.parametrize("bad", [0, 1])
def test_one_bad_signature_among_several_refuses_all(bad: int) -> None:
    """A second signature is no ornament, whichever stands first."""
    tx = decode_transaction(sign(TWO_KEYS[0], MOTION, keys=TWO_KEYS))
    signatures = list(tx.signatures)
    signatures[bad] = signatures[1 - bad]

    with pytest.raises(TxRefusedError) as refused:
        check_signatures(replace(tx, signatures=tuple(signatures)))

    assert refused.value.refusal is RefusalCode.SIGNATURE_INVALID


def test_the_largest_admission_fits_into_a_transaction() -> None:
    """The limits of items and of bytes agree."""
    data = admit(*(make_member(number) for number in range(64)))
    payload = decode_transaction(data).payload

    assert isinstance(payload, AdmitMembers)
    assert len(payload.inceptions) == 64
    with pytest.raises(TxRefusedError) as refused:
        decode_transaction(admit(*(make_member(number) for number in range(65))))
    assert refused.value.refusal is RefusalCode.PAYLOAD_MALFORMED
