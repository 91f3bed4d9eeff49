"""The transactions of a burst."""

import pytest

from config.errors import InvariantError
from governance.transactions import (
    AdmitMembers,
    CastBallot,
    SubmitProposal,
    compute_proposal_id,
)
from ledger.envelope import decode_transaction
from ledger.genesis import check_genesis
from testnet.bench.electorate import (
    TX_BYTES,
    make_electorate,
    make_pairs,
    render_genesis,
)

NOW_MS = 1_700_000_000_000


def test_every_ballot_is_different_and_as_long_as_its_peer() -> None:
    """Also when every member votes on many motions."""
    electorate = make_electorate(64, motions_count=64, now_ms=NOW_MS)
    ballots = electorate.sign_ballots(electorate.ballots_max)
    pairs = make_pairs(len(ballots))

    assert len(set(ballots)) == len(ballots) == 64 * 64
    assert {len(item) for item in ballots} == {TX_BYTES}
    assert len(set(pairs)) == len(pairs)
    assert {len(item) for item in pairs} == {TX_BYTES}


def test_a_ballot_is_its_members_first_on_a_motion_of_their_cooperative() -> None:
    """Members are dealt to the cooperatives in turn, and none sends most."""
    electorate = make_electorate(4, cooperatives_count=2, motions_count=2, now_ms=NOW_MS)
    votes = []
    for ballot in electorate.sign_ballots(8):
        tx = decode_transaction(ballot)
        assert isinstance(tx.payload, CastBallot)
        votes.append((tx.account, tx.payload.cooperative, tx.payload.proposal_id))
    motions = []
    for motion in electorate.sign_motions():
        tx = decode_transaction(motion)
        assert isinstance(tx.payload, SubmitProposal)
        proposal_id = compute_proposal_id(account=tx.account, nonce=tx.nonce, payload=tx.payload)
        motions.append((tx.payload.cooperative, proposal_id))

    assert len(set(votes)) == 8
    assert {vote[1:] for vote in votes} == set(motions)
    assert len(set(motions)) == 4
    assert [cooperative for _, cooperative, _ in votes] == [
        electorate.get_cooperative(index) for index in (0, 1)
    ] * 4


def test_there_are_no_more_ballots_than_votes() -> None:
    """A plan that asks for more is a defect."""
    electorate = make_electorate(2, motions_count=2, now_ms=NOW_MS)

    with pytest.raises(InvariantError, match="more than 4"):
        electorate.sign_ballots(3, first=2)
    with pytest.raises(InvariantError, match="cannot make"):
        make_electorate(2, motions_count=3, now_ms=NOW_MS)


def test_everybody_is_admitted_once_by_their_own_registrar() -> None:
    """A hundred members of two cooperatives in batches."""
    electorate = make_electorate(200, cooperatives_count=2, now_ms=NOW_MS)
    admitted = []
    for index, batches in enumerate(electorate.sign_admissions()):
        assert len(batches) == 2
        for batch in batches:
            payload = decode_transaction(batch).payload
            assert isinstance(payload, AdmitMembers)
            assert payload.cooperative == electorate.get_cooperative(index)
            admitted += [inception.public_key for inception in payload.inceptions]

    assert sorted(admitted) == sorted(member.public_key for member in electorate.members)


def test_a_series_goes_on_where_it_stopped() -> None:
    """The async, sync and single transactions of a session never repeat one another."""
    electorate = make_electorate(3, motions_count=2, now_ms=NOW_MS)

    whole = electorate.sign_ballots(6)
    assert whole == electorate.sign_ballots(2) + electorate.sign_ballots(4, first=2)


@pytest.mark.parametrize("count", [1, 4])
def test_each_cooperative_founds_the_chain(count: int) -> None:
    """As many validators as cooperatives, each with its own port."""
    electorate = make_electorate(4, cooperatives_count=count, now_ms=NOW_MS)
    ports = [20_000 + index for index in range(count)]
    genesis = check_genesis(render_genesis(electorate, engine_ports=ports, genesis_time_ms=NOW_MS))

    assert {item.cooperative for item in genesis.founders} == {
        electorate.get_cooperative(index) for index in range(count)
    }
