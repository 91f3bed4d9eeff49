"""Refusals: stable numbers, and a sentence for each."""

import pytest

from governance.refusals import RefusalCode, TxRefusedError


@pytest.mark.parametrize("refusal", RefusalCode)
def test_every_refusal_tells_the_sender_what_to_do(refusal: RefusalCode) -> None:
    """A code without a sentence would help nobody."""
    error = TxRefusedError(refusal)

    assert error.code == int(refusal) > 0
    assert error.reason.endswith(".")
    assert ":" in error.reason or " must " in error.reason


def test_numbers_are_wire_codes_and_never_move() -> None:
    """Wallets know these numbers: new ones are added, none is reused."""
    numbers = [int(refusal) for refusal in RefusalCode]

    envelope = [*range(1, 21), *range(30, 37)]
    rules = [*range(100, 114), *range(120, 147), 160, *range(200, 249)]
    accountability = [*range(300, 309), *range(320, 323), *range(330, 335)]
    value = [
        *range(400, 408),
        *range(410, 421),
        *range(430, 436),
        *range(440, 448),
        *range(450, 454),
        *range(460, 467),
    ]
    assert numbers == [*envelope, *rules, *accountability, *value, 500]
    assert RefusalCode.NOT_A_MEMBER == 104
    assert RefusalCode.VOTING_CLOSED == 111
    assert RefusalCode.NOT_IN_ELECTORATE == 112


def test_a_detail_follows_the_sentence() -> None:
    """Which field is wrong stands in brackets."""
    error = TxRefusedError(RefusalCode.PAYLOAD_MALFORMED, "CastBallot.choice")

    assert error.reason.endswith("correct it. (CastBallot.choice)")
