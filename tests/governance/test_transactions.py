"""Payloads: one encoding each, and strict bounds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import ADMISSIONS_PER_TX_MAX
from did.codec import encode
from governance.proposal_records import Choice, ProposalKind
from governance.refusals import RefusalCode, TxRefusedError
from governance.transactions import (
    AdmitMembers,
    CastBallot,
    Payload,
    SubmitProposal,
    compute_proposal_id,
    decode_payload,
)
from tests.governance.world import make_inception

hashes = st.binary(min_size=32, max_size=32)
payloads: st.SearchStrategy[Payload] = st.one_of(
    st.builds(
        AdmitMembers,
        cooperative=hashes,
        inceptions=st.lists(st.integers(1, 9).map(make_inception), min_size=1, max_size=3).map(
            tuple
        ),
    ),
    st.builds(
        SubmitProposal,
        cooperative=hashes,
        kind=st.sampled_from(ProposalKind),
        text_hash=hashes,
        subject=st.just(b"") | hashes,
        voting_days=st.integers(0, 366),
    ),
    st.builds(CastBallot, cooperative=hashes, proposal_id=hashes, choice=st.sampled_from(Choice)),
)
INCEPTION = [bytes([1]) * 32, bytes([2]) * 32, bytes(32)]


@given(payloads)
def test_a_payload_survives_its_encoding(payload: Payload) -> None:
    """Tag and positional value give the payload back."""
    assert decode_payload(payload.tag, payload.encode()) == payload


def test_refuses_a_tag_that_nobody_gave_out() -> None:
    """An unknown type asks for a newer wallet or node."""
    with pytest.raises(TxRefusedError) as refused:
        decode_payload(0x7F, encode([]))

    assert refused.value.refusal is RefusalCode.TYPE_UNKNOWN


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (0x01, None),
        (0x01, [bytes(32)]),
        (0x01, [bytes(31), [INCEPTION]]),
        (0x01, ["x" * 32, [INCEPTION]]),
        (0x01, [bytes(32), []]),
        (0x01, [bytes(32), INCEPTION[0]]),
        (0x01, [bytes(32), [INCEPTION[:2]]]),
        (0x01, [bytes(32), [INCEPTION] * (ADMISSIONS_PER_TX_MAX + 1)]),
        (0x02, [bytes(32), 3, bytes(32), b"", 0]),
        (0x02, [bytes(32), 1, bytes(32), bytes(33), 0]),
        (0x02, [bytes(32), 1, bytes(32), b"", 367]),
        (0x02, [bytes(32), 1, bytes(32), b"", -1]),
        (0x02, [bytes(32), 1, bytes(32), b""]),
        (0x03, [bytes(32), bytes(32), 3]),
        (0x03, [bytes(32), bytes(32), True]),
        (0x03, [bytes(32), bytes(32)]),
    ],
)
def test_refuses_a_malformed_payload(tag: int, value: Any) -> None:
    """Every field is checked before a rule sees it; the reason names the field."""
    with pytest.raises(TxRefusedError) as refused:
        decode_payload(tag, encode(value))

    assert refused.value.refusal is RefusalCode.PAYLOAD_MALFORMED
    assert "(" in refused.value.reason


def test_the_same_motion_twice_has_two_ids() -> None:
    """An id follows from author, nonce and content, so its author knows it beforehand."""
    payload = SubmitProposal(
        cooperative=bytes(32), kind=ProposalKind.ORDINARY, text_hash=bytes(32), subject=b""
    )

    first = compute_proposal_id(account=bytes(32), nonce=1, payload=payload)

    assert first == compute_proposal_id(account=bytes(32), nonce=1, payload=payload)
    assert first != compute_proposal_id(account=bytes(32), nonce=2, payload=payload)
    assert first != compute_proposal_id(account=bytes([1]) * 32, nonce=1, payload=payload)
