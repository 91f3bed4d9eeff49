"""What anybody may ask of the committed state, and what nobody can break by asking."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tendermint.abci import types_pb2 as abci

from config.limits import LIST_PAGE_ENTRIES_MAX, STATE_KEY_BYTES_MAX, STATE_VIEW_HEIGHTS
from did.codec import Value, decode, encode
from governance.logs import (
    COOPERATIVES,
    DECISIONS,
    MOTIONS,
    Log,
    LogName,
    frontier_key,
    get_frontier,
)
from governance.merkle_log import Frontier, is_included, is_range_included
from governance.proposal_records import Choice
from governance.state_keys import DERIVED_FROM, FEDERATION, Collection, state_key
from governance.view import StateView
from ledger.application import Application
from ledger.queries import COUNTED_PATH, DECISIONS_PATH, LOG_PATH, QUERY_PATHS, STATE_PATH
from ledger.store import Store, create_store
from tests.ledger.scenario import (
    COOPERATIVE,
    MOTION,
    VOTING_MS,
    Chain,
    admit,
    ballot_of,
    cast,
    check_answer,
    make_inception,
    make_member,
    render_init_chain,
    sign,
)

PARAMETERS = state_key(FEDERATION, Collection.PARAMETERS, b"")
ANSWER_BYTES_MAX = 65_536
VOTERS = 5


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    begun = Chain.start(tmp_path / "ledger")
    yield begun
    begun.store.close()


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Chain, list[bytes]]]:
    """A chain on which three votes have closed, and their proposals."""
    chain = Chain.start(tmp_path_factory.mktemp("closed") / "ledger")
    proposals = [chain.open_voting(VOTERS)]
    chain.run(*(cast(number, proposals[0], Choice(number % 3)) for number in range(VOTERS)))
    chain.run(after_ms=VOTING_MS)
    for nonce in (11, 12):
        chain.run(sign(make_member(0), MOTION, nonce=nonce))
        for _ in range(4):
            chain.run(after_ms=20_000)
    yield chain, proposals
    chain.store.close()


def ask(chain: Chain, path: str, data: bytes, **options: object) -> abci.ResponseQuery:
    return chain.application.query(abci.RequestQuery(path=path, data=data, **options))  # type: ignore[arg-type]


def read(answer: abci.ResponseQuery) -> list[Value]:
    assert answer.code == 0, answer.log
    value = decode(answer.value, bytes_max=ANSWER_BYTES_MAX)
    assert isinstance(value, list)
    return value


def ask_page(
    chain: Chain, log: Log, *, first: int, count: int, height: int = 0
) -> abci.ResponseQuery:
    question = encode([log.namespace, log.id, first, count])
    return ask(chain, LOG_PATH, question, height=height, prove=True)


def check_page(answer: abci.ResponseQuery, log: Log, *, first: int, app_hash: bytes) -> int:
    """Check a page down from the app hash; the size of the whole list."""
    record, entries, path = read(answer)
    assert isinstance(entries, list)
    assert isinstance(path, list)
    of_record = abci.ResponseQuery(value=record or b"", proof_ops=answer.proof_ops)  # type: ignore[arg-type]
    if check_answer(of_record, frontier_key(log), app_hash=app_hash) is None:
        assert (record, entries, path) == (None, [], [])
        return 0
    frontier = Frontier.decode(record)  # type: ignore[arg-type]
    assert is_range_included(
        leaves=tuple(entries),  # type: ignore[arg-type]
        start=first,
        size=frontier.size,
        path=tuple(path),  # type: ignore[arg-type]
        root=frontier.compute_root(),
    )
    return frontier.size


def test_before_the_first_block_there_is_nothing_to_ask(chain: Chain) -> None:
    """Its state could still be begun anew."""
    answer = ask(chain, STATE_PATH, PARAMETERS)

    assert answer.code
    assert "no block yet" in answer.log


def test_a_plain_question_gets_the_bare_value(chain: Chain) -> None:
    """Or nothing, where there is none."""
    chain.run()

    assert ask(chain, STATE_PATH, PARAMETERS).value == chain.store.get(PARAMETERS)
    assert ask(chain, STATE_PATH, b"nothing").value == b""
    assert ask(chain, STATE_PATH, b"").value == b""


def test_state_that_genesis_wrote_is_proved_against_the_first_header(tmp_path: Path) -> None:
    """An empty block 1 changes nothing: header 1 already carries this app hash."""
    create_store(tmp_path / "ledger")
    store = Store.open(tmp_path / "ledger")
    application = Application(store, software_version="0")
    begun = application.init_chain(render_init_chain())
    chain = Chain(tmp_path / "ledger", application, store)
    for _ in range(3):
        chain.run()

    answer = ask(chain, STATE_PATH, PARAMETERS, prove=True)

    assert answer.height == 0
    assert check_answer(answer, PARAMETERS, app_hash=begun.app_hash) == store.get(PARAMETERS)
    store.close()


def test_an_answers_height_follows_the_last_change_also_after_a_restart(chain: Chain) -> None:
    """The header after that height exists, however long nothing has happened since."""
    for number in range(3):
        changed = chain.run(admit(make_member(number), nonce=number + 1))
        changed_at = chain.height
        for _ in range(4):
            assert chain.run().app_hash == changed.app_hash
        for _ in range(2):
            answer = ask(chain, STATE_PATH, b"absent", prove=True)
            assert answer.height == changed_at
            assert check_answer(answer, b"absent", app_hash=changed.app_hash) is None
            chain.restart()


def test_the_last_states_can_be_asked_each_with_its_own_proof(chain: Chain) -> None:
    """A header is not there until the next block: meanwhile the state before it is provable."""
    app_hashes = {0: chain.run().app_hash}
    members = [make_member(number) for number in range(8)]
    for number, member in enumerate(members):
        changed = chain.run(admit(member, nonce=number + 1))
        app_hashes[chain.height] = changed.app_hash
        chain.run()
    homes = [
        state_key(FEDERATION, Collection.ACCOUNT_HOME, make_inception(member).compute_id())
        for member in members
    ]
    oldest = chain.height - 2 * STATE_VIEW_HEIGHTS - 1

    for height in range(chain.height + 1):
        answers = [ask(chain, STATE_PATH, home, height=height, prove=True) for home in homes]
        if 0 < height < oldest:
            assert {answer.code for answer in answers} == {1}
            assert "rochdale ledger rollback" in answers[0].log
            continue
        asked = height or chain.height
        for number, (home, answer) in enumerate(zip(homes, answers, strict=True)):
            assert answer.height <= asked < answer.height + 2
            value = check_answer(answer, home, app_hash=app_hashes[answer.height])
            assert (value is not None) is (2 * number + 2 <= asked)
    assert ask(chain, STATE_PATH, homes[0], height=chain.height + 1).code
    chain.restart()
    assert ask(chain, STATE_PATH, homes[0], height=chain.height, prove=True).code == 0
    assert ask(chain, STATE_PATH, homes[0], height=chain.height - 2).code


def test_a_list_is_answered_as_it_was(closed: tuple[Chain, list[bytes]]) -> None:
    """Decisions at an earlier height, not those of today."""
    chain, _ = closed
    sizes = []
    for height in range(chain.height + 1):
        answer = ask(chain, DECISIONS_PATH, encode([0, 0]), height=height)
        if not answer.code:
            sizes.append(read(answer)[1])

    assert sizes[0] == 3  # height 0 asks for the last
    assert sizes[1:] == sorted(sizes[1:])  # type: ignore[type-var]
    assert sizes[1] == 2


def test_a_ballot_is_answered_as_soon_as_it_is_committed_and_not_before(chain: Chain) -> None:
    """A finalized block may still be decided again."""
    proposal_id = chain.open_voting(1)
    key = state_key(COOPERATIVE, Collection.BALLOT, proposal_id + ballot_of(0, proposal_id))
    response = chain.finalize(cast(0, proposal_id))
    assert ask(chain, STATE_PATH, key).value == b""
    chain.application.commit(abci.RequestCommit())

    answer = ask(chain, STATE_PATH, key, prove=True)

    assert check_answer(answer, key, app_hash=response.app_hash) is not None


def test_every_page_of_every_list_is_proved_down_from_the_app_hash(
    closed: tuple[Chain, list[bytes]],
) -> None:
    """Its record by the state's proof, its entries by the path to the root that this names."""
    chain, (proposal_id, *_) = closed
    app_hash = chain.store.record.app_hash
    sizes = {
        DECISIONS: 3,
        COOPERATIVES: 1,
        MOTIONS: 0,
        Log(LogName.ROLL, namespace=COOPERATIVE): VOTERS,
        Log(LogName.PROPOSALS, namespace=COOPERATIVE): 3,
        Log(LogName.BALLOTS, namespace=COOPERATIVE, subject=proposal_id): VOTERS,
    }

    for log, size in sizes.items():
        for first in range(max(size, 1)):
            for count in (1, 2, LIST_PAGE_ENTRIES_MAX):
                answer = ask_page(chain, log, first=first, count=count)
                assert check_page(answer, log, first=first, app_hash=app_hash) == size
                assert len(read(answer)[1]) == min(count, size - first)  # type: ignore[arg-type]


def test_a_page_is_answered_as_it_was_at_an_earlier_height(chain: Chain) -> None:
    """Record, entries and proof are of one state: no page is made of two."""
    roll = Log(LogName.ROLL, namespace=COOPERATIVE)
    app_hashes = {1: chain.run().app_hash}
    for number in range(8):
        changed = chain.run(admit(make_member(number), nonce=number + 1))
        app_hashes[chain.height] = changed.app_hash

    for height in range(chain.height - STATE_VIEW_HEIGHTS + 1, chain.height + 1):
        answer = ask_page(chain, roll, first=0, count=9, height=height)
        app_hash = app_hashes[answer.height]
        assert check_page(answer, roll, first=0, app_hash=app_hash) == answer.height - 1


@pytest.mark.parametrize(
    "question",
    [
        [FEDERATION, DECISIONS.id, -1, 1],
        [FEDERATION, DECISIONS.id, 0, 0],
        [FEDERATION, DECISIONS.id, 0, LIST_PAGE_ENTRIES_MAX + 1],
        [FEDERATION, DECISIONS.id, 3, 1],
        [FEDERATION, DECISIONS.id, 1 << 62, 1],
        [FEDERATION, DECISIONS.id, 0],
        [FEDERATION, DECISIONS.id + b"x", 0, 1],
        [FEDERATION, b"", 0, 1],
        [FEDERATION, b"\x63", 0, 1],
        [FEDERATION, bytes([LogName.ROLL]), 0, 1],
        [COOPERATIVE, DECISIONS.id, 0, 1],
        [COOPERATIVE, bytes([LogName.BALLOTS]), 0, 1],
        [COOPERATIVE[:31], COOPERATIVE[31:], 0, 1],
        [b"", DECISIONS.id, 0, 1],
        None,
    ],
)
def test_a_page_that_no_list_has_is_refused(
    closed: tuple[Chain, list[bytes]], question: Value
) -> None:
    """Beyond its end, too many entries, or no list that there can be."""
    answer = ask(closed[0], LOG_PATH, encode(question), prove=True)

    assert answer.code
    assert answer.value == b""


def test_every_decision_has_a_path_at_every_size(closed: tuple[Chain, list[bytes]]) -> None:
    """Against the log's root at that size, the newest of which the app hash covers."""
    chain, _ = closed
    log = get_frontier(StateView(chain.store), DECISIONS)
    assert log.size == 3

    for size in range(1, log.size + 1):
        for index in range(size):
            leaf, told, root, path = read(ask(chain, DECISIONS_PATH, encode([size, index])))
            assert told == size
            assert is_included(leaf=leaf, index=index, size=size, path=path, root=root)  # type: ignore[arg-type]
            assert (root == log.compute_root()) is (size == log.size)
    assert read(ask(chain, DECISIONS_PATH, encode([0, 1])))[1] == log.size


def test_every_counted_ballot_has_a_path(closed: tuple[Chain, list[bytes]]) -> None:
    """Against the ballots' root of the decision, and for no other choice."""
    chain, (proposal_id, *_) = closed
    decision = StateView(chain.store).get_decision(COOPERATIVE, proposal_id)
    assert decision is not None

    for number in range(VOTERS):
        ballot_id = ballot_of(number, proposal_id)
        question = encode([COOPERATIVE, proposal_id, ballot_id])
        choice, index, size, path = read(ask(chain, COUNTED_PATH, question))
        assert (choice, size) == (number % 3, VOTERS)
        for claimed in Choice:
            assert is_included(
                leaf=encode([ballot_id, int(claimed)]),
                index=index,  # type: ignore[arg-type]
                size=VOTERS,
                path=path,  # type: ignore[arg-type]
                root=decision.ballots_root,
            ) is (claimed == choice)


@pytest.mark.parametrize(
    "question",
    [
        [0, 3],
        [4, 0],
        [3, 3],
        [2, 2],
        [-1, 0],
        [0, -1],
        [1 << 62, 0],
        [0, 0, 0],
        [b"", 0],
        None,
    ],
)
def test_an_entry_that_the_log_has_not_is_refused(
    closed: tuple[Chain, list[bytes]], question: Value
) -> None:
    """Beyond its end, beyond the asked size, or not an entry at all."""
    answer = ask(closed[0], DECISIONS_PATH, encode(question))

    assert answer.code
    assert answer.value == b""


def test_no_ids_of_other_lengths_reach_a_record_of_another_kind(
    closed: tuple[Chain, list[bytes]],
) -> None:
    """A key cut elsewhere would read an account as a decision, which looks like corrupt state."""
    chain, _ = closed
    cuts: list[list[Value]] = [
        [key[:place], key[place + 1 :], b""]
        for key, _ in chain.store.scan(b"")
        for place, byte in enumerate(key)
        if byte == Collection.DECISION and place != 32
    ]
    assert cuts
    account = state_key(
        COOPERATIVE, Collection.ACCOUNT, make_inception(make_member(0)).compute_id()
    )
    cuts += [[b"", account, bytes(32)], [COOPERATIVE, b"", bytes(32)], [account[:33], b"", b""]]

    for question in cuts:
        assert ask(chain, COUNTED_PATH, encode(question)).code


@given(
    path=st.sampled_from([*QUERY_PATHS, "/state/", "", "/scan"]),
    data=st.binary(max_size=80),
    height=st.integers(-(1 << 63), (1 << 63) - 1),
    prove=st.booleans(),
)
def test_any_question_is_answered_or_refused(
    closed: tuple[Chain, list[bytes]], *, path: str, data: bytes, height: int, prove: bool
) -> None:
    """Whatever else it raised would end the node."""
    answer = ask(closed[0], path, data, height=height, prove=prove)

    assert answer.code or answer.height <= (height or closed[0].height)


def test_a_question_has_a_limit(chain: Chain) -> None:
    """Its bytes are hashed and looked up for strangers."""
    chain.run()

    assert ask(chain, STATE_PATH, bytes(1_024)).code == 0
    assert ask(chain, STATE_PATH, bytes(1_025)).code
    assert ask(chain, STATE_PATH, bytes(STATE_KEY_BYTES_MAX), prove=True).code == 0
    for key in (bytes(STATE_KEY_BYTES_MAX + 1), b""):
        assert "bytes" in ask(chain, STATE_PATH, key, prove=True).log


def test_what_is_outside_the_tree_is_not_proved_by_it(chain: Chain) -> None:
    """A proof of its absence would be true, and mislead."""
    chain.run()
    derived = PARAMETERS[:32] + DERIVED_FROM

    assert ask(chain, STATE_PATH, derived).code == 0
    assert "outside the tree" in ask(chain, STATE_PATH, derived, prove=True).log
