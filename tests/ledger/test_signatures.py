"""Signatures: each is checked once, many elsewhere, and what failed is not remembered."""

import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

from config.errors import UnavailableError
from did.keys import is_signature_valid
from governance.refusals import RefusalCode, TxRefusedError
from ledger import envelope, signatures
from ledger.envelope import Transaction, decode_transaction
from ledger.signature_process import SignatureProcess, Signed
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
def busy(checker: SignatureChecker) -> SignatureChecker:
    """One whose process was started: many came at once."""
    checker.start(BALLOTS[:20]).finish()
    return checker


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every signature that is really verified, in this process or for it."""
    seen: list[bytes] = []
    ask = SignatureProcess.ask

    def verify(*, public_key: bytes, message: bytes, signature: bytes) -> bool:
        seen.append(signature)
        return is_signature_valid(public_key=public_key, message=message, signature=signature)

    def ask_and_note(process: SignatureProcess, signed: Sequence[Signed]) -> "Future[bytes]":
        seen.extend(signature for _, _, signature in signed)
        return ask(process, signed)

    monkeypatch.setattr(envelope, "is_signature_valid", verify)
    monkeypatch.setattr(SignatureProcess, "ask", ask_and_note)
    return seen


@pytest.mark.parametrize("count", [8, 200])
def test_each_is_answered_at_its_place(
    checker: SignatureChecker, verified: list[bytes], count: int
) -> None:
    """Good, forged and malformed ones, be they few or many."""
    data = BALLOTS[:count]
    data[3], data[5] = forge(data[3]), b"junk"

    results = checker.check(data)

    assert [get_code(result) for result in results[:6]] == [
        None,
        None,
        None,
        RefusalCode.SIGNATURE_INVALID,
        None,
        RefusalCode.MALFORMED,
    ]
    assert results[6:] == [decode_transaction(item) for item in data[6:]]
    assert len(verified) == len(data) - 1


def test_what_held_is_not_checked_again(checker: SignatureChecker, verified: list[bytes]) -> None:
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


def test_what_is_started_gives_what_check_gives(
    checker: SignatureChecker, verified: list[bytes]
) -> None:
    """The socket starts it early and remembers the result itself."""
    results = checker.start(BALLOTS[:3]).finish()

    assert checker.find(BALLOTS[0]) is None
    checker.remember(BALLOTS[:3], results)
    assert checker.check(BALLOTS[:3]) == results
    assert len(verified) == 3


def test_the_memory_is_bounded_and_forgets_the_oldest(
    checker: SignatureChecker, verified: list[bytes], monkeypatch: pytest.MonkeyPatch
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
    checker: SignatureChecker, verified: list[bytes]
) -> None:
    """A transaction of two keys costs two."""
    keys = [make_member(1), make_member(2)]

    checker.check([sign(keys[0], MOTION, keys=keys)])

    assert len(verified) == 2


@pytest.mark.parametrize("is_busy", [False, True])
@pytest.mark.parametrize("forged", [0, 1])
def test_one_bad_signature_of_several_spoils_the_transaction(
    checker: SignatureChecker, forged: int, is_busy: bool
) -> None:
    """Whichever it is, wherever it is checked, and nothing of it touches the neighbours."""
    if is_busy:
        checker.start(BALLOTS[:20]).finish()
    keys = [make_member(1), make_member(2)]
    both = sign(keys[0], MOTION, keys=keys)
    at = both.index(decode_transaction(both).signatures[forged])
    spoiled = both[:at] + bytes([both[at] ^ 1]) + both[at + 1 :]

    results = checker.start([both, spoiled, both, BALLOTS[0], forge(BALLOTS[1])]).finish()

    assert [get_code(result) for result in results] == [
        None,
        RefusalCode.SIGNATURE_INVALID,
        None,
        None,
        RefusalCode.SIGNATURE_INVALID,
    ]


def test_many_questions_at_once_are_all_answered(busy: SignatureChecker) -> None:
    """They go together, in messages of bounded size, and each gets its own answer."""
    started = [busy.start([BALLOTS[place], forge(BALLOTS[place])]) for place in range(200)]

    for one in started:
        held, refused = one.finish()
        assert get_code(held) is None
        assert get_code(refused) is RefusalCode.SIGNATURE_INVALID


def test_who_waits_is_told_once_an_answer_is_there(busy: SignatureChecker) -> None:
    """At once if nothing had to be checked."""
    told = threading.Event()
    started = busy.start(BALLOTS[:5])
    started.call_when_done(told.set)

    assert told.wait(10)
    assert started.is_done
    assert busy.start([b"junk"]).is_done


def test_nothing_holds_once_the_process_has_ended(busy: SignatureChecker) -> None:
    """What it was asked fails, and so does what it is asked afterwards: no answer is no yes."""
    assert busy._process is not None
    busy._process._child.kill()

    with pytest.raises(UnavailableError, match="checks signatures has ended"):
        busy.check(BALLOTS)
    with pytest.raises(UnavailableError, match="checks signatures has ended"):
        busy.check(BALLOTS)
    assert busy.find(BALLOTS[1]) is None


def test_the_process_ends_with_whoever_asks(busy: SignatureChecker) -> None:
    """Its input closes then, however that came about."""
    assert busy._process is not None
    child = busy._process._child
    child.send_signal(signal.SIGINT)
    child.send_signal(signal.SIGTERM)

    assert len(busy.check(BALLOTS)) == len(BALLOTS)
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(10) == 0


def test_the_first_transaction_starts_the_process_and_does_not_wait_for_it(
    checker: SignatureChecker, verified: list[bytes]
) -> None:
    """A flood that follows finds it ready; a node that only takes part in blocks has none."""
    checker.check(BALLOTS[5:8])
    assert checker._process is None
    told: list[None] = []

    first = checker.start(BALLOTS[:3])
    first.call_when_done(lambda: told.append(None))
    process = checker._process
    later = checker.start(BALLOTS[3:5])

    assert told
    assert first.finish() == [decode_transaction(item) for item in BALLOTS[:3]]
    assert process is not None
    assert process is checker._process
    assert later.held is not None
    assert later.finish() == [decode_transaction(item) for item in BALLOTS[3:5]]
    assert len(verified) == 8


def test_an_answer_of_another_length_is_none(
    checker: SignatureChecker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte for each signature, or nothing that was asked is believed."""
    program = tmp_path / "answers-nothing"
    program.write_text("#!/bin/sh\nhead -c 4 >/dev/null\nprintf '\\000\\000\\000\\000'\nsleep 60\n")
    program.chmod(0o700)
    monkeypatch.setattr("ledger.signature_process.sys.executable", str(program))

    with pytest.raises(UnavailableError, match="checks signatures has ended"):
        checker.check(BALLOTS)
