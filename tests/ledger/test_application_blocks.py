"""The application over many blocks: caching, proposals of blocks, replays, and every method."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tendermint.abci import types_pb2 as abci

from config.errors import InvariantError
from config.limits import BLOCK_BYTES_MAX
from did.keys import is_signature_valid
from governance.logs import DECISIONS, get_frontier
from governance.proposal_records import Choice
from governance.refusals import RefusalCode
from governance.view import StateView
from ledger import envelope, mempool, signatures
from ledger.application import Application
from ledger.envelope import decode_transaction
from ledger.quotas import compute_gas
from ledger.store import Store, create_store
from tests.ledger.scenario import (
    BLOCK_MS,
    DISCUSSION_MS,
    MOTION,
    ROOT,
    VOTING_MS,
    Chain,
    admit,
    cast,
    make_inception,
    make_member,
    render_block,
    render_init_chain,
    sign,
)

ACCEPT = abci.ResponseProcessProposal.ACCEPT
REJECT = abci.ResponseProcessProposal.REJECT


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    begun = Chain.start(tmp_path / "ledger")
    yield begun
    begun.store.close()


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    begun = Chain.start(tmp_path_factory.mktemp("idle") / "ledger")
    yield begun
    begun.store.close()


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every signature that is really verified from here on."""
    seen: list[bytes] = []
    verify = is_signature_valid

    def count(*, public_key: bytes, message: bytes, signature: bytes) -> bool:
        seen.append(signature)
        return verify(public_key=public_key, message=message, signature=signature)

    monkeypatch.setattr(envelope, "is_signature_valid", count)
    return seen


def make_random_blocks(chain: Chain, seed: int) -> None:
    """Blocks of good, refused, malformed and repeated transactions, and of none."""
    chance = random.Random(seed)
    proposal_id = chain.open_voting(8)
    for nonce in range(2, 30):
        block = [
            cast(chance.randrange(10), proposal_id, Choice(chance.randrange(3)), nonce=nonce)
            for _ in range(chance.randrange(5))
        ]
        block += [b"junk", admit(make_member(20 + nonce), nonce=nonce)][: chance.randrange(3)]
        block += block[:1]
        chain.run(*block, after_ms=chance.choice([1, BLOCK_MS // 5, BLOCK_MS]))
    chain.run(after_ms=VOTING_MS)


@pytest.mark.parametrize("seed", range(3))
def test_a_replay_from_genesis_gives_every_app_hash_again(tmp_path: Path, seed: int) -> None:
    """On another node that crashes between any two calls, and has verified nothing before."""
    first = Chain.start(tmp_path / "first")
    make_random_blocks(first, seed)
    create_store(tmp_path / "second")
    store = Store.open(tmp_path / "second")
    chance = random.Random(seed)

    for request in first.blocks:
        for _ in range(1 + chance.randrange(2)):  # once more after a crash before Commit
            store.close()
            store = Store.open(tmp_path / "second")
            application = Application(store, software_version="0")
            if not application.info(abci.RequestInfo()).last_block_height:
                application.init_chain(render_init_chain())
            answer = application.finalize_block(request)
        application.commit(abci.RequestCommit())
        assert answer.app_hash == store.record.app_hash

    assert store.record == first.store.record
    assert list(store.scan(b"")) == list(first.store.scan(b""))
    store.close()
    first.store.close()


def test_a_block_may_be_decided_twice_without_a_restart(chain: Chain) -> None:
    """Only the last decision is committed, and the same block gives the same bytes."""
    abandoned = chain.finalize(admit(make_member(5)))
    wanted = render_block(1, [admit(make_member(0)), b"junk"])

    first = chain.application.finalize_block(wanted)
    second = chain.application.finalize_block(wanted)
    chain.application.commit(abci.RequestCommit())

    assert first.SerializeToString() == second.SerializeToString()
    assert first.app_hash != abandoned.app_hash
    view = StateView(chain.store)
    assert view.get_account(make_inception(make_member(5)).compute_id()) is None
    assert view.get_account(make_inception(make_member(0)).compute_id()) is not None


def test_what_was_checked_before_changes_no_result(tmp_path: Path) -> None:
    """One node saw the ballots waiting, another only in the block."""
    answers = []
    for name in ("seen", "unseen"):
        chain = Chain.start(tmp_path / name)
        proposal_id = chain.open_voting(3)
        ballots = [cast(number, proposal_id) for number in range(4)]
        if name == "seen":
            assert [chain.check(ballot) for ballot in ballots][:3] == [0, 0, 0]
        answers.append(chain.run(*ballots).SerializeToString())
        chain.store.close()

    assert answers[0] == answers[1]


def test_a_signature_is_verified_once(chain: Chain, verifications: list[bytes]) -> None:
    """CheckTx pays for it; the rechecks and the block do not."""
    data = admit(make_member(0))

    assert chain.check(data) == 0
    assert len(verifications) == 1
    for _ in range(3):
        assert chain.check(data, is_recheck=True) == 0
    chain.run(data)

    assert len(verifications) == 1
    assert chain.check(data, is_recheck=True) == RefusalCode.NONCE_USED


def test_a_forged_copy_of_a_checked_transaction_is_verified_itself(
    chain: Chain, verifications: list[bytes]
) -> None:
    """The memory knows whole transactions, not what they say."""
    data = admit(make_member(0))
    forged = data[:-1] + bytes([data[-1] ^ 1])
    assert chain.check(data) == 0

    assert chain.check(forged) == RefusalCode.SIGNATURE_INVALID
    response = chain.run(forged, data)

    assert [result.code for result in response.tx_results] == [RefusalCode.SIGNATURE_INVALID, 0]
    assert len(verifications) == 3


def test_the_memory_of_verified_transactions_is_bounded(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, verifications: list[bytes]
) -> None:
    """The oldest is forgotten and verified again, with the same result."""
    monkeypatch.setattr(signatures, "VERIFIED_TRANSACTIONS_MAX", 2)
    waiting = [admit(make_member(number), nonce=number + 1) for number in range(3)]
    for data in waiting:
        assert chain.check(data) == 0

    response = chain.run(*waiting)

    assert [result.code for result in response.tx_results] == [0, 0, 0]
    assert len(verifications) == 4


def test_a_refusal_says_its_reason_and_name(chain: Chain) -> None:
    """A person reads it in the wallet: an office is not a member, a stranger no account."""
    proposal_id = chain.open_voting(1)
    ballot = cast(0, proposal_id)
    office = sign(ROOT, MOTION)
    cases = [
        (cast(7, proposal_id), RefusalCode.ACCOUNT_UNKNOWN),
        (office, RefusalCode.NOT_A_MEMBER),
        (b"junk", RefusalCode.MALFORMED),
    ]

    for data, code in cases:
        answer = chain.application.check_tx(abci.RequestCheckTx(tx=data))
        assert (answer.code, answer.codespace) == (code, code.name)
        assert answer.log.startswith(code.reason)
    taken = chain.application.check_tx(abci.RequestCheckTx(tx=ballot))
    assert (taken.code, taken.log, taken.codespace) == (0, "", "")


def test_a_ballot_that_came_too_late_while_waiting_is_refused_in_its_block(chain: Chain) -> None:
    """Rechecks do not run the rules; the block does."""
    proposal_id = chain.open_voting(1)
    ballot = cast(0, proposal_id)
    assert chain.check(ballot) == 0
    chain.run(after_ms=VOTING_MS)

    assert chain.check(ballot, is_recheck=True) == 0
    assert chain.check(ballot) == RefusalCode.VOTING_CLOSED
    assert chain.run(ballot).tx_results[0].code == RefusalCode.VOTING_CLOSED


def test_checking_changes_nothing(chain: Chain) -> None:
    """Neither the committed state, nor the next check, nor the next block."""
    data = admit(make_member(0))
    expected = chain.finalize(data).SerializeToString()

    assert [chain.check(data) for _ in range(3)] == [0, 0, 0]

    assert chain.application.finalize_block(chain.blocks[-1]).SerializeToString() == expected


@given(
    order=st.lists(st.integers(0, 11), max_size=20),
    room=st.integers(0, 4_000),
)
def test_what_we_prepare_is_accepted_and_fits(idle: Chain, order: list[int], room: int) -> None:
    """Counted as the engine counts: with each transaction's tag and length."""
    pool = [admit(make_member(number), nonce=number + 1) for number in range(8)]
    pool += [b"", b"junk", pool[0][:-1], bytes(3_000)]
    request = abci.RequestPrepareProposal(txs=[pool[i] for i in order], max_tx_bytes=room)

    prepared = idle.application.prepare_proposal(request)
    verdict = idle.application.process_proposal(abci.RequestProcessProposal(txs=prepared.txs))

    assert verdict.status == ACCEPT
    assert prepared.ByteSize() <= room
    good = list(dict.fromkeys(pool[i] for i in order if i < 8))
    assert list(prepared.txs) == good[: len(prepared.txs)]
    if sum(len(data) + 4 for data in good) <= room:
        assert list(prepared.txs) == good


def test_a_full_block_is_prepared_and_accepted(idle: Chain) -> None:
    """The engine hands over as much as a block takes."""
    batch = [make_member(number) for number in range(64)]
    size, room = len(admit(*batch, nonce=100)), 100_000
    waiting = [admit(*batch, nonce=nonce) for nonce in range(100, 100 + room // size + 5)]
    request = abci.RequestPrepareProposal(txs=waiting, max_tx_bytes=room)

    prepared = idle.application.prepare_proposal(request)
    verdict = idle.application.process_proposal(abci.RequestProcessProposal(txs=prepared.txs))

    assert room - size - 8 < prepared.ByteSize() <= room
    assert verdict.status == ACCEPT


def test_a_blocks_gas_is_limited(idle: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """What we propose stays within it, and what goes beyond is refused."""
    waiting = [admit(make_member(number), nonce=number + 1) for number in range(4)]
    gas = compute_gas(decode_transaction(waiting[0]))
    monkeypatch.setattr(mempool, "BLOCK_GAS_MAX", 3 * gas + 1)
    request = abci.RequestPrepareProposal(txs=waiting, max_tx_bytes=BLOCK_BYTES_MAX)
    process = idle.application.process_proposal

    prepared = idle.application.prepare_proposal(request)

    assert list(prepared.txs) == waiting[:3]
    assert process(abci.RequestProcessProposal(txs=waiting[:3])).status == ACCEPT
    assert process(abci.RequestProcessProposal(txs=waiting)).status == REJECT


def test_a_block_that_others_propose_is_judged_by_its_bytes_alone(chain: Chain) -> None:
    """What state says may differ for a moment; it refuses the transaction, not the block."""
    stranger, other = cast(9, bytes(32)), cast(8, bytes(32))
    forged = other[:-1] + bytes([other[-1] ^ 1])
    process = chain.application.process_proposal

    assert process(abci.RequestProcessProposal()).status == ACCEPT
    assert process(abci.RequestProcessProposal(txs=[stranger, other])).status == ACCEPT
    for wrong in ([stranger, stranger], [stranger, other + b"\x00"], [stranger, forged]):
        assert process(abci.RequestProcessProposal(txs=wrong)).status == REJECT


def test_before_the_chain_begins_nothing_is_taken(tmp_path: Path) -> None:
    """The engine may check transactions early; a block it may not decide."""
    create_store(tmp_path / "ledger")
    store = Store.open(tmp_path / "ledger")
    application = Application(store, software_version="1.2.3")

    info = application.info(abci.RequestInfo())
    checked = application.check_tx(abci.RequestCheckTx(tx=admit(make_member(0))))

    assert (info.last_block_height, info.last_block_app_hash) == (0, b"")
    assert (info.version, info.app_version) == ("1.2.3", 1)
    assert checked.code == RefusalCode.WRONG_CHAIN
    with pytest.raises(InvariantError):
        application.finalize_block(render_block(1))
    store.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"initial_height": 2},
        {"app_state_bytes": b""},
        {"app_state_bytes": b"{}"},
        {"app_state_bytes": b"[" * 5_000},
        {"app_state_bytes": b"\xff"},
    ],
)
def test_a_genesis_that_others_may_read_otherwise_begins_nothing(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    """Ending is better than a chain of one's own."""
    create_store(tmp_path / "ledger")
    store = Store.open(tmp_path / "ledger")

    with pytest.raises(InvariantError):
        Application(store, software_version="0").init_chain(render_init_chain(**changes))
    store.close()


def test_beginning_again_forgets_the_block_that_was_decided(chain: Chain) -> None:
    """Else a Commit out of turn would write a block of the chain that was given up."""
    chain.finalize(admit(make_member(0)))
    chain.application.init_chain(render_init_chain())

    with pytest.raises(InvariantError):
        chain.application.commit(abci.RequestCommit())


@pytest.mark.parametrize("height", [-1, 0, 1, 3])
def test_blocks_come_one_after_the_other(chain: Chain, height: int) -> None:
    """A gap or a repetition means that engine and state belong to different chains."""
    chain.run()

    with pytest.raises(InvariantError):
        chain.application.finalize_block(render_block(height))


def test_a_whole_vote_survives_a_crash_before_every_commit(tmp_path: Path) -> None:
    """Deadlines are state too: a restart neither misses nor repeats one."""
    calm, shaken = Chain.start(tmp_path / "calm"), Chain.start(tmp_path / "shaken")
    member = make_member(0)
    steps: list[tuple[list[bytes], int]] = [
        ([admit(member, make_member(1))], BLOCK_MS),
        ([sign(member, MOTION)], BLOCK_MS),
        ([], BLOCK_MS),
        ([], DISCUSSION_MS),
        ([], BLOCK_MS),
        ([], VOTING_MS),
        ([], BLOCK_MS),
    ]

    for transactions, after_ms in steps:
        expected = calm.run(*transactions, after_ms=after_ms)
        if shaken.height:
            shaken.finalize(*transactions, after_ms=after_ms)
            shaken.restart()
        answer = shaken.run(*transactions, after_ms=after_ms)
        assert answer.SerializeToString() == expected.SerializeToString()

    assert get_frontier(StateView(shaken.store), DECISIONS).size == 1
    assert list(calm.store.scan(b"")) == list(shaken.store.scan(b""))
    calm.store.close()
    shaken.store.close()
