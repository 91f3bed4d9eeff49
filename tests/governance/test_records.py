"""Records in state: one encoding each, and ids that follow from what they name."""

from msgspec.structs import replace

from governance.proposal_records import (
    Ballot,
    Choice,
    Proposal,
    ProposalKind,
    Stage,
    Tally,
    compute_ballot_id,
)
from governance.records import Account, AccountKey, Quota, Role, Roll, compute_office_account_id

ID = bytes([5]) * 32
ACCOUNT = Account(
    cooperative=ID,
    role=Role.MEMBER,
    keys=(AccountKey(public_key=ID),),
    next_key_commitment=ID,
    guardians_commitment=ID,
    joined_height=3,
)
PROPOSAL = Proposal(
    id=ID,
    cooperative=ID,
    kind=ProposalKind.ORDINARY,
    proposer=ID,
    text_hash=ID,
    subject=b"",
    bylaws_hash=ID,
    voting_s=259_200,
    stage=Stage.SUBMITTED,
    submitted_height=1,
    submitted_ms=2,
)


def test_records_survive_their_encoding() -> None:
    """With all their defaults, and with what may be absent."""
    for record in (ACCOUNT, replace(ACCOUNT, left_height=9), PROPOSAL, Roll(), Tally()):
        assert type(record).decode(record.encode()) == record


def test_the_same_bytes_are_each_kind_of_record_that_is_asked_for() -> None:
    """Decoded records are kept: never as another's."""
    data = Quota().encode()

    assert data == Ballot(choice=Choice.NO).encode()
    for _ in range(2):
        assert Quota.decode(data) == Quota()
        assert Ballot.decode(data) == Ballot(choice=Choice.NO)


def test_an_office_keeps_its_account_whoever_holds_it() -> None:
    """DESIGN: officers have an office account apart from their own."""
    registrar = compute_office_account_id(cooperative=ID, role=Role.REGISTRAR)

    assert registrar not in {ID, compute_office_account_id(cooperative=bytes(32), role=Role.ROOT)}
    assert compute_office_account_id(cooperative=ID, role=Role.ROOT) == ID


def test_a_ballot_has_one_identity_per_account_and_proposal() -> None:
    """G1: one member, one vote."""
    first = compute_ballot_id(proposal_id=ID, account=bytes(32))

    assert first == compute_ballot_id(proposal_id=ID, account=bytes(32))
    assert first != compute_ballot_id(proposal_id=bytes(32), account=ID)
    assert first != compute_ballot_id(proposal_id=ID, account=ID)
