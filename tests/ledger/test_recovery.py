"""A chain that goes on from another's state: its genesis file, and its first block."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tendermint.abci import types_pb2 as abci

from config.errors import InvariantError, RefusedError
from did.keys import KeyPair
from governance.federal_view import FederalView
from governance.proposal_records import Choice, Outcome
from governance.recovery import Recovery, describe_validator
from governance.refusals import RefusalCode
from governance.state_keys import FEDERATION, Collection, state_key
from governance.transactions import compute_proposal_id
from ledger.application import Application
from ledger.genesis import check_genesis
from ledger.genesis_file import GenesisError
from ledger.recovery import (
    assemble_recovery_genesis,
    check_recovery_genesis,
    read_approvals,
    read_recovery,
    sign_recovery,
    write_recovery,
)
from ledger.store import Store, create_store
from tests.ledger.scenario import (
    CHAIN_ID,
    COOPERATIVE,
    MOTION,
    NODE,
    ROOT,
    VOTING_MS,
    Chain,
    admit,
    cast,
    check_answer,
    make_inception,
    make_member,
)

AFTER = "test-scenario-2"
PROPOSAL = compute_proposal_id(
    account=make_inception(make_member(0)).compute_id(), nonce=1, payload=MOTION
)
RECOVERY_KEY = state_key(FEDERATION, Collection.RECOVERY, CHAIN_ID.encode())


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """A chain with a vote that is open, and a ballot."""
    made = Chain.start(tmp_path / "ledger")
    proposal = made.open_voting(3)
    assert proposal == PROPOSAL
    made.run(cast(0, proposal))
    return made


def draft(chain: Chain, **changes: Any) -> Recovery:
    validator = describe_validator(FederalView(chain.store).get_cooperative(COOPERATIVE))
    assert validator is not None
    recovery = Recovery(
        chain_id=AFTER,
        former_chain_id=CHAIN_ID,
        network="test-scenario",
        former_genesis_hash=bytes([1]) * 32,
        height=chain.height,
        header_hash=bytes([2]) * 32,
        app_hash=chain.store.record.app_hash,
        begins_ms=chain.time_ms + 86_400_000,
        rules_version=1,
        validators=(validator,),
        lost=(),
    )
    return replace(recovery, **changes)


def make_genesis(recovery: Recovery, *keys: KeyPair) -> bytes:
    approvals = read_approvals(
        sign_recovery(recovery, cooperative=COOPERATIVE, keys=keys or (ROOT,))
    )
    return assemble_recovery_genesis(recovery, approvals)


def render_init(genesis: bytes, **changes: Any) -> abci.RequestInitChain:
    """What the engine makes of a genesis file."""
    document = json.loads(genesis)
    request = abci.RequestInitChain(
        chain_id=document["chain_id"],
        app_state_bytes=json.dumps(document["app_state"]).encode(),
        initial_height=int(document["initial_height"]),
    )
    request.time.FromMilliseconds(document["app_state"]["recovery"]["begins_ms"])
    request.consensus_params.version.app = 1
    for name, value in changes.items():
        setattr(request, name, value)
    return request


@dataclass
class After:
    """The chain that goes on."""

    application: Application
    store: Store
    height: int
    time_ms: int

    @classmethod
    def open(cls, chain: Chain, recovery: Recovery) -> "After":
        chain.store.close()
        store = Store.open(chain.path)
        application = Application(store, software_version="0", chain_id=AFTER)
        return cls(application, store, recovery.height, recovery.begins_ms)

    def finalize(self, *transactions: bytes, after_ms: int = 0) -> abci.ResponseFinalizeBlock:
        request = abci.RequestFinalizeBlock(height=self.height + 1, txs=transactions)
        request.time.FromMilliseconds(self.time_ms + after_ms)
        return self.application.finalize_block(request)

    def run(self, *transactions: bytes, after_ms: int = 0) -> abci.ResponseFinalizeBlock:
        response = self.finalize(*transactions, after_ms=after_ms)
        self.application.commit(abci.RequestCommit())
        self.height += 1
        self.time_ms += after_ms
        return response

    @property
    def info(self) -> tuple[int, bytes]:
        told = self.application.info(abci.RequestInfo())
        return told.last_block_height, told.last_block_app_hash


def test_the_first_block_stands_on_the_former_state(chain: Chain) -> None:
    """The vote goes on and is counted; the state names the chain that it comes from."""
    recovery, former_height = draft(chain, begins_ms=chain.time_ms + 1), chain.height
    genesis = make_genesis(recovery)
    after = After.open(chain, recovery)
    assert after.info == (0, b"")
    assert after.application.query(abci.RequestQuery(path="/state", data=RECOVERY_KEY)).code == 1

    begun = after.application.init_chain(render_init(genesis))
    assert begun.app_hash != recovery.app_hash
    ballot = cast(1, PROPOSAL, Choice.NO, chain_id=AFTER)
    response = after.run(ballot, cast(2, PROPOSAL))

    assert [result.code for result in response.tx_results] == [0, RefusalCode.WRONG_CHAIN]
    assert after.info == (former_height + 1, response.app_hash)
    assert after.store.record.chain_id == AFTER
    query = abci.RequestQuery(path="/state", data=RECOVERY_KEY, prove=True)
    answer = after.application.query(query)
    assert check_answer(answer, RECOVERY_KEY, app_hash=response.app_hash) == recovery.encode()
    after.run(after_ms=VOTING_MS + 1)
    for _ in range(3):
        after.run()
    decision = FederalView(after.store).get_decision(COOPERATIVE, PROPOSAL)
    assert decision is not None
    assert (decision.yes_count, decision.no_count) == (1, 1)
    assert decision.outcome is not Outcome.ACCEPTED


def test_a_first_block_that_changes_nothing_keeps_what_the_beginning_made(chain: Chain) -> None:
    """Its header has the beginning's app hash; the state is proved under the next one, too."""
    for _ in range(12):  # until the second call is over, too: an open window watches for outages
        chain.run(after_ms=2 * VOTING_MS)
    # At once: three years later the counted ballots leave the state.
    recovery = draft(chain, begins_ms=chain.time_ms + 1)
    after = After.open(chain, recovery)
    begun = after.application.init_chain(render_init(make_genesis(recovery)))

    response = after.run()

    assert response.app_hash == begun.app_hash
    assert after.store.record.since_height == recovery.height
    query = abci.RequestQuery(path="/state", data=RECOVERY_KEY, prove=True)
    answer = after.application.query(query)
    assert answer.height == recovery.height
    assert check_answer(answer, RECOVERY_KEY, app_hash=begun.app_hash) == recovery.encode()


def test_a_crash_before_the_first_commit_begins_anew(chain: Chain) -> None:
    """Nothing was written: the engine is told height 0 again, and gets the same answers."""
    recovery = draft(chain)
    genesis = make_genesis(recovery)
    after = After.open(chain, recovery)
    begun = after.application.init_chain(render_init(genesis))
    first = after.finalize(admit(make_member(7), nonce=9, chain_id=AFTER))
    chain.store = after.store

    again = After.open(chain, recovery)

    assert again.info == (0, b"")
    assert again.application.init_chain(render_init(genesis)) == begun
    assert again.run(admit(make_member(7), nonce=9, chain_id=AFTER)) == first
    chain.store = again.store
    once_more = After.open(chain, recovery)
    assert once_more.info == (recovery.height + 1, first.app_hash)
    with pytest.raises(InvariantError):
        once_more.application.init_chain(render_init(genesis))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"app_hash": bytes(32)}, "with app hash"),
        ({"former_chain_id": "test-another-1", "chain_id": "test-another-2"}, "of chain"),
        ({"begins_ms": 1}, "begins before"),
        ({"network": "test-another"}, "network"),
        ({"rules_version": 2}, "version 1"),
    ],
)
def test_another_state_does_not_go_on(chain: Chain, changes: dict[str, Any], match: str) -> None:
    """Whatever was signed."""
    recovery = draft(chain, **changes)
    genesis = make_genesis(recovery)
    after = After.open(chain, recovery)

    with pytest.raises(InvariantError, match=match):
        after.application.init_chain(render_init(genesis))


def test_another_height_does_not_go_on(chain: Chain) -> None:
    """Neither an earlier nor a later one than the state's."""
    for change in (-1, 1):
        recovery = draft(chain, height=chain.height + change)
        after = After.open(chain, recovery)
        with pytest.raises(InvariantError, match="that of block"):
            after.application.init_chain(render_init(make_genesis(recovery)))
        chain.store = after.store


def test_a_node_without_the_state_does_not_begin(tmp_path: Path, chain: Chain) -> None:
    """It says what to do; a chain from nothing would be another."""
    create_store(tmp_path / "empty")
    store = Store.open(tmp_path / "empty")
    application = Application(store, software_version="0", chain_id=AFTER)

    with pytest.raises(InvariantError, match="genesis recover adopt"):
        application.init_chain(render_init(make_genesis(draft(chain))))


def test_signatures_are_the_members(chain: Chain) -> None:
    """A stranger's key makes a file that holds together, and no node begins with it."""
    recovery = draft(chain)
    for keys, match in (((NODE,), "other keys"), ((ROOT, NODE), "other keys")):
        genesis = make_genesis(recovery, *keys)
        after = After.open(chain, recovery)
        with pytest.raises(InvariantError, match=match):
            after.application.init_chain(render_init(genesis))
        chain.store = after.store
    unsigned = assemble_recovery_genesis(recovery, [])
    after = After.open(chain, recovery)
    with pytest.raises(InvariantError, match="has not signed"):
        after.application.init_chain(render_init(unsigned))


@pytest.mark.parametrize(
    "changes", [{"chain_id": "test-scenario-3"}, {"initial_height": 1}, {"initial_height": 99}]
)
def test_the_engine_says_the_same_as_the_recovery(chain: Chain, changes: dict[str, Any]) -> None:
    """A file that was changed beside what was signed begins nothing."""
    recovery = draft(chain)
    after = After.open(chain, recovery)

    with pytest.raises(InvariantError, match="chain, height or time"):
        after.application.init_chain(render_init(make_genesis(recovery), **changes))


def test_another_chains_state_is_not_taken_up_by_an_ordinary_genesis(chain: Chain) -> None:
    """Only by a recovery that names it."""
    after = After.open(chain, draft(chain))
    request = render_init(make_genesis(draft(chain)))
    request.app_state_bytes = b"{}"

    with pytest.raises(InvariantError, match="already has"):
        after.application.init_chain(request)


def test_document_and_signatures_survive_their_files(chain: Chain) -> None:
    """People hand them round."""
    recovery = draft(chain, lost=(bytes([9]) * 32,))

    assert read_recovery(write_recovery(recovery)) == recovery
    [approval] = read_approvals(sign_recovery(recovery, cooperative=COOPERATIVE, keys=[ROOT]))
    assert (approval.cooperative, approval.key) == (COOPERATIVE, ROOT.public_key)
    assert make_inception(ROOT).compute_id() == COOPERATIVE


def test_a_genesis_file_says_from_where_it_goes_on(chain: Chain) -> None:
    """Readers of trust and peers need no founders."""
    recovery = draft(chain)

    genesis = check_genesis(make_genesis(recovery))

    assert genesis.recovery == recovery
    assert (genesis.chain_id, genesis.network, genesis.founders) == (AFTER, "test-scenario", ())
    assert genesis.trust.chain_id == AFTER
    assert [item.public_key for item in genesis.trust.validators] == [
        recovery.validators[0].consensus_key
    ]
    assert [item.origin for item in genesis.trust.peers] == ["https://one.test"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"initial_height": "', b'"initial_height": "1'),
        (b'"power": "100"', b'"power": "101"'),
        (b'"lost": []', b'"lost": [""]'),
        (b'"height": ', b'"height": 1'),
        (b'"former_chain_id": "test-scenario-1"', b'"former_chain_id": "test-scenario-7"'),
        (b'"network"', b'"netwerk"'),
        (b'"signatures": [', b'"signatures": [[], '),
        (b'"cooperative"', b'"cooperatives"'),
        (b'"validators": [\n    {', b'"validators": [\n    7, {'),
    ],
)
def test_a_changed_genesis_file_is_refused(chain: Chain, old: bytes, new: bytes) -> None:
    """To the last byte, with a sentence."""
    genesis = make_genesis(draft(chain))
    assert old in genesis

    with pytest.raises(RefusedError):
        check_genesis(genesis.replace(old, new))


def test_nobody_is_asked_to_sign_what_no_node_would_begin_with(chain: Chain) -> None:
    """One cooperative is not lost and validates: said to whoever signs, not after all have."""
    with pytest.raises(RefusedError, match="is lost and validates"):
        read_recovery(write_recovery(draft(chain, lost=(COOPERATIVE,))))


def test_another_file_is_no_genesis_file_of_a_recovery(chain: Chain) -> None:
    """Whoever adopts is told which one to name: the recovery itself is handed round, too."""
    for data in (write_recovery(draft(chain)), b"{}", b'{"app_state": []}', b'{"app_state": {}}'):
        with pytest.raises(GenesisError, match="that `rochdale genesis recover assemble` wrote"):
            check_recovery_genesis(data)


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"format": "rochdale-recovery-1"}',
        b'{"format": "rochdale-recovery-signature-1", "signatures": 5}',
        b'{"format": "rochdale-recovery-signature-1", "signatures": [["00", "00", "zz"]]}',
        b'{"format": "rochdale-recovery-signature-1", "signatures": [["00", "00", "00"]]}',
    ],
)
def test_malformed_files_are_refused(data: bytes) -> None:
    """Never with another error."""
    with pytest.raises(RefusedError):
        read_recovery(data)
    with pytest.raises(RefusedError):
        read_approvals(data)
