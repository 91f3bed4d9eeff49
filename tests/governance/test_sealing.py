"""A chain of one cooperative ends, and a federation takes it over with its roll and bylaws."""

from collections.abc import Sequence
from unittest import mock

import pytest
from msgspec.structs import replace

from config.errors import InvariantError
from did.accounts import compute_key_commitment
from governance.acts import AdmitCooperative, compute_request_input
from governance.federal_events import (
    ChainSealed,
    MembersImported,
    RollImported,
    SealCompleted,
)
from governance.federal_view import FederalView
from governance.key_transactions import RotateKeys
from governance.logs import get_entry, get_frontier, prove_entry, prove_page
from governance.proposal_records import Choice
from governance.records import RollEntry
from governance.refusals import RefusalCode
from governance.roll import require_account, roll_log
from governance.sealing import sealed_log
from governance.seals import ImportedAccount, ImportedEntry, SealedChain
from governance.transactions import ImportRoll, SealChain
from tests.bylaws import load_preset
from tests.governance.federation_world import (
    NETWORK,
    FederationWorld,
    coop,
    make_federation,
    propose_act,
    request_of,
)
from tests.governance.world import (
    CHAIN_ID,
    DISCUSSION_MS,
    VOTING_MS,
    Act,
    admit,
    make_key,
    member,
    proposal_id_of,
    propose,
    vote,
)

MEMBERS = 7
ROTATED = 3
"""This member went over to its next key, on the former chain."""


def seal_chain(world: FederationWorld, destination: str = CHAIN_ID) -> Act:
    del world
    return Act(coop(0), SealChain(destination=destination))


def make_solo(*, members: int = MEMBERS) -> FederationWorld:
    """A cooperative alone, with members admitted in two batches, one with another key."""
    world = make_federation(1)
    if members:
        world.run(admit(range(1, members - 1), cooperative=coop(0)))
        world.run(admit([members - 1, members], cooperative=coop(0)))
        commitment = compute_key_commitment(make_key(99).public_key)
        rotation = RotateKeys(next_key_commitment=commitment)
        new = (make_key(ROTATED + 1).public_key,)
        world.run(Act(member(ROTATED), rotation, nonce=5, keys=new))
        assert world.refusals == [None]
    return world


def sealed(world: FederationWorld) -> SealedChain:
    """Seal a solo chain and read what it hands over."""
    world.run(seal_chain(world))
    assert world.refusals == [None]
    while not any(isinstance(event, SealCompleted) for event in world.run()):
        assert world.height < 50
    seal = world.federal.get_seal()
    assert seal is not None
    bylaws = world.view.get_bylaws(seal.bylaws_hash)
    return SealedChain(chain_id="test-solo-1", seal=seal, bylaws=bylaws)


def admission_of(chain: SealedChain, **changes: object) -> AdmitCooperative:
    """The former cooperative 0's request, under a DID that is free here."""
    request = replace(request_of(0).request, did="did:web:solo.test", **changes)
    signature = make_key(10_000).sign(compute_request_input(request, network=NETWORK))
    return AdmitCooperative(request=request, signature=signature, sealed=chain)


def part_of(solo: FederationWorld, start: int, count: int) -> ImportRoll:
    """Entries of the former roll with their proofs."""
    accounts = sealed_log(coop(0))
    size = get_frontier(solo.view, accounts).size
    known = {
        ImportedAccount.decode(get_entry(solo.view, accounts, index)).account: index
        for index in range(size)
    }
    page = prove_page(solo.view, roll_log(coop(0)), start=start, count=count)
    entries = []
    for leaf in page.leaves:
        index = known[RollEntry.decode(leaf).account]
        proof = prove_entry(solo.view, accounts, index=index, size=size)
        assert proof is not None
        account = ImportedAccount.decode(proof.leaf)
        entries.append(ImportedEntry(account=account, index=index, path=proof.path))
    return ImportRoll(start=start, entries=tuple(entries), roll_path=page.path)


def bring_over(part: ImportRoll) -> Act:
    return Act(coop(0), part)


def make_host() -> FederationWorld:
    """A federation of which cooperative 0 is no part; the first is 1."""
    return make_federation(1, first=1, bylaws=load_preset("national"))


def admitted(chain: SealedChain) -> FederationWorld:
    world = make_host()
    world.run(propose_act(1, admission_of(chain)))
    assert world.refusals == [None]
    return world


def test_a_sealed_chain_takes_no_more_transactions() -> None:
    """A seal stays and nothing else happens."""
    world = make_solo()
    chain = sealed(world)

    assert world.refuse(propose(1, cooperative=coop(0))) is RefusalCode.CHAIN_SEALED
    assert world.refuse(seal_chain(world)) is RefusalCode.CHAIN_SEALED
    assert chain.seal.is_complete
    assert (chain.seal.roll_size, chain.seal.accounts_count) == (MEMBERS, MEMBERS)
    before = world.dump()
    assert world.run() == []
    assert world.dump() == before


def test_sealing_reads_accounts_in_bounded_parts() -> None:
    """A long roll takes several blocks and gives the same root."""
    at_once = sealed(make_solo())
    with mock.patch("governance.sealing.ACCOUNTS_SEALED_PER_BLOCK_MAX", 2):
        world = make_solo()
        by_parts = sealed(world)

    assert by_parts.seal.accounts_root == at_once.seal.accounts_root
    assert by_parts.seal.height == at_once.seal.height


def test_only_a_cooperative_alone_seals_its_chain_and_with_no_vote_open() -> None:
    """Otherwise it would end others' chain, or its members' votes."""
    assert make_federation(2).refuse(seal_chain(make_federation(1))) is RefusalCode.NOT_ALONE
    world = make_solo()
    motion = propose(1, cooperative=coop(0))
    world.run(motion)
    assert world.refuse(seal_chain(world)) is RefusalCode.VOTES_OPEN
    world.run(after_ms=DISCUSSION_MS)
    world.run()
    assert world.refuse(seal_chain(world)) is RefusalCode.VOTES_OPEN
    world.run(vote(1, proposal_id_of(motion), Choice.YES, cooperative=coop(0)))
    world.run(after_ms=VOTING_MS)

    events = world.run(seal_chain(world))

    assert ChainSealed(cooperative=coop(0), destination=CHAIN_ID) in events


def test_a_roll_comes_over_intact() -> None:
    """Ids, keys, entries, epoch, root and bylaws are the former chain's."""
    solo = make_solo()
    chain = sealed(solo)
    world = admitted(chain)

    told = []
    for start in (0, 3, 6):
        part = part_of(solo, start, 3)
        told += world.run(bring_over(part))
        assert world.refusals == [None]

    *parts, whole = told
    assert whole == RollImported(
        cooperative=coop(0),
        epoch=2,
        active_count=MEMBERS,
        roll_root=chain.seal.roll_root,
    )
    assert parts == [
        MembersImported(cooperative=coop(0), accounts=tuple(member(number) for number in numbers))
        for numbers in ((1, 2, 3), (4, 5, 6), (7,))
    ]
    assert world.view.get_roll(coop(0)).active_count == MEMBERS
    assert get_frontier(world.view, roll_log(coop(0))).compute_root() == chain.seal.roll_root
    assert world.cooperative(0).bylaws_hash == chain.bylaws.compute_hash()
    rotated = require_account(world.view, member(ROTATED))
    assert [key.public_key for key in rotated.keys] == [make_key(ROTATED + 1).public_key]
    assert rotated.joined_height == world.height - 2  # of the first part's block
    former = require_account(solo.view, member(ROTATED))
    assert rotated.created_ms == former.created_ms < rotated.keys_since_ms
    assert world.refuse(bring_over(part_of(solo, 0, 3))) is RefusalCode.NO_IMPORT


def test_members_vote_as_soon_as_their_roll_is_complete() -> None:
    """Until then their cooperative begins nothing, so no electorate is half a roll."""
    solo = make_solo()
    world = admitted(sealed(solo))
    world.run(bring_over(part_of(solo, 0, 4)))
    early = propose(1, cooperative=coop(0))
    assert world.refuse(early) is RefusalCode.IMPORT_UNFINISHED
    assert world.refuse(admit([50], cooperative=coop(0))) is RefusalCode.IMPORT_UNFINISHED
    world.run(bring_over(part_of(solo, 4, 3)))

    world.run(admit([50], cooperative=coop(0)))
    motion = propose(1, cooperative=coop(0), nonce=2)
    world.run(motion)
    world.run()
    world.run(after_ms=DISCUSSION_MS)
    world.run()

    found = world.view.get_proposal(coop(0), proposal_id_of(motion))
    assert found is not None
    assert (found.electorate_count, found.roll_epoch) == (MEMBERS + 1, 3)


def test_a_roll_comes_in_its_own_order_and_only_as_it_was_sealed() -> None:
    """Whatever is wrong is refused at once, so nothing wrong can be begun."""
    solo = make_solo()
    world = admitted(sealed(solo))
    good = part_of(solo, 0, 3)
    stranger = replace(good.entries[0].account, keys=(make_key(66).public_key,))
    changed = (replace(good.entries[0], account=stranger), *good.entries[1:])
    wrong: Sequence[tuple[ImportRoll, RefusalCode]] = [
        (part_of(solo, 3, 3), RefusalCode.IMPORT_OUT_OF_ORDER),
        (replace(good, start=1), RefusalCode.IMPORT_OUT_OF_ORDER),
        (replace(good, entries=changed), RefusalCode.IMPORT_UNPROVEN),
        (replace(good, entries=good.entries[::-1]), RefusalCode.IMPORT_UNPROVEN),
        (replace(good, entries=good.entries[:2]), RefusalCode.IMPORT_UNPROVEN),
        (replace(good, roll_path=()), RefusalCode.IMPORT_UNPROVEN),
    ]
    before = world.dump()

    for part, refusal in wrong:
        assert world.refuse(bring_over(part)) is refusal

    assert world.dump() == before
    assert world.refuse(Act(coop(1), good)) is RefusalCode.NO_IMPORT
    assert world.refuse(bring_over(good)) is None


def test_an_account_that_is_here_already_does_not_keep_the_roll_out() -> None:
    """A registrar elsewhere could have admitted the same keys beforehand."""
    solo = make_solo()
    world = make_host()
    world.run(admit([2], cooperative=coop(1)))
    world.run(propose_act(1, admission_of(sealed(solo))))

    events = world.run(bring_over(part_of(solo, 0, MEMBERS)))

    assert world.refusals == [None]
    imported = next(event for event in events if isinstance(event, RollImported))
    assert imported.active_count == MEMBERS - 1
    assert require_account(world.view, member(2)).cooperative == coop(1)


def test_a_cooperative_without_members_comes_over_at_once() -> None:
    """There is nothing to bring."""
    world = admitted(sealed(make_solo(members=0)))

    assert FederalView(world.kv).get_import(coop(0)) is None
    assert world.refuse(admit([50], cooperative=coop(0))) is None


def test_a_root_that_was_rotated_on_the_former_chain_is_the_one_that_counts() -> None:
    """The request is signed by the key that the seal names."""
    solo = make_federation(1)
    commitment = compute_key_commitment(make_key(98).public_key)
    new = make_key(10_001)
    rotation = RotateKeys(next_key_commitment=commitment)
    solo.run(Act(coop(0), rotation, nonce=5, keys=(new.public_key,)))
    chain = sealed(solo)
    world = make_host()
    old = admission_of(chain)
    assert world.refuse(propose_act(1, old)) is RefusalCode.REQUEST_INVALID

    signature = new.sign(compute_request_input(old.request, network=NETWORK))
    assert world.refuse(propose_act(1, replace(old, signature=signature))) is None

    root = require_account(world.view, coop(0))
    assert [key.public_key for key in root.keys] == [new.public_key]
    assert root.next_key_commitment == commitment


def test_a_seal_that_does_not_fit_is_refused() -> None:
    """Another's, for elsewhere, incomplete, with other bylaws or with bylaws below the floors."""
    chain = sealed(make_solo())
    seal = chain.seal
    longer = replace(chain.bylaws, stages=replace(chain.bylaws.stages, voting_s=604_801))
    low = replace(chain.bylaws, stages=replace(chain.bylaws.stages, discussion_s=1))
    wrong = [
        replace(chain, seal=replace(seal, destination="test-other-1")),
        replace(chain, seal=replace(seal, is_complete=False)),
        replace(chain, seal=replace(seal, cooperative=coop(2))),
        replace(chain, bylaws=longer),
        replace(chain, bylaws=low, seal=replace(seal, bylaws_hash=low.compute_hash())),
        replace(chain, bylaws=replace(chain.bylaws, version=9)),
        replace(chain, seal=replace(seal, root_signatures_required=16)),
    ]
    world = make_host()

    for item in wrong:
        assert world.refuse(propose_act(1, admission_of(item))) is RefusalCode.SEAL_UNFIT


def test_a_seal_cannot_claim_counts_that_go_beyond_all_numbers() -> None:
    """The other chain's software may be anybody's: here the next change would count on."""
    solo = make_solo()
    seal = sealed(solo).seal
    entry = part_of(solo, 0, 1).entries[0].account

    for record in (replace(seal, roll_epoch=2**31), replace(entry, keys_version=2**31)):
        with pytest.raises(InvariantError):
            type(record).decode(record.encode())


@pytest.mark.parametrize("number", [1, 5])
def test_who_has_left_comes_over_as_one_who_has_left(number: int) -> None:
    """History stays; nobody is made a member again."""
    solo = make_solo()
    account = require_account(solo.view, member(number))
    solo.view.put_account(member(number), replace(account, left_height=4))
    roll = solo.view.get_roll(coop(0))
    solo.view.put_roll(coop(0), replace(roll, active_count=roll.active_count - 1))
    world = admitted(sealed(solo))

    world.run(bring_over(part_of(solo, 0, MEMBERS)))

    assert require_account(world.view, member(number)).left_height == world.height
    assert world.view.get_roll(coop(0)).active_count == MEMBERS - 1


def test_a_seal_for_the_chain_that_this_one_goes_on_from_is_for_this_one() -> None:
    """A recovery strands nobody who was on the way."""
    chain = sealed(make_solo())
    moved = SealedChain(
        chain_id=chain.chain_id,
        seal=replace(chain.seal, destination="test-before-1"),
        bylaws=chain.bylaws,
    )
    world = make_host()
    assert world.refuse(propose_act(1, admission_of(moved))) is RefusalCode.SEAL_UNFIT

    world.federal.put_recovery("test-before-1", b"as it was signed")

    world.run(propose_act(1, admission_of(moved), nonce=2))
    assert world.refusals == [None]
