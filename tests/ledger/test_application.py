"""The application as the engine drives it: begin, check, decide, commit, crash, go on."""

from pathlib import Path

import pytest
from tendermint.abci import types_pb2 as abci

from config.errors import InvariantError, MisconfiguredError, UnavailableError
from did.codec import decode, encode
from governance.proposal_records import Choice
from governance.refusals import RefusalCode
from governance.state_keys import Collection, state_key
from ledger.application import Application
from ledger.queries import COUNTED_PATH, DECISIONS_PATH, STATE_PATH
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
    make_member,
    render_init_chain,
    sign,
)


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain.start(tmp_path / "ledger")


def test_the_chain_may_be_begun_twice_before_its_first_block(chain: Chain) -> None:
    """After a crash before block 1 the engine asks again."""
    again = chain.application.init_chain(render_init_chain())

    assert again.app_hash == chain.application.init_chain(render_init_chain()).app_hash
    assert chain.application.info(abci.RequestInfo()).last_block_height == 0
    chain.run()
    with pytest.raises(InvariantError):
        chain.application.init_chain(render_init_chain())


def test_a_genesis_that_breaks_the_charter_starts_nothing(tmp_path: Path) -> None:
    """A real chain may not scale its windows."""
    create_store(tmp_path / "ledger")
    application = Application(Store.open(tmp_path / "ledger"), software_version="0")

    with pytest.raises(InvariantError):
        application.init_chain(render_init_chain(chain_id="real-1"))


def test_an_empty_block_changes_nothing(chain: Chain) -> None:
    """Otherwise each block would cause the next for ever."""
    first = chain.run()
    second = chain.run()

    assert first.app_hash == second.app_hash == chain.store.record.app_hash


def test_a_block_decided_again_after_a_crash_gives_the_same_bytes(chain: Chain) -> None:
    """FinalizeBlock keeps nothing until Commit."""
    chain.run()
    before = chain.finalize(admit(make_member(0)), b"junk").SerializeToString()
    chain.restart()

    assert chain.application.info(abci.RequestInfo()).last_block_height == 1
    again = chain.application.finalize_block(chain.blocks[-1])
    assert again.SerializeToString() == before


def test_a_commit_survives_and_its_block_is_not_decided_twice(chain: Chain) -> None:
    """One synced batch holds values, root and height."""
    response = chain.run(admit(make_member(0)))
    chain.restart()
    info = chain.application.info(abci.RequestInfo())

    assert (info.last_block_height, info.last_block_app_hash) == (1, response.app_hash)
    with pytest.raises(InvariantError):
        chain.application.finalize_block(chain.blocks[-1])
    with pytest.raises(InvariantError):
        chain.application.commit(abci.RequestCommit())


def test_a_refused_transaction_keeps_its_nonce_used(chain: Chain) -> None:
    """Its changes are rolled back, its number is spent."""
    refused = sign(make_member(0), MOTION, nonce=3, account=COOPERATIVE)
    chain.run(admit(make_member(0)))
    first = chain.run(cast(0, bytes(32), nonce=5))
    second = chain.run(cast(0, bytes(32), nonce=5))

    assert first.tx_results[0].code == RefusalCode.PROPOSAL_UNKNOWN
    assert second.tx_results[0].code == RefusalCode.NONCE_USED
    assert chain.check(refused) == RefusalCode.KEY_UNKNOWN


def test_a_non_members_ballot_is_refused_before_it_waits_for_a_block(chain: Chain) -> None:
    """CheckTx runs the rules on a state that it throws away."""
    proposal_id = chain.open_voting(2)
    root = chain.store.record.state_root

    assert chain.check(cast(7, proposal_id)) == RefusalCode.ACCOUNT_UNKNOWN
    assert chain.check(cast(1, proposal_id)) == 0
    assert chain.check(cast(1, proposal_id), is_recheck=True) == 0
    assert chain.store.record.state_root == root


def test_proposals_that_we_prepare_are_accepted(chain: Chain) -> None:
    """What does not decode or fit is left out."""
    good = admit(make_member(0))
    request = abci.RequestPrepareProposal(txs=[b"junk", good, good], max_tx_bytes=len(good) + 5)
    prepared = chain.application.prepare_proposal(request)
    process = chain.application.process_proposal

    assert list(prepared.txs) == [good]
    accepted = process(abci.RequestProcessProposal(txs=prepared.txs)).status
    assert accepted == abci.ResponseProcessProposal.ACCEPT
    rejected = process(abci.RequestProcessProposal(txs=[b"junk"])).status
    assert rejected == abci.ResponseProcessProposal.REJECT


def test_a_state_query_is_proved_against_the_header_that_exists(chain: Chain) -> None:
    """On an idle chain the answer names the first height of the same state."""
    proposal_id = chain.open_voting(1)
    response = chain.run(cast(0, proposal_id))
    changed_at = chain.height
    for _ in range(2):
        assert chain.run().app_hash == response.app_hash
    key = state_key(COOPERATIVE, Collection.BALLOT, proposal_id + ballot_of(0, proposal_id))
    answer = chain.application.query(abci.RequestQuery(path=STATE_PATH, data=key, prove=True))

    assert answer.height == changed_at
    assert check_answer(answer, key, app_hash=response.app_hash)


def test_decisions_and_counted_ballots_are_answered_with_their_paths(chain: Chain) -> None:
    """After the close; before it there is nothing to show."""
    proposal_id = chain.open_voting(2)
    chain.run(cast(0, proposal_id, Choice.YES), cast(1, proposal_id, Choice.NO))
    counted = abci.RequestQuery(
        path=COUNTED_PATH, data=encode([COOPERATIVE, proposal_id, ballot_of(1, proposal_id)])
    )
    assert chain.application.query(counted).code
    chain.run(after_ms=VOTING_MS)

    assert decode(chain.application.query(counted).value, bytes_max=4_096)[0] == Choice.NO  # type: ignore[index]
    leaf = chain.application.query(abci.RequestQuery(path=DECISIONS_PATH, data=encode([0, 0])))
    assert decode(leaf.value, bytes_max=4_096)[1] == 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/nothing", b""),
        (STATE_PATH, bytes(2_000)),
        (DECISIONS_PATH, b"\xff"),
        (DECISIONS_PATH, encode([0, 5])),
        (DECISIONS_PATH, encode([0])),
        (COUNTED_PATH, encode([b"", b""])),
    ],
)
def test_a_malformed_query_is_refused(chain: Chain, path: str, data: bytes) -> None:
    """Queries come from anybody who reaches the node's API."""
    chain.run()
    assert chain.application.query(abci.RequestQuery(path=path, data=data)).code


def test_what_is_not_offered_is_answered_honestly(chain: Chain) -> None:
    """Snapshots and vote extensions: the engine gets an answer to each of its methods."""
    application = chain.application
    assert application.echo(abci.RequestEcho(message="x")).message == "x"
    assert application.flush(abci.RequestFlush()) == abci.ResponseFlush()
    assert not application.list_snapshots(abci.RequestListSnapshots()).snapshots
    assert not application.load_snapshot_chunk(abci.RequestLoadSnapshotChunk()).chunk
    assert not application.extend_vote(abci.RequestExtendVote()).vote_extension
    verify = application.verify_vote_extension
    accept = abci.ResponseVerifyVoteExtension.ACCEPT
    assert verify(abci.RequestVerifyVoteExtension()).status == accept
    assert verify(abci.RequestVerifyVoteExtension(vote_extension=b"x")).status != accept
    offered = application.offer_snapshot(abci.RequestOfferSnapshot()).result
    assert offered == abci.ResponseOfferSnapshot.ABORT
    applied = application.apply_snapshot_chunk(abci.RequestApplySnapshotChunk()).result
    assert applied == abci.ResponseApplySnapshotChunk.ABORT


def test_a_store_is_made_once_and_opened_once(tmp_path: Path) -> None:
    """A wrong path must not quietly begin an empty ledger; two processes must not share one."""
    with pytest.raises(MisconfiguredError):
        Store.open(tmp_path / "ledger")
    create_store(tmp_path / "ledger")
    with pytest.raises(MisconfiguredError):
        create_store(tmp_path / "ledger")
    first = Store.open(tmp_path / "ledger")
    with pytest.raises(UnavailableError):
        Store.open(tmp_path / "ledger")
    first.close()


def test_state_that_was_changed_behind_the_ledger_is_noticed_at_start(chain: Chain) -> None:
    """The rebuilt root must be the one that the last commit recorded."""
    chain.run(admit(make_member(0)))
    [page, *_] = chain.store.database.iterator(prefix=b"p", include_value=False)
    chain.store.database.delete(page)
    chain.store.close()

    with pytest.raises(InvariantError):
        Store.open(chain.path)
