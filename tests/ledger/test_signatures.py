"""Signatures: each is checked once, beside the main thread, and what failed is not remembered."""

import threading
from collections.abc import Iterator

import pytest

from did.keys import is_signature_valid
from governance.refusals import RefusalCode, TxRefusedError
from ledger import envelope, signatures
from ledger.envelope import Transaction, decode_transaction
from ledger.signatures import Checked, SignatureChecker
from tests.ledger.scenario import MOTION, cast, make_member, sign

BALLOTS = [cast(number, bytes(32)) for number in range(200)]


def forge(data: bytes) -> bytes:
    """The same transaction with another signature."""
    return data[:-1] + bytes([data[-1] ^ 1])


def get_code(checked: Checked) -> RefusalCode | None:
    return checked.refusal if isinstance(checked, TxRefusedError) else None


@pytest.fixture
def checker() -> Iterator[SignatureChecker]:
    made = SignatureChecker()
    yield made
    made.close()


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The thread of every signature that is really verified."""
    threads: list[str] = []

    def verify(*, public_key: bytes, message: bytes, signature: bytes) -> bool:
        threads.append(threading.current_thread().name)
        return is_signature_valid(public_key=public_key, message=message, signature=signature)

    monkeypatch.setattr(envelope, "is_signature_valid", verify)
    return threads


def test_many_are_checked_by_threads_and_answered_in_order(
    checker: SignatureChecker, verified: list[str]
) -> None:
    """Good, forged and malformed ones each at their place."""
    data = [*BALLOTS]
    data[3], data[150] = forge(data[3]), b"junk"

    results = checker.check(data)

    assert [get_code(result) for result in results[:5]] == [
        None,
        None,
        None,
        RefusalCode.SIGNATURE_INVALID,
        None,
    ]
    assert get_code(results[150]) is RefusalCode.MALFORMED
    assert results[7] == decode_transaction(data[7])
    assert len(verified) == len(data) - 1
    assert all(name.startswith("signatures") for name in verified)


def test_what_held_is_not_checked_again(checker: SignatureChecker, verified: list[str]) -> None:
    """Nor twice within one call; what did not hold is."""
    bad = forge(BALLOTS[0])
    first = checker.check([BALLOTS[1], BALLOTS[1], bad])
    seen = len(verified)

    again = checker.check([BALLOTS[1], bad])

    assert seen == 2
    assert len(verified) == 3
    assert first[0] is first[1] is again[0]
    assert checker.find(BALLOTS[1]) is first[0]
    assert checker.find(bad) is None


def test_a_future_gives_what_check_gives(checker: SignatureChecker, verified: list[str]) -> None:
    """The socket starts it early and remembers the result itself."""
    results = checker.start(BALLOTS[:3]).result(10)

    assert checker.find(BALLOTS[0]) is None
    checker.remember(BALLOTS[:3], results)
    assert checker.check(BALLOTS[:3]) == results
    assert len(verified) == 3


def test_the_memory_is_bounded_and_forgets_the_oldest(
    checker: SignatureChecker, verified: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block larger than the memory is checked all the same."""
    monkeypatch.setattr(signatures, "VERIFIED_TRANSACTIONS_MAX", 10)

    first = checker.check(BALLOTS)
    second = checker.check(BALLOTS[100:] + BALLOTS[:100])

    assert all(isinstance(result, Transaction) for result in first)
    assert second == first[100:] + first[:100]
    assert len(checker._known) == 10
    assert 200 + 190 <= len(verified) <= 400


def test_a_committed_block_is_forgotten(checker: SignatureChecker) -> None:
    """Unknown ones beside it do no harm."""
    checker.check(BALLOTS[:2])

    checker.forget([BALLOTS[0], BALLOTS[5]])

    assert checker.find(BALLOTS[0]) is None
    assert checker.find(BALLOTS[1]) is not None


def test_every_signature_of_several_is_checked(
    checker: SignatureChecker, verified: list[str]
) -> None:
    """A transaction of two keys costs two."""
    keys = [make_member(1), make_member(2)]

    checker.check([sign(keys[0], MOTION, keys=keys)])

    assert len(verified) == 2
