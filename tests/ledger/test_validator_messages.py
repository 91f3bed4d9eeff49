"""What engine and application tell each other of validators and peers."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tendermint.abci import types_pb2 as abci
from tendermint.types import validator_pb2

from config.errors import InvariantError
from did.accounts import Inception, compute_key_commitment
from did.keys import KeyPair
from governance.acts import AdmitNode
from governance.federal_view import FederalView
from governance.key_transactions import RotateKeys
from governance.refusals import RefusalCode
from governance.transactions import (
    AdmitMembers,
    ProposeFederalAct,
    RotateConsensusKey,
)
from governance.validators import compute_validator_address
from ledger.application import Application
from ledger.peer_filter import KnownPeers
from ledger.store import Store, create_store
from ledger.validator_messages import read_facts
from tests.ledger.scenario import (
    CONSENSUS,
    COOPERATIVE,
    GENESIS_MS,
    NODE,
    REGISTRAR,
    ROOT,
    Chain,
    make_member,
    render_block,
    render_init_chain,
    sign,
)

NEW_CONSENSUS = KeyPair(bytes([77]) * 32)
FOUNDERS_NODE = bytes(20).hex()
STRANGER = "ab" * 20


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain.start(tmp_path / "ledger")


def _update(key: KeyPair, power: int) -> abci.ValidatorUpdate:
    update = abci.ValidatorUpdate(power=power)
    update.pub_key.ed25519 = key.public_key
    return update


def test_the_chain_begins_with_its_cooperatives_validators(tmp_path: Path) -> None:
    """The engine is told; if it names others in its genesis file, nothing starts."""
    create_store(tmp_path / "ledger")
    application = Application(Store.open(tmp_path / "ledger"), software_version="0")
    request = render_init_chain()
    assert list(application.init_chain(request).validators) == [_update(CONSENSUS, 100)]

    request.validators.append(_update(CONSENSUS, 100))
    assert list(application.init_chain(request).validators) == [_update(CONSENSUS, 100)]
    for wrong in (_update(CONSENSUS, 99), _update(NODE, 100)):
        del request.validators[:]
        request.validators.append(wrong)
        with pytest.raises(InvariantError, match="validators"):
            application.init_chain(request)


def test_a_rotation_is_one_update_of_two_keys(chain: Chain) -> None:
    """The old key out, the new one in; a block without changes says nothing."""
    payload = RotateConsensusKey(consensus_key=NEW_CONSENSUS.public_key)
    response = chain.run(sign(ROOT, payload, account=COOPERATIVE))

    assert response.tx_results[0].code == 0, response.tx_results[0].log
    assert list(response.validator_updates) == [_update(CONSENSUS, 0), _update(NEW_CONSENSUS, 100)]
    assert not chain.run().validator_updates


def _with_misbehaviour(height: int) -> abci.RequestFinalizeBlock:
    request = render_block(height)
    address = compute_validator_address(CONSENSUS.public_key)
    for flag in (
        validator_pb2.BLOCK_ID_FLAG_COMMIT,
        validator_pb2.BLOCK_ID_FLAG_ABSENT,
        validator_pb2.BLOCK_ID_FLAG_NIL,
    ):
        vote = request.decided_last_commit.votes.add()
        vote.validator.address = address
        vote.block_id_flag = flag
    item = request.misbehavior.add()
    item.type = abci.DUPLICATE_VOTE
    item.validator.address = address
    item.height = 1
    item.time.FromMilliseconds(GENESIS_MS + 5)
    return request


def test_the_engines_facts_reach_the_rules(chain: Chain) -> None:
    """Who signed, who was absent; a vote for no block is a sign of life."""
    facts = read_facts(_with_misbehaviour(2))

    assert [vote.has_signed for vote in facts.votes] == [True, False, True]
    assert (facts.misbehaviours[0].height, facts.misbehaviours[0].time_ms) == (1, GENESIS_MS + 5)
    chain.run()
    response = chain.application.finalize_block(_with_misbehaviour(2))
    assert [event.type for event in response.events] == ["rochdale.CaseOpened"]
    assert not response.validator_updates  # the only validator stays


def test_facts_are_executed_alike_by_all_and_after_a_crash(chain: Chain) -> None:
    """The same block gives the same bytes."""
    chain.run()
    before = chain.application.finalize_block(_with_misbehaviour(2)).SerializeToString()
    chain.restart()

    assert chain.application.finalize_block(_with_misbehaviour(2)).SerializeToString() == before


NEXT, AFTER_NEXT = KeyPair(bytes([81]) * 32), KeyPair(bytes([82]) * 32)


def test_the_next_key_signs_the_rotation_and_the_old_one_nothing_more(chain: Chain) -> None:
    """A stolen current key cannot rotate; after the rotation it signs nothing."""
    member = make_member(1)
    inception = Inception(
        public_key=member.public_key,
        next_key_commitment=compute_key_commitment(NEXT.public_key),
        guardians_commitment=bytes(32),
    )
    account = inception.compute_id()
    admission = AdmitMembers(cooperative=COOPERATIVE, inceptions=(inception,))
    chain.run(sign(REGISTRAR, admission))
    rotation = RotateKeys(next_key_commitment=compute_key_commitment(AFTER_NEXT.public_key))

    def code_of(key: KeyPair, *, nonce: int) -> int:
        transaction = sign(key, rotation, account=account, nonce=nonce)
        checked = chain.check(transaction)
        executed = chain.run(transaction).tx_results[0].code
        assert checked == executed
        return executed

    assert code_of(member, nonce=1) == RefusalCode.KEYS_NOT_COMMITTED
    assert code_of(NEXT, nonce=GENESIS_MS * 2) == RefusalCode.NONCE_TOO_FAR
    assert code_of(NEXT, nonce=50) == 0
    assert code_of(NEXT, nonce=50) == RefusalCode.KEYS_NOT_COMMITTED
    late = sign(member, rotation, account=account, nonce=2)
    assert chain.check(late) == RefusalCode.KEYS_NOT_COMMITTED
    old = sign(member, admit_stranger(), account=account, nonce=3)
    assert chain.check(old) == RefusalCode.KEY_UNKNOWN
    replayed = sign(NEXT, admit_stranger(), account=account, nonce=49)
    assert chain.check(replayed) == RefusalCode.NONCE_USED


def admit_stranger() -> ProposeFederalAct:
    return ProposeFederalAct(act=AdmitNode(node_id=bytes.fromhex(STRANGER)))


def _asks(application: Application) -> Callable[[str], bool]:
    def ask(what: str) -> bool:
        query = abci.RequestQuery(path=f"/p2p/filter/{what}")
        return application.query(query).code == 0

    return ask


def test_only_registered_engines_connect(chain: Chain) -> None:
    """By id; addresses are not judged. What is no node id is nobody's."""
    ask = _asks(chain.application)
    assert ask(f"id/{FOUNDERS_NODE}")  # of the genesis, before the first block
    assert not ask(f"id/{STRANGER}")
    chain.run()

    assert ask(f"id/{FOUNDERS_NODE}")
    assert ask("addr/203.0.113.5:26656")
    for wrong in (STRANGER, "", "zz" * 20, FOUNDERS_NODE[:-2], FOUNDERS_NODE + "00"):
        assert not ask(f"id/{wrong}")


def test_a_guest_connects_as_soon_as_the_federation_admits_its_node(chain: Chain) -> None:
    """So that it can catch up before it joins; after its time it is a stranger."""
    ask = _asks(chain.application)
    chain.run(sign(ROOT, admit_stranger(), account=COOPERATIVE))
    assert ask(f"id/{STRANGER}")
    node = FederalView(chain.store).get_node(bytes.fromhex(STRANGER))
    assert node is not None

    chain.run(after_ms=node.until_ms - chain.time_ms)

    assert not ask(f"id/{STRANGER}")


def test_a_node_without_state_lets_founders_in_and_always_those_its_operator_names(
    tmp_path: Path,
) -> None:
    """Before the first block of a state sync nothing is registered."""
    create_store(tmp_path / "ledger")
    founder, named = "0a" * 20, "0b" * 20
    peers = KnownPeers(named=(named,), founders=(founder,))
    application = Application(Store.open(tmp_path / "ledger"), software_version="0", peers=peers)
    ask = _asks(application)
    assert ask(f"id/{founder}")
    assert ask(f"id/{named}")
    assert not ask(f"id/{STRANGER}")

    application.init_chain(render_init_chain())

    assert not ask(f"id/{founder}")  # the registry does not name it any more
    assert ask(f"id/{named}")
