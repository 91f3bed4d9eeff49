"""A block as a function: refusals roll back, order matters only where rules say so."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.events import BallotCast, MembersAdmitted, VotingOpened
from governance.proposal_records import Choice
from governance.refusals import RefusalCode
from governance.rules import RULES
from governance.state_keys import FEDERATION, Collection, is_derived, state_key
from governance.view import MemoryKeyValue, Savepoint, StateView
from ledger.envelope import decode_transaction
from ledger.signatures import SignatureChecker
from ledger.transition import BlockOutcome, execute_block, execute_transaction, recheck_transaction
from tests.ledger import plain_tree
from tests.ledger.scenario import (
    COOPERATIVE,
    DISCUSSION_MS,
    MOTION,
    VOTING_MS,
    Chain,
    admit,
    ballot_of,
    cast,
    make_block,
    make_inception,
    make_member,
    sign,
)

MEMBERS = 6
EARLIER = 1
"""A nonce that a motion used."""


@pytest.fixture(scope="module")
def voting(tmp_path_factory: pytest.TempPathFactory) -> tuple[MemoryKeyValue, bytes, int]:
    """State with an open vote, its proposal, and the time of the last block."""
    chain = Chain.start(tmp_path_factory.mktemp("voting") / "ledger")
    proposal_id = chain.open_voting(MEMBERS)
    state = MemoryKeyValue()
    for key, value in chain.store.scan(b""):
        state.put(key, value)
    chain.store.close()
    return state, proposal_id, chain.time_ms


def run(
    state: MemoryKeyValue,
    transactions: Sequence[bytes],
    *,
    time_ms: int,
) -> tuple[Savepoint, BlockOutcome]:
    overlay = Savepoint(state)
    block = make_block(20, time_ms=time_ms)
    outcome = execute_block(
        overlay, SignatureChecker().check(transactions), block=block, rules=RULES[0]
    )
    return overlay, outcome


def compute_root(state: MemoryKeyValue, overlay: Savepoint) -> bytes:
    items = [*state.scan(b""), *overlay.changes()]
    values = dict(item for item in items if not is_derived(item[0]))
    present = {key: value for key, value in values.items() if value is not None}
    return plain_tree.compute_root(plain_tree.hash_leaves(present))


def test_an_empty_block_changes_nothing(voting: tuple[MemoryKeyValue, bytes, int]) -> None:
    """Not a single key, though a vote is open: otherwise blocks would never end."""
    state, _, time_ms = voting

    overlay, outcome = run(state, [], time_ms=time_ms + 1)

    assert overlay.changes() == []
    assert outcome == BlockOutcome(transactions=(), events=())


def test_a_ballot_is_applied_with_its_event(voting: tuple[MemoryKeyValue, bytes, int]) -> None:
    """Code 0, no log, and the fact that a ballot was cast; never the choice."""
    state, proposal_id, time_ms = voting

    _, outcome = run(state, [cast(1, proposal_id)], time_ms=time_ms + 1)

    (applied,) = outcome.transactions
    assert (applied.code, applied.log) == (0, "")
    assert applied.events == (
        BallotCast(
            cooperative=COOPERATIVE,
            proposal=proposal_id,
            ballot=ballot_of(1, proposal_id),
            replaced=False,
        ),
    )


def test_a_refusal_rolls_back_all_but_nonce_and_quota(
    voting: tuple[MemoryKeyValue, bytes, int],
) -> None:
    """A batch with one known member admits nobody; the registrar's number and quota are spent."""
    state, _, time_ms = voting
    batch = admit(make_member(50), make_member(0), nonce=9)

    overlay, outcome = run(state, [batch, batch], time_ms=time_ms + 1)

    view = StateView(overlay)
    assert [tx.code for tx in outcome.transactions] == [
        RefusalCode.ACCOUNT_EXISTS,
        RefusalCode.NONCE_USED,
    ]
    assert outcome.transactions[0].log == RefusalCode.ACCOUNT_EXISTS.reason
    assert view.get_account(make_inception(make_member(50)).compute_id()) is None
    assert [key[32] for key, _ in overlay.changes()] == [Collection.ACCOUNT, Collection.QUOTA]
    assert outcome.transactions[0].gas > 0
    assert outcome.transactions[1].gas == 0


@pytest.mark.parametrize("data", [b"", b"junk", cast(1, bytes(32))[:-1]])
def test_what_cannot_be_authenticated_changes_nothing(
    voting: tuple[MemoryKeyValue, bytes, int], data: bytes
) -> None:
    """No account, no nonce: a stranger's bytes leave no trace in state."""
    state, _, time_ms = voting

    overlay, outcome = run(state, [data], time_ms=time_ms + 1)

    assert overlay.changes() == []
    assert outcome.transactions[0].code == RefusalCode.MALFORMED


def test_a_forged_ballot_changes_nothing(voting: tuple[MemoryKeyValue, bytes, int]) -> None:
    """Another key's signature under a member's name neither votes nor uses up nonces."""
    state, proposal_id, time_ms = voting
    forged = bytearray(cast(1, proposal_id))
    forged[-1] ^= 1

    overlay, outcome = run(state, [bytes(forged)], time_ms=time_ms + 1)

    assert overlay.changes() == []
    assert outcome.transactions[0].code == RefusalCode.SIGNATURE_INVALID


@given(seed=st.randoms(use_true_random=False))
def test_ballots_in_any_order_give_the_same_root(
    voting: tuple[MemoryKeyValue, bytes, int], seed: random.Random
) -> None:
    """Members vote independently: what the proposer puts first must not matter."""
    state, proposal_id, time_ms = voting
    ballots = [
        cast(number, proposal_id, Choice(number % 3), nonce=5) for number in range(MEMBERS)
    ] + [admit(make_member(60), nonce=7), b"junk"]
    reference, _ = run(state, ballots, time_ms=time_ms + 1)
    shuffled = list(ballots)
    seed.shuffle(shuffled)

    overlay, _ = run(state, shuffled, time_ms=time_ms + 1)

    assert overlay.changes() == reference.changes()
    assert compute_root(state, overlay) == compute_root(state, reference)


def test_a_members_later_ballot_in_a_block_counts(
    voting: tuple[MemoryKeyValue, bytes, int],
) -> None:
    """Within one member's transactions the order decides, as in the block."""
    state, proposal_id, time_ms = voting
    first = cast(1, proposal_id, Choice.YES, nonce=11)
    second = cast(1, proposal_id, Choice.NO, nonce=10)

    overlay, _ = run(state, [first, second], time_ms=time_ms + 1)

    ballot = StateView(overlay).get_ballot(
        COOPERATIVE, proposal_id=proposal_id, ballot_id=ballot_of(1, proposal_id)
    )
    assert ballot is not None
    assert ballot.choice is Choice.NO


def test_deadlines_come_before_the_transactions_of_their_block(
    voting: tuple[MemoryKeyValue, bytes, int],
) -> None:
    """A ballot in the block whose time reaches the close is too late, and says so."""
    state, proposal_id, time_ms = voting
    ballot = cast(1, proposal_id)

    _, before = run(state, [ballot], time_ms=time_ms + VOTING_MS - 1)
    _, at_close = run(state, [ballot], time_ms=time_ms + VOTING_MS)

    assert before.transactions[0].code == 0
    assert before.events == ()
    assert at_close.transactions[0].code == RefusalCode.VOTING_CLOSED
    assert [type(event).__name__ for event in at_close.events] == ["ProposalClosed"]


def test_members_admitted_in_the_opening_block_do_not_vote(tmp_path: Path) -> None:
    """The electorate is fixed before the transactions of the block that opens voting."""
    chain = Chain.start(tmp_path / "ledger")
    chain.run(admit(make_member(0)))
    chain.run(sign(make_member(0), MOTION))
    chain.run()
    chain.run(after_ms=DISCUSSION_MS)
    state = MemoryKeyValue()
    for key, value in chain.store.scan(b""):
        state.put(key, value)

    overlay, outcome = run(state, [admit(make_member(1), nonce=2)], time_ms=chain.time_ms + 1)

    (opened,) = outcome.events
    assert isinstance(opened, VotingOpened)
    assert opened.electorate_count == 1
    assert isinstance(outcome.transactions[0].events[0], MembersAdmitted)
    late = execute_transaction(
        overlay,
        decode_transaction(cast(1, opened.proposal)),
        block=make_block(21, time_ms=chain.time_ms + 2),
        rules=RULES[0],
        time_scale=1,
    )
    assert late.code == RefusalCode.NOT_IN_ELECTORATE


def test_the_same_block_gives_the_same_outcome(
    voting: tuple[MemoryKeyValue, bytes, int],
) -> None:
    """Bit for bit: changes, codes, logs and events."""
    state, proposal_id, time_ms = voting
    block = [cast(number, proposal_id) for number in range(MEMBERS)]

    first, first_outcome = run(state, block, time_ms=time_ms + VOTING_MS - 1)
    second, second_outcome = run(state, block, time_ms=time_ms + VOTING_MS - 1)

    assert first.changes() == second.changes()
    assert first_outcome == second_outcome


def test_a_recheck_looks_at_time_and_nonce_and_at_no_signature(
    voting: tuple[MemoryKeyValue, bytes, int],
) -> None:
    """It changes nothing and costs no cryptography."""
    state, proposal_id, time_ms = voting
    overlay = Savepoint(state)
    forged = bytearray(cast(0, proposal_id))
    forged[-1] ^= 1
    block = make_block(20, time_ms=time_ms)
    expired = make_block(20, time_ms=time_ms + 3_600_000)

    assert recheck_transaction(overlay, decode_transaction(bytes(forged)), block=block).code == 0
    assert overlay.changes() == []
    for data, at, code in (
        (cast(0, proposal_id, nonce=EARLIER), block, RefusalCode.NONCE_USED),
        (cast(0, proposal_id), expired, RefusalCode.EXPIRED),
    ):
        outcome = recheck_transaction(overlay, decode_transaction(data), block=at)
        assert (outcome.code, outcome.log) == (code, code.reason)


def test_blocks_leave_what_belongs_to_the_federation_alone(
    voting: tuple[MemoryKeyValue, bytes, int],
) -> None:
    """Ballots write into their cooperative's namespace only."""
    state, proposal_id, time_ms = voting

    overlay, _ = run(state, [cast(1, proposal_id)], time_ms=time_ms + 1)

    assert {key[:32] for key, _ in overlay.changes()} == {COOPERATIVE}
    assert state_key(FEDERATION, Collection.PARAMETERS, b"") not in dict(overlay.changes())
